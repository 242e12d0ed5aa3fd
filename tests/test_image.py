"""Any photo read, any photo written, with all that belongs to it."""

import io
import logging
import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageCms, JpegImagePlugin, TiffImagePlugin

from deblurgan.errors import TooLarge, UnreadableImage, UnwritableTarget
from deblurgan.image import Image, is_picture, read, to_float, to_integer, write
from deblurgan.metadata import orientation, patched_exif

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:Description tiff:Orientation="6" exif:PixelXDimension="9" xmp:Rating="5"/>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)
DETAILS, GPS, MAKER_NOTE = 0x8769, 0x8825, 0x927C


def exif_block(turn: int = 1, *, thumbnail: bytes = b"\xff\xd8 a thumbnail \xff\xd9") -> bytes:
    """Return an EXIF block as a camera writes it: maker note, exposure, place, thumbnail, sizes."""
    exif = PIL.Image.Exif()
    exif[0x010F] = "Camera"
    exif[0x0112] = turn
    details = exif.get_ifd(DETAILS)
    details |= {
        0x829A: TiffImagePlugin.IFDRational(1, 125),
        MAKER_NOTE: b"secret\0\1\2",
        0xA002: 9,
        0xA003: 7,
    }
    exif.get_ifd(GPS)[1] = "N"
    block = bytearray(exif.tobytes().removeprefix(b"Exif\0\0"))
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "L", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    second = len(block)
    struct.pack_into(order + "L", block, first + 2 + 12 * count, second)
    start = second + 2 + 2 * 12 + 4
    block += struct.pack(order + "HHHLLHHLLL", 2, 0x0201, 4, 1, start, 0x0202, 4, 1, len(thumbnail), 0)
    return bytes(block) + thumbnail


def photo(
    height: int = 7,
    width: int = 9,
    *,
    depth: Literal[8, 16] = 8,
    alpha: bool = False,
    gray: bool = False,
    seed: int = 0,
) -> Image:
    """Return noise that sits exactly on the steps of its depth."""
    numbers = np.random.default_rng(seed)
    kind = np.uint8 if depth == 8 else np.uint16
    top = 2**depth
    pixels = to_float(numbers.integers(0, top, (height, width, 1 if gray else 3), dtype=kind))
    return Image(
        pixels=np.repeat(pixels, 3, axis=2) if gray else pixels,
        alpha=to_float(numbers.integers(0, top, (height, width), dtype=kind)) if alpha else None,
        is_gray=gray,
        bit_depth=depth,
    )


def saved(image: Image, format: str, quality: int | None = None) -> bytes:
    """Return the bytes of a file."""
    stream = io.BytesIO()
    write(image, stream, format=format, quality=quality)
    return stream.getvalue()


def by_pillow(picture: PIL.Image.Image, format: str, **options: object) -> bytes:
    """Return the bytes of a file that Pillow wrote."""
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def same(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    return np.array_equal(first, second) if first is not None and second is not None else first is second


SIZES = st.integers(1, 40)


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, st.sampled_from((8, 16)), st.booleans(), st.booleans(), st.sampled_from(("PNG", "TIFF")))
def test_lossless_formats_give_back_every_pixel(
    height: int, width: int, depth: Literal[8, 16], alpha: bool, gray: bool, format: str
) -> None:
    image = photo(height, width, depth=depth, alpha=alpha, gray=gray, seed=height * width)
    again = read(saved(image, format))
    assert same(again.pixels, image.pixels)
    assert same(again.alpha, image.alpha)
    assert (again.bit_depth, again.is_gray, again.format) == (depth, gray, format)


@settings(max_examples=20, deadline=None)
@given(SIZES, SIZES, st.booleans())
def test_a_lossless_webp_stays_lossless(height: int, width: int, alpha: bool) -> None:
    image = photo(height, width, alpha=alpha)
    mode = "RGBA" if alpha else "RGB"
    bands = image.pixels if image.alpha is None else np.dstack((image.pixels, image.alpha))
    picture = PIL.Image.fromarray(to_integer(bands, 8))
    assert picture.mode == mode
    first = read(by_pillow(picture, "WEBP", lossless=True, exact=True))
    again = read(saved(first, "WEBP"))
    assert first.saving.lossless
    assert again.saving.lossless
    assert same(again.pixels, image.pixels)
    assert not read(saved(first, "WEBP", quality=80)).saving.lossless


