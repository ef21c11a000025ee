"""One fit of one candidate: trained on a fold, scored on the rest of the rows."""

from __future__ import annotations

import contextlib
import numbers
import time
import traceback
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from ..errors import EstimatorError
from ..measure.estimators import HELD, take_stock
from ..typing import Index
from ..validation import show
from .answers import list_scorers, require_answers

Score = float | dict[str, float]
Splits = list[tuple[Index, Index]]

Train = Callable[[Any, Any, Any, Mapping[str, Any]], Any]
"""Trains a model on rows X with targets y (None without any) and params of `fit`."""

AskFitParams = Callable[[Any, Any, Any, Any], Mapping[str, Any]]
"""Returns params of `fit`, of X_train, y_train, X_test and y_test."""

_PLAIN = (int, float, str, bool, type(None))  # values that a copy would not differ from
_NOTHING = object()
_WIDTH = 80  # of the lines that `verbose` prints


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """What all fits of a search share.

    Attributes:
        estimator: The estimator that each candidate is a clone of.
        X: The rows.
        y: Their targets; None without any.
        splits: Pairs of row indices (train, test).
        scorer: Takes a fitted estimator and rows, returns a number or a dict of them.
        fit_params: Goes to `fit`; what has one entry for each row is cut like the rows.
        score_params: Goes to the scorer, likewise.
        ask_fit_params: Returns more for `fit`, of the rows of a fold; None where there is no more.
        error_score: What a fold scores that fails; "raise" ends the search.
        return_train_score: Whether the training rows are scored too.
        verbose: How much is printed of each fit.
        n_accuracy_rows: How many rows the score is the share of that is right; 0 for other scores.
        search: The search, for callbacks.
        context: The context of callbacks; None where there are none.
    """

    estimator: Any
    X: Any
    y: Any
    splits: Splits
    scorer: Any
    fit_params: Mapping[str, Any] = field(default_factory=dict)
    score_params: Mapping[str, Any] = field(default_factory=dict)
    ask_fit_params: AskFitParams | None = None
    error_score: float | str = np.nan
    return_train_score: bool = False
    verbose: int = 0
    n_accuracy_rows: int = 0
    search: Any = None
    context: Any = None


