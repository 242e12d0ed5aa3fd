"""The PyTorch engine: runs a network that is being trained, or a model folder, in eager PyTorch."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deblurgan import networks
from deblurgan.catalogue import ModelFolder
from deblurgan.engines.exhaustion import as_memory_error
from deblurgan.engines.protocol import EngineOptions
from deblurgan.errors import UnknownEngine
from deblurgan.networks.normalisation import fill


class TorchEngine:
    """A network in evaluation mode. Callers take turns, so that memory is that of one run.

    Args:
        network: maps [N, 3, H, W] to the same shape.
        precision: 'f32', or 'bf16' through autocast.
    """

    name = "torch"

    def __init__(self, network: nn.Module, precision: str = "f32") -> None:
        self.precision = precision
        self._turn = threading.Lock()
        self._network: nn.Module | None = network.eval()
        self._device = next((weights.device for weights in network.parameters()), torch.device("cpu"))

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape."""
        return self._infer(self._open(), batch)

    def run_pass(
        self,
        number: int,
        picture: NDArray[np.float32],
        coarse: NDArray[np.float32],
        change: NDArray[np.float32],
    ) -> None:
        """One pass of a scale-recurrent network; see `Engine`."""
        network = self._open()
        assert isinstance(network, networks.FPNGenerator)
        np.copyto(change, self._infer(network.change_of, picture, coarse))

    def close(self) -> None:
        """Drop the network."""
        self._network = None

    def _open(self) -> nn.Module:
        if self._network is None:
            raise RuntimeError("this engine was closed")
        return self._network

    def _infer(self, network: Callable[..., Tensor], *inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        tensors = [
            torch.from_numpy(array).to(self._device).contiguous(memory_format=torch.channels_last)
            for array in inputs
        ]
        with (
            self._turn,
            as_memory_error(),
            torch.inference_mode(),
            torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"),
        ):
            output: NDArray[np.float32] = network(*tensors).float().cpu().numpy()
        return output


def open_engine(model: ModelFolder, options: EngineOptions) -> TorchEngine:
    """Build the network that a model's manifest names and fill it from its ONNX file.

    Raises:
        UnknownEngine: int8 was asked for.
    """
    if options.precision == "int8":
        raise UnknownEngine("The torch engine computes in f32 or bf16, not in int8; use openvino.")
    torch.set_num_threads(options.threads)
    network = networks.build(model.manifest.architecture, **model.manifest.options)
    fill(network, weights_of(model))
    precision = "f32" if options.precision == "auto" else options.precision
    return TorchEngine(network.to(memory_format=torch.channels_last), precision)


def weights_of(model: ModelFolder) -> dict[str, Tensor]:
    """The weights in a model's ONNX file by their names in the network, float32."""
    import onnx

    graph = onnx.load(model.file("onnx")).graph
    return {
        tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).astype(np.float32))
        for tensor in graph.initializer
        if "." in tensor.name
    }
