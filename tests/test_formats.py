"""Formats of cameras, phones and archives: in, and out again where that is possible."""

import importlib.util
import io
import struct

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageCms

from deblurgan.by_camera import say_left_out
from deblurgan.coded import Saving
from deblurgan.errors import MissingExtra, TooLarge, UnreadableImage, UnwritableTarget
from deblurgan.formats import format_of
from deblurgan.image import Image, is_picture, read, write
from deblurgan.jobs import Job, PhotoOptions, plan

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:Rating="5"/></x:xmpmeta>'


def exif(turn=1):
    tags = PIL.Image.Exif()
    tags[0x010F], tags[0x0112] = "Camera", turn
    return tags.tobytes().removeprefix(b"Exif\0\0")


def written(image, format, **options):
    stream = io.BytesIO()
    write(image, stream, format=format, **options)
    return stream.getvalue()


def noise(shape, top=256, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, top, shape, dtype)


@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.booleans(), st.sampled_from([8, 16]))
@settings(max_examples=20)
def test_a_lossless_jpeg_2000_gives_back_every_pixel(height, width, gray, alpha, depth):
    depth = depth if gray and not alpha else 8
    top, dtype = 2**depth, np.uint8 if depth == 8 else np.uint16
    pixels = noise((height, width, 1 if gray else 3), top, dtype)
    cover = noise((height, width)) if alpha else None
    image = Image(np.broadcast_to(pixels, (height, width, 3)), cover, gray, depth, saving=Saving(lossless=True))
    again = read(written(image, "JP2"), as_stored=True)
    np.testing.assert_array_equal(again.pixels, image.pixels)
    assert (again.bit_depth, again.is_gray, again.saving.lossless) == (depth, gray, True)
    assert again.alpha is None if cover is None else np.array_equal(again.alpha, cover)


@pytest.mark.parametrize("format", ["JP2", "AVIF"])
def test_metadata_and_profile_survive(format):
    full = Image(noise((24, 32, 3)), icc_profile=PROFILE, exif=exif(), xmp=XMP)
    again = read(written(read(written(full, format)), format))
    assert (again.icc_profile, again.xmp) == (PROFILE, XMP)
    tags = PIL.Image.Exif()
    tags.load(again.exif)
    assert tags[0x010F] == "Camera"
    bare = read(written(full, format, metadata="strip"))
    assert (bare.icc_profile, bare.exif, bare.xmp) == (PROFILE, None, None)


@pytest.mark.parametrize("dpi", [(300, 240), (72, 72), (4800, 0.5)])
def test_a_jpeg_2000_keeps_its_resolution(dpi):
    jp2 = written(Image(noise((24, 32, 3)), saving=Saving(dpi=dpi)), "JP2")
    assert PIL.Image.open(io.BytesIO(jp2)).info["dpi"] == pytest.approx(dpi)
    assert PIL.Image.open(io.BytesIO(written(read(jp2), "JP2"))).info["dpi"] == pytest.approx(dpi)


@pytest.mark.parametrize("format", ["JP2", "AVIF"])
def test_a_turned_picture_is_turned_once(format):
    stream = io.BytesIO()
    picture = PIL.Image.fromarray(noise((24, 32, 3)))
    if format == "AVIF":
        picture.save(stream, "AVIF", exif=exif(6))
    else:
        from deblurgan import jpeg2000

        plain = io.BytesIO()
        picture.save(plain, "JPEG2000")
        stream.write(jpeg2000.with_blocks(plain.getvalue(), None, exif(6), None))
    image = read(stream.getvalue())
    assert (image.height, image.width) == (32, 24)
    assert read(written(image, format)).height == 32


@pytest.mark.parametrize("format", ["JP2", "AVIF"])
def test_lossy_results_stay_close_and_quality_makes_them_smaller(format):
    rows, columns = np.mgrid[0:64, 0:64]
    image = Image(np.stack([rows * 3, columns * 3, rows + columns], axis=2).astype(np.uint8))
    best, coarse = written(image, format), written(image, format, quality=20)
    assert len(coarse) < len(best)
    assert 10 * np.log10(1 / np.mean((read(best).pixels - image.pixels / 255) ** 2)) > 40


@pytest.mark.parametrize("format", ["JPEG2000", "AVIF"])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_cut_file_is_refused_by_name(tmp_path, format, share):
    stream = io.BytesIO()
    PIL.Image.fromarray(noise((64, 64, 3))).save(stream, format)
    path = tmp_path / "cut.pic"
    path.write_bytes(stream.getvalue()[: int(len(stream.getvalue()) * share)])
    with pytest.raises(UnreadableImage, match=r"cut\.pic is damaged"):
        read(path)


@pytest.mark.parametrize(
    "name", ["a.heic", "a.HEIF", "b.jp2", "c.avif", "d.dng", "e.cr3", "f.NEF", "g.mpo", "h.jfif"]
)
def test_these_suffixes_are_pictures(name):
    assert is_picture(name)


