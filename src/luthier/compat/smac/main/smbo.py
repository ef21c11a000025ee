"""The loop of a search: ask, run, tell."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..callback.callback import Callback
from ..intensifier.abstract_intensifier import MAX_SEED, AbstractIntensifier
from ..runhistory.dataclasses import TrialInfo, TrialValue
from ..runhistory.enumerations import StatusType
from ..runhistory.runhistory import RunHistory
from ..runner.abstract_runner import AbstractRunner
from ..scenario import Scenario
from .config_selector import ConfigSelector

logger = logging.getLogger("smac.main.smbo")


class SMBO:
    """The loop of a search.

    Args:
        scenario: The scenario.
        runner: Runs trials; None where the user does.
        runhistory: The trials.
        intensifier: Chooses trials.
        config_selector: Proposes configurations.
        callbacks: What is called.
    """

    def __init__(
        self,
        scenario: Scenario,
        runner: AbstractRunner | None,
        runhistory: RunHistory,
        intensifier: AbstractIntensifier,
        config_selector: ConfigSelector,
        callbacks: Sequence[Callback],
    ) -> None:
        self.scenario = self._scenario = scenario
        self.runhistory = self._runhistory = runhistory
        self.intensifier = self._intensifier = intensifier
        self.config_selector = config_selector
        self._runner = runner
        self._callbacks = callbacks
        self._is_stopped = False
        self._started_s = time.time()
        self._used_before_s = 0.0

    @property
    def used_walltime(self) -> float:
        """Seconds since the search began, those of an earlier process included."""
        return self._used_before_s + time.time() - self._started_s

    @property
    def used_target_function_walltime(self) -> float:
        """Seconds that the trials took."""
        ended = (v for v in self.runhistory.values() if v.status != StatusType.RUNNING)
        return sum(v.time for v in ended)

    def count_earlier(self, used_s: float) -> None:
        """Count the seconds of an earlier process."""
        self._used_before_s = used_s

    @property
    def budget_exhausted(self) -> bool:
        """Whether there are no trials or seconds left."""
        limits = self.scenario
        return (
            self.runhistory.finished >= limits.n_trials
            or self.used_walltime >= limits.walltime_limit
            or self.used_target_function_walltime >= limits.cputime_limit
        )

    remaining_trials = property(lambda self: self.scenario.n_trials - self.runhistory.submitted)

    def ask(self) -> TrialInfo:
        """Return the next trial."""
        for callback in self._callbacks:
            callback.on_ask_start(self)
        info = self.intensifier.next_trial(self.config_selector.propose)
        self.runhistory.add_running_trial(info)
        for callback in self._callbacks:
            callback.on_ask_end(self, info)
        return info

    def tell(self, info: TrialInfo, value: TrialValue, save: bool = True) -> None:
        """Take in a result.

        Raises:
            ValueError: The trial has no instance or seed where the scenario needs one.
        """
        self._check(info)
        for callback in self._callbacks:
            if callback.on_tell_start(self, info, value) is False:
                self._is_stopped = True
        if info not in self.runhistory.get_running_trials():
            self.intensifier.learn_key(info)
            if info.config.origin is None:
                info.config.origin = "Custom"
        self.runhistory.add_trial(info, value)
        self.intensifier.update_incumbents(info.config)
        for callback in self._callbacks:
            if callback.on_tell_end(self, info, value) is False:
                self._is_stopped = True

    def _check(self, info: TrialInfo) -> None:
        instances = self.scenario.instances
        if instances is not None and info.instance is None:
            raise ValueError(f"the trial needs an instance, one of {instances!r:.200}")
        if instances is None and info.instance is not None:
            raise ValueError(f"the scenario has no instances, got {info.instance!r}")
        if self.intensifier.uses_seeds and info.seed is None:
            raise ValueError("the trial needs a seed")

    def run(self) -> Any:
        """Run trials until a limit; return the best configuration, or several.

        Raises:
            ConfigurationSpaceExhaustedException: All configurations were tried before.
        """
        self._is_stopped = False
        for callback in self._callbacks:
            callback.on_start(self)
        while not self._is_stopped and not self.budget_exhausted:
            for callback in self._callbacks:
                callback.on_iteration_start(self)
            info = self.ask()
            value = self.evaluate(info)
            self.tell(info, value)
            for callback in self._callbacks:
                callback.on_iteration_end(self)
            if self._is_good_enough(value):
                break
        for callback in self._callbacks:
            callback.on_end(self)
        if self.scenario.count_objectives() > 1:
            return self.intensifier.get_incumbents()
        return self.intensifier.get_incumbent()

    def _is_good_enough(self, value: TrialValue) -> bool:
        bounds = np.atleast_1d(np.asarray(self.scenario.termination_cost_threshold, dtype=float))
        if not np.isfinite(bounds).any():
            return False
        return bool((np.atleast_1d(np.asarray(value.cost, dtype=float)) < bounds).all())

    def evaluate(self, info: TrialInfo) -> TrialValue:
        """Run a trial.

        Raises:
            ValueError: There is no function.
        """
        if self._runner is None:
            raise ValueError("optimize needs a target function; or use ask and tell")
        value = self._runner.run_wrapper(info)[1]
        if value.status == StatusType.CRASHED:
            logger.warning("Target function crashed with: %s", value.additional_info.get("error"))
        return value

    def reset(self) -> None:
        """Forget all trials; the next search begins anew."""
        self.runhistory.reset()
        self.intensifier.reset()
        self.config_selector.reset()
        self._started_s, self._used_before_s = time.time(), 0.0

    def validate(self, config: Any, *, seed: int | None = None) -> Any:
        """Run a configuration on seeds and instances, and return the mean of its costs."""
        seeds = [0 if seed is None else seed]
        if not self.scenario.deterministic and seed is None:
            seeds = [int(np.random.default_rng(self.scenario.seed).integers(MAX_SEED))]
        budget = self.scenario.max_budget if self.intensifier.uses_budgets else None
        instances: list[Any] = [*self.scenario.instances] if self.scenario.instances else [None]
        budget = None if self.scenario.instances else budget
        costs = [
            self.evaluate(TrialInfo(config, instance, s, budget)).cost
            for instance in instances
            for s in seeds
        ]
        mean = np.mean(costs, axis=0)
        return mean.tolist() if mean.ndim else float(mean)