@dataclass(kw_only=True)
class FoldFit:
    """What became of one fit.

    Attributes:
        test: The score on the rows that were left out, or one for each metric.
        train: The same on the training rows; None where it was not asked for.
        fit_s: Seconds of `fit`.
        score_s: Seconds of scoring.
        error: The traceback of a fit that failed.
        exception: The exception, while it is in the process where it was raised.
    """

    test: Score = np.nan
    train: Score | None = None
    fit_s: float = 0.0
    score_s: float = 0.0
    error: str | None = None
    exception: Exception | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fit as a tag of its trial holds it."""
        kept = {"test": self.test, "fit_s": self.fit_s, "score_s": self.score_s}
        return kept | {k: v for k in ("train", "error") if (v := getattr(self, k)) is not None}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> FoldFit:
        """Return the fit of what `to_json` returned; numbers that are not finite were text."""
        train = kept.get("train")
        return cls(
            test=_numbers(kept["test"]),
            train=None if train is None else _numbers(train),
            fit_s=kept["fit_s"],
            score_s=kept["score_s"],
            error=kept.get("error"),
        )


def _numbers(kept: Any) -> Score:
    return {k: float(v) for k, v in kept.items()} if isinstance(kept, Mapping) else float(kept)


def make_candidate(settings: FitSettings, params: Mapping[str, Any]) -> Any:
    """Return a new estimator with these params, which are cloned too.

    Raises:
        ValueError: The estimator has no such parameter.
    """
    own = {k: v if type(v) in _PLAIN else clone(v, safe=False) for k, v in params.items()}
    return clone(settings.estimator).set_params(**own)


def fit_whole(model: Any, X: Any, y: Any, fit_params: Mapping[str, Any]) -> None:
    """Train a model as scikit-learn does."""
    model.fit(*_given(X, y), **fit_params)


def fit_fold(
    settings: FitSettings,
    params: Mapping[str, Any],
    fold: int,
    task_id: int,
    rows: Index | None = None,
    model: Any = None,
    train: Train = fit_whole,
) -> FoldFit:
    """Fit a candidate on one fold and score it.

    Args:
        settings: What all fits of a search share.
        params: The candidate's.
        fold: Number of the fold, from 0 on.
        task_id: Number of the fit in the search, for callbacks.
        rows: The training rows, where they are not all of the fold's.
        model: The estimator that is trained on; None for a new one.
        train: How it is trained.

    Raises:
        EstimatorError: The estimator changed a param that is searched; or with error_score "raise"
            it has not what a metric asks for.
        Exception: What the estimator or the scorer raised, with error_score "raise".
    """
    whole, test = settings.splits[fold]
    used = whole if rows is None else rows
    fit_params = _check_method_params(settings.X, params=settings.fit_params, indices=used)
    model = make_candidate(settings, params) if model is None else model
    given = _find_params(model, params)
    _print_start(settings, params, fold)

    begin = time.perf_counter()
    (X_train, y_train), (X_test, y_test) = _cut_rows(settings, model, used, test)
    if settings.ask_fit_params is not None:
        more = settings.ask_fit_params(X_train, y_train, X_test, y_test)
        fit_params = dict(fit_params) | _check_fit_params(more)
    found = FoldFit()
    try:
        require_answers(settings.scorer, model)
        with _in_callbacks(settings, model, task_id, (X_train, y_train), fit_params):
            train(model, X_train, y_train, fit_params)
        require_answers(settings.scorer, model)  # of a model made of others it is known only now
    except Exception as e:
        if settings.error_score == "raise":
            raise
        found = _failed(settings, e)
        found.fit_s = time.perf_counter() - begin
    else:
        found.fit_s = time.perf_counter() - begin
        if train is fit_whole:
            _require_same_params(model, params, given)
        found.test = score_model(settings, model, X_test, y_test, test)
        found.score_s = time.perf_counter() - begin - found.fit_s
        if settings.return_train_score:
            found.train = score_model(settings, model, X_train, y_train, used)
    _print_end(settings, params, fold, found)
    return found


def _cut_rows(
    settings: FitSettings, model: Any, used: Index, test: Index
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return the training rows and their targets, and those to score.

    Of plain arrays they are indexed at once: that takes a twentieth of the time of a way that works
    for whatever has rows.
    """
    X, y = settings.X, settings.y
    is_plain = type(X) is np.ndarray and (y is None or type(y) is np.ndarray)
    if is_plain and not get_tags(model).input_tags.pairwise:
        if y is None:
            return (X[used], None), (X[test], None)
        return (X[used], y[used]), (X[test], y[test])
    return _safe_split(model, X, y, used), _safe_split(model, X, y, test, used)


def _check_fit_params(more: Any) -> dict[str, Any]:
    if not isinstance(more, Mapping):
        raise EstimatorError(
            "fit_params is a function of X_train, y_train, X_test and y_test that returns a dict "
            f"of params of fit, such as {{'eval_set': [(X_test, y_test)]}}, got {show(more)}"
        )
    return dict(more)


def _require_same_params(
    model: Any, params: Mapping[str, Any], before: Mapping[str, _Param]
) -> None:
    """Refuse an estimator whose `fit` changes a param that is searched.

    Raises:
        EstimatorError: It does: scores would be credited to params that were not used.
    """
    after = _find_params(model, params)
    for name in before.keys() & after.keys():
        was, now = before[name], after[name]
        if now.holds != was.holds or not (isinstance(now.value, HELD) or now.value is was.value):
            how = "in place" if now.value is was.value else f"from {show(was.value)}"
            raise EstimatorError(
                f"{type(model).__name__}.fit changes its parameter {name!r:.100} {how} to "
                f"{show(now.value)}, so the search could not tell which value had the score; let "
                "fit keep the result in an attribute of another name"
            )


class _Param(NamedTuple):
    """A param before or after a fit.

    Attributes:
        value: The object.
        holds: What it holds; see `take_stock`.
    """

    value: Any
    holds: Hashable


def _find_params(model: Any, names: Iterable[str]) -> dict[str, _Param]:
    """Return the params of these names, as far as a model has them; of its parts no objects.

    A pipeline with a memory copies its parts, and their objects, as it is fitted.
    """
    names = list(names)
    found = {name: getattr(model, name) for name in names if hasattr(model, name)}
    if any("__" in name for name in names):
        known = model.get_params(deep=True)
        nested = {name: known.get(name, _NOTHING) for name in names if "__" in name}
        found |= {name: value for name, value in nested.items() if isinstance(value, HELD)}
    return {name: _Param(value, take_stock(value)) for name, value in found.items()}


def _given(X: Any, y: Any) -> tuple[Any, ...]:
    return (X,) if y is None else (X, y)


