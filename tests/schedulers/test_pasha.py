"""PASHA: the top rung rises only while the ranking below it is unstable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.simulated import Workers, noisy

from luthier.schedulers import ASHA, PASHA, Decision
from luthier.schedulers.base import Next, Resume
from luthier.schedulers.pasha import noise
from luthier.trial.record import State

C = State.COMPLETE
R = State.RUNNING
P = State.PAUSED
GO, PAUSE = Decision.CONTINUE, Decision.PAUSE


def pairs(*losses):
    """Trials paused at rung 3 with (loss at 1 and 2, loss at 3)."""
    return [(P, [a, a, b]) for a, b in losses]


def test_nobody_is_promoted_from_the_top_while_the_ranking_is_stable(table):
    stable = pairs((1.0, 1.0), (2.0, 2.0), (3.0, 3.0))
    h = table(*stable)
    assert ASHA().next(h) == Resume(0)
    assert PASHA().next(h) is Next.START
    assert PASHA(1, 99).decide(table(*stable, *stable, (R, [0.0, 0.0, 0.0])), 6) is PAUSE
    assert PASHA().next(table((P, [1.0]), (P, [2.0]), (P, [3.0]))) == Resume(
        0
    )  # to the second rung they are


def test_the_top_rises_when_the_ranking_changes(table):
    swapped = pairs((1.0, 2.0), (2.0, 1.0), (3.0, 3.0))
    assert PASHA().next(table(*swapped)) == Resume(1)
    assert PASHA().decide(table(*swapped, (P, [9.0] * 3), (P, [9.0] * 3), (R, [0.0] * 3)), 5) is GO


def test_places_may_be_changed_with_those_that_are_as_good_but_for_noise(table):
    """Two curves cross twice, 0.3 apart at the end: that much is noise."""
    wild = [(P, [9.0, 9.5, 9.0]), (P, [9.3, 9.2, 9.3])]
    near, far = pairs((1.0, 2.0), (1.2, 1.0), (3.0, 3.0)), pairs((1.0, 2.0), (1.5, 1.0), (3.0, 3.0))
    h = table(*wild, *near)
    assert noise(h, np.arange(5), 3) == pytest.approx(0.3)
    assert noise(h, np.arange(2, 5), 3) == 0
    assert PASHA().next(h) is Next.START
    assert PASHA().next(table(*wild, *far)) == Resume(3)


def test_noise_of_uneven_reports(table):
    h = table((P, {1: 3.0, 2: 1.0, 3.2: 3.0, 9: 100.0}), (P, {0.5: 2.0, 3.5: 2.0}), (P, {5: 0.0}))
    assert noise(h, np.arange(3), 3) == 1.0  # each at its latest report by 3.2: 3 and 2
    assert noise(table((P, [0.0])), np.arange(1), 1) == 0


def test_it_saves_what_asha_spends_on_rankings_that_are_known():
    spent = {}
    for kind in (ASHA, PASHA):
        workers = Workers(
            kind(1, 27),
            np.random.default_rng(0),
            200,
            4,
            lambda i, s: (i * 37 % 200) + 1 / s,
            end=27,
        )
        h = workers.run()
        spent[kind] = workers.steps_run
        assert h.best() == 0
    assert spent[PASHA] < 0.7 * spent[ASHA]
    assert int((h.last_step > 3).sum()) == 1


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    n=st.sampled_from([1, 4, 20]),
    n_trials=st.integers(1, 50),
    checkpoints=st.booleans(),
    trouble=st.sampled_from([0, 0.04]),
    uneven=st.booleans(),
    top=st.sampled_from([27, None]),
)
def test_whatever_the_timing(seed, n, n_trials, checkpoints, trouble, uneven, top):
    workers = Workers(
        PASHA(1, top),
        np.random.default_rng(seed),
        n_trials,
        n,
        noisy(seed),
        27,
        checkpoints,
        trouble,
        trouble,
        trouble,
        (lambda i: 0.7 + i % 3) if uneven else lambda i: 1,
        0.1,
    )
    h = workers.run()
    assert h.n == n_trials
    assert not h.running
    assert trouble or (h.state == C).any()


def test_settings():
    assert (
        repr(PASHA(1, 27)) == "PASHA(min_resource=1, max_resource=27, reduction_factor=3, n_min=1)"
    )
    with pytest.raises(ValueError, match="max_resource must be a finite number > 3, got 1"):
        PASHA(3, 1)
