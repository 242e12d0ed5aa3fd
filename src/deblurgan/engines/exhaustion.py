"""Tell that memory ran out from other failures, which each engine words in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_PHRASES = (
    "bad_alloc",
    "bad allocation",
    "out of memory",
    "allocate memory",
    "failed to allocate",
    "bad array new",
)


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Turn an engine's complaint about memory into MemoryError; any other passes."""
    try:
        yield
    # The engines share no class of errors below Exception.
    except Exception as error:
        if any(phrase in str(error).lower() for phrase in _PHRASES):
            raise MemoryError(str(error)) from error
        raise
