"""How many threads this process may use."""

from __future__ import annotations

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def allowed_threads() -> int:
    """Processors this process may run on, cut down to a container's quota; at least 1.

    `DEBLURGAN_THREADS` overrides it.
    """
    asked = os.environ.get("DEBLURGAN_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(processors, _quota() or processors))


def _quota() -> int | None:
    """Whole processors that the control group grants, rounded up; None without a limit."""
    try:
        granted, period = _QUOTA.read_text("ascii").split()
    except (OSError, ValueError):
        return None
    return None if granted == "max" else max(1, -(-int(granted) // int(period)))
