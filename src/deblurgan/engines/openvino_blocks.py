"""A network for OpenVINO that takes and gives the 8-bit samples of blocks of 2x2 pixels, in RGB or in YCbCr.

Most networks here begin by taking a picture apart into such blocks and end by putting it together. OpenVINO takes
a nanosecond for each value that it moves so, and lays the picture out anew before and after.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.engines.pixel_blocks import RGB_SAMPLES, YCBCR_SAMPLES
from deblurgan.engines.quantisation import reach_of, rounded_weights, weights_of
from deblurgan.ycbcr import Coding

Matrix = NDArray[np.float32]

# The axes of [N, C, h, 2, w, 2] in the order of PyTorch's `pixel_unshuffle`, and how it is undone.
_UNSHUFFLE = [0, 1, 3, 5, 2, 4]
_SHUFFLE = {"block_size": 2, "mode": "depth_first"}


def on_blocks(network: Any, value_range: tuple[float, float], coding: Coding | None, *, adds: bool) -> Any:
    """A copy of an OpenVINO `Model` that takes and gives blocks of samples instead of a picture's values.

    Args:
        network: takes a picture [N, 3, H, W] first, with even sides, and gives the restored one or what is to be
            added to it.
        value_range: what stands for black and white.
        coding: how luma and chroma stand for colours; None for blocks of RGB.
        adds: the network gives what is to be added.

    Returns:
        a `Model` whose first input and first output are uint8 [N, samples, H / 2, W / 2], the nearest to what the
        network gives; halves go up. Its second output, float32 [1, 1, 1, 1], is finite if all that the network
        gave was.
    """
    import openvino
    from openvino import opset13 as operations

    low, high = value_range
    to_values, black, to_codes = _maps(coding, high - low)
    offset = black + np.float32(low)
    blocks, others, found, adds = _in_blocks(network.clone(), adds=adds)
    samples = RGB_SAMPLES if coding is None else YCBCR_SAMPLES
    codes = operations.parameter([blocks.get_partial_shape()[0], samples, -1, -1], np.uint8, name="codes")
    values = operations.add(_mixed(operations.convert(codes, "f32"), to_values), operations.constant(offset))
    blocks.output(0).replace(values.output(0))
    if coding is not None and not adds:
        # In bf16, rows of the matrix do not quite sum to what they should, which only a change may bear.
        found, adds = operations.subtract(found, values).output(0), True
    # By another way than the first time, or the floats would be held for as long as the network takes.
    beneath = (
        operations.convert(operations.convert(codes, "f16"), "f32")
        if adds
        else operations.constant(np.float32(-255 * low / (high - low)))
    )
    change = _mixed(found, to_codes) if coding is None else _ending_in(found, to_codes)
    # What is looked at before it is scaled keeps its weights, and in bf16 their rounding.
    seen = found if coding is None else change
    total = operations.reduce_sum(seen, operations.constant(np.arange(4)), keep_dims=True)
    levels = _within(operations.add(change, beneath), beneath, coding)
    sharp = operations.convert(operations.round(levels, "half_away_from_zero"), "u8")
    results = [operations.result(output) for output in (sharp, total)]
    return openvino.Model(results, [codes, *others], "on_blocks")


def _within(levels: Any, beneath: Any, coding: Coding | None) -> Any:
    """Levels kept to those of colours, or where the picture itself goes beyond, to its own."""
    from openvino import opset13 as operations

    if coding is None:
        return operations.clamp(levels, 0.0, 255.0)
    least, most = (
        operations.constant(np.repeat(ends, (4, 1, 1)).astype(np.float32).reshape(1, -1, 1, 1))
        for ends in coding.ends
    )
    levels = operations.maximum(levels, operations.minimum(beneath, least))
    return operations.minimum(levels, operations.maximum(beneath, most))


def _maps(coding: Coding | None, reach: float) -> tuple[Matrix, Matrix, Matrix]:
    """From samples to values above black, [12, samples] and [1, 12, 1, 1] to be added; and back, [samples, 12].

    Args:
        coding: as in `on_blocks`.
        reach: from black to white.
    """
    level = reach / 255
    if coding is None:
        return _diagonal(level), np.zeros((1, RGB_SAMPLES, 1, 1), np.float32), _diagonal(1 / level)
    from_codes = np.linalg.inv(coding.matrix)
    to_values, to_codes = np.zeros((3, 4, YCBCR_SAMPLES)), np.zeros((YCBCR_SAMPLES, 3, 4))
    for place in range(4):
        to_values[:, place, place], to_codes[place, :, place] = from_codes[:, 0], coding.matrix[0]
    # Chroma is that of all four pixels, and the mean of theirs.
    to_values[:, :, 4:] = from_codes[:, None, 1:]
    to_codes[4:] = coding.matrix[1:, :, None] / 4
    black = np.repeat(-from_codes @ coding.black, 4)
    return (
        (to_values.reshape(RGB_SAMPLES, YCBCR_SAMPLES) * reach).astype(np.float32),
        (black * reach).astype(np.float32).reshape(1, -1, 1, 1),
        (to_codes.reshape(YCBCR_SAMPLES, RGB_SAMPLES) / reach).astype(np.float32),
    )


def _diagonal(factor: float) -> Matrix:
    return np.diag(np.full(RGB_SAMPLES, factor, np.float32))


def _mixed(samples: Any, matrix: Matrix) -> Any:
    """Samples [N, C, h, w] times a matrix [c, C]."""
    from openvino import opset13 as operations

    if np.array_equal(matrix, _diagonal(matrix[0, 0])):
        return operations.multiply(samples, operations.constant(matrix[0, 0]))
    weights = operations.constant(np.ascontiguousarray(matrix[:, :, None, None]))
    return operations.convolution(samples, weights, [1, 1], [0, 0], [0, 0], [1, 1])


def _ending_in(found: Any, matrix: Matrix) -> Any:
    """What a network has found, [N, C, h, w], times a matrix [c, C]; by its last convolution if it ends in one."""
    from openvino import opset13 as operations

    addition = found.get_node()
    terms = [place.get_source_output().get_node() for place in addition.inputs()]
    if [addition.get_type_name(), *(term.get_type_name() for term in terms)] != ["Add", "Convolution", "Constant"]:
        return _mixed(found, matrix)
    convolution, bias = terms
    weights = np.einsum("oc,cihw->oihw", matrix, weights_of(convolution).data.astype(np.float32))
    reach = reach_of(convolution)
    kept = operations.constant(weights) if reach is None else rounded_weights(weights, reach)
    names = ("strides", "pads_begin", "pads_end", "dilations", "auto_pad")
    attributes = [convolution.get_attributes()[name] for name in names]
    folded = operations.convolution(convolution.input_value(0), kept, *attributes)
    offset = (matrix @ bias.data.astype(np.float32).reshape(-1)).reshape(1, -1, 1, 1)
    return operations.add(folded, operations.constant(offset))


def _in_blocks(network: Any, *, adds: bool) -> tuple[Any, list[Any], Any, bool]:
    """Let a network take blocks of values, [N, 12, H / 2, W / 2] in the order of `_UNSHUFFLE`, in place.

    Returns:
        its parameters, that of blocks and the others; what it gives, in blocks; and whether that is to be added.
    """
    from openvino import opset13 as operations

    picture, *others = network.get_parameters()
    found, adds = _before_shuffling(network.get_results()[0].input_value(0), picture, adds=adds)
    batch = picture.get_partial_shape()[0]
    blocks = operations.parameter([batch, RGB_SAMPLES, -1, -1], np.float32, name="blocks")
    for node in network.get_ordered_ops():
        if _unshuffles(node, picture):
            _behind_reshaping(node.output(0)).replace(blocks.output(0))
        elif _halves(node, picture):
            mean = np.repeat(np.eye(3, dtype=np.float32) / np.float32(4), 4, axis=1)
            node.output(0).replace(_mixed(blocks, mean).output(0))
    # For whatever else looks at the picture, if only for its size.
    picture.output(0).replace(operations.depth_to_space(blocks, "depth_first", 2).output(0))
    return blocks, others, found, adds


def _before_shuffling(result: Any, picture: Any, *, adds: bool) -> tuple[Any, bool]:
    """What a network gives as blocks, and whether it is to be added to the picture."""
    from openvino import opset13 as operations

    node = result.get_node()
    if node.get_type_name() == "Add" and not adds:
        terms = [place.get_source_output() for place in node.inputs()]
        change = [term for term in terms if term.get_node().get_type_name() == "DepthToSpace"]
        if change and any(_is(term.get_node(), picture) for term in terms):
            return _before_shuffling(change[0], picture, adds=True)
    if node.get_type_name() == "DepthToSpace" and node.get_attributes() == _SHUFFLE:
        return node.input_value(0), adds
    return operations.space_to_depth(result, "depth_first", 2).output(0), adds


def _unshuffles(node: Any, picture: Any) -> bool:
    """Whether a node puts the values of each block of the picture together; channels are counted next."""
    if node.get_type_name() != "Transpose" or _constant(node.input_value(1)) != _UNSHUFFLE:
        return False
    sides = node.get_output_partial_shape(0)
    source = node.input_value(0).get_node()
    while source.get_type_name() == "Reshape":
        source = source.input_value(0).get_node()
    return _is(source, picture) and all(sides[axis].is_static and sides[axis].get_length() == 2 for axis in (2, 3))


def _halves(node: Any, picture: Any) -> bool:
    """Whether a node makes pixels the mean of four of the picture's."""
    return (
        node.get_type_name() == "Interpolate"
        and _is(node.input_value(0).get_node(), picture)
        and node.get_attributes()["mode"].startswith("linear")
        and node.get_attributes()["coordinate_transformation_mode"] == "half_pixel"
        and node.get_attributes()["shape_calculation_mode"] == "scales"
        and _constant(node.input_value(1)) in ([1, 1, 0.5, 0.5], [0.5, 0.5])
    )


def _behind_reshaping(output: Any) -> Any:
    while following := [
        place.get_node() for place in output.get_target_inputs() if place.get_node().get_type_name() == "Reshape"
    ]:
        output = following[0].output(0)
    return output


def _constant(output: Any) -> list[float] | None:
    node = output.get_node()
    return node.data.tolist() if node.get_type_name() == "Constant" else None


def _is(node: Any, other: Any) -> bool:
    # Each look at a node makes a new Python object.
    return bool(node.get_name() == other.get_name())