@pytest.mark.parametrize("depth", [8, 16])
def test_every_step_of_either_depth_survives_the_way_through_floats(depth: Literal[8, 16]) -> None:
    steps = np.arange(2**depth, dtype=np.uint8 if depth == 8 else np.uint16)
    assert np.array_equal(to_integer(to_float(steps), depth), steps)


def test_floats_are_rounded_to_the_nearest_step_and_clipped() -> None:
    values = np.array([-1, 0.49 / 255, 0.5 / 255, 254.6 / 255, 1, 7], np.float32)
    assert to_integer(values, 8).tolist() == [0, 0, 1, 255, 255, 255]
    with pytest.raises(TypeError, match="int64"):
        to_float(np.arange(3))


KEEPERS = [("JPEG", 8), ("PNG", 8), ("PNG", 16), ("WEBP", 8), ("TIFF", 8), ("TIFF", 16)]


@pytest.mark.parametrize(("format", "depth"), KEEPERS)
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("gray", [False, True])
def test_metadata_survives_and_others_can_read_it(
    format: str, depth: Literal[8, 16], alpha: bool, gray: bool
) -> None:
    image = photo(depth=depth, alpha=alpha and format != "JPEG", gray=gray)
    full = Image(**vars(image) | {"exif": exif_block(), "icc_profile": PROFILE, "xmp": XMP})
    once = saved(full, format)
    data = saved(read(once), format)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            other = PIL.Image.open(io.BytesIO(data))
            assert other.size == (9, 7)
            assert other.info["icc_profile"] == PROFILE
            assert b'xmp:Rating="5"' in other.info["xmp"]
            assert b'tiff:Orientation="1"' in other.info["xmp"]
            exif = other.getexif()
        except PIL.UnidentifiedImageError:
            assert (format, depth, alpha, gray) == ("TIFF", 16, True, True)
            exif = PIL.Image.Exif()
            exif.load(data)
            assert (exif[34675], exif[700].count(b'Rating="5"')) == (PROFILE, 1)
    assert (exif[0x010F], exif[0x0112]) == ("Camera", 1)
    assert exif.get_ifd(DETAILS)[MAKER_NOTE] == b"secret\0\1\2"
    assert exif.get_ifd(DETAILS)[0x829A] == TiffImagePlugin.IFDRational(1, 125)
    assert exif.get_ifd(GPS)[1] == "N"

    again = read(data)
    assert again.bit_depth == depth
    assert again.exif == read(once).exif
    if format != "WEBP":
        assert again.is_gray == gray


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_are_16_bits_to_libvips_too(tmp_path: Path, suffix: str, gray: bool, alpha: bool) -> None:
    import pyvips

    image = photo(depth=16, gray=gray, alpha=alpha)
    write(image, tmp_path / f"deep{suffix}")
    other = pyvips.Image.new_from_file(str(tmp_path / f"deep{suffix}"))
    assert other.format == "ushort"
    bands = other.numpy().reshape(7, 9, -1)
    assert np.array_equal(bands[..., 0], to_integer(image.pixels, 16)[..., 0])
    assert bands.shape[2] == (1 if gray else 3) + alpha


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_applied_once(format: str, turn: int) -> None:
    picture = PIL.Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40).convert("RGB")
    exact = {"lossless": True} if format == "WEBP" else {"quality": 100} if format == "JPEG" else {}
    exif = PIL.Image.Exif()
    exif[0x0112] = turn
    exif[0x010F] = "Camera"
    image = read(by_pillow(picture, format, exif=exif, **exact))
    upright = {
        1: [[0, 1, 2], [3, 4, 5]],
        2: [[2, 1, 0], [5, 4, 3]],
        3: [[5, 4, 3], [2, 1, 0]],
        4: [[3, 4, 5], [0, 1, 2]],
        5: [[0, 3], [1, 4], [2, 5]],
        6: [[3, 0], [4, 1], [5, 2]],
        7: [[5, 2], [4, 1], [3, 0]],
        8: [[2, 5], [1, 4], [0, 3]],
    }[turn]
    assert np.round(image.pixels[..., 0] * 255 / 40).tolist() == upright
    assert orientation(image.exif) == 1
    assert read(saved(image, format)).pixels.shape == image.pixels.shape


