"""Recipes are read strictly: a misspelt or contradictory setting fails before anything starts."""

import pytest

from deblurgan.errors import RecipeError
from deblurgan.training import recipe as recipes
from deblurgan.training.recipe import from_settings, load


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


@pytest.mark.parametrize("override", ["data.batch", "data.bach=3", "data.least_size=0", "data.recoloured=2"])
def test_a_wrong_override_is_refused(override):
    with pytest.raises(RecipeError):
        load("plain", (override,))


def test_an_unknown_recipe_is_answered_with_the_known_ones():
    with pytest.raises(RecipeError, match="plain"):
        load("nonesuch")
