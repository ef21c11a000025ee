"""The final model: trained on all rows, or the models of all folds as an ensemble."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import EvaluationError
from ..trial.record import TrialRow
from ..typing import Array
from .calibration import Calibration, Calibrator, choose_threshold
from .evaluate import Evaluate
from .fitted_model import FittedModel, FoldEnsemble, Lineage, hash_targets, spread_classes
from .models import check_model, take_rows, train
from .plan_choice import tell_task
from .split_plan import SplitPlan


def scale_steps(n_steps: Iterable[int | None], ratio: float, most: int | None = None) -> int:
    """Return the steps of training for all rows, from those that early stopping took in folds.

    Their median, scaled by how many more rows there are: of k folds, by k / (k - 1).

    Args:
        n_steps: Steps in each fold; None counts for nothing.
        ratio: Rows tested over rows trained on, `plan.ratio`.
        most: The most steps that there may be; None for no bound.

    Raises:
        EvaluationError: No fold has a number of steps.
    """
    known = [n for n in n_steps if n is not None]
    if not known:
        raise EvaluationError(
            "no fold says how many steps its training took; give Evaluate a `fit` that returns them"
        )
    scaled = max(1, round(float(np.median(known)) * (1 + ratio)))
    return scaled if most is None else min(scaled, most)


def fit_all(
    evaluate: Evaluate,
    trial: TrialRow | Mapping[str, Any],
    *,
    steps: str | None = None,
    threshold: str | Callable[[Any], float] | None = None,
    calibrate: Calibration | None = None,
    study: str = "",
) -> FittedModel:
    """Train one model on all rows.

    A threshold or a calibration is found by predictions out of fold, which takes one training more
    for each fold.

    Args:
        evaluate: Has the data, the plan and how models are made.
        trial: The trial to take params from, or params.
        steps: Name of the parameter that says how many steps are trained, such as "n_estimators".
            It is set to the median of what early stopping took in the folds of the trial, scaled to
            all rows, and no more than the params say; None leaves it.
        threshold: What the boundary between two classes is to be best for: "accuracy",
            "balanced_accuracy", "f1", or a function of which rows would count as of the second
            class; None for the model's own boundary.
        calibrate: "sigmoid" or "isotonic" puts probabilities right; None leaves them.
        study: Name of the study, for the lineage.

    Raises:
        EvaluationError: The trial knows no steps, or a threshold or calibration was asked of
            numbers, or of a model without probabilities.
    """
    params, n_steps = _read(evaluate, trial, steps)
    classes = _classes_for(evaluate, threshold, calibrate)
    weight = evaluate.sample_weight
    model = evaluate.build(params)
    check_model(model, ())
    calibrator, boundary = None, None
    if classes is not None and (threshold is not None or calibrate is not None):
        _need_probabilities(model)
        models = _fit_folds(evaluate, params)
        calibrator, boundary = _put_right(evaluate, models, classes, threshold, calibrate)
    train(model, evaluate.X, evaluate.y, weight, None, evaluate.fit)
    lineage = _lineage(evaluate, trial, params, "all", n_steps, boundary, calibrate, study)
    return FittedModel(model, lineage, calibrator, classes)


def fit_ensemble(
    evaluate: Evaluate,
    trial: TrialRow | Mapping[str, Any],
    *,
    threshold: str | Callable[[Any], float] | None = None,
    calibrate: Calibration | None = None,
    study: str = "",
) -> FittedModel:
    """Train the models of all folds, and use them as one: their mean, or their votes.

    Early stopping works inside each fold, and a threshold or calibration costs no training more.

    Args:
        evaluate: As in `fit_all`.
        trial: As in `fit_all`.
        threshold: As in `fit_all`.
        calibrate: As in `fit_all`.
        study: As in `fit_all`.

    Raises:
        EvaluationError: As `fit_all`.
    """
    params, _ = _read(evaluate, trial, None)
    classes = _classes_for(evaluate, threshold, calibrate)
    models = _fit_folds(evaluate, params)
    calibrator, boundary = None, None
    if classes is not None and (threshold is not None or calibrate is not None):
        _need_probabilities(models[0])
        calibrator, boundary = _put_right(evaluate, models, classes, threshold, calibrate)
    lineage = _lineage(evaluate, trial, params, "ensemble", None, boundary, calibrate, study)
    return FittedModel(FoldEnsemble(models, classes), lineage, calibrator, classes)


def _read(
    evaluate: Evaluate, trial: TrialRow | Mapping[str, Any], steps: str | None
) -> tuple[dict[str, Any], int | None]:
    """Return the params, with the steps set, and the steps."""
    params = dict(trial.params if isinstance(trial, TrialRow) else trial)
    if steps is None:
        return params, None
    tag = trial.tags.get("evaluation", {}) if isinstance(trial, TrialRow) else {}
    most = params.get(steps)
    n_steps = scale_steps(tag.get("n_steps", ()), evaluate.plan.ratio, most)
    return params | {steps: n_steps}, n_steps


def _classes_for(evaluate: Evaluate, threshold: Any, calibrate: Any) -> Any:
    """Return the classes (c,), or None where targets are numbers.

    Raises:
        EvaluationError: A threshold or calibration makes no sense for such targets.
    """
    task = evaluate.metrics[0].task or tell_task(evaluate.y)
    if task == "regress":
        if threshold is not None or calibrate is not None:
            raise EvaluationError("threshold and calibrate are for classes, and y holds numbers")
        return None
    classes = np.unique(evaluate.y)
    if threshold is not None and len(classes) != 2:
        raise EvaluationError(f"a threshold is for two classes, and there are {len(classes)}")
    return classes


def _need_probabilities(model: Any) -> None:
    if not hasattr(model, "predict_proba"):
        raise EvaluationError(
            f"threshold and calibrate need predict_proba, which {type(model).__name__} does not "
            "have as it is set up"
        )


def _plan(evaluate: Evaluate) -> SplitPlan:
    return evaluate.plan.for_trial(0)


def _fit_folds(evaluate: Evaluate, params: Mapping[str, Any]) -> list[Any]:
    """Return the fitted models of the folds."""
    models = []
    weight = evaluate.sample_weight
    for fold in _plan(evaluate):
        model = evaluate.build(params)
        train(
            model,
            take_rows(evaluate.X, fold.train),
            evaluate.y[fold.train],
            None if weight is None else weight[fold.train],
            (take_rows(evaluate.X, fold.test), evaluate.y[fold.test]),
            evaluate.fit,
        )
        models.append(model)
    return models


def _put_right(
    evaluate: Evaluate, models: list[Any], classes: Any, threshold: Any, calibrate: Any
) -> tuple[Calibrator | None, float | None]:
    """Return the calibrator and the threshold, by what models say of rows they had not seen."""
    n = evaluate.plan.n
    total, count = np.zeros((n, len(classes))), np.zeros(n)
    for model, fold in zip(models, _plan(evaluate), strict=True):
        total[fold.test] += spread_classes(model, take_rows(evaluate.X, fold.test), classes)
        count[fold.test] += 1
    seen = count > 0
    p: Array = total[seen] / count[seen, None]
    is_true = evaluate.y[seen, None] == classes[None, :]
    weight = np.ones(n) if evaluate.sample_weight is None else evaluate.sample_weight
    calibrator = None
    if calibrate is not None:
        calibrator = Calibrator(calibrate, p, is_true, weight[seen])
        p = calibrator(p)
    boundary = None
    if threshold is not None:
        boundary = choose_threshold(p[:, 1], is_true[:, 1], threshold, weight[seen])
    return calibrator, boundary


def _lineage(
    evaluate: Evaluate,
    trial: TrialRow | Mapping[str, Any],
    params: Mapping[str, Any],
    kind: str,
    n_steps: int | None,
    threshold: float | None,
    calibrate: str | None,
    study: str,
) -> Lineage:
    from .. import __version__

    row = trial if isinstance(trial, TrialRow) else None
    return Lineage(
        study=study,
        trial=None if row is None else row.number,
        params=dict(params),
        metric=evaluate.metrics[0].name,
        cv_score=None if row is None else row.value,
        plan=evaluate.plan.hash,
        n=evaluate.plan.n,
        data=hash_targets(evaluate.y),
        kind=kind,
        n_steps=n_steps,
        threshold=threshold,
        calibrated=calibrate,
        version=__version__,
        fitted_s=time.time(),
    )
