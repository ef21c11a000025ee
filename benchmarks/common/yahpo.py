"""Tuning tasks of YAHPO Gym: surrogates of thousands of recorded training runs, in three families.

Each family is a folder with `model.onnx`, `config_space.json` and `encoding.json`, as published in
slds-lmu/yahpo_data (Apache-2.0). The file of tasks names the instances of each family.

Source: Pfisterer 2022 (YAHPO Gym). The last fidelity is evaluated: epoch 52, or all of the training
data and ten repeats.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from luthier import Categorical, Float, Int, Space

Array = NDArray[np.float64]

N_POOL = 5_000  # random configurations that say what is good and what is median


class _Family(NamedTuple):
    """How a model's inputs and outputs are ordered.

    Attributes:
        numbers: Names of the continuous inputs.
        categories: Names of the others, the instance first.
        fixed: Inputs that are not searched.
        output: Column of the metric.
        name: Of the metric.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    fixed: dict[str, float]
    output: int
    name: str


_FULL = {"trainsize": 1.0, "repl": 10.0}
_XGBOOST = (
    "nrounds eta gamma lambda alpha subsample max_depth min_child_weight colsample_bytree "
    "colsample_bylevel rate_drop skip_drop trainsize repl"
)
_LCBENCH = "epoch batch_size learning_rate momentum weight_decay num_layers max_units max_dropout"
FAMILIES = {
    "lcbench": _Family(
        tuple(_LCBENCH.split()), ("OpenML_task_id",), {"epoch": 52.0}, 1, "val_accuracy"
    ),
    "rbv2_xgboost": _Family(
        tuple(_XGBOOST.split()), ("task_id", "booster", "num.impute.selected.cpo"), _FULL, 2, "auc"
    ),
    "rbv2_rpart": _Family(
        ("cp", "maxdepth", "minbucket", "minsplit", "trainsize", "repl"),
        ("task_id", "num.impute.selected.cpo"),
        _FULL,
        2,
        "auc",
    ),
}


class Surrogate:
    """The tasks of one family.

    Args:
        folder: That of the family.

    Attributes:
        family: Its name.
        space: What is searched.
        metric: What is to be large.
    """

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self.family = folder.name
        self._ports = FAMILIES[self.family]
        self.metric = self._ports.name
        self._codes = json.loads((folder / "encoding.json").read_text())
        self.space = _read_space(
            json.loads((folder / "config_space.json").read_text()), self._ports
        )
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)

    def evaluate(self, instance: str, params: Sequence[dict[str, Any]]) -> Array:
        """Return (n,) losses of n configurations: minus the metric."""
        return -self.predict(instance, params)[:, self._ports.output]

    def predict(self, instance: str, params: Sequence[dict[str, Any]]) -> Array:
        """Return (n, m) all metrics of n configurations, in the order of the published model."""
        ports = self._ports
        numbers = [[{**ports.fixed, **p}.get(k, 0.0) for k in ports.numbers] for p in params]
        first, *others = ports.categories
        codes = [
            [self._codes[first][instance], *(self._codes[k][p.get(k, "#na#")] for k in others)]
            for p in params
        ]
        inputs = {
            "x_cat": np.array(codes, dtype=np.int32),
            "x_cont": np.array(numbers, dtype=np.float32),
        }
        return np.asarray(self._session.run(None, inputs)[0], dtype=np.float64)

    @functools.cached_property
    def pool(self) -> list[dict[str, Any]]:
        """Random configurations."""
        return self.space.decode(self.space.sample(np.random.default_rng(12345), N_POOL))

    @functools.cache  # noqa: B019  (a benchmark holds its surrogates to the end)
    def scale(self, instance: str) -> tuple[float, float]:
        """Best loss of the pool, and the median one."""
        losses = self.evaluate(instance, self.pool)
        return float(losses.min()), float(np.median(losses))


def _read_space(described: dict[str, Any], ports: _Family) -> Space:
    when: dict[str, dict[str, list[str]]] = {}
    for c in described["conditions"]:
        when[c["child"]] = {c["parent"]: c["values"] if c["type"] == "IN" else [c["value"]]}
    params: dict[str, Float | Int | Categorical] = {}
    for h in described["hyperparameters"]:
        name = h["name"]
        if name in ports.fixed or name == ports.categories[0]:
            continue
        scale: Any = "log" if h.get("log") else "linear"
        if h["type"] == "categorical":
            params[name] = Categorical(tuple(h["choices"]), when=when.get(name))
        elif h["type"] == "uniform_int":
            params[name] = Int(h["lower"], h["upper"], scale=scale, when=when.get(name))
        else:
            params[name] = Float(h["lower"], h["upper"], scale=scale, when=when.get(name))
    return Space(params)
