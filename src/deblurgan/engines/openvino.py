"""The OpenVINO engine: fastest on x86-64 processors, bf16 where they have it, int8 where asked for."""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblurgan.catalogue import ModelFolder
from deblurgan.engines.exhaustion import as_memory_error
from deblurgan.engines.openvino_parts import Parts, exact_between_convolutions
from deblurgan.engines.openvino_pixels import on_pixels
from deblurgan.engines.protocol import ALL_PASSES, EngineOptions
from deblurgan.engines.quantisation import Ranges, load_ranges, quantised
from deblurgan.errors import BrokenModel
from deblurgan.room import Room

# Each compiled network holds its own weights, and working memory by the pixels of its input.
_KEPT, _PIXELS_KEPT = 4, 2_000_000
_DEVICE = "CPU"
# Two small inputs at a time, each on half the threads, wait less for each other than one after the other on all.
_SMALL, _SIDE_BY_SIDE = 2_000_000, 2

logger = logging.getLogger(__name__)

Shapes = tuple[tuple[int, ...], ...]


class Form(NamedTuple):
    """Which form of the network: all passes or one, and what it takes.

    Attributes:
        number: of the pass, or `ALL_PASSES`.
        on_pixels: it takes 8-bit pixels, [N, H, W, 3], not values, [N, C, H, W].
    """

    number: int
    on_pixels: bool = False

    def pixels_of(self, shape: tuple[int, ...]) -> int:
        """Height times width of an input."""
        return math.prod(shape[1:3] if self.on_pixels else shape[2:])


@dataclass(frozen=True)
class _Compiled:
    """A network compiled for inputs of one shape, and its requests that nobody uses just now."""

    network: Any
    idle: deque[Any] = field(default_factory=deque)


