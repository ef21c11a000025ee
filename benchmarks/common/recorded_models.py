"""Surrogates of YAHPO Gym, asked with the params of ready-made spaces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.yahpo import Array, Surrogate

# Instances (numbers of OpenML) that are forms of sets by which portfolios are judged.
JUDGED_INSTANCES = {"15", "23", "29", "44", "334", "1489", "1510", "6332", "167104"}


class Ports(NamedTuple):
    """How a surrogate is asked.

    Attributes:
        family: The name of the ready-made space.
        names: Its parameters, by what the surrogate calls them.
        fixed: What else the surrogate is told.
        outputs: Columns of the metrics, all to be large.
        unit: The largest value of these.
        sizes: Shares of its rows that a data set is learned from.
    """

    family: str
    names: Mapping[str, str]
    fixed: Mapping[str, Any]
    outputs: Sequence[int]
    unit: float
    sizes: Sequence[float] = (1.0,)


PORTS = {
    "rbv2_xgboost": Ports(
        "xgboost",
        {
            "nrounds": "n_estimators",
            "eta": "learning_rate",
            "gamma": "gamma",
            "lambda": "reg_lambda",
            "alpha": "reg_alpha",
            "subsample": "subsample",
            "max_depth": "max_depth",
            "min_child_weight": "min_child_weight",
            "colsample_bytree": "colsample_bytree",
        },
        {"booster": "gbtree", "num.impute.selected.cpo": "impute.mean", "colsample_bylevel": 1.0},
        (0, 2),  # accuracy and AUC
        1.0,
        (1.0, 0.3, 0.1, 0.05),
    ),
    "lcbench": Ports(
        "torch_mlp",
        {
            name: name
            for name in (
                "learning_rate",
                "num_layers",
                "max_units",
                "batch_size",
                "momentum",
                "weight_decay",
                "max_dropout",
            )
        },
        {},
        (1,),  # accuracy, in per cent
        100.0,
    ),
}


class RecordedModel:
    """One family of models, trained by others on many data sets.

    Args:
        folder: Has a folder for each scenario, and `memory_tasks.json` beside it, with the
            instances to use.
        scenario: Its name.

    Attributes:
        family: The name of the ready-made space.
        instances: Numbers of the data sets.
        sizes: Shares of its rows that a data set is learned from.
    """

    def __init__(self, folder: Path, scenario: str) -> None:
        self._ports = PORTS[scenario]
        self._surrogate = Surrogate(folder / scenario)
        self.family = self._ports.family
        self.sizes = self._ports.sizes
        tasks = json.loads((folder.parent / "memory_tasks.json").read_text())
        self.instances = [i for i in tasks[scenario]["instances"] if i not in JUDGED_INSTANCES]

    def clip(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params of which no number is outside of what the surrogate knows."""
        known = self._surrogate.space.params
        clipped = dict(params)
        for theirs, own in self._ports.names.items():
            dist: Any = known[theirs]
            clipped[own] = min(max(params[own], dist.low), dist.high)
        return clipped

    def unclip(self, params: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
        """Return clipped params, in which a number is the default where the surrogate means it.

        A surrogate cannot tell the lowest number that it knows from those below. So that number
        stands for the default where this is one of those.
        """
        known = self._surrogate.space.params
        found = dict(params)
        for theirs, own in self._ports.names.items():
            dist: Any = known[theirs]
            if params[own] <= dist.low and default[own] <= dist.low:
                found[own] = default[own]
        return found

    def predict(self, params: Sequence[Mapping[str, Any]]) -> Array:
        """Return losses (n, S, T) of n clipped configurations on T data sets of S sizes."""
        ports = self._ports
        losses = [
            np.column_stack([self._predict(instance, params, size) for instance in self.instances])
            for size in ports.sizes
        ]
        return np.stack(losses, axis=1)

    def _predict(self, instance: str, params: Sequence[Mapping[str, Any]], size: float) -> Array:
        """Return losses (n,) on one data set, of whose rows a share is learned from."""
        ports = self._ports
        fixed = dict(ports.fixed) | ({} if size == 1.0 else {"trainsize": size})
        rows = [{t: p[own] for t, own in ports.names.items()} | fixed for p in params]
        metrics = self._surrogate.predict(instance, rows)[:, list(ports.outputs)].mean(axis=1)
        return np.asarray(1 - metrics / ports.unit)
