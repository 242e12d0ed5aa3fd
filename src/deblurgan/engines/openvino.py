"""The OpenVINO engine: fastest on x86-64 processors, bf16 where they have it, int8 where asked for."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.catalogue import ModelFolder, cache_folder
from deblurgan.engines.exhaustion import as_memory_error
from deblurgan.engines.openvino_compiled import DEVICE, Blocks, CompiledNetworks, Form, Key, Shapes
from deblurgan.engines.openvino_kept import KeptNetworks
from deblurgan.engines.openvino_networks import is_in_parts, is_on_x86, networks_of
from deblurgan.engines.pixel_blocks import RGB_SAMPLES, Picture, put_together, size_of, taken_apart
from deblurgan.engines.protocol import ALL_PASSES, EngineOptions, Input
from deblurgan.engines.unreported import import_openvino
from deblurgan.room import Room
from deblurgan.ycbcr import YCbCr

# Two small inputs at a time, each on half the threads, wait less for each other than one after the other on all.
_SMALL, _SIDE_BY_SIDE = 2_000_000, 2
# Bytes of its ONNX file; compiled, a network takes two to three times as much.
_LARGEST_KEPT = 30_000_000

logger = logging.getLogger(__name__)


class OpenVINOEngine:
    """Networks compiled by OpenVINO.

    A lone caller has all threads. Callers that come while another is there are served side by side if their inputs
    are small; the others take turns.

    Args:
        networks: compiled as they are needed.
        tensor: OpenVINO's `Tensor`.
        room: of the processor, for so many small inputs at a time.
        threads: that the networks run in.
        precision: what they compute in.
        takes_pixels: they can take 8-bit pixels, and luma and chroma.
        quick: on the same networks and in the same room; see `HavingQuick`.
    """

    name = "openvino"

    def __init__(
        self,
        networks: CompiledNetworks,
        tensor: Any,
        room: Room,
        *,
        threads: int,
        precision: str,
        takes_pixels: bool,
        quick: OpenVINOEngine | None = None,
    ) -> None:
        self.precision = precision
        self.takes_pixels = self.takes_ycbcr = takes_pixels
        self.quick = quick
        self._networks = networks
        self._tensor = tensor
        self._threads = threads
        self._most_at_once = min(_SIDE_BY_SIDE, threads)
        self._room = room
        self._had_company = False
        self._turn = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape."""
        return self._infer(self._form(ALL_PASSES), [batch])

    def run_pass(
        self,
        number: int,
        picture: NDArray[np.float32],
        coarse: NDArray[np.float32],
        change: NDArray[np.float32],
    ) -> None:
        """One pass of a scale-recurrent network; see `Engine`."""
        self._infer(self._form(number), [picture, coarse.astype(np.float16)], [change])

    def run_on_pixels(
        self, number: int, pixels: NDArray[np.uint8], coarse: NDArray[np.float16] | None, sharp: NDArray[np.uint8]
    ) -> bool:
        """A picture, or the last pass over one, in 8 bits; see `TakingPixels`."""
        return self._run_on_blocks(self._form(number, "rgb"), pixels, coarse, sharp)

    def run_on_ycbcr(self, picture: YCbCr, sharp: YCbCr) -> bool:
        """A picture in luma and chroma; see `TakingYCbCr`."""
        return self._run_on_blocks(self._form(ALL_PASSES, picture.coding), picture, None, sharp)

    def prepare(self, inputs: Sequence[Input]) -> None:
        """Compile for inputs that will come; see `Preparing`."""
        with self._turn:
            at_once = self._most_at_once if self._had_company else 1
        forms = [
            (self._form(coming.number, "rgb" if coming.on_pixels else None), _shapes_of(coming))
            for coming in inputs
        ]
        self._networks.prepare([Key(*form, at_once if _is_small(*form) else 1) for form in forms])

    def keep(self, pixels: int) -> None:
        """Hold on to working memory; see `Preparing`."""
        self._networks.keep(pixels)

    def close(self) -> None:
        """Drop everything compiled."""
        self._networks.close()

    def _form(self, number: int, blocks: Blocks = None) -> Form:
        return Form(number, blocks, in_int8=self.precision == "int8")

    def _run_on_blocks(
        self, form: Form, picture: Picture, coarse: NDArray[np.float16] | None, sharp: Picture
    ) -> bool:
        threads = self._threads if math.prod(size_of(picture)) > _SMALL else 1
        blocks = taken_apart(picture, threads)[None]
        total, found = np.empty((1, 1, 1, 1), np.float32), np.empty_like(blocks)
        self._infer(form, [blocks] if coarse is None else [blocks, coarse], [found, total])
        put_together(found[0], sharp, threads)
        return bool(np.isfinite(total[0, 0, 0, 0]))

    def _infer(
        self, form: Form, inputs: Sequence[NDArray[Any]], outputs: Sequence[NDArray[Any]] = ()
    ) -> NDArray[Any]:
        """Run a network and give its first output: a new array, float32, unless there are some to be filled."""
        shapes = tuple(array.shape for array in inputs)
        small = _is_small(form, shapes)
        with self._room.shared() if small else self._room.alone():
            try:
                key = Key(form, shapes, self._at_once() if small else 1)
                with as_memory_error(), self._networks.request(key) as request:
                    filled = outputs or [np.empty(tuple(request.model_outputs[0].shape), np.float32)]
                    # The network writes into these arrays itself: no copy, and none of its own to keep.
                    for place, output in enumerate(filled):
                        request.set_output_tensor(place, self._tensor(output, shared_memory=True))
                    given = dict(enumerate(map(np.ascontiguousarray, inputs)))
                    request.infer(given, share_inputs=True, share_outputs=True)
                    return filled[0]
            except MemoryError:
                self._networks.forget()
                raise

    def _at_once(self) -> int:
        """How many inputs share the threads now; one that left for a moment is still reckoned with."""
        with self._turn:
            had_company, self._had_company = self._had_company, self._room.inside > 1
            return self._most_at_once if had_company or self._had_company else 1


