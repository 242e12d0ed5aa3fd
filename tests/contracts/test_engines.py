"""Every engine in the table keeps the protocol."""

import subprocess
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from deblurgan import passes, tiling
from deblurgan.catalogue import find
from deblurgan.engines import ALL_PASSES, ENGINES, Input, allowed_threads, choice, choose, open_engine
from deblurgan.engines.openvino_compiled import Form, Key
from deblurgan.engines.table import EngineEntry
from deblurgan.errors import DeblurganError, UnknownEngine
from deblurgan.tiling import SizeRule

INSTALLED = [name for name, entry in ENGINES.items() if entry.installed]
BATCH = np.random.default_rng(0).uniform(-1, 1, (2, 3, 48, 64)).astype(np.float32)


@pytest.fixture(scope="module", params=INSTALLED)
def engine(request):
    opened = open_engine(find("default"), request.param, precision="f32")
    yield opened
    opened.close()


def test_an_engine_at_rest_leaves_the_processor_to_others(engine):
    engine.run(BATCH)
    before = time.process_time()
    time.sleep(0.1)
    assert time.process_time() - before < 0.03


@pytest.mark.skipif("openvino" not in INSTALLED, reason="bf16 is for OpenVINO")
def test_bf16_that_the_processor_lacks_is_taken_and_said_once(monkeypatch, caplog):
    import openvino

    from deblurgan.engines.openvino import _say_emulated

    for has, warnings in ((["FP32", "BF16"], 0), (["FP32"], 1)):
        _say_emulated.cache_clear()
        monkeypatch.setattr(openvino.Core, "get_property", lambda *_, has=has: has)
        for precision in ("bf16", "bf16", "f32"):
            open_engine(find("fast"), "openvino", precision=precision).close()
        assert [record.getMessage()[:26] for record in caplog.records] == ["This processor has no bf16"] * warnings


def watched_openvino(monkeypatch):
    """An engine that keeps nothing unless told to, and a list of what it compiles."""
    monkeypatch.setattr("deblurgan.engines.openvino_compiled._PIXELS_KEPT", 0)
    engine, compiled = open_engine(find("fast"), "openvino"), []
    prepare = engine._networks._core.compile_model
    watched = types.SimpleNamespace(compile_model=lambda *network: compiled.append(network) or prepare(*network))
    monkeypatch.setattr(engine._networks, "_core", watched)
    monkeypatch.setattr(engine._networks, "_kept", None)
    return engine, compiled


@pytest.mark.skipif("openvino" not in INSTALLED, reason="the others take any shape as it comes")
def test_openvino_is_prepared_anew_only_for_what_it_may_not_keep(monkeypatch):
    engine, compiled = watched_openvino(monkeypatch)
    for pixels, times in ((0, 2), (0, 4), (64**2 + 128**2, 5), (64**2 + 128**2, 5)):
        engine.keep(pixels)
        for side in (64, 128):
            engine.run(np.zeros((1, 3, side, side), np.float32))
        assert len(compiled) == times
    engine.close()


@pytest.mark.skipif("openvino" not in INSTALLED, reason="the others take any shape as it comes")
@pytest.mark.parametrize(("kept", "times"), [(128**2, [3, 6, 7]), (64**2 + 96**2 + 128**2, [3, 3, 3])])
def test_openvino_prepares_for_all_that_comes_and_drops_what_is_done(monkeypatch, kept, times):
    engine, compiled = watched_openvino(monkeypatch)
    sides = (64, 96, 128)

    def run(side):
        engine.run(np.zeros((1, 3, side, side), np.float32))
        return len(compiled)

    engine.keep(kept)
    counted = []
    for _ in range(2):
        engine.prepare([Input(ALL_PASSES, (side, side), on_pixels=False) for side in sides])
        counted.append(max(run(side) for side in sides))
    assert [*counted, run(64)] == times
    engine.close()


