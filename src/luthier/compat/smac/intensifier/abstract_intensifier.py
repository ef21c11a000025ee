"""What all intensifiers share: the keys on which configurations run, and the incumbents."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..runhistory.dataclasses import InstanceSeedBudgetKey, TrajectoryItem, TrialInfo
from ..runhistory.runhistory import RunHistory
from ..scenario import Scenario
from ..utils.pareto_front import calculate_pareto_front, sort_by_crowding_distance

MAX_SEED = 2**31 - 1


class AbstractIntensifier:
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
        self.seed = scenario.seed if seed is None else seed
        self.runhistory = RunHistory()
        self.reset()

    uses_budgets = False
    uses_seeds = True

    def reset(self) -> None:
        """Forget the incumbents, and the keys on which configurations ran."""
        self.incumbents: list[Any] = []
        self.trajectory: list[TrajectoryItem] = []
        self._began_s = time.time()
        self._rng = np.random.default_rng(self.seed)
        self._keys: list[InstanceSeedBudgetKey] = []

    def get_incumbent(self) -> Any:
        """Return the best configuration; None without any."""
        if not self.incumbents:
            return None
        return min(self.incumbents, key=self.runhistory.get_cost)

    def get_incumbents(self, sort_by: str | None = None) -> list[Any]:
        """Return the configurations that none other beats.

        Args:
            sort_by: "cost", "num_trials" or None for no order.

        Raises:
            ValueError: It is none of these.
        """
        if sort_by is None:
            return list(self.incumbents)
        return [c for c in self.runhistory.get_configs(sort_by) if c in self.incumbents]

    @property
    def incumbents_changed(self) -> int:
        """How many times the incumbents have changed."""
        return len(self.trajectory)

    def _replace_incumbents(self, configs: list[Any]) -> None:
        if set(configs) == set(self.incumbents):
            return
        self.incumbents = configs
        history = self.runhistory
        item = TrajectoryItem(
            [history.get_config_id(c) for c in configs],
            [history.average_cost(c) for c in configs],
            history.finished,
            time.time() - self._began_s,
        )
        self.trajectory.append(item)

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
        all_keys = [keys] * len(configs)
        front = calculate_pareto_front(self.runhistory, configs, all_keys)
        if len(front) > self.max_incumbents:
            front = sort_by_crowding_distance(self.runhistory, front, all_keys[: len(front)])
        return front[: self.max_incumbents]

    def next_trial(self, propose: Callable[[], Any]) -> TrialInfo:
        """Return the next trial.

        Args:
            propose: Returns a new configuration.
        """
        raise NotImplementedError

    def update_incumbents(self, config: Any) -> None:
        """Take notice of a trial of a configuration that is over, and update the incumbents."""
        self.compare(config)

    def compare(self, config: Any) -> bool:
        """Compare a configuration with the incumbents on the keys that both have.

        Returns:
            Whether it may still become an incumbent, or is one.
        """
        known = self.runhistory.get_instance_seed_budget_keys
        if not self.incumbents:
            if known(config):
                self._replace_incumbents([config])
            return True
        wanted = known(self.incumbents[0])
        if config in self.incumbents:
            common = [k for k in wanted if all(k in known(c) for c in self.incumbents)]
            self._replace_incumbents(self.choose_best(self.incumbents, common) or self.incumbents)
            return config in self.incumbents
        common = [k for k in known(config) if k in wanted]
        if not common:
            return True
        best = self.choose_best([*self.incumbents, config], common)
        if config in best and len(common) == len(wanted):
            self._replace_incumbents([c for c in best if c != config] + [config])
        return config in best
