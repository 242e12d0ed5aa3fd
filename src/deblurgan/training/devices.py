"""Where a training runs: one processor, one accelerator, or many processes that share each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from deblurgan.errors import TrainingFailed

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def connect(*, accelerator: str = "auto", devices: int = 1, nodes: int = 1) -> Fabric:
    """Start the processes of a training, or join them; each goes on from here by itself.

    Args:
        accelerator: 'cpu', 'gpu' or 'auto' for a GPU if there is one; Lightning Fabric knows more.
        devices: processes on this machine, one per device.
        nodes: machines; start the same command on each, with the environment that torchrun sets.

    Raises:
        TrainingFailed: this machine has no such accelerator, or fewer of them.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    alone = devices * nodes == 1
    strategy = "auto" if alone else "ddp"
    try:
        fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=nodes, strategy=strategy)
    except (MisconfigurationException, RuntimeError, ValueError) as error:
        wanted, said = f"{accelerator!r} with {devices} devices", " ".join(str(error).split()).rstrip(".!")
        raise TrainingFailed(
            f"The accelerator {wanted} is not to be had here ({said}); use cpu or auto."
        ) from None
    fabric.launch()
    # Crops are of one size, so what the first step finds out about its convolutions holds for all.
    torch.backends.cudnn.benchmark = True
    return fabric


def share_gradients(fabric: Fabric, network: nn.Module) -> None:
    """Replace each gradient by its mean over the processes."""
    if fabric.world_size == 1:
        return
    gradients = [weights.grad for weights in network.parameters() if weights.grad is not None]
    mean = _mean(fabric, torch.cat([gradient.flatten() for gradient in gradients]))
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, values in zip(gradients, torch.split(mean, sizes), strict=True):
        gradient.copy_(values.view_as(gradient))


def mean_of_processes(fabric: Fabric, values: Tensor) -> Tensor:
    """Mean of each value over the processes."""
    return values if fabric.world_size == 1 else _mean(fabric, values)


def any_process(fabric: Fabric, truth: bool) -> bool:
    """Whether something is true in one process at least: the same answer in all of them."""
    if fabric.world_size == 1:
        return truth
    return bool(_mean(fabric, torch.tensor(float(truth), device=fabric.device)) > 0)


def _mean(fabric: Fabric, values: Tensor) -> Tensor:
    mean = fabric.all_reduce(values, reduce_op="mean")
    if not isinstance(mean, Tensor):
        raise TypeError(f"reducing a tensor gave a {type(mean).__name__}")
    return mean
