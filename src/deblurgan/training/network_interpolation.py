"""Weights between those of two networks of one shape (Wang et al., "Deep Network Interpolation", CVPR 2019)."""

from __future__ import annotations

import torch
from torch import nn

from deblurgan.catalogue import ModelFolder
from deblurgan.networks.normalisation import fill
from deblurgan.training.torch_engine import weights_of


def draw_near(network: nn.Module, model: ModelFolder, share: float) -> None:
    """Leave a network, in place, `share` of the way from a model to where it is; one that was trained on from that
    model keeps as much of what it learned.

    Args:
        network: trained.
        model: that it started from, or one of the same shape.
        share: in [0, 1]; 1 changes nothing, 0 gives the model.

    Raises:
        BrokenModel: the model's weights do not fit the network.
    """
    trained = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fill(network, weights_of(model))
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(trained[name], share)