def _failed(settings: FitSettings, e: Exception) -> FoldFit:
    """Return the fit of an estimator that has raised something."""
    score: Any = settings.error_score
    several = list_scorers(settings.scorer)
    if several is not None:
        score = dict.fromkeys(several, settings.error_score)
    train = score if settings.return_train_score else None
    error = "".join(traceback.format_exception(e))
    return FoldFit(test=score, train=train, error=error, exception=e)


@contextlib.contextmanager
def _in_callbacks(
    settings: FitSettings,
    model: Any,
    task_id: int,
    data: tuple[Any, Any],
    fit_params: Mapping[str, Any],
) -> Iterator[None]:
    """Tell the callbacks of the search, and of the estimator, of a fit."""
    if settings.context is None:
        yield
        return
    weights = fit_params.get("sample_weight")
    told = {
        "estimator": settings.search,
        "X": data[0],
        "y": data[1],
        "metadata": None if weights is None else {"sample_weight": weights},
    }
    context = settings.context.subcontext(task_name="candidate-split-evaluation", task_id=task_id)
    try:
        with context.propagate_callback_context(model):
            context.call_on_fit_task_begin(**told)
            yield
    finally:
        context.call_on_fit_task_end(**told)


def score_model(settings: FitSettings, model: Any, X: Any, y: Any, rows: Index) -> Score:
    """Score a fitted model on some rows; a scorer that fails gives `error_score`.

    Args:
        settings: What all fits of a search share.
        model: The fitted estimator.
        X: The rows.
        y: Their targets; None without any.
        rows: Their indices in all rows.

    Raises:
        ValueError: The scorer returned no number.
        Exception: What the scorer raised, with error_score "raise".
    """
    scorer = settings.scorer
    params = _check_method_params(settings.X, params=settings.score_params, indices=rows)
    several = list_scorers(scorer) is not None
    try:
        scores = scorer(model, *_given(X, y), **params)
    except Exception:
        if several or settings.error_score == "raise":
            raise
        return _error_score(settings, traceback.format_exc())

    if not isinstance(scores, Mapping):
        return _to_number(scores, scorer)
    found = {}
    for name, score in scores.items():
        if several and isinstance(score, str):  # the traceback of one metric
            found[name] = _error_score(settings, score)
        else:
            found[name] = _to_number(score, name)
    return found


def _error_score(settings: FitSettings, details: str) -> float:
    warnings.warn(
        "Scoring failed. The score on this train-test partition for these parameters will be set "
        f"to {settings.error_score}. Details: \n{details}",
        UserWarning,
        stacklevel=2,
    )
    return float(settings.error_score)


def _to_number(score: Any, scorer: Any) -> float:
    if hasattr(score, "item"):
        with contextlib.suppress(ValueError):
            score = score.item()
    if not isinstance(score, numbers.Real):
        raise ValueError(
            f"scoring must return a number, got {score} ({type(score)}) instead. (scorer={scorer})"
        )
    return float(score)


# -- what `verbose` prints ------------------------------------------------------------------------


def _print_start(settings: FitSettings, params: Mapping[str, Any], fold: int) -> None:
    if settings.verbose > 9:
        print(f"{_place(settings, fold)} START {_in_words(params)}".ljust(_WIDTH, "."))  # noqa: T201


def _print_end(settings: FitSettings, params: Mapping[str, Any], fold: int, found: FoldFit) -> None:
    if settings.verbose < 2:
        return
    begin = f"{_place(settings, fold)} END "
    end = _in_words(params)
    if settings.verbose > 2:
        end += f"{'; ' if end else ''}{_scores_in_words(found)}"
    end += f" total time={found.fit_s + found.score_s:6.1f}s"
    print(begin + "." * (_WIDTH - len(begin) - len(end)) + end)  # noqa: T201


def _place(settings: FitSettings, fold: int) -> str:
    n = len(settings.splits)
    return f"[CV {fold + 1}/{n}]" if settings.verbose > 2 else "[CV]"


def _in_words(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={params[name]}" for name in sorted(params))


def _scores_in_words(found: FoldFit) -> str:
    if not isinstance(found.test, Mapping):
        train = "" if found.train is None else f"train={found.train:.3f}, "
        return f"score=({train}test={found.test:.3f})" if train else f"score={found.test:.3f}"
    parts = []
    for name in sorted(found.test):
        train = f"train={found.train[name]:.3f}, " if isinstance(found.train, Mapping) else ""
        parts.append(f"{name}: ({train}test={found.test[name]:.3f})")
    return " ".join(parts)
