"""E7: models do worse on the hold-out than their cross-validation said.

Statistic: the median, over trials that noted both, of the hold-out's loss less the mean loss of the
folds; in standard errors of such a difference, which are sd sqrt(1/k + 1/(k - 1)) of the mean of k
folds (Nadeau & Bengio 2003), and of the hold-out the binomial one where its rows are known and sd
where not. Threshold: above 3 errors, and the p-value of Student's t with k - 1 degrees of freedom;
at least 3 trials of at least 3 folds. Needs the tags "folds" and "hold_out".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...numerics.stats import t_tail
from ...validation import is_number
from ..fold_scores import read_fold_scores
from .case import Case
from .finding import Finding

TAG = "hold_out"
"""The tag of a trial with its score on a hold-out: a number, or a dict of "value" and "rows"."""

_FEWEST = 3
_FEWEST_FOLDS = 3
_LEAST_ERRORS = 3.0


class HoldOut(NamedTuple):
    """The score of a trial on a hold-out, and of how many rows; 0 where that is not known."""

    value: float
    n_rows: float


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    folds = read_fold_scores(case.history, case.rows.values())
    noted = [read_hold_out(case.rows[n].tags) for n in folds.numbers.tolist()]
    known = [i for i, held in enumerate(noted) if held is not None]
    k = folds.scores.shape[1]
    if len(known) < _FEWEST or k < _FEWEST_FOLDS or case.losses.shape[1] > 1:
        return
    held = [one for one in noted if one is not None]
    value, mean = np.array([one.value for one in held]), folds.scores[known].mean(axis=1)
    sign = 1.0 if case.history.directions[0] == "minimize" else -1.0
    gap = float(np.median(sign * (value - mean)))
    sd = float(np.median(folds.scores[known].std(axis=1, ddof=1)))
    error = math.hypot(sd * math.sqrt(1 / k + 1 / (k - 1)), _hold_out_error(held, sd))
    errors = gap / error if error > 0 else math.inf * (gap > 0)
    if not errors > _LEAST_ERRORS:
        yield None
        return

    yield Finding(
        name="hold-out-shift",
        severity="warning",
        title=f"the hold-out comes to {np.median(value):.3g} (median of {len(held)} trials), and "
        f"cross-validation had said {np.median(mean):.3g}: {errors:.1f} standard errors worse",
        advice="look at how the hold-out differs: another time, place or group; split by time or "
        "group, so that folds are as far from their training rows as the hold-out is",
        evidence={"gap": gap, "standard error": error, "trials": len(held), "folds": k},
        p=t_tail(errors, k - 1) / 2,
        remedy="sklearn.model_selection.TimeSeriesSplit() or GroupKFold()",
        doubt="trials that were noted because their folds were lucky",
        figure="folds",
    )


def read_hold_out(tags: Mapping[str, Any]) -> HoldOut | None:
    """Return what a trial noted of its hold-out; None where that is no finite number."""
    noted = tags.get(TAG)
    fields = noted if isinstance(noted, dict) else {"value": noted}
    value, n_rows = _read_number(fields.get("value")), _read_number(fields.get("rows", 0))
    return None if value is None or n_rows is None else HoldOut(value, n_rows)


def _read_number(x: Any) -> float | None:
    return float(x) if is_number(x) and math.isfinite(x) else None


def _hold_out_error(held: list[HoldOut], sd: float) -> float:
    """The standard error of the score on the hold-out; that of a fold where it is not known."""
    value = float(np.median([one.value for one in held]))
    n_rows = float(np.median([one.n_rows for one in held]))
    if n_rows > 0 and 0 <= value <= 1:
        return math.sqrt(value * (1 - value) / n_rows)
    return sd
