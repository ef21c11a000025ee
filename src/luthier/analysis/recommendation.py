"""Recommendation of configurations, where the best observed value may have been luck."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from ..errors import NoCompletedTrialsError, NoFeasibleTrialsError, SamplerError, StudyError
from ..history.history import History
from ..terminal import escape_lines
from ..trial.record import State, TrialRow
from ..typing import Array, Index
from ..validation import check_whole
from ..wording import count_of, list_params, to_six_digits
from .arguments import takes_history
from .no_results import no_complete_trials

_Z = 1.959964  # of a 95 % interval
_MOST_CONFIGURATIONS = 2_000  # that a model looks at
_LIKELY = 0.5  # probability of feasibility from which a configuration counts as feasible


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration, and its expected value.

    Attributes:
        params: Name to value.
        mean: The expected value, without the noise of a single run, in the user's direction and
            unit.
        sd: How uncertain that is; NaN where a single observation is all there is.
        low: Lower end of the 95 % interval of the mean.
        high: Upper end.
        observed: The mean of the values that were observed.
        probability_feasible: Probability that it keeps all constraints; 1 where there are none.
        numbers: The trials that ran it to the end, the first one first.
    """

    params: dict[str, Any]
    mean: float
    sd: float
    low: float
    high: float
    observed: float
    numbers: tuple[int, ...]
    probability_feasible: float = 1.0

    @property
    def number(self) -> int:
        """The first trial that ran it."""
        return self.numbers[0]

    @property
    def n_evaluations(self) -> int:
        """Number of times that it was run to the end."""
        return len(self.numbers)

    def __str__(self) -> str:
        params = list_params(self.params)
        told = "told once" if len(self.numbers) == 1 else f"told {len(self.numbers)} times"
        if self.probability_feasible < 1:
            told += f", feasible with probability {self.probability_feasible:.2g}"
        observed = to_six_digits(self.observed)
        value = f"{to_six_digits(self.mean)} ± {self.sd:.2g} (observed {observed}, {told})"
        return escape_lines(f"{value}: {params}")

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(str(self))}</code>"


def require_results(history: History) -> None:
    """Refuse a history of which nothing can be the best.

    Raises:
        NoCompletedTrialsError: No trial is complete.
        NoFeasibleTrialsError: None of those that are keeps all constraints.
    """
    complete = history.competing
    if not complete.any():
        raise no_complete_trials(history)
    if (history.eligible & ~np.isnan(history.losses).any(axis=1)).any():
        return
    told = history.constraints[complete]
    broken = {
        name: int((column > 0).sum())
        for name, column in zip(history.constraint_names, told.T, strict=True)
    }
    nearest = int(np.flatnonzero(complete)[np.argmin(history.violation[complete])])
    worst = dict(zip(history.constraint_names, history.constraints[nearest].tolist(), strict=True))
    format_value = ", ".join(f"{name} = {v:.4g}" for name, v in worst.items() if v > 0)
    counts = ", ".join(
        f"{name} by {n}" for name, n in sorted(broken.items(), key=lambda b: -b[1]) if n
    )
    raise NoFeasibleTrialsError(
        f"none of {count_of(int(complete.sum()), 'complete trial')} keeps all constraints, which "
        "are kept at values of at most 0; "
        f"broken are {counts}; the nearest is trial {nearest} with {format_value}"
    )


@takes_history
def recommend(
    history: History, k: int, rows_of: Callable[[list[int]], list[TrialRow]]
) -> list[Recommendation]:
    """`Study.recommend`; its errors are described there.

    Args:
        history: The trials that are taken into account.
        k: How many configurations.
        rows_of: The trials of some numbers.
    """
    check_whole("k", k)
    if len(history.directions) > 1:
        raise StudyError(
            f"{len(history.directions)} objectives have no single best configuration; see choose"
        )
    require_results(history)
    rows = np.flatnonzero((history.state == State.COMPLETE) & history.fits)
    if not len(rows):
        raise NoCompletedTrialsError(f"no complete trial fits the present space ({history})")
    numbers, observed = _choose_configurations(history, rows, max(k, _MOST_CONFIGURATIONS))
    losses = history.losses[:, 0]
    X = history.X[[same[0] for same in numbers]]
    mean, sd = _predict_losses(history, X, [losses[same] for same in numbers], observed)
    mean = np.where(np.isfinite(observed), mean, observed)  # what is worse than everything stays so
    probability = _feasible(history, X, numbers)
    shown = history.feasible & ~history.hidden
    kept = np.array([shown[same].any() for same in numbers])
    sure = kept & (probability >= _LIKELY)
    leaders = np.lexsort((mean, -probability * ~sure.any()))
    leaders = leaders[(sure if sure.any() else kept)[leaders]][:k]
    first = rows_of([int(numbers[j][0]) for j in leaders])
    ends = np.sort(history.values_of(mean + np.array([[-_Z], [_Z]]) * sd), axis=0)
    return [
        Recommendation(
            params=row.params,
            mean=float(history.values_of(mean[j])),
            sd=float(sd[j]),
            low=float(ends[0, j]),
            high=float(ends[1, j]),
            observed=float(history.values_of(observed[j])),
            numbers=tuple(numbers[j].tolist()),
            probability_feasible=float(probability[j]),
        )
        for row, j in zip(first, leaders, strict=True)
    ]


def _choose_configurations(history: History, rows: Index, most: int) -> tuple[list[Index], Array]:
    """Return the trials of each configuration, and the mean (k,) of their losses.

    Of too many configurations those are kept that have been feasible, with the smallest means: what
    a model makes of the others would hardly be the best.

    Args:
        history: The trials.
        rows: (n,) the complete ones that fit the space.
        most: Configurations that are kept.
    """
    number_of: dict[bytes, int] = {}
    keys = history.space.keys(history.X[rows])
    group = np.array([number_of.setdefault(key, len(number_of)) for key in keys])
    with np.errstate(invalid="ignore"):  # of both infinities
        observed = np.bincount(group, history.losses[rows, 0]) / np.bincount(group)
    kept = np.bincount(group, (history.feasible & ~history.hidden)[rows]) > 0
    chosen = np.sort(np.lexsort((observed, ~kept))[:most])

    by_group = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[by_group], [chosen, chosen + 1]).T
    return [rows[by_group[first:stop]] for first, stop in ends.tolist()], observed[chosen]


def _predict_losses(
    history: History, X: Array, losses: list[Array], observed: Array
) -> tuple[Array, Array]:
    """Mean and sd (k,) of the expected loss at X (k, d).

    Of the model, or of the repeats while there is none.
    """
    if history.space.d:
        from .fitted_surrogate import fit_once

        try:
            return fit_once(history, 0, near_best=True)[0].predict(X)
        except SamplerError:  # too few trials
            pass
    sd = [
        loss.std(ddof=1) / np.sqrt(len(loss))
        if len(loss) > 1 and np.isfinite(loss).all()
        else np.nan
        for loss in losses
    ]
    return observed, np.array(sd)


def _feasible(history: History, X: Array, numbers: list[Index]) -> Array:
    """Probability (k,) that each configuration keeps all constraints.

    Of a model, or as it was observed.
    """
    if not history.constraint_names:
        return np.ones(len(X))
    if history.space.d:
        from ..models.surrogate import probability_of_feasibility

        try:
            return probability_of_feasibility(history.space, history, X)
        except SamplerError:  # too few trials
            pass
    feasible = history.feasible
    return np.array([feasible[same].mean() for same in numbers])
