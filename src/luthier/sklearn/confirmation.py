"""Confirmation of a search: its leaders and the estimator as it was given, on fresh splits.

The best of many scores is also the luckiest. So the leaders are measured again on folds that the
search has not seen, beside the estimator's own params; and what is not better than those by more
than chance is not taken.
"""

from __future__ import annotations

import copy
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, check_cv

from ..errors import SplitError
from ..numerics.resampling import one_sided_corrected_t
from ..typing import Array
from .fold_fit import FitSettings, FoldFit, Splits
from .kept_fits import Metrics, mean_score
from .measures import Measure
from .param_values import is_same
from .results import Measured
from .splits import freeze_splits
from .whole_fits import WholeFits

N_LEADERS = 3
_N_REPEATS = 3
_LEVEL = 0.03  # kept the default in 95.5 % of searches in noise, by the best of three leaders
_FRESH = 2_000_003  # seed of the first fresh splits


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """What leaders and the default came to on fresh splits.

    Attributes:
        default: Index of the default among the candidates of `cv_results_`.
        leaders: (k,) that of each leader, the best of the search first.
        default_scores: (m,) scores of the default, one for each fold.
        leader_scores: (k, m) those of the leaders.
        is_fresh: Whether these are folds that the search had not seen.
        chosen: Index of the candidate that is taken: the best leader here if it is better than the
            default by more than chance, else the default.
        p: The one-sided p-value of the best leader's corrected t test.
    """

    default: int
    leaders: tuple[int, ...]
    default_scores: Array
    leader_scores: Array
    is_fresh: bool
    chosen: int
    p: float

    def column(self, n: int) -> Array:
        """Return the mean scores on these splits of n candidates (n,), NaN of the others."""
        mean = np.full(n, np.nan)
        mean[[self.default, *self.leaders]] = [
            self.default_scores.mean(),
            *self.leader_scores.mean(axis=1),
        ]
        return mean

    @property
    def verdict(self) -> str:
        """The conclusion, in one sentence."""
        where = "on fresh splits" if self.is_fresh else "on the splits of the search"
        if self.chosen == self.default:
            return f"Not better than the default: no leader beats it {where} by more than chance."
        if not np.isfinite(self.default_scores).all():
            return f"Candidate {self.chosen} is taken: the default has no score {where}."
        gain = self.leader_scores[self.leaders.index(self.chosen)] - self.default_scores
        return (
            f"Candidate {self.chosen} is better than the default by {gain.mean():.4g} {where} "
            f"(p = {self.p:.2g})."
        )


def confirm(
    whole: WholeFits,
    metrics: Metrics,
    found: Sequence[Measured],
    n_leaders: int,
    fresh: tuple[Splits, bool],
) -> Confirmation:
    """Measure leaders and the default on the same fresh splits, and choose.

    Args:
        whole: Fits them.
        metrics: Which ones are optimised; the first counts.
        found: The candidates, the default among them.
        n_leaders: How many leaders there are at most.
        fresh: What `draw_fresh_splits` returned.
    """
    default = find_default(found, whole.settings.estimator, whole.measure)
    assert default is not None
    leaders = find_leaders(found, metrics, default, n_leaders)
    splits, is_fresh = fresh
    fits = whole.of([found[i].params for i in (default, *leaders)], splits)
    table = np.array([[_score([fit], metrics) for fit in own] for own in fits])
    ratio = float(np.mean([len(test) / len(train) for train, test in splits]))
    chosen, p = choose_leader(table[0], table[1:], ratio)
    return Confirmation(
        default=default,
        leaders=tuple(leaders),
        default_scores=table[0],
        leader_scores=table[1:],
        is_fresh=is_fresh,
        chosen=default if chosen is None else leaders[chosen],
        p=p,
    )


def _score(fits: Sequence[FoldFit], metrics: Metrics) -> float:
    return float(np.ravel(mean_score(fits, metrics))[0])


def find_default(found: Sequence[Measured], estimator: Any, measure: Measure) -> int | None:
    """Return which whole candidate has the params of the estimator as it was given."""
    own = estimator.get_params()
    for i, each in enumerate(found):
        if each.state not in ("complete", "failed", "default"):
            continue
        base = measure.final_params({name: own.get(name) for name in each.params}, None)
        if all(name in own and is_same(value, base[name]) for name, value in each.params.items()):
            return i
    return None


