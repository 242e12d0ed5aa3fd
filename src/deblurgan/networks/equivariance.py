"""Keep a plain network equivariant: a flipped or turned picture gives the flipped or turned result.

Which way a camera shook is chance, so what is learned of one direction holds for all eight flips and quarter
turns. Weights are tied as in group-equivariant convolutions on the group p4m (Cohen and Welling, ICML 2016): the
channels of a feature map come in eights, one for each element of the group, which permutes them while it moves the
pixels. The network stays an ordinary one and costs what it did; its weights are equal where the group takes one to
another.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from deblurgan.networks.backbones import PlainBackbone
from deblurgan.networks.decoders import PixelShuffleDecoder
from deblurgan.networks.generators import FPNGenerator

ORDER = 8
_COLOURS = 3

Permutations = Tensor
"""Where each element of the group takes each channel, int64 [8, channels]."""


def make_equivariant(network: FPNGenerator) -> None:
    """Tie the weights of a new `fpn_plain`, in place; their variance stays.

    Raises:
        ValueError: the network is another, or a width is no multiple of eight.
    """
    with torch.no_grad():
        for weights, orbits in _orbits(network):
            # The mean of eight independent weights has an eighth of their variance.
            weights.copy_(orbits.mean(weights) * (ORDER**0.5 if weights.dim() > 1 else 1))


def keep_equivariant(network: FPNGenerator) -> None:
    """Tie the gradients of a network: optimisers that treat weights one by one then keep tied weights tied.

    Args:
        network: `fpn_plain`, on the device that it is trained on.
    """
    for weights, orbits in _orbits(network):
        weights.register_hook(orbits.mean)  # type: ignore[no-untyped-call]


def is_equivariant(network: FPNGenerator, tolerance: float = 1e-3) -> bool:
    """Say whether the weights are tied, but for a share of `tolerance` of the largest of each layer."""
    return all(
        bool((weights - orbits.mean(weights)).abs().max() <= tolerance * weights.abs().max())
        for weights, orbits in _orbits(network)
    )


class _Orbits:
    """Weights that the group takes to each other.

    Args:
        like: the weights, [outputs, inputs, rows, columns], or [outputs] of a bias.
        outputs: the group's action on the channels that come out.
        inputs: on those that go in; None for a bias.
    """

    def __init__(self, like: Tensor, outputs: Permutations, inputs: Permutations | None) -> None:
        places = torch.arange(like.numel()).view(like.shape)
        moved = []
        for element in range(ORDER):
            of = places if inputs is None else _moved(places, element)[:, inputs[element].argsort()]
            moved.append(of[outputs[element].argsort()].flatten())
        images = torch.stack(moved)
        lowest = images.min(dim=0).values
        is_lowest = lowest == places.flatten()
        self._members = images[:, is_lowest].flatten().to(like.device)
        self._orbit = (is_lowest.cumsum(dim=0) - 1)[lowest].to(like.device)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over each orbit, in the shape and memory format of the values."""
        means = values.contiguous().flatten().index_select(0, self._members).view(ORDER, -1).mean(dim=0)
        return torch.empty_like(values).copy_(means.index_select(0, self._orbit).view(values.shape))


def _orbits(network: FPNGenerator) -> Iterator[tuple[Tensor, _Orbits]]:
    backbone, decoder = network.backbone, network.decoder
    if not isinstance(backbone, PlainBackbone) or not isinstance(decoder, PixelShuffleDecoder):
        raise ValueError(f"only fpn_plain can be kept equivariant, not {network.architecture}")
    colours = torch.arange(_COLOURS).expand(ORDER, -1)
    enlarging = {next(up.children()) for up in decoder.up}
    for layer in network.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        if layer is backbone.stem:
            inputs, outputs = _unshuffled(colours, 2), _regular(layer.out_channels)
            if backbone.sees_change:
                inputs = torch.cat([inputs, inputs.shape[1] + colours], dim=1)
        elif layer is decoder.head:
            inputs, outputs = _regular(layer.in_channels), _unshuffled(colours, decoder.shuffle.upscale_factor)
        elif layer in enlarging:
            inputs, outputs = _regular(layer.in_channels), _unshuffled(_regular(layer.out_channels // 4), 2)
        else:
            inputs, outputs = _regular(layer.in_channels), _regular(layer.out_channels)
        yield layer.weight, _Orbits(layer.weight, outputs, inputs)
        if layer.bias is not None:
            yield layer.bias, _Orbits(layer.bias, outputs, None)


def _moved(maps: Tensor, element: int) -> Tensor:
    """Maps, [..., rows, columns], as an element of the group leaves them: mirrored or not, then turned."""
    mirrored, quarters = divmod(element, 4)
    return torch.rot90(maps.flip(-1) if mirrored else maps, quarters, (-2, -1))


def _cells(side: int) -> Permutations:
    """Where the group takes the cells of a square, counted row by row: [8, side * side]."""
    cells = torch.arange(side**2).view(side, side)
    return torch.stack([_moved(cells, element).flatten().argsort() for element in range(ORDER)])


def _regular(channels: int) -> Permutations:
    """The action on channels in eights, each of which stands for an element of the group: multiplication."""
    if channels % ORDER:
        raise ValueError(
            f"a width of {channels} channels is no multiple of {ORDER}, so it cannot be kept equivariant"
        )
    # Every element moves the corners of a square otherwise, so what corners do tells which one it is.
    corners = [tuple(moved) for moved in _cells(2).tolist()]
    products = torch.tensor(
        [[corners.index(tuple(left[at] for at in right)) for right in corners] for left in corners]
    )
    eights = torch.arange(0, channels, ORDER)
    return (eights[None, :, None] + products[:, None, :]).flatten(start_dim=1)


def _unshuffled(action: Permutations, side: int) -> Permutations:
    """The action on a map of which pixel shuffle makes one `side` times larger, given that on the larger."""
    channels = action[:, :, None] * side**2 + _cells(side)[:, None, :]
    return channels.flatten(start_dim=1)
