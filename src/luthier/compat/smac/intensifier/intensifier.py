"""Racing: a challenger runs on the keys of the incumbents for as long as it is not worse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..runhistory.dataclasses import InstanceSeedBudgetKey, TrialInfo
from .abstract_intensifier import AbstractIntensifier


class Intensifier(AbstractIntensifier):
    """A challenger runs on the keys of the incumbents for as long as it is not worse.

    Between two challengers an incumbent runs on one more key.

    Source: Hutter 2011 (SMAC), algorithm 2. Deviation: a challenger gets one key at a time.
    """

    def reset(self) -> None:
        super().reset()
        self._challenger: Any = None
        self._is_incumbents_turn = False

    def next_trial(self, propose: Callable[[], Any]) -> TrialInfo:
        if self._challenger is not None:
            missing = self._find_missing(self._challenger)
            if missing:
                return self._make(self._challenger, missing[0])
            self._challenger = None
        if self._is_incumbents_turn and self.incumbents:
            self._is_incumbents_turn = False
            key = self._find_new_key(self.incumbents[0])
            if key is not None:
                return self._make(self.incumbents[0], key)
        self._is_incumbents_turn = True
        config = propose()
        keys = self._known(self.incumbents[0]) if self.incumbents else self.list_keys(1)
        self._challenger = config
        return self._make(config, (keys or self.list_keys(1))[0])

    @staticmethod
    def _make(config: Any, key: InstanceSeedBudgetKey) -> TrialInfo:
        return TrialInfo(config, key.instance, key.seed, key.budget)

    def _known(self, config: Any) -> list[InstanceSeedBudgetKey]:
        return self.runhistory.get_instance_seed_budget_keys(config)

    def _find_missing(self, config: Any) -> list[InstanceSeedBudgetKey]:
        """Return the keys of the incumbents on which a configuration neither ran nor runs."""
        wanted = self._known(self.incumbents[0]) if self.incumbents else self.list_keys(1)
        running = self.runhistory.get_running_trials(config)
        done = {*self._known(config), *(t.get_instance_seed_budget_key() for t in running)}
        return [k for k in wanted if k not in done]

    def _find_new_key(self, config: Any) -> InstanceSeedBudgetKey | None:
        running = self.runhistory.get_running_trials(config)
        done = {*self._known(config), *(t.get_instance_seed_budget_key() for t in running)}
        if len(done) >= self.max_config_calls:
            return None
        keys = self.list_keys(self.max_config_calls)
        return next((k for k in keys if k not in done), None)

    def update_incumbents(self, config: Any) -> None:
        may_win = self.compare(config)
        if config is self._challenger and (not may_win or config in self.incumbents):
            self._challenger = None
