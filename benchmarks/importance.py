"""Importances of parameters, luthier beside Optuna's three evaluators: truth, intervals and time.

    python -m benchmarks.importance                        # all functions, 20 seeds: takes an hour
    python -m benchmarks.importance --seeds 3 --trials search --peers ped
    python -m benchmarks.importance --trials random --n-random 100      # ranks beside all peers
    python -m benchmarks.importance --time 1000x10,10000x20 --peers ped,mdi

Functions: `common/known_importances.py`. Trials: 400 random ones, and 200 of a search by the
default sampler, which tries mostly good points. The same trials go to both libraries. luthier
estimates total indices, and its columns say how far it is from them (median over parameters and
seeds), which share of its 90 % intervals hold them, and how often a parameter without effect is
called important.
Optuna's importances are neither; they are compared by rank: with total indices and with first-order
indices, of which the one counts that is nearer. A parameter that Optuna leaves out, as it does with
those that are not always active, counts as 0.

Times are of one thread of the processor, on random trials of a linear function. Beside each of
Optuna's evaluators stands how many times as long it takes as luthier's "auto", and as luthier's
method of the same name; Optuna's MDI is compared with luthier's fANOVA, as both read a forest.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.known_importances import KNOWN_FUNCTIONS, KnownFunction
from benchmarks.common.peers import import_optuna
from benchmarks.common.results import describe_run, save_results
from luthier import Categorical, Float, Space, State, TrialRow, create_study
from luthier.analysis import Importance, importance
from luthier.analysis.model_quality import measure_quality
from luthier.history.history import History

N_RANDOM, N_SEARCH = 400, 200
PEERS = ("fanova", "mdi", "ped")
TRIALS = ("random", "search")


def draw(
    function: KnownFunction, kind: str, seed: int, cache: Path, n_random: int = N_RANDOM
) -> tuple[Any, np.ndarray]:
    """Return unit columns and values of trials; searches are kept in a folder."""
    space = function.space
    if kind == "random":
        X = space.sample(np.random.default_rng(1000 + seed), n_random)
        return X, np.array([function.loss(p) for p in space.decode(X)])
    file = cache / f"{function.name.replace(' ', '_')}_{seed}.npz"
    if not file.exists():
        study = create_study(space=space, seed=seed)
        study.optimize(lambda t: function.loss(dict(t.params)), N_SEARCH, progress=False)
        np.savez(file, X=study.history.X, y=study.history.values[:, 0])
    with np.load(file) as found:
        return found["X"], found["y"]


def to_history(space: Space, X: np.ndarray, y: np.ndarray, seed: int = 0) -> History:
    """Return trials as luthier sees them."""
    history = History(space, ["minimize"], seed)
    history.put(
        TrialRow(number=i, state=State.COMPLETE, params=p, values=(float(v),))
        for i, (p, v) in enumerate(zip(space.decode(X), y, strict=True))
    )
    return history


def to_optuna(space: Space, X: np.ndarray, y: np.ndarray) -> Any:
    """Return trials as Optuna sees them."""
    optuna = import_optuna()
    dists = {
        name: optuna.distributions.CategoricalDistribution(dist.choices)
        if isinstance(dist, Categorical)
        else optuna.distributions.FloatDistribution(dist.low, dist.high, log=dist.scale == "log")
        for name, dist in space.params.items()
    }
    study = optuna.create_study()
    study.add_trials(
        optuna.trial.create_trial(params=p, distributions={n: dists[n] for n in p}, value=float(v))
        for p, v in zip(space.decode(X), y, strict=True)
    )
    return study


def ask_optuna(study: Any, peer: str, names: Sequence[str], seed: int) -> np.ndarray:
    """Return Optuna's importances, 0 for the parameters that it leaves out."""
    made = import_optuna().importance
    evaluator = {
        "fanova": lambda: made.FanovaImportanceEvaluator(seed=seed),
        "mdi": lambda: made.MeanDecreaseImpurityImportanceEvaluator(seed=seed),
        "ped": made.PedAnovaImportanceEvaluator,
    }[peer]()
    found = made.get_param_importances(study, evaluator=evaluator)
    return np.array([found.get(name, 0.0) for name in names])


