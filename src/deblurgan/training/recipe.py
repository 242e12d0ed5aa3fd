"""Recipes: everything that decides a training, as nested dataclasses, TOML in and out; needs no torch."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
import types
import typing
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from deblurgan.blur import BlurSettings
from deblurgan.errors import RecipeError


@dataclass(frozen=True)
class DataSettings:
    """Where sharp photographs and real pairs come from, and in which shares.

    Attributes:
        photos: folders of sharp photographs, for synthetic blur.
        pairs: folders of real pairs; their sharp pictures serve for synthetic blur too.
        real_share: share of training crops cut from real pairs as they are.
        pair_frame_share: share of the synthetic crops that start from the sharp pictures of pairs.
        crop: side of a training crop in pixels.
        batch: crops per step.
        workers: processes that prepare crops.
        positions: places tried per crop, of which the one with most detail is taken.
    """

    photos: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    real_share: float = 0.25
    pair_frame_share: float = 0.4
    crop: int = 192
    batch: int = 8
    workers: int = 1
    positions: int = 3


@dataclass(frozen=True)
class GeneratorSettings:
    """Which network is trained.

    Attributes:
        name: a key of `deblurgan.networks.GENERATORS`.
        options: its keyword arguments.
        start_from: a model folder or checkpoint whose weights are the start; empty for none.
    """

    name: str = "fpn_plain"
    options: dict[str, Any] = field(default_factory=dict)
    start_from: str = ""


@dataclass(frozen=True)
class LossSettings:
    """Weights of the losses by their names in `deblurgan.training.losses.LOSSES`; zero leaves one out.

    Attributes:
        content: weight of the paper's content loss, 0.006 x VGG19 feature MSE + 0.5 x pixel MSE.
        vgg: file with VGG19's weights as torchvision publishes them; the content loss needs it.
    """

    charbonnier: float = 1.0
    frequency: float = 1.0
    mse: float = 0.0
    l1: float = 0.0
    content: float = 0.0
    vgg: str = ""


@dataclass(frozen=True)
class AdversarialSettings:
    """The game against a discriminator.

    Attributes:
        weight: of the adversarial loss in the generator's; zero for no discriminator at all.
        discriminator: a key of `deblurgan.networks.DISCRIMINATORS`.
        loss: a key of `deblurgan.training.adversarial.ADVERSARIAL_LOSSES`.
        learning_rate: of the discriminator at its highest; it follows the generator's schedule.
        memory: outputs of the discriminator that the relativistic means run over; the paper has 1, the
            official code 50.
        penalty: weight of the gradient penalty; for wgan_gp, 10 in its paper.
    """

    weight: float = 0.0
    discriminator: str = "double"
    loss: str = "ragan_ls"
    learning_rate: float = 1e-4
    memory: int = 1
    penalty: float = 0.0


@dataclass(frozen=True)
class OptimiserSettings:
    """AdamW and what keeps it steady.

    Attributes:
        learning_rate: at its highest.
        betas: decay of the first and second moments.
        weight_decay: decoupled.
        clip_norm: largest norm of the whole gradient.
        ema: decay per step of the averaged weights, which are the ones validated and shipped.
    """

    learning_rate: float = 5e-4
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-4
    clip_norm: float = 1.0
    ema: float = 0.999


@dataclass(frozen=True)
class ScheduleSettings:
    """How long, and how the learning rate goes: linear warm-up, then cosine.

    Attributes:
        steps: updates in all.
        warmup: steps of linear rise at the start.
        final_share: learning rate at the end, as a share of the highest.
        checkpoint_every: steps between checkpoints.
        log_every: steps between log lines.
    """

    steps: int = 20_000
    warmup: int = 200
    final_share: float = 0.02
    checkpoint_every: int = 500
    log_every: int = 50


@dataclass(frozen=True)
class ValidationSettings:
    """Folders of pairs to measure on; never trained on.

    Attributes:
        pairs: folders of real pairs.
        every: steps between validations.
    """

    pairs: tuple[str, ...] = ()
    every: int = 2_000


@dataclass(frozen=True)
class Recipe:
    """A whole training.

    Attributes:
        name: of the recipe.
        seed: of weights and data; the same recipe with the same seed gives the same weights on a machine.
        precision: 'f32' or 'bf16' (autocast; weights and their updates stay float32).
    """

    name: str = "unnamed"
    seed: int = 0
    precision: str = "bf16"
    data: DataSettings = field(default_factory=DataSettings)
    blur: BlurSettings = field(default_factory=BlurSettings)
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    losses: LossSettings = field(default_factory=LossSettings)
    adversarial: AdversarialSettings = field(default_factory=AdversarialSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)

    def __post_init__(self) -> None:
        for wrong, message in (
            (self.precision not in ("f32", "bf16"), f"precision is {self.precision!r}; use 'f32' or 'bf16'"),
            (not 0 <= self.data.real_share <= 1, "data.real_share must lie between 0 and 1"),
            (
                self.data.real_share > 0 and not self.data.pairs,
                "data.real_share asks for real pairs but data.pairs names no folder",
            ),
            (
                self.data.real_share < 1 and not (self.data.photos or self.data.pairs),
                "no sharp pictures: name folders in data.photos or data.pairs",
            ),
            (self.data.crop % 16 != 0, f"data.crop is {self.data.crop}; it must be a multiple of 16"),
            (
                self.schedule.warmup >= self.schedule.steps,
                "schedule.warmup must be shorter than schedule.steps",
            ),
            (
                not any(weight for weight in dataclasses.astuple(self.losses) if isinstance(weight, float)),
                "every loss has weight zero; give at least one a weight",
            ),
            (
                self.losses.content > 0 and not self.losses.vgg,
                "losses.content needs VGG19's weights; name their file in losses.vgg",
            ),
            (
                self.adversarial.loss == "wgan_gp" and not self.adversarial.penalty,
                "adversarial.loss 'wgan_gp' needs adversarial.penalty, 10 in its paper",
            ),
            (self.adversarial.memory < 1, "adversarial.memory must be at least 1"),
        ):
            if wrong:
                raise RecipeError(f"Recipe {self.name!r}: {message}.")

    def digest(self) -> str:
        """SHA-256 of all settings, the same wherever and however the recipe was written."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def from_settings(settings: dict[str, Any]) -> Recipe:
    """Build a recipe from nested plain values, as TOML or a checkpoint gives them.

    Raises:
        RecipeError: a setting is unknown, of the wrong type, or contradicts another.
    """
    recipe: Recipe = _build(Recipe, settings, "")
    return recipe


