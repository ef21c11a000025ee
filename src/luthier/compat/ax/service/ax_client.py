"""Ax's first interface: `AxClient`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Self

from ...remarks import heed_others, refuse, warn_without_effect
from .. import results, saving
from ..core.arm import Arm
from ..core.experiment import Experiment
from ..core.metric import Metric
from ..core.objective import Objective
from ..core.optimization_config import OptimizationConfig
from ..core.trial import Trial
from ..early_stopping.strategies import BaseEarlyStoppingStrategy
from ..exceptions.core import (
    DataRequiredError,
    OptimizationComplete,
    UnsupportedError,
    UserInputError,
)
from ..exceptions.generation_strategy import MaxParallelismReachedException
from ..generation_strategy.dispatch_utils import choose_generation_strategy
from ..generation_strategy.generation_strategy import GenerationStrategy
from ..plot import by_luthier
from ..predictions import predict_metrics
from .utils.instantiation import FixedFeatures, InstantiationBase, ObjectiveProperties

__all__ = ["AxClient", "ObjectiveProperties"]

logger = logging.getLogger("ax.service.ax_client")
_OF_METRICS = dict.fromkeys(
    ("metric_definitions", "metrics_to_trial_types"), "a metric is what is reported."
)


class AxClient(InstantiationBase):
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
        self.early_stopping_strategy = early_stopping_strategy
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
        metric_definitions: Mapping[str, Any] | None = None,
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
            support_intermediate_data: Without effect: results may always have steps.
            immutable_search_space_and_opt_config: Kept.
            is_test: Kept.
            objective_name: The only objective, in older versions.
            minimize: Its direction.
            metric_definitions: Kept.
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
        if default_trial_type is not None:
            raise refuse("Ax's default_trial_type", "Make a client for each type of trials.")
        if objectives is not None and objective_name is not None:
            raise UnsupportedError(
                "Ambiguous objective definition: `objectives` and `objective_name` were both given."
            )
        if objectives is None:
            properties = ObjectiveProperties(minimize=bool(minimize))
            objectives = {objective_name or "objective": properties}
        elif minimize is not None:
            raise UnsupportedError("Give `minimize` in ObjectiveProperties of each objective.")
        space = self.make_search_space(parameters, parameter_constraints)
        experiment = Experiment(
            space,
            name,
            description,
            self.optimization_config_from_objectives(objectives, outcome_constraints),
            [Metric(n) for n in tracking_metric_names or ()],
            default_runner,
            is_test=is_test,
            properties={} if owners is None else {"owners": list(owners)},
            experiment_type=experiment_type,
        )
        if status_quo is not None:
            space.check_membership(status_quo, raise_error=True)
            experiment.status_quo = Arm(space.complete(status_quo), "status_quo")
        self._experiment = experiment
        settings = dict(choose_generation_strategy_kwargs or {})
        if self._is_own_strategy:
            self._strategy = self._choose_strategy(**settings)
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
        metric_definitions: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace what is optimised.

        Raises:
            ValueError: There are no objectives.
        """
        if not objectives:
            raise ValueError(
                "optimization config not set because it was missing objectives: a dict of metrics "
                "and ObjectiveProperties."
            )
        self.experiment.optimization_config = self.optimization_config_from_objectives(
            objectives, outcome_constraints
        )
        if self._is_own_strategy:
            self._strategy = self._choose_strategy()

    def set_search_space(
        self, parameters: Sequence[Any], parameter_constraints: Sequence[str] | None = None
    ) -> None:
        """Replace the search space; trials outside it no longer count."""
        space = self.make_search_space(parameters, parameter_constraints)
        self.experiment.search_space = space

    @property
    def status_quo(self) -> dict[str, Any] | None:
        """Params of the baseline."""
        arm = self.experiment.status_quo
        return None if arm is None else arm.parameters

    def set_status_quo(self, params: Mapping[str, Any] | None) -> None:
        """Set the baseline."""
        self.experiment.status_quo = None if params is None else Arm(params, "status_quo")

    def add_tracking_metrics(self, metric_names: Sequence[str], **kwargs: Any) -> None:
        """Add metrics that are only recorded."""
        heed_others("AxClient.add_tracking_metrics", kwargs, _OF_METRICS)
        self.experiment.add_tracking_metrics([Metric(n) for n in metric_names])

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
            OptimizationComplete: There is no further trial.
            DataRequiredError: Results of running trials are needed first.
            MaxParallelismReachedException: As many run as the strategy allows.
        """
        if self.global_stopping_strategy is not None and not force:
            stop, why = self.global_stopping_strategy.should_stop_optimization(
                experiment=self.experiment
            )
            if stop:
                raise OptimizationComplete(why)
        run = self.generation_strategy.gen_single_trial(
            self.experiment, fixed_features=fixed_features
        )
        trial = self.experiment.new_trial(run, ttl_seconds=ttl_seconds).mark_running()
        self._log("Generated new trial %d with parameters %s.", trial.index, trial.params)
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
        trials: dict[int, dict[str, Any]] = {}
        for _ in range(max_trials):
            try:
                params, index = self.get_next_trial(ttl_seconds, fixed_features=fixed_features)
            except OptimizationComplete as e:
                self._log("Encountered exception indicating optimization completion: %s", e)
                return trials, True
            except (MaxParallelismReachedException, DataRequiredError):
                if not trials:
                    raise
                break
            trials[index] = params
        return trials, self.generation_strategy.optimization_complete

    def get_current_trial_generation_limit(self) -> tuple[int, bool]:
        """Return how many trials could begin now (-1 for no limit), and whether none will."""
        if self.generation_strategy.optimization_complete:
            return 0, True
        try:
            node = self.generation_strategy.choose_node(self.experiment)
        except (MaxParallelismReachedException, DataRequiredError):
            return 0, False
        n_running = len(self.experiment.running_trial_indices)
        return (-1 if node.max_parallelism is None else node.max_parallelism - n_running), False

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
        experiment = self.experiment
        trial = self.get_trial(trial_index)
        steps = results.read_steps(raw_data, self.objective_names)
        for step, found in steps:
            for name in found:
                if name not in experiment.metrics:
                    raise UserInputError(
                        f"Unable to find metric {name!r} on the experiment, which has "
                        f"{list(experiment.metrics)}; name it in tracking_metric_names."
                    )
            experiment.attach_results(trial_index, found, step)
        if complete_trial:
            missing = [n for n in self._config.metric_names if n not in trial.means]
            if missing:
                trial.mark_failed(f"no results of {missing}")
                logger.warning("Trial %d failed: it has no results of %s.", trial_index, missing)
            else:
                trial.mark_completed()
            self._log("Completed trial %d with data: %s.", trial_index, trial.means)
        return str(steps[-1][1]) if steps else ""

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
            import warnings

            warnings.warn(
                f"Parameterization {read} is out-of-design: it is not in the search space, and no "
                "model learns from it.",
                RuntimeWarning,
                stacklevel=2,
            )
        trial = self.experiment.new_trial(ttl_seconds=ttl_seconds)
        trial.add_arm(Arm(read, arm_name)).mark_running()
        trial.run_metadata.update(run_metadata or {})
        self._log("Attached custom parameterization %s as trial %d.", read, trial.index)
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

    def should_stop_trials_early(self, trial_indices: set[int]) -> dict[int, str | None]:
        """Return index to reason of the trials that may be stopped."""
        if self.early_stopping_strategy is None:
            return {}
        return self.early_stopping_strategy.should_stop_trials_early(trial_indices, self.experiment)

    def stop_trial_early(self, trial_index: int) -> None:
        """End a trial early, with the results so far."""
        self.get_trial(trial_index).mark_early_stopped()

    # -- results

    def get_best_parameters(
        self, use_model_predictions: bool = True, **kwargs: Any
    ) -> tuple[dict[str, Any], tuple[dict[str, float], dict[str, dict[str, float]]]] | None:
        """Return the best params, with (means, covariances); None without results.

        Args:
            use_model_predictions: Without effect: what was observed counts.
            **kwargs: `trial_indices` and `optimization_config` of Ax, which are refused.

        Raises:
            CompatError: One of them is given.
            TypeError: An argument is not known.
        """
        results.refuse_subsets(kwargs)
        best = self.get_best_trial()
        return None if best is None else best[1:]

    def get_best_trial(
        self, use_model_predictions: bool = True, **kwargs: Any
    ) -> tuple[int, dict[str, Any], Any] | None:
        """Return index and params of the best trial, with (means, covariances)."""
        results.refuse_subsets(kwargs)
        if self._config.is_moo_problem:
            raise NotImplementedError(
                "Please use `get_pareto_optimal_parameters` for multi-objective problems."
            )
        best = results.find_best(self.experiment)
        if best is None:
            return None
        found = results.list_covariances(best, self._config.metric_names)
        return best.index, dict(best.params), found

    def get_pareto_optimal_parameters(
        self, use_model_predictions: bool = True, **kwargs: Any
    ) -> dict[int, tuple[dict[str, Any], Any]]:
        """Return index to params and (means, covariances) of the trials that none other beats."""
        results.refuse_subsets(kwargs)
        if not self._config.is_moo_problem:
            raise NotImplementedError(
                "Support for single-objective problems is `get_best_parameters`."
            )
        names = self._config.metric_names
        return {
            t.index: (dict(t.params), results.list_covariances(t, names))
            for t in results.find_front(self.experiment)
        }

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

    def get_trials_data_frame(self) -> Any:
        """Table of the trials: results, params and states."""
        return self.experiment.to_df()

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

    def fit_model(self) -> None:
        """Check that a model can be made of the results.

        Raises:
            DataRequiredError: There are too few.
        """
        predict_metrics(self.experiment, self._config.objective.metric_names, [])

    def get_model_predictions(
        self,
        metric_names: list[str] | None = None,
        include_out_of_sample: bool | None = True,
        parameterizations: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> dict[int, dict[str, tuple[float, float]]]:
        """Return mean and standard error of metrics, by a model.

        Args:
            metric_names: Which; None for all that are optimised or constrained.
            include_out_of_sample: Trials without results too.
            parameterizations: Points by a number; None for the trials.
        """
        points = parameterizations
        if points is None:
            trials = self.experiment.trials.values()
            points = {t.index: t.params for t in trials if include_out_of_sample or t.measurements}
        names = metric_names or self._config.metric_names
        found = predict_metrics(self.experiment, names, list(points.values()))
        return dict(zip(points, found, strict=True))

    def get_model_predictions_for_parameterizations(
        self, parameterizations: list[Mapping[str, Any]], metric_names: list[str] | None = None
    ) -> list[dict[str, tuple[float, float]]]:
        """Return mean and standard error of metrics at points, by a model."""
        names = metric_names or self._config.metric_names
        return predict_metrics(self.experiment, names, parameterizations)

    # -- plots

    def get_optimization_trace(self, objective_optimum: float | None = None) -> Any:
        """Return a figure of the best result so far."""
        return by_luthier.draw(self.experiment, "convergence")

    def get_contour_plot(
        self,
        param_x: str | None = None,
        param_y: str | None = None,
        metric_name: str | None = None,
    ) -> Any:
        """Return a figure of what a model expects over two parameters."""
        return by_luthier.draw(self.experiment, "contour", metric_name, x=param_x, y=param_y)

    def get_feature_importances(self, relative: bool = True) -> Any:
        """Return a figure of how much each parameter matters."""
        return by_luthier.draw(self.experiment, "importance")

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
        strategy = self._strategy
        return {
            "format": saving.FORMAT,
            "experiment": saving.experiment_to_dict(self.experiment),
            "strategy": None if strategy is None else saving.strategy_to_dict(strategy),
            "seed": self._random_seed,
            "is_sequential": self._is_sequential,
        }

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

    @staticmethod
    def load(filepath: str | None = None) -> None:
        """Refuse a name that Ax took away.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Use `load_from_json_file` to load from a JSON file.")

    @staticmethod
    def save(filepath: str | None = None) -> None:
        """Refuse a name that Ax took away.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Use `save_to_json_file` to save to a JSON file.")

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

    def _log(self, message: str, *values: Any) -> None:
        if self._is_verbose:
            logger.info(message, *values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(experiment={self._experiment!r})"