@pytest.mark.skipif("openvino" not in INSTALLED, reason="the others prepare nothing")
def test_openvino_drops_what_it_prepared_for_a_picture_that_never_came(monkeypatch):
    engine, _ = watched_openvino(monkeypatch)
    engine.keep(96**2)
    for side in (128, 64, 96):
        engine.prepare([Input(ALL_PASSES, (side, side), on_pixels=False)])
        engine._networks._background.submit(int).result()
    assert [key.pixels for key in engine._networks._compiled] == [64**2, 96**2]
    engine.close()


@pytest.mark.skipif("openvino" not in INSTALLED, reason="the others have no requests")
def test_openvino_makes_no_request_anew_while_others_run():
    engine = open_engine(find("fast"), "openvino")
    key = Key(Form(ALL_PASSES), ((1, 3, 64, 64),), at_once=2)
    with engine._networks.request(key) as first, engine._networks.request(key) as second:
        assert first is not second
    with engine._networks.request(key) as again, engine._networks.request(key) as other:
        assert {id(again), id(other)} == {id(first), id(second)}
    engine.close()


def test_it_keeps_shape_and_type(engine):
    result = engine.run(BATCH)
    assert (result.shape, result.dtype) == (BATCH.shape, np.float32)


def test_it_gives_the_same_twice_and_leaves_its_input_alone(engine):
    batch = BATCH.copy()
    first = engine.run(batch)
    kept = first.copy()
    engine.run(-batch)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(batch, BATCH)
    np.testing.assert_array_equal(engine.run(batch), kept)


def test_it_agrees_with_the_first_engine(engine):
    reference = open_engine(find("default"), INSTALLED[0], precision="f32").run(BATCH)
    np.testing.assert_allclose(engine.run(BATCH), reference, atol=2e-4)


def test_its_passes_one_after_the_other_give_what_they_give_together(engine):
    facts = find("default").manifest
    together = engine.run(BATCH[:1])[0]
    whole = tiling.window(0, 0, *together.shape[1:])
    rule = SizeRule(facts.size_multiple, facts.minimum_size)
    picture = passes.Picture(together.shape[1:], rule, lambda tile: BATCH[0, :, tile.top :][:, : tile.size[0]])
    cut = passes.Cut(facts.halo, None)
    coarse = passes.found_below(picture, facts.recurrent_scales, [engine.run_pass], cut)
    last = passes.found(facts.recurrent_scales, picture, [whole], coarse, [engine.run_pass])
    np.testing.assert_allclose(np.add(*next(last)), together, atol=1e-3)


def test_several_callers_at_a_time_get_what_each_would_get_alone(engine):
    batches = [np.roll(BATCH[:1], shift, axis=3)[..., : 32 + 16 * (shift % 3)] for shift in range(9)]
    alone = [engine.run(batch) for batch in batches]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(engine.run, batches))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_it_says_what_it_computes_in(engine):
    assert engine.precision == "f32"
    assert engine.name in ENGINES


@pytest.fixture
def two_engines(monkeypatch, tmp_path):
    """Engines of known speed; the list tells how often one was opened."""
    opened, seconds = [], {"quick": 0.001, "slow": 0.01}

    class Timed:
        def __init__(self, name):
            self.name = name
            opened.append(name)

        def run(self, batch):
            time.sleep(seconds[self.name])
            return batch

        def close(self):
            pass

    entries = {name: EngineEntry(f"made_up:{name}", "numpy", "none", "numpy") for name in ("slow", "quick")}
    monkeypatch.setattr(choice, "ENGINES", entries)
    openers = types.SimpleNamespace(**{name: lambda model, options, name=name: Timed(name) for name in seconds})
    monkeypatch.setitem(sys.modules, "made_up", openers)
    monkeypatch.setenv("DEBLURGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DEBLURGAN_ENGINE", raising=False)
    return opened


def test_the_choice_is_the_fastest_and_is_timed_once(two_engines):
    assert [choose(), choose()] == ["quick", "quick"]
    assert sorted(two_engines) == ["quick", "slow"]