class OpenVINOEngine:
    """A network compiled anew for each shape of input, which is a tenth of a second well spent: fixed shapes
    run faster.

    A lone caller has all threads. Callers that come while another is there are served side by side if their inputs
    are small; the others take turns.

    Args:
        core: an OpenVINO `Core`.
        network: gives the OpenVINO `Model` of a form, of free shape, or `Parts`.
        tensor: OpenVINO's `Tensor`.
        settings: for compilation.
        precision: what the network computes in.
        takes_pixels: it can take 8-bit pixels.
    """

    name = "openvino"

    def __init__(
        self,
        core: Any,
        network: Callable[[Form], Any],
        tensor: Any,
        settings: dict[str, Any],
        precision: str,
        *,
        takes_pixels: bool,
    ) -> None:
        self.precision = precision
        self.takes_pixels = takes_pixels
        self._tensor = tensor
        self._core = core
        self._network: Callable[[Form], Any] | None = network
        self._settings = settings
        self._most_at_once = min(_SIDE_BY_SIDE, settings["INFERENCE_NUM_THREADS"])
        self._compiled: OrderedDict[tuple[Form, Shapes, int], _Compiled] = OrderedDict()
        self._pixels_kept = _PIXELS_KEPT
        self._room = Room(self._most_at_once)
        self._had_company = False
        self._turn = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape."""
        return self._infer(Form(ALL_PASSES), [batch])

    def run_pass(
        self,
        number: int,
        picture: NDArray[np.float32],
        coarse: NDArray[np.float32],
        change: NDArray[np.float32],
    ) -> None:
        """One pass of a scale-recurrent network; see `Engine`."""
        self._infer(Form(number), [picture, coarse], [change])

    def run_on_pixels(
        self, number: int, pixels: NDArray[np.uint8], coarse: NDArray[np.float32] | None, sharp: NDArray[np.uint8]
    ) -> bool:
        """A picture, or the last pass over one, in 8 bits; see `TakingPixels`."""
        inputs: list[NDArray[Any]] = [pixels[None]]
        if coarse is not None:
            inputs.append(coarse)
        total = np.empty((1, 1, 1, 1), np.float32)
        self._infer(Form(number, on_pixels=True), inputs, [sharp[None], total])
        return bool(np.isfinite(total[0, 0, 0, 0]))

    def keep(self, pixels: int) -> None:
        """Hold on to what is compiled for inputs of so many pixels together; small ones are kept in any case."""
        self._pixels_kept = max(pixels, _PIXELS_KEPT)

    def close(self) -> None:
        """Drop everything compiled."""
        self._forget()
        self._network = None

    def _forget(self) -> None:
        with self._turn:
            self._compiled.clear()

    def _infer(
        self, form: Form, inputs: Sequence[NDArray[Any]], outputs: Sequence[NDArray[Any]] = ()
    ) -> NDArray[Any]:
        """Run a network and give its first output: a new array, float32, unless there are some to be filled."""
        # Single passes are those of large pictures, whose smallest sizes wait for the largest in any case.
        small = form.number == ALL_PASSES and form.pixels_of(inputs[0].shape) <= _SMALL
        with self._room.shared() if small else self._room.alone():
            try:
                with as_memory_error():
                    shapes = tuple(array.shape for array in inputs)
                    compiled = self._compiled_for(form, shapes, self._at_once() if small else 1)
                    request = compiled.idle.pop() if compiled.idle else compiled.network.create_infer_request()
                    filled = outputs or [np.empty(tuple(request.model_outputs[0].shape), np.float32)]
                    # The network writes into these arrays itself: no copy, and none of its own to keep.
                    for place, output in enumerate(filled):
                        request.set_output_tensor(place, self._tensor(output, shared_memory=True))
                    given = dict(enumerate(map(np.ascontiguousarray, inputs)))
                    request.infer(given, share_inputs=True, share_outputs=True)
                    compiled.idle.append(request)
                    return filled[0]
            except MemoryError:
                self._forget()
                raise

    def _at_once(self) -> int:
        """How many inputs share the threads now; one that left for a moment is still reckoned with."""
        with self._turn:
            had_company, self._had_company = self._had_company, self._room.inside > 1
            return self._most_at_once if had_company or self._had_company else 1

    def _compiled_for(self, form: Form, shapes: Shapes, at_once: int) -> _Compiled:
        with self._turn:
            if self._network is None:
                raise RuntimeError("this engine was closed")
            key = form, shapes, at_once
            if key not in self._compiled:
                while self._compiled and not self._leaves_room(*key):
                    self._compiled.popitem(last=False)
                fixed = self._network(form).clone()
                fixed.reshape({place: list(shape) for place, shape in enumerate(shapes)})
                prepared = fixed.prepared if isinstance(fixed, Parts) else partial(self._core.compile_model, fixed)
                self._compiled[key] = _Compiled(prepared(_DEVICE, self._sharing(at_once)))
            self._compiled.move_to_end(key)
            return self._compiled[key]

    def _leaves_room(self, form: Form, shapes: Shapes, at_once: int) -> bool:
        wanted = *self._compiled, (form, shapes, at_once)
        pixels = sum(kind.pixels_of(picture) * times for kind, (picture, *_), times in wanted)
        return len(self._compiled) < _KEPT and pixels <= max(at_once * _PIXELS_KEPT, self._pixels_kept)

    def _sharing(self, at_once: int) -> dict[str, Any]:
        sharing = {"PERFORMANCE_HINT": "LATENCY"} if at_once == 1 else {"NUM_STREAMS": at_once}
        # Pinned threads wait for whatever else comes to their processor, and two networks would take the same.
        return {**self._settings, **sharing, "ENABLE_CPU_PINNING": False}


def open_engine(model: ModelFolder, options: EngineOptions) -> OpenVINOEngine:
    """Read a model's ONNX file for the processor.

    Raises:
        BrokenModel: int8 was asked for but the model was not calibrated.
    """
    import openvino

    core = openvino.Core()
    in_bf16 = "BF16" in core.get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")
    # Normalisation by the statistics of the picture magnifies the rounding of bf16, if not in every part.
    fixed, in_parts = model.manifest.statistics == "fixed", "decoder" in model.manifest.files
    precision = ("bf16" if in_bf16 else "f32") if options.precision == "auto" else options.precision
    if precision == "bf16" and not (fixed or in_parts):
        precision = "f32"
    if precision == "bf16" and not in_bf16:
        _say_emulated()
    ranges = _ranges_of(model) if precision == "int8" else None

    @cache
    def read(kind: str) -> Any:
        network = core.read_model(model.file(kind))
        _give_own_biases(network)
        return network

    parts = precision == "bf16" and in_parts

    @cache
    def network(form: Form) -> Any:
        if form.on_pixels:
            adds = form.number != ALL_PASSES
            return on_pixels(network(Form(form.number)), model.manifest.value_range, adds=adds)
        if parts:
            return Parts(core, read("backbone"), exact_between_convolutions(core, read("decoder")))
        exact = read("onnx" if form.number == ALL_PASSES else "pass")
        return exact if ranges is None else quantised(exact, ranges, first=max(1, form.number))

    # A damaged model is found out now, not with the first picture.
    network(Form(ALL_PASSES))
    # Of int8, this is for what is not a convolution.
    hint = ("bf16" if in_bf16 and fixed else "f32") if precision == "int8" else precision
    settings = {"INFERENCE_NUM_THREADS": options.threads, "INFERENCE_PRECISION_HINT": hint}
    return OpenVINOEngine(core, network, openvino.Tensor, settings, precision, takes_pixels=not parts)


def _ranges_of(model: ModelFolder) -> Ranges:
    if "ranges" not in model.manifest.files:
        raise BrokenModel(
            f"Model {model.manifest.name!r} has no ranges file, which int8 needs; use --precision auto, or export "
            "it with --calibrate."
        )
    return load_ranges(model.file("ranges"))


@cache
def _say_emulated() -> None:
    """Once, however many models are opened."""
    logger.warning("This processor has no bf16, so that it is emulated; f32 or auto is several times faster.")


def _give_own_biases(network: Any) -> None:
    """Give every addition a constant of its own, in place.

    A convolution is merged with its bias only if nothing else reads that; a network that runs several times reads
    each as often.
    """
    from openvino import opset13

    for addition in network.get_ordered_ops():
        if addition.get_type_name() != "Add":
            continue
        for place in addition.inputs():
            added = place.get_source_output()
            source = added.get_node()
            while source.get_type_name() in ("Reshape", "Convert"):
                source = source.input_value(0).get_node()
            if source.get_type_name() == "Constant" and added.get_element_type().is_real():
                values = source.data.astype(np.float32).reshape(tuple(added.get_shape()))
                place.replace_source_output(opset13.constant(values).output(0))
    network.validate_nodes_and_infer_types()
