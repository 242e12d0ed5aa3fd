"""Networks that OpenVINO compiled, each for inputs of one shape: how many are kept, and with what memory."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from deblurgan.engines.openvino_kept import KeptNetworks
from deblurgan.engines.openvino_parts import Parts
from deblurgan.engines.protocol import ALL_PASSES
from deblurgan.ycbcr import Coding

DEVICE = "CPU"
# Of those that have run. Another few wait for the inputs they were prepared for.
_KEPT, _PIXELS_KEPT = 4, 2_000_000
_WAITING = 6

Shapes = tuple[tuple[int, ...], ...]
Blocks = Literal["rgb"] | Coding | None


class Form(NamedTuple):
    """Which form of the network: all passes or one, and what it takes.

    Attributes:
        number: of the pass, or `ALL_PASSES`.
        blocks: it takes 8-bit samples of blocks of 2x2 pixels, [N, samples, H / 2, W / 2], of RGB or of what luma
            and chroma are coded by; None for values, [N, 3, H, W].
        in_int8: its convolutions are computed so.
    """

    number: int
    blocks: Blocks = None
    in_int8: bool = False

    def pixels_of(self, shape: tuple[int, ...]) -> int:
        """Height times width of an input."""
        return math.prod(shape[2:]) * (1 if self.blocks is None else 4)


class Key(NamedTuple):
    """What a network is compiled for: a form, the shapes of its inputs, and how many of them share the threads."""

    form: Form
    shapes: Shapes
    at_once: int

    @property
    def pixels(self) -> int:
        """Of all pictures that it may work on at once."""
        return self.form.pixels_of(self.shapes[0]) * self.at_once


@dataclass
class _Compiled:
    """A network compiled for inputs of one shape.

    Attributes:
        making: is held while it is compiled.
        network: OpenVINO's, None before.
        idle: requests to it that wait for inputs.
        has_run: so that it holds working memory.
    """

    making: threading.Lock = field(default_factory=threading.Lock)
    network: Any = None
    idle: list[Any] = field(default_factory=list)
    has_run: bool = False


class CompiledNetworks:
    """Compiles a network for each shape of input, which is half a second well spent: fixed shapes run faster.

    Each compiled network holds its own weights, and once it has run, working memory by the pixels of its input.
    Safe to use from several threads.

    Args:
        core: an OpenVINO `Core`.
        network: gives the OpenVINO `Model` of a form, of free shape, or `Parts`.
        settings: for compilation.
        kept: where compiled networks of all passes are looked for, and put; None for nowhere.
    """

    def __init__(
        self,
        core: Any,
        network: Callable[[Form], Any],
        settings: dict[str, Any],
        kept: KeptNetworks | None = None,
    ) -> None:
        self._core = core
        self._network: Callable[[Form], Any] | None = network
        self._settings = settings
        self._kept = kept
        self._compiled: OrderedDict[Key, _Compiled] = OrderedDict()
        self._pixels_kept = _PIXELS_KEPT
        self._background = ThreadPoolExecutor(1, "preparing")
        self._turn, self._copying = threading.Lock(), threading.Lock()

    def keep(self, pixels: int) -> None:
        """Hold on to what was compiled for inputs of so many pixels together, those that are awaited included."""
        self._pixels_kept = max(pixels, _PIXELS_KEPT)

    def prepare(self, keys: Sequence[Key]) -> None:
        """Compile for these, in this order and in a thread of its own.

        Who needs one that could not be compiled meets the error.
        """
        with self._turn:
            # What has run and will have to go before its turn comes again is better made anew now.
            if sum(key.pixels for key in keys) > self._pixels_kept:
                for key in keys:
                    if key in self._compiled and self._compiled[key].has_run:
                        del self._compiled[key]
            self._drop_forsaken(keys)
        for key in keys:
            self._background.submit(self._ready, key)

    @contextmanager
    def request(self, key: Key) -> Iterator[Any]:
        """A request to the compiled network, once others that there is no room for beside it are dropped."""
        with self._turn:
            self._make_room(key)
        compiled = self._ready(key)
        compiled.has_run = True
        if key.at_once == 1:
            # Made anew each time, which takes no time here, it holds no pictures that are done.
            yield compiled.network.create_infer_request()
            return
        # Another would have to wait for those that run until it is made.
        request = compiled.idle.pop()
        try:
            yield request
        finally:
            compiled.idle.append(request)

    def forget(self) -> None:
        """Drop everything compiled."""
        with self._turn:
            self._compiled.clear()

    def close(self) -> None:
        """Drop everything compiled, and compile nothing any more."""
        self._background.shutdown(cancel_futures=True)
        self.forget()
        self._network = None

    def _ready(self, key: Key) -> _Compiled:
        with self._turn:
            network = self._network
            if network is None:
                raise RuntimeError("this engine was closed")
            compiled = self._compiled.setdefault(key, _Compiled())
            self._compiled.move_to_end(key)
            while len(self._compiled) > _KEPT + _WAITING:
                self._compiled.popitem(last=False)
        with compiled.making:
            if compiled.network is None:
                made = self._made(network, key)
                if key.at_once > 1:
                    compiled.idle += [made.create_infer_request() for _ in range(key.at_once)]
                compiled.network = made
        return compiled

    def _made(self, network: Callable[[Form], Any], key: Key) -> Any:
        settings = self._sharing(key.at_once)
        # Those of single passes are of large pictures, beside which compiling is nothing.
        kept = self._kept if key.form.number == ALL_PASSES else None
        if kept is not None and (found := kept.find(repr(key), DEVICE, settings)) is not None:
            return found
        # Two threads may want a network of one form, for two shapes.
        with self._copying:
            fixed = network(key.form).clone()
        fixed.reshape({place: list(shape) for place, shape in enumerate(key.shapes)})
        if isinstance(fixed, Parts):
            return fixed.prepared(DEVICE, settings)
        made = self._core.compile_model(fixed, DEVICE, settings)
        if kept is not None:
            # Whoever closes the engine meanwhile does not wait for it.
            with suppress(RuntimeError):
                self._background.submit(kept.keep, repr(key), settings, made)
        return made

    def _drop_forsaken(self, awaited: Sequence[Key]) -> None:
        # What was prepared for a file that proved to be damaged; of two that are read at a time, both may wait.
        waiting = [key for key, compiled in self._compiled.items() if not compiled.has_run and key not in awaited]
        while waiting and sum(key.pixels for key in (*waiting, *awaited)) > 2 * self._pixels_kept:
            del self._compiled[waiting.pop(0)]

    def _make_room(self, wanted: Key) -> None:
        # Those that were not used for longest come first.
        others = [key for key in self._compiled if key != wanted]
        done = [key for key in others if self._compiled[key].has_run]
        allowed = max(wanted.at_once * _PIXELS_KEPT, self._pixels_kept) - wanted.pixels
        # Those that wait take memory, too, for their inputs, and are needed sooner.
        while done and (len(done) >= _KEPT or sum(key.pixels for key in others) > allowed):
            others.remove(done[0])
            del self._compiled[done.pop(0)]

    def _sharing(self, at_once: int) -> dict[str, Any]:
        sharing = {"PERFORMANCE_HINT": "LATENCY"} if at_once == 1 else {"NUM_STREAMS": at_once}
        # Pinned threads wait for whatever else comes to their processor, and two networks would take the same.
        return {**self._settings, **sharing, "ENABLE_CPU_PINNING": False}