def open_engine(model: ModelFolder, options: EngineOptions) -> OpenVINOEngine:
    """Open a model for the processor.

    Raises:
        BrokenModel: the model is incomplete or damaged; or int8 is asked for and it was not calibrated.
    """
    openvino, core = import_openvino(), _core()
    in_bf16 = "BF16" in core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    # Normalisation by the statistics of the picture magnifies the rounding of bf16, if not in every part.
    fixed, in_parts = model.manifest.statistics == "fixed", "decoder" in model.manifest.files
    precision = ("bf16" if in_bf16 else "f32") if options.precision == "auto" else options.precision
    if precision == "bf16" and not (fixed or in_parts):
        precision = "f32"
    if precision == "bf16" and not in_bf16:
        _say_emulated()
    # Of int8, this is for what is not a convolution.
    hint = ("bf16" if in_bf16 and fixed else "f32") if precision == "int8" else precision
    settings = {"INFERENCE_NUM_THREADS": options.threads, "INFERENCE_PRECISION_HINT": hint}
    parts, kept = is_in_parts(model, precision), _kept_of(core, model, precision)
    networks = CompiledNetworks(core, networks_of(core, model, precision), settings, kept)
    engine = partial(
        OpenVINOEngine,
        networks,
        openvino.Tensor,
        Room(min(_SIDE_BY_SIDE, options.threads)),
        threads=options.threads,
        takes_pixels=not parts,
    )
    is_calibrated = fixed and not parts and "ranges" in model.manifest.files
    has_quick = options.precision == "auto" and is_calibrated and is_on_x86(core)
    return engine(precision=precision, quick=engine(precision="int8") if has_quick else None)


@cache
def _core() -> Any:
    """OpenVINO itself, one for all engines and never given back.

    Each `Core` sets aside a stack for signals and, when it goes, puts back the one it found. Of two that go in the
    order they came, that is memory of the other, which has gone, and the next Ctrl-C is a crash.
    """
    return import_openvino().Core()


def _kept_of(core: Any, model: ModelFolder, precision: str) -> KeptNetworks | None:
    """Where a model's compiled networks are kept; None for those in parts, and those that would take too much."""
    if is_in_parts(model, precision) or model.file("onnx").stat().st_size > _LARGEST_KEPT:
        return None
    files = [model.manifest.files[kind].sha256 for kind in ("onnx", "ranges") if kind in model.manifest.files]
    about = *files, precision, import_openvino().get_version(), repr(model.manifest.value_range)
    return KeptNetworks(core, cache_folder() / "compiled", *about)


def _shapes_of(coming: Input) -> Shapes:
    height, width = coming.size
    picture = (1, RGB_SAMPLES, height // 2, width // 2) if coming.on_pixels else (1, 3, height, width)
    return (picture,) if coming.number == ALL_PASSES else (picture, (1, 3, height // 2, width // 2))


def _is_small(form: Form, shapes: Shapes) -> bool:
    """Whether others may run beside it."""
    # Single passes are those of large pictures, whose smallest sizes wait for the largest in any case.
    return form.number == ALL_PASSES and form.pixels_of(shapes[0]) <= _SMALL


@cache
def _say_emulated() -> None:
    """Once, however many models are opened."""
    logger.warning("This processor has no bf16, so that it is emulated; f32 or auto is several times faster.")
