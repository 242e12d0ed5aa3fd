"""With a network that changes nothing, a restored clip is the clip it was made of."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clips import MILLISECOND, Recipe, make, planes
from conftest import IDENTITY, IdentityEngine, YCbCrEngine
from deblurgan import extras, memory
from deblurgan.errors import DeblurganError
from deblurgan.image import read
from deblurgan.jobs import Job
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.video import VideoOptions, restore_video
from deblurgan.video.footage import survey
from deblurgan.video.joining import decoding_times
from deblurgan.video.restoration import is_sharp

av = pytest.importorskip("av")

SOUND_PACKET = Fraction(1024, 48000)
UNEVEN = (1, 3, 1, 2, 1, 1, 5)
HLG_10_BIT = {"pixel_format": "yuv420p10le", "colours": (9, 1, 9, 18)}
CLIPS = [
    Recipe("uneven.mp4", steps=UNEVEN, rotation=90),
    Recipe("ten_bit.mov", rotation=270, **HLG_10_BIT),
    Recipe("full_range.mp4", pixel_format="yuvj420p", colours=(5, 2, 1, 1)),
    Recipe("colour.mp4", pixel_format="yuv444p", colours=(6, 1, 6, 6)),
    Recipe(
        "attached.mkv",
        steps=UNEVEN,
        rotation=180,
        time_base=MILLISECOND,
        subtitles="subrip",
        attachment=True,
    ),
    Recipe(
        "hevc.mp4",
        codec="libx265",
        steps=UNEVEN,
        options=(("crf", "8"), ("x265-params", "log-level=error")),
        **HLG_10_BIT,
    ),
    Recipe(
        "web.webm",
        codec="libvpx-vp9",
        steps=UNEVEN,
        time_base=MILLISECOND,
        options=(("crf", "8"), ("b", "0"), ("cpu-used", "8")),
        sound="libopus",
        subtitles="webvtt",
    ),
]


def restore(source, target, engine=None, **options):
    """As a user does, but in segments of seven frames."""
    given = {"segment": 7, "threads": 2} | options
    job = Job(source, target)
    return restore_video(job, Restorer(IDENTITY, engine or IdentityEngine()), VideoOptions(**given))


def streams_of(path):
    with av.open(path) as container:
        return [
            (stream.type, getattr(stream, "name", None), stream.language, stream.disposition)
            for stream in container.streams
        ]


def copied_packets(path):
    with av.open(path) as container:
        return [
            (packet.stream_index, packet.pts, packet.duration, bytes(packet))
            for packet in container.demux()
            if packet.stream.type != "video" and packet.size
        ]


def frames_of(path):
    with av.open(path) as container:
        return list(container.decode(video=0))


def length_of(path):
    with av.open(path) as container:
        film = container.streams.video[0]
        # Matroska keeps the length of a stream among its tags.
        return film.duration or film.metadata["DURATION"], container.duration * Fraction(1, av.time_base)


def colours_of(frame):
    kind = (frame.format.name, frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc)
    return kind, frame.rotation, (frame.width, frame.height)


def psnr(first, second):
    top = 2 ** first[0].format.components[0].bits - 1
    errors = [
        np.square(old - new).ravel()
        for one, other in zip(first, second, strict=True)
        for old, new in zip(planes(one), planes(other), strict=True)
    ]
    return 10 * np.log10(top**2 / np.concatenate(errors).mean())


def sharp_scene(frame_count=8):
    rows, columns = np.mgrid[0:64, 0:96]
    checks = (((rows // 8 + columns // 8) % 2) * 200 + 20).astype(np.uint8)
    return [np.repeat(np.roll(checks, number, 1)[..., None], 3, 2) for number in range(frame_count)]


@pytest.mark.parametrize("recipe", CLIPS, ids=lambda recipe: recipe.name)
def test_all_but_the_picture_is_as_it_was_and_the_picture_nearly(recipe, tmp_path):
    source = make(tmp_path, recipe)
    target = tmp_path / f"out_{recipe.name}"
    outcome = restore(source, target)
    assert (outcome.status, outcome.width, outcome.height) == ("done", 96, 64)
    assert streams_of(target) == streams_of(source)
    assert copied_packets(target) == copied_packets(source)
    before, after = frames_of(source), frames_of(target)
    assert [frame.pts * frame.time_base for frame in after] == [frame.pts * frame.time_base for frame in before]
    assert colours_of(after[0]) == colours_of(before[0])
    assert psnr(before, after) > 42
    (film, whole), (new_film, new_whole) = length_of(source), length_of(target)
    assert film == new_film
    # Matroska does not keep how much of the last packet of sound is heard.
    assert abs(whole - new_whole) <= (SOUND_PACKET if target.suffix == ".mkv" else 0)
    with av.open(source) as old, av.open(target) as new:
        assert new.metadata["title"] == "A walk"
        assert [chapter["metadata"]["title"] for chapter in new.chapters()] == ["Start", "End"]
        assert [chapter["start"] for chapter in new.chapters()] == [chapter["start"] for chapter in old.chapters()]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((source.name, target.name))


@pytest.mark.parametrize("full", [False, True])
def test_luma_and_chroma_stay_what_they_are_to_the_last_bit(full, tmp_path):
    kind = {"pixel_format": "yuvj420p", "colours": (5, 2, 1, 1)} if full else {}
    source, engine = make(tmp_path, Recipe("clip.mkv", time_base=MILLISECOND, subtitles="", **kind)), YCbCrEngine()
    outcome = restore(source, tmp_path / "out.mkv", engine, codec="ffv1")
    assert outcome.status == "done", outcome.reason
    before, after = frames_of(source), frames_of(tmp_path / "out.mkv")
    assert len(engine.pictures) == len(before) == 24
    assert not engine.shapes
    assert {picture.coding.full_range for picture in engine.pictures} == {full}
    for one, other in zip(before, after, strict=True):
        for old, new in zip(planes(one), planes(other), strict=True):
            np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        ({}, {"only_blurred": True}),
        ({}, {"steady": True}),
        ({}, {"restore": RestoreOptions(strength=0.5)}),
        ({"pixel_format": "yuv444p"}, {}),
        ({"pixel_format": "yuv420p10le"}, {}),
    ],
)
def test_frames_that_are_looked_at_or_of_other_formats_become_rgb(recipe, options, tmp_path):
    engine = YCbCrEngine()
    outcome = restore(make(tmp_path, Recipe("clip.mp4", **recipe)), tmp_path / "out.mp4", engine, **options)
    assert outcome.status == "done", outcome.reason
    assert engine.shapes
    assert not engine.pictures


def test_a_frame_that_does_not_fit_into_memory_is_cut_up_as_rgb(tmp_path):
    engine = YCbCrEngine()

    def run_on_ycbcr(picture, sharp):
        raise MemoryError

    engine.run_on_ycbcr = run_on_ycbcr
    outcome = restore(make(tmp_path, Recipe("clip.mp4")), tmp_path / "out.mp4", engine)
    assert outcome.status == "done", outcome.reason
    assert len(engine.shapes) == 24
    assert psnr(frames_of(tmp_path / "clip.mp4"), frames_of(tmp_path / "out.mp4")) > 40


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_stripping_leaves_the_tracks_their_languages(name, tmp_path):
    words = "subrip" if name == "clip.mkv" else "mov_text"
    source, target = make(tmp_path, Recipe(name, subtitles=words)), tmp_path / f"out_{name}"
    assert restore(source, target, metadata="strip").status == "done"
    assert [language for _, _, language, _ in streams_of(target)][1:] == ["deu", "eng"]
    with av.open(target) as container:
        assert "title" not in container.metadata
        assert not container.chapters()


def test_a_title_that_is_not_utf_8_does_not_cost_the_clip(tmp_path):
    source = make(tmp_path, Recipe("clip.mkv", frames=3, subtitles=""))
    source.write_bytes(source.read_bytes().replace(b"A walk", b"A w\xe4lk"))
    assert restore(source, tmp_path / "out.mkv").status == "done"
    with av.open(tmp_path / "out.mkv") as container:
        assert container.metadata["title"].startswith("A w")


def test_colours_come_back_to_the_bit_without_compression(tmp_path):
    source = make(tmp_path, Recipe("clip.mkv", frames=3, colours=(5, 1, 5, 6), sound="", subtitles=""))
    assert restore(source, tmp_path / "out.mkv", codec="ffv1").status == "done"
    before, after = (frames_of(path)[-1] for path in (source, tmp_path / "out.mkv"))
    for old, new in zip(planes(before), planes(after), strict=True):
        np.testing.assert_array_equal(old, new)


class Interrupted(IdentityEngine):
    """Is interrupted after some frames, or meets another error."""

    def __init__(self, after, error=KeyboardInterrupt):
        super().__init__()
        self.after, self.error = after, error

    def run(self, batch):
        if len(self.shapes) == self.after:
            raise self.error
        return super().run(batch)


def test_a_stopped_run_leaves_no_result_and_goes_on_after_the_last_whole_segment(tmp_path):
    source, target = make(tmp_path, Recipe("clip.mp4", steps=UNEVEN)), tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        restore(source, target, Interrupted(after=18))
    assert not target.exists()
    assert len(list((tmp_path / ".out.mp4.deblurgan").glob("*.mkv"))) == 2
    engine = IdentityEngine()
    outcome = restore(source, target, engine)
    assert outcome.reason == "went on after 14 frames of an earlier run"
    assert len(engine.shapes) == 24 - 14
    assert [frame.pts for frame in frames_of(target)] == [frame.pts for frame in frames_of(source)]
    assert psnr(frames_of(source), frames_of(target)) > 42
    assert not (tmp_path / ".out.mp4.deblurgan").exists()


def test_a_clip_goes_on_in_tiles_when_memory_gets_short(tmp_path, monkeypatch):
    engine, limits = YCbCrEngine(), iter([10**10] * 8)
    monkeypatch.setattr(memory, "default_limit", lambda pictures: next(limits, memory.LEAST_LIMIT))
    source = make(tmp_path, Recipe("clip.mp4", size=(720, 1280), frames=8))
    outcome = restore(source, tmp_path / "out.mp4", engine)
    assert outcome.status == "done", outcome.reason
    assert engine.pictures
    assert engine.shapes
    assert psnr(frames_of(source), frames_of(tmp_path / "out.mp4")) > 40


@pytest.mark.parametrize(("skip", "status"), [(True, "skipped"), (False, "failed")])
def test_a_result_that_another_program_made_meanwhile_stays(skip, status, tmp_path):
    source, target = make(tmp_path, Recipe("clip.mp4")), tmp_path / "out.mp4"

    class Overtaken(IdentityEngine):
        def run(self, batch):
            target.write_bytes(b"another's")
            return super().run(batch)

    assert restore(source, target, Overtaken(), skip_existing=skip).status == status
    assert target.read_bytes() == b"another's"


def test_a_segment_holds_a_frame_at_least():
    with pytest.raises(DeblurganError, match="1 or more"):
        VideoOptions(segment=0)


def test_other_settings_do_not_go_on_from_old_segments(tmp_path):
    source, target = make(tmp_path, Recipe("clip.mp4")), tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        restore(source, target, Interrupted(after=18))
    assert restore(source, target, crf=20).reason == ""


def test_a_part_starts_at_zero_with_its_own_sound(tmp_path):
    source, target = make(tmp_path, Recipe("clip.mp4")), tmp_path / "out.mp4"
    restore(source, target, start=Fraction("0.2"), stop=Fraction("0.5"))
    frames = frames_of(target)
    assert [round(frame.time * 30) for frame in frames] == list(range(9))
    assert psnr(frames_of(source)[6:15], frames) > 42
    film, whole = length_of(target)
    assert film == 0.3 * 15360
    assert whole < Fraction("0.3") + SOUND_PACKET
    with av.open(target) as container:
        chapters = [
            [chapter[end] * chapter["time_base"] for end in ("start", "end")] for chapter in container.chapters()
        ]
    assert chapters == [[0, Fraction("0.1")], [Fraction("0.1"), Fraction("0.3")]]


def test_a_part_that_would_end_after_the_clip_ends_with_it(tmp_path):
    source, target = make(tmp_path, Recipe("clip.mp4")), tmp_path / "out.mp4"
    restore(source, target, stop=Fraction(9))
    assert length_of(target) == length_of(source)


def test_sharp_frames_go_through_untouched_if_asked(tmp_path):
    source, target = tmp_path / "clip.mkv", tmp_path / "out.mkv"
    with av.open(source, "w") as container:
        film = container.add_stream("ffv1", rate=25, width=96, height=64)
        for number, pixels in enumerate(sharp_scene()):
            blurred = np.mean([np.roll(pixels, step, 1) for step in range(8)], axis=0).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels if number % 2 else blurred, "rgb24").reformat(
                format="yuv420p"
            )
            container.mux(film.encode(frame))
        container.mux(film.encode())
    engine = IdentityEngine()
    outcome = restore(source, target, engine, only_blurred=True)
    assert outcome.reason.startswith("4 of 8 frames were sharp and passed through, which saved about")
    assert len(engine.shapes) == 4


def test_a_steadied_clip_is_nearer_to_the_truth_and_the_same_after_a_stop(tmp_path):
    pytest.importorskip("cv2")
    source, still = tmp_path / "clip.mkv", np.repeat(sharp_scene(1)[0][..., None, 0], 3, 2) // 2 + 60
    noise = np.random.default_rng(0).normal(0, 8, (24, *still.shape))
    with av.open(source, "w") as container:
        film = container.add_stream("ffv1", rate=25, width=96, height=64)
        film.pix_fmt = "bgr0"
        for noisy in np.clip(still + noise, 0, 255).astype(np.uint8):
            container.mux(film.encode(av.VideoFrame.from_ndarray(noisy, "rgb24").reformat(format="bgr0")))
        container.mux(film.encode())
    results = {}
    for name, steady in (("plain", False), ("whole", True), ("stopped", True)):
        target = tmp_path / f"{name}.mkv"
        if name == "stopped":
            with pytest.raises(KeyboardInterrupt):
                restore(source, target, Interrupted(after=18), steady=True)
        assert restore(source, target, steady=steady).status == "done"
        results[name] = np.stack([frame.to_ndarray(format="rgb24") for frame in frames_of(target)])
    plain, steadied = (np.square(results[name] - still.astype(float)).mean() for name in ("plain", "whole"))
    assert len(results["whole"]) == 24
    assert steadied < 0.65 * plain
    np.testing.assert_array_equal(results["stopped"], results["whole"])


PAIRS = Path(__file__).parents[1] / "data" / "pairs" / "validation"


@pytest.mark.skipif(not PAIRS.exists(), reason="needs the validation pairs")
def test_no_really_blurred_frame_counts_as_sharp():
    blurred = sorted(PAIRS.glob("*_blur.*"))
    assert len(blurred) == 15
    assert not [path.name for path in blurred if is_sharp(read(path, as_stored=True).pixels)]


class Blackening(IdentityEngine):
    """Ruins what it gets."""

    def run(self, batch):
        return np.full_like(super().run(batch), -1)


def test_a_network_that_breaks_the_clip_is_given_up_at_once(tmp_path):
    source, target = make(tmp_path, Recipe("clip.mp4")), tmp_path / "out.mp4"
    engine = Blackening()
    outcome = restore(source, target, engine)
    assert outcome.status == "failed"
    assert "breaks its frames" in outcome.reason
    assert len(engine.shapes) < 10
    assert restore(source, target, Blackening(), restore=RestoreOptions(guard=False)).status == "done"


def test_a_run_that_fails_keeps_its_work_folder_only_with_a_whole_segment(tmp_path):
    source, work = make(tmp_path, Recipe("clip.mp4")), tmp_path / ".out.mp4.deblurgan"
    restore(source, tmp_path / "out.mp4", Blackening())
    assert not work.exists()
    restore(source, tmp_path / "out.mp4", Interrupted(after=18, error=MemoryError))
    assert work.exists()


@pytest.mark.parametrize(("codec", "pixel_format", "values"), [("mpeg4", "yuv420p", 1), ("mjpeg", "yuvj420p", 2)])
def test_odd_sides_are_kept_where_the_codec_has_no_encoder(codec, pixel_format, values, tmp_path):
    source = make(
        tmp_path,
        Recipe(
            "odd.avi",
            frames=3,
            size=(49, 65),
            codec=codec,
            pixel_format=pixel_format,
            options=(),
            time_base=Fraction(1, 30),
            colours=(5, values, 5, 6),
            sound="",
            subtitles="",
            chapters=False,
        ),
    )
    outcome = restore(source, tmp_path / "out.mp4")
    assert outcome.reason == f"the film was {codec} and is vp9 now"
    before, after = (
        np.stack([frame.to_ndarray(format="rgb24").astype(int) for frame in frames_of(path)])
        for path in (source, tmp_path / "out.mp4")
    )
    assert np.abs(after - before).mean() < 3
    assert "h264 in mp4 cannot keep at 65x49" in restore(source, tmp_path / "other.mp4", codec="h264").reason


def cut(folder):
    path = make(folder, Recipe("cut.mkv", frames=60, time_base=MILLISECOND, subtitles="subrip"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    return path


def cut_without_index(folder):
    path = make(folder, Recipe("cut.mp4"))
    path.write_bytes(path.read_bytes()[:5000])
    return path


def only_sound(folder):
    path = folder / "song.mkv"
    with av.open(path, "w") as container:
        sound = container.add_stream("aac", rate=48000)
        sound.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return path


def no_frames(folder):
    path = folder / "nothing.mkv"
    with av.open(path, "w") as container:
        container.add_stream("libx264", rate=25, width=96, height=64)
        container.start_encoding()
    return path


def unknown_codec(folder):
    path = make(folder, Recipe("odd.mkv", time_base=MILLISECOND, subtitles="subrip"))
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_NOBODYS/CODEC"))
    return path


def changing_size(folder):
    parts = [
        make(
            folder, Recipe(f"{height}.ts", size=(height, 96), subtitles="", sound="", chapters=False)
        ).read_bytes()
        for height in (64, 48)
    ]
    path = folder / "joined.ts"
    path.write_bytes(b"".join(parts))
    return path


def interlaced(folder):
    options = (("crf", "10"), ("flags", "+ildct+ilme"), ("x264-params", "tff=1"))
    return make(folder, Recipe("fields.mp4", options=options))


def hdr(folder):
    colours = {"pixel_format": "yuv420p10le", "colours": (9, 1, 9, 16)}
    return make(folder, Recipe("bright.mp4", **colours))


def transparent(folder):
    path = folder / "ghost.webm"
    with av.open(path, "w") as container:
        film = container.add_stream("libvpx-vp9", rate=25, width=96, height=64)
        film.pix_fmt = "yuva420p"
        film.metadata["alpha_mode"] = "1"
        container.mux(film.encode(av.VideoFrame(96, 64, "yuva420p")))
        container.mux(film.encode())
    return path


def nonsense(folder):
    path = folder / "noise.mp4"
    path.write_bytes(b"no video at all" * 99)
    return path


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "is cut off at"),
        (cut_without_index, "cannot be read"),
        (only_sound, "holds no video"),
        (no_frames, "holds no frames"),
        (unknown_codec, "codec that is not known"),
        (changing_size, "changes from 96x64 to 96x48"),
        (interlaced, "is interlaced"),
        (hdr, "HDR with the PQ curve"),
        (transparent, "has transparency"),
        (nonsense, "cannot be read"),
    ],
)
def test_a_bad_clip_is_named_in_one_sentence(spoil, said, tmp_path):
    source = spoil(tmp_path)
    outcome = restore(source, tmp_path / "out.mkv")
    assert outcome.status == "failed"
    assert source.name in outcome.reason
    assert said in outcome.reason
    assert outcome.reason.count(". ") == 0
    assert not (tmp_path / "out.mkv").exists()


def test_what_is_whole_of_a_cut_clip_can_be_had(tmp_path):
    source = cut(tmp_path)
    stop = Fraction(restore(source, tmp_path / "out.mkv").reason.split("--to ")[1].rstrip("."))
    assert restore(source, tmp_path / "out.mkv", stop=stop).status == "done"
    assert 5 < len(frames_of(tmp_path / "out.mkv")) < 60


IN_PIECES = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


@pytest.mark.parametrize(
    ("name", "options"), [("clip.mkv", {}), ("clip.webm", {}), ("clip.avi", {}), ("clip.mp4", IN_PIECES)]
)
def test_a_clip_is_refused_however_little_of_it_is_cut_off(name, options, tmp_path):
    codec = "libvpx-vp9" if name == "clip.webm" else "mpeg4"
    source = tmp_path / name
    with av.open(source, "w", options=options) as container:
        film = container.add_stream(codec, rate=25, width=96, height=64)
        for pixels in sharp_scene(25):
            container.mux(film.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(film.encode())
    whole = source.read_bytes()
    assert survey(source).whole_until is None
    for share in (0.99, 0.95, 0.9, 0.8):
        source.write_bytes(whole[: int(share * len(whole))])
        assert restore(source, tmp_path / "out.mkv").reason.startswith(f"{source} is cut off at 0.")
    assert not (tmp_path / "out.mkv").exists()


def test_a_recording_that_states_no_length_is_whole(tmp_path):
    source = make(tmp_path, Recipe("clip.mkv", subtitles="subrip", time_base=MILLISECOND))
    data = source.read_bytes()
    length = data.index(b"\x18\x53\x80\x67") + 4
    source.write_bytes(data[:length] + b"\x01" + b"\xff" * 7 + data[length + 8 :])
    assert survey(source).whole_until is None


def test_frames_that_an_avi_only_repeats_are_not_missed(tmp_path):
    source = tmp_path / "clip.avi"
    with av.open(source, "w") as container:
        film = container.add_stream("mjpeg", rate=25, width=96, height=64, pix_fmt="yuvj420p")
        for number, pixels in enumerate(sharp_scene()):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = 2 * number, Fraction(1, 25)
            container.mux(film.encode(frame))
        container.mux(film.encode())
    with av.open(source) as container:
        assert container.streams.video[0].frames > 8
    assert restore(source, tmp_path / "out.mkv").status == "done"


@pytest.mark.parametrize("steady", [False, True])
def test_a_full_disk_is_said_in_one_sentence_and_leaves_no_result(steady, tmp_path):
    resource = pytest.importorskip("resource")
    if steady:
        pytest.importorskip("cv2")
    source = make(tmp_path, Recipe("clip.mp4"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        outcome = restore(source, tmp_path / "out.mp4", codec="hevc", crf=0, steady=steady)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert outcome.status == "failed"
    assert "cannot be written" in outcome.reason
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        ("out.avi", {}, "no video that can be written"),
        ("out.mp4", {"codec": "vhs"}, "No codec is called 'vhs'"),
        ("out.webm", {"codec": "h264"}, "in webm cannot keep"),
        ("out.mkv", {"codec": "ffv1", "crf": 3}, "has no --crf"),
        ("out.mp4", {"crf": 60}, "goes from 0 to 51"),
        ("out.mp4", {"start": Fraction(9)}, "no frames between"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(target, options, said, tmp_path):
    source = make(tmp_path, Recipe("clip.mp4"))
    outcome = restore(source, tmp_path / target, **options)
    assert outcome.status == "failed"
    assert said in outcome.reason


def remuxed(source, target, *, add=lambda result: None, change=bytes, **metadata):
    """The film and the sound of a clip again, with more to them."""
    with av.open(source) as old, av.open(target, "w") as new:
        placed = {
            stream.index: new.add_stream_from_template(stream, opaque=True)
            for stream in old.streams
            if stream.type in ("video", "audio")
        }
        placed[0].metadata.update(metadata)
        placed[0].codec_context.framerate = 30
        more = add(new)
        for packet in old.demux():
            if packet.size and packet.stream_index in placed:
                copy = av.Packet(change(packet)) if packet.stream_index == 0 else packet
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
                copy.stream = placed[packet.stream_index]
                new.mux(copy)
        for packet in more or ():
            new.mux(packet)
    return target


def test_a_cover_and_a_time_code_come_along(tmp_path):
    def cover(result):
        stream = result.add_stream("png", rate=1, width=32, height=32, pix_fmt="rgb24")
        stream.disposition = 1 << 10
        frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 77, np.uint8), "rgb24")
        frame.pts = 0
        return stream.encode(frame)

    source = make(tmp_path, Recipe("clip.mp4"))
    for name, more, says in (
        ("cover.mp4", {"add": cover}, ["video", "audio", "video"]),
        ("code.mov", {"timecode": "01:00:00:00"}, ["video", "audio", "data"]),
    ):
        given = remuxed(source, tmp_path / name, **more)
        assert restore(given, tmp_path / f"out_{name}").reason == ""
        assert [kind for kind, *_ in streams_of(given)] == says
        assert streams_of(tmp_path / f"out_{name}") == streams_of(given)
    with av.open(tmp_path / "out_code.mov") as container:
        assert container.streams.video[0].metadata["timecode"] == "01:00:00:00"


def test_damage_is_named_with_its_time_and_what_comes_before_can_be_had(tmp_path):
    # Each frame of this codec stands alone, so that damage stays where it is.
    source, target = (
        make(tmp_path, Recipe("clip.mkv", codec="ffv1", options=(), subtitles="")),
        tmp_path / "out.mkv",
    )
    packets = iter(range(99))
    spoiled = remuxed(
        source,
        tmp_path / "spoiled.mkv",
        change=lambda packet: b"\xff" * 50 if next(packets) == 15 else bytes(packet),
    )
    reason = restore(spoiled, target).reason
    assert "damaged at 0.5" in reason
    assert restore(spoiled, target, stop=Fraction(reason.split("--to ")[1].rstrip("."))).status == "done"
    assert len(frames_of(target)) == 15


def test_streams_that_another_container_cannot_hold_are_named(tmp_path):
    source = make(tmp_path, Recipe("clip.mp4"))
    outcome = restore(source, tmp_path / "out.mkv")
    assert outcome.reason == "left out what the container cannot hold: subtitle stream 2 (mov_text)"
    assert [kind for kind, *_ in streams_of(tmp_path / "out.mkv")] == ["video", "audio"]


def test_without_the_extra_its_command_is_named(tmp_path, monkeypatch):
    source = make(tmp_path, Recipe("clip.mp4"))
    monkeypatch.setitem(extras._MODULES, "video", ("module_that_nobody_has",))
    assert "pip install 'deblurgan[video]'" in restore(source, tmp_path / "out.mp4").reason


@given(st.lists(st.integers(1, 90), min_size=1, max_size=40), st.integers(1, 4))
def test_decoding_times_rise_and_never_pass_the_display(gaps, group):
    shown = np.cumsum(gaps).tolist()
    # As encoders do: the last frame of each group comes first.
    stored = [
        stamp
        for start in range(0, len(shown), group)
        for stamp in (shown[start : start + group][-1:] + shown[start : start + group][:-1])
    ]
    decoded = decoding_times(stored)
    assert len(decoded) == len(stored)
    assert all(earlier < later for earlier, later in itertools.pairwise(decoded))
    assert all(moment <= stamp for moment, stamp in zip(decoded, stored, strict=True))


def test_a_second_run_leaves_the_first_its_folder(tmp_path):
    source, target = make(tmp_path, Recipe("clip.mp4")), tmp_path / "out.mp4"
    seconds = []

    class Answered(IdentityEngine):
        def run(self, batch):
            if not seconds:
                seconds.append(restore(source, target, IdentityEngine()))
            return super().run(batch)

    assert restore(source, target, Answered()).status == "done"
    assert seconds[0].status == "failed"
    assert "is being made by another run" in seconds[0].reason
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "out.mp4"}
