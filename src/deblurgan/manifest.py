"""The manifest of a model: every fact needed to run, trust and cite it; it travels with the weights."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deblurgan.errors import BrokenModel
from deblurgan.whole import write_whole

FILE_NAME = "manifest.json"
SCHEMA = 1
_CHOICES = {"statistics": ("fixed", "per-image"), "tiling": ("free", "overlap", "whole")}


@dataclass(frozen=True)
class ModelFile:
    """A file of a model.

    Attributes:
        path: relative to the manifest.
        sha256: of its content.
    """

    path: str
    sha256: str


@dataclass(frozen=True)
class Measurement:
    """A published figure and how to get it again.

    Attributes:
        figure: name of the metric, such as 'psnr'.
        value: of the model.
        baseline: of the untouched blurred input.
        data: what it was measured on.
        command: that anyone can run.
    """

    figure: str
    value: float
    baseline: float
    data: str
    command: str


@dataclass(frozen=True)
class Manifest:
    """All facts about one model.

    Attributes:
        name: of the model.
        version: of its weights.
        files: by kind, such as 'onnx'; with 'backbone' and 'decoder', the network in two parts, where only the
            second may compute in bf16.
        architecture: name of the generator in `deblurgan.networks.GENERATORS`.
        options: keyword arguments it was built with.
        backbone: the generator's backbone, for people.
        value_range: what the network takes and gives for black and white.
        size_multiple: both sides of its input must be multiples of this.
        minimum_size: least (height, width) of its input.
        statistics: 'fixed', or 'per-image' if it normalises by statistics of the whole input.
        tiling: 'free' if tiles that overlap by `halo` give the whole result, 'overlap' if they must fade into each
            other, 'whole' if the picture must not be cut.
        halo: pixels around a point that influence it noticeably; of a scale-recurrent network, in one pass.
        parameters: number of weights.
        live_parameters: those of them that the output depends on.
        macs_per_pixel: multiply-accumulates of its convolutions per pixel of the input.
        backbone_macs_per_pixel: those of them that its backbone takes; None if nobody counted.
        scale: size of the output over the input.
        recurrent_scales: how many sizes of the picture a scale-recurrent network runs on; its passes are exported
            one by one, too, as the file of kind 'pass', so that each size is cut into tiles of its own.
        licence: of the weights.
        trained_on: the sources of the training data, with their licences.
        recipe_digest: SHA-256 of the recipe.
        measured: published figures.
        cite: how to cite it.
        schema: version of this format.
    """

    name: str
    version: str
    files: dict[str, ModelFile]
    architecture: str
    backbone: str
    value_range: tuple[float, float]
    size_multiple: int
    minimum_size: tuple[int, int]
    statistics: str
    tiling: str
    halo: int
    parameters: int
    live_parameters: int
    macs_per_pixel: float
    licence: str
    trained_on: tuple[str, ...]
    recipe_digest: str
    cite: str
    options: dict[str, Any] = field(default_factory=dict)
    backbone_macs_per_pixel: float | None = None
    scale: int = 1
    recurrent_scales: int = 1
    measured: tuple[Measurement, ...] = ()
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        for key, allowed in _CHOICES.items():
            if getattr(self, key) not in allowed:
                found, known = getattr(self, key), ", ".join(allowed)
                raise BrokenModel(f"Model {self.name!r} has {key} {found!r}; it must be one of {known}.")


def load(folder: Path) -> Manifest:
    """Read a model folder's manifest.

    Raises:
        BrokenModel: it is missing, not JSON, of another schema, or has unknown, missing or misformed facts.
    """
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError:
        raise BrokenModel(f"{folder} is not a model folder: it holds no {FILE_NAME}.") from None
    except ValueError as error:
        raise BrokenModel(f"{path} is not valid JSON ({error}); export or download the model again.") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise BrokenModel(f"{path} is not of schema {SCHEMA}; use a matching version of deblurgan.")
    known = {entry.name: entry for entry in dataclasses.fields(Manifest)}
    if unknown := sorted(content.keys() - known.keys()):
        raise BrokenModel(f"{path} holds the unknown fact {unknown[0]!r}; use a matching version of deblurgan.")
    kinds = typing.get_type_hints(Manifest)
    if wrong := [key for key, value in content.items() if not _fits(kinds[key], value)]:
        found = json.dumps(content[wrong[0]], ensure_ascii=False)
        raise BrokenModel(f"{path}: {wrong[0]} cannot be {found}; export or download the model again.")
    try:
        return Manifest(**{key: _revive(key, value) for key, value in content.items()})
    except TypeError as error:
        raise BrokenModel(f"{path} is incomplete: {error}.") from None


def dump(manifest: Manifest) -> str:
    """The manifest as JSON text that `load` reads back to an equal one."""
    return json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False) + "\n"


def save(manifest: Manifest, folder: Path) -> None:
    """Write the manifest into a model folder, whole or not at all, in place of an older one."""
    write_whole(folder / FILE_NAME, dump(manifest).encode(), overwrite=True)


def describe_file(path: Path) -> ModelFile:
    """Name and checksum of a file that lies beside its manifest."""
    return ModelFile(path.name, checksum(path))


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fits(kind: Any, value: Any) -> bool:
    """Whether a value from JSON can be what a fact is declared to be; what is lacking or unknown shows later."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return any(_fits(part, value) for part in parts)
    if origin is tuple:
        wanted = parts[:1] * len(value) if ... in parts and isinstance(value, list) else parts
        return isinstance(value, list) and len(value) == len(wanted) and all(map(_fits, wanted, value))
    if origin is dict:
        return isinstance(value, dict) and all(_fits(parts[1], each) for each in value.values())
    if dataclasses.is_dataclass(kind):
        kinds = typing.get_type_hints(kind)
        return isinstance(value, dict) and all(_fits(kinds.get(key, Any), each) for key, each in value.items())
    return kind is Any or isinstance(value, int | float if kind is float else kind)


def _revive(key: str, value: Any) -> Any:
    """Undo what JSON does to tuples and nested dataclasses."""
    if key == "files":
        return {kind: ModelFile(**entry) for kind, entry in value.items()}
    if key == "measured":
        return tuple(Measurement(**entry) for entry in value)
    return tuple(value) if isinstance(value, list) else value
