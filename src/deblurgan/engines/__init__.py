"""Engines: what runs a network on this machine, behind one protocol."""

from deblurgan.engines.protocol import PRECISIONS, Engine, EngineOptions
from deblurgan.engines.table import ENGINES, choose, open_engine
from deblurgan.engines.threads import allowed_threads

__all__ = ["ENGINES", "PRECISIONS", "Engine", "EngineOptions", "allowed_threads", "choose", "open_engine"]
