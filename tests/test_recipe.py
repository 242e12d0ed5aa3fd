"""Recipes are read strictly: a misspelt or contradictory setting fails before anything starts."""

from dataclasses import is_dataclass
from typing import get_type_hints

import pytest

from deblurgan.errors import RecipeError
from deblurgan.training import recipe as recipes
from deblurgan.training.ranges import RANGES
from deblurgan.training.recipe import from_settings, load
from deblurgan.training.settings import Recipe


@pytest.mark.parametrize("name", recipes.names())
def test_every_bundled_recipe_loads_and_survives_its_own_toml(name, tmp_path):
    pytest.importorskip("tomli_w")
    recipe = load(name)
    assert recipe.name == name
    path = tmp_path / "recipe.toml"
    path.write_text(recipes.as_toml(recipe), "utf-8")
    assert load(str(path)) == recipe
    assert load(str(path)).digest() == recipe.digest()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"data": {"photos": ["p"], "bach": 4}}, r"data\.bach"),
        ({"colour": 1}, "colour"),
        ({"data": {"photos": ["p"], "batch": "four"}}, r"data\.batch"),
        ({"data": {"photos": ["p"], "batch": True}}, r"data\.batch"),
        ({"data": {"photos": "p"}}, r"data\.photos"),
        ({"data": {"photos": ["p"], "real_share": 0.5}}, "names no folder"),
        ({"data": {"real_share": 0.0}}, "no sharp pictures"),
        ({"data": {"photos": ["p"], "real_share": 0.0, "crop": 100}}, "multiple of 16"),
        ({"data": {"photos": ["p"], "real_share": 0.0}, "precision": "f16"}, "precision"),
        ({"data": {"photos": ["p"], "real_share": 0.0}, "losses": {"charbonnier": 0, "frequency": 0}}, "weight"),
        ({"data": {"photos": ["p"], "real_share": 0.0}, "losses": {"content": 1.0}}, "VGG19"),
        ({"data": {"photos": ["p"], "real_share": 0.0}, "adversarial": {"loss": "wgan_gp"}}, "penalty"),
        ({"data": {"pairs": [{"folder": "p", "every": 0}]}}, "every in data.pairs must be at least 1"),
        ({"data": {"pairs": [{"every": 2}]}}, r"data\.pairs\.folder is missing"),
        ({"data": {"pairs": ["p"]}, "optimiser": {"betas": [0.9]}}, r"optimiser\.betas"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings, says):
    with pytest.raises(RecipeError, match=says):
        from_settings(settings)


def test_overrides_change_single_settings():
    recipe = load("plain", ("data.batch=3", "name=other", "data.photos=['a', 'b']", "optimiser.ema=1"))
    assert (recipe.data.batch, recipe.name, recipe.data.photos) == (3, "other", ("a", "b"))
    assert recipe.optimiser.ema == 1.0
    assert recipe.digest() != load("plain").digest()


@pytest.mark.parametrize(
    "override",
    [
        *("data.batch", "data.bach=3", "data.least_size=0", "data.recoloured=2"),
        *("seed.x=1", "data.workers.x.y=1", "data.pairs.x=1"),
    ],
)
def test_a_wrong_override_is_refused(override):
    with pytest.raises(RecipeError):
        load("plain", (override,))


def numbers_of_a_recipe(*kinds):
    """Paths of the settings that are of one of these types."""
    sections = {"": Recipe, **{name: kind for name, kind in get_type_hints(Recipe).items() if is_dataclass(kind)}}
    return {
        f"{name}.{setting}".lstrip(".")
        for name, section in sections.items()
        for setting, kind in get_type_hints(section).items()
        if kind in kinds
    }


@pytest.mark.parametrize("path", sorted(numbers_of_a_recipe(int)))
def test_a_whole_number_below_its_least_is_refused_by_name(path):
    least = RANGES[path].least
    with pytest.raises(RecipeError, match=f"{path} is {least - 1}; it must be at least {least}"):
        load("plain", (f"{path}={least - 1}",))


def test_every_number_of_a_recipe_has_a_range():
    assert numbers_of_a_recipe(int, float, tuple[float, float]) == set(RANGES)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optimiser.learning_rate=-1", "optimiser.learning_rate is -1.0; it must be above 0"),
        ("optimiser.learning_rate=0", "above 0"),
        ("optimiser.clip_norm=0", "above 0"),
        ("optimiser.betas=[0.9, 1]", "optimiser.betas is 1.0; it must be below 1"),
        ("optimiser.ema=2", "optimiser.ema is 2.0; it must be at most 1"),
        ("data.pair_frame_share=7", "at most 1"),
        ("losses.mse=nan", "losses.mse is nan; it must be at least 0"),
        ("blur.jpeg_quality=99", "at most 98"),
        ("blur.shortest=81", "twice blur.longest"),
        ("data.pairs=[{folder = 'p', share = -1}]", "share in data.pairs must be at least 0"),
        ("data.photos=p", r"data\.photos is 'p', which is not a list of text"),
        ("data.batch=four", r"data\.batch is 'four', which is not a whole number"),
        ("optimiser.ema=slow", "which is not a number"),
        ("optimiser.betas=[0.9]", "which is not a list of 2 numbers"),
        ("generator.equivariant=1", "which is not true or false"),
        ("losses=3", "losses is 3, which is not a table of settings"),
        ("data.pairs=[3]", "data.pairs is 3, which is not a folder or a table of settings"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_refused_with_what_it_must_be(override, says):
    with pytest.raises(RecipeError, match=says):
        load("plain", (override,))


def test_a_file_that_is_no_text_is_no_recipe(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(RecipeError, match=r"photo\.jpg is not text"):
        load(str(tmp_path / "photo.jpg"))


def test_an_unknown_recipe_is_answered_with_the_known_ones():
    with pytest.raises(RecipeError, match="plain"):
        load("nonesuch")
