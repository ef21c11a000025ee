"""BOHB: which step is modelled; better than chance where trials get different amounts."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import luthier
from luthier import Float, Space, State, TrialRow, testing
from luthier.errors import SamplerError
from luthier.history.history import History
from luthier.history.resources import rank_at_highest_step
from luthier.samplers import BOHB
from luthier.schedulers import ASHA, Hyperband
from luthier.schedulers import DEHB as DEHBBrackets
from luthier.transfer import task_of_study
from luthier.transfer.source_models import kendall

CUBE = Space({"x": Float(0, 1), "y": Float(0, 1)})
C = State.COMPLETE
R = State.RUNNING
P = State.PAUSED
F = State.FAILED
W = State.WAITING


def table(*rows, space=CUBE) -> History:
    """Trials (state, {step: loss})."""
    trials = []
    for i, (state, reports) in enumerate(rows):
        value = list(reports.values())[-1] if state in (C, P) and reports else None
        params = dict.fromkeys(space.names, i % 97 / 97)
        trials.append(testing.trial(params, value, state, reports))
    return testing.history(*trials, space=space)


def test_the_highest_step_with_enough_trials_is_modelled() -> None:
    low = [(P, {1: 9.0 - i}) for i in range(6)]
    high = [(P, {1: 0.0, 2: 7.0, 3: 1.0 + i}) for i in range(4)]
    assert rank_at_highest_step(table(*low[:5]), 6)[0].tolist() == []
    assert rank_at_highest_step(table(*low), 6)[0].tolist() == [5, 4, 3, 2, 1, 0]
    numbers, losses = rank_at_highest_step(table(*low, *high), 6)
    assert numbers.tolist() == [6, 7, 8, 9, 5, 4, 3, 2, 1, 0]
    assert losses.tolist() == [0.0] * 4 + [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    numbers, losses = rank_at_highest_step(table(*low, *high[::-1]), 4)
    assert (numbers.tolist(), losses.tolist()) == ([9, 8, 7, 6], [1.0, 2.0, 3.0, 4.0])


def test_neither_running_nor_failed_trials_count() -> None:
    rest = [(P, {3: 5.0}), (P, {1: 1.0, 4: 6.0}), (P, {3: 4.0}), (F, {3: 0.0}), (W, {}), (R, {})]
    running = (R, {2: 0.0, 3: 4.0, 7: 0.0})
    numbers, losses = rank_at_highest_step(table(*rest, running), 3)
    assert (numbers.tolist(), losses.tolist()) == ([2, 0, 1], [4.0, 5.0, 6.0])
    assert not len(rank_at_highest_step(table(*rest[1:], running), 3)[0])


def test_complete_trials_count_at_every_step() -> None:
    h = table((P, {3: math.nan}), (P, {3: 2.0}), (C, {2: 3.0}))
    assert [x.tolist() for x in rank_at_highest_step(h, 3)] == [[1, 2, 0], [2.0, 3.0, math.inf]]
    h.put([TrialRow(number=3, state=C, params={"x": 0.5, "y": 0.5}, values=(1.0,))])
    assert rank_at_highest_step(h, 3)[0].tolist() == [3, 1, 2, 0]


def test_one_in_three_is_drawn_at_random() -> None:
    near = [(P, {1: abs(i / 97 - 0.5)}) for i in range(97)]
    h = table(*near)
    X = BOHB().sample(CUBE, h, 600, np.random.default_rng(0))
    far = (np.abs(X - 0.5) > 0.3).any(axis=1).mean()  # 64 % of the square
    assert 0.13 < far < 0.3
    none = BOHB(random_fraction=0).sample(CUBE, h, 200, np.random.default_rng(0))
    assert (np.abs(none - 0.5) > 0.3).any(axis=1).mean() < 0.1


def objective(trial):
    p = trial.params
    for step in range(int(trial.step) + 1, 28):
        trial.report(
            sum((v - 0.3) ** 2 for v in p.values()) + 0.5 / step, step, checkpoint={"step": step}
        )
        if trial.should_prune():
            raise luthier.TrialPruned
    return sum((v - 0.3) ** 2 for v in p.values())


@pytest.mark.parametrize(
    ("sampler", "scheduler", "begins"),
    [
        ("bohb", Hyperband(1, 27), [0, 27, 39, 45]),
        ("dehb", DEHBBrackets(1, 27), [0, 27, 39, 45]),
        ("tpe", ASHA(1, 27), [0, 15, 30]),
        ("auto", Hyperband(1, 9), [0, 9, 14, 17]),
    ],
    ids=["bohb", "dehb", "tpe", "auto"],
)
def test_earlier_tasks_lead_in_each_bracket(sampler, scheduler, begins) -> None:
    space = {f"x{j}": Float(0, 1) for j in range(2)}
    old = luthier.create_study("old", space=space, scheduler=Hyperband(1, 27), seed=1)
    old.optimize(objective, n_trials=49, progress=False)
    task = task_of_study(old)
    assert task.n == 49  # trials that were trained in part count as well
    true = ((task.X - 0.3) ** 2).sum(axis=1)
    assert kendall(true, task.losses[:, 0]) > 0.9

    study = luthier.create_study(
        space=space, sampler=sampler, scheduler=scheduler, memory=[old], seed=2
    )
    study.optimize(objective, n_trials=begins[-1], progress=False)
    led = [t.number for t in study.trials if t.tags.get("from_memory") == "portfolio"]
    for begin, end in pairwise(begins):
        assert sum(begin <= i < end for i in led) >= 1
    assert study.trials[0].params == old.best_params


@pytest.mark.parametrize("sampler", [BOHB(), "dehb"], ids=["bohb", "dehb"])
def test_earlier_tasks_that_mislead_lead_no_longer(sampler) -> None:
    space = {f"x{j}": Float(0, 1) for j in range(2)}
    old = luthier.create_study("old", space=space, sampler="random", seed=1)
    old.optimize(lambda t: -sum((v - 0.3) ** 2 for v in t.params.values()), 25, progress=False)
    study = luthier.create_study(
        space=space, sampler=sampler, scheduler=Hyperband(1, 27), memory=[old], seed=2
    )
    study.optimize(objective, n_trials=40, progress=False)
    led = [t.number for t in study.trials if t.tags.get("from_memory") == "portfolio"]
    assert len(led) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["bohb", "dehb"])
def test_with_brackets_it_is_better_than_chance(sampler) -> None:
    def found(sampler, scheduler, seed):
        space = {f"x{j}": Float(0, 1) for j in range(4)}
        study = luthier.create_study(space=space, sampler=sampler, scheduler=scheduler, seed=seed)
        study.optimize(objective, n_trials=300, progress=False)
        return study.best_value

    guided = [
        found(sampler, Hyperband(1, 27) if sampler == "bohb" else "dehb", s) for s in range(2)
    ]
    chance = [found("random", Hyperband(1, 27), s) for s in range(2)]
    assert np.mean(guided) < 0.5 * np.mean(chance)


def test_it_says_what_it_cannot_do() -> None:
    with pytest.raises(SamplerError, match="BOHB takes one objective, got 2"):
        luthier.create_study(objectives=["minimize"] * 2, space=CUBE, sampler="BOHB").ask()
    for bad in ({"random_fraction": 1.5}, {"n_candidates": 0}, {"gamma": 0}, {"bandwidth": 2}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            BOHB(**bad)
    assert repr(BOHB(0.5)).startswith("BOHB(random_fraction=0.5, n_candidates=64, gamma=0.15")
