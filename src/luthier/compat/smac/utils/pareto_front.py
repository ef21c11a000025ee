"""Configurations that none other beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....numerics.pareto import crowding, is_non_dominated
from ..runhistory.dataclasses import InstanceSeedBudgetKey
from ..runhistory.runhistory import RunHistory

Keys = Sequence[list[InstanceSeedBudgetKey]]


def calculate_pareto_front(
    runhistory: RunHistory, configs: list[Any], config_instance_seed_budget_keys: Keys
) -> list[Any]:
    """Return the configurations that none other beats.

    Args:
        runhistory: Has their trials.
        configs: The configurations.
        config_instance_seed_budget_keys: The trials of each whose mean counts.
    """
    costs = _read_costs(runhistory, configs, config_instance_seed_budget_keys)
    marked = is_non_dominated(costs)
    return [c for c, kept in zip(configs, marked, strict=True) if kept]


def sort_by_crowding_distance(
    runhistory: RunHistory, configs: list[Any], config_instance_seed_budget_keys: Keys
) -> list[Any]:
    """Return the configurations of a front, those first that are far from the others.

    Args:
        runhistory: Has their trials.
        configs: The configurations.
        config_instance_seed_budget_keys: The trials of each whose mean counts.

    Source: Deb 2002, section III-B.
    """
    costs = _read_costs(runhistory, configs, config_instance_seed_budget_keys)
    order = np.argsort(-crowding(costs), kind="stable")
    return [configs[i] for i in order]


def _read_costs(runhistory: RunHistory, configs: list[Any], keys: Keys) -> NDArray[np.float64]:
    """Return mean costs (n, m), infinite ones as the largest number."""
    means = [runhistory.average_cost(c, k) for c, k in zip(configs, keys, strict=True)]
    costs = np.array(means, dtype=float).reshape(len(configs), -1)
    costs[np.isinf(costs)] = np.finfo(float).max
    return costs
