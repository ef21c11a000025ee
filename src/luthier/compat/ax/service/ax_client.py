"""Ax's first interface: `AxClient`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

from ...remarks import heed_others, refuse, warn_without_effect
from .. import saving
from ..core.arm import Arm
from ..core.experiment import Experiment
from ..core.objective import Objective
from ..core.optimization_config import OptimizationConfig
from ..core.trial import Trial
from ..early_stopping.strategies import BaseEarlyStoppingStrategy
from ..early_stopping.utils import estimate_early_stopping_savings
from ..exceptions.core import (
    OptimizationComplete,
    OptimizationShouldStop,
    UnsupportedError,
)
from ..exceptions.generation_strategy import MaxParallelismReachedException
from ..generation_strategy.dispatch_utils import choose_generation_strategy
from ..generation_strategy.generation_strategy import GenerationStrategy
from .old_names import OldNamesMixin
from .space_changes import SpaceChangesMixin
from .utils.best_point_mixin import BestPointMixin
from .utils.instantiation import FixedFeatures, InstantiationBase, ObjectiveProperties
from .utils.models_mixin import ModelsMixin

__all__ = ["AxClient", "ObjectiveProperties"]

logger = logging.getLogger("ax.service.ax_client")
_OF_TYPES = dict.fromkeys(("metrics_to_trial_types", "canonical_names"), "trials are of one type.")
Definitions = Mapping[str, Mapping[str, Any]]


class AxClient(BestPointMixin, ModelsMixin, SpaceChangesMixin, OldNamesMixin, InstantiationBase):
    """Runs an experiment: proposes trials, and takes their results.

    Args:
        generation_strategy: How trials are proposed; None to choose for the space.
        db_settings: Refused: Ax's database.
        enforce_sequential_optimization: Whether trials wait for the results of others.
        random_seed: The same seed gives the same trials.
        torch_device: Without effect.
        verbose_logging: Whether trials are logged, by the logger "ax.service.ax_client".
        suppress_storage_errors: Without effect.
        early_stopping_strategy: Which trials are stopped early.
        global_stopping_strategy: Has `should_stop_optimization(experiment)`; ends the search.
    """

    def __init__(
        self,
        generation_strategy: GenerationStrategy | None = None,
        db_settings: Any = None,
        enforce_sequential_optimization: bool = True,
        random_seed: int | None = None,
        torch_device: Any = None,
        verbose_logging: bool = True,
        suppress_storage_errors: bool = False,
        early_stopping_strategy: BaseEarlyStoppingStrategy | None = None,
        global_stopping_strategy: Any = None,
    ) -> None:
        if db_settings is not None:
            raise refuse("AxClient(db_settings=...)", "Use save_to_json_file.")
        if torch_device is not None:
            warn_without_effect("torch_device of AxClient", "luthier's models run on NumPy.")
        if generation_strategy is not None and not isinstance(
            generation_strategy, GenerationStrategy
        ):
            raise TypeError(
                f"generation_strategy is a GenerationStrategy, got {generation_strategy!r}"
            )
        self._strategy = generation_strategy
        self._is_own_strategy = generation_strategy is None
        self._experiment: Experiment | None = None
        self._is_sequential = enforce_sequential_optimization
        self._random_seed = random_seed
        self._is_verbose = verbose_logging
        self._early_stopping_strategy = early_stopping_strategy
        self.global_stopping_strategy = global_stopping_strategy

    # -- configuration

    def create_experiment(
        self,
        parameters: Sequence[Any],
        name: str | None = None,
        description: str | None = None,
        owners: list[str] | None = None,
        objectives: Mapping[str, ObjectiveProperties] | None = None,
        parameter_constraints: Sequence[str] | None = None,
        outcome_constraints: Sequence[str] | None = None,
        status_quo: Mapping[str, Any] | None = None,
        overwrite_existing_experiment: bool = False,
        experiment_type: str | None = None,
        tracking_metric_names: Sequence[str] | None = None,
        choose_generation_strategy_kwargs: Mapping[str, Any] | None = None,
        support_intermediate_data: bool = False,
        immutable_search_space_and_opt_config: bool = True,
        is_test: bool = False,
        objective_name: str | None = None,
        minimize: bool | None = None,
        metric_definitions: Definitions | None = None,
        default_trial_type: str | None = None,
        default_runner: Any = None,
    ) -> None:
        """Set the search space and what is optimised.

        Args:
            parameters: The parameters, each a dict with name, type, bounds or values.
            name: Name of the experiment.
            description: Kept.
            owners: Kept.
            objectives: Metric to its direction.
            parameter_constraints: Texts such as "x1 + 2 * x2 <= 3".
            outcome_constraints: Texts such as "latency <= 20"; "qps >= -5%" of the baseline.
            status_quo: Params of the baseline.
            overwrite_existing_experiment: Whether the client may have an experiment already.
            experiment_type: Kept.
            tracking_metric_names: Metrics that are only recorded.
            choose_generation_strategy_kwargs: For `choose_generation_strategy`.
            support_intermediate_data: Needed for early stopping; results may always have steps.
            immutable_search_space_and_opt_config: Kept.
            is_test: Kept.
            objective_name: The only objective, in older versions.
            minimize: Its direction.
            metric_definitions: Name of a metric to the arguments of its class.
            default_trial_type: Refused.
            default_runner: What starts trials.

        Raises:
            ValueError: There is an experiment already, or a constraint or parameter is none.
            UnsupportedError: Objectives were named in both ways.
        """
        if self._experiment is not None and not overwrite_existing_experiment:
            raise ValueError(
                "Experiment already created for this client instance. Set the "
                "`overwrite_existing_experiment` to `True` to overwrite with new experiment."
            )
        if self.early_stopping_strategy is not None and not support_intermediate_data:
            raise ValueError(
                "Early stopping is only supported for experiments which allow reporting "
                "intermediate trial data by passing `support_intermediate_data=True`."
            )
        if objectives is not None and objective_name is not None:
            raise UnsupportedError(
                "Ambiguous objective definition: `objectives` and `objective_name` were both given."
            )
        if objectives is None:
            properties = ObjectiveProperties(minimize=bool(minimize))
            objectives = {objective_name or "objective": properties}
        elif minimize is not None:
            raise UnsupportedError("Give `minimize` in ObjectiveProperties of each objective.")
        directions = {n: "minimize" if p.minimize else "maximize" for n, p in objectives.items()}
        self._experiment = self.make_experiment(
            parameters,
            name,
            description,
            owners,
            parameter_constraints,
            outcome_constraints,
            status_quo,
            experiment_type,
            tracking_metric_names,
            metric_definitions,
            directions,
            self.build_objective_thresholds(objectives) if len(objectives) > 1 else None,
            support_intermediate_data,
            immutable_search_space_and_opt_config,
            default_trial_type=default_trial_type,
            default_runner=default_runner,
            is_test=is_test,
        )
        if self._is_own_strategy:
            self._strategy = self._choose_strategy(**(choose_generation_strategy_kwargs or {}))
        elif self._strategy is not None and self._strategy.seed is None:
            self._strategy.seed = self._random_seed

    def _choose_strategy(self, **settings: Any) -> GenerationStrategy:
        settings.setdefault("enforce_sequential_optimization", self._is_sequential)
        settings.setdefault("random_seed", self._random_seed)
        return choose_generation_strategy(self.experiment.search_space, **settings)

    def set_optimization_config(
        self,
        objectives: Mapping[str, ObjectiveProperties] | None = None,
        outcome_constraints: Sequence[str] | None = None,
        metric_definitions: Definitions | None = None,
    ) -> None:
        """Replace what is optimised.

        Raises:
            ValueError: There are no objectives.
        """
        config = self.make_optimization_config_from_properties(
            objectives, outcome_constraints, self.experiment.status_quo is not None
        )
        if config is None:
            raise ValueError(
                "optimization config not set because it was missing objectives: a dict of metrics "
                "and ObjectiveProperties."
            )
        self.set_config(self.experiment, config, metric_definitions)
        if self._is_own_strategy:
            self._strategy = self._choose_strategy()

    @property
    def status_quo(self) -> dict[str, Any] | None:
        """Params of the baseline."""
        arm = self.experiment.status_quo
        return None if arm is None else dict(arm.parameters)

    def set_status_quo(self, params: Mapping[str, Any] | None) -> None:
        """Set the baseline."""
        self.experiment.status_quo = None if params is None else Arm(params, "status_quo")

    def add_tracking_metrics(
        self,
        metric_names: Sequence[str],
        metric_definitions: Definitions | None = None,
        **kwargs: Any,
    ) -> None:
        """Add metrics that are only recorded.

        Args:
            metric_names: Their names.
            metric_definitions: Name of a metric to the arguments of its class.
            **kwargs: `metrics_to_trial_types` and `canonical_names` of Ax, without effect.

        Raises:
            TypeError: An argument is not known.
        """
        heed_others("AxClient.add_tracking_metrics", kwargs, _OF_TYPES)
        made = [self._make_metric(n, None, metric_definitions) for n in metric_names]
        self.experiment.add_tracking_metrics(made)

    def remove_tracking_metric(self, metric_name: str) -> None:
        """Take such a metric away."""
        self.experiment.remove_tracking_metric(metric_name)

    # -- trials

    def get_next_trial(
        self,
        ttl_seconds: int | None = None,
        force: bool = False,
        fixed_features: FixedFeatures | None = None,
    ) -> tuple[dict[str, Any], int]:
        """Begin a trial.

        Args:
            ttl_seconds: Kept.
            force: Begin one although a stopping strategy would end the search.
            fixed_features: Params that are set.

        Returns:
            Its params and its index.

        Raises:
            OptimizationComplete: There is no further trial, or a stopping strategy ends the search.
            DataRequiredError: Results of running trials are needed first.
            MaxParallelismReachedException: As many run as the strategy allows.
        """
        if self.global_stopping_strategy is not None and not force:
            stop, why = self.global_stopping_strategy.should_stop_optimization(
                experiment=self.experiment
            )
            if stop:
                raise OptimizationShouldStop(why)
        try:
            run = self.generation_strategy.gen_single_trial(
                self.experiment, fixed_features=fixed_features
            )
            trial = self.experiment.new_trial(run, ttl_seconds=ttl_seconds)
        except MaxParallelismReachedException as e:
            if self.early_stopping_strategy is not None:
                e.message += " Call `stop_trial_early` on each trial that is stopped early."
            raise
        trial.mark_running()
        self._log(
            f"Generated new trial {trial.index} with parameters {trial.params} using model "
            f"{run.generator_key}."
        )
        return dict(trial.params), trial.index

    def get_next_trials(
        self,
        max_trials: int,
        ttl_seconds: int | None = None,
        fixed_features: FixedFeatures | None = None,
    ) -> tuple[dict[int, dict[str, Any]], bool]:
        """Begin trials, as many as the strategy allows.

        Args:
            max_trials: How many at most.
            ttl_seconds: Kept.
            fixed_features: Params that are set.

        Returns:
            Index to params; and whether there will be no further trial.
        """
        limit, is_over = self.get_current_trial_generation_limit()
        if is_over:
            return {}, True
        trials: dict[int, dict[str, Any]] = {}
        for _ in range(max_trials if limit < 0 else min(limit, max_trials)):
            try:
                params, index = self.get_next_trial(ttl_seconds, fixed_features=fixed_features)
            except OptimizationComplete as e:
                self._log(f"Encountered exception indicating optimization completion: {e}")
                return trials, True
            trials[index] = params
        return trials, self.generation_strategy.optimization_complete

    def get_current_trial_generation_limit(self) -> tuple[int, bool]:
        """Return how many trials could begin now (-1 for no limit), and whether none ever will."""
        return self.generation_strategy.current_generator_run_limit(self.experiment)

    def complete_trial(
        self,
        trial_index: int,
        raw_data: Any,
        metadata: Mapping[str, Any] | None = None,
        sample_size: int | None = None,
    ) -> None:
        """End a trial with its results.

        Args:
            trial_index: Its index.
            raw_data: A number, (mean, sem), metric to one of these, or a list of (step, dict).
            metadata: Kept with the trial.
            sample_size: Without effect.

        Raises:
            UnsupportedError: The trial is over.
            UserInputError: The results are not of that form.
        """
        trial = self.get_trial(trial_index)
        if trial.status.is_completed:
            raise UnsupportedError(
                f"Trial {trial_index} has already been completed with data; to change it, use "
                "`ax_client.update_trial_data`."
            )
        if trial.status.is_terminal:
            raise UnsupportedError(
                f"Trial {trial_index} has been marked {trial.status.name}, so it no longer expects "
                "data."
            )
        self._keep(trial_index, metadata, sample_size)
        self._update_trial_with_raw_data(trial_index, raw_data, complete_trial=True)

    def _keep(
        self, trial_index: int, metadata: Mapping[str, Any] | None, sample_size: int | None
    ) -> None:
        if sample_size is not None:
            warn_without_effect("sample_size of AxClient", "pass (mean, sem) as the result.")
        self.get_trial(trial_index).run_metadata.update(metadata or {})

    def update_running_trial_with_intermediate_data(
        self,
        trial_index: int,
        raw_data: Any,
        metadata: Mapping[str, Any] | None = None,
        sample_size: int | None = None,
    ) -> None:
        """Keep results of a trial that goes on; see `complete_trial` for the arguments.

        Raises:
            ValueError: It does not run.
        """
        if not self.get_trial(trial_index).status.is_running:
            raise ValueError(f"Trial {trial_index} is not running; it takes no intermediate data.")
        self._keep(trial_index, metadata, sample_size)
        self._update_trial_with_raw_data(trial_index, raw_data)

    def update_trial_data(
        self,
        trial_index: int,
        raw_data: Any,
        metadata: Mapping[str, Any] | None = None,
        sample_size: int | None = None,
    ) -> None:
        """Add results to a trial that is over, or replace them; see `complete_trial`."""
        self._keep(trial_index, metadata, sample_size)
        self._update_trial_with_raw_data(trial_index, raw_data)

    def _update_trial_with_raw_data(
        self, trial_index: int, raw_data: Any, complete_trial: bool = False
    ) -> str:
        trial = self.get_trial(trial_index)
        last = trial.update_trial_data(raw_data)
        if complete_trial:
            missing = [n for n in self._config.metric_names if n not in trial.means]
            if missing:
                trial.mark_failed(f"no results of {missing}")
                logger.warning("Trial %d failed: it has no results of %s.", trial_index, missing)
            else:
                trial.mark_completed()
            self._log(f"Completed trial {trial_index} with data: {trial.means}.")
        return last

    def log_trial_failure(
        self, trial_index: int, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """End a trial that failed."""
        trial = self.get_trial(trial_index).mark_failed()
        trial.run_metadata.update(metadata or {})

    def abandon_trial(self, trial_index: int, reason: str | None = None) -> None:
        """Give a trial up.

        Raises:
            ValueError: It is over.
        """
        self.get_trial(trial_index).mark_abandoned(reason)

    def attach_trial(
        self,
        parameters: Mapping[str, Any],
        ttl_seconds: int | None = None,
        arm_name: str | None = None,
        run_metadata: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], int]:
        """Add a running trial with these params.

        Returns:
            Its params and its index.

        Raises:
            UnsupportedError: A value is not of the type of its parameter.
            ValueError: A parameter is missing, or not in the space.
        """
        space = self.experiment.search_space
        read = self._read_parameters(parameters)
        if not space.check_membership(read):
            warnings.warn(
                f"Parameterization {read} is out-of-design: it is not in the search space, and no "
                "model learns from it.",
                RuntimeWarning,
                stacklevel=2,
            )
        trial = self.experiment.new_trial(ttl_seconds=ttl_seconds)
        trial.add_arm(Arm(read, arm_name)).mark_running()
        trial.run_metadata.update(run_metadata or {})
        self._log(f"Attached custom parameterization {read} as trial {trial.index}.")
        return dict(read), trial.index

    def _read_parameters(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        space = self.experiment.search_space
        plain = {n: v.item() if hasattr(v, "item") else v for n, v in parameters.items()}
        for name, value in plain.items():
            if type(value) is not space[name].python_type:
                raise UnsupportedError(
                    f"Value for parameter {name}: {value!r} is of type {type(value)}, expected "
                    f"{space[name].python_type}. If the intention was to have the parameter on "
                    "experiment be of another type, set `value_type` on its representation."
                )
        whole = space.complete(plain)
        active = space.find_active(whole)
        if missing := [n for n in active if n not in whole]:
            raise RuntimeError(f"Parameters {missing} are missing; got {list(plain)}.")
        if extra := [n for n in plain if n not in active]:
            raise RuntimeError(f"Parameters {extra} are not active with {plain}.")
        return whole

    # -- early stopping

    @property
    def early_stopping_strategy(self) -> BaseEarlyStoppingStrategy | None:
        """Which trials are stopped early."""
        return self._early_stopping_strategy

    @early_stopping_strategy.setter
    def early_stopping_strategy(self, strategy: BaseEarlyStoppingStrategy | None) -> None:
        self._early_stopping_strategy = strategy

    def should_stop_trials_early(self, trial_indices: set[int]) -> dict[int, str | None]:
        """Return index to reason of the trials that may be stopped."""
        if self.early_stopping_strategy is None:
            return {}
        return self.early_stopping_strategy.should_stop_trials_early(trial_indices, self.experiment)

    def stop_trial_early(self, trial_index: int) -> None:
        """End a trial early, with the results so far."""
        self.get_trial(trial_index).mark_early_stopped()

    def estimate_early_stopping_savings(self) -> float:
        """Return the share of steps that early stopping has saved; see its namesake in Ax."""
        return estimate_early_stopping_savings(self.experiment)

    # -- results

    def get_trial_parameters(self, trial_index: int) -> dict[str, Any]:
        """Return the params of a trial."""
        return dict(self.get_trial(trial_index).params)

    def get_trial(self, trial_index: int) -> Trial:
        """Return a trial.

        Raises:
            KeyError: There is none of that index.
        """
        if trial_index not in self.experiment.trials:
            raise KeyError(
                f"Trial {trial_index!r} not found; there are {self.experiment.num_trials}"
            )
        return self.experiment.trials[trial_index]

    def get_max_concurrency(self) -> list[tuple[int, int]]:
        """Return (number of trials, how many at a time) of each step; -1 for no limit."""
        if self._strategy is None:
            raise AssertionError("No generation strategy has been set on this optimization yet.")
        pairs = []
        for node in self._strategy.nodes:
            limit = node.max_parallelism
            if limit is None:
                limit = node.num_trials if node.enforce_num_trials else -1
            pairs.append((node.num_trials, limit))
        return pairs

    get_max_parallelism = get_max_concurrency

    def verify_trial_parameterization(
        self, trial_index: int, parameterization: Mapping[str, Any]
    ) -> bool:
        """Whether a trial has these params."""
        return self.get_trial_parameters(trial_index) == dict(parameterization)

    def _find_last_trial_with_parameterization(self, parameterization: Mapping[str, Any]) -> int:
        for index in sorted(self.experiment.trials, reverse=True):
            if self.verify_trial_parameterization(index, parameterization):
                return index
        raise ValueError(f"No trial on experiment matches parameterization {parameterization}.")

    # -- saving

    def save_to_json_file(self, filepath: str = "ax_client_snapshot.json") -> None:
        """Write the experiment and the strategy to a file."""
        saving.write_json(filepath, self.to_json_snapshot())

    @classmethod
    def load_from_json_file(cls, filepath: str = "ax_client_snapshot.json", **kwargs: Any) -> Self:
        """Return the client of a file that was written here.

        Raises:
            CompatError: The file was written by Ax itself.
        """
        return cls.from_json_snapshot(saving.read_json(filepath), **kwargs)

    def to_json_snapshot(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the experiment and the strategy as a dict."""
        facts = {"seed": self._random_seed, "is_sequential": self._is_sequential}
        return saving.client_to_dict(self.experiment, self._strategy, facts)

    @classmethod
    def from_json_snapshot(cls, serialized: dict[str, Any], **kwargs: Any) -> Self:
        """Return the client of what `to_json_snapshot` returned."""
        data = saving.check_format(serialized, "the snapshot")
        strategy = data["strategy"]
        client = cls(
            None if strategy is None else saving.strategy_from_dict(strategy),
            enforce_sequential_optimization=data.get("is_sequential", True),
            random_seed=data["seed"],
            **kwargs,
        )
        client.take(saving.experiment_from_dict(data["experiment"]))
        return client

    def take(self, experiment: Experiment) -> None:
        """Go on with an experiment."""
        self._experiment = experiment
        if self._strategy is not None:
            self._strategy.experiment = experiment

    def load_experiment_from_database(self, *args: Any, **kwargs: Any) -> None:
        """Refuse Ax's database.

        Raises:
            CompatError: Always.
        """
        raise refuse("AxClient.load_experiment_from_database", "Use load_from_json_file.")

    # -- what there is

    @property
    def experiment(self) -> Experiment:
        """The experiment."""
        if self._experiment is None:
            raise AssertionError(
                "Experiment not set on Ax client. Must first call load_experiment or "
                "create_experiment to use handler functions."
            )
        return self._experiment

    @property
    def _config(self) -> OptimizationConfig:
        config = self.experiment.optimization_config
        assert config is not None
        return config

    @property
    def generation_strategy(self) -> GenerationStrategy:
        """How trials are proposed."""
        if self._strategy is None:
            raise AssertionError("No generation strategy has been set on this optimization yet.")
        return self._strategy

    @property
    def objective(self) -> Objective:
        """What is optimised."""
        return self._config.objective

    @property
    def objective_name(self) -> str:
        """Name of the only objective.

        Raises:
            UnsupportedError: There are several.
        """
        if self._config.is_moo_problem:
            raise UnsupportedError("There are several objectives; see objective_names.")
        return self.objective.metric_names[0]

    @property
    def objective_names(self) -> list[str]:
        """Names of the objectives."""
        return self.objective.metric_names

    @property
    def metric_names(self) -> set[str]:
        """Names of all metrics."""
        return set(self.experiment.metrics)

    @property
    def metric_definitions(self) -> dict[str, dict[str, Any]]:
        """Name of each metric to the arguments of its class, and the class."""
        metrics = self.experiment.metrics
        facts = {n: {k: v for k, v in vars(m).items() if k != "name"} for n, m in metrics.items()}
        return {n: {**facts[n], "metric_class": type(m)} for n, m in metrics.items()}

    def _log(self, message: str) -> None:
        if self._is_verbose:
            logger.info(message)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(experiment={self._experiment!r})"
