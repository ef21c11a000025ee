"""The trials of a search, by configuration, instance, seed and budget."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..utils.multi_objective import normalize_costs
from .dataclasses import (
    InstanceSeedBudgetKey,
    InstanceSeedKey,
    TrialInfo,
    TrialKey,
    TrialValue,
)
from .enumerations import StatusType


class RunHistory(Mapping[TrialKey, TrialValue]):
    """The trials of a search.

    Args:
        multi_objective_algorithm: Makes one cost of several.
        overwrite_existing_trials: Whether a trial that is added again replaces the first one.
    """

    def __init__(
        self, multi_objective_algorithm: Any = None, overwrite_existing_trials: bool = False
    ) -> None:
        self.multi_objective_algorithm = multi_objective_algorithm
        self._overwrite = overwrite_existing_trials
        self.reset()

    def reset(self) -> None:
        """Forget all trials."""
        self._data: dict[TrialKey, TrialValue] = {}
        self._config_ids: dict[Any, int] = {}
        self._ids_config: dict[int, Any] = {}
        self._config_id_to_isk_to_budget: dict[int, dict[InstanceSeedKey, list[Any]]] = {}
        self._cost_per_config: dict[int, Any] = {}
        self._running_trials: list[TrialInfo] = []
        self._objective_bounds: list[tuple[float, float]] = []

    @property
    def submitted(self) -> int:
        """Number of trials."""
        return len(self._data)

    @property
    def finished(self) -> int:
        """Number of trials that are over."""
        return len(self._data) - len(self._running_trials)

    @property
    def running(self) -> int:
        """Number of trials that run."""
        return len(self._running_trials)

    @property
    def ids_config(self) -> dict[int, Any]:
        """Number to configuration."""
        return self._ids_config

    @property
    def config_ids(self) -> dict[Any, int]:
        """Configuration to number."""
        return self._config_ids

    @property
    def objective_bounds(self) -> list[tuple[float, float]]:
        """The least and the greatest cost of each objective."""
        return self._objective_bounds

    @property
    def _n_id(self) -> int:
        """Number of the last configuration; they are counted from 1."""
        return len(self._config_ids)

    def _count_objectives(self) -> int:
        """Return how many costs a trial has; 0 where none has ended."""
        ended = (v.cost for v in self._data.values() if v.status != StatusType.RUNNING)
        cost = next(ended, [])
        return len(cost) if isinstance(cost, list) else 1

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __getitem__(self, key: TrialKey) -> TrialValue:
        return self._data[key]

    def __iter__(self) -> Iterator[TrialKey]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, RunHistory) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def empty(self) -> bool:
        """Whether there are no trials."""
        return not self._data

    # -- adding

    def add(
        self,
        config: Any,
        cost: Any,
        time: float = 0.0,
        cpu_time: float = 0.0,
        status: StatusType = StatusType.SUCCESS,
        instance: str | None = None,
        seed: int | None = None,
        budget: float | None = None,
        starttime: float = 0.0,
        endtime: float = 0.0,
        additional_info: dict[str, Any] | None = None,
        force_update: bool = False,
    ) -> None:
        """Add a trial, or end one that ran.

        Raises:
            TypeError: The configuration is none.
            ValueError: There are more or fewer costs than those of other trials.
        """
        from ConfigSpace import Configuration

        if config is None:
            raise TypeError("Configuration must not be None.")
        if not isinstance(config, Configuration):
            raise TypeError(f"Configuration is not of type Configuration, but {type(config)}.")
        costs = np.asarray(cost, dtype=float).ravel().tolist()
        value = TrialValue(
            cost=costs[0] if len(costs) == 1 else costs,
            time=time,
            cpu_time=cpu_time,
            status=status,
            starttime=starttime,
            endtime=endtime,
            additional_info={} if additional_info is None else additional_info,
        )
        is_running = status == StatusType.RUNNING
        n_objectives = self._count_objectives() or len(costs)
        if len(costs) != n_objectives and not is_running:
            raise ValueError(f"Cost has {len(costs)} objectives, but {n_objectives} were expected.")
        if config not in self._config_ids:
            number = self._n_id + 1
            self._config_ids[config] = number
            self._ids_config[number] = config
        key = TrialKey(self._config_ids[config], instance, seed, budget)
        known = self._data.get(key)
        is_ending = known is not None and known.status == StatusType.RUNNING != status
        if known is None or is_ending or self._overwrite or force_update:
            self._put(key, value)

    def _put(self, key: TrialKey, value: TrialValue) -> None:
        info = TrialInfo(self._ids_config[key.config_id], key.instance, key.seed, key.budget)
        self._data[key] = value
        self._running_trials = [t for t in self._running_trials if t != info]
        if value.status == StatusType.RUNNING:
            self._running_trials.append(info)
            return
        budgets = self._config_id_to_isk_to_budget.setdefault(key.config_id, {})
        kept = budgets.setdefault(InstanceSeedKey(key.instance, key.seed), [])
        if key.budget not in kept:
            kept.append(key.budget)
        self._update_bounds()
        self.update_cost(info.config)

    def _update_bounds(self) -> None:
        costs = [v.cost for v in self._data.values() if v.status == StatusType.SUCCESS]
        if costs:
            table = np.array(costs, dtype=float).reshape(len(costs), -1)
            lows, highs = table.min(axis=0).tolist(), table.max(axis=0).tolist()
            self._objective_bounds = list(zip(lows, highs, strict=True))

    def add_trial(self, info: TrialInfo, value: TrialValue) -> None:
        """Add a trial, or end one that ran."""
        self.add(
            config=info.config,
            cost=value.cost,
            time=value.time,
            cpu_time=value.cpu_time,
            status=value.status,
            instance=info.instance,
            seed=info.seed,
            budget=info.budget,
            starttime=value.starttime,
            endtime=value.endtime,
            additional_info=value.additional_info,
        )

    def add_running_trial(self, trial: TrialInfo) -> None:
        """Add a trial that runs."""
        n = max(self._count_objectives(), 1)
        cost = [float(2**31 - 1)] * n
        self.add_trial(trial, TrialValue(cost=cost, status=StatusType.RUNNING))

    def update(self, runhistory: RunHistory) -> None:
        """Add the trials of another history."""
        for key, value in runhistory.items():
            config = runhistory.ids_config[key.config_id]
            self.add_trial(TrialInfo(config, key.instance, key.seed, key.budget), value)

    # -- costs

    def _list_costs(
        self, config: Any, keys: Iterable[InstanceSeedBudgetKey] | None = None
    ) -> list[Any]:
        if config not in self._config_ids:
            return []
        number = self._config_ids[config]
        if keys is None:
            keys = self.get_instance_seed_budget_keys(config)
        wanted = (TrialKey(number, k.instance, k.seed, k.budget) for k in keys)
        return [self._data[k].cost for k in wanted if k in self._data]

    def _reduce(self, costs: list[Any], by: Any, normalize: bool) -> Any:
        if not isinstance(costs[0], list):
            return float(by(costs))
        reduced = np.asarray(by(costs, axis=0)).tolist()
        if not normalize:
            return reduced
        return self._join(reduced)

    def _join(self, costs: list[float]) -> float:
        """Return one cost of several."""
        algorithm = self.multi_objective_algorithm
        normalized = normalize_costs(costs, self._objective_bounds)
        return float(np.mean(normalized) if algorithm is None else algorithm(normalized))

    def average_cost(
        self,
        config: Any,
        instance_seed_budget_keys: list[InstanceSeedBudgetKey] | None = None,
        *,
        normalize: bool = False,
    ) -> Any:
        """Return the mean cost of a configuration, of each objective; NaN without trials."""
        costs = self._list_costs(config, instance_seed_budget_keys)
        return self._reduce(costs, np.mean, normalize) if costs else np.nan

    def sum_cost(
        self,
        config: Any,
        instance_seed_budget_keys: list[InstanceSeedBudgetKey] | None = None,
        *,
        normalize: bool = False,
    ) -> Any:
        """Return the sum of the costs of a configuration, of each objective."""
        costs = self._list_costs(config, instance_seed_budget_keys)
        return self._reduce(costs, np.sum, normalize) if costs else 0.0

    def min_cost(
        self,
        config: Any,
        instance_seed_budget_keys: list[InstanceSeedBudgetKey] | None = None,
        *,
        normalize: bool = False,
    ) -> Any:
        """Return the least cost of a configuration, of each objective; NaN without trials."""
        keys = instance_seed_budget_keys
        if keys is None:
            keys = self.get_instance_seed_budget_keys(config, False)
        costs = self._list_costs(config, keys)
        return self._reduce(costs, np.min, normalize) if costs else np.nan

    def get_cost(self, config: Any) -> float:
        """Return the mean cost of a configuration; of several objectives one number."""
        cost = self._cost_per_config.get(self._config_ids.get(config, -1), np.nan)
        return self._join(cost) if isinstance(cost, list) else float(cost)

    def get_min_cost(self, config: Any) -> float:
        """Return the least cost of a configuration; of several objectives one number."""
        cost = self.min_cost(config)
        return self._join(cost) if isinstance(cost, list) else float(cost)

    def update_cost(self, config: Any) -> None:
        """Compute the mean cost of a configuration."""
        self._cost_per_config[self._config_ids[config]] = self.average_cost(config)

    incremental_update_cost = update_cost

    def update_costs(self, instances: Sequence[str] | None = None) -> None:
        """Compute the mean costs of all configurations, on some instances."""
        self._cost_per_config = {}
        for config, number in self._config_ids.items():
            keys = self.get_instance_seed_budget_keys(config)
            if instances is not None:
                keys = [k for k in keys if k.instance in instances]
            if keys:
                self._cost_per_config[number] = self.average_cost(config, keys)

    # -- configurations and trials

    def get_config(self, config_id: int) -> Any:
        """Return the configuration of a number."""
        return self._ids_config[config_id]

    def get_config_id(self, config: Any) -> int:
        """Return the number of a configuration."""
        return self._config_ids[config]

    def has_config(self, config: Any) -> bool:
        """Whether a configuration has trials."""
        return config in self._config_ids

    def get_configs(self, sort_by: str | None = None) -> list[Any]:
        """Return all configurations, perhaps by "cost" or "num_trials"."""
        configs = list(self._config_ids)
        if sort_by == "cost":
            return sorted(configs, key=self.get_cost)
        if sort_by == "num_trials":
            return sorted(configs, key=lambda c: len(self.get_trials(c)))
        if sort_by is None:
            return configs
        raise ValueError(f"sort_by is 'cost', 'num_trials' or None, got {sort_by!r}.")

    def get_configs_per_budget(self, budget_subset: list[Any] | None = None) -> list[Any]:
        """Return the configurations that have trials with some budgets."""
        if budget_subset is None:
            return self.get_configs()
        found = [self._ids_config[k.config_id] for k in self._data if k.budget in budget_subset]
        return list(dict.fromkeys(found))

    def get_running_configs(self) -> list[Any]:
        """Return the configurations with running trials."""
        return list(dict.fromkeys(t.config for t in self._running_trials))

    def get_trials(self, config: Any, highest_observed_budget_only: bool = True) -> list[TrialInfo]:
        """Return the trials of a configuration that are over.

        Args:
            config: The configuration.
            highest_observed_budget_only: Leave out those with smaller budgets.
        """
        budgets = self._config_id_to_isk_to_budget.get(self._config_ids.get(config, -1), {})
        found: list[TrialInfo] = []
        for key, known in budgets.items():
            highest = [max(known, key=lambda b: -1.0 if b is None else b)]
            budgets_kept = highest if highest_observed_budget_only else known
            found.extend(TrialInfo(config, key.instance, key.seed, b) for b in budgets_kept)
        return found

    def get_running_trials(self, config: Any = None) -> list[TrialInfo]:
        """Return the trials that run, perhaps of one configuration."""
        return [t for t in self._running_trials if config is None or t.config == config]

    def get_instance_seed_budget_keys(
        self, config: Any, highest_observed_budget_only: bool = True
    ) -> list[InstanceSeedBudgetKey]:
        """Return instance, seed and budget of the trials of a configuration that are over."""
        trials = self.get_trials(config, highest_observed_budget_only)
        return [t.get_instance_seed_budget_key() for t in trials]

    # -- files

    def save(self, filename: str | Path = "runhistory.json") -> None:
        """Write the trials to a file.

        Raises:
            TypeError: What was kept with a trial cannot be written.
        """
        rows = []
        for key, value in self._data.items():
            fields = {**vars(key), **vars(value), "status": int(value.status)}
            rows.append(fields)
        configs = {n: dict(c) for n, c in self._ids_config.items()}
        origins = {n: c.origin for n, c in self._ids_config.items()}
        data = {"data": rows, "configs": configs, "config_origins": origins}
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
        Path(filename).write_text(json.dumps(data, indent=1, default=_to_plain))

    def load(self, filename: str | Path, configspace: Any) -> None:
        """Read the trials of a file in place of these.

        Args:
            filename: Written by `save`.
            configspace: The space of the configurations.
        """
        from ConfigSpace import Configuration

        data = json.loads(Path(filename).read_text())
        self.reset()
        configs = {}
        for number, values in data["configs"].items():
            configs[int(number)] = Configuration(configspace, values=values)
            configs[int(number)].origin = data["config_origins"].get(number)
        for row in data["data"]:
            config = configs[row.pop("config_id")]
            self.add(config, **{**row, "status": StatusType(row["status"])})

    def update_from_json(self, filename: str, configspace: Any) -> None:
        """Add the trials of a file."""
        other = RunHistory()
        other.load(filename, configspace)
        self.update(other)


def _to_plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
