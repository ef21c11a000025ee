"""A define-by-run study that is stopped and continued is the one that was never stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import luthier
from luthier import Space
from luthier.history.history import History
from luthier.storages import InMemory
from luthier.study.looks import Looks
from luthier.trial.record import State, TrialRow

SAMPLERS = ["random", "tpe", "qmc", "evolution", "de", "cmaes"]


class Tree:
    """An objective with branches within branches, made of a seed.

    Some parameters appear late, some branches are pruned, and some trials fail.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, trial: luthier.Trial) -> float:
        loss = self.ask(trial, "r", np.random.default_rng(self.seed), 0)
        lot = np.random.default_rng([self.seed, trial.number]).random()
        if lot < 0.1:
            raise ValueError("this trial fails")
        trial.report(loss, 1)
        if lot < 0.2:
            raise luthier.TrialPruned
        return loss

    def ask(self, trial: luthier.Trial, name: str, rng: np.random.Generator, depth: int) -> float:
        loss = 0.0
        for i in range(rng.integers(1, 4)):
            own = f"{name}{i}"
            kind = rng.integers(4)
            late = int(rng.integers(2, 12)) if rng.random() < 0.2 else 0
            below = np.random.default_rng([self.seed, int(rng.integers(2**31))])
            if trial.number < late:
                continue
            if kind == 0:
                loss += trial.suggest_float(own, -1.0, 2.0) ** 2
            elif kind == 1:
                loss += trial.suggest_int(own, 1, 30, log=True) / 30
            else:
                chosen = trial.suggest_categorical(own, ["a", "b", "c"][:kind])
                loss += "abc".index(chosen)
                if chosen == "b" and depth < 3:
                    loss += self.ask(trial, own, below, depth + 1)
        return loss


def run(sampler: str, seed: int, cuts: list[int], n: int) -> list[dict[str, Any]]:
    """The params of a study that is stopped and loaded again after some trials."""
    memory = InMemory()
    luthier.create_study("s", memory, sampler=sampler, seed=seed)
    for stop in [*sorted({c for c in cuts if c < n}), n]:
        study = luthier.load_study("s", memory, sampler=sampler)
        left = stop - len(study.trials)
        study.optimize(Tree(seed), n_trials=left, catch=ValueError, progress=False)
    return [t.params for t in study.trials]


@pytest.mark.parametrize("sampler", SAMPLERS)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 29), min_size=1, max_size=4))
@settings(max_examples=8)
def test_a_study_that_was_stopped_is_the_one_that_was_not(
    sampler: str, seed: int, cuts: list[int]
) -> None:
    assert run(sampler, seed, cuts, 30) == run(sampler, seed, [], 30)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["gp", "forest", "bohb", *SAMPLERS])
@pytest.mark.parametrize("seed", range(10))
def test_a_long_study_that_was_stopped_is_the_one_that_was_not(sampler: str, seed: int) -> None:
    cuts = np.random.default_rng(seed).integers(1, 45, 3).tolist()
    assert run(sampler, seed, cuts, 45) == run(sampler, seed, [], 45)


def test_a_grid_goes_on_where_it_was_stopped() -> None:
    def objective(trial: luthier.Trial) -> float:
        if trial.suggest_categorical("k", ["a", "b"]) == "a":
            return trial.suggest_int("x", 1, 4)
        return trial.suggest_int("y", 1, 3) + trial.suggest_int("z", 1, 2)

    def of(cuts: list[int]) -> list[dict[str, Any]]:
        memory = InMemory()
        luthier.create_study("s", memory, sampler="grid", seed=1)
        for n in cuts:
            study = luthier.load_study("s", memory, sampler="grid")
            study.optimize(objective, n_trials=n, progress=False)
        return [t.params for t in study.trials]

    assert of([1, 2, 1, 3, 1]) == of([8])


def test_looks_are_few_and_do_not_depend_on_who_asks() -> None:
    history = History(Space({"a": [0, 1]}), ("minimize",), 0)
    asked_always = Looks()
    seen = []
    for n in range(200):
        if n == 7:
            history.set_space(Space({"a": [0, 1], "b": [0, 1]}))
        params = dict.fromkeys(("a", "b") if n >= 7 else ("a",), 0)
        history.put([TrialRow(number=n, state=State.COMPLETE, params=params, values=(0.0,))])
        seen.append(asked_always.last(history))
        assert Looks().last(history) == seen[-1]
    assert len(set(seen)) < 25
    assert seen[7] == 8
