"""EXIF of raw photos whose makers put it into places of their own."""

import io
import struct

import numpy as np
import PIL.Image
import pytest

from deblurgan.iso_boxes import box
from deblurgan.raw_exif import exif_of_raw

MAKE, DATE, EXPOSURE, LATITUDE, DETAILS, PLACES = 0x010F, 0x9003, 0x829A, 1, 0x8769, 0x8825
CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def block(tags):
    exif = PIL.Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    return exif.tobytes().removeprefix(b"Exif\0\0")


def fujifilm(maker=b"Fuji's own notes"):
    """The head of a RAF file and its preview, with nothing behind them."""
    exif = PIL.Image.Exif()
    exif[MAKE] = "FUJIFILM"
    exif.get_ifd(DETAILS).update({DATE: "2026:11:28 09:12:41", 0x927C: maker})
    preview = io.BytesIO()
    PIL.Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(preview, "JPEG", exif=exif)
    head = b"FUJIFILMCCD-RAW 0201FF119503X-T4".ljust(84, b"\0")
    return head + struct.pack(">LL", 160, len(preview.getvalue())) + bytes(68) + preview.getvalue()


def canon(**others):
    """The boxes of a CR3 file that come before its pictures."""
    parts = {
        "CNCV": b"CanonCR3_001/00.10.00/00.00.00",
        "CMT1": block({MAKE: "Canon", 0x0100: 6000, 0x0112: 6}),
        "CMT2": block({DATE: "2026:11:28 09:12:41", EXPOSURE: 0.5}),
        "CMT3": b"II*\0 notes",
        "CMT4": block({LATITUDE: "N"}),
        **others,
    }
    own = box(b"uuid", CANON + b"".join(box(kind.encode(), part) for kind, part in parts.items()))
    movie = box(b"uuid", bytes(16) + b"another's") + own
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", movie) + box(b"mdat", bytes(99))


def directories(data):
    exif = PIL.Image.Exif()
    exif.load(exif_of_raw(data, "photo"))
    return dict(exif), exif.get_ifd(DETAILS), exif.get_ifd(PLACES)


def test_fujifilm_s_is_that_of_the_preview_with_its_maker_notes():
    main, details, _ = directories(fujifilm())
    assert main[MAKE] == "FUJIFILM"
    assert (details[DATE], details[0x927C]) == ("2026:11:28 09:12:41", b"Fuji's own notes")


def test_canon_s_directories_are_joined():
    main, details, places = directories(canon())
    assert main[MAKE] == "Canon"
    assert 0x0100 not in main
    assert (details[DATE], float(details[EXPOSURE]), places[LATITUDE]) == ("2026:11:28 09:12:41", 0.5, "N")


@pytest.mark.parametrize(
    "data",
    [
        b"FUJIFILMCCD-RAW",
        fujifilm()[:300],
        box(b"ftyp", b"crx \0\0\0\1crx isom"),
        canon()[:200],
        canon(CMT1=b"no directory"),
        b"neither",
    ],
)
def test_where_it_cannot_be_read_it_is_left_out_with_a_word(data, caplog):
    assert exif_of_raw(data, "photo.raf") is None
    assert "photo.raf: its EXIF cannot be read" in caplog.text
