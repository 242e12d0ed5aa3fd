"""A phone's HDR photo keeps its gain map, turned as the photo is; damage behind a picture never costs it."""

import io
import struct

import numpy as np
import PIL.Image
import pytest
from PIL.MpoImagePlugin import MpoImageFile

from deblurgan.gain_map import Behind, behind, with_length, with_these
from deblurgan.image import read, write

HDR = b'<x hdrgm:Version="1.0" hdrgm:GainMapMax="3"/>'
DECLARATION = b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"


def jpeg(size=(16, 8), **options):
    stream = io.BytesIO()
    ramp = np.linspace(0, 255, size[0]).astype(np.uint8)
    PIL.Image.fromarray(np.tile(ramp, (size[1], 1))).save(stream, "JPEG", quality=100, **options)
    return stream.getvalue()


def exif(orientation):
    block = PIL.Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


GAIN_MAP = with_these(jpeg((8, 4), xmp=HDR), Behind(declaration=DECLARATION + b"whole"))
SIDES = {2: "left", 3: "left", 4: "right", 5: "down", 6: "down", 7: "up", 8: "up"}
XMP = b'<x Item:Semantic="GainMap" Item:Length="%d" Item:Mime="image/jpeg"/>' % len(GAIN_MAP)


def phone_photo(orientation=1, gain_map=GAIN_MAP):
    return with_these(jpeg(exif=exif(orientation), xmp=XMP), Behind(gain_map, DECLARATION))


def written(image, format="JPEG", **options):
    stream = io.BytesIO()
    write(image, stream, format=format, **options)
    return stream.getvalue()


def test_an_upright_photo_keeps_its_gain_map_to_the_byte():
    result = written(read(phone_photo()))
    assert result.endswith(GAIN_MAP)
    assert behind(result) == Behind(GAIN_MAP, DECLARATION)
    assert read(result).xmp == XMP


def test_other_programs_find_both_pictures():
    with MpoImageFile(io.BytesIO(written(read(phone_photo())))) as other:
        assert (other.n_frames, other.size) == (2, (16, 8))
        other.seek(1)
        assert other.size == (8, 4)
        np.testing.assert_array_equal(np.asarray(other), np.asarray(PIL.Image.open(io.BytesIO(GAIN_MAP))))


def test_a_gain_map_that_another_program_put_there_is_found():
    first, second = (PIL.Image.open(io.BytesIO(jpeg(size))) for size in ((16, 8), (8, 4)))
    second.info["comment"] = HDR
    stream = io.BytesIO()
    first.save(stream, "MPO", save_all=True, append_images=[second])
    found = behind(stream.getvalue())
    assert found.gain_map is not None
    assert PIL.Image.open(io.BytesIO(found.gain_map)).size == (8, 4)
    assert found.others == 0


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photo_has_a_turned_gain_map_of_the_stated_length(orientation):
    result = read(written(read(phone_photo(orientation))))
    gain_map = result.gain_map.gain_map
    small = read(gain_map)
    assert (small.width > small.height) is (result.width > result.height)
    # A ramp rises to the right; turned, both rise to the same side.
    for picture in (result.pixels[..., 0], small.pixels[..., 0]):
        along = (
            np.sign(picture[:, -1].mean() - picture[:, 0].mean()),
            np.sign(picture[-1].mean() - picture[0].mean()),
        )
        expected = {2: (-1, 0), 3: (-1, 0), 4: (1, 0), 5: (0, 1), 6: (0, 1), 7: (0, -1), 8: (0, -1)}[orientation]
        assert np.round(along).tolist() == list(expected)
    assert b'Item:Length="%d"' % len(gain_map) in result.xmp
    assert behind(gain_map).declaration == DECLARATION + b"whole"
    assert small.xmp == HDR


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_a_format_that_cannot_hold_it_says_so(format, caplog):
    written(read(phone_photo()), format)
    assert "the gain map of HDR" in caplog.text


def test_stripping_leaves_nothing_behind_the_picture():
    assert behind(written(read(phone_photo()), metadata="strip")) == Behind()


def test_another_picture_is_left_out_with_a_word_and_a_small_copy_without(caplog):
    stereo = with_these(jpeg(), Behind(jpeg((16, 8))))
    assert read(stereo).gain_map is None
    assert "1 further pictures" in caplog.text
    caplog.clear()
    kind = stereo.index(b"MPF\0") + 4 + 8 + 42 + 16
    read(stereo[:kind] + (0x010001).to_bytes(4) + stereo[kind + 4 :])
    assert not caplog.text


@pytest.mark.parametrize("place", range(0, 80, 4))
def test_a_damaged_index_never_costs_the_picture(place):
    photo = phone_photo()
    start = photo.index(b"MPF\0") + 4 + place
    image = read(photo[:start] + b"\xff\xff\xff\xff" + photo[start + 4 :])
    assert (image.width, image.height) == (16, 8)


def test_a_damaged_gain_map_of_a_turned_photo_is_left_out_with_a_word(caplog):
    image = read(phone_photo(6, GAIN_MAP[:-200] + bytes(200))[:-150])
    assert (image.width, image.height, image.gain_map) == (8, 16, None)
    assert "gain map is damaged" in caplog.text


def test_a_gain_map_larger_than_its_turned_photo_is_left_out_with_a_word(caplog):
    image = read(phone_photo(6, jpeg((64, 32), xmp=HDR)))
    assert (image.width, image.height, image.gain_map) == (8, 16, None)
    assert "more than the 128 allowed" in caplog.text


def test_an_index_that_lists_the_same_bytes_endlessly_costs_no_time_and_no_memory():
    entries = 4000
    directory = struct.pack(">HHHLL", 1, 0xB002, 7, 16 * entries, 26) + bytes(4)
    body = b"MPF\0MM\0*" + struct.pack(">L", 8) + directory + bytes(16)
    # Each entry points to the same start of a picture, and claims all that follows it.
    place = len(body) - 4 + 16 * entries
    body += struct.pack(">LLLL", 0, 2**31, place, 0) * (entries - 1)
    segment = b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body
    found = behind(b"\xff\xd8" + segment + b"\xff\xd8" * 4_000_000)
    assert found.gain_map is None
    assert found.others == 999


@pytest.mark.parametrize("form", [b'Item:Length="%d"', b"Item:Length='%d'", b"<Item:Length>%d</Item:Length>"])
def test_every_way_of_stating_a_length_is_mended(form):
    assert with_length(b"1234 " + form % 1234, 1234, 987) == b"1234 " + form % 987
    assert with_length(form % 12345, 1234, 987) == form % 12345
