"""The models a server offers, each opened when it is first asked for and then shared by all requests."""

from __future__ import annotations

import threading
from collections.abc import Callable

from deblurgan import memory
from deblurgan.manifest import Manifest
from deblurgan.restore import Restorer
from deblurgan.serve.problems import Problem


class Models:
    """Restorers by name.

    Args:
        manifests: of what may be asked for, by name, the default first.
        opener: makes the Restorer of a name.
        opened: the default model's, if it is open already.
    """

    def __init__(
        self, manifests: dict[str, Manifest], opener: Callable[[str], Restorer], opened: Restorer | None = None
    ) -> None:
        self.manifests = manifests
        self.names = tuple(manifests)
        self._opener = opener
        self._opened: dict[str, Restorer] = {self.names[0]: opened} if opened else {}
        self._turn = threading.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether the default model is open."""
        return self.names[0] in self._opened

    def known(self, name: str | None) -> str:
        """The name, or the default one for None.

        Raises:
            Problem: no model of that name is offered. Paths are not names.
        """
        if name is not None and name not in self.names:
            known = ", ".join(self.names)
            raise Problem("invalid-option", f"model: no model is called {name[:80]!r} here; known: {known}.")
        return name or self.names[0]

    def opened(self, name: str) -> Restorer:
        """The Restorer of a name that is known."""
        with self._turn:
            if name not in self._opened:
                self._opened[name] = self._opener(name)
            return self._opened[name]

    def close(self) -> None:
        """Close every engine."""
        for restorer in self._opened.values():
            restorer.close()


def most_pixels(restorer: Restorer, memory_limit: int) -> int:
    """Pixels of the largest picture that a model may be given within a memory limit, in bytes.

    Models that enlarge give more than they get, and those that must see the whole picture cannot be tiled.
    """
    engine = restorer.engine
    pixels = memory.most_pixels(memory_limit) // restorer.manifest.scale**2
    if restorer.manifest.tiling != "whole":
        return pixels
    return min(pixels, memory.most_pixels_at_once(memory_limit, (engine.name, engine.precision)))
