"""All state of a training in one object, saved whole and restored to the bit."""

from __future__ import annotations

import copy
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from deblurgan import catalogue, networks
from deblurgan.errors import BrokenModel, RecipeError
from deblurgan.networks import FPNGenerator
from deblurgan.networks.equivariance import is_equivariant, keep_equivariant, make_equivariant
from deblurgan.networks.normalisation import fill
from deblurgan.networks.pickled import is_training, read_checkpoint
from deblurgan.networks.weights import SAFETENSORS
from deblurgan.training import recipe as recipes
from deblurgan.training.adversary import Adversary, find_adversary
from deblurgan.training.devices import connect
from deblurgan.training.perceptual import PerceptualLoss, load_vgg
from deblurgan.training.settings import Recipe
from deblurgan.training.torch_engine import weights_of
from deblurgan.whole import whole_file


@dataclass
class TrainingState:
    """Everything that one step changes.

    Attributes:
        recipe: fixed settings.
        fabric: where it runs.
        generator: the weights being learned, channels last.
        average: exponential moving average of them; what is validated and shipped.
        optimiser: AdamW over the generator.
        adversary: the discriminator's side; None without one.
        content: the paper's content loss, which no step changes; None without it.
        step: updates made so far.
        best: highest mean gain of a validation so far, in dB.
    """

    recipe: Recipe
    fabric: Fabric
    generator: FPNGenerator
    average: FPNGenerator
    optimiser: torch.optim.Optimizer
    adversary: Adversary | None
    content: PerceptualLoss | None
    step: int
    best: float


def begin(recipe: Recipe, fabric: Fabric | None = None) -> TrainingState:
    """Fresh state: weights from the recipe's seed, or from the model it starts from.

    Args:
        recipe: the settings.
        fabric: where to run; None for this process on the processor.

    Raises:
        RecipeError: there is no such network, or the crops or the weights that it starts from do not fit it, or it
            cannot be kept equivariant as the recipe asks, or starts from one that was not.
        BrokenModel: the file that it starts from is damaged, or of no network known here.
    """
    torch.manual_seed(recipe.seed)
    generator = _build(recipe)
    if recipe.generator.equivariant:
        try:
            make_equivariant(generator)
        except ValueError as error:
            raise RecipeError(f"Recipe {recipe.name!r}: {error}.") from None
    if recipe.generator.start_from:
        _start_from(recipe.generator.start_from, recipe, generator)
        _refuse_untied(recipe, generator, recipe.generator.start_from)
    return _assemble(recipe, generator, fabric or connect(accelerator="cpu"))