def test_orientation_counts_where_only_xmp_or_imagemagick_state_it() -> None:
    plain = saved(photo(7, 9), "PNG")
    block = b"Exif\0\0" + exif_block(6)
    text = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    for part in (
        b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + XMP,
        b"tEXtRaw profile type exif\0" + text,
    ):
        image = read(plain[:33] + png_chunk(part) + plain[33:])
        assert (image.height, image.width) == (9, 7)
        assert read(saved(image, "PNG")).height == 9


def test_a_turned_jpeg_turns_its_tables_too() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    picture = PIL.Image.fromarray(np.random.default_rng(0).integers(90, 160, (64, 48, 3), np.uint8))
    image = read(by_pillow(picture, "JPEG", quality=75, subsampling=0, exif=exif))
    again = read(saved(image, "JPEG"))
    assert -10 * np.log10(np.mean((again.pixels - image.pixels) ** 2)) > 45


def test_damaged_extras_of_a_png_never_cost_the_picture(caplog: pytest.LogCaptureFixture) -> None:
    plain = saved(photo(), "PNG")
    image = read(plain[:33] + png_chunk(b"iCCPicc\0\1 no such compression") + plain[33:])
    assert same(image.pixels, photo().pixels)
    assert "metadata is damaged" in caplog.text


@pytest.mark.parametrize(("mode", "format"), [("P", "PNG"), ("P", "TIFF"), ("CMYK", "JPEG"), ("CMYK", "TIFF")])
def test_a_change_of_colour_is_said(mode: str, format: str, caplog: pytest.LogCaptureFixture) -> None:
    read(by_pillow(PIL.Image.new(mode, (4, 3)), format))
    assert "sRGB" in caplog.text if mode == "CMYK" else "full colour" in caplog.text


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_one_bit_that_becomes_eight_is_said(format: str, caplog: pytest.LogCaptureFixture) -> None:
    options = {"compression": "group4"} if format == "TIFF" else {}
    read(by_pillow(PIL.Image.new("1", (9, 7)), format, **options))
    assert "its 1 bit a sample became 8" in caplog.text


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_a_profile_that_cmyk_did_not_have_is_not_said_to_be_left_out(
    format: str, caplog: pytest.LogCaptureFixture
) -> None:
    for profile, said in ((None, False), (PROFILE, True)):
        caplog.clear()
        read(by_pillow(PIL.Image.new("CMYK", (4, 3)), format, icc_profile=profile))
        assert "CMYK became sRGB" in caplog.text
        assert ("profile" in caplog.text) is said


def test_a_tiff_of_floats_is_refused_by_what_it_is() -> None:
    with pytest.raises(UnreadableImage, match="has samples of the kind float; save it with whole numbers"):
        read(by_pillow(PIL.Image.new("F", (4, 3)), "TIFF"))


