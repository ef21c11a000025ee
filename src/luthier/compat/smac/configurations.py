"""ConfigSpace's configurations as params of luthier, and back; trials as a history."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...history.history import History
from ...space.space import Space
from ...trial.record import State, TrialRow
from .runhistory.runhistory import RunHistory

_ENOUGH = 3  # configurations with a budget, from which on a model learns from it


class ConfigurationReader:
    """Translates between the configurations of a space and params.

    Args:
        configspace: A ConfigSpace.ConfigurationSpace.
    """

    def __init__(self, configspace: Any) -> None:
        self.configspace = configspace
        self.space = Space.from_configspace(configspace)

    def make(self, params: Mapping[str, Any], origin: str) -> Any:
        """Return a configuration; what its conditions switch off is left out."""
        from ConfigSpace.util import deactivate_inactive_hyperparameters

        config = deactivate_inactive_hyperparameters(dict(params), self.configspace)
        config.origin = origin
        return config

    def read(self, config: Any) -> dict[str, Any]:
        """Return a configuration as params."""
        params = {n: v.item() if hasattr(v, "item") else v for n, v in dict(config).items()}
        for name, dist in self.space.params.items():
            if name not in params and not dist.when:  # always active here
                params[name] = dist.default
        return params

    def read_history(self, runhistory: RunHistory, n_objectives: int) -> History:
        """Return one row for each configuration, with its mean cost.

        With budgets, it is that of the highest one that enough configurations have.
        """
        history = History(self.space, ["minimize"] * n_objectives)
        budget = _choose_budget(runhistory)
        rows = []
        for number, config in enumerate(runhistory.get_configs()):
            keys = runhistory.get_instance_seed_budget_keys(config, False)
            if budget is not None:
                keys = [k for k in keys if k.budget == budget]
            cost = runhistory.average_cost(config, keys) if keys else math.nan
            values = tuple(cost) if isinstance(cost, list) else (float(cost),)
            is_known = len(values) == n_objectives and all(map(math.isfinite, values))
            state = State.COMPLETE if is_known else State.FAILED
            if runhistory.get_running_trials(config) and not is_known:
                state = State.RUNNING
            row = TrialRow(
                number=number,
                state=state,
                params=self.read(config),
                values=values if is_known else None,
            )
            rows.append(row)
        history.put(rows)
        return history


def _choose_budget(runhistory: RunHistory) -> float | None:
    """Return the highest budget that enough configurations have; None without budgets."""
    counts: dict[float, set[int]] = {}
    for key in runhistory:
        if key.budget is not None:
            counts.setdefault(key.budget, set()).add(key.config_id)
    enough = [b for b, configs in counts.items() if len(configs) >= _ENOUGH]
    return max(enough or counts, default=None)
