"""A trial to run, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .enumerations import StatusType


@dataclass(frozen=True)
class InstanceSeedKey:
    """An instance and a seed."""

    instance: str | None = None
    seed: int | None = None


@dataclass(frozen=True)
class InstanceSeedBudgetKey:
    """An instance, a seed and a budget."""

    instance: str | None = None
    seed: int | None = None
    budget: float | None = None

    def get_instance_seed_key(self) -> InstanceSeedKey:
        """Return the same without the budget."""
        return InstanceSeedKey(self.instance, self.seed)

    def __lt__(self, other: InstanceSeedBudgetKey) -> bool:
        return repr(self) < repr(other)


@dataclass(frozen=True)
class TrialKey:
    """A trial in the history: its configuration by number."""

    config_id: int
    instance: str | None = None
    seed: int | None = None
    budget: float | None = None


@dataclass(frozen=True)
class TrialInfo:
    """A trial to run.

    Args:
        config: Its configuration.
        instance: Its instance.
        seed: Its seed.
        budget: Its budget.
    """

    config: Any
    instance: str | None = None
    seed: int | None = None
    budget: float | None = None

    def get_instance_seed_key(self) -> InstanceSeedKey:
        """Return instance and seed."""
        return InstanceSeedKey(self.instance, self.seed)

    def get_instance_seed_budget_key(self) -> InstanceSeedBudgetKey:
        """Return instance, seed and budget."""
        return InstanceSeedBudgetKey(self.instance, self.seed, self.budget)


@dataclass(frozen=True)
class TrialValue:
    """What came of a trial.

    Args:
        cost: Its cost, or one for each objective.
        time: Seconds that it took.
        cpu_time: Seconds of processor time.
        status: Its state.
        starttime: When it began, in seconds since 1970.
        endtime: When it ended.
        additional_info: What else is to be kept.
    """

    cost: float | list[float]
    time: float = 0.0
    cpu_time: float = 0.0
    status: StatusType = StatusType.SUCCESS
    starttime: float = 0.0
    endtime: float = 0.0
    additional_info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrajectoryItem:
    """A change of the incumbents.

    Args:
        config_ids: Numbers of the new ones.
        costs: Their mean costs.
        trial: How many trials had ended.
        walltime: Seconds since the search began.
    """

    config_ids: list[int]
    costs: list[float | list[float]]
    trial: int
    walltime: float
