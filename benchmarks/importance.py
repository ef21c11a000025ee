"""Importances of parameters, luthier beside Optuna's three evaluators: truth, intervals and time.

    python -m benchmarks.importance --trials random --n-random 100      # ranks beside all peers
    python -m benchmarks.importance --seeds 100 --peers ""              # intervals: takes an hour
    python -m benchmarks.importance --time 1000x10,10000x20

Functions: `common/known_importances.py`. Trials: 400 random ones, and 200 of a search by the
default sampler, which tries mostly good points. The same trials go to both libraries. luthier
estimates total indices, and its columns say how far it is from them (median over parameters and
seeds), which share of its 90 % intervals hold them, and how often a parameter without effect is
called important.
Optuna's importances are neither; they are compared by rank: with total indices and with first-order
indices, of which the one counts that is nearer. A parameter that Optuna leaves out, as it does with
those that are not always active, counts as 0.

Each seed of a function stands in the file of runs once it is done and is not run again. `--save`
writes three files: ranks beside peers, intervals without peers, and times.

Times are of one thread of the processor, on random trials of a linear function. Beside each of
Optuna's evaluators stands how many times as long it takes as luthier's "auto", and as luthier's
method of the same name; Optuna's MDI is compared with luthier's fANOVA, as both read a forest.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import signal
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
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
N_TIMES = 3
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
    function: KnownFunction, kind: str, seed: int, peers: list[str], cache: Path, n_random: int
) -> dict[str, Any]:
    """Return what luthier says of the trials of one seed, and how well each library ranks."""
    names = function.space.names
    X, y = draw(function, kind, seed, cache, n_random)
    result = importance(to_history(function.space, X, y, seed))
    values, low, high, important = (
        in_order(result, of, names).tolist()
        for of in (result.values, result.low, result.high, result.important)
    )
    ranks = {"ranks": measure_quality(function.total, np.array(values)).rank_correlation}
    study = to_optuna(function.space, X, y) if peers else None
    for peer in peers:
        found = ask_optuna(study, peer, names, seed)
        ranks[f"ranks_{peer}"] = rank_correlation(function, found)
    return {"values": values, "low": low, "high": high, "important": important, **ranks}


def summarise(function: KnownFunction, runs: list[dict[str, Any]]) -> dict[str, float]:
    """Return the figures of some seeds of one function and kind of trials.

    "cover_percent" is of all parameters, "cover_effect_percent" of those that have an effect, and
    "cover_se" the standard error of the latter over seeds.
    """
    columns = ("values", "low", "high", "important")
    values, low, high, important = (np.array([run[c] for run in runs]) for c in columns)
    errors = np.abs(values - function.total)
    holds = (low <= function.total) & (function.total <= high)
    effect = function.total > 0
    by_seed = 100 * holds[:, effect].mean(axis=1)
    return {
        "seeds": len(runs),
        "median": float(np.median(errors)),
        "mean": float(errors.mean()),
        "cover_percent": float(100 * holds.mean()),
        "cover_effect_percent": float(by_seed.mean()),
        "cover_se": float(by_seed.std(ddof=1) / np.sqrt(len(runs))) if len(runs) > 1 else math.nan,
        "false_percent": float(100 * np.mean(important[:, ~effect])),
        **{key: float(np.mean([run[key] for run in runs])) for key in runs[0] if "ranks" in key},
    }


def measure_time(size: str, peers: list[str], limit_s: float) -> dict[str, float]:
    """Return seconds of the processor for importances of n trials of d parameters.

    A peer that does not end within the limit stands with it, and "<peer>_ended" is 0.
    """
    n, d = map(int, size.split("x"))
    space = Space({f"x{j}": Float(0, 1) for j in range(d)})
    rng = np.random.default_rng(0)
    X = space.sample(rng, n)
    y = X @ np.arange(d, 0, -1.0) + rng.standard_normal(n)
    history = to_history(space, X, y)
    times: dict[str, float] = {}
    for method in ("auto", "fanova", "ped"):
        times[f"luthier_{method}_s"] = measure_seconds(partial(importance, history, method))
    study = to_optuna(space, X, y) if peers else None
    for peer in peers:
        taken = measure_seconds(partial(ask_optuna, study, peer, space.names, 0), limit_s)
        like = "ped" if peer == "ped" else "fanova"
        times |= {
            f"optuna_{peer}_s": taken,
            f"{peer}_ended": float(taken < limit_s),
            f"{peer}_times_auto": taken / times["luthier_auto_s"],
            f"{peer}_times_like": taken / times[f"luthier_{like}_s"],
        }
    return times


def measure_seconds(work: Callable[[], object], limit_s: float = math.inf) -> float:
    """Return the median of seconds of the processor over three times, or the limit where it ends.

    The first time does not count: it loads modules. What takes more than a tenth of the limit is
    measured once.
    """
    first = _seconds_once(work, limit_s)
    if first > limit_s / 10:
        return first
    return statistics.median(_seconds_once(work, limit_s) for _ in range(N_TIMES))


def _seconds_once(work: Callable[[], object], limit_s: float) -> float:
    begin = time.process_time()
    signal.signal(signal.SIGPROF, _raise_timeout)
    signal.setitimer(signal.ITIMER_PROF, 0 if limit_s == math.inf else limit_s)
    try:
        work()
    except TimeoutError:
        return limit_s
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time() - begin


def _raise_timeout(*_: object) -> None:
    raise TimeoutError


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
    parser.add_argument("--runs", type=Path, default=Path("importances.jsonl"), help="file of runs")
    parser.add_argument("--time", default="", help="only times, such as 1000x10,10000x20")
    parser.add_argument("--limit-s", type=float, default=600.0, help="for each peer, with --time")
    parser.add_argument("--save", action="store_true", help="write to benchmarks/results")
    arguments = parser.parse_args()
    peers = [peer for peer in arguments.peers.split(",") if peer]
    if arguments.time:
        rows = {}
        for size in arguments.time.split(","):
            rows[size] = measure_time(size, peers, arguments.limit_s)
            print(size, "done", flush=True)
        show(rows, "time", arguments.save, peers=peers, limit_s=arguments.limit_s)
        return
    arguments.cache.mkdir(exist_ok=True)
    wanted = [f for f in arguments.functions.split(",") if f]
    functions = [f for f in (make() for make in KNOWN_FUNCTIONS) if not wanted or f.name in wanted]
    cells = [(f, kind) for f in functions for kind in arguments.trials.split(",")]
    runs = read_runs(arguments.runs)
    for seed, (function, kind) in itertools.product(range(arguments.seeds), cells):
        key = run_key(function.name, kind, seed, peers, arguments.n_random)
        if key in runs:
            continue
        runs[key] = judge(function, kind, seed, peers, arguments.cache, arguments.n_random)
        with arguments.runs.open("a", encoding="utf-8") as out:
            out.write(json.dumps([key, runs[key]]) + "\n")
        print(key, flush=True)

    rows = {}
    for function, kind in cells:
        keys = (
            run_key(function.name, kind, seed, peers, arguments.n_random)
            for seed in range(arguments.seeds)
        )
        rows[f"{function.name}, {kind}"] = summarise(function, [runs[key] for key in keys])
    settings = {"n_random": arguments.n_random, "peers": peers}
    show(rows, "ranks" if peers else "intervals", arguments.save, **settings)


def run_key(name: str, kind: str, seed: int, peers: list[str], n_random: int) -> str:
    """Return what tells one run from all others."""
    return ", ".join(map(str, (name, kind, seed, n_random, *peers)))


def read_runs(file: Path) -> dict[str, dict[str, Any]]:
    """Return the runs that a file has, by their key."""
    if not file.exists():
        return {}
    return dict(json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())


def show(rows: dict[str, dict[str, float]], part: str, save: bool, **settings: Any) -> None:
    """Print rows of figures, and save them where that is asked for."""
    for name, row in rows.items():
        print(f"{name:20}", ", ".join(f"{key} {value:.4g}" for key, value in row.items()))
    if save:
        head = describe_run("optuna", **settings)
        print(save_results(f"importance-{part}", head, part, rows))


if __name__ == "__main__":
    main()
