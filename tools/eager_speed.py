"""How much faster OpenVINO runs the official MobileNet layout than PyTorch does eagerly in float32, in turns.

Usage: python tools/eager_speed.py [CHECKPOINT]

Weights are random without a checkpoint.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from deblurgan import networks
from deblurgan.engines import allowed_threads, open_engine
from deblurgan.training.export import export, manifest_of

ROUNDS, SIZE = 12, (736, 1280)


def main() -> None:
    """Print median seconds of each, and the ratio."""
    torch.manual_seed(0)
    torch.set_num_threads(allowed_threads())
    network = networks.load(Path(sys.argv[1])) if len(sys.argv) > 1 else networks.build("fpn_mobilenet")
    network.eval()
    batch = np.random.default_rng(0).uniform(-1, 1, (1, 3, *SIZE)).astype(np.float32)
    picture = torch.from_numpy(batch)
    with tempfile.TemporaryDirectory() as folder:
        model = export(network, manifest_of(network, None, name="fpn_mobilenet"), Path(folder))
        engine = open_engine(model, "openvino")
        runs = {
            "PyTorch, eager": lambda: network(picture),
            f"OpenVINO, {engine.precision}": lambda: engine.run(batch),
        }
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        with torch.inference_mode():
            for _ in range(2 + ROUNDS):
                for name, run in runs.items():
                    started = time.perf_counter()
                    run()
                    seconds[name].append(time.perf_counter() - started)
        engine.close()
    medians = {name: statistics.median(taken[2:]) for name, taken in seconds.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.3f} s")
    eager, ours = medians.values()
    print(f"{eager / ours:.2f} times as fast")


if __name__ == "__main__":
    main()
