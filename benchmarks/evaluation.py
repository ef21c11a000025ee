"""Honesty of evaluation: what is promised, what is chosen, what stopping saves, what tests say.

    python -m benchmarks.evaluation promise --sets 30 --seeds 20   # hours
    python -m benchmarks.evaluation promise --minutes 15 --save    # as many as there is time for
    python -m benchmarks.evaluation noise --seeds 50
    python -m benchmarks.evaluation guard --seeds 3
    python -m benchmarks.evaluation race --seeds 5
    python -m benchmarks.evaluation tests --seeds 1000

- `promise`: searches on small data sets of which 4,000 more rows are known: the promise of `search`
  and the best score of the cross-validation, less the score of the final model on those rows; how
  often that model is worse than the default there, and how often the best of the cross-validation
  is; how often the best leader is chosen where it is better by 3 points there, and where it is not
  better at all.
- `noise`: the same where targets are drawn without regard to the rows, so that nothing can be
  better than the default.
- `guard`: rules that choose the best leader or the default, where 39 random configurations and the
  default were run on the same folds, and three leaders and the default on fresh ones: how often the
  leader is chosen in noise, where it is no better on new rows, and where it is better by 3 points.
- `race`: full 5-fold cross-validation, and stopping among folds by `FoldRace`: the share of fits,
  whether the best of all trials that were begun was kept, and the score of the final model.
- `tests`: how often each test calls two models different that are equal, on simulated scores of
  folds that are correlated as folds are, and of rows of a hold-out.
- `trees`: the same of the tests over folds, for trees that differ in their random numbers only.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np

import luthier
from benchmarks.common.results import describe_run, save_results
from luthier import Float, Int, Space, State
from luthier.evaluation import (
    Evaluate,
    compare,
    compare_folds,
    fit_all,
    plan_folds,
    search,
)
from luthier.evaluation.bias_corrected import expect_gain, judge_gain
from luthier.numerics.resampling import one_sided_corrected_t

_CLEAR = 0.03  # of accuracy
N_NEW = 4000  # rows that show what a model is worth


class Problem(NamedTuple):
    """Rows for a search, rows that show the truth, and a model with its space."""

    name: str
    X: np.ndarray
    y: np.ndarray
    X_new: np.ndarray
    y_new: np.ndarray
    model: Any
    space: Space

    def evaluate(self, seed: int, patience: Any = "usual") -> Evaluate:
        """The model on 5 stratified folds."""
        plan = plan_folds(len(self.y), 5, stratify=self.y, seed=seed)
        return Evaluate(self.model, self.X, self.y, plan, "accuracy", patience=patience)

    def score(self, evaluate: Evaluate, params: Any) -> float:
        """The accuracy of the final model on new rows."""
        model = fit_all(evaluate, params)
        return float((model.predict(self.X_new) == self.y_new).mean())


def tree() -> tuple[Any, Space]:
    """A decision tree."""
    from sklearn.tree import DecisionTreeClassifier

    space: dict[str, Any] = {
        "max_depth": Int(1, 20),
        "min_samples_leaf": Int(1, 40, scale="log"),
        "ccp_alpha": Float(0.0, 0.05),
    }
    return DecisionTreeClassifier(random_state=0), Space(space)


def machine() -> tuple[Any, Space]:
    """A support vector machine."""
    from sklearn.svm import SVC

    space = {"C": Float(1e-2, 1e3, scale="log"), "gamma": Float(1e-4, 10.0, scale="log")}
    return SVC(), Space(space)


def neighbours() -> tuple[Any, Space]:
    """Nearest neighbours."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(), Space({"n_neighbors": Int(1, 40), "p": Float(1.0, 4.0)})


MODELS: tuple[Callable[[], tuple[Any, Space]], ...] = (tree, machine, neighbours)


