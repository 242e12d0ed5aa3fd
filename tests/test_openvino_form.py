"""A network in the form that OpenVINO likes computes what it computed before."""

import numpy as np
import pytest

openvino = pytest.importorskip("openvino")

from openvino import opset13 as operations  # noqa: E402

from deblurgan.engines.openvino_form import merge_shuffles, take_in_half_precision  # noqa: E402

SHUFFLE = "DepthToSpace"


def values(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def shuffling(kernel=1, block=2, mode="depth_first", bias=True, step=1):
    """A network of a convolution, from 5 channels to 3 blocks, and a pixel shuffle."""
    maps = operations.parameter([-1, 5, -1, -1], np.float32)
    weights = operations.constant(values(3 * block**2, 5, kernel, kernel))
    around = [kernel // 2] * 2
    found = operations.convolution(maps, weights, [step] * 2, around, around, [1, 1])
    if bias:
        found = operations.add(found, operations.constant(values(1, 3 * block**2, 1, 1)))
    shuffled = operations.depth_to_space(found, mode, block)
    return openvino.Model([operations.result(operations.relu(shuffled))], [maps], "shuffling")


def computed(network, *inputs):
    compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(list(inputs))[0]


def kinds(network):
    return {node.get_type_name() for node in network.get_ordered_ops()}


@pytest.mark.parametrize("block", [2, 3])
def test_a_shuffle_behind_a_pointwise_convolution_becomes_part_of_it(block):
    network, maps = shuffling(block=block), values(2, 5, 6, 7)
    expected = computed(network, maps)
    merge_shuffles(network)
    assert not kinds(network) & {SHUFFLE, "Convolution"}
    assert expected.shape == (2, 3, 6 * block, 7 * block)
    np.testing.assert_allclose(computed(network, maps), expected, atol=1e-5)


@pytest.mark.parametrize("other", [{"kernel": 3}, {"bias": False}, {"mode": "blocks_first"}, {"step": 2}])
def test_other_shuffles_stay(other):
    network, maps = shuffling(**other), values(1, 5, 6, 6)
    expected = computed(network, maps)
    merge_shuffles(network)
    assert kinds(network) >= {SHUFFLE, "Convolution"}
    np.testing.assert_array_equal(computed(network, maps), expected)


def test_an_input_in_half_precision_counts_as_the_floats_that_it_stands_for():
    picture, coarse = (operations.parameter([1, 3, -1, -1], np.float32) for _ in range(2))
    network = openvino.Model(
        [operations.result(operations.concat([picture, coarse], 1))], [picture, coarse], "beside"
    )
    take_in_half_precision(network, 1)
    assert [place.get_element_type().to_string() for place in network.inputs] == ["f32", "f16"]
    halves = values(1, 3, 4, 4).astype(np.float16)
    floats = values(1, 3, 4, 4)
    expected = np.concatenate([floats, halves.astype(np.float32)], axis=1)
    np.testing.assert_array_equal(computed(network, floats, halves), expected)
