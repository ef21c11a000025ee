"""Callback and tuner of LightGBM."""

from __future__ import annotations

import math
from typing import Any

import lightgbm

from ..distributions import BaseDistribution, FloatDistribution, IntDistribution
from ..marks import warn
from ..samplers.tpe import TPESampler
from ..study.creating import create_study
from ..study.direction import StudyDirection
from ..study.search import Study
from ..trial.live import Trial
from .pruning import pruned, report


class LightGBMPruningCallback:
    """Reports a metric of LightGBM after each round, for its `callbacks`.

    Args:
        trial: The trial.
        metric: Its name, such as "binary_logloss".
        valid_name: The evaluation set.
        report_interval: Rounds between two reports.
    """

    def __init__(
        self, trial: Trial, metric: str, valid_name: str = "valid_0", report_interval: int = 1
    ) -> None:
        self._trial = trial
        self._metric = metric
        self._valid_name = valid_name
        self._report_interval = report_interval

    def __call__(self, env: Any) -> None:
        """Report the metric of a round.

        Raises:
            TrialPruned: The pruner ends the trial.
            ValueError: There is no such evaluation, or it has another direction.
        """
        if (env.iteration + 1) % self._report_interval:
            return
        found = env.evaluation_result_list or []
        is_cv = bool(found) and len(found[0]) == 5  # means and spreads over folds
        wanted = "valid" if is_cv else self._valid_name
        for name, metric, value, is_larger_better, *_ in found:
            if name == wanted and metric.removeprefix("valid ") == self._metric:
                is_max = self._trial.study.direction == StudyDirection.MAXIMIZE
                if is_max != is_larger_better:
                    raise ValueError(
                        "The intermediate values are inconsistent with the objective values in "
                        "terms of study directions."
                    )
                if report(self._trial, value, env.iteration):
                    raise pruned(env.iteration)
                return
        raise ValueError(
            f'The entry associated with the validation name "{wanted}" and the metric '
            f'name "{self._metric}" is not found in the evaluation result list {found}.'
        )


_STEPS: dict[str, BaseDistribution] = {
    "feature_fraction": FloatDistribution(0.4, 1.0),
    "num_leaves": IntDistribution(2, 256, log=True),
    "bagging_fraction": FloatDistribution(0.4, 1.0),
    "bagging_freq": IntDistribution(1, 7),
    "lambda_l1": FloatDistribution(1e-8, 10.0, log=True),
    "lambda_l2": FloatDistribution(1e-8, 10.0, log=True),
    "min_child_samples": IntDistribution(5, 100, log=True),
}
_DEFAULTS = {
    "lambda_l1": 0.0,
    "lambda_l2": 0.0,
    "num_leaves": 31,
    "feature_fraction": 1.0,
    "bagging_fraction": 1.0,
    "bagging_freq": 0,
    "min_child_samples": 20,
}
_N_TRIALS = 68  # as many as the original's steps have together
_LARGER_IS_BETTER = ("auc", "average_precision", "auc_mu", "ndcg", "map", "mean_average_precision")