def measure_default(whole: WholeFits, metrics: Metrics, found: Sequence[Measured]) -> Measured:
    """Return the estimator as it was given, measured on the splits of the search.

    Its params are named as those that are searched, as far as it has them.

    Args:
        whole: Fits it.
        metrics: Which ones are optimised; the first counts.
        found: The candidates.
    """
    settings, measure = whole.settings, whole.measure
    own = settings.estimator.get_params()
    names = dict.fromkeys(name for each in found for name in each.params if name in own)
    params = measure.final_params({name: own[name] for name in names}, None)
    [fits] = whole.of([params], settings.splits)
    return Measured(
        params=params,
        fits=fits,
        number=-1,
        state="default",
        value=_score(fits, metrics),
        reached=measure.whole(settings),
    )


def choose_leader(default: Array, leaders: Array, ratio: float) -> tuple[int | None, float]:
    """Return which leader is better than the default by more than chance, and the p-value.

    It is the best of several, which are alike, so the level is 3 % rather than 5 %: see the
    benchmark of evaluation. A default without a score is worse than any that has one.

    Args:
        default: (m,) scores of the default.
        leaders: (k, m) scores of the leaders, on the same folds.
        ratio: Rows tested over rows trained on.

    Returns:
        The leader, None for none; and the one-sided p-value of the best.
    """
    sound = np.flatnonzero(np.isfinite(leaders).all(axis=-1))
    if not len(sound) or not leaders.size:
        return None, 1.0
    best = int(sound[leaders[sound].mean(axis=1).argmax()])
    if not np.isfinite(default).all():
        return best, 0.0
    p = one_sided_corrected_t(leaders[best] - default, ratio)
    return (best if p < _LEVEL else None), p


def find_leaders(found: Sequence[Measured], metrics: Metrics, default: int, n: int) -> list[int]:
    """Return the best candidates of a search, each with other params than those before.

    Args:
        found: The candidates.
        metrics: Which ones are optimised; the first counts.
        default: Index of the default, which is no leader.
        n: How many at most.
    """
    whole = max(len(each.fits) for each in found)
    mean = {
        i: _score(each.fits, metrics)
        for i, each in enumerate(found)
        if len(each.fits) == whole and each.state in ("complete", "failed")
    }
    leaders: list[int] = []
    seen = {repr(found[default].params)}
    for i in sorted(mean, key=lambda i: -mean[i]):
        key = repr(found[i].params)
        if np.isfinite(mean[i]) and key not in seen and len(leaders) < n:
            seen.add(key)
            leaders.append(i)
    return leaders


def draw_fresh_splits(
    cv: Any, splitter: Any, settings: FitSettings, params: Mapping[str, Any]
) -> tuple[Splits, bool]:
    """Return splits that the search has not seen, and whether they are; else those of the search.

    There are none of iterators, of folds in time, of groups that are not shuffled, and of KFold
    without a shuffle, which may be so because rows are in order.

    Args:
        cv: As given to the search.
        splitter: What `sklearn.model_selection.check_cv` made of it.
        settings: What all fits of the search share.
        params: What goes to the splitter, such as groups.
    """
    found: Splits = []
    for i in range(_N_REPEATS):
        again = _redraw(cv, splitter, _FRESH + i)
        if again is None:
            return settings.splits, False
        found += freeze_splits(again, settings.X, settings.y, params)
    return found, True


def _redraw(cv: Any, splitter: Any, seed: int) -> Any:
    """Return a splitter like another one that gives other splits; None where there is none."""
    if hasattr(cv, "redraw"):
        try:
            return check_cv(cv.redraw(seed))
        except SplitError:
            return None
    if cv is None or isinstance(cv, numbers.Integral):
        kind = StratifiedKFold if isinstance(splitter, StratifiedKFold) else KFold
        return kind(splitter.get_n_splits(), shuffle=True, random_state=seed)
    if hasattr(splitter, "random_state") and getattr(splitter, "shuffle", True):
        other = copy.copy(splitter)
        other.random_state = seed
        return other
    return None
