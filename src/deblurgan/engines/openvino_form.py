"""The form of a network that OpenVINO computes in less time and memory; what it computes stays the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from deblurgan.engines.quantisation import weights_of


def give_own_biases(network: Any) -> None:
    """Give every addition a constant of its own, in place.

    A convolution is merged with its bias only if nothing else reads that; a network that runs several times reads
    each as often.

    Args:
        network: an OpenVINO `Model`, as for all here.
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


def take_in_half_precision(network: Any, place: int) -> None:
    """Let a network take an input as float16, in place.

    Floats that are put beside others are held as long as the network runs, and the others with them, if they come
    from outside. Converted, they do not.

    Args:
        network: as above.
        place: of the input.
    """
    import openvino
    from openvino.preprocess import PrePostProcessor

    processing = PrePostProcessor(network)
    processing.input(place).tensor().set_element_type(openvino.Type.f16)
    processing.build()


def merge_shuffles(network: Any) -> None:
    """Make each 1x1 convolution with the pixel shuffle behind it one transposed convolution, in place.

    No map is held in both orders, then, and none is moved.

    Args:
        network: of which every addition has a constant of its own.
    """
    for shuffle in network.get_ordered_ops():
        if shuffle.get_type_name() != "DepthToSpace" or shuffle.get_attributes()["mode"] != "depth_first":
            continue
        addition = shuffle.input_value(0).get_node()
        if addition.get_type_name() != "Add":
            continue
        convolution, bias = (place.get_source_output().get_node() for place in addition.inputs())
        kinds = convolution.get_type_name(), bias.get_type_name()
        if kinds == ("Convolution", "Constant") and _is_pointwise(convolution):
            merged = _transposed(convolution, bias, shuffle.get_attributes()["block_size"])
            shuffle.output(0).replace(merged.output(0))
    network.validate_nodes_and_infer_types()


def _is_pointwise(convolution: Any) -> bool:
    attributes = convolution.get_attributes()
    ends = [*attributes["pads_begin"], *attributes["pads_end"]]
    return weights_of(convolution).data.shape[2:] == (1, 1) and attributes["strides"] == [1, 1] and not any(ends)


def _transposed(convolution: Any, bias: Any, block: int) -> Any:
    from openvino import opset13 as operations

    weights = weights_of(convolution).data.astype(np.float32)
    outputs, inputs = weights.shape[0] // block**2, weights.shape[1]
    kernel = weights.reshape(outputs, block, block, inputs).transpose(3, 0, 1, 2)
    # Each place in a block has a bias of its own: weights of a channel of ones.
    biases = bias.data.astype(np.float32).reshape(1, outputs, block, block)
    maps = convolution.input_value(0)
    batch, _, height, width = (
        operations.gather(operations.shape_of(maps), operations.constant([axis]), operations.constant(0))
        for axis in range(4)
    )
    shape = operations.concat([batch, operations.constant([1]), height, width], 0)
    ones = operations.broadcast(operations.constant(np.float32(1)), shape)
    return operations.convolution_backprop_data(
        operations.concat([maps, ones], 1),
        operations.constant(np.concatenate([kernel, biases])),
        strides=[block, block],
        pads_begin=[0, 0],
        pads_end=[0, 0],
        dilations=[1, 1],
    )
