"""`SearchCV`: a study as an estimator of scikit-learn."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _warn_or_raise_about_fit_failures
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_method_params, _num_samples, indexable

from ..errors import FitFailedError, StudyError
from ..samplers.base import Sampler
from ..schedulers.base import Scheduler
from ..space.space import Space
from ..stopping import StopRule
from ..storages import Storage
from ..study import Study, create_study
from ..study.study import INTERRUPTED
from ..trial.record import State
from .answers import check_answers, list_scorers
from .candidate_score import CandidateScore
from .confirmation import N_LEADERS, confirm, draw_fresh_splits, find_default, measure_default
from .fit_callbacks import begin_fit, end_fit, refitting, searching
from .fold_fit import AskFitParams, FitSettings, make_candidate
from .input_checks import (
    check_bounds,
    check_targets,
    check_weights,
    warn_of_many_jobs,
    warn_without_score,
)
from .jobs import check_travel, choose_jobs, optimize_with_others
from .kept_fits import SEARCH, SPLITS, Metrics
from .kept_study import pack_study, unpack_study
from .measures import Measure
from .objectives import (
    CONFIRMED,
    check_objectives,
    choose_of_several,
    describe_objectives,
    read_objectives,
    takes_refit,
)
from .param_names import check_param_names
from .param_space import Candidates, read_space
from .resource import choose_measure, reserved_param
from .results import (
    Measured,
    format_results,
    is_measured,
    resource_columns,
    to_fit_results,
)
from .same_search import describe_search, require_same_search
from .splits import check_plan, count_accuracy_rows, fingerprint, freeze_splits, require_same_splits
from .whole_fits import WholeFits

_POSITIVE = Interval(numbers.Real, 0, None, closed="neither")
_WHOLE = Interval(numbers.Integral, 1, None, closed="left")
_COUNT = Interval(numbers.Integral, 0, None, closed="left")


class SearchCV(BaseSearchCV):  # type: ignore[misc]  # scikit-learn has no types
    """Search for the params of an estimator by cross-validation, with luthier's samplers.

    It stands where `sklearn.model_selection.RandomizedSearchCV` stands, and has its attributes
    after `fit`: `best_estimator_`, `best_params_`, `best_score_`, `best_index_`, `cv_results_`,
    `refit_time_`, `scorer_`, `n_splits_`, `multimetric_`; and `study_`, the `luthier.Study`.

    Splits are asked for once, so all candidates are measured on the same rows. A candidate that
    fails, on all folds too, has a failed trial, and the search goes on.

    Args:
        estimator: The estimator; each candidate is a clone of it.
        space: What is searched: a `luthier.Space`; a dict of names, each with a list of values, a
            frozen distribution of `scipy.stats` or a `luthier.Float`, `Int` or `Categorical`; a
            list of such dicts; a `ParameterGrid` or `ParameterSampler` of scikit-learn, whose
            candidates are measured in their order; or a function that takes a trial and returns a
            dict of params.
        n_iter: How many candidates; with `storage`, in all calls together. None for no bound, where
            there is another one, or the space is a small grid.
        timeout: After how many seconds no further candidate is begun.
        sampler: What to try next, or its name; None chooses automatically, and goes through a grid
            that n_iter covers in order. In a finite space no candidate is measured twice.
        scheduler: Who ends hopeless candidates early, or its name; it needs a `resource`. None for
            the one that fits the resource.
        resource: What hopeless candidates get less of. "folds": they are ended between two folds.
            "n_samples": all begin with few training rows. The name of a parameter that is a whole
            number, such as "n_estimators": all begin with a small one. "partial_fit" and
            "warm_start": models are trained on from step to step. None gives all candidates all.
        min_resource: The smallest amount; None chooses it.
        max_resource: The largest amount; None for all rows, or what the estimator has.
        stop: A rule of `luthier.stopping`, or several: once one finds a reason, no further
            candidate is begun.
        scoring: As in scikit-learn. Of several metrics `refit` names the one that is optimised;
            without a name it is the first.
        objectives: Names of metrics of `scoring` that are optimised together; `study_` then has the
            front of candidates that no other beats in all. One name is the metric that counts.
        n_jobs: How many candidates are fitted at a time, each in a process of its own; None is 1,
            or what `joblib.parallel_config` says. Leaders are confirmed there too. With a seed, the
            same n_jobs gives the same search.
        refit: As in scikit-learn: whether the best candidate is fitted on all rows; the name of a
            metric; or a function of `cv_results_` that returns an index. "confirmed" takes the best
            leader on fresh splits if it is better there than the estimator's own params by more
            than chance, else those. Of several objectives also "knee", or a rule as for
            `Study.choose`, such as "accuracy >= 0.9, then largest recall".
        confirm: How many leaders are measured on three times as many fresh splits, beside the
            estimator's own params; 0 for none, or 3 with refit="confirmed". `cv_results_` then has
            `mean_confirmed`, and `confirmation_` what came of it.
        fit_params: A function that is called with X_train, y_train, X_test and y_test of a fold and
            returns more params of `fit`, such as an `eval_set`. The fit on all rows has none.
        cv: As in scikit-learn: a number of folds, a splitter, or splits; or a plan of
            `luthier.evaluation`.
        verbose: Above 0 progress is shown, above 1 each fit.
        random_state: The seed of the search.
        error_score: What a fold scores whose fit fails, or "raise".
        return_train_score: Whether `cv_results_` has scores on the training rows.
        storage: Where the study is kept, such as "sqlite:///search.db", to go on after a crash or
            to be looked at while it runs; None for memory.
        study_name: Its name there. A study of that name is gone on with.
    """

    _parameter_constraints: dict[str, Any] = {
        **{k: v for k, v in BaseSearchCV._parameter_constraints.items() if k != "pre_dispatch"},
        "space": [dict, list, Space, ParameterGrid, ParameterSampler, callable],
        "n_iter": [_WHOLE, None],
        "timeout": [_POSITIVE, None],
        "sampler": [str, Sampler, None],
        "scheduler": [str, Scheduler, None],
        "resource": [str, None],
        "min_resource": [_WHOLE, None],
        "max_resource": [_WHOLE, None],
        "stop": [StopRule, list, tuple],
        "objectives": ["array-like", str, None],
        "confirm": [_COUNT],
        "fit_params": [callable, None],
        "random_state": ["random_state"],
        "storage": [str, Storage, None],
        "study_name": [str, None],
    }

    def __init__(  # noqa: PLR0913  (the arguments of scikit-learn's searches, and a study's)
        self,
        estimator: Any,
        space: Any,
        *,
        n_iter: int | None = 50,
        timeout: float | None = None,
        sampler: Sampler | str | None = None,
        scheduler: Scheduler | str | None = None,
        resource: str | None = None,
        min_resource: int | None = None,
        max_resource: int | None = None,
        stop: StopRule | Sequence[StopRule] = (),
        scoring: Any = None,
        objectives: Sequence[str] | str | None = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable[[dict[str, Any]], int] = True,
        confirm: int = 0,
        fit_params: AskFitParams | None = None,
        cv: Any = None,
        verbose: int = 0,
        random_state: Any = None,
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        storage: str | Storage | None = None,
        study_name: str | None = None,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.n_iter = n_iter
        self.timeout = timeout
        self.sampler = sampler
        self.scheduler = scheduler
        self.resource = resource
        self.min_resource = min_resource
        self.max_resource = max_resource
        self.stop = stop
        self.objectives = objectives
        self.confirm = confirm
        self.fit_params = fit_params
        self.random_state = random_state
        self.storage = storage
        self.study_name = study_name

    @_fit_context(prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, **params: Any) -> SearchCV:
        """Search, and fit the best candidate on all rows.

        Args:
            X: (n, ...) rows; for a precomputed kernel or distances (n, n).
            y: (n,) or (n, m) targets; None for unsupervised learning.
            **params: Go to `fit` of the estimator, to the scorer and to the splitter, as in
                scikit-learn: `groups` to the splitter, arrays of n entries are split like the rows.

        Raises:
            UnknownParameterError: The estimator has no such parameter.
            EstimatorError: The estimator does not have the resource, or what a metric asks for, or
                changes its params in `fit`; the target is constant or missing, or weights are not
                as many as the rows; objectives are no metrics; or nothing would end the search.
            SplitError: The plan is of other rows, or has other folds for each trial; or splits
                have rows that X does not have.
            UnpicklableError: With n_jobs, something cannot go to another process.
            RuleError, NothingFitsError: A rule cannot be read, or no candidate satisfies it.
            StudyError: A study that is gone on with was measured on other splits, by another
                scoring, on other rows, of another estimator, or in a space that this one does not
                hold.
            ValueError: All fits failed, or a score is no number.
            KeyboardInterrupt: Ctrl-C; what was measured is in `storage`.
        """
        candidates = read_space(self.space)
        if candidates.listed is not None:
            reserved = reserved_param(self.resource, self.estimator)
            check_param_names(self.estimator, candidates.listed, reserved)

        metrics = read_objectives(self.objectives, self.refit, self.scoring)
        scorers, _ = self._get_scorers()
        check_answers(scorers, self.estimator, candidates.listed)
        X, y = indexable(X, y)
        check_targets(self.estimator, y, self.scoring)
        check_bounds(self, candidates.space)
        check_weights(params, _num_samples(X))
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        weights = params.get("sample_weight")
        told = {"X": X, "y": y, "metadata": None if weights is None else {"sample_weight": weights}}
        root = begin_fit(self, told)

        check_plan(self.cv, X)
        splitter = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = freeze_splits(splitter, X, y, routed.splitter.split)
        self.n_splits_ = len(splits)
        settings = FitSettings(
            estimator=clone(self.estimator),
            X=X,
            y=y,
            splits=splits,
            scorer=scorers,
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            ask_fit_params=self.fit_params,
            error_score=self.error_score,
            return_train_score=self.return_train_score,
            verbose=self.verbose,
            n_accuracy_rows=count_accuracy_rows(self.estimator, self.scoring, splits),
            search=self,
        )
        seed = _seed(self.random_state)
        bounds = (self.min_resource, self.max_resource)
        groups = routed.splitter.split.get("groups")
        is_kept = self.storage is not None
        measure, scheduler = choose_measure(
            settings, self.resource, self.scheduler, bounds, groups, seed, is_kept, len(metrics)
        )
        with choose_jobs(self.n_jobs) as jobs:
            whole = WholeFits(settings, measure, jobs)
            study = self._search(whole, candidates, metrics, scheduler, seed, root)
            found = self._read(study, whole, candidates, metrics)
            if self._n_confirmed:
                fresh = draw_fresh_splits(self.cv, splitter, settings, routed.splitter.split)
                self.confirmation_ = confirm(whole, metrics, found, self._n_confirmed, fresh)
                self.cv_results_["mean_confirmed"] = self.confirmation_.column(len(found))
        self._choose(study, found, metrics)
        if self.refit:
            self._refit(settings, measure, root, told)
        self.scorer_ = list_scorers(scorers) or scorers
        self.study_ = study
        end_fit(self, root, told)
        return self

    def _search(
        self,
        whole: WholeFits,
        candidates: Candidates,
        metrics: Metrics,
        scheduler: Scheduler | None,
        seed: int,
        root: Any,
    ) -> Study:
        """Run the trials of the search."""
        settings, measure, jobs = whole
        mine = fingerprint(settings.splits, settings.y)
        asked = describe_search(self.estimator, self.scoring, metrics, settings.X)
        study = create_study(
            name=self.study_name,
            storage=self.storage,
            **describe_objectives(metrics),
            space=candidates.space,
            sampler=self._choose_sampler(candidates),
            scheduler=scheduler,
            seed=seed,
            load_if_exists=self.study_name is not None,
        )
        study.engine.leave_out_warning("no checkpoint")  # each measure has its own way to go on
        require_same_splits(study.trials, mine, study.name)
        require_same_search(study.trials, asked, candidates, study.name)
        if self._n_confirmed and not study.trials:
            own = candidates.find(self.estimator.get_params())
            if own is not None:
                study.enqueue(own)
        n_fits = None
        if self.n_iter is not None and measure.keeps_partial:
            n_fits = self.n_iter * self.n_splits_
        with searching(self, root, n_fits, jobs.n) as context:
            objective = CandidateScore(
                replace(settings, context=context),
                candidates,
                measure,
                metrics,
                get_config(),
                {SPLITS: mine, SEARCH: asked},
            )
            warn_of_many_jobs(self.estimator, jobs.n)
            check_travel(objective, jobs)
            optimize_with_others(
                study,
                self.timeout,
                objective=objective,
                total=self._count_candidates(study.space),
                catch=FitFailedError,
                stop=self.stop,
                progress=None if self.verbose else False,
                reproducible=self._is_reproducible(scheduler, jobs.n),
                n_jobs=jobs.n,
                executor=jobs.executor,
            )
        if study.stop_reason == INTERRUPTED:
            raise KeyboardInterrupt("the search was stopped by Ctrl-C")
        return study

    def _choose_sampler(self, candidates: Candidates) -> Sampler | str | None:
        """Return the sampler: where all points of a grid will be measured, one after the other."""
        space = candidates.space
        if candidates.in_order:
            return "grid"
        is_bounded_otherwise = self.timeout is not None or bool(self.stop)
        if self.sampler is None and self.n_iter is not None and not is_bounded_otherwise:
            is_small = space is not None and space.can_list and bool(space.params)
            if is_small and space is not None and space.n_points <= self.n_iter:
                return "grid"
        return self.sampler

    def _count_candidates(self, space: Space) -> int | None:
        """Return how many candidates there will be at most; None where nobody knows.

        Of a finite space no point is measured twice: on the same rows it would score the same.
        """
        n_points = space.n_points if space.params else math.inf
        if isinstance(self.space, Mapping | Sequence) and not space.params:
            n_points = 1
        bound = math.inf if self.n_iter is None else self.n_iter
        n = min(n_points, bound)
        return None if math.isinf(n) else int(n)

    def _is_reproducible(self, scheduler: Scheduler | None, n_jobs: int) -> bool:
        """Whether the search waits for results in order, for the sake of a seed."""
        resumes = scheduler is not None and scheduler.resumes
        return self.random_state is not None and n_jobs > 1 and not resumes

    def _read(
        self,
        study: Study,
        whole: WholeFits,
        candidates: Candidates,
        metrics: Metrics,
    ) -> list[Measured]:
        """Set `cv_results_` and `multimetric_`, and return the candidates."""
        measure = whole.measure
        rows = [row for row in study.trials if is_measured(row)]
        if not rows:
            raise StudyError(
                "No fits were performed. Were there no candidates? No trial was finished before "
                f"a bound was reached: n_iter={self.n_iter!r}, timeout={self.timeout!r}"
            )
        seed = study.engine.seed
        found = [Measured.of_trial(row, candidates.of_row(row, seed), measure) for row in rows]
        if self._n_confirmed and find_default(found, self.estimator, measure) is None:
            found.append(measure_default(whole, metrics, found))
        fit_results = to_fit_results([each.fits for each in found], self.n_splits_)
        run = [result for result in fit_results if result["was_run"]]
        _warn_or_raise_about_fit_failures(run, self.error_score)

        is_stopped = any(row.state in (State.PRUNED, State.PAUSED) for row in rows)
        params = [each.params for each in found]
        self.cv_results_ = format_results(self, params, fit_results, self.n_splits_, is_stopped)
        if self.resource is not None:
            self.cv_results_ |= resource_columns(found)
        first = next(r["test_scores"] for r in fit_results)
        self.multimetric_ = isinstance(first, dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(first)
        return found

    def _choose(self, study: Study, found: list[Measured], metrics: Metrics) -> None:
        """Set which candidate is the best, and its score and params."""
        if not self.refit and self.multimetric_:
            return
        results = self.cv_results_
        metric = "score"
        if self.multimetric_:
            is_metric = isinstance(self.refit, str) and f"mean_test_{self.refit}" in results
            names = [k.removeprefix("mean_test_") for k in results if k.startswith("mean_test_")]
            metric = self.refit if is_metric else (*metrics, *names)[0]
        if self.refit == CONFIRMED:
            self.best_index_ = self.confirmation_.chosen
        elif takes_refit(self.refit, metrics):
            numbers = [each.number for each in found]
            self.best_index_ = choose_of_several(study, self.refit, results, numbers)
        else:
            self.best_index_ = self._select_best_index(self.refit, metric, results)
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]
            warn_without_score(self.best_score_, self.scoring, metric)
        self.best_params_ = results["params"][self.best_index_]

    @property
    def _n_confirmed(self) -> int:
        """How many leaders are confirmed."""
        return int(self.confirm or (N_LEADERS if self.refit == CONFIRMED else 0))

    def _check_refit_for_multimetric(self, scores: Mapping[str, Any]) -> None:
        """Check that `refit` and `objectives` fit the metrics."""
        metrics = read_objectives(self.objectives, self.refit, self.scoring)
        if self.objectives is not None:
            check_objectives(metrics, list(scores))
        if not takes_refit(self.refit, metrics):
            super()._check_refit_for_multimetric(scores)

    def _refit(
        self, settings: FitSettings, measure: Measure, root: Any, told: Mapping[str, Any]
    ) -> None:
        """Fit the best candidate on all rows."""
        self.best_estimator_ = make_candidate(settings, self.best_params_)
        with refitting(self, root, told):
            begin = time.perf_counter()
            measure.refit(self.best_estimator_, settings)
            self.refit_time_ = time.perf_counter() - begin
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickles and copies, where the study is the trials that it has."""
        state = dict(super().__getstate__())
        if "study_" in state:
            state["study_"] = pack_study(state["study_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a state in; the study is then one in memory, wherever it was."""
        super().__setstate__(state)
        packed = state.get("study_")
        if packed is not None:
            self.study_ = unpack_study(packed)


def _seed(random_state: Any) -> int:
    """Return the seed of a study, as scikit-learn's estimators take one."""
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
