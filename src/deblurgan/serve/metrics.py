"""Counts and sums of what the server did, in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

_HELP = {
    "deblurgan_requests_total": ("counter", "Answers, by route and status."),
    "deblurgan_pictures_total": ("counter", "Files that were worked on, by how it ended."),
    "deblurgan_pixels_total": ("counter", "Pixels that were restored."),
    "deblurgan_seconds": ("histogram", "What each stage of a file took."),
    "deblurgan_waiting": ("gauge", "Requests with a place in the queue that are not served yet."),
    "deblurgan_running": ("gauge", "Requests being served."),
    "deblurgan_jobs": ("gauge", "Jobs that are kept, finished ones included."),
    "process_resident_memory_bytes": ("gauge", "Resident memory."),
    "process_start_time_seconds": ("gauge", "When the server started, since the epoch."),
}


class Metrics:
    """What was counted; any thread may add to it."""

    def __init__(self) -> None:
        self._started = time.time()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._stages: dict[str, list[float]] = {}
        self._turn = threading.Lock()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter of `_HELP`."""
        with self._turn:
            self._counts[name, _labels(labels)] += amount  # type: ignore[assignment]

    def observe(self, stages: Mapping[str, float]) -> None:
        """Add the seconds of each stage of one file."""
        with self._turn:
            for stage, seconds in stages.items():
                sums = self._stages.setdefault(stage, [0.0] * (len(_BUCKETS) + 2))
                for place, bound in enumerate(_BUCKETS):
                    sums[place] += seconds <= bound
                sums[-2] += 1
                sums[-1] += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        """All of it, with the values that gauges have now."""
        gauges = {
            **gauges,
            "process_resident_memory_bytes": resident_memory(),
            "process_start_time_seconds": self._started,
        }
        with self._turn:
            counts, stages = dict(self._counts), {stage: list(sums) for stage, sums in self._stages.items()}
        lines = []
        for name, (kind, help_) in _HELP.items():
            lines += [f"# HELP {name} {help_}", f"# TYPE {name} {kind}"]
            if kind == "gauge":
                lines.append(f"{name} {gauges[name]:.15g}")
            elif kind == "counter":
                lines += [f"{key}{labels} {value:.15g}" for (key, labels), value in counts.items() if key == name]
            else:
                lines += [line for stage, sums in stages.items() for line in _histogram(name, stage, sums)]
        return "\n".join(lines) + "\n"


def resident_memory() -> int:
    """Bytes of this process in memory now; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        import resource
    except (OSError, ImportError):
        return 0
    return pages * resource.getpagesize()


def _histogram(name: str, stage: str, sums: list[float]) -> list[str]:
    bounds = [*(f"{bound:g}" for bound in _BUCKETS), "+Inf"]
    lines = [
        f"{name}_bucket{_labels({'stage': stage, 'le': le})} {value:.15g}"
        for le, value in zip(bounds, sums, strict=False)
    ]
    labels = _labels({"stage": stage})
    return [*lines, f"{name}_sum{labels} {sums[-1]:.15g}", f"{name}_count{labels} {sums[-2]:.15g}"]


def _labels(labels: Mapping[str, str]) -> str:
    escaped = (
        (key, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for key, value in labels.items()
    )
    inside = ",".join(f'{key}="{value}"' for key, value in escaped)
    return f"{{{inside}}}" if inside else ""