def test_exif_is_patched_in_place_and_loses_its_stale_thumbnail() -> None:
    block = exif_block(6)
    patched = patched_exif(block, 70, 90)
    exif = PIL.Image.Exif()
    exif.load(patched)
    assert (orientation(block), exif[0x0112]) == (6, 1)
    assert (exif.get_ifd(DETAILS)[0xA002], exif.get_ifd(DETAILS)[0xA003]) == (70, 90)
    assert b"a thumbnail" not in patched
    assert not exif.get_ifd(1)
    assert patched.index(b"secret") == block.index(b"secret")
    assert patched_exif(patched, 70, 90) == patched


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_saved_the_way_it_came(subsampling: int, progressive: bool) -> None:
    picture = PIL.Image.fromarray(to_integer(photo(40, 40).pixels, 8))
    first = by_pillow(
        picture, "JPEG", quality=63, subsampling=subsampling, progressive=progressive, dpi=(300, 300)
    )
    before, after, coarse = (
        JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        for data in (first, saved(read(first), "JPEG"), saved(read(first), "JPEG", quality=20))
    )
    assert after.quantization == before.quantization != coarse.quantization
    assert JpegImagePlugin.get_sampling(after) == subsampling
    assert bool(after.info.get("progressive")) == progressive
    assert after.info["dpi"] == (300, 300)


def test_other_formats_become_jpeg_at_95_without_subsampling() -> None:
    after = JpegImagePlugin.JpegImageFile(io.BytesIO(saved(photo(40, 40), "JPEG")))
    wanted = PIL.Image.open(io.BytesIO(by_pillow(PIL.Image.new("RGB", (8, 8)), "JPEG", quality=95)))
    assert after.quantization == wanted.quantization
    assert JpegImagePlugin.get_sampling(after) == 0


def test_transparency_lands_on_white_where_the_format_knows_none(caplog: pytest.LogCaptureFixture) -> None:
    black = np.zeros((1, 2, 3), np.float32)
    image = Image(black, alpha=np.array([[0, 1]], np.float32))
    assert read(saved(image, "BMP")).pixels[0, :, 0].tolist() == [1, 0]
    assert "no transparency" in caplog.text


COLOURS = {
    "JPEG": ("1", "L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"),
    "BMP": ("1", "L", "P", "RGB"),
}


@pytest.mark.parametrize(("format", "mode"), [(name, mode) for name in COLOURS for mode in COLOURS[name]])
def test_every_kind_of_colour_is_read(format: str, mode: str) -> None:
    colours = PIL.Image.fromarray(to_integer(photo(16, 16).pixels, 8)).convert(mode)
    image = read(by_pillow(colours, format))
    assert image.is_gray == (mode in ("1", "L", "LA"))
    if format in ("PNG", "TIFF") and mode != "CMYK":
        wanted = colours.convert("RGBA" if mode in ("LA", "RGBA") else "RGB")
        assert np.array_equal(to_integer(image.pixels, 8), np.asarray(wanted)[..., :3])
        assert (image.alpha is not None) == (mode in ("LA", "RGBA"))


@pytest.mark.parametrize(("mode", "key"), [("L", 3), ("RGB", (3, 4, 5)), ("P", 3)])
def test_a_transparent_colour_becomes_alpha(mode: str, key: object) -> None:
    data = by_pillow(PIL.Image.new(mode, (4, 3)), "PNG", transparency=key)
    assert read(data).alpha is not None


def test_the_first_picture_of_a_phone_jpeg_counts(tmp_path: Path) -> None:
    frames = [PIL.Image.new("RGB", size, "red") for size in ((8, 6), (4, 3))]
    frames[0].save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=frames[1:])
    image = read(tmp_path / "phone.jpg")
    assert (image.format, image.width, image.height) == ("JPEG", 8, 6)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_single_pixel_is_a_picture(format: str) -> None:
    assert read(saved(photo(1, 1), format)).pixels.shape == (1, 1, 3)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_a_tiff_keeps_its_lossless_compression(compression: str) -> None:
    picture = PIL.Image.new("RGB", (16, 16), "red")
    data = by_pillow(picture, "TIFF", compression=None if compression == "raw" else compression, dpi=(72, 72))
    after = TiffImagePlugin.TiffImageFile(io.BytesIO(saved(read(data), "TIFF")))
    assert after.info["compression"] == ("tiff_adobe_deflate" if compression == "jpeg" else compression)
    assert after.info["dpi"] == (72, 72)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_tiff_in_ycbcr_keeps_its_colours(compression: str | None) -> None:
    red = PIL.Image.new("RGB", (16, 16), (219, 30, 0)).convert("YCbCr")
    pixels = to_integer(read(by_pillow(red, "TIFF", compression=compression)).pixels, 8)
    assert np.abs(pixels.astype(int) - (219, 30, 0)).max() <= 2


