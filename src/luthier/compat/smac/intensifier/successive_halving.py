"""Successive halving: many configurations with a small budget, the best of them with more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ....numerics.halving import brackets
from ...remarks import warn_without_effect
from ..runhistory.dataclasses import InstanceSeedBudgetKey, TrialInfo
from ..scenario import Scenario
from .abstract_intensifier import AbstractIntensifier


@dataclass
class Bracket:
    """Configurations that are halved together.

    Args:
        rungs: Number of configurations and budget of each rung.
        configs: Those of the present rung.
        rung: Its place.
        given: Trials of it that were given, by configuration and key.
    """

    rungs: list[tuple[int, float]]
    configs: list[Any] = field(default_factory=list)
    rung: int = 0
    given: set[Any] = field(default_factory=set)


class SuccessiveHalving(AbstractIntensifier):
    """Many configurations with a small budget, the best of them with more.

    Where there are instances, the budget is their number.

    Args:
        scenario: The scenario.
        eta: By how much the budget grows from rung to rung.
        instance_seed_order: Without effect.
        max_incumbents: How many incumbents there are at most.
        incumbent_selection: Without effect: the highest budget counts.
        n_seeds: On how many seeds each configuration runs.
        seed: Of the seeds that trials get.

    Raises:
        ValueError: The scenario has no budgets.
    """

    uses_budgets = True

    def __init__(
        self,
        scenario: Scenario,
        eta: int = 3,
        instance_seed_order: str | None = "shuffle_once",
        max_incumbents: int = 10,
        incumbent_selection: str = "highest_observed_budget",
        n_seeds: int = 1,
        seed: int | None = None,
    ) -> None:
        if instance_seed_order not in (None, "shuffle_once"):
            warn_without_effect("instance_seed_order of SMAC", "the order is drawn once.")
        if incumbent_selection != "highest_observed_budget":
            warn_without_effect("incumbent_selection of SMAC", "the highest budget counts.")
        self.n_seeds = n_seeds
        self.eta = eta
        self.by_instances = scenario.instances is not None
        low, high = scenario.min_budget, scenario.max_budget
        if self.by_instances:
            low, high = low or 1, high or len(scenario.instances or ())
        if low is None or high is None:
            raise ValueError("multi-fidelity needs min_budget and max_budget in the scenario")
        self._plan = self.plan(low, high)
        super().__init__(scenario, max_incumbents=max_incumbents, seed=seed)

    def reset(self) -> None:
        super().reset()
        self._n_opened = 0
        self._brackets: list[Bracket] = []

    def plan(self, low: float, high: float) -> list[list[tuple[int, float]]]:
        """Return the rungs of the brackets, one after the other."""
        return [list(brackets(low, high, self.eta)[0])]

    def _keys_of(self, budget: float) -> list[InstanceSeedBudgetKey]:
        if self.by_instances:
            return self.list_keys(max(int(budget), 1))
        keys = self.list_keys(self.n_seeds)
        return [InstanceSeedBudgetKey(k.instance, k.seed, budget) for k in keys]

    def next_trial(self, propose: Callable[[], Any]) -> TrialInfo:
        for bracket in self._brackets:
            info = self._continue(bracket, propose)
            if info is not None:
                return info
        bracket = Bracket(self._plan[self._n_opened % len(self._plan)])
        self._n_opened += 1
        self._brackets.append(bracket)
        info = self._continue(bracket, propose)
        assert info is not None
        return info

    def _continue(self, bracket: Bracket, propose: Callable[[], Any]) -> TrialInfo | None:
        """Return a trial of a bracket; None where it waits for others."""
        n, budget = bracket.rungs[bracket.rung]
        keys = self._keys_of(budget)
        for config in bracket.configs:
            for key in keys:
                if (config, key) not in bracket.given:
                    bracket.given.add((config, key))
                    if key not in self.runhistory.get_instance_seed_budget_keys(config, False):
                        return TrialInfo(config, key.instance, key.seed, key.budget)
        if bracket.rung == 0 and len(bracket.configs) < n:
            config = propose()
            bracket.configs.append(config)
            return self._continue(bracket, propose)
        return None

    def update_incumbents(self, config: Any) -> None:
        for bracket in list(self._brackets):
            self._promote(bracket)
        self._choose_incumbents()

    def _promote(self, bracket: Bracket) -> None:
        """Go on to the next rung where the present one is done."""
        n, budget = bracket.rungs[bracket.rung]
        keys = self._keys_of(budget)
        if len(bracket.configs) < n and bracket.rung == 0:
            return
        for config in bracket.configs:
            known = self.runhistory.get_instance_seed_budget_keys(config, False)
            if any(k not in known for k in keys):
                return
        bracket.rung += 1
        if bracket.rung == len(bracket.rungs):
            self._brackets.remove(bracket)
            return
        left, best = list(bracket.configs), list[Any]()
        while left and len(best) < bracket.rungs[bracket.rung][0]:
            chosen = self.choose_best(left, keys) or left[:1]
            best.extend(chosen)
            left = [c for c in left if c not in chosen]
        bracket.configs = best[: bracket.rungs[bracket.rung][0]]

    def _choose_incumbents(self) -> None:
        """Choose among the configurations with the highest budget."""
        found: dict[Any, list[InstanceSeedBudgetKey]] = {}
        for config in self.runhistory.get_configs():
            found[config] = self.runhistory.get_instance_seed_budget_keys(config)
        if self.by_instances:
            most = max(map(len, found.values()), default=0)
            best = [c for c, keys in found.items() if len(keys) == most]
            common = [k for k in found[best[0]] if all(k in found[c] for c in best)]
        else:
            top = max((k.budget or 0 for keys in found.values() for k in keys), default=0)
            common = [k for keys in found.values() for k in keys if (k.budget or 0) == top]
            best = [c for c, keys in found.items() if any((k.budget or 0) == top for k in keys)]
        self._replace_incumbents(self.choose_best(best, list(dict.fromkeys(common))))
