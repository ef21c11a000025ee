"""`cv_results_` of a search, from the trials of its study."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection._search import BaseSearchCV

from ..trial.record import State, TrialRow
from .fold_fit import FoldFit, Score
from .kept_fits import FITS, FOLDS, REACHED, read_fits
from .measures import Measure

_NON_FINITE = r"One or more of the (test|train) scores are non-finite"


def is_measured(row: TrialRow) -> bool:
    """Whether a trial is a row of `cv_results_`: it has had its turn, and is no re-run."""
    return row.state not in (State.WAITING, State.RUNNING) and row.confirms is None


class Measured(NamedTuple):
    """A candidate of a search, and what is known of it.

    Attributes:
        params: Its params, with those that the resource has set.
        fits: Those whose scores can be compared with the scores of others.
        number: Its trial; -1 for the estimator's own params where they are no trial's.
        state: The state of the trial, or "default".
        value: Its mean score, with as much of the resource as it had; NaN where there is none.
        reached: How much that was.
    """

    params: dict[str, Any]
    fits: list[FoldFit]
    number: int
    state: str
    value: float
    reached: int

    @classmethod
    def of_trial(cls, row: TrialRow, params: dict[str, Any], measure: Measure) -> Measured:
        """Return the candidate of a trial that is over."""
        is_over = row.state in (State.COMPLETE, State.FAILED)
        seen = row.tags.get(FOLDS) or ([] if row.values is None else row.values[:1])
        return cls(
            params=measure.final_params(params, row.tags.get(REACHED)),
            fits=read_fits(row.tags) if is_over or measure.keeps_partial else [],
            number=row.number,
            state=row.state.name.lower(),
            value=float(np.mean(seen)) if seen else np.nan,
            reached=int(row.tags.get(REACHED, len(row.tags.get(FITS, ())))),
        )


def resource_columns(found: Sequence[Measured]) -> dict[str, Any]:
    """Return what `cv_results_` has beside scikit-learn's columns where there is a resource.

    They are the amount with which each candidate was measured last, its mean score there, the state
    and the number of its trial.
    """
    return {
        "n_resources": np.array([each.reached for each in found]),
        "mean_seen": np.array([each.value for each in found], dtype=float),
        "state": np.array([each.state for each in found], dtype=object),
        "trial": np.array([each.number for each in found]),
    }


def to_fit_results(fits: Sequence[Sequence[FoldFit]], n_splits: int) -> list[dict[str, Any]]:
    """Return fits as `BaseSearchCV` has them: one dict for each, candidates in order.

    A fold that was not run has NaN. Where a scorer turned out to have several metrics, fits that
    failed before it could have the error score in each.

    Args:
        fits: Those of each candidate, in the order of folds.
        n_splits: Number of folds.
    """
    known = next((f for own in fits for f in own if isinstance(f.test, Mapping)), None)
    names = None if known is None or not isinstance(known.test, Mapping) else list(known.test)
    has_train = any(f.train is not None for own in fits for f in own)
    found = []
    for own in fits:
        seen = [f for f in own if f.fit_s or f.score_s]
        fit_s = float(np.mean([f.fit_s for f in seen])) if seen else np.nan
        score_s = float(np.mean([f.score_s for f in seen])) if seen else np.nan
        missing = FoldFit(test=np.nan, train=np.nan, fit_s=fit_s, score_s=score_s)
        for fold in range(n_splits):
            fit = own[fold] if fold < len(own) else missing
            result: dict[str, Any] = {
                "test_scores": _for_each(fit.test, names),
                "fit_time": fit.fit_s,
                "score_time": fit.score_s,
                "fit_error": fit.error,
                "was_run": fold < len(own),
            }
            if has_train:
                result["train_scores"] = _for_each(
                    np.nan if fit.train is None else fit.train, names
                )
            found.append(result)
    return found


def _for_each(score: Score, names: list[str] | None) -> Score:
    return score if names is None or isinstance(score, Mapping) else dict.fromkeys(names, score)


def format_results(
    search: BaseSearchCV,
    params: list[dict[str, Any]],
    fit_results: list[dict[str, Any]],
    n_splits: int,
    is_stopped: bool,
) -> dict[str, Any]:
    """Return `cv_results_`, with the columns, types and ranks that scikit-learn gives it.

    Args:
        search: The search.
        params: Those of each candidate.
        fit_results: See `to_fit_results`.
        n_splits: Number of folds.
        is_stopped: Whether some candidates have folds that were not run; NaN is no news then.
    """
    with warnings.catch_warnings():
        if is_stopped:
            warnings.filterwarnings("ignore", _NON_FINITE, UserWarning)
        return dict(search._format_results(params, n_splits, fit_results))
