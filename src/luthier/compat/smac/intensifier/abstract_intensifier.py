"""What all intensifiers share: the keys on which configurations run, and the incumbents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from ....numerics.pareto import is_non_dominated
from ..runhistory.dataclasses import InstanceSeedBudgetKey, TrialInfo
from ..runhistory.runhistory import RunHistory
from ..scenario import Scenario

MAX_SEED = 2**31 - 1


class AbstractIntensifier(ABC):
    """Chooses trials of configurations, and keeps the best of them.

    Args:
        scenario: The scenario.
        max_config_calls: On how many seeds and instances a configuration runs at most.
        max_incumbents: How many incumbents there are at most.
        seed: Of the seeds that trials get.
    """

    def __init__(
        self,
        scenario: Scenario,
        max_config_calls: int = 3,
        max_incumbents: int = 10,
        seed: int | None = None,
    ) -> None:
        self.scenario = scenario
        self.max_config_calls = max_config_calls
        self.max_incumbents = max_incumbents
        self.runhistory = RunHistory()
        self.incumbents: list[Any] = []
        self._rng = np.random.default_rng(scenario.seed if seed is None else seed)
        self._keys: list[InstanceSeedBudgetKey] = []

    uses_budgets = False
    uses_seeds = True

    def get_incumbent(self) -> Any:
        """Return the best configuration; None without any."""
        if not self.incumbents:
            return None
        return min(self.incumbents, key=self.runhistory.get_cost)

    def get_incumbents(self, sort_by: str | None = None) -> list[Any]:
        """Return the configurations that none other beats."""
        return list(self.incumbents)

    @property
    def incumbents_changed(self) -> int:
        """How many incumbents there are."""
        return len(self.incumbents)

    def list_keys(self, n: int) -> list[InstanceSeedBudgetKey]:
        """Return the first n keys on which configurations run; fewer where there are fewer."""
        instances: list[Any] = [*self.scenario.instances] if self.scenario.instances else [None]
        while len(self._keys) < n:
            seeds = [k.seed for k in self._keys]
            if self.scenario.deterministic:
                seed: int | None = 0
            elif len(instances) > 1 and seeds:
                seed = seeds[0]
            else:
                seed = int(self._rng.integers(MAX_SEED))
            used = {k.instance for k in self._keys if k.seed == seed}
            left = [i for i in instances if i not in used]
            if not left:
                break
            chosen = left[int(self._rng.integers(len(left)))] if len(left) > 1 else left[0]
            self._keys.append(InstanceSeedBudgetKey(chosen, seed, None))
        return self._keys[:n]

    def learn_key(self, info: TrialInfo) -> None:
        """Take notice of the key of a trial that the user chose."""
        key = info.get_instance_seed_budget_key()
        if key not in self._keys:
            self._keys.append(key)

    def choose_best(self, configs: list[Any], keys: list[InstanceSeedBudgetKey]) -> list[Any]:
        """Return those configurations that none other beats on some keys."""
        costs = [self.runhistory.average_cost(c, keys) for c in configs]
        table = np.array(costs, dtype=float).reshape(len(configs), -1)
        if table.shape[1] == 1:
            return [configs[int(np.nanargmin(table[:, 0]))]] if not np.isnan(table).all() else []
        table[np.isinf(table)] = np.finfo(float).max
        marked = is_non_dominated(table)
        return [c for c, kept in zip(configs, marked, strict=True) if kept][: self.max_incumbents]

    @abstractmethod
    def next_trial(self, propose: Callable[[], Any]) -> TrialInfo:
        """Return the next trial.

        Args:
            propose: Returns a new configuration.
        """

    @abstractmethod
    def update(self, info: TrialInfo) -> None:
        """Take notice of a trial that is over, and update the incumbents."""
