"""Votes become strengths that are right as often as their intervals say."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from deblurgan.errors import StudyError
from deblurgan.study import Vote, fit, read_votes

TRUE = {"input": 1.0, "weak": 0.7, "good": 1.5, "best": 2.4}


def simulated(rng, count):
    """Votes of raters who follow the true strengths."""
    names = list(TRUE)
    votes = []
    for _ in range(count):
        left, right = rng.choice(names, 2, replace=False)
        chance = TRUE[left] / (TRUE[left] + TRUE[right])
        votes.append(Vote("somebody", "picture", left, right, float(rng.random() < chance)))
    return votes


def test_each_true_strength_lies_in_its_interval_in_95_of_100_studies():
    held = Counter()
    for seed in range(100):
        found = fit(simulated(np.random.default_rng(seed), 400), "input")
        held.update(each.model for each in found if each.low <= TRUE[each.model] <= each.high)
    assert all(held[model] >= 95 for model in TRUE), held


def test_two_versions_have_the_odds_of_their_votes():
    votes = [Vote("a", "p", "input", "ours", share) for share in (0.0, 0.0, 0.0, 1.0)] * 200
    best, unit = fit(votes, "input")
    assert (best.model, unit.model, unit.score, unit.low, unit.high) == ("ours", "input", 1, 1, 1)
    assert best.score == pytest.approx(3, rel=0.01)
    # The variance of a logarithm of odds is 1 / wins + 1 / losses.
    assert math.log(best.high / best.score) == pytest.approx(1.96 * (1 / 600 + 1 / 200) ** 0.5, rel=0.02)


def test_a_version_that_always_won_gets_a_finite_strength():
    best, *_ = fit([Vote("a", "p", "ours", "input", 1.0)] * 20, "input")
    assert 5 < best.score < math.inf
    assert (best.won, best.votes) == (1.0, 20)


def test_equal_votes_make_equal_strengths():
    assert [each.score for each in fit([Vote("a", "p", "ours", "input", 0.5)] * 9, "input")] == [1, 1]


def write(path, study="s", rater="r", choices=("left",), **more):
    votes = [{"picture": "p", "left": "ours", "right": "input", "choice": choice} for choice in choices]
    path.write_text(json.dumps({"study": study, "rater": rater, "votes": votes} | more), "utf-8")
    return path


def test_a_rater_who_exported_twice_counts_once(tmp_path):
    early, late = write(tmp_path / "1", choices=["left"]), write(tmp_path / "2", choices=["left", "equal"])
    other = write(tmp_path / "3", rater="q")
    assert [vote.left_share for vote in read_votes([late, early, other])] == [1, 0.5, 1]


def test_raters_of_one_name_count_apart_where_the_page_drew_them_an_id(tmp_path, caplog):
    ada = write(tmp_path / "1", rater_id="1", choices=["left", "equal", "right"])
    alan = write(tmp_path / "2", rater_id="2", choices=["left", "left"])
    without = write(tmp_path / "3")
    votes = read_votes([ada, alan, without])
    assert Counter(vote.rater_id for vote in votes) == {"1": 3, "2": 2, "": 1}
    assert not caplog.messages


def test_a_file_that_is_passed_over_is_named(tmp_path, caplog):
    early, late = write(tmp_path / "1"), write(tmp_path / "2", choices=["left", "equal"])
    read_votes([early, late])
    assert caplog.messages == [
        f"{early} was passed over: {late} is by the same rater, 'r', and has as many votes or more"
    ]


def test_files_that_cannot_be_counted_are_named(tmp_path):
    (tmp_path / "no.json").write_text("[]")
    for files, says in (
        ([tmp_path / "no.json"], "no.json is not a file of votes"),
        ([tmp_path / "absent.json"], r"absent.json cannot be read \(No such file or directory\)"),
        ([write(tmp_path / "1"), write(tmp_path / "2", study="t")], "different studies"),
        ([write(tmp_path / "3", choices=[])], "no votes"),
    ):
        with pytest.raises(StudyError, match=says):
            read_votes(files)