def test_a_bigtiff_keeps_what_a_classic_tiff_keeps() -> None:
    block = b"Exif\0\0" + exif_block()
    red = PIL.Image.new("RGB", (16, 16), (219, 30, 0)).convert("YCbCr")
    big, classic = (
        read(by_pillow(red, "TIFF", exif=block, dpi=(300, 300), big_tiff=is_big)) for is_big in (True, False)
    )
    assert (big.exif, big.saving) == (classic.exif, classic.saving)
    assert same(big.pixels, classic.pixels)
    again = TiffImagePlugin.TiffImageFile(io.BytesIO(saved(big, "TIFF")))
    assert (again.info["compression"], again.info["dpi"], again.getexif()[0x010F]) == ("raw", (300, 300), "Camera")
    assert again.getexif().get_ifd(DETAILS)[0x829A] == TiffImagePlugin.IFDRational(1, 125)
    assert again.getexif().get_ifd(GPS)[1] == "N"


def test_a_tiff_in_ycbcr_of_a_narrow_range_is_refused() -> None:
    red = PIL.Image.new("YCbCr", (16, 16), (74, 86, 230))
    data = by_pillow(red, "TIFF", tiffinfo={532: (16, 235, 128, 240, 128, 240)})
    with pytest.raises(UnreadableImage, match="its YCbCr"):
        read(data)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_png_may_keep_its_metadata_behind_its_pixels(depth: Literal[8, 16]) -> None:
    data = saved(photo(7, 9, depth=depth), "PNG")
    parts = (b"eXIf" + exif_block(6), b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + XMP)
    image = read(data[:-12] + b"".join(map(png_chunk, parts)) + data[-12:])
    assert (image.height, image.width) == (9, 7)
    assert image.exif
    assert image.xmp


@pytest.mark.parametrize("depth", [8, 16])
def test_a_png_keeps_its_gamma_its_primaries_and_its_texts(depth: Literal[8, 16]) -> None:
    data = saved(photo(7, 9, depth=depth), "PNG")
    colours = png_chunk(b"gAMA" + struct.pack(">L", 100_000)) + png_chunk(b"cHRM" + struct.pack(">8L", *range(8)))
    colours += png_chunk(b"mDCV" + bytes(24)) + png_chunk(b"cLLI" + bytes(8))
    texts = png_chunk(b"tEXtTitle\0A walk") + png_chunk(b"zTXtComment\0\0" + zlib.compress(b"at night"))
    texts += png_chunk(b"tEXtRaw profile type iptc\0\niptc\n       2\n1c02\n")
    stale = png_chunk(b"tEXtexif:Orientation\x006") + png_chunk(b"tEXtRaw profile type icm\0\nicm\n       1\n00\n")
    image = read(data[:33] + colours + stale + data[33:-12] + texts + data[-12:])
    again = PIL.Image.open(io.BytesIO(saved(image, "PNG")))
    assert (again.info["gamma"], again.info["chromaticity"][7]) == (1, 7 / 100_000)
    iptc = "\niptc\n       2\n1c02\n"
    assert again.text == {"Title": "A walk", "Comment": "at night", "Raw profile type iptc": iptc}
    stream = io.BytesIO()
    write(image, stream, metadata="strip")
    assert (read(stream.getvalue()).png_colours, read(stream.getvalue()).png_texts) == (colours, b"")


def test_texts_and_a_gamma_that_another_format_cannot_hold_are_said(caplog: pytest.LogCaptureFixture) -> None:
    data = saved(photo(), "PNG")
    usual = png_chunk(b"gAMA" + struct.pack(">L", 45_455))
    saved(read(data[:33] + usual + data[33:]), "JPEG")
    assert not caplog.text
    own = png_chunk(b"gAMA" + struct.pack(">L", 100_000)) + png_chunk(b"tEXtTitle\0A walk")
    saved(read(data[:33] + own + data[33:]), "JPEG")
    assert "JPEG cannot hold the gamma and primaries, texts, left out" in caplog.text


