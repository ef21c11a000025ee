"""What a search optimises where its scorer has several metrics, and which candidate is the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names

from ..errors import EstimatorError, find_closest
from ..study import Study
from .kept_fits import Metrics

CONFIRMED = "confirmed"
KNEE = "knee"


def read_objectives(objectives: Any, refit: Any, scoring: Any) -> Metrics:
    """Return the names of the metrics that are optimised; none for the only one, or the first.

    Args:
        objectives: As given to the search.
        refit: Likewise.
        scoring: Likewise.

    Raises:
        EstimatorError: They are no names of metrics.
    """
    if isinstance(refit, str) and (scoring is None or isinstance(scoring, str)):
        _check_way(refit, scoring)
    if objectives is None:
        is_metric = isinstance(refit, str) and refit != CONFIRMED
        return (refit,) if is_metric else ()
    names = [objectives] if isinstance(objectives, str) else list(objectives)
    if (
        not names
        or not all(isinstance(name, str) for name in names)
        or len(set(names)) < len(names)
    ):
        raise EstimatorError(
            f"objectives is a list of names of metrics, each once, got {objectives!r:.200}"
        )
    if scoring is None or isinstance(scoring, str):
        raise EstimatorError(
            f"objectives are names of metrics of scoring, and scoring={scoring!r:.100} has one; "
            f"write scoring={names!r:.200}"
        )
    return tuple(names)


def _check_way(refit: str, scoring: str | None) -> None:
    """Refuse a way to choose that a search of one metric does not know.

    Raises:
        EstimatorError: It is neither "confirmed" nor the name of a metric.
    """
    if refit not in (CONFIRMED, scoring, "score", *get_scorer_names()):
        near = find_closest(refit, [CONFIRMED])
        hint = "" if near is None else f"; did you mean {near!r}?"
        raise EstimatorError(
            f"refit={refit!r:.100} names a metric, or a rule for several objectives, and "
            f"scoring={scoring!r:.100} has one; write refit=True, or 'confirmed' to measure "
            f"leaders on fresh splits{hint}"
        )


def describe_objectives(metrics: Metrics) -> dict[str, Any]:
    """Return what `create_study` is told of the objectives, all of which are maximised."""
    if len(metrics) < 2:
        return {"direction": "maximize"}
    return {"objectives": dict.fromkeys(metrics, "maximize")}


def check_objectives(metrics: Metrics, known: Sequence[str]) -> None:
    """Refuse objectives that are none of the metrics.

    Raises:
        EstimatorError: One is not.
    """
    for name in metrics:
        if name not in known:
            near = find_closest(name, known)
            hint = "" if near is None else f", did you mean {near!r}?"
            raise EstimatorError(
                f"objectives has {name!r:.100}, which is none of the metrics {list(known)!r:.500}"
                f"{hint}"
            )


def takes_refit(refit: Any, metrics: Metrics) -> bool:
    """Whether `refit` is a way to choose that scikit-learn does not know."""
    return isinstance(refit, str) and (refit == CONFIRMED or len(metrics) > 1)


def choose_of_several(
    study: Study, refit: str, results: Mapping[str, Any], numbers: Sequence[int]
) -> int:
    """Return the index of the candidate that is the best by several objectives.

    Args:
        study: The study of the search.
        refit: The name of a metric, "knee", or a rule of `Study.choose`.
        results: `cv_results_`.
        numbers: The trial of each candidate.

    Raises:
        RuleError: The rule cannot be read.
        NothingFitsError: No candidate satisfies it.
    """
    if f"rank_test_{refit}" in results:
        return int(np.argmin(results[f"rank_test_{refit}"]))
    choice = study.choose(knee=True) if refit == KNEE else study.choose(refit)
    return list(numbers).index(choice.number)
