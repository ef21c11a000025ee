"""Children: what crossovers keep, how far mutations go, and that they belong to the space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier import Categorical, Float, Int, Space
from luthier.samplers.variation import (
    CROSSOVERS,
    MUTATIONS,
    Breeder,
    blx_alpha,
    gaussian,
    polynomial,
    reflect,
    sbx,
    spx,
    undx,
    uniform,
    vsbx,
)

PAIR = np.array([[0.3, 0.5, 0.1, 0.4], [0.6, 0.5, 0.2, 0.9]])
TREE = Space(
    {
        "m": ["a", "b", "c"],
        "x": Float(1e-4, 1, scale="log"),
        "y": Float(0, 1, when={"m": "a"}),
        "k": Int(1, 1000, scale="log", when={"m": ["a", "b"]}),
        "o": Categorical(["s", "m", "l"], ordered=True),
        "step": Float(0, 1, step=0.1),
        "flag": [True, False],
        "one": Int(3, 3),
    }
)


def children(cross, P: np.ndarray, n: int = 3000, **settings_) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([cross(P, rng, **settings_) for _ in range(n)])


@pytest.mark.parametrize("cross", [sbx, vsbx, blx_alpha, uniform])
def test_children_have_the_mean_of_two_parents(cross) -> None:
    got = children(cross, PAIR)
    error = got.std(axis=0) / np.sqrt(len(got))
    assert (np.abs(got.mean(axis=0) - PAIR.mean(axis=0)) <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("eta", [1.0, 5.0, 20.0])
def test_sbx_has_the_spread_of_its_paper(eta: float) -> None:
    """Deb & Agrawal 1995, eq. 8: beta <= b with probability b^(eta + 1) / 2, up to b = 1.

    Far from the bounds.
    """
    P = np.array([[0.499], [0.501]])
    beta = np.abs(children(sbx, P, 5000, eta=eta)[:, 0] - 0.5) / 0.001
    own = np.isclose(beta, 1)
    assert abs(own.mean() - 0.5) < 0.03
    beta = beta[~own]
    assert abs((beta < 1).mean() - 0.5) < 0.03
    for b in (0.5, 0.8, 0.95):
        assert abs((beta < b).mean() - b ** (eta + 1) / 2) < 0.03
        assert (
            abs((beta > 1 / b).mean() - b ** (eta + 1) / 2) < 0.03
        )  # outside the parents as often as inside


def test_sbx_stays_in_the_cube_and_as_far_from_either_end() -> None:
    P = np.array([[0.02, 0.9], [0.4, 0.99]])
    got = children(sbx, P, eta=0.5)
    assert (got >= -1e-12).all()
    assert (got <= 1 + 1e-12).all()
    assert got[:, 0].max() <= 0.42 + 1e-12
    assert got[:, 1].min() >= 0.89 - 1e-12


def test_vsbx_goes_from_a_parent_to_either_side_alike() -> None:
    """Its step, of (beta - 1) / 2 times their distance, has the tail of SBX.

    Beta > b with probability b^-(eta + 1).
    """
    got = children(vsbx, np.array([[0.49], [0.51]]), eta=2.0)[:, 0]
    assert np.histogram(got, 20, (0.48, 0.52))[0].min() > 0
    from_parent = np.where(np.abs(got - 0.49) < np.abs(got - 0.51), got - 0.49, got - 0.51)
    moved = from_parent[np.abs(from_parent) > 1e-9]
    assert abs(len(moved) / len(got) - 0.5) < 0.03
    assert abs((got < 0.49).mean() - (got > 0.51).mean()) < 0.03
    assert abs((np.abs(got - 0.5) > 0.01 + 0.01).mean() - 0.5 * 0.5 * (2**-3 + 4**-3)) < 0.02


def test_blx_alpha_fills_its_box() -> None:
    for alpha in (0.0, 0.5):
        got = children(blx_alpha, PAIR, alpha=alpha)
        low, high = PAIR.min(axis=0), PAIR.max(axis=0)
        ends = low - alpha * (high - low), high + alpha * (high - low)
        assert (got >= ends[0] - 1e-12).all()
        assert (got <= ends[1] + 1e-12).all()
        np.testing.assert_allclose(got.min(axis=0), ends[0], atol=0.01)
        np.testing.assert_allclose(got.max(axis=0), ends[1], atol=0.01)


def test_spx_keeps_mean_and_covariance_of_its_parents() -> None:
    P = np.random.default_rng(1).random((3, 4))
    got = children(spx, P, 5000)
    np.testing.assert_allclose(got.mean(axis=0), P.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(np.cov(got.T), np.cov(P.T, bias=True), atol=0.02)
    assert np.linalg.matrix_rank(got - P[0], tol=1e-9) == 2  # in the plane of the three


def test_undx_is_normal_about_the_middle_of_two() -> None:
    d = 6
    P = np.full((3, d), 0.5)
    P[0, 0], P[1, 0] = 0.3, 0.7  # 0.4 apart along the first axis
    P[2, 1] = 0.7  # the third 0.2 from their line
    got = children(undx, P, 5000) - 0.5
    np.testing.assert_allclose(got.mean(axis=0), 0, atol=0.005)
    np.testing.assert_allclose(
        got.std(axis=0), [0.5 * 0.4] + [0.35 / np.sqrt(d) * 0.2] * (d - 1), rtol=0.05
    )


@pytest.mark.parametrize("cross", [c.cross for c in CROSSOVERS.values()], ids=list(CROSSOVERS))
def test_alike_parents_have_children_like_them(cross) -> None:
    P = np.full((3 if cross in (spx, undx) else 2, 5), 0.25)
    np.testing.assert_allclose(cross(P, np.random.default_rng(0)), 0.25)


def test_polynomial_mutation_has_the_distribution_of_its_paper() -> None:
    """Far from the bounds: |step| <= 1 - (1 - p)^(1 / (eta + 1)) with probability p.

    The larger eta, the shorter.
    """
    rng, lengths = np.random.default_rng(0), []
    for eta in (5.0, 20.0, 100.0):
        step = np.abs(polynomial(np.full(20000, 0.5), rng, eta=eta) - 0.5)
        if eta >= 20:
            for p in (0.2, 0.5, 0.9):
                assert abs((step <= 1 - (1 - p) ** (1 / (eta + 1))).mean() - p) < 0.02
        lengths.append(step.mean())
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.external("pymoo")
def test_polynomial_mutation_agrees_with_pymoo() -> None:
    from pymoo.operators.mutation.pm import mut_pm

    X = np.tile([0.001, 0.1, 0.3, 0.5, 0.99], (20000, 1))
    chance, everyone = np.random.default_rng(0), np.ones(len(X))
    theirs = mut_pm(X, np.zeros(5), np.ones(5), 5 * everyone, everyone, True, random_state=chance)
    ours = polynomial(X.ravel(), chance, eta=5.0).reshape(X.shape)
    levels = np.linspace(0.05, 0.95, 10)
    np.testing.assert_allclose(
        np.quantile(ours, levels, axis=0), np.quantile(theirs, levels, axis=0), atol=0.02
    )


@pytest.mark.parametrize("mutate", MUTATIONS.values(), ids=list(MUTATIONS))
def test_mutations_stay_in_the_interval(mutate) -> None:
    for u in (0.0, 1e-12, 0.5, 1.0):
        got = mutate(np.full(2000, u), np.random.default_rng(0))
        assert got.min() >= 0
        assert got.max() <= 1
        assert len(np.unique(got)) > 500 or u in (0.0, 1e-12, 1.0)


def test_gaussian_steps_are_thrown_back_at_the_ends() -> None:
    got = gaussian(np.zeros(20000), np.random.default_rng(0), sigma=0.1)
    assert got.min() >= 0
    np.testing.assert_allclose(got.mean(), 0.1 * np.sqrt(2 / np.pi), rtol=0.05)
    np.testing.assert_allclose(
        reflect(np.array([-0.25, 0.0, 0.5, 1.0, 1.25, 2.5])), [0.25, 0, 0.5, 1, 0.75, 0.5]
    )


@pytest.mark.parametrize("crossover", CROSSOVERS)
@pytest.mark.parametrize("mutation", MUTATIONS)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), attempt=st.integers(0, 20))
def test_children_belong_to_the_space(
    crossover: str, mutation: str, seed: int, attempt: int
) -> None:
    rng = np.random.default_rng(seed)
    breeder = Breeder(TREE, crossover, 0.9, mutation, None)
    X = TREE.sample(rng, breeder.n_parents)
    u = breeder.make_child(X, attempt, rng)
    assert ((u >= 0) & (u <= 1)).all()
    x = TREE.place(u[None])
    assert (np.isnan(x) == ~TREE.active(x)).all()
    for params in TREE.decode(x):
        TREE.check(params)


def test_without_crossover_and_mutation_a_child_is_its_parent() -> None:
    rng = np.random.default_rng(0)
    for x in TREE.sample(rng, 50):
        child = TREE.place(
            Breeder(TREE, "sbx", 0, "polynomial", 0).make_child(np.tile(x, (2, 1)), 0, rng)[None]
        )
        np.testing.assert_allclose(child[0], x, atol=1e-12)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_discrete_parameter_that_mutates_takes_another_value(mutation: str) -> None:
    space = Space(
        {
            "c": ["a", "b", "c"],
            "flag": [True, False],
            "o": Categorical(["s", "m", "l"], ordered=True),
            "k": Int(1, 4),
            "log": Int(1, 1000, scale="log"),
            "step": Float(0, 1, step=0.25),
            "one": Int(3, 3),
        }
    )
    rng, breeder = np.random.default_rng(0), Breeder(space, "uniform", 0, mutation, 1.0)
    for x in space.sample(rng, 200):
        child = space.place(breeder.make_child(np.tile(x, (2, 1)), 0, rng)[None])[0]
        assert (child != x).tolist() == [True] * 6 + [False]


def test_what_one_parent_has_switched_off_comes_from_another() -> None:
    rng, breeder = np.random.default_rng(0), Breeder(TREE, "uniform", 1, "polynomial", 0)
    X = TREE.encode(
        [
            {"m": "c", "x": 0.5, "o": "s", "step": 0.5, "flag": True, "one": 3},
            {"m": "a", "x": 0.5, "y": 0.125, "k": 7, "o": "s", "step": 0.5, "flag": True, "one": 3},
        ]
    )
    got = [
        p for _ in range(40) for p in TREE.decode(TREE.place(breeder.make_child(X, 0, rng)[None]))
    ]
    awake = [p for p in got if p["m"] == "a"]
    assert 5 < len(awake) < 35
    assert all(p["y"] == 0.125 and p["k"] == 7 for p in awake)
