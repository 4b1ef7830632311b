# `make bench` and `make test` do everything, set-up included; `make help` lists the rest.
PYTHON ?= python3
# Exact versions of the run in results/reference. Empty (`make bench CONSTRAINTS=`): newest that fit, CUDA builds included.
CONSTRAINTS ?= constraints.txt
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Idle threads that spin take the cores from other processes: two busy processes ran up to 50 times slower.
export OMP_WAIT_POLICY ?= PASSIVE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# npm's packages come through a pip package where there is no npm.
EXTRAS := $(if $(shell command -v npm),,npm)
comma := ,

.PHONY: help docs notebook bench bench-smoke bench-full leaderboard report tune test lint types unit smoke fuzz chaos cluster check-export install clean clean-cache
.DEFAULT_GOAL := help

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

bench: $(VENV)/.installed ## the whole way on built-in data, one seed: data, models, default profile, leaderboard (an hour and a half on 2 slow cores)
	$(BIN)/bench run --profile default $(ARGS)

bench-smoke: $(VENV)/.installed ## the same path end to end in some minutes (no result to quote)
	$(BIN)/bench run --profile smoke $(ARGS)

bench-full: $(VENV)/.installed ## every method at three sizes, three seeds (some hours on 2 cores; resumable)
	$(BIN)/bench run --profile full $(ARGS)

leaderboard: $(VENV)/.installed ## rebuild tables and pictures of the default profile from stored results
	$(BIN)/bench leaderboard --profile default $(ARGS)

report: $(VENV)/.installed ## one HTML page of the default profile's stored results, with figures for a paper
	$(BIN)/bench report --profile default $(ARGS)

tune: $(VENV)/.installed ## the dev trials behind the settings of the profile `full`
	$(BIN)/bench tune $(ARGS)

test: lint types unit docs smoke ## lint, types, tests, the docs site and a smoke run on the real packages

lint: $(VENV)/.installed-dev ## ruff, and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.installed-dev ## mypy
	$(BIN)/mypy

unit: $(VENV)/.installed-dev ## tests
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

docs: $(VENV)/.installed-dev ## the docs site, into site/ (strict: a broken link is an error)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

notebook: $(VENV)/.installed-dev ## run the notebooks of examples/ and keep their outputs
	PYTHONPATH=. $(BIN)/python -m tests.examples.notebook

smoke: $(VENV)/.installed-dev ## build the wheel, install it into an empty environment elsewhere, and run smoke profile and report there, checked
	OMP_NUM_THREADS=1 $(BIN)/python tests/installed.py

MINUTES ?= 10
fuzz: $(VENV)/.installed-dev ## inputs that nobody meant, for ten minutes (MINUTES=1): each ends in a result or one message
	OMP_NUM_THREADS=1 PYTHONPATH=. $(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

KILLS ?= 50
chaos: $(VENV)/.installed-dev ## runs killed fifty times (KILLS=5), full disks, a jumping clock: same tables (ARGS=--made is quicker); needs root, cc
	OMP_NUM_THREADS=1 PYTHONPATH=. $(BIN)/python -m tests.chaos --kills $(KILLS) $(ARGS)

CLUSTERS ?= tests/execution/elsewhere
cluster: $(VENV)/.installed-dev ## all tests on a real Ray and a real Slurm of this machine, those too that depend on its speed
	XLSD_NEED_CLUSTER=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/pytest -m "" $(CLUSTERS) $(ARGS)

PYLATE := .venv-pylate
CHECKED := results/.check-export
check-export: $(VENV)/.installed-dev $(PYLATE)/.installed ## export a student; the same scores in sentence-transformers and PyLate
	OMP_NUM_THREADS=1 PYTHONPATH=. $(BIN)/python tests/check_export.py $(CHECKED)
	OMP_NUM_THREADS=1 $(PYLATE)/bin/python tests/check_pylate.py $(CHECKED)

install: $(VENV)/.installed ## the virtual environment alone

clean: ## remove the virtual environments and results (not results/reference, not the cache)
	rm -rf $(VENV) $(PYLATE) site *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find results -mindepth 1 -maxdepth 1 ! -name reference -exec rm -rf {} + 2>/dev/null || true

clean-cache: $(VENV)/.installed ## remove downloaded packages, converted models and built data
	$(BIN)/python -c "import shutil; from bench.base.paths import cache_dir; shutil.rmtree(cache_dir(), ignore_errors=True)"

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (make bench PYTHON=python3.12)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e '.$(if $(EXTRAS),[$(EXTRAS)])'
	@touch $@

# PyLate pins older versions than ours, and for its index a version of torch that is not needed here.
$(PYLATE)/.installed:
	test -x $(PYLATE)/bin/python || $(PYTHON) -m venv $(PYLATE)
	$(PYLATE)/bin/python -m pip install --quiet 'torch==2.13.0' 'sentence-transformers[train]==5.3.0' 'transformers<=5.3.0' ujson ranx voyager
	$(PYLATE)/bin/python -m pip install --quiet --no-deps pylate==1.6.0 fastkmeans==0.5.0
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e '.[dev,docs$(if $(EXTRAS),$(comma)$(EXTRAS))]'
	@touch $@
