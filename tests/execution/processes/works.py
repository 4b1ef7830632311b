"""What a worker sees of itself."""

import os
import signal
import sys
import time
from pathlib import Path

count, loaded_by = 0, os.getpid()


def work(profile, report):
    """Descriptors, threads, modules and what else a process has, as JSON."""
    global count
    count += 1
    place = Path(os.readlink("/proc/self/fd/1")).parent
    (place / "pid.new").write_text(str(os.getpid()))
    os.replace(place / "pid.new", place / "pid")
    while os.environ.get("WORK") == "wait" and not (place / "go").exists():
        time.sleep(0.02)
    ignored = [number for number in range(1, 32) if signal.getsignal(number) == signal.SIG_IGN]
    return {
        "pid": os.getpid(), "parent": os.getppid(), "group": os.getpgid(0), "count": count, "directory": os.getcwd(),
        "descriptors": len(os.listdir("/proc/self/fd")), "threads": len(os.listdir("/proc/self/task")),
        "draw": sys.modules["numpy"].random.random() if "numpy" in sys.modules else None,
        "loaded_by": loaded_by, "signals": ignored,
        "variables": {name: os.environ[name] for name in os.environ if name.startswith(("OMP_", "XLSD_"))},
    }  # fmt: skip
