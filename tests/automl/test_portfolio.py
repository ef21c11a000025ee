"""First trials come in the order of expected gain a second, which what is measured changes."""

from __future__ import annotations

from luthier.automl.learners import Learner
from luthier.automl.portfolio import Portfolio
from luthier.space.space import Space


def learner(name, gain, cost_s):
    return Learner(name=name, space=lambda task, d: Space(), gain=gain, cost_s=cost_s)


LEARNERS = {
    "good": learner("good", 0.6, 1.0),
    "cheap": learner("cheap", 0.3, 0.01),
    "slow": learner("slow", 0.65, 100.0),
}
ROWS = [{"learner": name, "row": i} for name in LEARNERS for i in range(3)]


def portfolio():
    return Portfolio(ROWS, LEARNERS, 1_000, 10)


def test_cheap_ones_come_first_and_slow_ones_last():
    ordered = portfolio()
    taken = [ordered.take() for _ in range(len(ROWS))]
    names = [row["learner"] for row in taken if row is not None]
    assert names[0] == "cheap"
    assert names[-3:] == ["slow"] * 3


def test_a_row_that_would_take_longer_than_what_is_left_is_not_taken():
    ordered = portfolio()
    names = set()
    while (row := ordered.take(longest_s=10.0)) is not None:
        names.add(row["learner"])
    assert names == {"cheap", "good"}


def test_measured_times_replace_expected_ones():
    ordered = portfolio()
    ordered.note_fit("cheap", 50.0)
    ordered.note_fit("slow", 0.01)
    assert ordered.take()["learner"] == "slow"


def test_a_learner_that_falls_behind_loses_its_turn():
    ordered = Portfolio(ROWS, dict.fromkeys(LEARNERS, LEARNERS["good"]), 1_000, 10)
    for name, loss in (("good", 0.9), ("cheap", 0.5), ("slow", 0.1)):
        ordered.note_loss(name, loss)
    assert ordered.take()["learner"] == "slow"


def test_a_learner_that_fails_has_no_further_rows():
    ordered = portfolio()
    ordered.note_failure("cheap")
    assert ordered.take()["learner"] == "good"


def test_rows_that_were_run_before_are_left_out():
    ordered = portfolio()
    for row in ROWS[:6]:
        ordered.forget(row)
    assert ordered.take() == ROWS[6]
