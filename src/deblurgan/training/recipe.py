"""Recipes by name, in TOML, with overrides; needs no torch."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from deblurgan.errors import RecipeError
from deblurgan.training.settings import PairSource, Recipe


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
    file = bundled if bundled.is_file() else Path(recipe)
    if not file.is_file():
        raise RecipeError(f"No recipe is called {recipe!r}; known: {', '.join(names())}, or give a TOML file.")
    settings = _parse(file, recipe)
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


def _parse(file: Traversable, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"{origin} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{origin} is not text, so it is no recipe; give a TOML file.") from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{origin} is not valid TOML: {error}.") from None


def _override(settings: dict[str, Any], override: str) -> None:
    path, separator, value = override.partition("=")
    if not separator:
        raise RecipeError(f"Override {override!r} is not of the form section.key=value.")
    *sections, key = path.strip().split(".")
    for section in sections:
        settings = settings.setdefault(section, {})
        if not isinstance(settings, dict):
            raise RecipeError(f"Override {override!r}: {section} has a value, and no settings under it.")
    try:
        settings[key] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        settings[key] = value


def arguments_of(kind: Any, settings: dict[str, Any], path: str) -> dict[str, Any]:
    """Keyword arguments of a function or a dataclass, checked against its declared types.

    Args:
        kind: whose they are.
        settings: plain values by name.
        path: of the settings in the recipe, with its last dot.

    Raises:
        RecipeError: one is unknown, or of another type.
    """
    hints = {name: hint for name, hint in typing.get_type_hints(kind).items() if name != "return"}
    unknown = sorted(set(settings) - set(hints))
    if unknown:
        near = difflib.get_close_matches(unknown[0], hints, n=1)
        known = f"did you mean {path}{near[0]}?" if near else f"known here: {', '.join(sorted(hints))}."
        raise RecipeError(f"Unknown setting {path}{unknown[0]}; {known}")
    if kind is PairSource and "folder" not in settings:
        raise RecipeError(f"Setting {path}folder is missing; a set of pairs has one.")
    return {key: _convert(hints[key], value, path + key) for key, value in settings.items()}


def _build(kind: Any, settings: dict[str, Any], path: str) -> Any:
    return kind(**arguments_of(kind, settings, path))


def _convert(hint: Any, value: Any, path: str) -> Any:
    """Check one value against its declared type; TOML arrays become tuples, whole numbers floats."""
    if hint is PairSource and isinstance(value, str):
        return PairSource(value)
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(hint, value, f"{path}.")
    if dataclasses.is_dataclass(hint) and isinstance(value, hint):  # type: ignore[arg-type]
        return value
    origin = typing.get_origin(hint)
    items = typing.get_args(hint)
    if origin is tuple and isinstance(value, list | tuple) and (... in items or len(value) == len(items)):
        return tuple(_convert(items[0], item, path) for item in value)
    if origin is dict and isinstance(value, dict):
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is None and not isinstance(hint, types.UnionType) and type(value) is hint:
        return value
    raise RecipeError(f"Setting {path} is {value!r}, which is not {_in_words(hint)}.")


_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_MANY = {int: "whole numbers", float: "numbers", str: "text", PairSource: "folders or tables of settings"}


def _in_words(hint: Any) -> str:
    """What a type is called where TOML is written."""
    if hint is PairSource:
        return "a folder or a table of settings"
    if typing.get_origin(hint) is tuple:
        items = typing.get_args(hint)
        return f"a list of {'' if ... in items else f'{len(items)} '}{_MANY[items[0]]}"
    return _KINDS.get(hint, "a table of settings")
