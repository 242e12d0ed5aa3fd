"""The page in a real browser: drop a photo, see it sharpen, compare, download."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import PIL.Image
import pytest
from serving import on_loopback, wait_until

from deblurgan.image import read

STREET = Path(__file__).parents[2] / "examples" / "street.jpg"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 860}

DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
# Mean absolute difference between neighbouring pixels of a picture's middle.
DETAIL = """selector => {
  const picture = document.querySelector(selector), side = 256;
  const context = Object.assign(document.createElement("canvas"), { width: side, height: side }).getContext("2d");
  context.drawImage(picture, 500, 200, side, side, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  let sum = 0;
  for (let place = 4; place < data.length; place += 4) sum += Math.abs(data[place] - data[place - 4]);
  return sum / (side * side);
}"""


@pytest.fixture(scope="module")
def address():
    """A server with the model that comes with the package."""
    command = [sys.executable, "-m", "deblurgan", "serve", "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.terminate()


@pytest.fixture
def open_page(chromium, address):
    """Opens the page at a size, in a colour scheme; no request may go elsewhere and no script may fail."""
    contexts, failures = [], []

    def opened(size=DESK, scheme="light", address=address, is_ready=lambda page: page.locator("option").count()):
        contexts.append(chromium.new_context(viewport=size, color_scheme=scheme, has_touch=size is PHONE))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("request", lambda sent: sent.url.startswith((address, "blob:")) or failures.append(sent.url))
        page.goto(address)
        wait_until(lambda: is_ready(page))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert failures == []


def street_with_metadata(tmp_path: Path) -> Path:
    exif = PIL.Image.Exif()
    exif[0x010F] = "Camera & Co"
    path = tmp_path / "straße 1.jpg"
    with PIL.Image.open(STREET) as street:
        from PIL import ImageCms

        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        street.save(path, quality=92, exif=exif, icc_profile=profile)
    return path


def part_of_street(folder: Path) -> Path:
    with PIL.Image.open(STREET) as street:
        street.crop((400, 200, 720, 380)).save(folder / "part.jpg", quality=95)
    return folder / "part.jpg"


def drop(page, photo: Path):
    page.evaluate(DROP, [photo.name, base64.b64encode(photo.read_bytes()).decode()])


def saved(page, selector: str) -> bytes:
    with page.expect_download() as started:
        page.click(selector)
    return Path(started.value.path()).read_bytes()


def test_a_dropped_photo_is_sharpened_compared_and_downloaded(open_page, tmp_path):
    page, photo = open_page(), street_with_metadata(tmp_path)
    drop(page, photo)
    page.wait_for_selector("li[data-state=done]")
    page.wait_for_selector("#viewer:not([hidden])")
    page.wait_for_function(
        "document.querySelector('#after').complete && document.querySelector('#before').complete"
    )
    assert page.evaluate(DETAIL, "#after") > 1.05 * page.evaluate(DETAIL, "#before")

    line = page.get_by_role("slider", name="Line between before and after")
    line.focus()
    for key, expected in (
        ("ArrowRight", "52"),
        ("PageUp", "62"),
        ("End", "100"),
        ("Home", "0"),
        ("ArrowLeft", "0"),
    ):
        page.keyboard.press(key)
        assert line.get_attribute("aria-valuenow") == expected
    page.keyboard.press("+")
    assert page.locator("#comparison.zoomed").count() == 1
    page.keyboard.press("0")
    assert page.locator("#comparison.zoomed").count() == 0

    frame = page.locator("#comparison").bounding_box()
    page.mouse.move(frame["x"] + 0.5 * frame["width"], frame["y"] + 50)
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.25 * frame["width"], frame["y"] + 60, steps=4)
    page.mouse.up()
    assert abs(float(line.get_attribute("aria-valuenow")) - 25) <= 1

    with page.expect_download() as started:
        page.click("#download")
    assert started.value.suggested_filename == "straße 1_deblurred.jpg"
    original, sharp = read(photo), read(Path(started.value.path()).read_bytes())
    assert sharp.exif == original.exif
    assert sharp.icc_profile == original.icc_profile
    assert sharp.pixels.shape == original.pixels.shape


def test_several_photos_one_of_them_bad_come_as_a_zip(open_page, tmp_path):
    page = open_page()
    bad, tiff = tmp_path / "notes.jpg", tmp_path / "scan.tif"
    bad.write_text("no picture")
    with PIL.Image.open(STREET) as street:
        small = street.resize((160, 90))
        small.save(tiff)
        small.save(tmp_path / "small.jpg")
    page.set_input_files("#files", [tmp_path / "small.jpg", tmp_path / "small.jpg", bad, tiff])
    wait_until(lambda: page.evaluate("document.querySelectorAll('li[data-state=done]').length === 3"))
    assert "no picture of a known format" in page.locator("li[data-state=failed] .failure").inner_text()
    with zipfile.ZipFile(io.BytesIO(saved(page, "#download-all"))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert read(archive.read("scan_deblurred.tiff")).width == 160
    assert names == ["small_deblurred.jpg", "small_deblurred-2.jpg", "scan_deblurred.tiff"]
    # A browser shows no TIFF, so the page shows a JPEG of it.
    page.locator("li", has_text="scan.tif").locator(".pick").click()
    wait_until(lambda: page.evaluate("document.querySelector('#after').naturalWidth === 160"))


def test_a_video_is_told_where_it_can_be_restored(open_page, tmp_path):
    page = open_page()
    for name in ("walk.mp4", "walk.mkv"):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypisom" + bytes(64))
    page.set_input_files("#files", [tmp_path / "walk.mp4", tmp_path / "walk.mkv"])
    wait_until(lambda: page.locator("li[data-state=failed]").count() == 2)
    said = page.locator(".failure").all_inner_texts()
    assert said == [f'Videos are for the command line: deblurgan run "walk.{suffix}"' for suffix in ("mp4", "mkv")]


def test_what_could_not_be_kept_is_said_beside_the_photo(open_page, tmp_path):
    page = open_page()
    PIL.Image.new("CMYK", (160, 90), (0, 40, 80, 20)).save(tmp_path / "print.jpg")
    page.set_input_files("#files", tmp_path / "print.jpg")
    page.wait_for_selector("#viewer-note:not([hidden])")
    assert "print.jpg: CMYK became sRGB" in page.locator("#viewer-note").inner_text()


def test_another_strength_restores_again(open_page, tmp_path):
    page = open_page()
    path = part_of_street(tmp_path)
    page.set_input_files("#files", path)
    page.wait_for_selector("li[data-state=done]")
    first, strong = page.locator("#download").get_attribute("href"), saved(page, "#download")
    page.locator("#strength").fill("0")
    page.click("#again")
    wait_until(lambda: page.locator("#download").get_attribute("href") != first)
    weak = read(saved(page, "#download")).pixels
    original = read(path).pixels
    assert abs(weak - original).mean() < 0.2 * abs(read(strong).pixels - original).mean()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk light", "phone dark"])
def test_axe_finds_nothing_and_nothing_sticks_out(open_page, size, scheme, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(size, scheme)
    (tmp_path / "notes.jpg").write_text("no picture")
    for step in ("empty", "full"):
        if step == "full":
            page.set_input_files("#files", [part_of_street(tmp_path), tmp_path / "notes.jpg"])
            page.wait_for_selector("#viewer:not([hidden])")
            page.wait_for_selector("li[data-state=failed]")
        found = axe.run(page).response["violations"]
        assert [(violation["id"], violation["impact"]) for violation in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_all_can_be_reached_by_keyboard(open_page, tmp_path):
    page = open_page(PHONE)
    page.set_input_files("#files", part_of_street(tmp_path))
    page.wait_for_selector("#viewer:not([hidden])")
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"divider", "zoom-in", "zoom-fit", "download", "files", "model", "strength", "download-all"} <= reached
    assert {"pick", "button icon save", "icon remove", "clear"} <= reached


def test_fingers_move_the_line_and_zoom(open_page, tmp_path):
    page = open_page(PHONE)
    page.set_input_files("#files", part_of_street(tmp_path))
    page.wait_for_selector("#viewer:not([hidden])")
    devtools = page.context.new_cdp_session(page)
    frame = page.locator("#comparison").bounding_box()

    def touch(kind: str, *places: float):
        points = [{"x": frame["x"] + place * frame["width"], "y": frame["y"] + 60} for place in places]
        numbered = [point | {"id": number} for number, point in enumerate(points)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": numbered})

    touch("touchStart", 0.5)
    for place in (0.6, 0.7, 0.8):
        touch("touchMove", place)
    touch("touchEnd")
    wait_until(lambda: page.locator("#divider").get_attribute("aria-valuenow") == "80")
    touch("touchStart", 0.45, 0.55)
    for spread in (0.1, 0.2, 0.3):
        touch("touchMove", 0.45 - spread, 0.55 + spread)
    touch("touchEnd")
    wait_until(lambda: page.locator("#comparison.zoomed").count())


def test_a_result_that_can_be_shown_nowhere_can_be_saved_all_the_same(open_page, make_app, tmp_path):
    with on_loopback(make_app(upload_bytes=10_000)) as port:
        page = open_page(address=f"http://127.0.0.1:{port}/")
        PIL.Image.effect_noise((100, 80), 50).convert("RGB").save(tmp_path / "scan.tif")
        page.set_input_files("#files", tmp_path / "scan.tif")
        page.wait_for_selector("li[data-state=done]")
        page.wait_for_selector("#viewer-note:not([hidden])")
        assert read(saved(page, "#download")).width == 100


def test_a_file_that_has_changed_since_it_was_chosen_is_said(open_page, tmp_path):
    page, path = open_page(), part_of_street(tmp_path)
    page.set_input_files("#files", path)
    page.wait_for_selector("li[data-state=done]")
    path.write_bytes(path.read_bytes() + b"more")
    page.locator("#strength").fill("50")
    page.click("#again")
    page.wait_for_selector("li[data-state=failed]")
    assert "cannot be read any more" in page.locator(".failure").inner_text()


@pytest.mark.parametrize("token", ["secret", "geheim\N{EURO SIGN}"])
def test_the_page_asks_for_the_token_until_it_is_right(open_page, make_app, token):
    with on_loopback(make_app(token=token)) as port:
        address = f"http://127.0.0.1:{port}/"
        page = open_page(address=address, is_ready=lambda page: page.locator("dialog[open]").count())
        for given in ("wrong", token):
            page.locator("dialog[open] #token").fill(given)
            page.keyboard.press("Enter")
        wait_until(lambda: page.locator("option", has_text="identity").count())
        assert page.locator("dialog[open]").count() == 0
