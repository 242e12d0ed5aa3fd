"""The highest memory that this process has taken, and a way to begin anew where the system has one."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

_RESET = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


def forget() -> None:
    """Begin anew: `highest` then tells of what comes. Linux alone can; elsewhere nothing happens."""
    with contextlib.suppress(OSError):
        _RESET.write_text("5", "ascii")


def highest() -> int:
    """Highest resident memory in bytes since `forget`, or since the start; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        if found := re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text("ascii"), flags=re.MULTILINE):
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
