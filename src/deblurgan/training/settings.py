"""The settings of a training, as nested dataclasses that refuse contradictions; needs no torch."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from deblurgan.blur import BlurSettings
from deblurgan.errors import RecipeError
from deblurgan.training.ranges import refuse_out_of_range


@dataclass(frozen=True)
class PairSource:
    """One set of real pairs. In TOML, a bare string is its folder.

    Attributes:
        folder: or a list file; see `deblurgan.pairs.find_pairs`.
        layout: a key of `deblurgan.pairs.LAYOUTS`, or 'auto'.
        every: of each sequence, the first of this many frames is used.
        share: of the real crops, relative to the other sources; zero for one in proportion to its pairs, and
            then for all of them.
    """

    folder: str
    layout: str = "auto"
    every: int = 1
    share: float = 0.0


@dataclass(frozen=True)
class DataSettings:
    """Where sharp photographs and real pairs come from, and in which shares.

    Attributes:
        photos: folders of sharp photographs, for synthetic blur.
        pairs: sets of real pairs; their sharp pictures serve for synthetic blur too.
        packed: folder in which pictures are kept decoded, to be read in place crop by crop; empty to keep
            them in memory, which only small sets allow.
        real_share: share of training crops cut from real pairs as they are.
        pair_frame_share: share of the synthetic crops that start from the sharp pictures of pairs.
        scale: how many times smaller the network's input is than the sharp crop; above 1 for super-resolution.
        crop: side of a sharp training crop in pixels.
        batch: crops per step.
        workers: processes that prepare crops.
        positions: places tried per crop, of which the one with most detail is taken.
        least_size: half of the crops are cut larger and reduced to a size drawn from this one up to their own, 1:
            finer textures and, in real pairs, shorter blur. 1 for none.
        recoloured: share of crops whose colours change places and brightness, each 0.6 to 1 times its own.
    """

    photos: tuple[str, ...] = ()
    pairs: tuple[PairSource, ...] = ()
    packed: str = ""
    real_share: float = 0.25
    pair_frame_share: float = 0.4
    scale: int = 1
    crop: int = 192
    batch: int = 8
    workers: int = 1
    positions: int = 3
    least_size: float = 1.0
    recoloured: float = 0.0


@dataclass(frozen=True)
class GeneratorSettings:
    """Which network is trained.

    Attributes:
        name: a key of `deblurgan.networks.GENERATORS`.
        options: its keyword arguments.
        start_from: what has the weights to start with: a model's name, folder or ONNX file, the checkpoint of a
            training, or a file as `deblurgan.networks.load` reads it; empty for none.
        frozen_steps: updates at the start during which the backbone stays as it is.
        equivariant: whether a flipped or turned picture always gives the flipped or turned result, so that what
            is learned of one direction of blur holds for eight (`deblurgan.networks.equivariance`).
    """

    name: str = "fpn_plain"
    options: dict[str, Any] = field(default_factory=dict)
    start_from: str = ""
    frozen_steps: int = 0
    equivariant: bool = False


@dataclass(frozen=True)
class LossSettings:
    """Weights of the losses by their names in `deblurgan.training.losses.LOSSES`; zero leaves one out.

    Attributes:
        content: weight of the paper's content loss, 0.006 x VGG19 feature MSE + 0.5 x pixel MSE.
        vgg: file with VGG19's weights as torchvision publishes them, or 'torchvision' to have them fetched; the
            content loss needs it.
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
        parts: equal parts that a batch is worked through in, their gradients added up before the update; more
            parts need less memory. Relativistic means are those of a part.
    """

    learning_rate: float = 5e-4
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-4
    clip_norm: float = 1.0
    ema: float = 0.999
    parts: int = 1


@dataclass(frozen=True)
class ScheduleSettings:
    """How long, and how the learning rate goes: linear warm-up, a plateau, then the way down.

    Attributes:
        steps: updates in all.
        warmup: steps of linear rise at the start.
        plateau: steps at the highest rate before it falls.
        decay: 'cosine' or 'linear'.
        final_share: learning rate at the end, as a share of the highest.
        checkpoint_every: steps between checkpoints.
        log_every: steps between log lines.
    """

    steps: int = 20_000
    warmup: int = 200
    plateau: int = 0
    decay: str = "cosine"
    final_share: float = 0.02
    checkpoint_every: int = 500
    log_every: int = 50


@dataclass(frozen=True)
class ValidationSettings:
    """Folders of pairs to measure on; never trained on.

    Attributes:
        pairs: folders of real pairs.
        every: steps between validations.
        samples: pictures of each validation that are kept as blurred, restored and sharp side by side.
    """

    pairs: tuple[str, ...] = ()
    every: int = 2_000
    samples: int = 2


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
        refuse_out_of_range(self)
        for wrong, message in (
            (self.precision not in ("f32", "bf16"), f"precision is {self.precision!r}; use 'f32' or 'bf16'"),
            (
                self.data.real_share > 0 and not self.data.pairs,
                "data.real_share asks for real pairs but data.pairs names no folder",
            ),
            (
                self.data.real_share < 1 and not (self.data.photos or self.data.pairs),
                "no sharp pictures: name folders in data.photos or data.pairs",
            ),
            (
                self.blur.shortest > 2 * self.blur.longest,
                "blur.shortest is an extent, and must not be longer than twice blur.longest, a displacement",
            ),
            (
                self.data.crop % (16 * self.data.scale) != 0,
                f"data.crop is {self.data.crop}; it must be a multiple of {16 * self.data.scale}",
            ),
            (
                self.data.scale != self.generator.options.get("scale", 1),
                f"data.scale is {self.data.scale}, generator.options.scale is not",
            ),
            (
                self.data.scale > 1 and bool(self.validation.pairs),
                "pairs of one size cannot validate a network that enlarges; leave validation.pairs empty",
            ),
            (
                self.schedule.warmup + self.schedule.plateau >= self.schedule.steps,
                "schedule.warmup and schedule.plateau must be shorter than schedule.steps",
            ),
            (
                self.schedule.decay not in ("cosine", "linear"),
                f"schedule.decay is {self.schedule.decay!r}; use 'cosine' or 'linear'",
            ),
            (
                self.data.batch % self.optimiser.parts != 0,
                f"data.batch is {self.data.batch}; it must divide into optimiser.parts, {self.optimiser.parts}",
            ),
            (
                len({source.share > 0 for source in self.data.pairs}) > 1,
                "either every source in data.pairs states a share or none does",
            ),
            (
                not any(weight for weight in dataclasses.astuple(self.losses) if isinstance(weight, float)),
                "every loss has weight zero; give at least one a weight",
            ),
            (
                self.losses.content > 0 and not self.losses.vgg,
                "losses.content needs VGG19's weights; name a file in losses.vgg, or 'torchvision' to fetch them",
            ),
            (
                self.adversarial.loss == "wgan_gp" and not self.adversarial.penalty,
                "adversarial.loss 'wgan_gp' needs adversarial.penalty, 10 in its paper",
            ),
            (any(source.every < 1 for source in self.data.pairs), "every in data.pairs must be at least 1"),
            (any(not source.share >= 0 for source in self.data.pairs), "share in data.pairs must be at least 0"),
        ):
            if wrong:
                raise RecipeError(f"Recipe {self.name!r}: {message}.")

    def digest(self) -> str:
        """SHA-256 of all settings, the same wherever and however the recipe was written."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
