"""Runs trials: a class to be derived from."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..runhistory.dataclasses import TrialInfo, TrialValue
from ..runhistory.enumerations import StatusType
from ..scenario import Scenario

__all__ = ["AbstractRunner", "Result", "StatusType"]

Result = tuple[StatusType, Any, float, float, dict[str, Any]]


class AbstractRunner:
    """Runs trials: a class to be derived from.

    Args:
        scenario: The scenario.
        required_arguments: Which of "seed", "instance" and "budget" the target takes; None for
            those that a trial has.
    """

    def __init__(self, scenario: Scenario, required_arguments: Sequence[str] | None = None) -> None:
        self._scenario = scenario
        self._required_arguments = required_arguments
        self._ended: list[tuple[TrialInfo, TrialValue]] = []

    def run(
        self,
        config: Any,
        instance: str | None = None,
        budget: float | None = None,
        seed: int | None = None,
    ) -> Result:
        """Run a trial.

        Returns:
            Its state, its cost or costs, seconds, seconds of processor time, and what is kept.
        """
        raise NotImplementedError

    def run_wrapper(self, trial_info: TrialInfo) -> tuple[TrialInfo, TrialValue]:
        """Run a trial, and return it with what came of it: a crash where it raised."""
        began_s, cpu_s = time.time(), time.process_time()
        info = trial_info
        try:
            status, cost, taken_s, used_s, kept = self.run(
                info.config, instance=info.instance, budget=info.budget, seed=info.seed
            )
        except Exception as e:
            status, cost = StatusType.CRASHED, self.crash_cost
            taken_s, used_s = time.time() - began_s, time.process_time() - cpu_s
            kept = {"error": repr(e), "traceback": traceback.format_exc()}
        value = TrialValue(cost, taken_s, used_s, status, began_s, time.time(), kept)
        return info, value

    def submit_trial(self, trial_info: TrialInfo) -> None:
        """Run a trial; `iter_results` has what came of it."""
        self._ended.append(self.run_wrapper(trial_info))

    def iter_results(self) -> Iterator[tuple[TrialInfo, TrialValue]]:
        """Yield submitted trials with what came of them."""
        while self._ended:
            yield self._ended.pop(0)

    def is_running(self) -> bool:
        """Whether a trial runs: never, since submitting waits for its end."""
        return False

    def count_available_workers(self) -> int:
        """Return how many trials run at a time."""
        return 1

    @property
    def crash_cost(self) -> Any:
        """The cost of a trial that fails; of several objectives one each."""
        crash, n = self._scenario.crash_cost, self._scenario.count_objectives()
        return crash if n == 1 or isinstance(crash, list) else [crash] * n

    def read_cost(self, result: Any) -> Any:
        """Return what a target returned as a cost, or as one each.

        Raises:
            ValueError: There are not as many as the scenario has.
        """
        names = self._scenario.list_objectives()
        if isinstance(result, Mapping):
            if set(result) != set(names):
                raise ValueError(f"expected the costs {names}, got {list(result)}")
            result = [result[n] for n in names]
        costs = np.asarray(result, dtype=float).ravel().tolist()
        if len(costs) != len(names):
            raise ValueError(f"expected {len(names)} costs, got {len(costs)}")
        return costs[0] if len(costs) == 1 else costs

    def choose_settings(self, info: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of seed, instance and budget that the target takes."""
        wanted = self._required_arguments
        if wanted is None:
            return {n: v for n, v in info.items() if v is not None}
        return {n: v for n, v in info.items() if n in wanted}
