"""S14: the study seems to search in the wrong direction.

Statistic: the share of curves that get worse as trials train, by Mann and Kendall's trend.
Threshold: above 80 % of at least 10 curves and of the best trials, binomial p against one half. A
name such as "accuracy" that is minimised, or "loss" that is maximised, is said too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...numerics.count_tests import binomial_tail
from ...numerics.rank_tests import trend
from .action import Action
from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_in

_FEWEST = 10
_MOST_CURVES = 200
_LEAST_SHARE = 0.8
_LEAST_TREND = 1.96
_LARGE_IS_GOOD = ("accuracy", "acc", "auc", "f1", "score", "reward", "precision", "recall", "r2")
_SMALL_IS_GOOD = ("loss", "error", "rmse", "mse", "mae", "perplexity", "latency", "cost")


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    curves = case.curves[-_MOST_CURVES:]
    name, direction = case.history.objectives[0].lower(), case.history.directions[0]
    wrong_word = (direction == "minimize" and name in _LARGE_IS_GOOD) or (
        direction == "maximize" and name in _SMALL_IS_GOOD
    )
    other = "maximize" if direction == "minimize" else "minimize"
    n_worse = sum(map(_gets_worse, curves))
    share = n_worse / len(curves) if curves else 0.0
    evidence = {"share that gets worse": share, "curves": float(len(curves))}
    if len(curves) >= _FEWEST:
        top = case.top_curves
        if share > _LEAST_SHARE and sum(map(_gets_worse, top)) > _LEAST_SHARE * len(top):
            yield Finding(
                name="reversed-direction",
                severity="warning",
                title=f"{count_in(n_worse, len(curves), 'trials')} get worse while they train, "
                f"the best ones too: {name!r} is {direction}d",
                advice=f"if {'larger' if other == 'maximize' else 'smaller'} values of {name!r} "
                f"are better, set the direction to {other}",
                evidence=evidence,
                p=binomial_tail(n_worse, len(curves), 0.5),
                remedy=f'create_study(direction="{other}")',
                action=Action(kind="stop"),
                doubt="training that overfits from the first report on",
                figure="curves",
            )
            return
        yield None
    if wrong_word:
        yield Finding(
            name="reversed-direction",
            severity="warning",
            title=f"the study {direction}s {case.history.objectives[0]!r}",
            advice=f"look whether {other} is meant",
            evidence=evidence,
            remedy=f'create_study(direction="{other}")',
            doubt="a metric that has this name and the other sign",
            figure="history",
        )


def _gets_worse(curve: Curve) -> bool:
    return bool(trend(curve.loss[-50:]) > _LEAST_TREND and curve.loss[-1] > curve.loss[0])
