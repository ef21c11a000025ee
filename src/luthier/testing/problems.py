"""Toy problems whose best value is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import TrialPruned
from ..space.distributions import Float, Int
from ..space.space import Space
from ..trial.handle import Trial

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """A toy problem; it can be called with a trial, as an objective.

    Attributes:
        name: Its name.
        space: The declared space.
        values: Params -> its value, or one for each objective; all are minimised.
        optimum: The smallest value; with two objectives, the hypervolume that the front dominates
            below (1, 1).
        constraints: Params -> name to value; feasible is at most 0.
        n_objectives: Number of objectives.
        n_steps: Number of steps of training; 0 without intermediate values.
        curve: (params, step) -> intermediate value; the last is the value.
    """

    name: str
    space: Space
    values: Callable[[Params], float | Sequence[float]]
    optimum: float
    constraints: Callable[[Params], dict[str, float]] | None = None
    n_objectives: int = 1
    n_steps: int = 0
    curve: Callable[[Params, int], float] | None = None

    def __call__(self, trial: Trial) -> float | Sequence[float]:
        """Evaluate a trial of a study with this space."""
        params = trial.params
        if self.constraints is not None:
            for name, value in self.constraints(params).items():
                trial.set_constraint(name, value)
        if self.curve is not None:
            for step in range(int(trial.step) + 1, self.n_steps + 1):
                trial.report(self.curve(params, step), step, checkpoint={})
                if trial.should_stop():
                    raise TrialPruned
        return self.values(params)


def _branin(p: Params) -> float:
    x, y = float(p["x"]), float(p["y"])
    bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann6(p: Params) -> float:
    x = np.array([p[f"x{j}"] for j in range(6)])
    heights = np.array([1.0, 1.2, 3.0, 3.2])
    return -float(heights @ np.exp(-(_A * (x - _P) ** 2).sum(axis=1)))


def _mixed(p: Params) -> float:
    if p["model"] == "svm":
        return 0.2 + 0.05 * (math.log10(p["C"]) - 1) ** 2
    loss = 0.1 + 0.01 * (p["depth"] - 5) ** 2
    return float(loss if p["criterion"] == "gini" else loss + 0.05)


def _loss_at(p: Params, step: int) -> float:
    end = 0.1 + (p["x"] - 0.3) ** 2
    rate = 0.5 + p["y"]
    return float(end + 0.5 * step**-rate)


_N_STEPS = 27


def _gramacy(p: Params) -> dict[str, float]:
    x, y = p["x"], p["y"]
    return {
        "waves": 1.5 - x - 2 * y - 0.5 * math.sin(2 * math.pi * (x**2 - 2 * y)),
        "disc": x**2 + y**2 - 1.5,
    }


def _zdt1(p: Params) -> tuple[float, float]:
    first = float(p["x0"])
    g = 1 + 9 * sum(p[f"x{j}"] for j in range(1, 4)) / 3
    return first, g * (1 - math.sqrt(first / g))


BRANIN = Problem("branin", Space({"x": Float(-5, 10), "y": Float(0, 15)}), _branin, 0.397887)
"""Two numbers, three equal optima. Source: Branin 1972, as scaled by Dixon & Szegö 1978."""

HARTMANN6 = Problem(
    "hartmann6", Space({f"x{j}": Float(0, 1) for j in range(6)}), _hartmann6, -3.32237
)
"""Six numbers, six local optima. Source: Dixon & Szegö 1978."""

MIXED = Problem(
    "mixed",
    Space(
        {
            "model": ["svm", "tree"],
            "C": Float(1e-3, 1e3, scale="log", when={"model": "svm"}),
            "depth": Int(1, 12, when={"model": "tree"}),
            "criterion": ["gini", "entropy"],
        }
    ),
    _mixed,
    0.1,
)
"""A choice of models, each with parameters of its own; the optimum is a tree of depth 5."""

CURVES = Problem(
    "curves",
    Space({"x": Float(0, 1), "y": Float(0, 1)}),
    lambda p: _loss_at(p, _N_STEPS),
    0.1 + 0.5 * _N_STEPS**-1.5,
    n_steps=_N_STEPS,
    curve=_loss_at,
)
"""Learning curves of 27 steps that cross: "x" decides where they end, "y" how fast."""

CONSTRAINED = Problem(
    "constrained",
    Space({"x": Float(0, 1), "y": Float(0, 1)}),
    lambda p: float(p["x"] + p["y"]),
    0.599788,
    constraints=_gramacy,
)
"""A plane under two constraints on results. Source: Gramacy 2016."""

TWO_OBJECTIVES = Problem(
    "two objectives",
    Space({f"x{j}": Float(0, 1) for j in range(4)}),
    _zdt1,
    2 / 3,
    n_objectives=2,
)
"""ZDT1 in four numbers; on the front the second objective is 1 - sqrt(first). Source: Zitzler 2000.
"""

PROBLEMS = (BRANIN, HARTMANN6, MIXED, CURVES, CONSTRAINED, TWO_OBJECTIVES)