def load(recipe: str, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe by the name of one of ours or from a TOML file, and apply `key.path=value` overrides.

    Raises:
        RecipeError: no such recipe, or its settings are wrong.
    """
    bundled = resources.files("deblurgan.training") / "recipes" / f"{recipe}.toml"
    if bundled.is_file():
        text = bundled.read_text("utf-8")
    elif Path(recipe).is_file():
        text = Path(recipe).read_text("utf-8")
    else:
        raise RecipeError(f"No recipe is called {recipe!r}; known: {', '.join(names())}, or give a TOML file.")
    settings = _parse(text, recipe)
    for override in overrides:
        _override(settings, override)
    return from_settings(settings)


def as_toml(recipe: Recipe) -> str:
    """The recipe as TOML text that `load` reads back to an equal one; needs the `train` extra."""
    import tomli_w

    return tomli_w.dumps(dataclasses.asdict(recipe))


def names() -> list[str]:
    """Names of the recipes that come with the package."""
    folder = resources.files("deblurgan.training") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def _parse(text: str, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{origin} is not valid TOML: {error}.") from None


def _override(settings: dict[str, Any], override: str) -> None:
    path, separator, value = override.partition("=")
    if not separator:
        raise RecipeError(f"Override {override!r} is not of the form section.key=value.")
    *sections, key = path.strip().split(".")
    for section in sections:
        settings = settings.setdefault(section, {})
    try:
        settings[key] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        settings[key] = value


def _build(kind: Any, settings: dict[str, Any], path: str) -> Any:
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(settings) - set(hints))
    if unknown:
        known = ", ".join(sorted(hints))
        raise RecipeError(f"Unknown setting {path}{unknown[0]}; known here: {known}.")
    return kind(**{key: _convert(hints[key], value, path + key) for key, value in settings.items()})


def _convert(hint: Any, value: Any, path: str) -> Any:
    """Check one value against its declared type; TOML arrays become tuples, whole numbers floats."""
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(hint, value, f"{path}.")
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_convert(typing.get_args(hint)[0], item, path) for item in value)
    if origin is dict and isinstance(value, dict):
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is None and not isinstance(hint, types.UnionType) and type(value) is hint:
        return value
    raise RecipeError(f"Setting {path} is {value!r}, which is not a {getattr(hint, '__name__', hint)}.")
