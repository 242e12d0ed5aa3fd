"""IPTC and comments survive; small copies of the old picture do not; damage never costs the picture."""

import io
import struct

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblurgan.image import read, write
from deblurgan.photoshop import SIGNATURE, as_segments, joined, without_thumbnails

IPTC, THUMBNAIL = 0x0404, 0x040C


def resource(kind, data, name=b""):
    padded = bytes([len(name)]) + name + b"\0" * ((len(name) + 1) % 2)
    return (
        b"8BIM" + struct.pack(">H", kind) + padded + struct.pack(">L", len(data)) + data + b"\0" * (len(data) % 2)
    )


def jpeg(block, comments=()):
    stream = io.BytesIO()
    PIL.Image.new("RGB", (16, 8), "red").save(stream, "JPEG", extra=as_segments(block, comments))
    return stream.getvalue()


def written(image, format, **options):
    stream = io.BytesIO()
    write(image, stream, format=format, **options)
    return stream.getvalue()


CAPTION = resource(IPTC, b"\x1c\x02\x78\0\x05Hello")


def test_a_jpeg_keeps_iptc_and_comments():
    image = read(jpeg(CAPTION + resource(THUMBNAIL, b"old picture"), [b"first", b"second"]))
    again = read(written(image, "JPEG"))
    assert again.photoshop == CAPTION
    assert again.comments == (b"first", b"second")
    from PIL import IptcImagePlugin

    with PIL.Image.open(io.BytesIO(written(image, "JPEG"))) as other:
        assert IptcImagePlugin.getiptcinfo(other)[2, 120] == b"Hello"


def test_iptc_goes_with_the_picture_into_a_tiff_and_back():
    tiff = read(written(read(jpeg(CAPTION)), "TIFF"))
    assert tiff.photoshop == CAPTION
    assert read(written(tiff, "JPEG")).photoshop == CAPTION


def test_stripping_leaves_out_iptc_and_comments():
    bare = read(written(read(jpeg(CAPTION, [b"words"])), "JPEG", metadata="strip"))
    assert (bare.photoshop, bare.comments) == (None, ())


@pytest.mark.parametrize("block", [b"8BIM", CAPTION[:-3], b"nonsense", CAPTION + b"8BIM\4\4\0\0\xff\xff\xff\xff"])
def test_a_damaged_block_is_left_out_with_a_word(block, caplog):
    image = read(jpeg(block))
    assert image.photoshop is None
    assert image.pixels.shape == (8, 16, 3)
    assert "IPTC block is damaged" in caplog.text


@pytest.mark.parametrize("format", ["PNG", "WEBP", "BMP"])
def test_what_a_format_cannot_hold_is_said(format, caplog):
    written(read(jpeg(CAPTION, [b"words"])), format)
    assert f"{format} cannot hold" in caplog.text
    assert "IPTC, comments" in caplog.text


@given(st.lists(st.tuples(st.integers(1, 0xFFFF), st.binary(max_size=40), st.binary(max_size=9)), max_size=5))
def test_only_thumbnails_leave_the_block(resources):
    block = b"".join(resource(*each) for each in resources)
    kept = b"".join(resource(*each) for each in resources if each[0] not in (0x0409, THUMBNAIL))
    assert without_thumbnails(block) == kept


def test_a_block_larger_than_a_segment_is_cut_and_joined():
    block = resource(IPTC, np.random.default_rng(0).bytes(150_000))
    assert read(jpeg(block)).photoshop == block
    assert joined([b"other", SIGNATURE + b"ab", SIGNATURE + b"c"]) == b"abc"
