"""NSGA-II and NSGA-III: populations read off the history; feasible, front, crowding or niche."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.errors import SamplerError
from luthier.history.history import History
from luthier.numerics.hypervolume import hypervolume
from luthier.numerics.pareto import fronts, is_non_dominated
from luthier.numerics.random_streams import Streams
from luthier.samplers import NSGA2, NSGA3, QMC, Sampler
from luthier.samplers.nsga import tabulate_outcomes
from luthier.samplers.nsga3 import associate, das_dennis, lattice, normalise
from luthier.samplers.variation import CROSSOVERS, MUTATIONS

BOTH = pytest.mark.parametrize("kind", [NSGA2, NSGA3])
CUBE = Space({f"x{j}": Float(0, 1) for j in range(6)})
TREE = Space(
    {
        "m": ["a", "b", "c"],
        "x": Float(1e-4, 1, scale="log"),
        "y": Float(0, 1, when={"m": "a"}),
        "k": Int(1, 100, scale="log", when={"m": ["a", "b"]}),
        "o": Categorical(["s", "m", "l"], ordered=True),
        "step": Float(0, 1, step=0.1),
    },
    ["o != 's' or step <= 0.5", lambda p: p["x"] * p.get("k", 0) < 5],
)


def zdt1(p: dict) -> tuple[float, ...]:
    first, *rest = p.values()
    g = 1 + 9 * sum(rest) / len(rest)
    return first, g * (1 - math.sqrt(first / g))


def dtlz2(p: dict) -> tuple[float, ...]:
    a, b, *rest = p.values()
    g = 1 + sum((v - 0.5) ** 2 for v in rest)
    a, b = a * math.pi / 2, b * math.pi / 2
    return g * math.cos(a) * math.cos(b), g * math.cos(a) * math.sin(b), g * math.sin(a)


def tree(p: dict) -> tuple[float, ...]:
    return abs(math.log10(p["x"]) + 2) + p.get("y", 0.5), p.get("k", 50) / 100 + p["step"] + (
        p["m"] == "c"
    )


def search(
    f, m: int, space: Space, n: int, sampler: Sampler, seed: int = 0, workers: int = 1, told=None
) -> History:
    """N trials, `workers` at a time, that finish in random order.

    `told` gives the constraints of params.
    """
    h = History(space, ["minimize"] * m, seed)
    streams = Streams(seed)
    rng = np.random.default_rng(seed)
    running: list[TrialRow] = []
    while h.n < n or running:
        while len(running) < workers and h.n < n:
            params = space.decode(sampler.sample(space, h, 1, streams.at(h.n)))[0]
            running.append(TrialRow(number=h.n, state=State.RUNNING, params=params))
            h.put(running[-1:])
        row = running.pop(rng.integers(len(running)))
        ended(h, row.number, row.params, f(row.params), told(row.params) if told else {})
    return h


def ended(
    h: History,
    number: int,
    params: dict,
    values: tuple,
    constraints: dict | None = None,
    state=State.COMPLETE,
):
    h.put(
        [
            TrialRow(
                number=number,
                state=state,
                params=params,
                values=values,
                constraints=constraints or {},
            )
        ]
    )


def random_history(space: Space, n: int, m: int, seed: int) -> History:
    """Trials of all kinds: infeasible, failed, running, of infinite loss."""
    rng = np.random.default_rng(seed)
    h = History(space, ["minimize", "maximize", "minimize"][:m], seed)
    for i, params in enumerate(space.decode(space.sample(rng, n))):
        state = [State.COMPLETE, State.COMPLETE, State.COMPLETE, State.FAILED, State.RUNNING][
            rng.integers(5)
        ]
        values = tuple(
            rng.choice([-math.inf, 0.0, 1.0, 1e300, math.inf, *rng.random(10)], m).tolist()
        )
        told = (
            {"size": float(rng.normal()), "time": float(rng.normal())} if rng.random() < 0.5 else {}
        )
        ended(h, i, params, values if state == State.COMPLETE else None, told, state)
    return h


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(("f", "reference"), [(zdt1, [1.1, 7]), (dtlz2, [2, 2, 2])])
@BOTH
def test_it_dominates_more_than_an_even_spread(kind, f, reference, workers: int) -> None:
    def left(sampler: Sampler, seed: int) -> float:
        """How much of the best possible is missing."""
        best = 1.1 * 7 - 1 / 3 if f is zdt1 else 8 - math.pi / 6
        losses = search(f, len(reference), CUBE, 200, sampler, seed, workers).losses
        return best - hypervolume(losses, np.array(reference, dtype=float))

    ours, even = (np.mean([left(s, seed) for seed in range(2)]) for s in (kind(), QMC()))
    assert ours < (0.65 if f is zdt1 else 0.85) * even


@BOTH
def test_trees_of_conditions_are_searched(kind) -> None:
    ours, even = (search(tree, 2, TREE, 100, s).losses for s in (kind(), QMC()))
    reference = np.array([3.0, 3.0])
    assert 9 - hypervolume(ours, reference) < 0.75 * (9 - hypervolume(even, reference))


@BOTH
@pytest.mark.parametrize("crossover", CROSSOVERS)
@pytest.mark.parametrize("mutation", MUTATIONS)
@settings(max_examples=4)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 100), m=st.integers(2, 3))
def test_proposals_are_legal(
    kind, crossover: str, mutation: str, seed: int, n: int, m: int
) -> None:
    sampler = kind(12, crossover=crossover, mutation=mutation)
    X = sampler.sample(TREE, random_history(TREE, n, m, seed), 3, np.random.default_rng(seed))
    assert len(X) == 3
    assert (np.isnan(X) == ~TREE.active(X)).all()
    for params in TREE.decode(X):
        TREE.check(params)


@BOTH
@settings(max_examples=5)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_the_same_history_gives_the_same_proposal(kind, seed: int, data) -> None:
    """Whatever the object has seen before: shorter ones, other ones, trials that ended late."""
    used = kind(8)
    full = random_history(TREE, 60, 2, seed)
    for _ in range(4):
        hidden = np.random.default_rng(data.draw(st.integers(0, 99))).random(60) < data.draw(
            st.floats(0, 0.5)
        )
        h = full.without(hidden)
        ours, fresh = (s.sample(TREE, h, 2, np.random.default_rng(1)) for s in (used, kind(8)))
        np.testing.assert_array_equal(ours, fresh)
    other = random_history(CUBE, 50, 3, seed)
    np.testing.assert_array_equal(
        *(s.sample(CUBE, other, 1, np.random.default_rng(1)) for s in (used, kind(8)))
    )


@BOTH
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), n=st.integers(8, 60), m=st.integers(2, 3))
def test_the_worst_leaves_the_population(kind, seed: int, n: int, m: int) -> None:
    """The infeasible by violation, then the last front.

    Whoever joins, nobody better than who stays is let go.
    """
    table = tabulate_outcomes(random_history(TREE, n, m, seed))
    sampler, alive = kind(6), []
    for k in range(1, n + 1):
        there = [*alive, k - 1] if table[k - 1, 0] >= 0 else list(alive)
        alive = sampler.population(table[:k]).tolist()
        assert len(alive) == len(set(alive)) == min(len(there), 6)
        assert set(alive) <= set(there)
        violation, losses = table[there, 0], table[there, 1:]
        key = np.where(violation > 0, 1e6 + violation, 0.0)
        key[violation == 0] = fronts(losses[violation == 0])
        rank = dict(zip(there, key.tolist(), strict=True))
        assert all(rank[i] >= max(rank[j] for j in alive) for i in set(there) - set(alive))
        assert sorted(rank[i] for i in alive) == [rank[i] for i in alive]


@BOTH
def test_violations_lead_to_what_is_feasible(kind) -> None:
    """As in C2 of Jain & Deb 2014, what is feasible is small.

    A ball of a few percent of the space.
    """

    def told(p: dict) -> dict:
        return {
            "ball": sum((v - 0.8) ** 2 for v in p.values()) - 0.15,
            "half": 100.0 * (p["x0"] - 0.8),
        }

    h = search(zdt1, 2, CUBE, 200, kind(), told=told)
    assert h.feasible[:24].sum() <= 1
    assert h.feasible[-50:].mean() > 0.5


def test_infeasible_trials_are_parents_only_for_want_of_others() -> None:
    """However good their losses are."""
    h, rng = History(CUBE, ["minimize"] * 2), np.random.default_rng(0)
    for i in range(60):
        bad = i % 2 == 1
        point = dict.fromkeys(CUBE.names, 0.9 if bad else 0.1)
        point["x0"] += 0.1 * rng.random()
        ended(
            h,
            i,
            point,
            (-9.0 - i, -9.0) if bad else (rng.random(), rng.random()),
            {"c": 1.0 if bad else -1.0},
        )
    got = NSGA2(20, mutation_rate=0).sample(CUBE, h, 40, np.random.default_rng(0))
    assert got.max() < 0.5
    few = NSGA2(40, mutation_rate=0).sample(CUBE, h, 200, np.random.default_rng(0))
    assert 0 < (few.max(axis=1) > 0.8).mean() < 0.5


def test_crowding_decides_within_a_front() -> None:
    """The ends and the lonely stay, in whatever order they come."""
    f = np.concatenate([np.linspace(0, 1, 5), 0.5 + np.linspace(-0.01, 0.01, 15)])
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(20)
        table = np.column_stack([np.zeros(20), f, 1 - f])[order]
        assert {0, 1, 3, 4} <= set(order[NSGA2(6).population(table)])


def test_niches_decide_within_a_front() -> None:
    """Many more points near one corner of the front than elsewhere.

    What is the nearest to its direction stays.
    """
    rng = np.random.default_rng(0)
    corner = np.abs(rng.normal([0.9, 0.05, 0.05], 0.02, (60, 3)))
    F = np.concatenate([lattice(3, 3), corner / corner.sum(axis=1, keepdims=True)])
    assert is_non_dominated(F).all()
    alive = NSGA3(10).population(np.column_stack([np.zeros(len(F)), F]))
    assert sorted(alive) == list(range(10))
    assert (
        len(set(NSGA2(10).population(np.column_stack([np.zeros(len(F)), F]))) & set(range(10))) < 10
    )


def test_a_trial_that_ends_late_is_put_where_it_belongs() -> None:
    """The population is the same as if it had been known at once."""
    h = random_history(CUBE, 100, 2, 3)
    late = int(np.flatnonzero(h.state == State.COMPLETE)[2])
    hidden = np.arange(100) == late
    sampler = NSGA2(8)
    sampler.population(tabulate_outcomes(h.without(hidden)))
    np.testing.assert_array_equal(
        sampler.population(tabulate_outcomes(h)), NSGA2(8).population(tabulate_outcomes(h))
    )


def test_what_is_known_of_the_past_is_not_worked_out_again() -> None:
    counted = []

    class Counting(NSGA2):
        def ranking(self, m):
            rank = super().ranking(m)

            def count_and_rank(losses):
                counted.append(len(losses))
                return rank(losses)

            return count_and_rank

    h = search(zdt1, 2, CUBE, 100, sampler := Counting(20), workers=4)
    assert max(counted) == 21
    assert len(counted) < 100 * 4 + 20  # a few a proposal, however many trials there are
    sampler.sample(CUBE, h, 1, np.random.default_rng(0))
    before = len(counted)
    sampler.sample(CUBE, h, 1, np.random.default_rng(1))
    assert len(counted) == before


@pytest.mark.external("pymoo")
@pytest.mark.parametrize(("m", "p"), [(2, 7), (3, 5), (4, 3), (5, 2), (6, 1)])
def test_lattices_are_those_of_pymoo(m: int, p: int) -> None:
    from pymoo.util.ref_dirs import get_reference_directions

    theirs = get_reference_directions("das-dennis", m, n_partitions=p)
    ours = lattice(m, p)
    np.testing.assert_allclose(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])


@pytest.mark.parametrize(
    ("m", "most", "n"),
    [
        (2, 24, 24),
        (3, 24, 21),
        (3, 91, 91),
        (5, 210, 210),
        (8, 156, 156),
        (10, 275, 275),
        (15, 135, 135),
    ],
)
def test_numbers_of_directions_are_those_of_the_paper(m: int, most: int, n: int) -> None:
    """Deb & Jain 2014, table I.

    91, 210, 156 = 120 + 36, 275 = 220 + 55, 135 = 120 + 15 directions.
    """
    W = das_dennis(m, most)
    assert W.shape == (n, m)
    np.testing.assert_allclose(W.sum(axis=1), 1)
    assert len(np.unique(W.round(9), axis=0)) == n


@pytest.mark.external("pymoo")
def test_two_layers_are_those_of_the_paper() -> None:
    from pymoo.util.ref_dirs import get_reference_directions

    theirs = get_reference_directions(
        "multi-layer",
        get_reference_directions("das-dennis", 8, n_partitions=3, scaling=1.0),
        get_reference_directions("das-dennis", 8, n_partitions=2, scaling=0.5),
    )
    ours = das_dennis(8, 156)
    np.testing.assert_allclose(
        ours[np.lexsort(ours.round(9).T)], theirs[np.lexsort(theirs.round(9).T)]
    )


@pytest.mark.external("pymoo")
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("m", [2, 3, 5])
def test_normalisation_and_niches_are_those_of_pymoo(m: int, seed: int) -> None:
    from pymoo.algorithms.moo.nsga3 import HyperplaneNormalization, associate_to_niches

    rng = np.random.default_rng(seed)
    F = np.abs(rng.normal(size=(60, m)))
    F /= np.linalg.norm(F, axis=1, keepdims=True) * rng.uniform(0.4, 1, (60, 1))
    F = (F - F.min(axis=0)) / np.ptp(F, axis=0)  # we measure in units of the range, they do not
    front = is_non_dominated(F)
    theirs, W = HyperplaneNormalization(m), das_dennis(m, 40)
    theirs.update(F, nds=np.flatnonzero(front))
    niche, distance, _ = associate_to_niches(F, W, theirs.ideal_point, theirs.nadir_point)
    N = normalise(F, front)
    np.testing.assert_allclose(
        N, (F - theirs.ideal_point) / (theirs.nadir_point - theirs.ideal_point), atol=1e-9
    )
    ours = associate(N, W)
    np.testing.assert_array_equal(ours[0], niche)
    np.testing.assert_allclose(ours[1], distance, atol=1e-9)


def test_units_of_objectives_do_not_matter_to_niches() -> None:
    F = np.abs(np.random.default_rng(0).normal(size=(80, 3)))
    front = is_non_dominated(F)
    np.testing.assert_allclose(
        normalise(F * [1e-6, 1, 1e9] + [5, -1, 0], front), normalise(F, front), rtol=1e-6
    )


@pytest.mark.parametrize(
    "losses", [np.ones((5, 3)), np.eye(3)[[0, 0, 0]], np.full((4, 2), 1e300) * [[1, -1]]]
)
def test_degenerate_fronts_are_normalised(losses: np.ndarray) -> None:
    assert np.isfinite(normalise(losses, np.ones(len(losses), dtype=bool))).all()


def test_directions_of_the_user_are_searched() -> None:
    """All along one direction: near the corner where the first objective is good."""
    ours = search(zdt1, 2, CUBE, 160, NSGA3(12, reference_directions=[[0.05, 1.0]])).losses[-60:]
    even = search(zdt1, 2, CUBE, 160, NSGA3(12)).losses[-60:]
    assert np.median(ours[:, 0]) < 0.5 * np.median(even[:, 0])


@BOTH
def test_studies_go_on_after_a_restart(kind, tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/n.db"
    study = luthier.create_study(
        "n", url, space=TREE, sampler=kind.__name__, objectives=["minimize", "minimize"], seed=1
    )
    study.optimize(lambda t: tree(t.params), n_trials=45)
    again = luthier.load_study("n", url, sampler=kind.__name__.lower())
    ours, theirs = (
        s.sampler.sample(TREE, s.history, 2, np.random.default_rng(0)) for s in (study, again)
    )
    np.testing.assert_array_equal(ours, theirs)
    assert len({str(t.params) for t in study.trials}) == 45


@BOTH
def test_it_says_what_it_cannot_do(kind) -> None:
    with pytest.raises(SamplerError, match=f"{kind.__name__} takes several objectives, got one"):
        luthier.create_study(space=CUBE, sampler=kind()).ask()
    for bad in (
        {"population_size": 3},
        {"population_size": 5, "crossover": "undx"},
        {"crossover_rate": 1.5},
        {"mutation_rate": -0.1},
    ):
        with pytest.raises(ValueError, match=f"{next(iter(bad))} must be"):
            kind(**bad)
    with pytest.raises(
        ValueError, match="'uniform', 'sbx', 'vsbx', 'blx_alpha', 'spx', 'undx', got 'sbxx'"
    ):
        kind(crossover="sbxx")
    with pytest.raises(ValueError, match="'polynomial', 'gaussian', 'resample', got None"):
        kind(mutation=None)


def test_directions_are_checked() -> None:
    for bad in ([1.0, 2.0], [[0.0, 0.0]], [[-1.0, 1.0]], [[math.nan, 1.0]], []):
        with pytest.raises(ValueError, match="reference_directions must be an array"):
            NSGA3(reference_directions=bad)
    with pytest.raises(SamplerError, match="3 columns for 2 objectives"):
        NSGA3(reference_directions=np.eye(3)).sample(
            CUBE, random_history(CUBE, 9, 2, 0), 1, np.random.default_rng(0)
        )