def in_order(result: Importance, values: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return values of a result in the order of the space; 0 where it does not say."""
    found = dict(zip(result.names, values.tolist(), strict=True))
    return np.array([found.get(name, 0.0) for name in names])


def rank_correlation(function: KnownFunction, values: np.ndarray) -> float:
    """Return Spearman's, with the total or the first-order indices, whichever is nearer."""
    truths = function.total, function.first
    return max(measure_quality(truth, values).rank_correlation for truth in truths)


def judge(
    function: KnownFunction,
    kind: str,
    seeds: int,
    peers: list[str],
    cache: Path,
    n_random: int = N_RANDOM,
) -> dict[str, float]:
    """Return the figures of luthier, and the rank correlation of each peer."""
    names = function.space.names
    errors, covers, false, ours = [], [], [], []
    theirs: dict[str, list[float]] = {peer: [] for peer in peers}
    for seed in range(seeds):
        X, y = draw(function, kind, seed, cache, n_random)
        result = importance(to_history(function.space, X, y, seed))
        values = in_order(result, result.values, names)
        low, high = (in_order(result, a, names) for a in (result.low, result.high))
        errors.append(np.abs(values - function.total))
        covers.append((low <= function.total) & (function.total <= high))
        false.append(in_order(result, result.important, names)[function.total == 0] > 0)
        ours.append(measure_quality(function.total, values).rank_correlation)
        study = to_optuna(function.space, X, y) if peers else None
        for peer in peers:
            found = ask_optuna(study, peer, names, seed)
            theirs[peer].append(rank_correlation(function, found))
    row = {
        "median": float(np.median(errors)),
        "mean": float(np.mean(errors)),
        "cover_percent": float(100 * np.mean(covers)),
        "false_percent": float(100 * np.mean(false)),
        "ranks": float(np.mean(ours)),
    }
    return row | {f"ranks_{peer}": float(np.mean(found)) for peer, found in theirs.items()}


def measure_time(size: str, peers: list[str]) -> dict[str, float]:
    """Return seconds of the processor for importances of n trials of d parameters."""
    n, d = map(int, size.split("x"))
    space = Space({f"x{j}": Float(0, 1) for j in range(d)})
    rng = np.random.default_rng(0)
    X = space.sample(rng, n)
    y = X @ np.arange(d, 0, -1.0) + rng.standard_normal(n)
    history = to_history(space, X, y)
    ours = {m: _seconds(lambda m=m: importance(history, m)) for m in ("auto", "fanova", "ped")}
    study = to_optuna(space, X, y) if peers else None
    theirs = {
        peer: _seconds(lambda peer=peer: ask_optuna(study, peer, space.names, 0)) for peer in peers
    }
    times = {f"luthier_{m}_s": s for m, s in ours.items()}
    for peer, taken in theirs.items():
        times |= {
            f"optuna_{peer}_s": taken,
            f"{peer}_times_auto": taken / ours["auto"],
            f"{peer}_times_like": taken / ours["ped" if peer == "ped" else "fanova"],
        }
    return times


def _seconds(work: Any) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.importance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", default=",".join(TRIALS), help="random, search")
    parser.add_argument("--n-random", type=int, default=N_RANDOM, help="random trials of each seed")
    parser.add_argument("--functions", default="", help="their names, with commas; all if empty")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"{', '.join(PEERS)}, or empty")
    parser.add_argument("--cache", type=Path, default=Path("searches"), help="folder of searches")
    parser.add_argument("--time", default="", help="only times, such as 1000x10,10000x20")
    parser.add_argument("--save", action="store_true", help="write to benchmarks/results")
    arguments = parser.parse_args()
    peers = [peer for peer in arguments.peers.split(",") if peer]
    if arguments.time:
        rows = {size: measure_time(size, peers) for size in arguments.time.split(",")}
        show(rows, "time", arguments.save)
        return
    arguments.cache.mkdir(exist_ok=True)
    rows = {}
    for make in KNOWN_FUNCTIONS:
        function = make()
        if arguments.functions and function.name not in arguments.functions.split(","):
            continue
        for kind in arguments.trials.split(","):
            name = f"{function.name}, {kind}"
            rows[name] = judge(
                function, kind, arguments.seeds, peers, arguments.cache, arguments.n_random
            )
            print(f"{name:20}", rows[name], flush=True)
    few = "" if arguments.n_random == N_RANDOM else f", {arguments.n_random} random trials"
    show(rows, f"{arguments.seeds} seeds{few}", arguments.save)


def show(rows: dict[str, dict[str, float]], part: str, save: bool) -> None:
    """Print rows of figures, and save them where that is asked for."""
    for name, row in rows.items():
        print(f"{name:20}", ", ".join(f"{key} {value:.4g}" for key, value in row.items()))
    if save:
        print(save_results("importance", describe_run("optuna"), part, rows))


if __name__ == "__main__":
    main()
