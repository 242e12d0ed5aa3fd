"""Discriminators give what the official ones gave for the same weights."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from reference_weights import fill  # noqa: E402

from deblurgan.networks import build_discriminator  # noqa: E402

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("name", "fixture", "keys"), [("patch", "patch", "patch_n3"), ("global", "full", "full_n5")]
)
def test_judgements_and_names_are_the_official_ones(name, fixture, keys):
    discriminator = build_discriminator(name)
    weights = {
        key: torch.from_numpy(fill(key, tuple(old.shape))) for key, old in discriminator.state_dict().items()
    }
    discriminator.load_state_dict(weights)
    official = json.loads((HERE / f"ref_keys_disc_{keys}.json").read_text())
    assert [(f"module.{key}", list(value.shape)) for key, value in weights.items()] == list(official.items())
    reference = np.load(HERE / "discriminator_and_losses.npz")
    for picture in ("fake", "real"):
        with torch.no_grad():
            judged = discriminator(torch.from_numpy(reference[picture].astype(np.float32)))
        np.testing.assert_allclose(judged.numpy(), reference[f"d_{fixture}_{picture}"], atol=1e-4)
