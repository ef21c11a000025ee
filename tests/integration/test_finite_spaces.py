"""A finite space that is used up: a grid ends, others say once that they repeat points."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import luthier
from luthier import Float, Int
from luthier.schedulers import ASHA


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.WARNING, "luthier")
    return caplog


def stopped_branch(trial):
    if trial.suggest_categorical("model", ["bad", "good"]) == "bad":
        loss = 10 + trial.suggest_int("depth", 1, 3)
    else:
        loss = trial.suggest_int("width", 1, 3)
    for epoch in range(1, 10):
        trial.report(loss + 1 / epoch, epoch)
        if trial.should_stop():
            raise luthier.TrialPruned
    return loss


def ranges_of_branches(trial):
    if trial.suggest_categorical("k", ["a", "b"]) == "a":
        return trial.suggest_int("x", 1, 3)
    return trial.suggest_int("x", 5, 9)


def failing_branch(trial):
    if trial.suggest_categorical("k", ["a", "b"]) == "a":
        trial.suggest_int("x", 1, 3)
        raise ValueError
    return trial.suggest_int("y", 1, 3)


def failing_early(trial):
    if trial.suggest_categorical("k", ["a", "b"]) == "a":
        raise ValueError
    return trial.suggest_int("y", 1, 3)


@pytest.mark.parametrize("scheduler", [None, ASHA(mode="stopping", max_resource=9), ASHA()])
@pytest.mark.parametrize(
    ("objective", "n_points", "at_most"),
    [
        (stopped_branch, 6, 8),
        (ranges_of_branches, 8, 18),
        (failing_branch, 6, 10),
        (failing_early, 4, 8),
    ],
)
def test_a_grid_over_what_the_objective_discovers_ends(objective, scheduler, n_points, at_most):
    study = luthier.create_study(sampler="grid", scheduler=scheduler, seed=1)
    study.optimize(objective, catch=ValueError, progress=False)
    points = Counter(tuple(t.params.items()) for t in study.trials)
    assert len(points) == n_points
    assert len(study.trials) <= at_most


def test_a_grid_that_is_stopped_and_loaded_ends_too(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    for _ in range(4):
        study = luthier.create_study("s", url, sampler="grid", seed=1, load_if_exists=True)
        study.optimize(ranges_of_branches, n_trials=6, progress=False)
    assert len(study.trials) <= 18
    assert len({tuple(t.params.items()) for t in study.trials}) == 8
    lost = [t for t in study.trials if t.proposal]
    assert lost
    assert all(t.proposal["x"] != t.params["x"] for t in lost if "x" in t.proposal)


@st.composite
def trees(draw, depth=0, used=("a",)):
    """A parameter with its values, each with what it leads to and how trials end there."""
    name = "a" if depth == 0 else draw(st.sampled_from([n for n in "bcde" if n not in used]))
    n_values = draw(st.integers(1, 3))
    is_parent = st.booleans() if depth < 2 else st.just(False)
    below = [
        draw(trees(depth + 1, (*used, name))) if draw(is_parent) else None for _ in range(n_values)
    ]
    ends = [draw(st.sampled_from(["complete", "fail", "stop"])) for _ in range(n_values)]
    return name, draw(st.integers(0, 2)), below, ends


def points_of(tree, begun=()):
    if tree is None:
        yield begun
        return
    name, low, below, _ = tree
    for i, node in enumerate(below):
        yield from points_of(node, (*begun, (name, low + i)))


def objective_of(tree):
    def objective(trial):
        node, end = tree, "complete"
        while node is not None:
            name, low, below, ends = node
            value = trial.suggest_int(name, low, low + len(below) - 1)
            node, end = below[value - low], ends[value - low]
        if end == "fail":
            raise ValueError
        if end == "stop":
            raise luthier.TrialPruned
        return 1.0

    return objective


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees(), st.integers(0, 3))
def test_each_point_of_any_tree_has_a_trial_and_then_the_grid_ends(tree, seed) -> None:
    study = luthier.create_study(sampler="grid", seed=seed)
    study.optimize(objective_of(tree), n_trials=400, catch=ValueError, progress=False)
    tried = [tuple(sorted(t.params.items())) for t in study.trials]
    assert set(tried) == {tuple(sorted(p)) for p in points_of(tree)}
    assert len(tried) < 400


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp", "forest", "evolution"])
def test_other_samplers_say_once_that_they_repeat_points(sampler, said) -> None:
    study = luthier.create_study(space={"k": ["a", "b", "c"]}, sampler=sampler, seed=0)
    study.optimize(lambda trial: 1.0, n_trials=3, progress=False)
    assert len({t.params["k"] for t in study.trials}) == 3
    assert not said.records

    study.optimize(lambda trial: 1.0, n_trials=6, progress=False)
    assert len(study.trials) == 9
    [record] = said.records
    assert "every point of the space has had its trial (3 in all)" in record.getMessage()
    assert "sampler='grid', which ends here" in record.getMessage()


@pytest.mark.parametrize("space", [{"x": Float(0, 1)}, {"x": Int(0, 10**12)}, {"x": Int(1, 50)}])
def test_a_space_that_is_not_used_up_is_not_warned_of(space, said) -> None:
    study = luthier.create_study(space=space, sampler="random", seed=0)
    study.optimize(lambda trial: 1.0, n_trials=40, progress=False)
    assert not said.records