class _Tuner:
    """What both tuners have in common: one study over all parameters."""

    def __init__(
        self,
        params: dict[str, Any],
        train_set: Any,
        num_boost_round: int = 1000,
        *,
        time_budget: int | None = None,
        study: Study | None = None,
        optuna_callbacks: list[Any] | None = None,
        show_progress_bar: bool = False,
        optuna_seed: int | None = None,
        **options: Any,
    ) -> None:
        if params.get("feature_pre_filter"):
            warn("feature_pre_filter is turned off: min_child_samples changes between trials.")
        self._params = {**params, "feature_pre_filter": False}
        self._train_set = train_set
        self._num_boost_round = num_boost_round
        self._time_budget = time_budget
        self._callbacks = optuna_callbacks
        self._show_progress_bar = show_progress_bar
        self._options = options
        metric = self._params.get("metric") or self._params.get("objective") or "binary_logloss"
        names = metric.split(",") if isinstance(metric, str) else list(metric)
        self._metric = {"binary": "binary_logloss", "regression": "l2"}.get(names[-1], names[-1])
        is_max = self._metric.partition("@")[0] in _LARGER_IS_BETTER
        direction: Any = "maximize" if is_max else "minimize"
        sampler = TPESampler(seed=optuna_seed)
        self.study = study or create_study(direction=direction, sampler=sampler)
        if self.study.direction.name.lower() != direction:
            raise ValueError(f"Study direction is inconsistent with the metric {self._metric!r}.")

    def _score(self, params: dict[str, Any]) -> float:
        raise NotImplementedError

    def run(self) -> None:
        """Tune."""

        def objective(trial: Trial) -> float:
            free = {n: d for n, d in _STEPS.items() if n not in self._params}
            tuned = {name: trial.suggest(name, d) for name, d in free.items()}
            return self._score({"verbosity": -1, **self._params, **tuned})

        self.study.optimize(
            objective,
            n_trials=_N_TRIALS,
            timeout=self._time_budget,
            callbacks=self._callbacks,
            catch=(),
            show_progress_bar=self._show_progress_bar,
        )

    @property
    def best_score(self) -> float:
        """The score of the best params; infinite before the first trial."""
        try:
            return self.study.best_value
        except ValueError:
            return -math.inf if self.study.direction == StudyDirection.MAXIMIZE else math.inf

    @property
    def best_params(self) -> dict[str, Any]:
        """The best params, with those that were given; LightGBM's own before the first trial."""
        try:
            return {**self._params, **self.study.best_params}
        except ValueError:
            return {**_DEFAULTS, **self._params}


class LightGBMTuner(_Tuner):
    """Tunes the seven parameters that Optuna tunes step by step, all together.

    Args:
        params: Params that are given; those of the seven that are among them stay.
        train_set: Rows to train on.
        num_boost_round: Rounds.
        valid_sets: Rows to test on.
        time_budget: For how many seconds; None for 68 trials.
        study: A study to go on with.
        optuna_callbacks: Called with the study and each trial that has ended.
        show_progress_bar: Whether a line on standard error says how far it is.
        optuna_seed: Of the search.
        **options: Of `lightgbm.train`.

    Raises:
        ValueError: There is nothing to test on.
    """

    def __init__(
        self,
        params: dict[str, Any],
        train_set: Any,
        num_boost_round: int = 1000,
        valid_sets: Any = None,
        **options: Any,
    ) -> None:
        if not valid_sets:
            raise ValueError("`valid_sets` is required.")
        super().__init__(params, train_set, num_boost_round, **options)
        self._valid_sets = valid_sets
        self._best: Any = None

    def _score(self, params: dict[str, Any]) -> float:
        booster = lightgbm.train(
            params,
            self._train_set,
            self._num_boost_round,
            valid_sets=self._valid_sets,
            **self._options,
        )
        name = list(booster.best_score)[-1]
        score = float(booster.best_score[name][self._metric])
        sign = -1 if self.study.direction.name == "MAXIMIZE" else 1
        if self._best is None or sign * score < sign * self._best[0]:
            self._best = (score, booster)
        return score

    def get_best_booster(self) -> Any:
        """Return the booster of the best params.

        Raises:
            ValueError: This tuner has trained none.
        """
        if self._best is None:
            raise ValueError("The best booster is not available: call run() first.")
        return self._best[1]


class LightGBMTunerCV(_Tuner):
    """The same by cross-validation.

    Args:
        params: Params that are given; those of the seven that are among them stay.
        train_set: Rows.
        num_boost_round: Rounds.
        **options: Of the tuner, see `LightGBMTuner`, and of `lightgbm.cv`.
    """

    def _score(self, params: dict[str, Any]) -> float:
        found = lightgbm.cv(params, self._train_set, self._num_boost_round, **self._options)
        [means] = [v for k, v in found.items() if k.endswith(f"{self._metric}-mean")]
        return float(means[-1])


def train(*args: Any, **options: Any) -> Any:
    """Tune as `LightGBMTuner` does, and return the best booster."""
    tuner = LightGBMTuner(*args, **options)
    tuner.run()
    return tuner.get_best_booster()


def __getattr__(name: str) -> Any:
    return getattr(lightgbm, name)  # such as Dataset: the module stands for LightGBM's
