"""DEHB's subpopulations are read off the history: who stands where, and who is bred from whom."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Float, Space, State, testing
from luthier.history.history import History
from luthier.numerics.halving import Slots, brackets
from luthier.samplers import DE, DEHB
from luthier.samplers.dehb import population

CUBE = Space({f"x{j}": Float(0, 1) for j in range(3)})
C = State.COMPLETE
R = State.RUNNING
P = State.PAUSED
X = State.PRUNED
F = State.FAILED
SLOTS = Slots(brackets(1, 9, 3))  # begin 9, 5, 3; then places (9, 3, 1), (5, 1), (3)


def filled(n: int, steps=lambda i: 1, loss=lambda i, s: float(i), state=lambda i: P) -> History:
    rng = np.random.default_rng(0)
    trials = []
    for i in range(n):
        [params] = CUBE.decode(CUBE.sample(rng, 1))
        reports = [loss(i, s) for s in range(1, steps(i) + 1)]
        trials.append(testing.trial(params, loss(i, 0), state(i), reports))
    return testing.history(*trials, space=CUBE)


def test_sizes() -> None:
    assert SLOTS.sizes.tolist() == [9, 5, 3]
    assert SLOTS.n_first == 17


def test_in_the_first_pass_trials_stand_at_each_rung_they_reach() -> None:
    h = filled(17, lambda i: 9 if i in (2, 16) else 3 if i in (2, 4, 7) or i >= 9 else 1)
    assert population(h, SLOTS, 0)[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert population(h, SLOTS, 1)[0].tolist() == [10, 11, 2, 13, 4]  # the better of 2, 7 and 12
    assert population(h, SLOTS, 2)[0].tolist() == [-1, 16, 2]
    assert population(h, SLOTS, 1)[1].tolist() == [2, 4, 0, 1, 3]


def test_later_trials_challenge_one_place_of_one_rung() -> None:
    def loss(i, s):
        return -1.0 if i in (18, 27, 29) else 5.0 + i

    h = filled(17 + 13, lambda i: 9, loss, lambda i: F if i == 27 else P)
    assert population(h, SLOTS, 0)[0].tolist() == [
        0,
        18,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
    ]  # the second place; 27 failed
    assert population(h, SLOTS, 1)[0].tolist() == [0, 1, 2, 3, 4]
    assert population(h, SLOTS, 2)[0].tolist() == [29, 1, 2]


def test_a_mutant_comes_from_the_best_of_the_rung_below() -> None:
    """With CR = 1 nothing of the parent is left, with CR = 0 all but one parameter."""
    at = 17 + 9  # the first place at the rung of 3
    h = filled(at, lambda i: 3 if i >= 9 else 1)
    best = h.X[population(h, SLOTS, 0)[0][population(h, SLOTS, 0)[1][:5]]]
    made = DEHB(1, 9, CR=1.0)
    for seed in range(20):
        x = made.sample(CUBE, h, 1, np.random.default_rng(seed))[0]
        a = best[:, None, None]
        b = best[None, :, None]
        c = best[None, None, :]
        steps = (a + 0.5 * (b - c)).reshape(-1, 3)
        inside = np.isclose(steps, x).any(axis=0)
        assert (
            np.isclose(steps, x).all(axis=1).any()
            or not inside.all()
            or ((steps < 0) | (steps > 1)).any()
        )
    parent = h.X[population(h, SLOTS, 1)[0][0]]
    x = DEHB(1, 9, CR=0.0).sample(CUBE, h, 1, np.random.default_rng(0))[0]
    assert (x != parent).sum() == 1


def test_it_goes_on_where_next_to_nothing_is_known() -> None:
    for h in (
        filled(17, state=lambda i: F),
        filled(20, loss=lambda i, s: np.nan),
        filled(30, lambda i: 0),
    ):
        x = DEHB(1, 9).sample(CUBE, h, 4, np.random.default_rng(0))
        assert CUBE.feasible(x).all()


def test_without_reports_it_is_differential_evolution() -> None:
    h = filled(60, lambda i: 0, state=lambda i: C)
    np.testing.assert_array_equal(
        DEHB().sample(CUBE, h, 3, np.random.default_rng(0)),
        DE().sample(CUBE, h, 3, np.random.default_rng(0)),
    )


def test_a_study_breeds_at_every_rung() -> None:
    def objective(trial):
        x = trial.params["x0"]
        for step in range(int(trial.step) + 1, 10):
            trial.report(abs(x - 0.3) + 1 / step, step, checkpoint={"step": step})
            if trial.should_prune():
                raise luthier.TrialPruned
        return abs(x - 0.3)

    study = luthier.create_study(
        space=CUBE, sampler=DEHB(1, 9), scheduler=luthier.schedulers.DEHB(1, 9), seed=0
    )
    study.optimize(objective, n_trials=17 + 44, progress=False)
    steps = [len(t.reports) for t in study.trials]
    assert steps[17:39] == [1] * 9 + [3] * 3 + [9] + [3] * 5 + [9] + [9] * 3
    assert steps[17:39] == steps[39:]
    states = {t.state for t, n in zip(study.trials[17:], steps[17:], strict=True) if n < 9}
    assert states == {X}
    assert {t.state for t, n in zip(study.trials, steps, strict=True) if n == 9} == {C}


@pytest.mark.parametrize(
    "bad",
    [
        {"min_resource": 0},
        {"min_resource": 3, "max_resource": 3},
        {"reduction_factor": 1},
        {"F": 0},
        {"CR": 2},
    ],
)
def test_bad_settings(bad) -> None:
    with pytest.raises(ValueError, match=list(bad)[-1]):
        DEHB(**bad)


@pytest.mark.parametrize("most", [5e7, 1e300])
def test_a_pass_begins_a_million_trials_at_most(most: float) -> None:
    slots = Slots(brackets(1, most, 3))
    assert 100_000 < slots.n_first <= 1_000_000
    assert slots.steps[-1] == most