def problem(number: int, seed: int, noise: bool = False) -> Problem:
    """One of 30 kinds of data, in one draw: 60 to 500 rows, 4 to 20 columns, 2 or 3 classes."""
    from sklearn.datasets import make_classification

    kind = np.random.default_rng(number)
    n = int(kind.choice([60, 100, 150, 250, 500]))
    n_informative = int(kind.integers(3, 6))
    X, y = make_classification(
        n + N_NEW,
        int(n_informative + kind.integers(1, 15)),
        n_informative=n_informative,
        n_redundant=0,
        n_classes=int(kind.choice([2, 3])),
        n_clusters_per_class=int(kind.choice([1, 2])),
        flip_y=float(kind.choice([0.0, 0.05, 0.2])),
        class_sep=float(kind.choice([0.5, 1.0])),
        random_state=1000 * number + seed,
    )
    if noise:
        y = np.random.default_rng([number, seed]).permutation(y)
    model, space = MODELS[number % 3]()
    return Problem(f"{number}", X[:n], y[:n], X[n:], y[n:], model, space)


def judge_search(number: int, seed: int, noise: bool, n_trials: int) -> dict[str, float]:
    """Return the figures of one search."""
    at = problem(number, seed, noise)
    evaluate = at.evaluate(seed)
    result = search(evaluate, at.space, n_trials, seed=seed, name="s", storage=None)
    row = {
        "n": len(at.y),
        "chosen": at.score(evaluate, result.params),
        "promise": result.promise.value,
        "low": result.promise.low,
        "high": result.promise.high,
        "is_default": float(result.is_default),
        "default": at.score(evaluate, result.default.params),
    }
    # What tools do that return the best of the cross-validation.
    naive = max(
        (x for x in (*result.leaders, result.default) if x.searched == x.searched),
        key=lambda x: x.searched,
    )
    row |= {"naive": naive.searched, "naive_chosen": at.score(evaluate, naive.params)}
    best = result.leaders[0] if result.leaders else result.default
    row["leader_chosen"] = at.score(evaluate, best.params)
    row["p"] = result.p
    return row


def summarise_searches(rows: list[dict[str, float]], n_sets: int) -> dict[str, float]:
    """Return the figures of all searches: biases are means of each data set's."""
    of = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    per_set = np.arange(len(rows)) % n_sets

    def bias(promise: str, chosen: str) -> tuple[float, float]:
        error = of[promise] - of[chosen]
        each = np.array([error[per_set == i].mean() for i in range(n_sets)])
        return float(each.mean()), float(np.abs(each).mean())

    ours, naive = bias("promise", "chosen"), bias("naive", "naive_chosen")
    covered = (of["low"] <= of["chosen"]) & (of["chosen"] <= of["high"])
    worse = 0.005  # half a point of 4,000 rows
    gain = of["leader_chosen"] - of["default"]
    chosen = of["is_default"] == 0
    better, no_better = gain >= _CLEAR, gain <= 0
    return {
        "n_searches": len(rows),
        "bias": ours[0],
        "naive_bias": naive[0],
        "mean_abs_bias_of_sets": ours[1],
        "naive_mean_abs_bias_of_sets": naive[1],
        "covered": float(covered.mean()),
        "default_share": float(of["is_default"].mean()),
        "worse_than_default": float((of["chosen"] < of["default"] - worse).mean()),
        "naive_worse_than_default": float((of["naive_chosen"] < of["default"] - worse).mean()),
        "score": float(of["chosen"].mean()),
        "naive_score": float(of["naive_chosen"].mean()),
        "default_score": float(of["default"].mean()),
        "n_clearly_better": int(better.sum()),
        "chosen_of_clearly_better": _share(chosen, better),
        "n_no_better": int(no_better.sum()),
        "chosen_of_no_better": _share(chosen, no_better),
    }


def _share(what: np.ndarray, among: np.ndarray) -> float:
    return float(what[among].mean()) if among.any() else float("nan")


