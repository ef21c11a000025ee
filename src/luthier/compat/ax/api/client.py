"""Ax's second interface: `Client`."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from ...remarks import refuse, warn_without_effect
from .. import results, saving
from ..adapter.registry import Generators
from ..analysis.overview import make_cards
from ..core.arm import Arm
from ..core.experiment import Experiment
from ..core.metric import Metric
from ..core.objective import Objective
from ..core.optimization_config import OptimizationConfig
from ..core.outcome_constraint import OutcomeConstraint
from ..core.search_space import SearchSpace
from ..core.trial import Trial
from ..core.trial_status import TrialStatus
from ..early_stopping.strategies import (
    BaseEarlyStoppingStrategy,
    PercentileEarlyStoppingStrategy,
)
from ..exceptions.core import OptimizationComplete, SearchSpaceExhausted, UnsupportedError
from ..generation_strategy.generation_node import GenerationStep
from ..generation_strategy.generation_strategy import GenerationStrategy
from ..predictions import predict_metrics
from ..raw_data import read_results
from ..service.utils.instantiation import FixedFeatures, InstantiationBase
from .protocols.metric import IMetric
from .protocols.runner import IRunner

logger = logging.getLogger("ax.api.client")


class Client:
    """Runs an experiment: proposes trials, and takes their results.

    Args:
        storage_config: Refused: Ax's database.
        random_seed: The same seed gives the same trials.
    """

    def __init__(self, storage_config: Any = None, random_seed: int | None = None) -> None:
        if storage_config is not None:
            raise refuse("Client(storage_config=...)", "Use save_to_json_file.")
        self._maybe_experiment: Experiment | None = None
        self._maybe_strategy: GenerationStrategy | None = None
        self._maybe_early_stopping: BaseEarlyStoppingStrategy | None = None
        self._random_seed = random_seed

    # -- configuration

    def configure_experiment(
        self,
        parameters: Sequence[Any],
        parameter_constraints: Sequence[str] | None = None,
        name: str | None = None,
        description: str | None = None,
        experiment_type: str | None = None,
        owner: str | None = None,
    ) -> None:
        """Set the search space.

        Args:
            parameters: RangeParameterConfig and its kin.
            parameter_constraints: Texts such as "x1 + 2 * x2 <= 3".
            name: Name of the experiment.
            description: Kept.
            experiment_type: Kept.
            owner: Kept.

        Raises:
            UnsupportedError: It was set already.
        """
        if self._maybe_experiment is not None:
            raise UnsupportedError(
                "Experiment already configured.",
                "Please create a new Client if you would like a new experiment.",
            )
        made = [p.to_parameter() for p in parameters]
        by_name = {p.name: p for p in made}
        read = InstantiationBase.constraint_from_str
        rules = [read(c, by_name) for c in parameter_constraints or ()]
        self._maybe_experiment = Experiment(
            SearchSpace(made, rules),
            name,
            description,
            experiment_type=experiment_type,
            properties={} if owner is None else {"owners": [owner]},
        )

    def configure_optimization(
        self,
        objective: str,
        outcome_constraints: Sequence[str] | None = None,
        pruning_target_parameterization: Mapping[str, Any] | None = None,
    ) -> None:
        """Set what is optimised; it is maximised.

        Args:
            objective: "accuracy", "-loss", "accuracy + 0.1 * speed", or several: "-loss, accuracy".
            outcome_constraints: Texts such as "latency <= 20", "qps >= 0.9 * baseline".
            pruning_target_parameterization: Params; checked and kept, without effect.

        Raises:
            ValueError: A text is none of these, or the params are not in the space.
        """
        experiment = self._experiment
        target = None
        if pruning_target_parameterization is not None:
            experiment.search_space.check_membership(
                pruning_target_parameterization, raise_error=True
            )
            target = Arm(pruning_target_parameterization)
        config = OptimizationConfig(
            Objective(expression=objective),
            [OutcomeConstraint(expression=c) for c in outcome_constraints or ()],
            pruning_target_parameterization=target,
        )
        self.set_optimization_config(config)

    def configure_generation_strategy(
        self,
        method: str = "fast",
        initialization_budget: int | None = None,
        initialization_random_seed: int | None = None,
        initialize_with_center: bool = True,
        use_existing_trials_for_initialization: bool = True,
        min_observed_initialization_trials: int | None = None,
        allow_exceeding_initialization_budget: bool = False,
        torch_device: str | None = None,
        simplify_parameter_changes: bool = False,
        fit_tracking_metrics: bool = True,
    ) -> None:
        """Choose how trials are proposed.

        Args:
            method: "fast" or "quality", which are the same here, or "random_search".
            initialization_budget: How many trials come before the model.
            initialization_random_seed: Their seed.
            initialize_with_center: Begin in the middle of the space.
            use_existing_trials_for_initialization: Count trials that were attached.
            min_observed_initialization_trials: How many of them must have results.
            allow_exceeding_initialization_budget: Give more of them while results are missing.
            torch_device: Without effect.
            simplify_parameter_changes: Without effect.
            fit_tracking_metrics: Without effect.
        """
        self._require_experiment()
        if method not in ("fast", "quality", "random_search"):
            raise ValueError(f"method is 'fast', 'quality' or 'random_search', got {method!r}")
        without: dict[str, Any] = {"torch_device": torch_device}
        without["simplify_parameter_changes"] = simplify_parameter_changes or None
        for name, value in without.items():
            if value is not None:
                warn_without_effect(
                    f"{name} of Ax's configure_generation_strategy",
                    "luthier's models run on NumPy.",
                )
        n_first = 5 if initialization_budget is None else initialization_budget
        least = min_observed_initialization_trials
        seed = initialization_random_seed
        first = GenerationStep(
            Generators.SOBOL,
            num_trials=-1 if method == "random_search" else n_first,
            min_trials_observed=max(1, n_first // 2) if least is None else least,
            enforce_num_trials=not allow_exceeding_initialization_budget,
            generator_kwargs={} if seed is None else {"seed": seed},
            use_all_trials_in_exp=use_existing_trials_for_initialization,
        )
        then = GenerationStep(Generators.BOTORCH_MODULAR)
        then.name = "MBM"
        nodes = [first] if method == "random_search" else [first, then]
        strategy = GenerationStrategy(nodes, name="+".join(n.name for n in nodes) + f":{method}")
        strategy.seed = self._random_seed
        strategy.starts_at_centre = initialize_with_center
        self._maybe_strategy = strategy

    def configure_runner(self, runner: IRunner) -> None:
        """Set what starts trials in `run_trials`."""
        self._experiment.runner = runner

    def configure_metrics(self, metrics: Sequence[IMetric]) -> None:
        """Set how the results of metrics are fetched in `run_trials`."""
        experiment = self._experiment
        for metric in metrics:
            if metric.name not in experiment.metrics:
                logger.warning("Metric %s was added as a new tracking metric.", metric.name)
            experiment.set_metric(metric)

    def configure_tracking_metrics(self, metric_names: Sequence[str]) -> None:
        """Add metrics that are only recorded."""
        experiment = self._experiment
        for name in metric_names:
            if name in experiment.metrics:
                logger.warning(f"Metric {name} already exists on the experiment.")
                continue
            experiment.set_metric(Metric(name))

    def set_experiment(self, experiment: Experiment) -> None:
        """Take an experiment as it is."""
        self._maybe_experiment = experiment

    def set_optimization_config(self, optimization_config: OptimizationConfig) -> None:
        """Set what is optimised."""
        self._experiment.optimization_config = optimization_config

    def set_generation_strategy(self, generation_strategy: GenerationStrategy) -> None:
        """Set how trials are proposed."""
        if generation_strategy.seed is None:
            generation_strategy.seed = self._random_seed
        self._maybe_strategy = generation_strategy

    def set_early_stopping_strategy(
        self, early_stopping_strategy: BaseEarlyStoppingStrategy
    ) -> None:
        """Set which trials are stopped early."""
        self._maybe_early_stopping = early_stopping_strategy

    # -- trials

    def get_next_trials(
        self, max_trials: int, fixed_parameters: Mapping[str, Any] | None = None
    ) -> dict[int, dict[str, Any]]:
        """Begin trials.

        Args:
            max_trials: How many at most.
            fixed_parameters: Params that are set, name to value.

        Returns:
            Index to params.

        Raises:
            UnsupportedError: No objective was set.
            OptimizationComplete: There is no further trial.
        """
        experiment = self._experiment
        if experiment.optimization_config is None:
            raise UnsupportedError(
                "OptimizationConfig not set.",
                "Please call configure_optimization before generating trials.",
            )
        strategy = self._strategy_or_choose()
        fixed = None if not fixed_parameters else FixedFeatures(fixed_parameters)
        trials: dict[int, dict[str, Any]] = {}
        for _ in range(max_trials):
            try:
                run = strategy.gen_single_trial(experiment, fixed_features=fixed)
            except OptimizationComplete as e:
                if trials and isinstance(e, SearchSpaceExhausted):
                    break
                raise
            trial = experiment.new_trial(run).mark_running()
            trials[trial.index] = dict(trial.params)
        return trials

    def complete_trial(
        self,
        trial_index: int,
        raw_data: Mapping[str, Any] | None = None,
        progression: int | None = None,
    ) -> TrialStatus:
        """End a trial with its results.

        Args:
            trial_index: Its index.
            raw_data: Metric to a number, or to (mean, sem); None where they were attached.
            progression: How far it came.

        Returns:
            Its state.
        """
        experiment = self._experiment
        trial = self._find_trial(trial_index)
        if raw_data is not None:
            self.attach_data(trial_index, raw_data, progression)
        config = experiment.optimization_config
        missing = [n for n in config.metric_names if n not in trial.means] if config else []
        if missing:
            logger.warning(
                f"Trial {trial_index} is missing optimization config metrics {missing}; no model "
                "learns from it."
            )
        return trial.mark_completed().status

    def attach_data(
        self, trial_index: int, raw_data: Mapping[str, Any], progression: int | None = None
    ) -> None:
        """Keep results of a trial that goes on.

        Args:
            trial_index: Its index.
            raw_data: Metric to a number, or to (mean, sem).
            progression: How far it has come.
        """
        experiment = self._experiment
        self._find_trial(trial_index)
        read = read_results(raw_data, [])
        for name in read:
            if name not in experiment.metrics:
                experiment.set_metric(Metric(name))
        step = math.nan if progression is None else float(progression)
        experiment.attach_results(trial_index, read, step)

    def attach_trial(self, parameters: Mapping[str, Any], arm_name: str | None = None) -> int:
        """Add a running trial with these params; return its index."""
        experiment = self._experiment
        space = experiment.search_space
        space.check_types(parameters, raise_error=True)
        params = space.complete(parameters)
        if not space.check_membership(params):
            logger.warning("%s is not in the search space; no model learns from it.", params)
        trial = experiment.new_trial()
        trial.add_arm(Arm(params, arm_name))
        return trial.mark_running().index

    def attach_baseline(self, parameters: Mapping[str, Any], arm_name: str | None = None) -> int:
        """Add a running trial to which constraints are relative; return its index."""
        index = self.attach_trial(parameters, arm_name or "baseline")
        self._experiment.status_quo = self._experiment.trials[index].arm
        return index

    def should_stop_trial_early(self, trial_index: int) -> bool:
        """Whether a running trial is so bad that it may be stopped."""
        if self._maybe_early_stopping is None:
            self._maybe_early_stopping = PercentileEarlyStoppingStrategy()
        strategy = self._maybe_early_stopping
        return trial_index in strategy.should_stop_trials_early({trial_index}, self._experiment)

    def mark_trial_failed(self, trial_index: int, failed_reason: str | None = None) -> None:
        """End a trial that failed."""
        self._find_trial(trial_index).mark_failed(failed_reason)

    def mark_trial_abandoned(self, trial_index: int) -> None:
        """Give a trial up."""
        self._find_trial(trial_index).mark_abandoned()

    def mark_trial_early_stopped(self, trial_index: int) -> None:
        """End a trial early, with the results so far."""
        self._find_trial(trial_index).mark_early_stopped()

    def run_trials(
        self,
        max_trials: int,
        parallelism: int = 1,
        tolerated_trial_failure_rate: float = 0.5,
        initial_seconds_between_polls: int = 1,
    ) -> None:
        """Run trials by the runner and the metrics that were configured.

        Args:
            max_trials: How many.
            parallelism: How many at a time.
            tolerated_trial_failure_rate: Share of failures beyond which the run ends.
            initial_seconds_between_polls: Pause between two looks at running trials.

        Raises:
            UnsupportedError: There is no runner, or more trials fail than are tolerated.
        """
        runner = self._experiment.runner
        if runner is None:
            raise UnsupportedError("No runner.", "Please call configure_runner first.")
        running = list(self._experiment.running_trial_indices)
        n_failed = n_begun = 0
        while n_begun < max_trials or running:
            while n_begun < max_trials and len(running) < max(parallelism, 1):
                for index, params in self.get_next_trials(1).items():
                    metadata = runner.run_trial(index, params)
                    self._experiment.trials[index].run_metadata = dict(metadata or {})
                    running.append(index)
                n_begun += 1
            ended = [i for i in running if self._poll(runner, i)]
            running = [i for i in running if i not in ended]
            n_failed += sum(self._experiment.trials[i].status.is_failed for i in ended)
            if n_failed > tolerated_trial_failure_rate * max(n_begun, 1):
                raise UnsupportedError(f"{n_failed} of {n_begun} trials failed.")
            if running and not ended:
                time.sleep(initial_seconds_between_polls)

    def _poll(self, runner: IRunner, index: int) -> bool:
        """Whether a trial has ended; its results are fetched."""
        trial = self._experiment.trials[index]
        status = TrialStatus(runner.poll_trial(index, trial.run_metadata))
        if status.is_failed or status.is_abandoned:
            trial.mark_as(status)
            return True
        for metric in self._experiment.metrics.values():
            if isinstance(metric, IMetric):
                step, value = metric.fetch(index, trial.run_metadata)
                self.attach_data(index, {metric.name: value}, step)
        if status.is_completed:
            self.complete_trial(index)
            return True
        if self.should_stop_trial_early(index):
            runner.stop_trial(index, trial.run_metadata)
            trial.mark_early_stopped()
            return True
        return False

    # -- results

    def compute_analyses(
        self, analyses: Sequence[Any] | None = None, display: bool = True
    ) -> list[Any]:
        """Return cards of analyses, and print what they say.

        Args:
            analyses: Which; None for an overview.
            display: Whether they are printed, or shown in a notebook.
        """
        cards = make_cards(self._experiment, analyses, self._maybe_strategy)
        for card in cards if display else ():
            card.show()
        return cards

    def summarize(
        self,
        trial_indices: Iterable[int] | None = None,
        trial_statuses: Sequence[str] | None = None,
    ) -> Any:
        """Table of the trials: results, params and states.

        Args:
            trial_indices: Which; None for all.
            trial_statuses: Names of states; None for all.
        """
        states = [TrialStatus[s.upper()] for s in trial_statuses or ()]
        return self._experiment.to_df(trial_indices, states)

    def get_best_parameterization(
        self, use_model_predictions: bool = True
    ) -> tuple[dict[str, Any], dict[str, Any], int, str]:
        """Return params, results, index and arm of the best trial.

        Args:
            use_model_predictions: Without effect: what was observed counts.

        Raises:
            UnsupportedError: There are several objectives, or no results.
        """
        config = self._require_config()
        if config.is_moo_problem:
            raise UnsupportedError("Please call get_pareto_frontier for multi-objective problems.")
        self._require_trials()
        best = results.choose_best(results.find_measured(self._experiment))
        if best is None:
            raise UnsupportedError("No trial has results of all metrics yet.")
        return self._describe(best, config)

    def get_pareto_frontier(
        self, use_model_predictions: bool = True
    ) -> list[tuple[dict[str, Any], dict[str, Any], int, str]]:
        """Return the trials that no other one beats: params, results, index and arm of each.

        Args:
            use_model_predictions: Without effect: what was observed counts.

        Raises:
            UnsupportedError: There is one objective, or no trial.
        """
        config = self._require_config()
        if not config.is_moo_problem:
            raise UnsupportedError(
                "Please call get_best_parameterization for single-objective problems."
            )
        self._require_trials()
        front = results.choose_front(results.find_measured(self._experiment))
        return [self._describe(t, config) for t in front]

    def predict(self, points: Sequence[Mapping[str, Any]]) -> list[dict[str, tuple[float, float]]]:
        """Return mean and standard error of each metric at points, by a model.

        Args:
            points: Params, name to value.

        Raises:
            ValueError: A point is not in the space.
            UnsupportedError: There are too few results for a model.
        """
        experiment = self._experiment
        names = list(experiment.search_space.parameters)
        for point in points:
            if set(point) != set(names):
                raise ValueError(
                    f"Point {dict(point)} has parameters {list(point)}, but search space has "
                    f"parameters {names}."
                )
        strategy = self._strategy_or_choose()
        if not strategy.current_node.learns:
            raise UnsupportedError("The current GenerationNode is not predictive; run more trials.")
        return predict_metrics(experiment, self._require_config().metric_names, points)

    # -- saving

    def save_to_json_file(self, filepath: str = "ax_client_snapshot.json") -> None:
        """Write all but runner and metrics to a file."""
        saving.write_json(filepath, self._to_json_snapshot())

    @classmethod
    def load_from_json_file(
        cls, filepath: str = "ax_client_snapshot.json", storage_config: Any = None
    ) -> Self:
        """Return the client of a file that was written here.

        Raises:
            CompatError: The file was written by Ax itself.
        """
        return cls._from_json_snapshot(saving.read_json(filepath), storage_config)

    @classmethod
    def load_from_database(cls, experiment_name: str, storage_config: Any = None) -> Self:
        """Refuse Ax's database.

        Raises:
            CompatError: Always.
        """
        raise refuse("Client.load_from_database", "Use save_to_json_file and load_from_json_file.")

    def _to_json_snapshot(self) -> dict[str, Any]:
        facts = {"seed": self._random_seed}
        return saving.client_to_dict(self._experiment, self._maybe_strategy, facts)

    @classmethod
    def _from_json_snapshot(cls, snapshot: dict[str, Any], storage_config: Any = None) -> Self:
        data = saving.check_format(snapshot, "the snapshot")
        client = cls(storage_config, random_seed=data["seed"])
        client.set_experiment(saving.experiment_from_dict(data["experiment"]))
        if data["strategy"] is not None:
            client.set_generation_strategy(saving.strategy_from_dict(data["strategy"]))
        return client

    # -- what there is

    @property
    def _experiment(self) -> Experiment:
        return self._require_experiment()

    @property
    def _generation_strategy(self) -> GenerationStrategy:
        assert self._maybe_strategy is not None, "Generation strategy not set."
        return self._maybe_strategy

    @property
    def _early_stopping_strategy(self) -> BaseEarlyStoppingStrategy:
        assert self._maybe_early_stopping is not None, "Early stopping strategy not set."
        return self._maybe_early_stopping

    def _require_experiment(self) -> Experiment:
        if self._maybe_experiment is None:
            raise AssertionError("Experiment not set. Please call configure_experiment first.")
        return self._maybe_experiment

    def _require_config(self) -> OptimizationConfig:
        config = self._experiment.optimization_config
        if config is None:
            raise UnsupportedError(
                "No optimization config has been set.", "Please call configure_optimization."
            )
        return config

    def _require_trials(self) -> None:
        if not self._experiment.trials:
            raise UnsupportedError("No trials have been run yet.")

    def _strategy_or_choose(self) -> GenerationStrategy:
        if self._maybe_strategy is None:
            self.configure_generation_strategy()
        assert self._maybe_strategy is not None
        return self._maybe_strategy

    def _find_trial(self, index: int) -> Trial:
        trials = self._experiment.trials
        if index not in trials:
            raise KeyError(f"there is no trial {index!r}; the experiment has {len(trials)} trials")
        return trials[index]

    def _describe(
        self, trial: Trial, config: OptimizationConfig
    ) -> tuple[dict[str, Any], dict[str, Any], int, str]:
        outcome = results.list_outcome(trial, config.metric_names)
        arm = trial.arms[0]
        return dict(arm.parameters), outcome, trial.index, str(arm.name)
