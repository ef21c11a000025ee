"""Evaluate: the folds of a split plan as an objective that stops early, resumes and keeps count."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ..errors import EvaluationError, TrialPruned
from ..measure.size import model_size
from ..schedulers.fold_race import FoldRace
from ..trial.direction import find_wrong_direction
from ..trial.handle import Trial
from ..trial.record import TrialRow
from ..validation import show, to_number
from .data_checks import check_data
from .fold_results import FoldResults
from .metrics import Metric, mean_of_rows, read_metrics
from .models import Build, Fit, ask, check_model, make_factory, require_answer, take_rows, train
from .row_labels import number_labels
from .split_plan import Fold, SplitPlan

_FRESH = 1_000_003  # seed of the folds of the first repeat of `Study.confirm`


class Evaluate:
    """An objective: the mean of a metric over the folds of a plan.

    Folds come in the same order for all trials, and each is reported as a step; so a scheduler can
    stop a trial early, which `scheduler` does. What is done of a trial is kept after each fold: a
    worker that is killed loses one fold. Repeats of `Study.confirm` get fresh folds, the same for
    all leaders. All trials of a study share one plan: `Study.optimize` refuses another.

    A trial that is over has the tag "evaluation", with the scores of all metrics by fold, seconds,
    sizes, slices, and what the first metric gave each row; see `luthier.evaluation.bbc`.

    Args:
        model_factory: Makes a model from the trial's params; or an estimator, which is copied, and
            whose params are set.
        X: (n, ...) array, table, sparse matrix or list.
        y: (n,) targets.
        plan: Which rows are trained on and tested.
        metrics: A metric, or several: names, functions of model, X and y, or each a `Metric`. The
            first is optimised.
        sample_weight: (n,) weights of the rows, in training and metrics; None for equal ones.
        slices: Name to labels (n,): the first metric is noted for the rows of each label.
        constraints: Name of a metric, or "predict_s", "fit_s" or "size", to its bound: the most
            that it may be, or the least of a metric where more is better.
        fit: Trains a model instead of its `fit`, for early stopping inside: see
            `luthier.evaluation.models.Fit`.
        patience: How soon `scheduler` stops trials, "usual" or "safe".

    Attributes:
        metrics: As they were read.
        plan: As given.
        X: As given.
        y: (n,) array.
        sample_weight: (n,) array, or None.
        build: Makes a model from params.

    Raises:
        EvaluationError: The data, the metrics or the bounds make no sense.
        SplitError: The plan does not suit the data.
    """

    def __init__(
        self,
        model_factory: Build | Any,
        X: Any,
        y: Any,
        plan: SplitPlan,
        metrics: Any,
        *,
        sample_weight: Any = None,
        slices: Mapping[str, Any] | None = None,
        constraints: Mapping[str, float] | None = None,
        fit: Fit | None = None,
        patience: Literal["usual", "safe"] = "usual",
    ) -> None:
        self.metrics = read_metrics(metrics)
        self.build = make_factory(model_factory)
        self.plan = plan
        self.X = X.tocsr() if hasattr(X, "tocsr") else X
        self.y, self.sample_weight = check_data(X, y, plan, self.metrics, sample_weight)
        self.fit = fit
        self.scheduler = FoldRace(patience, plan.ratio)
        self._slices = {name: np.asarray(labels) for name, labels in (slices or {}).items()}
        self._constraints = dict(constraints or {})
        self._checked: weakref.ref[Any] | None = None  # the study whose trials have these folds
        self._check_options()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_checked": None}

    def _check_options(self) -> None:
        for name, labels in self._slices.items():
            number_labels(f"slices[{name!r}]", labels, self.plan.n)
        if self._slices and self.metrics[0].rows is None:
            raise EvaluationError(
                f"slices need a metric that is had row by row, and {self.metrics[0].name!r} is not"
            )
        known = {metric.name for metric in self.metrics} | {"fit_s", "predict_s", "size"}
        for name, bound in self._constraints.items():
            if name not in known:
                raise EvaluationError(
                    f"a constraint is on a metric, on fit_s, predict_s or size, got {name!r}; the "
                    f"metrics are {', '.join(m.name for m in self.metrics)}"
                )
            if not math.isfinite(bound):
                raise EvaluationError(f"the bound of {name!r} must be finite, got {bound!r}")

    @property
    def direction(self) -> Literal["minimize", "maximize"]:
        """Where better values of the first metric lie; for `create_study`."""
        return self.metrics[0].direction

    def __call__(self, trial: Trial) -> float | dict[str, float]:
        """Run a trial; see `luthier.create_study`.

        Raises:
            TrialPruned: The scheduler stops the trial.
            EvaluationError: A score is NaN, the model lacks what a metric needs or changes its
                params, or the trial was begun with other folds.
        """
        wrong = find_wrong_direction(trial, self.metrics[0].name, self.direction)
        if wrong is not None:
            raise EvaluationError(wrong)
        self._check_study(trial)
        plan = self._plan_of(trial)
        results = self._resume(trial, plan)
        model: Any = None
        for i in range(len(results), len(plan)):
            model = self._run_fold(trial.params, plan, i, results, f"trial {trial.number}")
            last = i + 1 == len(plan)
            trial.report(self._told(trial, results, i), i + 1, checkpoint=results.to_checkpoint())
            if not last and "confirms" not in trial.tags and trial.should_stop():
                self._note(trial, results, model)
                raise TrialPruned
        self._note(trial, results, model)
        return self._told(trial, results)

    def check_trials(self, trials: Iterable[TrialRow], study: str) -> None:
        """Refuse trials that were run on other folds; `Study.optimize` calls this.

        Args:
            trials: Those that a study has.
            study: Its name.

        Raises:
            EvaluationError: One had other folds, so that scores could not be compared.
        """
        for row in trials:
            noted = row.tags.get("evaluation")
            theirs = noted.get("plan") if isinstance(noted, Mapping) else None
            if theirs is None or row.confirms is not None:
                continue
            ours = self.plan.for_trial(row.number).hash
            if theirs != ours:
                raise EvaluationError(
                    f"trial {row.number} of study {study!r} had other folds ({theirs[:8]}) than "
                    f"these ({ours[:8]}), so their scores cannot be compared; use its plan, or a "
                    "study of another name"
                )

    def _check_study(self, trial: Trial) -> None:
        """Refuse a trial that was asked of a study with other folds, once for each study."""
        engine = getattr(trial.link, "engine", None)
        if engine is not None and (self._checked is None or self._checked() is not engine):
            self.check_trials(engine.rows(), engine.name)
            self._checked = weakref.ref(engine)

    def _plan_of(self, trial: Trial) -> SplitPlan:
        repeat = trial.tags.get("repeat")
        if "confirms" in trial.tags and type(repeat) is int:
            return self.plan.redraw(_FRESH + repeat)
        return self.plan.for_trial(trial.number)

    def _resume(self, trial: Trial, plan: SplitPlan) -> FoldResults:
        names = tuple(metric.name for metric in self.metrics)
        saved = trial.checkpoint
        if not saved:
            return FoldResults(plan.hash, plan.n, names)
        results = FoldResults.from_checkpoint(saved)
        if results.plan != plan.hash or results.metrics != names:
            raise EvaluationError(
                f"trial {trial.number} was begun with other folds or metrics (plan "
                f"{results.plan[:8]} and {', '.join(results.metrics)}) than these ({plan.hash[:8]} "
                f"and {', '.join(names)}); go on with those, or begin another study"
            )
        return results

    def run(self, params: Mapping[str, Any], plan: SplitPlan | None = None) -> FoldResults:
        """Run all folds for params without a trial.

        Args:
            params: What the model is made with.
            plan: Other folds of the same rows; None for the plan of this object.

        Raises:
            EvaluationError: As when called.
        """
        plan = self.plan if plan is None else plan
        results = FoldResults(plan.hash, plan.n, tuple(metric.name for metric in self.metrics))
        for i in range(len(plan)):
            self._run_fold(params, plan, i, results, f"{dict(params)}")
        return results

    def _run_fold(
        self, params: Mapping[str, Any], plan: SplitPlan, i: int, results: FoldResults, whose: str
    ) -> Any:
        """Train and test a model on one fold, and add what came of it; return the model."""
        fold = plan[i]
        model = self.build(params)
        check_model(model, self.metrics)
        X_test, y_test = take_rows(self.X, fold.test), self.y[fold.test]
        weight = self.sample_weight
        begin = time.perf_counter()
        try:
            n_steps = train(
                model,
                take_rows(self.X, fold.train),
                self.y[fold.train],
                None if weight is None else weight[fold.train],
                (X_test, y_test),
                self.fit,
            )
            fitted = time.perf_counter()
            scores, rows, predict_s = self._score(model, fold, X_test, y_test)
        except Exception as e:
            e.add_note(f"in fold {i} of {len(plan)} of {whose}")
            raise
        wrong = [m.name for m, s in zip(self.metrics, scores, strict=True) if math.isnan(s)]
        if wrong:
            raise EvaluationError(
                f"{wrong[0]} of {whose} is NaN in fold {i}: the model predicts NaN, "
                "or the metric is not defined for these rows"
            )
        results.scores.append(scores)
        results.fit_s.append(fitted - begin)
        results.predict_s.append(predict_s)
        results.n_steps.append(n_steps)
        if rows is not None:
            results.add_rows(fold.test, rows)
        return model

    def _score(
        self, model: Any, fold: Fold, X: Any, y: Any
    ) -> tuple[list[float], np.ndarray | None, float]:
        """Return the value of each metric, the rows of the first, and the time of a prediction."""
        classes = getattr(model, "classes_", None)
        classes = np.unique(self.y[fold.train]) if classes is None else classes
        weight = self.sample_weight
        weights = np.ones(len(fold.test)) if weight is None else weight[fold.test]
        told: dict[str, Any] = {}
        scores: list[float] = []
        first: np.ndarray | None = None
        seconds = math.nan
        for metric in self.metrics:
            require_answer(model, metric)  # of a model made of others only now is it known
            if metric.score is not None:
                scores.append(_to_score(metric.name, metric.score(model, X, y)))
                continue
            if metric.needs not in told:
                begin = time.perf_counter()
                told[metric.needs] = ask(model, metric.needs, X)
                seconds = time.perf_counter() - begin
            rows, value = score_rows(metric, y, told[metric.needs], classes, weights)
            scores.append(value)
            if metric is self.metrics[0]:
                first = rows
        return scores, first, 0.0 if math.isnan(seconds) else seconds

    def _told(
        self, trial: Trial, results: FoldResults, fold: int | None = None
    ) -> float | dict[str, float]:
        """Return what a study is told of one fold, or of all."""
        scores = np.array(results.scores)
        values = scores.mean(axis=0) if fold is None else scores[fold]
        if len(trial.objectives) == 1:
            return float(values[0])
        by_name = dict(zip(results.metrics, values.tolist(), strict=True))
        missing = [name for name in trial.objectives if name not in by_name]
        if missing:
            raise EvaluationError(
                f"the study has an objective {missing[0]!r}, which is none of the metrics "
                f"{', '.join(results.metrics)}"
            )
        return {name: by_name[name] for name in trial.objectives}

    def _note(self, trial: Trial, results: FoldResults, model: Any) -> None:
        """Note what belongs to the result: tags, and how far constraints are kept."""
        whole = len(results) == len(self.plan)
        tag = results.to_tag(whole)
        if model is not None:
            try:
                tag["size"] = model_size(model)
            except TypeError:
                tag["size"] = None
        if self._slices and whole:
            tag["slices"] = self._score_slices(results)
        trial.set_tag("evaluation", tag)
        trial.set_tag("n_folds", len(results))
        measured: dict[str, Any] = {name: results.mean(name) for name in results.metrics}
        measured |= {"fit_s": float(np.mean(results.fit_s))}
        measured |= {"predict_s": float(np.mean(results.predict_s)), "size": tag.get("size")}
        signs = {metric.name: metric.sign() for metric in self.metrics}
        for name, bound in self._constraints.items():
            if measured[name] is not None:
                trial.set_constraint(name, signs.get(name, 1.0) * (measured[name] - bound))

    def _score_slices(self, results: FoldResults) -> dict[str, dict[str, float | None]]:
        """Return the first metric of the rows of each label, by name of the slices."""
        total = self.metrics[0].total or mean_of_rows
        weight = np.ones(self.plan.n) if self.sample_weight is None else self.sample_weight
        rows = results.rows
        tested = results.counts > 0
        found: dict[str, dict[str, float | None]] = {}
        for name, labels in self._slices.items():
            found[name] = {}
            for label in np.unique(labels[tested]):
                at = (labels == label) & tested
                value = total(rows[at], self.y[at], weight[at])
                found[name][str(label)] = value if math.isfinite(value) else None
        return found


def _to_score(name: str, score: Any) -> float:
    number = to_number(score)
    if number is None:
        raise EvaluationError(
            f"the metric {name!r:.100} must return a number, got {show(score)}"
            + ("; is a return missing?" if score is None else "")
        )
    return float(number)


def score_rows(
    metric: Metric, y: Any, told: Any, classes: Any, weight: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return what a metric gives each row (n,), and its value over all of them.

    Raises:
        EvaluationError: The model did not say as much as there are rows.
    """
    assert metric.rows is not None
    assert metric.total is not None
    if len(told) != len(y):
        raise EvaluationError(f"the model was asked about {len(y)} rows, and said {len(told)}")
    rows = metric.rows(y, told, classes)
    return rows, metric.total(rows, y, weight)