def judge_guard(number: int, seed: int, noise: bool) -> dict[str, float]:
    """Return the p-values of rules for the best leader of one search, and its gain on new rows."""
    at = problem(number, seed, noise)
    evaluate = at.evaluate(seed)
    metric = evaluate.metrics[0]
    rng = np.random.default_rng([number, seed, noise])
    configurations: list[dict[str, Any]] = [{}]
    configurations += at.space.decode(at.space.sample(rng, 39))
    found = [evaluate.run(params) for params in configurations]
    score = [results.mean("accuracy") for results in found]
    leaders = [i for i in np.argsort(score)[::-1].tolist() if i][:3]
    plans = [evaluate.plan.redraw(900 + i) for i in range(3)]
    fresh = {i: [evaluate.run(configurations[i], plan) for plan in plans] for i in (0, *leaders)}
    folds = {i: [s[0] for run in runs for s in run.scores] for i, runs in fresh.items()}
    rows = {i: np.mean([run.rows for run in runs], axis=0) for i, runs in fresh.items()}
    best = max(leaders, key=lambda i: np.mean(folds[i]))
    gain = expect_gain([r.rows for r in found], found[0].rows, at.y, metric)
    over_folds = one_sided_corrected_t(np.subtract(folds[best], folds[0]), plans[0].ratio)
    return {
        "gain": at.score(evaluate, configurations[best]) - at.score(evaluate, {}),
        "t over folds, 5 % / 3": over_folds * 3,
        "t over folds, 3 %": over_folds * 5 / 3,
        "t over folds, 5 %": over_folds,
        "gain less optimism, over rows": judge_gain(
            rows[best], rows[0], at.y, metric, gain.optimism
        ),
        "gain, over rows": judge_gain(rows[best], rows[0], at.y, metric),
        "always": 0.0,
    }


def summarise_guard(
    rows: list[dict[str, float]], in_noise: list[dict[str, float]]
) -> dict[str, dict[str, float]]:
    """Return how often each rule, at a level of 5 %, chooses a leader."""
    gain = np.array([row["gain"] for row in rows])
    figures = {}
    for name in (key for key in rows[0] if key != "gain"):
        chosen = np.array([row[name] < 0.05 for row in rows])
        figures[name] = {
            "in_noise": float(np.mean([row[name] < 0.05 for row in in_noise])),
            "of_no_better": _share(chosen, gain <= 0),
            "of_clearly_better": _share(chosen, gain >= _CLEAR),
            "mean_gain_points": 100 * float((gain * chosen).mean()),
            "worse_than_default": float(((gain < -0.005) & chosen).mean()),
            "n": len(rows),
        }
    return figures


def judge_race(number: int, seed: int, n_trials: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Return the figures of one search in full, and stopped among folds."""
    at = problem(number, seed)
    for patience in ("none", "usual", "safe"):
        evaluate = at.evaluate(seed, "usual" if patience == "none" else patience)
        study = luthier.create_study(
            space=at.space,
            direction="maximize",
            seed=seed,
            scheduler=None if patience == "none" else evaluate.scheduler,
        )
        study.optimize(evaluate, n_trials, progress=False)
        full = {
            row.number: evaluate.run(row.params).mean("accuracy")
            for row in study.trials
            if row.state == State.PRUNED
        }
        kept = study.best_value >= max(full.values(), default=0.0) - 1e-12
        yield (
            patience,
            {
                "fits": study.history.n_reports / (5 * n_trials),
                "kept": float(kept),
                "score": at.score(evaluate, study.best_params),
            },
        )


def judge_tests(seed: int) -> dict[str, bool]:
    """Return which tests call two equal models different, on simulated scores.

    Differences of folds have the correlation 1 / k. On 200 rows the two are right in 80 %, or have
    losses of one distribution, and share what makes a row hard.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, bool] = {}
    for k, r in ((5, 1), (10, 1), (5, 5), (10, 10)):
        shared = rng.normal() * np.sqrt(1 / k)
        d = shared + rng.normal(size=k * r) * np.sqrt(1 - 1 / k)
        over_folds = compare_folds(np.zeros(k * r), d, 1 / (k - 1))
        found[f"corrected t, {k} folds x {r}"] = over_folds.p < 0.05
        most = max(over_folds.better, over_folds.worse)
        found[f"Bayesian correlated t, {k} folds x {r}"] = most > 0.975
    easy = rng.random(200) < 0.8
    right = [np.where(rng.random(200) < 0.7, easy, rng.random(200) < 0.8) for _ in range(2)]
    hard = rng.gamma(2.0, 1.0, 200)
    losses = [hard + rng.normal(size=200) for _ in range(2)]
    for kind, pair in (("right or wrong", right), ("losses", losses)):
        over_rows = compare(*pair)
        found[f"{over_rows.test}"] = over_rows.p < 0.05
        found[f"bootstrap, {kind}"] = over_rows.low > 0 or over_rows.high < 0
    return found


