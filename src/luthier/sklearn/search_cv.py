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
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _warn_or_raise_about_fit_failures
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_method_params, indexable

from ..errors import FitFailedError, StudyError
from ..samplers.base import Sampler
from ..schedulers.base import Scheduler
from ..space.space import Space
from ..stopping import StopRule
from ..storages import Storage
from ..study import Study, create_study
from ..study.study import INTERRUPTED
from ..trial.record import State
from .candidate_score import CandidateScore
from .fit_callbacks import begin_fit, end_fit, refitting, searching
from .fold_fit import FitSettings, make_candidate
from .input_checks import check_bounds, check_targets, warn_of_many_jobs, warn_without_score
from .jobs import choose_jobs
from .kept_fits import REACHED
from .kept_study import pack_study, unpack_study
from .measures import Measure
from .param_names import check_param_names
from .param_space import Candidates, read_space
from .resource import choose_measure, reserved_param
from .results import (
    comparable_fits,
    format_results,
    is_measured,
    resource_columns,
    to_fit_results,
)
from .splits import fingerprint, freeze_splits, require_same_splits

_POSITIVE = Interval(numbers.Real, 0, None, closed="neither")
_WHOLE = Interval(numbers.Integral, 1, None, closed="left")


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
        n_jobs: How many candidates are fitted at a time, each in a process of its own; None is 1,
            or what `joblib.parallel_config` says. With a seed, the same n_jobs gives the same
            search.
        refit: As in scikit-learn: whether the best candidate is fitted on all rows; the name of a
            metric; or a function of `cv_results_` that returns an index.
        cv: As in scikit-learn: a number of folds, a splitter, or splits.
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
        n_jobs: int | None = None,
        refit: bool | str | Callable[[dict[str, Any]], int] = True,
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
            EstimatorError: The estimator does not have the resource, or changes its params in
                `fit`; the target is constant; or nothing would end the search.
            StudyError: A study that is gone on with was measured on other splits.
            ValueError: All fits failed, or a score is no number.
            KeyboardInterrupt: Ctrl-C; what was measured is in `storage`.
        """
        candidates = read_space(self.space)
        if candidates.listed is not None:
            reserved = reserved_param(self.resource, self.estimator)
            check_param_names(self.estimator, candidates.listed, reserved)

        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        check_targets(self.estimator, y)
        check_bounds(self, candidates.space)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        weights = params.get("sample_weight")
        told = {"X": X, "y": y, "metadata": None if weights is None else {"sample_weight": weights}}
        root = begin_fit(self, told)

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
            error_score=self.error_score,
            return_train_score=self.return_train_score,
            verbose=self.verbose,
            search=self,
        )
        seed = _seed(self.random_state)
        bounds = (self.min_resource, self.max_resource)
        groups = routed.splitter.split.get("groups")
        is_kept = self.storage is not None
        measure, scheduler = choose_measure(
            settings, self.resource, self.scheduler, bounds, groups, seed, is_kept
        )
        study = self._search(settings, candidates, measure, scheduler, seed, root)
        self._read(study, candidates, measure, refit_metric)
        if self.refit:
            self._refit(settings, measure, root, told)
        self.scorer_ = scorers._scorers if isinstance(scorers, _MultimetricScorer) else scorers
        self.study_ = study
        end_fit(self, root, told)
        return self

    def _search(
        self,
        settings: FitSettings,
        candidates: Candidates,
        measure: Measure,
        scheduler: Scheduler | None,
        seed: int,
        root: Any,
    ) -> Study:
        """Run the trials of the search."""
        mine = fingerprint(settings.splits, settings.y)
        study = create_study(
            name=self.study_name,
            storage=self.storage,
            direction="maximize",
            space=candidates.space,
            sampler=self._choose_sampler(candidates),
            scheduler=scheduler,
            seed=seed,
            load_if_exists=self.study_name is not None,
        )
        require_same_splits(study.trials, mine, study.name)
        metric = self.refit if isinstance(self.refit, str) else None
        n_fits = None
        if self.n_iter is not None and measure.keeps_partial:
            n_fits = self.n_iter * self.n_splits_
        with choose_jobs(self.n_jobs) as jobs, searching(self, root, n_fits, jobs) as context:
            objective = CandidateScore(
                replace(settings, context=context),
                candidates,
                measure,
                metric,
                get_config(),
                mine,
            )
            warn_of_many_jobs(self.estimator, jobs["n_jobs"])
            study.optimize(
                objective,
                total=self._count_candidates(study.space),
                timeout_s=self.timeout,
                catch=FitFailedError,
                stop=self.stop,
                progress=None if self.verbose else False,
                reproducible=self._is_reproducible(scheduler, jobs["n_jobs"]),
                **jobs,
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
        self, study: Study, candidates: Candidates, measure: Measure, refit_metric: str
    ) -> None:
        """Set what the trials of the search say: results, and which candidate is the best."""
        rows = [row for row in study.trials if is_measured(row)]
        if not rows:
            raise StudyError(
                "No fits were performed. Were there no candidates? No trial was finished before "
                f"a bound was reached: n_iter={self.n_iter!r}, timeout={self.timeout!r}"
            )
        seed = study.engine.seed
        params = [
            measure.final_params(candidates.of_row(row, seed), row.tags.get(REACHED))
            for row in rows
        ]
        fits = [comparable_fits(row, measure) for row in rows]
        fit_results = to_fit_results(fits, self.n_splits_)
        run = [result for result in fit_results if result["was_run"]]
        _warn_or_raise_about_fit_failures(run, self.error_score)

        is_stopped = any(row.state in (State.PRUNED, State.PAUSED) for row in rows)
        results = format_results(self, params, fit_results, self.n_splits_, is_stopped)
        first = next(r["test_scores"] for r in fit_results)
        self.multimetric_ = isinstance(first, dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(first)
            refit_metric = self.refit
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
            if not callable(self.refit):
                self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]
                warn_without_score(self.best_score_, self.scoring, refit_metric)
            self.best_params_ = results["params"][self.best_index_]
        if self.resource is not None:
            results |= resource_columns(rows)
        self.cv_results_ = results

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
