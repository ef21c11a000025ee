"""Toy problems: their optimum is where they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

import luthier
from luthier import schedulers, testing
from luthier.numerics.hypervolume import hypervolume

BEST = {
    "branin": {"x": math.pi, "y": 2.275},
    "hartmann6": {
        f"x{j}": x for j, x in enumerate([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573])
    },
    "mixed": {"model": "tree", "depth": 5, "criterion": "gini"},
    "curves": {"x": 0.3, "y": 1.0},
    "constrained": {"x": 0.19512, "y": 0.40467},
}


@pytest.mark.parametrize("problem", testing.PROBLEMS, ids=lambda p: p.name)
def test_no_value_is_below_the_optimum(problem):
    if problem.n_objectives > 1:
        first = np.linspace(0, 1, 2001)
        front = [problem.values({"x0": x, "x1": 0, "x2": 0, "x3": 0}) for x in first]
        volume = hypervolume(np.array(front), np.ones(2))
        assert volume == pytest.approx(problem.optimum, abs=1e-3)
        return
    best = BEST[problem.name]
    assert problem.values(best) == pytest.approx(problem.optimum, abs=1e-4)
    if problem.constraints:
        assert max(problem.constraints(best).values()) < 1e-4

    space = problem.space
    for params in space.decode(space.sample(np.random.default_rng(0), 2000)):
        if problem.constraints is None or max(problem.constraints(params).values()) <= 0:
            assert problem.values(params) > problem.optimum - 1e-6


@pytest.mark.parametrize("problem", testing.PROBLEMS, ids=lambda p: p.name)
def test_a_problem_is_an_objective(problem):
    study = luthier.create_study(
        space=problem.space,
        objectives=["minimize"] * problem.n_objectives,
        scheduler=schedulers.Median(n_startup_trials=2) if problem.n_steps else None,
        sampler="random",
        seed=0,
    )
    study.optimize(problem, n_trials=12, progress=False)
    assert len(study.trials) == 12
    assert (study.history.n_reports > 0) == (problem.n_steps > 0)
    assert bool(study.history.constraint_names) == (problem.constraints is not None)