def test_what_cannot_be_written_gets_a_result_that_can(tmp_path):
    for name in ("phone.heic", "camera.dng", "archive.j2k", "plain.avif", "stereo.mpo"):
        (tmp_path / name).touch()
    jobs = plan([str(tmp_path)], None, PhotoOptions())
    assert [job.target.name for job in jobs if isinstance(job, Job)] == [
        "archive_deblurred.jp2",
        "camera_deblurred.tif",
        "phone_deblurred.jpg",
        "plain_deblurred.avif",
        "stereo_deblurred.jpg",
    ]
    with pytest.raises(UnwritableTarget, match="'heic'"):
        plan([str(tmp_path)], None, PhotoOptions(format="heic"))
    with pytest.raises(UnwritableTarget, match=r"'\.dng'"):
        write(Image(noise((4, 4, 3))), tmp_path / "out.dng")


def test_a_container_is_known_by_its_brands():
    def file(*brands):
        body = b"ftyp" + b"".join(brands)
        return struct.pack(">L", len(body) + 4) + body

    assert format_of(file(b"mif1", b"\0\0\0\0", b"mif1", b"avif"), "a") == "AVIF"
    assert format_of(file(b"heic", b"\0\0\0\0"), "a") == "HEIF"
    assert format_of(file(b"crx ", b"\0\0\0\1"), "a") == "RAW"
    with pytest.raises(UnreadableImage):
        format_of(file(b"isom", b"\0\0\0\0"), "a")


def test_a_video_without_a_suffix_is_told_what_to_be_called():
    with pytest.raises(UnreadableImage, match=r"or a video, whose name must end in one of \.mp4"):
        read(b"\0\0\0\x18ftypisom\0\0\0\0")


@pytest.mark.parametrize("content", [b"\0\0\0\x18ftypheic\0\0\0\0", b"FUJIFILMCCD-RAW"])
def test_without_the_extra_its_name_is_said(content, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'deblurgan\[photo\]'"):
        read(content)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("urn:com:apple:photo:2020:aux:hdrgainmap", True), ("urn:mpeg:hevc:2015:auxid:2", False)],
)
def test_a_gain_map_of_a_heic_photo_is_said_to_be_left_out(kind, said, caplog):
    say_left_out("photo.heic", {kind: [3]})
    assert ("gain map" in caplog.text) is said


def test_a_heic_photo_is_read_upright_with_its_metadata():
    heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    picture = heif.from_pillow(PIL.Image.new("RGB", (64, 32), (200, 80, 40)))
    picture.save(stream, exif=b"Exif\0\0" + exif(6), icc_profile=PROFILE)
    image = read(stream.getvalue())
    assert (image.height, image.width, image.bit_depth) == (64, 32, 8)
    assert np.abs(image.pixels.mean((0, 1)) * 255 - (200, 80, 40)).max() < 4
    assert image.icc_profile == PROFILE
    again = read(written(image, "JPEG"))
    assert (again.height, again.icc_profile) == (64, PROFILE)
    with pytest.raises(TooLarge):
        read(stream.getvalue(), max_pixels=5)
    with pytest.raises(UnreadableImage, match="damaged"):
        read(stream.getvalue()[:400])


def negative(width=64, height=48):
    """A raw photo of one grey, as a DNG file: a mosaic of 16-bit samples and the tags that LibRaw asks for."""
    mosaic = np.full((height, width), 20_000, "<u2").tobytes()
    entries = [
        (254, 4, 0),
        (256, 4, width),
        (257, 4, height),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 32803),
        (271, 2, b"Camera\0"),
        (273, 4, "mosaic"),
        (274, 3, 6),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, len(mosaic)),
        (33421, 3, struct.pack("<HH", 2, 2)),
        (33422, 1, bytes([0, 1, 1, 2])),
        (50706, 1, bytes([1, 4, 0, 0])),
        (50708, 2, b"Camera\0"),
        (50717, 4, 65_535),
    ]
    sizes = {1: 1, 2: 1, 3: 2, 4: 4}
    extra_at = 8 + 2 + 12 * len(entries) + 4
    extra = b"".join(value for _, _, value in entries if isinstance(value, bytes) and len(value) > 4)
    mosaic_at, place, directory = extra_at + len(extra), extra_at, b""
    for tag, kind, value in entries:
        if value == "mosaic":
            value = mosaic_at
        if isinstance(value, int):
            field, count = struct.pack("<HH" if kind == 3 else "<L", *((value, 0) if kind == 3 else (value,))), 1
        else:
            count = len(value) // sizes[kind]
            field = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<L", place)
            place += len(value) if len(value) > 4 else 0
        directory += struct.pack("<HHL", tag, kind, count) + field
    return struct.pack("<2sHLH", b"II", 42, 8, len(entries)) + directory + b"\0\0\0\0" + extra + mosaic


def test_a_raw_photo_is_developed_to_16_bits_upright(tmp_path):
    pytest.importorskip("rawpy")
    path = tmp_path / "photo.dng"
    path.write_bytes(negative())
    image = read(path)
    assert (image.height, image.width, image.bit_depth) == (64, 48, 16)
    tags = PIL.Image.Exif()
    tags.load(image.exif)
    assert (tags[0x010F], tags.get(0x0112, 1), tags.get(50706)) == ("Camera", 1, None)
    write(image, tmp_path / "photo.tif")
    assert read(tmp_path / "photo.tif").bit_depth == 16
    path.write_bytes(negative()[:200])
    with pytest.raises(UnreadableImage, match=r"photo\.dng is damaged"):
        read(path)
