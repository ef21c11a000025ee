"""What metrics ask of a model, such as probabilities, and whether it can give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import clone
from sklearn.metrics._scorer import _MultimetricScorer

from ..errors import EstimatorError
from ..measure.estimators import can_answer


def list_scorers(scorer: Any) -> dict[str, Any] | None:
    """Return the scorers of several metrics by name; None where it is one, or a function."""
    return dict(scorer._scorers) if isinstance(scorer, _MultimetricScorer) else None


def require_answers(scorer: Any, model: Any) -> None:
    """Refuse a model, trained or not, that has not what the metrics ask it for.

    Args:
        scorer: Of the search; what a function asks for is not known.
        model: The model.

    Raises:
        EstimatorError: It has not.
    """
    missing = _find_missing(scorer, model)
    if missing is not None:
        name, methods = missing
        raise EstimatorError(
            f"the metric {name:.100} needs {' or '.join(methods)}, which {type(model).__name__} "
            "does not have with these params; take another metric, or params that give it"
        )


def check_answers(
    scorer: Any, estimator: Any, listed: Sequence[Mapping[str, Sequence[Any]]] | None
) -> None:
    """Refuse an estimator that has not what the metrics ask for, whatever its params.

    Args:
        scorer: Of the search.
        estimator: As it was given.
        listed: Name -> values that are given in a list, for each dict of the space; None where
            nobody knows.

    Raises:
        EstimatorError: Neither it nor any of the listed values has.
    """
    is_missing = listed is not None and _find_missing(scorer, estimator) is not None
    if is_missing and not any(_gives(scorer, estimator, part) for part in listed or ()):
        require_answers(scorer, estimator)


def _gives(scorer: Any, estimator: Any, listed: Mapping[str, Sequence[Any]]) -> bool:
    """Whether one of the listed values gives what is missing, or may do so beside others."""
    for name, values in listed.items():
        for value in values:
            try:
                other = clone(estimator).set_params(**{name: value})
            except Exception:  # of a part that another value puts in place
                return True
            if _find_missing(scorer, other) is None:
                return True
    return False


def _find_missing(scorer: Any, model: Any) -> tuple[str, Sequence[str]] | None:
    """Return a metric and the methods of which it needs one, where there is none."""
    several = list_scorers(scorer)
    for name, each in (several or {str(scorer): scorer}).items():
        asked = getattr(each, "_response_method", None)
        methods = (asked,) if isinstance(asked, str) else asked
        if methods and not can_answer(model, methods):
            return name, methods
    return None
