"""Rules that stop configurations among the folds of a cross-validation, on tables of their scores.

    python -m benchmarks.fold_rules                       # configurations drawn at random
    python -m benchmarks.fold_rules --tpe --minutes 15    # in the order of searches by TPE

All configurations of a search are scored on all 5 folds first. Then each rule goes through the same
table: it costs no training, and all rules see the same configurations. The data sets are those of
`benchmarks.evaluation`. The figures of a rule are the share of folds that it runs, how often the
best of all means is among those that it kept, and how much the mean of its best is worse, in
points.

Rules, for differences d of losses to the best so far, over k of K folds; s is the median, over the
complete configurations, of the standard deviation of d between folds:

- `fixed`: mean(d) > c s / sqrt(k).
- `finite`: mean(d) > c s sqrt(1/k - 1/K), as only K - k folds are not known.
- `seen`: as `finite`, but with the spread and the bias that means of these very folds had among the
  complete configurations; `seen 1.3` is `FoldRace`.
- `t`: a one-sided corrected t test at a level.
- `odds`: the probability that the mean of all folds is better falls below a bound, where the
  differences of all configurations so far are the prior.

"ordered" runs the folds first whose differences followed the mean difference best.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import luthier
from benchmarks.common.results import describe_run, save_results
from benchmarks.evaluation import problem
from luthier.numerics.resampling import one_sided_corrected_t
from luthier.schedulers.fold_race import is_behind

K = 5
_FEWEST = 5  # other complete configurations from which on spreads are known

# Differences to the best over the first folds -> whether to stop.
Stop = Callable[[np.ndarray], bool]
# Differences (m, K) of complete configurations, mean differences of stopped ones -> Stop.
Rule = Callable[[np.ndarray, list[float]], Stop]


def fixed(c: float) -> Rule:
    """Return the rule with a standard error of k folds."""

    def make(table: np.ndarray, stopped: list[float]) -> Stop:
        s = c * float(np.median(table.std(axis=1, ddof=1)))
        return lambda d: bool(d.mean() > s / math.sqrt(len(d)))

    return make


def finite(c: float) -> Rule:
    """Return the rule with the standard error of what is left."""

    def make(table: np.ndarray, stopped: list[float]) -> Stop:
        s = c * float(np.median(table.std(axis=1, ddof=1)))
        return lambda d: bool(d.mean() > s * math.sqrt(1 / len(d) - 1 / K))

    return make


def seen(c: float) -> Rule:
    """Return the rule with the errors that means of these folds had."""
    return lambda table, stopped: lambda d: is_behind(table, np.arange(len(d)), d, c)


def t_test(level: float) -> Rule:
    """Return the rule by a corrected t test."""
    return lambda table, stopped: lambda d: one_sided_corrected_t(d, 1 / (K - 1)) < level


def odds(least: float) -> Rule:
    """Return the rule by the probability of being better in the end."""

    def make(table: np.ndarray, stopped: list[float]) -> Stop:
        s = float(np.median(table.std(axis=1, ddof=1)))
        before = np.concatenate([table.mean(axis=1), stopped])
        m = float(np.median(before))
        prior = max(1.4826 * float(np.median(np.abs(before - m))), 1e-4) ** 2

        def stop(d: np.ndarray) -> bool:
            error = s * s * (1 / len(d) - 1 / K) + 1e-12
            w = prior / (prior + error)
            mean = w * d.mean() + (1 - w) * m
            return bool(math.erfc(mean / math.sqrt(2 * w * error)) / 2 < least)

        return stop

    return make


RULES: dict[str, tuple[Rule, bool]] = {
    "fixed 1": (fixed(1.0), False),
    "fixed 0.75": (fixed(0.75), False),
    "fixed 0.5": (fixed(0.5), False),
    "finite 1": (finite(1.0), False),
    "finite 0.75": (finite(0.75), False),
    "seen 1.5": (seen(1.5), False),
    "seen 1.3": (seen(1.3), False),
    "seen 1": (seen(1.0), False),
    "seen 0.75": (seen(0.75), False),
    "t 10 %": (t_test(0.1), False),
    "t 30 %": (t_test(0.3), False),
    "odds 2 %": (odds(0.02), False),
    "odds 5 %": (odds(0.05), False),
    "odds 10 %": (odds(0.1), False),
    "fixed 1, ordered": (fixed(1.0), True),
    "fixed 0.75, ordered": (fixed(0.75), True),
    "seen 1, ordered": (seen(1.0), True),
    "seen 0.75, ordered": (seen(0.75), True),
}


def run_rule(losses: np.ndarray, rule: Rule, ordered: bool) -> tuple[float, bool, float]:
    """Return the share of folds, whether the best is kept, and by how much that found is worse.

    Args:
        losses: (n, K) of configurations, in the order in which they are tried.
        rule: The rule.
        ordered: Whether folds are run in the order in which they told most.
    """
    whole = losses.mean(axis=1)
    complete, stopped, best, n_folds = [0], list[float](), 0, K
    for i in range(1, len(losses)):
        others = losses[[j for j in complete if j != best]] - losses[best]
        known = len(others) >= _FEWEST
        folds = np.arange(K)
        if ordered and known:
            folds = np.argsort(((others - others.mean(axis=1, keepdims=True)) ** 2).mean(axis=0))
        stop = rule(others[:, folds], stopped) if known else None
        for k in range(1, K):
            own = losses[i, folds[:k]]
            d = own - losses[best, folds[:k]]
            if stop(d) if stop is not None else own.mean() > losses[best].max():
                stopped.append(float(d.mean()))
                n_folds += k
                break
        else:
            complete.append(i)
            n_folds += K
            best = i if whole[i] < whole[best] else best
    worse = float(whole[best] - whole.min())
    return n_folds / losses.size, worse < 1e-12, worse


def draw_tables(n_trials: int, by_tpe: bool, end: float) -> Iterator[np.ndarray]:
    """Yield losses (n_trials, K) of searches, until a time by `time.monotonic`."""
    for seed in range(1000):
        for number in np.random.default_rng(seed).permutation(30).tolist():
            if time.monotonic() > end:
                return
            at = problem(number, seed)
            evaluate = at.evaluate(seed)
            study = luthier.create_study(
                space=at.space,
                direction="maximize",
                sampler="tpe" if by_tpe else "random",
                seed=seed,
            )
            study.optimize(evaluate, n_trials, progress=False)
            scores = [row.tags["evaluation"]["scores"]["accuracy"] for row in study.trials]
            yield -np.array(scores)


def summarise(tables: list[np.ndarray]) -> dict[str, dict[str, float]]:
    """Return the figures of each rule."""
    found = {}
    for name, (rule, ordered) in RULES.items():
        share, kept, worse = np.array([run_rule(table, rule, ordered) for table in tables]).T
        found[name] = {
            "fits": float(share.mean()),
            "kept": float(kept.mean()),
            "worse_points": 100 * float(worse.mean()),
            "n": len(tables),
        }
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--tpe", action="store_true")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--save", action="store_true", help="write to benchmarks/results")
    args: Any = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    figures = summarise(list(draw_tables(args.trials, args.tpe, end)))
    for name, row in figures.items():
        print(f"{name:22}", ", ".join(f"{key} {value:.4g}" for key, value in row.items()))
    if args.save:
        head = describe_run("scikit-learn", trials=args.trials)
        order = "tpe" if args.tpe else "random"
        print(save_results(f"fold-rules-{order}", head, "rules", figures))


if __name__ == "__main__":
    main()
