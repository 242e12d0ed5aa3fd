"""Small pictures and models that many tests share."""

from __future__ import annotations

import shutil
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from deblurgan.manifest import Manifest
from deblurgan.ycbcr import YCbCr

# A slow or busy machine must not fail a law.
settings.register_profile("deblurgan", deadline=None, max_examples=60)
settings.load_profile("deblurgan")

IDENTITY = Manifest(
    name="identity",
    version="1",
    files={},
    architecture="none",
    backbone="none",
    value_range=(-1.0, 1.0),
    size_multiple=16,
    minimum_size=(16, 16),
    statistics="fixed",
    tiling="free",
    halo=32,
    parameters=0,
    live_parameters=0,
    macs_per_pixel=0.0,
    licence="Apache-2.0",
    trained_on=(),
    recipe_digest="",
    cite="",
)


class IdentityEngine:
    """Gives back what it gets, and remembers the shapes it saw."""

    name = "identity"
    precision = "f32"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.shapes.append(batch.shape)
        return batch.copy()

    def close(self) -> None:
        self.shapes.clear()


class YCbCrEngine(IdentityEngine):
    """The same, of 8-bit pictures in RGB or in luma and chroma, too; of the latter it remembers all."""

    takes_pixels = takes_ycbcr = True

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[YCbCr] = []

    def run_on_pixels(
        self, number: int, pixels: NDArray[np.uint8], coarse: NDArray[np.float16] | None, sharp: NDArray[np.uint8]
    ) -> bool:
        self.shapes.append(pixels.shape)
        sharp[...] = pixels
        return True

    def run_on_ycbcr(self, picture: YCbCr, sharp: YCbCr) -> bool:
        self.pictures.append(picture)
        sharp.luma[...], sharp.blue[...], sharp.red[...] = picture.luma, picture.blue, picture.red
        return True


@pytest.fixture
def scene() -> NDArray[np.uint8]:
    """A picture with edges, texture and colour, uint8 [96, 128, 3]."""
    rows, columns = np.mgrid[0:96, 0:128]
    checks = ((rows // 12 + columns // 16) % 2) * 140
    colours = np.stack([checks + rows, checks + columns // 2, 255 - checks - rows // 2], axis=2)
    noise = np.random.default_rng(7).integers(0, 8, colours.shape)
    return np.clip(colours + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def blurred(scene: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Several of the same, blurred across seven pixels, uint8 [250, 640, 3]."""
    wide = np.tile(scene, (3, 5, 1))[:250].astype(np.float32)
    return np.mean([np.roll(wide, shift, axis=1) for shift in range(7)], axis=0).astype(np.uint8)


@pytest.fixture
def photo_file(tmp_path: Path, scene: NDArray[np.uint8]) -> Path:
    """A JPEG photo on disk."""
    import PIL.Image

    path = tmp_path / "photo.jpg"
    PIL.Image.fromarray(scene).save(path, quality=92)
    return path


@pytest.fixture
def patient_engine():
    """An engine that changes nothing, and holds pictures while its `go` is not set."""
    from serving import PatientEngine

    return PatientEngine()


@pytest.fixture
def make_app(patient_engine, tmp_path: Path):
    """Makes servers on the patient engine; takes a token, origins, and limits by name."""
    from serving import new_app

    return partial(new_app, tmp_path / "serve", patient_engine)


@pytest.fixture
def client(make_app):
    """Talks to a server with the usual limits."""
    from starlette.testclient import TestClient

    with TestClient(make_app()) as client:
        yield client


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


# A shell that starts the tests in the background lets them ignore interrupts, and their children with them.
listen_to_interrupts = partial(signal.signal, signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def chromium():
    """Chromium without a window; what needs it is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"needs one of the browsers {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Opens a file in a browser of its own, offline; afterwards nothing may have gone wrong on the page."""
    contexts, wrong = [], []

    def open_file(path):
        context = chromium.new_context(offline=True, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
        page.goto(path.as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert not wrong
