"""Write `src/deblurgan/convolution`, the network of known cost that `deblurgan benchmark` holds engines against.

Eight 3x3 convolutions of 128 channels, one after the other, all with the same weights: as near to an engine's peak
as a picture network comes.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from deblurgan import manifest as manifests
from deblurgan.manifest import Manifest
from deblurgan.whole import write_whole

FOLDER = Path(__file__).parents[1] / "src" / "deblurgan" / "convolution"
CHANNELS, LAYERS, KERNEL = 128, 8, 3


def main() -> None:
    """Write network, ranges and manifest."""
    weights = np.full((CHANNELS, CHANNELS, KERNEL, KERNEL), 1 / (CHANNELS * KERNEL**2), np.float32)
    shape = ["batch", CHANNELS, "rows", "columns"]
    nodes = [
        helper.make_node("Conv", [f"map{layer}", "weight"], [f"map{layer + 1}"], pads=[1, 1, 1, 1])
        for layer in range(LAYERS)
    ]
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("map0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(f"map{LAYERS}", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights, "weight")],
    )
    program = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(program)
    write_whole(FOLDER / "model.onnx", program.SerializeToString(), overwrite=True)
    ranges = {"weight": [0.0, 1.0]}
    write_whole(FOLDER / "ranges.json", json.dumps(ranges).encode(), overwrite=True)
    macs = LAYERS * weights.size
    files = {
        kind: manifests.describe_file(FOLDER / name)
        for kind, name in (("onnx", "model.onnx"), ("ranges", "ranges.json"))
    }
    facts = Manifest(
        name="convolution",
        version="1",
        files=files,
        architecture="none",
        backbone="none",
        value_range=(0.0, 1.0),
        size_multiple=1,
        minimum_size=(1, 1),
        statistics="fixed",
        tiling="whole",
        halo=0,
        parameters=weights.size,
        live_parameters=weights.size,
        macs_per_pixel=float(macs),
        licence="Apache-2.0",
        trained_on=(),
        recipe_digest="",
        cite="",
    )
    manifests.save(facts, FOLDER)


if __name__ == "__main__":
    main()
