"""Which engine runs a model: the one named, or the fastest here, timed once and remembered."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from deblurgan import catalogue
from deblurgan.catalogue import ModelFolder
from deblurgan.engines.processor import processor
from deblurgan.engines.protocol import PRECISIONS, Engine, EngineOptions, quick_of
from deblurgan.engines.table import ENGINES
from deblurgan.engines.threads import allowed_threads
from deblurgan.errors import DeblurganError, UnknownEngine
from deblurgan.whole import write_whole

_ROUNDS = 5
_SIDE = 256
_MEMORY = "engines.json"


def choose(name: str = "auto") -> str:
    """The engine to use: the one named, or for 'auto' `DEBLURGAN_ENGINE`, or the fastest of those installed.

    Raises:
        UnknownEngine: no engine has that name, or it is not installed.
    """
    wanted = (os.environ.get("DEBLURGAN_ENGINE") or "auto") if name == "auto" else name
    if wanted == "auto":
        installed = [key for key, entry in ENGINES.items() if entry.installed]
        if not installed:
            raise UnknownEngine("No engine is installed; run: pip install 'deblurgan[onnx]'.")
        timed = [key for key in installed if ENGINES[key].timed]
        return min(timed, key=timings(tuple(timed)).__getitem__) if len(timed) > 1 else (timed or installed)[0]
    if wanted not in ENGINES:
        raise UnknownEngine(f"No engine is called {wanted!r}; known: auto, {', '.join(ENGINES)}.")
    if not ENGINES[wanted].installed:
        extra = ENGINES[wanted].extra
        raise UnknownEngine(f"The engine {wanted!r} is not installed; run: pip install 'deblurgan[{extra}]'.")
    return wanted


def open_engine(
    model: ModelFolder, name: str = "auto", *, threads: int | None = None, precision: str = "auto"
) -> Engine:
    """Open a model in an engine.

    Args:
        model: to run.
        name: key of `ENGINES`, or 'auto'.
        threads: None for as many as the process may use.
        precision: one of `PRECISIONS`.

    Raises:
        UnknownEngine: the engine or the precision is not to be had.
        BrokenModel: the model's files are incomplete or damaged.
        DeblurganError: fewer threads than one are asked for.
    """
    if threads is not None and threads < 1:
        raise DeblurganError(f"Threads are {threads}; it takes 1 at least, or None for all that are allowed.")
    if precision not in PRECISIONS:
        raise UnknownEngine(f"No precision is called {precision!r}; known: {', '.join(PRECISIONS)}.")
    module, function = ENGINES[choose(name)].opener.split(":")
    opener: Callable[[ModelFolder, EngineOptions], Engine] = getattr(importlib.import_module(module), function)
    return opener(model, EngineOptions(threads or allowed_threads(), precision))


def timings(names: tuple[str, ...]) -> dict[str, float]:
    """Seconds that each of some installed engines takes for a small picture, from memory if they are known.

    They are measured with the model that ships, and again when an engine, the package or the processors change.
    """
    place = catalogue.cache_folder() / _MEMORY
    known = _remembered(place)
    key = json.dumps([_circumstances(), [f"{name} {_version(name)}" for name in names]])
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return {name: float(known[key][name]) for name in names}
    measured = _least_seconds(names)
    with contextlib.suppress(DeblurganError):
        write_whole(place, json.dumps({**known, key: measured}).encode(), overwrite=True)
    return measured


def _remembered(place: Path) -> dict[str, Any]:
    """Timings by circumstances; none where the file is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(place.read_text("utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _circumstances() -> list[str | int]:
    return [importlib.metadata.version("deblurgan"), platform.machine(), processor(), allowed_threads()]


def _version(name: str) -> str:
    return importlib.metadata.version(ENGINES[name].distribution)


def _least_seconds(names: tuple[str, ...]) -> dict[str, float]:
    """Least time of each engine for a small picture; endless for one that cannot be opened.

    Its quick one is timed, if it has that. They take turns: what else the machine does for a moment falls on all,
    and the least time shows it least.
    """
    batch = np.zeros((1, 3, _SIDE, _SIDE), np.float32)
    least = dict.fromkeys(names, float("inf"))
    with contextlib.ExitStack() as stack:
        opened = {}
        for name in names:
            with contextlib.suppress(DeblurganError, MemoryError, ImportError):
                engine = open_engine(catalogue.find("default"), name)
                stack.callback(engine.close)
                # What takes long, large pictures and videos, is its work.
                quickest = quick_of(engine) or engine
                quickest.run(batch)
                opened[name] = quickest
        for _ in range(_ROUNDS):
            for name, engine in opened.items():
                started = time.perf_counter()
                engine.run(batch)
                least[name] = min(least[name], time.perf_counter() - started)
    return least
