"""Networks as ONNX programs: converted, their weights in half precision, nothing else in the file."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from deblurgan.errors import BrokenModel
from deblurgan.networks import FPNGenerator

if TYPE_CHECKING:
    import onnx

_OPSET = 18
# Bytes.
_LONG = 64


class OnePass(nn.Module):
    """One pass of a scale-recurrent generator, by itself, its weights under the generator's names."""

    def __init__(self, generator: FPNGenerator) -> None:
        super().__init__()
        self.backbone, self.decoder = generator.backbone, generator.decoder

    def forward(self, picture: Tensor, coarse: Tensor) -> Tensor:
        """As `FPNGenerator.change_of`."""
        change: Tensor = self.decoder(self.backbone(picture, coarse))
        return change


class _Backbone(nn.Module):
    """A generator's backbone, its weights under the generator's names."""

    def __init__(self, generator: FPNGenerator) -> None:
        super().__init__()
        self.backbone = generator.backbone

    def forward(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """The pyramid, finest first."""
        return tuple(self.backbone(blurred))


class _Rest(nn.Module):
    """What a generator makes of the picture and its pyramid, likewise."""

    def __init__(self, generator: FPNGenerator) -> None:
        super().__init__()
        self.decoder, self.output = generator.decoder, generator.output

    def forward(self, blurred: Tensor, *pyramid: Tensor) -> Tensor:
        """Map [N, 3, H, W] to the same shape."""
        return self.output(blurred, self.decoder(list(pyramid)))


def whole_program(network: nn.Module, multiple: int, minimum: tuple[int, int], *, half: bool) -> onnx.ModelProto:
    """Convert a network that maps [N, 3, H, W] to the same shape, for any batch and size.

    Args:
        network: to convert.
        multiple: sides of its input are multiples of this.
        minimum: least (height, width) of its input.
        half: whether its weights are kept in half precision.

    Raises:
        BrokenModel: PyTorch cannot.
    """
    least = _least(multiple, minimum)
    rows, columns = _dimensions(least)
    sizes = {0: _batch(), 2: multiple * rows, 3: multiple * columns}
    return _converted(network, {"blurred": _example(multiple, least)}, (sizes,), ("sharp",), half=half)


def pass_program(network: FPNGenerator, *, whole: bytes, location: str) -> onnx.ModelProto:
    """Convert one pass of a scale-recurrent network, which reads its weights out of the whole network's file.

    Args:
        network: to convert.
        whole: that file, with weights in half precision.
        location: its name, beside which the pass will lie.
    """
    multiple = network.size_multiple
    rows, columns = _dimensions((1, 1))
    batch = _batch()
    examples = {"picture": torch.zeros(2, 3, 3 * multiple, 4 * multiple)}
    examples["coarse"] = torch.zeros(2, 3, 3 * multiple // 2, 4 * multiple // 2)
    sizes = tuple({0: batch, 2: side * rows, 3: side * columns} for side in (multiple, multiple // 2))
    program = _converted(OnePass(network), examples, sizes, ("change",), half=True)
    read_from(program, whole, location)
    return program


def part_programs(network: FPNGenerator) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Convert a network in two parts, its backbone and the rest, so that they can compute in different precisions.

    Args:
        network: to convert; not a scale-recurrent one.

    Returns:
        the first maps the picture to the pyramid, finest first; the second both to the result.
    """
    blurred = _example(network.size_multiple, _least(network.size_multiple, network.minimum_size))
    backbone, rest = _Backbone(network).eval(), _Rest(network)
    with torch.no_grad():
        pyramid = backbone(blurred)
    levels = {
        f"stride_{feature.stride}": level
        for feature, level in zip(network.backbone.features, pyramid, strict=True)
    }
    # How sizes of levels belong together is for PyTorch to find out.
    free = dict.fromkeys((0, 2, 3), torch.export.Dim.AUTO)
    first = _converted(backbone, {"blurred": blurred}, (free,), tuple(levels), half=False)
    # An argument that stands for several has their sizes as one.
    sizes = free, (free,) * len(levels)
    return first, _converted(rest, {"blurred": blurred, **levels}, sizes, ("sharp",), half=False)


def joined(first: onnx.ModelProto, second: onnx.ModelProto) -> onnx.ModelProto:
    """The whole network of what `part_programs` gives; converting it again would take as long as both."""
    import onnx

    program, rest = onnx.ModelProto(), onnx.ModelProto()
    program.CopyFrom(first)
    rest.CopyFrom(second)
    held = {tensor.name: tensor for tensor in program.graph.initializer}
    found = {output for node in rest.graph.node for output in node.output} - {rest.graph.output[0].name}
    others = {each.name for each in rest.graph.initializer if held.get(each.name, each) != each}
    names = {name: f"rest:{name}" for name in found | others}
    for node in rest.graph.node:
        node.name = f"rest:{node.name}"
        for places in (node.input, node.output):
            places[:] = [names.get(name, name) for name in places]
    for tensor in rest.graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
        if tensor.name not in held:
            program.graph.initializer.append(tensor)
    program.graph.node.extend(rest.graph.node)
    del program.graph.output[:]
    program.graph.output.extend(rest.graph.output)
    return program


def _least(multiple: int, minimum: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of blocks that a network takes at least."""
    return max(1, minimum[0] // multiple), max(1, minimum[1] // multiple)


def _example(multiple: int, least: tuple[int, int]) -> Tensor:
    # Sizes of one block would be taken for constants, and so would equal sizes for the same one.
    return torch.zeros(2, 3, (least[0] + 2) * multiple, (least[1] + 3) * multiple)


def _batch() -> torch.export.Dim:
    return torch.export.Dim("batch", min=1)


def _dimensions(least: tuple[int, int]) -> tuple[torch.export.Dim, torch.export.Dim]:
    return torch.export.Dim("rows", min=least[0]), torch.export.Dim("columns", min=least[1])


def _converted(
    network: nn.Module,
    examples: dict[str, Tensor],
    sizes: tuple[Any, ...],
    results: tuple[str, ...],
    *,
    half: bool,
) -> onnx.ModelProto:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        converted = torch.onnx.export(
            network.eval(),
            tuple(examples.values()),
            dynamo=True,
            input_names=list(examples),
            output_names=list(results),
            dynamic_shapes=sizes,
            opset_version=_OPSET,
            # Merging equal weights would lose names, and the names are how weights are read back.
            optimize=False,
            verbose=False,
        )
    if converted is None:
        raise BrokenModel("PyTorch could not convert the network to ONNX.")
    program = converted.model_proto
    if half:
        _store_as_float16(program)
    _forget_origin(program)
    return program


def _store_as_float16(program: onnx.ModelProto) -> None:
    """Keep each float32 weight as float16 under its name, with a cast in front of its readers."""
    import onnx

    graph, casts = program.graph, []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        name, values = tensor.name, onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(onnx.helper.make_node("Cast", [name], [f"{name}:f32"], to=onnx.TensorProto.FLOAT))
        for node in graph.node:
            node.input[:] = [f"{name}:f32" if read == name else read for read in node.input]
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def read_from(program: onnx.ModelProto, file: bytes, location: str) -> None:
    """Let each weight be read from where the same values lie in another file, instead of storing it again."""
    import onnx

    for tensor in program.graph.initializer:
        # What is not a weight is as short as the numbers that a shape is made of.
        if (
            tensor.data_type not in (onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT)
            or len(tensor.raw_data) < _LONG
        ):
            continue
        place = {"location": location, "offset": file.index(tensor.raw_data), "length": len(tensor.raw_data)}
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in place.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)


def _forget_origin(program: onnx.ModelProto) -> None:
    """Drop the exporter's notes: they hold paths of the machine it ran on."""
    del program.metadata_props[:]
    del program.graph.metadata_props[:]
    del program.graph.value_info[:]
    program.doc_string = program.graph.doc_string = ""
    for entry in (
        *program.graph.node,
        *program.graph.input,
        *program.graph.output,
        *program.graph.initializer,
    ):
        del entry.metadata_props[:]
        entry.doc_string = ""