def test_the_profile_of_a_bmp_goes_to_formats_that_can_hold_it(caplog: pytest.LogCaptureFixture) -> None:
    plain = saved(photo(6, 8), "BMP")
    head, pixels = plain[14:54], plain[54:]
    header = (
        struct.pack("<L", 124)
        + head[4:]
        + bytes(16)
        + b"DEBM"
        + bytes(52)
        + struct.pack("<LLL", 124 + len(pixels), 4, 0)
    )
    bmp = plain[:10] + struct.pack("<L", 138) + header + pixels + b"P3!!"
    image = read(bmp)
    assert np.array_equal(image.pixels, read(plain).pixels)
    assert image.icc_profile == b"P3!!"
    saved(image, "BMP")
    assert "BMP cannot hold the colour profile, left out" in caplog.text


def test_exif_that_points_astray_does_not_keep_a_jpeg_from_becoming_a_tiff() -> None:
    block = b"II*\0" + struct.pack("<LHHHL4sHHLLL", 8, 2, 0x010F, 2, 4, b"Cam\0", GPS, 4, 1, 60_000, 0)
    image = read(by_pillow(PIL.Image.new("RGB", (8, 6)), "JPEG", exif=b"Exif\0\0" + block))
    assert image.exif == block
    assert read(saved(image, "TIFF")).width == 8


def png_chunk(part: bytes) -> bytes:
    return struct.pack(">L", len(part) - 4) + part + struct.pack(">L", zlib.crc32(part))


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(body) + png_chunk(b"IEND")


def test_too_large_a_picture_is_refused_from_its_header() -> None:
    with pytest.raises(TooLarge, match="30000 x 30000"):
        read(png_header(30_000, 30_000))
    with pytest.raises(TooLarge, match="more than the 5 allowed"):
        read(saved(photo(2, 3), "TIFF"), max_pixels=5)


def test_a_picture_of_100_megapixels_passes_the_limit_without_a_warning() -> None:
    with pytest.raises(UnreadableImage, match="cut short"):
        read(png_header(10_000, 10_000))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_truncated_picture_is_refused_by_name(tmp_path: Path, format: str, share: float) -> None:
    data = saved(photo(40, 40), format)
    (tmp_path / "cut.jpg").write_bytes(data[: 1 + int(len(data) * share)])
    with pytest.raises(UnreadableImage, match=r"cut\.jpg is "):
        read(tmp_path / "cut.jpg")


