"""Cross-validation inside a trial: fold by fold, so that a scheduler can stop a hopeless one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from ..errors import TrialPruned
from ..trial.handle import Trial

Fold = tuple[Any, Any]


def cross_validate(
    trial: Trial,
    build: Callable[[Mapping[str, Any]], Any],
    X: Any,
    y: Any,
    folds: Iterable[Fold],
    score: Callable[[Any, Any, Any], float],
    *,
    report: Literal["fold", "mean"] = "fold",
    prune: bool = True,
) -> float:
    """The mean score of a trial's model over the folds, each of them reported as a step: 1, 2, ...

    The scores so far are kept as the trial's checkpoint: when its worker dies, the trial goes on
    with the next fold. They are its tag "folds" too, which `Study.diagnose` and the figure "folds"
    read.

    Args:
        trial: The running trial.
        build: Makes a new model from `trial.params`; it needs `fit(X, y)`.
        X: (n, ...) array that can be indexed by the folds.
        y: (n,) array likewise.
        folds: Pairs of row indices (train, test), in the same order for every trial; scikit-learn's
            `split` gives them.
        score: Takes a fitted model and the test rows X, y; returns the number the study is about.
        report: "fold" reports each fold's own score, which `luthier.schedulers.Wilcoxon` compares
            fold by fold; "mean" the mean so far, for the schedulers that compare trials at the same
            step (Median, Percentile, ASHA).
        prune: Whether the scheduler is asked after each fold but the last.

    Returns:
        The mean over all folds.

    Raises:
        TrialPruned: The scheduler stops the trial.
        ValueError: There are no folds, or `report` is neither.
    """
    if report not in ("fold", "mean"):
        raise ValueError(f"report must be 'fold' or 'mean', got {report!r}")
    folds = list(folds)
    if not folds:
        raise ValueError("cross-validation needs at least one fold, got none")
    scores = [float(s) for s in trial.checkpoint or ()]
    for train, test in folds[len(scores) :]:
        model = build(trial.params)
        model.fit(X[train], y[train])
        scores.append(float(score(model, X[test], y[test])))
        if all(map(math.isfinite, scores)):
            trial.set_tag("folds", scores)
        shown = scores[-1] if report == "fold" else sum(scores) / len(scores)
        trial.report(shown, len(scores), checkpoint=scores)
        if prune and len(scores) < len(folds) and trial.should_prune():
            raise TrialPruned
    return sum(scores) / len(scores)
