"""Shared time: the charges of those who work side by side add up to the time that passed."""

import pytest

from deblurgan.evaluation.shared_time import SharedTime


@pytest.fixture
def shared():
    """A clock that gives 0, then 1, 3, 7 and 8 seconds."""
    return SharedTime(iter([0.0, 1.0, 3.0, 7.0, 8.0]).__next__)


def test_one_alone_is_charged_everything(shared):
    with shared.charged() as charge:
        pass
    assert charge.seconds == 1


def test_of_two_side_by_side_each_is_charged_half(shared):
    with shared.charged() as outer:
        with shared.charged() as inner:
            pass
        assert (outer.seconds, inner.seconds) == (1 + 2 / 2, 2 / 2)
    assert outer.seconds + inner.seconds == 7


def test_work_that_fails_is_charged_no_longer(shared):
    with pytest.raises(ZeroDivisionError), shared.charged():
        raise ZeroDivisionError
    with shared.charged() as charge:
        pass
    assert charge.seconds == 7 - 3
