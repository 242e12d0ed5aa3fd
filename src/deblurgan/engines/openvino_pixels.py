"""A network for OpenVINO that takes 8-bit pixels as a file holds them, and gives such."""

from __future__ import annotations

from typing import Any

import numpy as np

_PLANES_FIRST, _PIXELS_FIRST = [0, 3, 1, 2], [0, 2, 3, 1]


def on_pixels(network: Any, value_range: tuple[float, float], *, adds: bool) -> Any:
    """A copy of an OpenVINO `Model` that takes and gives pixels instead of values.

    Args:
        network: takes a picture [N, 3, H, W] first, and gives the restored one or what is to be added to it.
        value_range: what stands for black and white.
        adds: it gives what is to be added.

    Returns:
        a `Model` whose first input and first output are uint8 [N, H, W, 3], the nearest to what the network gives;
        halves go up. Its second output, float32 [1, 1, 1, 1], is finite if all that the network gave was.
    """
    import openvino
    from openvino import opset13 as operations

    def constant(number: float) -> Any:
        return operations.constant(np.float32(number))

    def turned(values: Any, order: list[int]) -> Any:
        return operations.transpose(values, operations.constant(np.array(order)))

    network = network.clone()
    low, high = value_range
    picture, *others = network.get_parameters()
    sizes = picture.get_partial_shape()
    pixels = operations.parameter([sizes[0], sizes[2], sizes[3], sizes[1]], np.uint8, name="pixels")
    # Bytes are turned faster than floats are.
    planes = turned(pixels, _PLANES_FIRST)
    values = operations.multiply(operations.convert(planes, "f32"), constant((high - low) / 255))
    picture.output(0).replace(operations.add(values, constant(low)).output(0))
    found = network.get_results()[0].input_value(0)
    total = operations.reduce_sum(found, operations.constant(np.arange(4)), keep_dims=True)
    levels = operations.multiply(found, constant(255 / (high - low)))
    # By another way than the first time, or the floats would be held for as long as the network takes.
    beneath = (
        operations.convert(operations.convert(planes, "i32"), "f32")
        if adds
        else constant(-255 * low / (high - low))
    )
    levels = operations.clamp(operations.add(levels, beneath), 0.0, 255.0)
    sharp = turned(operations.convert(operations.round(levels, "half_away_from_zero"), "u8"), _PIXELS_FIRST)
    results = [operations.result(value) for value in (sharp, total)]
    return openvino.Model(results, [pixels, *others], "on_pixels")
