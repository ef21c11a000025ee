"""An experiment: its space, its objective, its trials and their results."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...remarks import heed_others, refuse
from ..exceptions.core import UserInputError
from .arm import Arm
from .data import Data, Measurement
from .generator_run import GeneratorRun
from .metric import Metric
from .optimization_config import OptimizationConfig
from .parameter import DerivedParameter, Parameter
from .parameter_constraint import ParameterConstraint
from .search_space import SearchSpace
from .trial import Trial
from .trial_status import TrialStatus

_WITHOUT_EFFECT = {
    "default_data_type": "results may have steps or not.",
    "default_trial_type": "trials are of one type.",
    "auxiliary_experiments_by_purpose": "no model learns from other experiments.",
}
_ALWAYS_COMBINED = dict.fromkeys(
    ("combine_with_last_data", "overwrite_existing_data"), "a later result replaces an earlier one."
)


class Experiment:
    """A search space, an objective, and trials.

    Args:
        search_space: The space.
        name: The experiment's name.
        description: Kept.
        optimization_config: What is optimised.
        tracking_metrics: Metrics beside.
        runner: What starts trials.
        status_quo: The baseline.
        is_test: Kept.
        properties: Kept.
        experiment_type: Kept.
        **kwargs: `default_data_type` and others, without effect.

    Raises:
        TypeError: An argument is not known.
    """

    def __init__(
        self,
        search_space: SearchSpace,
        name: str | None = None,
        description: str | None = None,
        optimization_config: OptimizationConfig | None = None,
        tracking_metrics: Sequence[Metric] | None = None,
        runner: Any = None,
        status_quo: Arm | None = None,
        is_test: bool = False,
        properties: Mapping[str, Any] | None = None,
        experiment_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        heed_others("Ax's Experiment", kwargs, _WITHOUT_EFFECT)
        self.search_space = search_space
        self.name = name
        self.description = description
        self.runner = runner
        self.status_quo = status_quo
        self.is_test = is_test
        self.experiment_type = experiment_type
        self.trials: dict[int, Trial] = {}
        self.time_created = datetime.datetime.now()
        self._properties = dict(properties or {})
        self._metrics = {m.name: m for m in tracking_metrics or ()}
        self._optimization_config: OptimizationConfig | None = None
        if optimization_config is not None:
            self.optimization_config = optimization_config

    # -- space and metrics

    @property
    def properties(self) -> dict[str, Any]:
        """What was kept with it."""
        return self._properties

    @property
    def immutable_search_space_and_opt_config(self) -> bool:
        """Whether nobody means to change the space; it can be changed all the same."""
        return bool(self._properties.get("immutable_search_space_and_opt_config", False))

    def add_parameters_to_search_space(
        self,
        parameters: Sequence[Parameter],
        status_quo_values: Mapping[str, Any] | None = None,
        parameter_constraints: Sequence[ParameterConstraint] | None = None,
    ) -> None:
        """Add parameters to the search space.

        Args:
            parameters: The parameters; with trials, each has a `backfill_value`.
            status_quo_values: Their values in the baseline, if there is one.
            parameter_constraints: Constraints to be added.

        Raises:
            UserInputError: A value is missing.
        """
        names = [p.name for p in parameters if not isinstance(p, DerivedParameter)]
        backfilled = {p.name for p in parameters if p.backfill_value is not None}
        if self.trials and (missing := [n for n in names if n not in backfilled]):
            raise UserInputError(f"Must provide backfill values for {missing}: there are trials.")
        given = status_quo_values or {}
        if self.status_quo is not None:
            if missing := [n for n in names if n not in given]:
                raise UserInputError(f"No status quo value provided for parameters {missing}.")
            whole = {**self.status_quo.parameters, **{n: given[n] for n in names}}
            self.status_quo = Arm(whole, self.status_quo.name)
        self.search_space.add_parameters(parameters)
        self.search_space.add_parameter_constraints(parameter_constraints or ())

    def disable_parameters_in_search_space(
        self, default_parameter_values: Mapping[str, Any]
    ) -> None:
        """Search some parameters no longer; all new trials have these values."""
        self.search_space.disable_parameters(default_parameter_values)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(self.search_space.parameters)

    @property
    def optimization_config(self) -> OptimizationConfig | None:
        """What is optimised."""
        return self._optimization_config

    @optimization_config.setter
    def optimization_config(self, config: OptimizationConfig) -> None:
        self._optimization_config = config
        directions = {m.name: m.lower_is_better for m in config.objective.metrics}
        of_constraints = [m for c in config.all_constraints for m in c.computed_metrics]
        for computed in [*config.objective.computed_metrics, *of_constraints]:
            self._metrics.setdefault(computed.name, computed)
            if computed.lower_is_better is None:
                computed.lower_is_better = directions.get(computed.name)
        for name in config.metric_names:
            self._metrics.setdefault(name, Metric(name, lower_is_better=directions.get(name)))

    @property
    def is_moo_problem(self) -> bool:
        """Whether there are several objectives."""
        config = self._optimization_config
        return config is not None and config.is_moo_problem

    @property
    def metrics(self) -> dict[str, Metric]:
        """All metrics by name."""
        return dict(self._metrics)

    @property
    def tracking_metrics(self) -> list[Metric]:
        """Metrics that are neither optimised nor constrained."""
        config = self._optimization_config
        used = () if config is None else config.metric_names
        return [m for n, m in self._metrics.items() if n not in used]

    def get_metric(self, name: str) -> Metric:
        """Return a metric."""
        return self._metrics[name]

    def set_metric(self, metric: Metric) -> None:
        """Add a metric, or replace the one of its name."""
        self._metrics[metric.name] = metric

    add_metric = add_tracking_metric = set_metric

    def add_tracking_metrics(self, metrics: Iterable[Metric]) -> Experiment:
        """Add metrics beside."""
        for metric in metrics:
            self.set_metric(metric)
        return self

    def remove_tracking_metric(self, metric_name: str) -> None:
        """Take a metric away.

        Raises:
            ValueError: It is not one beside.
        """
        if metric_name not in {m.name for m in self.tracking_metrics}:
            raise ValueError(f"Metric `{metric_name}` doesn't exist on experiment as tracking.")
        del self._metrics[metric_name]

    # -- trials

    def new_trial(
        self,
        generator_run: GeneratorRun | None = None,
        trial_type: str | None = None,
        ttl_seconds: float | None = None,
    ) -> Trial:
        """Add a trial."""
        index = max(self.trials, default=-1) + 1
        trial = self.trials[index] = Trial(self, index, generator_run, ttl_seconds)
        return trial

    def new_batch_trial(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse trials of several arms.

        Raises:
            CompatError: Always.
        """
        raise refuse("Ax's BatchTrial", "Ask for several trials: get_next_trials(max_trials=n).")

    @property
    def num_trials(self) -> int:
        """Number of trials."""
        return len(self.trials)

    @property
    def arms_by_name(self) -> dict[str, Arm]:
        """Arms of all trials."""
        return {str(t.arm.name): t.arm for t in self.trials.values() if t.arm is not None}

    @property
    def trials_by_status(self) -> dict[TrialStatus, list[Trial]]:
        """Trials of each state."""
        found: dict[TrialStatus, list[Trial]] = {s: [] for s in TrialStatus}
        for trial in self.trials.values():
            found[trial.status].append(trial)
        return found

    @property
    def trial_indices_by_status(self) -> dict[TrialStatus, set[int]]:
        """Indices of the trials of each state."""
        return {s: {t.index for t in ts} for s, ts in self.trials_by_status.items()}

    @property
    def completed_trials(self) -> list[Trial]:
        """Trials with their results."""
        return self.trials_by_status[TrialStatus.COMPLETED]

    @property
    def running_trial_indices(self) -> set[int]:
        """Indices of the trials that run."""
        return self.trial_indices_by_status[TrialStatus.RUNNING]

    # -- results

    def attach_results(
        self, index: int, results: Mapping[str, tuple[float, float]], step: float
    ) -> None:
        """Keep results of a trial.

        Args:
            index: Index of the trial.
            results: Name to value and its standard error.
            step: How far the trial has come; NaN at its end.
        """
        trial = self.trials[index]
        arm = trial.arms[0]
        new = [
            Measurement(index, str(arm.name), name, mean, sem, step)
            for name, (mean, sem) in results.items()
        ]
        places = {(m.metric_name, repr(m.step)): i for i, m in enumerate(trial.measurements)}
        for m in new:
            place = places.get((m.metric_name, repr(m.step)))
            if place is None:
                trial.measurements.append(m)
            else:
                trial.measurements[place] = m
            trial.latest[m.metric_name] = m
        trial.n_attached += len(new)

    def attach_data(self, data: Data, **kwargs: Any) -> int:
        """Keep the results of a table; return how many there are."""
        heed_others("Ax's Experiment.attach_data", kwargs, _ALWAYS_COMBINED)
        table = data.full_df
        columns = ("trial_index", "metric_name", "mean", "sem", "step")
        for index, name, mean, sem, step in zip(*(table[c] for c in columns), strict=True):
            self.attach_results(int(index), {name: (float(mean), float(sem))}, float(step))
        return len(table)

    def lookup_data(self, trial_indices: Iterable[int] | None = None, **kwargs: Any) -> Data:
        """Return the results of some trials; of all without indices."""
        heed_others("Ax's Experiment.lookup_data", kwargs, {})
        wanted = self.trials if trial_indices is None else set(trial_indices)
        return Data.of(m for i, t in self.trials.items() if i in wanted for m in t.measurements)

    def fetch_data(self, trial_indices: Iterable[int] | None = None, **kwargs: Any) -> Data:
        """Return the results of trials that have ended; of all without indices.

        Metrics that are functions of the params are computed.
        """
        known = {"metrics": "the results of all metrics are returned.", **_ALWAYS_COMBINED}
        heed_others("Ax's Experiment.fetch_data", kwargs, known)
        wanted = self.trials if trial_indices is None else set(trial_indices)
        ended = [i for i, t in self.trials.items() if i in wanted and t.status.is_terminal]
        for trial in map(self.trials.__getitem__, ended):
            missing = [m for n, m in self._metrics.items() if n not in trial.latest]
            found = {m.name: m.compute(trial.params) for m in missing if trial.status.is_completed}
            known_now = {n: result for n, result in found.items() if result is not None}
            if known_now:
                self.attach_results(trial.index, known_now, math.nan)
        return self.lookup_data(ended)

    def to_df(
        self,
        trial_indices: Iterable[int] | None = None,
        trial_statuses: Sequence[TrialStatus] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Table of the trials: state, step of the strategy, results and params.

        Columns without any value are left out.
        """
        import pandas as pd

        known = {
            "omit_empty_columns": "they are left out.",
            "relativize": "values are as reported.",
        }
        heed_others("Ax's Experiment.to_df", kwargs, known)
        wanted = self.trials if trial_indices is None else set(trial_indices)
        rows = []
        for index, trial in self.trials.items():
            if index not in wanted or (trial_statuses and trial.status not in trial_statuses):
                continue
            row: dict[str, Any] = {
                "trial_index": index,
                "arm_name": trial.arms[0].name if trial.arms else None,
                "trial_status": trial.status.name,
                "fail_reason": trial.status_reason,
                "generation_node": trial.generation_node,
            }
            row |= {n: trial.means.get(n) for n in self._metrics}
            row |= {n: trial.params.get(n) for n in self.search_space.parameters}
            rows.append(row)
        table = pd.DataFrame(rows)
        return table.drop(columns=[c for c in table if table[c].isna().all()])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Experiment):
            return NotImplemented
        return list_facts(self) == list_facts(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Experiment({self.name})"


def list_facts(experiment: Experiment) -> list[Any]:
    """Return what makes two experiments equal."""
    trials = [(t.index, t.arm, t.status) for t in experiment.trials.values()]
    names = ("name", "description", "search_space", "status_quo", "is_test", "runner")
    more = ("optimization_config", "metrics", "properties")
    return [trials, *(getattr(experiment, n) for n in (*names, *more))]
