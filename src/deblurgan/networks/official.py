"""Checkpoints of the official DeblurGAN-v2 code, read into our networks and written back from them."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from deblurgan.errors import BrokenModel
from deblurgan.networks.generators import FPNGenerator, build
from deblurgan.networks.normalisation import fill
from deblurgan.networks.official_names import DECODER, TRUNKS, Trunk
from deblurgan.networks.pickled import is_training, read_checkpoint
from deblurgan.whole import whole_file

_PREFIX = "module."
_COUNTER = "num_batches_tracked"
_CONTAINERS = ("model", "state_dict")
ARCHITECTURES = ("fpn_mobilenet", "fpn_inception", "fpn_inception_simple")
# The official settings call it norm_layer.
_NORMALISATIONS = ("instance", "batch")


@dataclass(frozen=True)
class OfficialTensor:
    """A tensor of an official checkpoint.

    Attributes:
        name: there, without the prefix that data parallelism adds.
        shape: of it.
        ours: its name in our network; empty for a layer that takes no part in the result.
        alias_of: the name under which the same tensor is stored already, or empty.
    """

    name: str
    shape: tuple[int, ...]
    ours: str
    alias_of: str = ""


def layout(network: FPNGenerator) -> tuple[OfficialTensor, ...]:
    """All tensors that the official code stores for a network, in its order.

    Args:
        network: whose architecture the official code has; its weights do not matter.

    Raises:
        BrokenModel: no official layout is known for it.
    """
    if network.architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise BrokenModel(f"No official layout is known for {network.architecture!r}, only for {known}.")
    trunk = TRUNKS[network.backbone.name]
    ours = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    tensors = _trunk_tensors(trunk, ours)
    aliases = [
        OfficialTensor(alias + tensor.name.removeprefix(original), tensor.shape, tensor.ours, tensor.name)
        for alias, original in trunk.aliases
        for tensor in tensors
        if tensor.name.startswith(f"{original}.")
    ]
    decoder = [
        OfficialTensor(official + name.removeprefix(prefix), shape, name)
        for official, prefix in DECODER
        for name, shape in ours.items()
        if name.startswith(f"{prefix}.")
    ]
    return (*tensors, *aliases, *decoder)


def load_official(path: Path) -> FPNGenerator:
    """Read an official generator checkpoint (`.h5` or `.pth`); the architecture is told from its tensors.

    Args:
        path: a file of torch.save; its names may have the prefix `module.` or not, and may lie in a
            dictionary under 'model' or 'state_dict'.

    Returns:
        the network on the statistics of each picture, as official inference has it.

    Raises:
        BrokenModel: the file is not such a checkpoint; says what is missing, what is unexpected, and
            which names are nearest.
    """
    weights = read_official(path)
    network, tensors = _recognise(path, weights)
    for tensor in tensors:
        alias = weights.get(tensor.name) if tensor.alias_of else None
        if alias is not None and not torch.equal(alias, weights[tensor.alias_of]):
            raise BrokenModel(f"{path} stores two versions of one tensor: {tensor.name} and {tensor.alias_of}.")
    network = build(network.architecture, **network.options)
    fill(network, {each.ours: _stored(each, weights) for each in tensors if each.ours and not each.alias_of})
    return network


def save_official(
    network: FPNGenerator, path: Path, dead: Mapping[str, Tensor] | None = None, *, overwrite: bool = False
) -> None:
    """Write a checkpoint that the official code loads: its names, order, shapes and container.

    Args:
        network: whose architecture the official code has.
        path: to write.
        dead: values for the layers that are stored but take no part in the result, by official name, as
            `read_official` gives them; without, scales and variances are one and all else is zero.
        overwrite: whether an older file may be replaced.

    Raises:
        BrokenModel: no official layout is known for the network.
        UnwritableTarget: the file exists, or the system refuses it.
    """
    ours, given = network.state_dict(), dead or {}
    stored: OrderedDict[str, Tensor] = OrderedDict()
    for tensor in layout(network):
        if tensor.alias_of:
            value = stored[_PREFIX + tensor.alias_of]
        elif tensor.ours:
            value = ours[tensor.ours].detach().cpu().contiguous()
        else:
            value = given.get(tensor.name, _neutral(tensor))
        stored[_PREFIX + tensor.name] = value
    with whole_file(path, overwrite=overwrite) as file:
        # The container of 2019, which the PyTorch of that time reads too.
        torch.save({"model": stored}, file, _use_new_zipfile_serialization=False)


def read_official(path: Path) -> dict[str, Tensor]:
    """All tensors of an official checkpoint by name, without the prefix that data parallelism adds.

    Raises:
        BrokenModel: the file cannot be read, or holds something else than tensors.
    """
    content = read_checkpoint(path)
    if is_training(content):
        raise BrokenModel(f"{path} is of a training; make a model of it with: deblurgan export {path} -o MODEL.")
    for key in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise BrokenModel(f"{path} holds no weights by name; expected a dictionary of tensors.")
    return {str(name).removeprefix(_PREFIX): tensor for name, tensor in content.items()}


def _trunk_tensors(trunk: Trunk, ours: Mapping[str, tuple[int, ...]]) -> list[OfficialTensor]:
    """The backbone's tensors, those of layers that take no part included."""
    import timm

    with torch.device("meta"):
        whole: nn.Module = timm.create_model(trunk.timm_name, pretrained=False)
    return [
        OfficialTensor(trunk.official(name), tuple(tensor.shape), mine if mine in ours else "")
        for name, tensor in whole.state_dict().items()
        if not name.startswith(trunk.without)
        for mine in (f"backbone.trunk.{name}",)
    ]


