"""Room: a few share it, or one has it alone."""

import threading
import time

import pytest

from deblurgan.room import Room

SOON = 0.05


def inside(enter, seen, name, leave):
    """A thread that enters, writes its name down, and stays until it is let go."""

    def visit():
        with enter():
            seen.append(name)
            leave.wait()

    thread = threading.Thread(target=visit, daemon=True)
    thread.start()
    time.sleep(SOON)
    return thread


def test_it_holds_as_many_as_there_are_places():
    room, seen, leave = Room(2), [], threading.Event()
    threads = [inside(room.shared, seen, number, leave) for number in range(3)]
    assert (room.inside, seen) == (2, [0, 1])
    leave.set()
    for thread in threads:
        thread.join()
    assert (room.inside, seen) == (0, [0, 1, 2])


def test_who_wants_it_alone_waits_for_those_inside_and_goes_before_newcomers():
    room, seen, leave, go_on = Room(), [], threading.Event(), threading.Event()
    first = inside(room.shared, seen, "first", leave)
    alone = inside(room.alone, seen, "alone", go_on)
    newcomer = inside(room.shared, seen, "newcomer", go_on)
    assert seen == ["first"]
    leave.set()
    first.join()
    time.sleep(SOON)
    assert seen == ["first", "alone"]
    go_on.set()
    alone.join()
    newcomer.join()
    assert seen == ["first", "alone", "newcomer"]


def test_who_is_interrupted_while_waiting_to_be_alone_keeps_nobody_out(monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    room = Room()
    with monkeypatch.context() as patched:
        patched.setattr(room._change, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt):
            room.alone().__enter__()
    seen, leave = [], threading.Event()
    leave.set()
    inside(room.shared, seen, "newcomer", leave).join(10)
    assert seen == ["newcomer"]