def judge_trees(seed: int) -> dict[str, bool]:
    """Return which tests call two equal trees different, on one data set."""
    from sklearn.tree import DecisionTreeClassifier

    at = problem(0 if seed % 2 else 7, seed)
    found: dict[str, bool] = {}
    first, second = (
        Evaluate(
            DecisionTreeClassifier(max_features=1, max_depth=6, random_state=2 * seed + i),
            at.X,
            at.y,
            plan_folds(len(at.y), 5, stratify=at.y, seed=seed),
            "accuracy",
        )
        for i in range(2)
    )
    for k, r in ((5, 1), (10, 1), (5, 5)):
        plan = plan_folds(len(at.y), k, stratify=at.y, n_repeats=r, seed=seed)
        a, b = ([s[0] for s in e.run({}, plan).scores] for e in (first, second))
        result = compare_folds(a, b, plan)
        found[f"corrected t, {k} folds x {r}"] = result.p < 0.05
        found[f"Bayesian correlated t, {k} folds x {r}"] = max(result.better, result.worse) > 0.975
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evaluation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=("promise", "noise", "guard", "race", "tests", "trees"))
    parser.add_argument("--sets", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no more then")
    parser.add_argument("--save", action="store_true", help="write to benchmarks/results")
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    figures = run(arguments.part, arguments.sets, arguments.seeds, arguments.trials, end)
    for name, row in figures.items():
        print(f"{name:34}", ", ".join(f"{key} {value:.4g}" for key, value in row.items()))
    if arguments.save:
        settings = {k: v for k, v in vars(arguments).items() if k != "minutes"}
        head = describe_run("scikit-learn", **settings)
        print(save_results(f"evaluation-{arguments.part}", head, arguments.part, figures))


def run(
    part: str, n_sets: int, n_seeds: int, n_trials: int, end: float = float("inf")
) -> dict[str, dict[str, float]]:
    """Return the figures of a part, by name.

    Args:
        part: Its name.
        n_sets: How many kinds of data.
        n_seeds: How many draws of each.
        n_trials: Trials of a search.
        end: When nothing more is begun, by `time.monotonic`.
    """
    all_pairs = ((number, seed) for seed in range(n_seeds) for number in range(n_sets))
    pairs = takewhile(lambda _: time.monotonic() < end, all_pairs)
    if part in ("promise", "noise"):
        rows = [judge_search(number, seed, part == "noise", n_trials) for number, seed in pairs]
        return {part: summarise_searches(rows, min(n_sets, len(rows)))}
    if part == "guard":
        both = [[judge_guard(*pair, noise) for noise in (False, True)] for pair in pairs]
        return summarise_guard([row for row, _ in both], [row for _, row in both])
    if part == "race":
        races: dict[str, list[dict[str, float]]] = {}
        for number, seed in pairs:
            for name, row in judge_race(number, seed, n_trials):
                races.setdefault(name, []).append(row)
        return {
            name: {
                "n_searches": len(rows),
                **{key: float(np.mean([row[key] for row in rows])) for key in rows[0]},
            }
            for name, rows in races.items()
        }
    judge = judge_tests if part == "tests" else judge_trees
    found = [judge(seed) for seed in range(n_seeds)]
    return {
        name: {"called_different": float(np.mean([row[name] for row in found]))}
        for name in found[0]
    }


if __name__ == "__main__":
    main()
