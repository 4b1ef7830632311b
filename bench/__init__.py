"""XLSD bench: how methods of cross-lingual retrieval distillation scale with the number of languages."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.cli.experiment import Experiment

__version__ = "0.1.0"
__all__ = ["Experiment", "__version__"]


def __getattr__(name: str) -> Any:
    # By name and late: every room imports this module, and none of them may load what lies above it.
    if name == "Experiment":
        from importlib import import_module

        return import_module("bench.cli.experiment").Experiment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
