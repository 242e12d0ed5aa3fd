"""What is told apart of processors: their model and what they can do."""

from __future__ import annotations

import contextlib
import hashlib
import platform
from itertools import takewhile
from pathlib import Path

_PROCESSORS = Path("/proc/cpuinfo")
# Keys of it for x86-64 and for ARM; others, such as the clock, change from moment to moment.
_TELLING = frozenset(
    {
        *("vendor_id", "cpu family", "model", "model name", "stepping", "flags"),
        *("cpu implementer", "cpu architecture", "cpu variant", "cpu part", "cpu revision", "features"),
    }
)


def processor() -> str:
    """A processor's model and what it can do, in short; two that differ in neither are as fast."""
    facts = [platform.processor()]
    # On Linux Python does not know the model, which in virtual machines may be as vague as "Intel Xeon" besides.
    with contextlib.suppress(OSError), _PROCESSORS.open(encoding="utf-8", errors="replace") as lines:
        first = takewhile(str.strip, lines)
        facts += [line for line in first if line.partition(":")[0].strip().lower() in _TELLING]
    return hashlib.sha256("".join(facts).encode()).hexdigest()[:16]
