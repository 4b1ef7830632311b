"""Commands on a terminal of a given width, as somebody sees them."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence

NEXT = "<next command>"
SCRIPT = f"""
import json, sys
from bench.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["bench", *arguments]
    try:
        main()
    except SystemExit as ended:
        print("{NEXT}", ended.code or 0)
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(commands: Sequence[Sequence[str]], columns: int, **environment: str) -> list[tuple[int, str]]:
    """Exit status and output of each command, both streams together, one after the other in one process."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    own = {**os.environ, "PYTHONPATH": paths, "TERM": "xterm", "NO_COLOR": "1", **environment}
    own.pop("COLUMNS", None)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps([list(command) for command in commands])],
        stdin=terminal, stdout=terminal, stderr=terminal, env=own,
    )  # fmt: skip
    os.close(terminal)
    parts = []
    try:
        while part := os.read(controller, 1 << 16):
            parts.append(part)
    except OSError:  # the other end was closed
        pass
    finally:
        os.close(controller)
        process.wait()
    said = ESCAPES.sub("", b"".join(parts).decode("utf-8")).replace("\r\n", "\n")
    *outputs, rest = re.split(rf"{NEXT} (\d+)\n", said)
    assert not rest.strip(), f"the process ended before its last command: {rest}"
    return [(int(status), text) for text, status in zip(outputs[::2], outputs[1::2], strict=True)]

