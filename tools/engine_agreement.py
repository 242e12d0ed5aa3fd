"""How far every installed engine is from PyTorch on a real photograph, for generators with random weights.

In float32 it is the largest difference of values in [-1, 1]; of OpenVINO in bf16, where a part of the network may
compute in it, what 999 of 1000 values in grey levels differ by at most.

Usage: python tools/engine_agreement.py [GENERATOR ...]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from deblurgan import networks, read, tiling
from deblurgan.engines import ENGINES, open_engine
from deblurgan.networks.normalisation import fill
from deblurgan.training.export import export, manifest_of
from deblurgan.training.torch_engine import TorchEngine, weights_of

PHOTO = Path(__file__).parent.parent / "examples" / "street.jpg"


def batch_for(network: networks.FPNGenerator) -> np.ndarray:
    """The photograph at the largest size the network takes, float32 [1, 3, H, W] in [-1, 1]."""
    pixels = read(PHOTO).pixels
    rule = tiling.SizeRule(network.size_multiple, network.minimum_size)
    height, width = (side // rule.multiple * rule.multiple for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[:height, :width].transpose(2, 0, 1)[None]) * 2 - 1


def grey_levels(batch: np.ndarray) -> np.ndarray:
    """Values in [-1, 1] as whole numbers from 0 to 255."""
    return np.clip(np.rint((batch + 1) * 127.5), 0, 255)


def main() -> None:
    """Print one line for each generator named, or for all."""
    for name in sys.argv[1:] or networks.GENERATORS:
        torch.manual_seed(0)
        network = networks.build(name).eval()
        batch = batch_for(network)
        with tempfile.TemporaryDirectory() as folder:
            model = export(network, manifest_of(network, None, name=name), Path(folder))
            fill(network, weights_of(model))
            expected = TorchEngine(network).run(batch)
            for engine_name, entry in ENGINES.items():
                if engine_name == "torch" or not entry.installed:
                    continue
                engine = open_engine(model, engine_name, precision="f32")
                print(name, engine_name, f"{np.abs(engine.run(batch) - expected).max():.1e}", flush=True)
                engine.close()
            if ENGINES["openvino"].installed and "decoder" in model.manifest.files:
                engine = open_engine(model, "openvino", precision="bf16")
                levels = np.abs(grey_levels(engine.run(batch)) - grey_levels(expected))
                print(name, "openvino bf16", f"{np.quantile(levels, 0.999):.0f} of 255", flush=True)
                engine.close()


if __name__ == "__main__":
    main()
