"""The Gaussian process over graphs: it keeps the contract, and finds more than other methods."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import pytest
from tests.support.search import best, search

import luthier
from luthier import Float, Int, Space, State, TrialRow
from luthier.errors import SamplerError
from luthier.history.history import History
from luthier.nas import Cell, Chain, GraphGP, LocalSearch, choose_sampler
from luthier.nas.graph_encoder import GraphEncoder, PathReader
from luthier.samplers import Evolution, Random
from luthier.schedulers import ASHA
from luthier.testing import check_sampler

CELL = Cell("cell", ["none", "skip", "conv1x1", "conv3x3", "pool"])
MLP = Chain("mlp", {"operation": ["dense", "gated"], "width": Int(4, 64, scale="log")}, 1, 3)
SPACES = {
    "cell": CELL.space(),
    "joint": MLP.space({"lr": Float(1e-4, 1e-1, scale="log")}),
}
GAIN = {"conv3x3": 1.0, "conv1x1": 0.8, "pool": 0.1}


def loss(params: dict[str, Any]) -> float:
    """Paths with two convolutions are worth most, whatever edges they run along."""
    paths = CELL.graph(params).count_paths()
    worth = [sum(GAIN.get(name, 0.0) for name in path) for path in paths]
    return -sum(min(w, 2.0) for w in worth) + 0.3 * sum(w > 2.0 for w in worth)


def joint_loss(params: dict[str, Any]) -> float:
    depth = params["mlp_depth"]
    return float((np.log10(params["lr"]) + 1.0 + 0.5 * depth) ** 2 + 0.1 * abs(depth - 2))


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("n_objectives", [1, 2])
def test_it_keeps_the_contract_of_samplers(name: str, n_objectives: int) -> None:
    block = CELL if name == "cell" else MLP
    check_sampler(GraphGP(block), n_objectives, [SPACES[name]], sizes=(0, 12))
    check_sampler(LocalSearch(), n_objectives, [SPACES[name]], sizes=(0, 25))


def test_it_keeps_the_contract_with_proxies() -> None:
    size = {"size": lambda p: float(len(CELL.graph(p).operations))}
    sampler = GraphGP(CELL, size)
    h = search(loss, SPACES["cell"], 14, GraphGP(CELL, size))
    again = [
        s.sample(h.space, h, 2, np.random.default_rng(0)) for s in (sampler, GraphGP(CELL, size))
    ]
    assert np.array_equal(*again)


@pytest.mark.parametrize("workers", [1, 4])
def test_it_finds_more_than_chance(workers: int) -> None:
    found = best(search(loss, SPACES["cell"], 28, GraphGP(CELL), 0, workers))
    chance = [best(search(loss, SPACES["cell"], 28, Random(), s)) for s in range(5)]
    assert found < min(chance)


def test_it_searches_architecture_and_hyperparameters_together() -> None:
    assert best(search(joint_loss, SPACES["joint"], 18, GraphGP(MLP))) < 0.05


def test_graphs_that_compute_the_same_are_the_same_to_the_kernel() -> None:
    space = SPACES["cell"]
    base = dict.fromkeys(CELL.params, "none")
    one = base | {"cell_0_1": "conv3x3", "cell_1_3": "skip"}
    same = base | {"cell_0_2": "skip", "cell_2_3": "conv3x3"}
    other = base | {"cell_0_1": "conv3x3", "cell_1_3": "pool"}
    X = space.encode([one, same, other])
    Z = GraphEncoder(PathReader(space, CELL), X).encode(X)
    assert np.array_equal(Z.N[0], Z.N[1])
    assert ((Z.N[0] - Z.N[2]) ** 2).sum() == pytest.approx(2)


def test_paths_that_no_trial_has_are_as_far_as_they_would_be_if_one_had() -> None:
    space = SPACES["cell"]
    X = space.sample(np.random.default_rng(1), 12)
    reader = PathReader(space, CELL)
    all_known = GraphEncoder(reader, X).encode(X).N
    few_known = GraphEncoder(reader, X[:4]).encode(X).N

    def distances(N: np.ndarray) -> np.ndarray:
        return ((N[:4, None] - N[None]) ** 2).sum(axis=2)

    assert distances(few_known) == pytest.approx(distances(all_known))


def size_of(params: Any) -> float:
    return float(len(CELL.graph(params).operations))


def test_a_proxy_that_tells_the_loss_has_its_say_and_one_that_misleads_has_none() -> None:
    rng = np.random.default_rng(0)
    told = GraphGP(CELL, {"loss": lambda p: 5 * loss(dict(p))})
    chance = GraphGP(CELL, {"chance": lambda p: float(crc32(repr(p).encode()))})
    h = search(loss, SPACES["cell"], 20, Random())
    for sampler in (told, chance):
        sampler.sample(h.space, h, 1, rng)
    assert told.memory_weight is not None
    assert chance.memory_weight is not None
    assert chance.memory_weight < 0.6 < 0.9 < told.memory_weight


def test_a_constraint_on_results_is_kept_in_the_end() -> None:
    study = luthier.create_study(space=SPACES["cell"], sampler=GraphGP(CELL), seed=0)

    def objective(trial: luthier.Trial) -> float:
        trial.set_constraint("size", size_of(trial.params) - 3)
        return loss(trial.params)

    study.optimize(objective, n_trials=22, progress=False)
    assert size_of(study.best_params) <= 3
    late = [size_of(row.params) <= 3 for row in study.trials[12:]]
    assert np.mean(late) > 0.6


def test_it_learns_from_trials_that_were_stopped_early() -> None:
    space = SPACES["cell"]
    h = History(space, ["minimize"], 0)
    rows = space.decode(space.sample(np.random.default_rng(0), 12))
    h.put(
        TrialRow(number=i, state=State.PRUNED, params=p, reports=((1.0, loss(p)),))
        for i, p in enumerate(rows[:6])
    )
    h.put(
        TrialRow(number=i, state=State.COMPLETE, params=p, values=(loss(p),))
        for i, p in enumerate(rows[6:], 6)
    )
    X = GraphGP(CELL).sample(space, h, 1, np.random.default_rng(0))
    assert not h.seen(X)[0]


def test_architecture_and_hyperparameters_are_searched_with_little_training() -> None:
    study = luthier.create_study(
        space=SPACES["joint"],
        sampler=GraphGP(MLP),
        scheduler=ASHA(min_resource=1, max_resource=9),
        seed=0,
    )

    def objective(trial: luthier.Trial) -> float:
        for step in range(trial.step + 1, 10):
            value = joint_loss(trial.params) + 3 / step
            trial.report(value, step, checkpoint={})
            if trial.should_stop():
                raise luthier.TrialPruned
        return value

    study.optimize(objective, n_trials=18, progress=False)
    assert joint_loss(study.best_params) < 0.2
    assert sum(len(row.reports) for row in study.trials) < 0.7 * 18 * 9


def test_a_space_without_the_architecture_is_refused() -> None:
    study = luthier.create_study(space=Space({"x": Float(0, 1)}), sampler=GraphGP(CELL), seed=0)
    with pytest.raises(SamplerError, match=r"the space has no \['cell_0_1'.*Cell.space\(\)"):
        study.optimize(lambda trial: trial.params["x"], n_trials=1, progress=False)
    with pytest.raises(SamplerError, match=r"a block such as nas\.Cell, got 'x'"):
        GraphGP("x")  # type: ignore[arg-type]


def test_a_proxy_that_tells_no_number_is_refused() -> None:
    h = search(loss, SPACES["cell"], 9, Random())
    with pytest.raises(SamplerError, match="the proxy 'size' told None of"):
        GraphGP(CELL, {"size": lambda p: None}).sample(h.space, h, 1, np.random.default_rng(0))


def test_few_trials_get_the_model_and_very_many_evolution() -> None:
    assert isinstance(choose_sampler(CELL, 100), GraphGP)
    assert isinstance(choose_sampler(CELL, 5000), Evolution)
    with pytest.raises(ValueError, match="n_trials must be a whole number"):
        choose_sampler(CELL, 0)


def test_what_a_fit_learns_from_is_the_same_whatever_came_later() -> None:
    space = SPACES["cell"]
    X = space.sample(np.random.default_rng(2), 20)
    seen = []
    for known in (X[:8], X):
        encoder = GraphEncoder(PathReader(space, CELL), known)
        Z, groups = encoder.narrow(encoder.encode(X[:8]))
        seen.append((Z.N, Z.C, groups))
    assert all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))
