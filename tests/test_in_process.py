"""Work is done in a process of its own, and its end is heard of, whatever it is."""

import os

import pytest

from deblurgan.in_process import in_process


def test_the_result_comes_from_another_process():
    assert in_process(os.getpid) != os.getpid()


def test_what_goes_wrong_in_the_process_is_heard_of():
    with pytest.raises(ValueError, match="many"):
        in_process(int, "many")


def test_a_process_that_was_killed_is_not_waited_for():
    with pytest.raises(ChildProcessError, match="code 9"):
        in_process(os._exit, 9)
