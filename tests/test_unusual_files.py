"""Files that say something unusual: masks, colours by code, colours times opacity, packed grey, and damage."""

import io
import os
import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from deblurgan.by_vips import exif_of_tiff
from deblurgan.colour_codes import codes_of, profile_for
from deblurgan.errors import UnreadableImage, UnwritableTarget
from deblurgan.image import Image, read, write
from deblurgan.jobs import Job, PhotoOptions, plan
from deblurgan.metadata import patched_xmp
from deblurgan.outcome import Outcome
from deblurgan.png_chunks import SIGNATURE, chunk


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def written(image, format):
    stream = io.BytesIO()
    write(image, stream, format=format)
    return stream.getvalue()


def by_pillow(pixels, format, **options):
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, format, **options)
    return stream.getvalue()


def extra_samples(tiff):
    tags = PIL.Image.Exif()
    tags.load(tiff)
    return tags[338]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_mask_in_tiff_stays_one_and_hides_nothing_elsewhere(dtype, caplog):
    pixels, mask = noise(20, 30, 3, dtype=dtype), np.zeros((20, 30), dtype)
    mask[5:9] = np.iinfo(dtype).max
    transparent = written(Image(pixels, mask, bit_depth=8 * pixels.itemsize), "tif")
    entry = struct.pack("<HHLH", 338, 3, 1, 2)
    assert transparent.count(entry) == 1
    given = read(transparent.replace(entry, struct.pack("<HHLH", 338, 3, 1, 0)), as_stored=True)
    again = written(given, "tif")
    assert extra_samples(again) in (0, (0,))
    np.testing.assert_array_equal(read(again, as_stored=True).alpha, mask)
    for format in ("png", "jpg"):
        other = read(written(given, format), as_stored=True)
        assert other.alpha is None
    assert "PNG cannot hold a channel that is no transparency" in caplog.text
    assert "put on white" not in caplog.text


