"""Several studies or samplers beside each other: mean curves, and tests in pairs of runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import StudyError
from ..history.history import History
from ..numerics.stats import mean_interval, paired_t, wilcoxon_signed_rank
from ..typing import Array, Index
from ..validation import check_probability, show
from .arguments import read_histories
from .best_so_far import Effort, Incumbent, incumbent

_N_POINTS = 200
_LARGE = 1e100  # beyond it squares may overflow
_FEWEST_RANKED = 6  # pairs; of fewer no signed ranks are significant, whatever the data


class PairTest(NamedTuple):
    """Comparison of two methods over runs that belong together.

    Attributes:
        first: Name of the one.
        second: Name of the other.
        difference: Mean of (second - first) of the best values, in the user's sign.
        low: Lower end of its interval.
        high: Upper end.
        p: Of the hypothesis that they are equal; NaN where values are not finite.
        p_adjusted: The same for all pairs of methods together (Holm).
        test: "Wilcoxon" from six runs on, else "paired t".
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float
    test: str


class StudyComparison(NamedTuple):
    """Methods, each with one run or several, at the same effort.

    Attributes:
        names: (s,) of the methods.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        by: What `x` counts; see `Incumbent`.
        x: (g,) efforts, up to the largest that all runs have come to.
        longest: The largest effort of any run, in the unit of `x`.
        mean: (s, g) mean of the best values so far; NaN where a run has none yet.
        low: (s, g) and
        high: (s, g) ends of an interval of the mean (Student's); NaN for fewer than two runs.
        best: For each method the best values (r,) of its runs at the last effort.
        n_runs: (s,) number of runs.
        pairs: Tests of each two methods that have the same number of runs, two at least.
        level: Of the intervals.
    """

    names: tuple[str, ...]
    objective: str
    direction: str
    by: str
    x: Array
    longest: float
    mean: Array
    low: Array
    high: Array
    best: tuple[Array, ...]
    n_runs: Index
    pairs: tuple[PairTest, ...]
    level: float


def compare(
    histories: Mapping[str, History | Sequence[History]],
    objective: str | None = None,
    by: Effort = "trial",
    level: float = 0.95,
) -> StudyComparison:
    """Compare several studies or samplers at the same effort.

    Args:
        histories: Name of each method to its runs. The i-th runs of all methods belong together,
            such as by their seed or problem: they are compared in pairs.
        objective: Name of one that all have; None for the first.
        by: What is counted as effort: "trial", "time" or "cost".
        level: Of the intervals, between 0 and 1.

    Raises:
        NoCompletedTrialsError: A run has no value.
        TooFewResultsError: A run has not noted its effort.
        StudyError: There is nothing to compare, or directions differ.
        ValueError: `level` is no probability.
    """
    check_probability("level", level)
    if not isinstance(histories, Mapping):
        raise TypeError(f"expected names of methods and their runs, got {show(histories)}")
    runs = {
        name: [given] if isinstance(given, History) else read_histories(given)
        for name, given in histories.items()
    }
    if not runs or not all(runs.values()):
        raise StudyError(f"compare needs methods with at least one run each, got {list(runs)!r}")
    lines = {name: [incumbent(h, objective, by) for h in given] for name, given in runs.items()}
    some = [line for given in lines.values() for line in given]
    directions = {line.direction for line in some}
    if len(directions) > 1:
        raise StudyError("compare needs one direction, and some studies maximise, others minimise")

    end = min(line.end for line in some)
    x = np.unique(np.linspace(0.0, end, _N_POINTS).round(0 if by == "trial" else 300))
    tables = [np.array([_evaluate(line, x) for line in given]) for given in lines.values()]
    bands = [_band(table, level) for table in tables]
    best = tuple(table[:, -1] for table in tables)
    return StudyComparison(
        names=tuple(runs),
        objective=some[0].objective,
        direction=some[0].direction,
        by=by,
        x=x,
        longest=max(line.end for line in some),
        mean=np.array([band[0] for band in bands]),
        low=np.array([band[1] for band in bands]),
        high=np.array([band[2] for band in bands]),
        best=best,
        n_runs=np.array([len(table) for table in tables]),
        pairs=_test_pairs(tuple(runs), best, level),
        level=level,
    )


def _evaluate(line: Incumbent, x: Array) -> Array:
    """Return the best value so far at efforts (g,); NaN before the first."""
    at = np.searchsorted(line.x, x, side="right") - 1
    found = np.full(len(x), np.nan)
    found[at >= 0] = line.value[at[at >= 0]]
    return found


def _band(table: Array, level: float) -> tuple[Array, Array, Array]:
    """Return the mean of runs (r, g), and the ends of its interval, each (g,)."""
    scale = _scale(table)
    with np.errstate(invalid="ignore"):  # of both infinities
        mean = (table / scale).mean(axis=0) * scale
    ends = np.full((2, table.shape[1]), np.nan)
    if len(table) > 1:
        for g in np.flatnonzero(np.isfinite(table).all(axis=0)).tolist():
            ends[:, g] = mean_interval(table[:, g] / scale, level)
    with np.errstate(over="ignore"):
        return mean, ends[0] * scale, ends[1] * scale


def _scale(values: Array) -> float:
    """Return what values are divided by, so that no square of them overflows."""
    most = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    return most if most > _LARGE else 1.0


def _test_pairs(
    names: tuple[str, ...], best: tuple[Array, ...], level: float
) -> tuple[PairTest, ...]:
    found = []
    for i, j in itertools.combinations(range(len(names)), 2):
        if len(best[i]) != len(best[j]) or len(best[i]) < 2:
            continue
        ranked = len(best[i]) >= _FEWEST_RANKED
        name = "Wilcoxon" if ranked else "paired t"
        nan = math.nan
        test = PairTest(names[i], names[j], nan, nan, nan, nan, nan, name)
        if np.isfinite([best[i], best[j]]).all():
            scale = max(_scale(best[i]), _scale(best[j]))
            d = best[j] / scale - best[i] / scale
            low, high = mean_interval(d, level)
            p = wilcoxon_signed_rank(d) if ranked else paired_t(d)
            mean = float(d.mean()) * scale
            test = test._replace(difference=mean, low=low * scale, high=high * scale, p=p)
        found.append(test)
    adjusted = adjust_holm([test.p for test in found])
    return tuple(t._replace(p_adjusted=p) for t, p in zip(found, adjusted, strict=True))


def adjust_holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that all of them hold together; NaN stays and counts for nothing.

    Source: Holm 1979.
    """
    order = [i for i in np.argsort(p, kind="stable").tolist() if not math.isnan(p[i])]
    adjusted = [math.nan] * len(p)
    least = 0.0
    for k, i in enumerate(order):
        least = max(least, min((len(order) - k) * p[i], 1.0))
        adjusted[i] = least
    return adjusted