@pytest.mark.parametrize("depth", [8, 16])
def test_a_damaged_png_is_refused(depth: Literal[8, 16]) -> None:
    data = bytearray(saved(photo(40, 40, depth=depth), "PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(UnreadableImage, match="damaged"):
        read(bytes(data))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_several_frames_are_refused_by_name(tmp_path: Path, format: str) -> None:
    frames = [PIL.Image.new("RGB", (8, 6), colour) for colour in ("red", "blue", "green")]
    frames[0].save(tmp_path / "many.pic", format, save_all=True, append_images=frames[1:])
    with pytest.raises(UnreadableImage, match=r"many\.pic (is animated \(3 frames\)|has 3 pages)"):
        read(tmp_path / "many.pic")


def test_a_tiff_in_cielab_is_refused_for_its_colours(tmp_path: Path) -> None:
    PIL.Image.new("LAB", (40, 30), (120, 130, 140)).save(tmp_path / "lab.tif")
    with pytest.raises(UnreadableImage, match="CIELAB"):
        read(tmp_path / "lab.tif")


def test_a_raw_photo_is_not_taken_for_its_preview() -> None:
    data = by_pillow(PIL.Image.new("RGB", (8, 6)), "TIFF", tiffinfo={50706: b"\1\4\0\0"})
    with pytest.raises(UnreadableImage, match="raw photo"):
        read(data)


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("just some notes")
    (tmp_path / "nothing.jpg").touch()
    for name, why in (
        ("notes.jpg", "no picture of a known format"),
        ("nothing.jpg", "is empty"),
        ("gone.jpg", "does not exist"),
        ("", "is a folder"),
    ):
        with pytest.raises(UnreadableImage, match=why) as caught:
            read(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "block", [b"II*\0\xff\xff\xff\x00", b"II*\0\x08\0\0\0\xff\xff\1", b"nonsense", exif_block(6)[:60]]
)
def test_damaged_exif_never_costs_the_picture(format: str, block: bytes, caplog: pytest.LogCaptureFixture) -> None:
    data = by_pillow(PIL.Image.new("RGB", (8, 6)), format, exif=b"Exif\0\0" + block)
    with caplog.at_level(logging.WARNING, "deblurgan"):
        image = read(data)
    assert image.exif is None
    assert "EXIF block is damaged" in caplog.text


def test_blocks_too_long_for_a_jpeg_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    full = Image(**vars(photo()) | {"xmp": b"x" * 70_000})
    assert read(saved(full, "JPEG")).xmp is None
    assert "70000 bytes of XMP" in caplog.text


def test_stripping_leaves_the_colours_their_profile() -> None:
    full = Image(**vars(photo()) | {"exif": exif_block(), "icc_profile": PROFILE, "xmp": XMP})
    stream = io.BytesIO()
    write(full, stream, metadata="strip")
    bare = read(stream.getvalue())
    assert (bare.exif, bare.xmp, bare.icc_profile) == (None, None, PROFILE)


def test_a_path_a_stream_and_bytes_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write(photo(), path)
    assert read(path).source == read(str(path)).source == path
    stream: BinaryIO
    with path.open("rb") as stream:
        assert same(read(stream).pixels, read(path.read_bytes()).pixels)


def test_the_suffix_chooses_the_format_unless_one_is_asked_for(tmp_path: Path) -> None:
    write(photo(), tmp_path / "a.webp")
    write(photo(), tmp_path / "b.webp", format="jpg")
    assert (read(tmp_path / "a.webp").format, read(tmp_path / "b.webp").format) == ("WEBP", "JPEG")
    with pytest.raises(UnwritableTarget, match=r"'\.xyz'"):
        write(photo(), tmp_path / "c.xyz")
    with pytest.raises(ValueError, match="quality is 1 to 100"):
        write(photo(), tmp_path / "c.jpg", quality=0)
    assert is_picture("A.JPG")
    assert not is_picture("notes.txt")


def test_a_picture_its_format_cannot_hold_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnwritableTarget, match=r"wide\.webp cannot be saved as WEBP \(.*16383"):
        write(photo(1, 17_000), tmp_path / "wide.webp")
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_kept_unless_overwriting_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    path.chmod(0o640)
    with pytest.raises(UnwritableTarget, match="exists already"):
        write(photo(), path)
    assert path.read_bytes() == b"precious"
    write(photo(), path, overwrite=True)
    assert read(path).width == 9
    assert path.stat().st_mode & 0o777 == 0o640


def test_missing_folders_are_made_and_the_mode_follows_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.png"
    before = os.umask(0o027)
    try:
        write(photo(), path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_impossible_place_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableTarget, match="is a folder"):
        write(photo(), tmp_path, format="png")
    with pytest.raises(UnwritableTarget, match="cannot be written"):
        write(photo(), tmp_path / "file" / "a.png")
    (tmp_path / "locked").mkdir(mode=0o500)
    if not os.access(tmp_path / "locked", os.W_OK):
        with pytest.raises(UnwritableTarget, match="Permission denied"):
            write(photo(), tmp_path / "locked" / "a.png")


@pytest.mark.parametrize("given", [3, np.zeros((4, 4, 3)), None])
def test_what_is_no_file_is_refused_with_what_is_taken(given):
    with pytest.raises(TypeError, match="expected a path, bytes or an open file"):
        read(given)
