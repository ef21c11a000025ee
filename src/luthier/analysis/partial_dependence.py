"""Effects: how the loss depends on one parameter, whatever the others are."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from ..errors import TooFewResultsError
from ..history.history import History
from ..space.space import Space
from ..typing import Array, Index, Mask
from ..validation import check_probability
from .arguments import takes_history
from .axes import Axis, read_axes, read_axis
from .fill_ins import Around, check_around, draw_fill_ins, draw_hidden, grid_of, set_values
from .fitted_surrogate import FittedSurrogate, fit_surrogate
from .model_quality import ModelQuality

_N_GRID = 20
_N_FILL_INS = 128
_MANY = 20  # parameters beyond which half of the fill-ins are enough
_N_CURVES = 30
_MOST_CHOICES = 100  # that are shown; of more, those that most trials have


class Effect(NamedTuple):
    """Partial dependence on one parameter, by the surrogate.

    Values are in the user's sign and unit; of very bad trials only the order counts, see
    `numerics.warping.rank_outliers`.

    Attributes:
        axis: The parameter; of a conditional one only the branch in which it is active is shown.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        around: Where the other parameters are: "uniform" over the space, as in the "good" quarter
            of trials, or as in the "best" one.
        x: (g,) values of the parameter; of choices their indices, of more than 100 of those that
            most trials have.
        mean: (g,) average over the fill-ins of the expected value.
        low: (g,) and
        high: (g,) ends of an interval of that average, at each x alone.
        level: Of the interval.
        curves: (c, g) expected value along the parameter through single trials (ICE), good and bad
            ones evenly.
        number: (c,) those trials.
        n_fill_ins: Number of fill-ins.
        branch: The choice of another parameter for which it holds, as "optimizer = sgd"; "" for
            all.
        quality: How well the surrogate predicts trials that it has not seen.

    Source: Friedman 2001; Goldstein 2015 (ICE); Moosbauer 2021 (the band).
    """

    axis: Axis
    objective: str
    direction: str
    around: str
    x: Array
    mean: Array
    low: Array
    high: Array
    level: float
    curves: Array
    number: Index
    n_fill_ins: int
    branch: str
    quality: ModelQuality


@takes_history
def effects(
    history: History,
    params: Sequence[str] | None = None,
    objective: str | None = None,
    around: Around = "uniform",
    by: str | None = None,
    level: float = 0.9,
) -> tuple[Effect, ...]:
    """Return how an objective depends on each of some params.

    A search tries few points far from the best, where the band is as wide as what was assumed
    before any trial. Around the good ones it is narrow, and says what matters there.

    Args:
        history: All trials.
        params: Names; None for all.
        objective: Name of one; None for the first.
        around: Where the other parameters are; see `Effect`.
        by: Name of a parameter with choices: there is one effect for each of these, so that the
            branches of a conditional space stand apart; None for one over all.
        level: Of the bands, between 0 and 1.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: The trials are too few for a model, or it does not predict them.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
        ValueError: `around` or `level` is out of its range, or `by` has no choices.
    """
    check_around(around)
    check_probability("level", level)
    axes = read_axes(history.space, params)
    space = history.space
    branches = _list_branches(space, by)
    fitted = fit_surrogate(history, objective)
    rng = np.random.default_rng(history.seed)
    found = []
    for axis in axes:
        for branch in branches:
            if axis.name != by:
                effect = _effect(space, fitted, axis, around, branch, level, rng)
                found += [] if effect is None else [effect]
    if not found:
        raise TooFewResultsError(f"no other parameter is active in any branch of {by!r}")
    return tuple(found)


class _Branch(NamedTuple):
    """Points in which a column has a value.

    Attributes:
        text: In words; "" for all points.
        column: The column; -1 for all points.
        unit: Its value there.
    """

    text: str = ""
    column: int = -1
    unit: float = 0.0

    def holds(self, X: Array) -> Mask:
        """Return which points (n, d) are in it (n,)."""
        if self.column < 0:
            return np.ones(len(X), dtype=bool)
        return np.asarray(np.abs(X[:, self.column] - self.unit) < 1e-9)


def _list_branches(space: Space, by: str | None) -> list[_Branch]:
    if by is None:
        return [_Branch()]
    axis = read_axis(space, by)
    if not axis.choices:
        raise ValueError(f"by is a parameter with choices, and {by!r} has none")
    _, units = grid_of(axis, space, _N_GRID)
    pairs = zip(axis.choices, units.tolist(), strict=True)
    return [_Branch(f"{by} = {choice}", space.column[by], unit) for choice, unit in pairs]


def _effect(
    space: Space,
    fitted: FittedSurrogate,
    axis: Axis,
    around: str,
    branch: _Branch,
    level: float,
    rng: np.random.Generator,
) -> Effect | None:
    """Return the effect of a parameter in a branch; None where no fill-in has it active there."""
    columns = [space.column[axis.name]]
    x, units = grid_of(axis, space, _N_GRID)
    if len(axis.choices) > _MOST_CHOICES:
        shown = _pick_choices(units, fitted.X[:, columns[0]])
        x, units = x[shown], units[shown]
    n_fill_ins = _N_FILL_INS if space.d <= _MANY else _N_FILL_INS // 2
    fill_ins = draw_fill_ins(space, fitted, around, columns, n_fill_ins, rng)
    hidden = draw_hidden(space, fitted, around, len(fill_ins), rng)
    if branch.column >= 0:
        fill_ins = set_values(space, fill_ins, [branch.column], [branch.unit], hidden)
        kept = branch.holds(fill_ins) & ~np.isnan(fill_ins[:, columns[0]])
        fill_ins, hidden = fill_ins[kept], hidden[kept]
        if not len(fill_ins):
            return None
    through = _pick_trials(fitted, columns[0], branch)
    hidden_there = draw_hidden(space, fitted, around, len(through), rng)
    mean, sd = np.empty(len(x)), np.empty(len(x))
    singles = []
    for g, unit in enumerate(units.tolist()):
        moved = set_values(space, fill_ins, columns, [unit], hidden)
        mean[g], sd[g] = fitted.model.predict_average(moved)
        singles.append(set_values(space, fitted.X[through], columns, [unit], hidden_there))
    curves = fitted.model.predict(np.concatenate(singles))[0].reshape(len(x), len(through)).T
    half = NormalDist().inv_cdf((1 + level) / 2) * sd
    return Effect(
        axis=axis,
        objective=fitted.trials.objective,
        direction=fitted.trials.direction,
        around=around,
        x=x,
        mean=fitted.sign * mean,
        low=fitted.sign * mean - half,
        high=fitted.sign * mean + half,
        level=level,
        curves=fitted.sign * curves,
        number=fitted.trials.number[through],
        n_fill_ins=len(fill_ins),
        branch=branch.text,
        quality=fitted.quality,
    )


def _pick_choices(units: Array, tried: Array) -> Index:
    """Return the positions of the choices (g,) that most trials have, by their unit values."""
    known = tried[~np.isnan(tried)]
    counts = np.bincount(units.searchsorted(known - 1e-9), minlength=len(units))
    most = np.argsort(-counts, kind="stable")[:_MOST_CHOICES]
    return np.sort(most[counts[most] > 0])


def _pick_trials(fitted: FittedSurrogate, column: int, branch: _Branch) -> Index:
    """Return the positions of thirty trials in which a parameter is active, evenly by rank."""
    active = np.flatnonzero(~np.isnan(fitted.X[:, column]) & branch.holds(fitted.X))
    best_first = active[np.argsort(fitted.trials.loss[active], kind="stable")]
    n = min(len(best_first), _N_CURVES)
    return np.asarray(best_first[np.linspace(0, len(best_first) - 1, n).round().astype(int)])
