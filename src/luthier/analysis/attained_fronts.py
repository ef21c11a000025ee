"""Attainment: which values of two or three objectives a share of several runs has come to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import StudyError, TooFewResultsError
from ..history.history import History
from ..numerics.pareto import is_non_dominated
from ..typing import Array
from ..validation import show, to_number
from .arguments import is_list, read_histories

_MAX_STEPS = 500
_SHARES = (0.25, 0.5, 1.0)  # of the values of a third objective, at which it is limited


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


class LimitedAttainment(NamedTuple):
    """What runs have come to in two of three objectives, where the third is as good as a limit.

    Attributes:
        objective: Name of the third.
        direction: "minimize" or "maximize".
        limit: (s,) its limits, the strictest first.
        within: (s,) what was attained in the other two by trials that keep each.
    """

    objective: str
    direction: str
    limit: Array
    within: tuple[Attainment, ...]


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
    histories = _check_runs(histories, levels, 2)
    losses = [_finite_losses(history) for history in histories]
    return _attain(losses, levels, histories[0])


def limited_attainment(
    histories: Sequence[History], levels: Sequence[float] = (0.25, 0.5, 0.75)
) -> LimitedAttainment:
    """Return what shares of several runs with three objectives have attained, in slices.

    The attained set of three objectives, cut at a value of the third, is that of two objectives
    over the trials whose third value is as good; the cuts are at quantiles of those on the fronts.

    Args:
        histories: One for each run, all with the same three objectives.
        levels: Shares of the runs, above 0 and at most 1.

    Raises:
        TooFewResultsError: A run has no feasible trial with finite values.
        StudyError: There are no runs, or they have not the same three objectives.
        ValueError: A level is no share.
    """
    histories = _check_runs(histories, levels, 3)
    losses = [_finite_losses(history) for history in histories]
    third = np.concatenate([of_run[is_non_dominated(of_run), 2] for of_run in losses])
    limits = np.unique(np.quantile(third, _SHARES, method="lower"))
    some = histories[0]
    return LimitedAttainment(
        some.objectives[2],
        some.directions[2],
        some.losses_of(np.repeat(limits[:, None], 3, axis=1))[:, 2],  # its own inverse
        tuple(
            _attain([of_run[of_run[:, 2] <= limit] for of_run in losses], levels, some)
            for limit in limits
        ),
    )


def _attain(losses: list[Array], levels: Sequence[float], some: History) -> Attainment:
    """Return what runs have attained by their losses (n, m) of the first two objectives."""
    fronts = [_front(of_run[:, :2]) for of_run in losses]
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

    points = np.zeros((*attained.shape, len(some.directions)))
    points[..., 0], points[..., 1] = x, np.where(np.isinf(attained), np.nan, attained)
    values = some.losses_of(points)  # its own inverse
    return Attainment(
        some.objectives[:2],
        some.directions[:2],
        np.array(levels, dtype=np.float64),
        values[0, :, 0],
        values[..., 1],
        len(fronts),
    )


def _check_runs(histories: Sequence[History], levels: Sequence[float], m: int) -> list[History]:
    histories = read_histories(histories)
    if not histories:
        raise StudyError("attainment needs at least one run, got none")
    kinds = {(history.objectives, history.directions) for history in histories}
    if len(kinds) > 1 or len(histories[0].directions) != m:
        told = "; ".join(sorted(", ".join(names) for names, _ in kinds))
        many = {2: "two", 3: "three"}[m]
        raise StudyError(f"attainment needs runs with the same {many} objectives, got {told:.500}")
    shares = [to_number(level) or 0.0 for level in levels] if is_list(levels) else []
    if not shares or not all(0 < share <= 1 for share in shares):
        raise ValueError(f"levels are shares of the runs above 0 and at most 1, got {show(levels)}")
    return histories


def _finite_losses(history: History) -> Array:
    """Return the losses (n, m) of the trials of a run that count."""
    losses = history.losses[history.eligible]
    losses = losses[np.isfinite(losses).all(axis=1)]
    if not len(losses):
        raise TooFewResultsError(f"a run has no feasible trial with finite values: {history}")
    return losses


def _front(losses: Array) -> Array:
    """Return the losses (f, 2) of a front by the first objective, so the second falls."""
    front = losses[is_non_dominated(losses)] if len(losses) else losses
    return np.asarray(front[np.argsort(front[:, 0], kind="stable")])