def test_what_an_engine_computes_quickly_decides(two_engines, monkeypatch):
    slow = sys.modules["made_up"].slow

    def with_quick(model, options):
        engine = slow(model, options)
        engine.quick = types.SimpleNamespace(run=lambda batch: batch)
        return engine

    monkeypatch.setattr(sys.modules["made_up"], "slow", with_quick)
    assert choose() == "slow"


def test_a_busy_machine_does_not_decide(two_engines, monkeypatch):
    delays = iter([0.05] * 5)
    calm = sys.modules["made_up"].quick

    def delayed(model, options):
        engine = calm(model, options)
        run = engine.run
        engine.run = lambda batch: time.sleep(next(delays, 0)) or run(batch)
        return engine

    monkeypatch.setattr(sys.modules["made_up"], "quick", delayed)
    assert choose() == "quick"
    assert next(delays, None) is None


def test_other_threads_are_timed_anew_and_a_damaged_memory_costs_nothing(two_engines, monkeypatch, tmp_path):
    choose()
    monkeypatch.setenv("DEBLURGAN_THREADS", "7")
    choose()
    assert len(two_engines) == 4
    (tmp_path / "cache" / "engines.json").write_text("[]")
    assert choose() == "quick"
    assert len(two_engines) == 6


def test_timings_with_other_threads_are_remembered_side_by_side(two_engines, monkeypatch):
    for threads in ("7", "3", "7", "3"):
        monkeypatch.setenv("DEBLURGAN_THREADS", threads)
        assert choose() == "quick"
    assert len(two_engines) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("model name\t: Xeon\nflags\t\t: avx2", "model name\t: Xeon\nflags\t\t: avx2 amx_bf16"),
        ("CPU part: 1", "CPU part: 2"),
    ],
)
def test_another_processor_is_timed_anew_and_another_clock_is_not(two_engines, monkeypatch, tmp_path, one, other):
    processors = tmp_path / "cpuinfo"
    monkeypatch.setattr("deblurgan.engines.processor._PROCESSORS", processors)
    for facts, opened in ((f"cpu MHz\t: 2300\n{one}", 2), (f"cpu MHz\t: 1800\n{one}", 2), (other, 4)):
        processors.write_text(f"processor\t: 0\n{facts}\n\nprocessor\t: 1\n")
        choose()
        assert len(two_engines) == opened


def test_an_engine_that_does_not_open_is_not_chosen(two_engines, monkeypatch):
    def refuse(model, options):
        raise UnknownEngine("broken")

    monkeypatch.setattr(sys.modules["made_up"], "quick", refuse)
    assert choose() == "slow"


def test_the_environment_can_choose(monkeypatch):
    monkeypatch.setenv("DEBLURGAN_ENGINE", INSTALLED[-1])
    assert choose() == INSTALLED[-1]


def test_an_empty_environment_chooses_nothing(monkeypatch):
    monkeypatch.setenv("DEBLURGAN_ENGINE", "")
    assert choose() in INSTALLED


def test_an_unknown_engine_or_precision_is_refused():
    with pytest.raises(UnknownEngine, match="known: auto"):
        choose("abacus")
    with pytest.raises(UnknownEngine, match="precision"):
        open_engine(find("default"), precision="f8")


@pytest.mark.parametrize("threads", [0, -1])
def test_fewer_threads_than_one_are_refused(threads):
    with pytest.raises(DeblurganError, match="1 at least"):
        open_engine(find("fast"), threads=threads)


def test_threads_come_from_the_environment_or_the_allowance(monkeypatch):
    assert allowed_threads() >= 1
    monkeypatch.setenv("DEBLURGAN_THREADS", "3")
    assert allowed_threads() == 3


@pytest.mark.parametrize("name", INSTALLED)
def test_ctrl_c_is_no_crash_after_engines_that_were_closed_as_they_were_opened(name):
    program = f"""
import gc, signal
from deblurgan.catalogue import find
from deblurgan.engines import open_engine
opened = [open_engine(find("fast"), {name!r}) for _ in range(2)]
while opened:
    opened.pop(0).close()
    gc.collect()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "interrupted\n")
