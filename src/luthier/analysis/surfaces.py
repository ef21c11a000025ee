"""Surfaces: how the loss depends on two parameters, by a model and not between the trials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import TooFewResultsError
from ..history.history import History
from ..typing import Array, Index, Mask
from .arguments import takes_history
from .axes import Axis, read_axis
from .fill_ins import Around, check_around, draw_fill_ins, draw_hidden, grid_of, set_values
from .fitted_surrogate import FittedSurrogate, fit_surrogate
from .model_quality import ModelQuality
from .parallel_lines import sample_trials

_N_GRID = 50
_N_GRID_AVERAGED = 20
_N_FILL_INS = 64
_MAX_TRIALS = 1_000
_DOUBT = (
    0.5  # of the sd that there is without any trial, beyond which a value is not to be believed
)


class Surface(NamedTuple):
    """Expected values over two parameters.

    Values are in the user's sign and unit; of very bad trials only the order counts, see
    `numerics.warping.rank_outliers`.

    Attributes:
        x_axis: The one parameter.
        y_axis: The other.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        around: Where the other parameters are: as in the "best" trial, as in the "good" quarter, or
            "uniform" over the space; of several such points it is the average.
        x: (a,) values of the one; of choices their indices.
        y: (b,) values of the other.
        mean: (a, b) expected value; NaN where the hard constraints allow none.
        sd: (a, b) standard deviation of it.
        doubtful: (a, b) where the sd is more than half of what it is without any trial.
        number: (k,) trials in which both are active: all, or of more than 1,000 a sample.
        trial_x: (k,) their value of the one.
        trial_y: (k,) their value of the other.
        trial_value: (k,) what they came to.
        quality: How well the surrogate predicts trials that it has not seen.
    """

    x_axis: Axis
    y_axis: Axis
    objective: str
    direction: str
    around: str
    x: Array
    y: Array
    mean: Array
    sd: Array
    doubtful: Mask
    number: Index
    trial_x: Array
    trial_y: Array
    trial_value: Array
    quality: ModelQuality


@takes_history
def contour(
    history: History,
    x: str | None = None,
    y: str | None = None,
    objective: str | None = None,
    around: Around = "best",
) -> Surface:
    """Return how an objective depends on two parameters.

    Args:
        history: All trials.
        x: Name of a parameter.
        y: Name of another; where names are missing, those along which the model varies most around
            the best trial are taken.
        objective: Name of one; None for the first.
        around: Where the other parameters are; see `Surface`.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: There are fewer than two parameters, the trials are too few for a model,
            or it does not predict them.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
        ValueError: `around` is none of its words, or x and y are the same.
    """
    check_around(around)
    space = history.space
    given = [name for name in (x, y) if name is not None]
    for name in given:
        space.named(name)
    if len(set(given)) < len(given):
        raise ValueError(f"x and y are two parameters, got {x!r} twice")
    if space.d < 2:
        raise TooFewResultsError(f"a surface needs two parameters, and there are {space.d}")
    fitted = fit_surrogate(history, objective)
    rng = np.random.default_rng(history.seed)
    if len(given) < 2:
        by_range = _order_by_range(history, fitted, rng)
        rest = [name for name in by_range if name not in given]
        x, y = (x, y or rest[0]) if x is not None else (rest[0], y or rest[1])
    assert x is not None
    assert y is not None

    axes = read_axis(space, x), read_axis(space, y)
    columns = [space.column[axis.name] for axis in axes]
    fill_ins = draw_fill_ins(space, fitted, around, columns, _N_FILL_INS, rng)
    n = _N_GRID if len(fill_ins) == 1 else _N_GRID_AVERAGED
    (a, units_a), (b, units_b) = (grid_of(axis, space, n) for axis in axes)
    hidden = draw_hidden(space, fitted, around, len(fill_ins), rng)
    mean, sd = _predict(history, fitted, fill_ins, hidden, columns, units_a, units_b)

    both = ~np.isnan(fitted.X[:, columns]).any(axis=1)
    shown = np.flatnonzero(both)
    trials = fitted.trials.take(shown)
    at = sample_trials(trials, _MAX_TRIALS)
    raw = space.raw(fitted.X[shown[at]])
    return Surface(
        x_axis=axes[0],
        y_axis=axes[1],
        objective=trials.objective,
        direction=trials.direction,
        around=around,
        x=a,
        y=b,
        mean=fitted.sign * mean,
        sd=sd,
        doubtful=sd > _DOUBT * fitted.model.prior_sd,
        number=trials.number[at],
        trial_x=raw[:, columns[0]],
        trial_y=raw[:, columns[1]],
        trial_value=trials.value[at],
        quality=fitted.quality,
    )


def _predict(
    history: History,
    fitted: FittedSurrogate,
    fill_ins: Array,
    hidden: Array,
    columns: list[int],
    units_a: Array,
    units_b: Array,
) -> tuple[Array, Array]:
    """Return mean and sd (a, b) of losses, averaged over fill-ins (n, d); NaN where not allowed."""
    space = history.space
    shape = len(units_a), len(units_b)
    cells = [(u, v) for u in units_a.tolist() for v in units_b.tolist()]
    if len(fill_ins) == 1:
        X = np.repeat(fill_ins, len(cells), axis=0)
        X[:, columns] = cells
        if space.conditional:
            X = space.place(space.to_cube(X, np.repeat(hidden, len(cells), axis=0)))
        mean, sd = fitted.model.predict(X)
        out = ~space.feasible(X) | np.isnan(X[:, columns]).any(axis=1)
        return np.where(out, np.nan, mean).reshape(shape), np.where(out, np.nan, sd).reshape(shape)
    found = np.full((len(cells), 2), np.nan)
    for i, (u, v) in enumerate(cells):
        X = set_values(space, fill_ins, columns, [u, v], hidden)
        X = X[space.feasible(X) & ~np.isnan(X[:, columns]).any(axis=1)]
        if len(X):
            found[i] = fitted.model.predict_average(X)
    return found[:, 0].reshape(shape), found[:, 1].reshape(shape)


def _order_by_range(
    history: History, fitted: FittedSurrogate, rng: np.random.Generator
) -> list[str]:
    """Return the names of all parameters, those first along which the model varies most.

    Around the best trial; those that are inactive there come last.
    """
    space = history.space
    best = fitted.X[[int(np.argmin(fitted.trials.loss))]]
    hidden = draw_hidden(space, fitted, "best", 1, rng)
    ranges = []
    for j, name in enumerate(space.names):
        if np.isnan(best[0, j]):
            ranges.append(-1.0)
            continue
        _, units = grid_of(read_axis(space, name), space, _N_GRID_AVERAGED)
        X = np.concatenate([set_values(space, best, [j], [u], hidden) for u in units.tolist()])
        ranges.append(float(np.ptp(fitted.model.predict(X)[0])))
    return [space.names[j] for j in np.argsort(-np.array(ranges), kind="stable").tolist()]