def _recognise(path: Path, weights: Mapping[str, Tensor]) -> tuple[FPNGenerator, tuple[OfficialTensor, ...]]:
    """The network, without memory for its weights, whose layout a file has."""
    nearest: tuple[int, str] | None = None
    for normalisation, architecture in product(_NORMALISATIONS, ARCHITECTURES):
        with torch.device("meta"):
            network = build(architecture, normalisation=normalisation)
        tensors = layout(network)
        missing, unexpected = _differences(tensors, weights)
        if not missing and not unexpected:
            return network, tensors
        count = len(missing) + len(unexpected)
        if nearest is None or count < nearest[0]:
            nearest = (count, _told(architecture, missing, unexpected))
    raise BrokenModel(f"{path} has the layout of no known network; {nearest[1] if nearest else ''}.")


def _differences(
    tensors: tuple[OfficialTensor, ...], weights: Mapping[str, Tensor]
) -> tuple[list[str], list[str]]:
    """Names a file lacks, and names it has too many or in another shape."""
    known = {tensor.name: tensor.shape for tensor in tensors}
    missing = [
        tensor.name
        for tensor in tensors
        if tensor.ours and not tensor.alias_of and tensor.name not in weights and _COUNTER not in tensor.name
    ]
    unexpected = [name for name, value in weights.items() if known.get(name) != tuple(value.shape)]
    return missing, unexpected


def _told(architecture: str, missing: list[str], unexpected: list[str]) -> str:
    """A sentence about what separates a file from the layout nearest to it."""
    parts = [
        f"{len(names)} {kind} ({', '.join(_with_nearest(name, others) for name in names[:3])}"
        + (", ...)" if len(names) > 3 else ")")
        for kind, names, others in (("missing", missing, unexpected), ("unexpected", unexpected, missing))
        if names
    ]
    return f"nearest is {architecture}, with " + " and ".join(parts)


def _with_nearest(name: str, others: list[str]) -> str:
    if name in others:
        return f"{name} in another shape"
    near = difflib.get_close_matches(name, others, n=1)
    return f"{name}, nearest {near[0]}" if near else name


def _stored(tensor: OfficialTensor, weights: Mapping[str, Tensor]) -> Tensor:
    """A file's tensor; counters, which PyTorch did not store at first, may be missing."""
    return weights[tensor.name] if tensor.name in weights else torch.tensor(0)


def _neutral(tensor: OfficialTensor) -> Tensor:
    """A value for a tensor that nothing reads."""
    if tensor.name.endswith(_COUNTER):
        return torch.tensor(0)
    is_scale = tensor.name.endswith("running_var") or (len(tensor.shape) == 1 and tensor.name.endswith("weight"))
    fresh: Callable[..., Tensor] = torch.ones if is_scale else torch.zeros
    return fresh(tensor.shape)
