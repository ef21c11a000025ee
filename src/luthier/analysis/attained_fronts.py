"""Attainment: which values of two objectives a share of several runs has come to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import StudyError, TooFewResultsError
from ..history.history import History
from ..numerics.pareto import is_non_dominated
from ..typing import Array

_MAX_STEPS = 500


class Attainment(NamedTuple):
    """Lines of steps in the plane of two objectives.

    Attributes:
        objectives: Names of the two objectives.
        directions: "minimize" or "maximize", each.
        level: (L,) shares of the runs.
        x: (g,) values of the first objective, the best first.
        y: (L, g) the best value of the second that at least this share of the runs has come to with
            a value of the first as good as x; NaN where so many have not come to any.
        n_runs: Number of runs.
    """

    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    level: Array
    x: Array
    y: Array
    n_runs: int


def attainment(
    histories: Sequence[History], levels: Sequence[float] = (0.25, 0.5, 0.75)
) -> Attainment:
    """Return the fronts that shares of several runs of one study have attained.

    Args:
        histories: One for each run, all with the same two objectives.
        levels: Shares of the runs, above 0 and at most 1.

    Raises:
        TooFewResultsError: A run has no feasible trial with finite values.
        StudyError: There are no runs, or they have not the same two objectives.
        ValueError: A level is no share.

    Source: Fonseca & Fleming 1996; Grunert da Fonseca 2001 (the empirical attainment function).
    """
    _check_runs(histories, levels)
    fronts = [_front(history) for history in histories]
    x = np.unique(np.concatenate([front[:, 0] for front in fronts]))
    if len(x) > _MAX_STEPS:
        x = x[np.linspace(0, len(x) - 1, _MAX_STEPS).round().astype(int)]

    y = np.full((len(fronts), len(x)), np.inf)
    for run, front in enumerate(fronts):
        last = np.searchsorted(front[:, 0], x, side="right") - 1
        y[run, last >= 0] = front[last[last >= 0], 1]
    y.sort(axis=0)
    n_needed = [max(math.ceil(level * len(fronts) - 1e-9), 1) for level in levels]
    attained = y[[k - 1 for k in n_needed]]

    some = histories[0]
    points = np.stack([np.broadcast_to(x, attained.shape), attained], axis=-1)
    values = some.losses_of(np.where(np.isinf(points), np.nan, points))  # its own inverse
    return Attainment(
        some.objectives,
        some.directions,
        np.array(levels, dtype=np.float64),
        values[0, :, 0],
        values[..., 1],
        len(fronts),
    )


def _check_runs(histories: Sequence[History], levels: Sequence[float]) -> None:
    if not histories:
        raise StudyError("attainment needs at least one run, got none")
    kinds = {(history.objectives, history.directions) for history in histories}
    if len(kinds) > 1 or len(histories[0].directions) != 2:
        told = "; ".join(sorted(", ".join(names) for names, _ in kinds))
        raise StudyError(f"attainment needs runs with the same two objectives, got {told:.500}")
    if not levels or not all(0 < level <= 1 for level in levels):
        raise ValueError(f"levels are shares of the runs above 0 and at most 1, got {levels!r}")


def _front(history: History) -> Array:
    """Return the losses (f, 2) of a run's front by the first objective, so the second falls."""
    losses = history.losses[history.eligible]
    losses = losses[np.isfinite(losses).all(axis=1)]
    if not len(losses):
        raise TooFewResultsError(f"a run has no feasible trial with finite values: {history}")
    front = losses[is_non_dominated(losses)]
    return front[np.argsort(front[:, 0], kind="stable")]