def save(state: TrainingState, path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    content = {
        "recipe": dataclasses.asdict(state.recipe),
        "step": state.step,
        "best": state.best,
        "generator": state.generator.state_dict(),
        "average": state.average.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "adversary": state.adversary.state_dict() if state.adversary else None,
    }
    with whole_file(path, overwrite=True) as temporary:
        torch.save(content, temporary)


def load(path: Path, recipe: Recipe | None = None, fabric: Fabric | None = None) -> TrainingState:
    """Read a checkpoint.

    Args:
        path: file written by `save`.
        recipe: if given, replaces the stored one, for longer schedules, other data or other settings of the
            optimiser; the network must be the same. A discriminator that the checkpoint lacks starts anew, and
            so does the search for the best weights where other pairs validate.
        fabric: where to run; None for this process on the processor.

    Raises:
        RecipeError: the file is missing or no checkpoint of a training, or the given recipe describes another
            network, or is to keep equivariant one that is not.
        BrokenModel: the file is damaged.
    """
    content = _read(path)
    stored = recipes.from_settings(content["recipe"])
    recipe = recipe or stored
    if (recipe.generator.name, recipe.generator.options) != (stored.generator.name, stored.generator.options):
        raise RecipeError(f"{path} holds a {stored.generator.name} with other options than the recipe's.")
    state = _assemble(recipe, _build(recipe, pretrained=False), fabric or connect(accelerator="cpu"))
    state.generator.load_state_dict(content["generator"])
    _refuse_untied(recipe, state.generator, str(path))
    state.average.load_state_dict(content["average"])
    chosen = {key: state.optimiser.param_groups[0][key] for key in ("betas", "weight_decay")}
    state.optimiser.load_state_dict(content["optimiser"])
    for group in state.optimiser.param_groups:
        group.update(chosen)
    if state.adversary and content["adversary"]:
        state.adversary.load_state_dict(content["adversary"])
    state.step = content["step"]
    if recipe.validation.pairs == stored.validation.pairs:
        state.best = content.get("best", -math.inf)
    return state


def steps_in(path: Path) -> int:
    """Updates that a checkpoint has behind it.

    Raises:
        RecipeError: the file is missing or no checkpoint of a training.
        BrokenModel: the file is damaged.
    """
    steps: int = _read(path)["step"]
    return steps


def update_average(state: TrainingState) -> None:
    """Move the averaged weights towards the current ones; faster during the first steps."""
    decay = min(state.recipe.optimiser.ema, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        averages: list[Tensor] = [*state.average.parameters()]
        currents: list[Tensor] = [*state.generator.parameters()]
        torch._foreach_lerp_(averages, currents, 1 - decay)
        for average, current in zip(state.average.buffers(), state.generator.buffers(), strict=True):
            average.copy_(current)


def _build(recipe: Recipe, *, pretrained: bool = True) -> FPNGenerator:
    """The recipe's network; without `pretrained`, weights that it would fetch are not: others follow."""
    name, options = recipe.generator.name, recipe.generator.options
    if name in networks.GENERATORS:
        recipes.arguments_of(networks.GENERATORS[name], options, "generator.options.")
    if not pretrained:
        options = {key: value for key, value in options.items() if key != "pretrained"}
    try:
        network = networks.build(name, **options)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise RecipeError(f"Recipe {recipe.name!r}: {error.args[0]}.") from None
    block = network.size_multiple * network.scale
    if recipe.data.crop % block:
        raise RecipeError(
            f"Recipe {recipe.name!r}: data.crop is {recipe.data.crop}; for this network it must be a multiple of "
            f"{block}."
        )
    return network.to(memory_format=torch.channels_last)


def _assemble(recipe: Recipe, generator: FPNGenerator, fabric: Fabric) -> TrainingState:
    settings, generator = recipe.optimiser, generator.to(fabric.device)
    if recipe.generator.equivariant:
        keep_equivariant(generator)
    optimiser = torch.optim.AdamW(
        generator.parameters(),
        lr=settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    average = copy.deepcopy(generator).requires_grad_(False).eval()
    content = PerceptualLoss(load_vgg(recipe.losses.vgg)).to(fabric.device) if recipe.losses.content else None
    adversary = find_adversary(recipe, fabric.device)
    return TrainingState(recipe, fabric, generator, average, optimiser, adversary, content, step=0, best=-math.inf)


def _refuse_untied(recipe: Recipe, generator: FPNGenerator, origin: str) -> None:
    if recipe.generator.equivariant and not is_equivariant(generator):
        raise RecipeError(
            f"Recipe {recipe.name!r} keeps the network equivariant, but {origin} is not; start from nothing, or "
            "leave generator.equivariant out."
        )


def _start_from(origin: str, recipe: Recipe, generator: FPNGenerator) -> None:
    weights = _with_more_inputs(_starting_weights(origin), generator)
    try:
        fill(generator, weights)
    except BrokenModel as error:
        raise RecipeError(f"Recipe {recipe.name!r} cannot start from {origin}: {error}") from None


def _starting_weights(origin: str) -> dict[str, Tensor]:
    """Averaged weights of a training's checkpoint, or those of a network in a file or a model folder."""
    path = Path(origin)
    if not path.is_file() or path.suffix == ".onnx":
        return weights_of(catalogue.find(origin))
    content = None if path.suffix == SAFETENSORS else read_checkpoint(path)
    if is_training(content):
        weights: dict[str, Tensor] = content["average"]
        return weights
    return networks.load(path).state_dict()


def _with_more_inputs(weights: dict[str, Tensor], network: FPNGenerator) -> dict[str, Tensor]:
    """The same function of the first inputs, where a convolution of the network has further ones."""
    grown = dict(weights)
    for name, wanted in network.state_dict().items():
        given = weights.get(name)
        if given is not None and given.dim() == wanted.dim() == 4 and given.shape[1] < wanted.shape[1]:
            grown[name] = torch.zeros_like(wanted)
            grown[name][:, : given.shape[1]] = given
    return grown


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RecipeError(f"There is no checkpoint at {path}; name the folder of a training that has saved one.")
    content = read_checkpoint(path)
    if not is_training(content):
        raise RecipeError(f"{path} is not the checkpoint of a training; give a run folder, or the last.pt in one.")
    return content
