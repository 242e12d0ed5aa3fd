"""Engines: what runs a network on this machine, behind one protocol."""

from deblurgan.engines.choice import choose, open_engine, timings
from deblurgan.engines.protocol import (
    ALL_PASSES,
    PRECISIONS,
    Engine,
    EngineOptions,
    Input,
    Preparing,
    TakingPixels,
    TakingYCbCr,
    quick_of,
)
from deblurgan.engines.table import ENGINES
from deblurgan.engines.threads import allowed_threads

__all__ = [
    "ALL_PASSES",
    "ENGINES",
    "PRECISIONS",
    "Engine",
    "EngineOptions",
    "Input",
    "Preparing",
    "TakingPixels",
    "TakingYCbCr",
    "allowed_threads",
    "choose",
    "open_engine",
    "quick_of",
    "timings",
]