@pytest.mark.parametrize(("opacity", "bands"), [(0, None), (90, "alpha")])
def test_a_bmp_file_in_which_all_is_transparent_is_opaque(opacity, bands):
    pixels = noise(4, 6, 4)
    pixels[..., 3] = opacity
    header = struct.pack("<LllHHLLllLL", 108, 6, -4, 1, 32, 3, 96, 2835, 2835, 0, 0)
    header += struct.pack("<4L", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    data = struct.pack("<2sLHHL", b"BM", 14 + 108 + 96, 0, 0, 122) + header + pixels[..., [2, 1, 0, 3]].tobytes()
    image = read(data, as_stored=True)
    np.testing.assert_array_equal(image.pixels, pixels[..., :3])
    assert (image.alpha is None) is (bands is None)


@pytest.mark.parametrize(("bits", "key"), [(1, 1), (2, 1), (4, 5), (8, 7)])
def test_the_transparent_gray_of_a_packed_png_is_found(bits, key):
    values = noise(16, 32) >> (8 - bits)
    values[:, :4] = key
    each = 8 // bits
    packed = sum(values[:, place::each].astype(int) << (8 - bits - bits * place) for place in range(each))
    rows = np.insert(packed.astype(np.uint8), 0, 0, axis=1).tobytes()
    header = struct.pack(">LLBBBBB", 32, 16, bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tRNS", struct.pack(">H", key)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    image = read(SIGNATURE + b"".join(chunk(*each) for each in chunks), as_stored=True)
    np.testing.assert_array_equal(image.alpha == 0, values == key)


def avif_with(primaries, transfer):
    data = bytearray(by_pillow(noise(32, 48, 3), "AVIF"))
    struct.pack_into(">HH", data, data.index(b"colrnclx") + 8, primaries, transfer)
    return bytes(data)


def test_display_p3_by_code_becomes_its_profile_in_every_format():
    image = read(avif_with(12, 13))
    assert b"P3" in image.icc_profile or b"P\0003" in image.icc_profile
    for format in ("avif", "png", "jpg", "tif"):
        assert read(written(image, format)).icc_profile == image.icc_profile


@pytest.mark.parametrize(("codes", "said"), [((9, 16), "HDR .PQ"), ((9, 18), "HDR .HLG"), ((9, 1), "in BT.2020")])
def test_colours_that_no_result_can_have_are_refused_by_name(codes, said):
    with pytest.raises(UnreadableImage, match=said):
        read(avif_with(*codes))


@pytest.mark.parametrize("codes", [(1, 13), (2, 2), (5, 6), (6, 1)])
def test_ordinary_colours_need_no_profile(codes):
    assert codes_of(avif_with(*codes)) == codes
    assert profile_for(*codes, "photo.avif") is None


class TestHEIC:
    @pytest.fixture(autouse=True)
    def heif(self):
        return pytest.importorskip("pillow_heif")

    def encoded(self, heif, mode, pixels, **options):
        stream = io.BytesIO()
        size = pixels.shape[1], pixels.shape[0]
        picture = heif.from_bytes(mode, size, pixels.tobytes())
        picture.save(stream, quality=-1, chroma=444, **options)
        return stream.getvalue()

    def test_white_of_ten_bits_is_white(self, heif, monkeypatch):
        monkeypatch.setattr(heif.options, "SAVE_HDR_TO_12_BIT", False)
        image = read(self.encoded(heif, "RGB;16", np.full((32, 48, 3), 65_535, np.uint16)), as_stored=True)
        assert image.bit_depth == 16
        assert (image.pixels == 65_535).all()

    def test_colours_multiplied_by_opacity_are_divided_again(self, heif):
        straight = np.full((32, 48, 4), (200, 120, 40, 128), np.uint8)
        multiplied = straight.copy()
        multiplied[..., :3] = straight[..., :3].astype(int) * 128 // 255
        for mode, pixels in (("RGBA", straight), ("RGBa", multiplied)):
            found = read(self.encoded(heif, mode, pixels), as_stored=True)
            assert np.abs(found.pixels.astype(int) - (200, 120, 40)).max() <= 4
            assert np.abs(found.alpha.astype(int) - 128).max() <= 1


def test_a_damaged_avif_is_one_sentence():
    data = bytearray(by_pillow(noise(64, 64, 3), "AVIF"))
    place = data.index(b"mdat") + 8
    data[place : place + 20] = b"\xff" * 20
    with pytest.raises(UnreadableImage, match="damaged, cut short or unusual"):
        read(bytes(data))


@pytest.mark.parametrize(("format", "longest"), [("jpg", 65_500), ("webp", 16_383), ("avif", 65_536)])
def test_a_picture_longer_than_its_format_allows_is_refused(format, longest):
    with pytest.raises(UnwritableTarget, match=f"may have {longest} pixels at most"):
        written(Image(np.zeros((1, longest + 1, 3), np.uint8)), format)


@pytest.mark.parametrize("magic", [b"II*\0", b"IIRO", b"IIU\0"])
def test_exif_is_found_whatever_number_a_raw_photo_has_for_that_of_tiff(magic):
    tags = PIL.Image.Exif()
    tags.endian = "<"
    tags[271] = "Camera"
    block = tags.tobytes().removeprefix(b"Exif\0\0")
    found = PIL.Image.Exif()
    found.load(exif_of_tiff(magic + block[4:], "photo.orf"))
    assert found[271] == "Camera"


def test_exif_that_cannot_be_found_is_said(caplog):
    assert exif_of_tiff(b"FUJIFILMCCD-RAW", "photo.raf") is None
    assert "photo.raf: its EXIF cannot be read" in caplog.text


def test_thumbnails_in_xmp_are_left_out():
    thumbnails = b"<xmp:Thumbnails><rdf:Alt><rdf:li>old picture</rdf:li></rdf:Alt></xmp:Thumbnails>"
    packet = b"<rdf:Description>%s<xmp:Rating>5</xmp:Rating></rdf:Description>"
    assert patched_xmp(packet % thumbnails, 3, 4) == packet % b""


def test_extended_xmp_is_said_to_be_left_out(caplog):
    segment = b"http://ns.adobe.com/xmp/extension/\0" + bytes(40)
    data = by_pillow(noise(8, 8, 3), "JPEG")
    read(data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:])
    assert "its extended XMP is left out" in caplog.text


def test_a_folder_that_cannot_be_opened_is_named_and_the_rest_is_done(tmp_path, monkeypatch, photo_file):
    closed = tmp_path / "photos" / "closed"
    closed.mkdir(parents=True)
    photo_file.rename(tmp_path / "photos" / "open.jpg")
    looked_into = os.scandir

    def scandir(folder):
        if str(folder) == str(closed):
            raise PermissionError(13, "Permission denied", str(folder))
        return looked_into(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    found, refused = plan([str(tmp_path / "photos")], None, PhotoOptions(recursive=True))
    assert isinstance(found, Job)
    assert isinstance(refused, Outcome)
    assert refused.reason == f"{closed} cannot be read (Permission denied); check its name and permissions."
    assert "cannot be read (Permission denied)" in plan([str(closed)], None, PhotoOptions())[0].reason
