"""The mixtures are densities: they sum to one, and draws follow them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from luthier import Categorical, Float, Int, Space
from luthier.numerics.crossed_parzen import Crossed
from luthier.numerics.parzen import Mixture, bandwidth, shrunk_spread
from luthier.samplers.density_ratio import mixture_axes

TREE = Space(
    {
        "m": ["a", "b"],
        "x": Float(0, 1, when={"m": "a"}),
        "k": Int(1, 4, when={"m": "b"}),
        "o": Categorical(["s", "m", "l"], ordered=True),
    }
)


def mixture(space: Space, n: int, seed: int = 0) -> Mixture:
    rng = np.random.default_rng(seed)
    return Mixture(space.sample(rng, n), rng.random(n) + 0.1, mixture_axes(space), 1.0, 0.2)


@pytest.mark.parametrize("n", [0, 1, 3, 40])
def test_a_density_on_the_tree(n: int) -> None:
    m, whole = mixture(TREE, n), 0.0
    u, k = (np.arange(4000) + 0.5) / 4000, (np.arange(4) + 0.5) / 4
    for o in (1 / 6, 3 / 6, 5 / 6):
        whole += np.exp(m.log_pdf(np.column_stack([0 * u, u, np.nan * u, o + 0 * u]))).mean()
        whole += np.exp(m.log_pdf(np.column_stack([1 + 0 * k, np.nan * k, k, o + 0 * k]))).sum()
    assert whole == pytest.approx(1, abs=1e-6)


def test_draws_follow_the_density() -> None:
    space = Space({"x": Float(0, 1), "k": Int(1, 4), "c": ["a", "b", "c"]})
    m = mixture(space, 6, seed=3)
    X = m.sample(np.random.default_rng(0), 40_000)
    points = np.column_stack(
        [np.zeros(12), np.tile((np.arange(4) + 0.5) / 4, 3), np.repeat(np.arange(3.0), 4)]
    )
    u = (np.arange(200) + 0.5) / 200
    for point in points:
        here = (X[:, 1] == point[1]) & (X[:, 2] == point[2])
        lines = np.column_stack([u, np.full(200, point[1]), np.full(200, point[2])])
        p = np.exp(m.log_pdf(lines))
        assert here.mean() == pytest.approx(p.mean(), abs=4 * (p.mean() / 40_000) ** 0.5 + 1e-3)
        cdf = np.cumsum(p) / p.sum()
        empirical = np.searchsorted(np.sort(X[here, 0]), u + 0.0025) / max(here.sum(), 1)
        assert np.abs(cdf - empirical).max() < 2.6 / here.sum() ** 0.5


def test_closed_form_in_one_dimension() -> None:
    """Bergstra 2011: the prior and one truncated normal, by hand."""
    from scipy.stats import truncnorm

    space = Space({"x": Float(0, 1)})
    m = Mixture(np.array([[0.3]]), np.array([3.0]), mixture_axes(space), 1.0, 0.1)
    u = np.linspace(0, 1, 11)
    want = 0.25 * truncnorm(-0.5, 0.5, 0.5, 1).pdf(u) + 0.75 * truncnorm(-3, 7, 0.3, 0.1).pdf(u)
    np.testing.assert_allclose(np.exp(m.log_pdf(u[:, None])), want, rtol=1e-6)


def test_scotts_rule() -> None:
    assert bandwidth(0.2, 1, 5) == 0.2
    assert bandwidth(0.2, 100, 6) == pytest.approx(0.2 * 100**-0.1)
    assert bandwidth(5.0, 1, 1) == 1.0


def test_a_spread_is_between_what_was_seen_and_what_was_assumed() -> None:
    same = np.full((8, 1), 0.3)
    assert shrunk_spread(same, 0.2, 1) == pytest.approx(0.2 * (1 / 9) ** 0.5)  # 8 seen, 1 assumed
    assert shrunk_spread(same, 0.2, 3) == pytest.approx(0.2 * (9 / 17) ** 0.5)
    assert shrunk_spread(same, 0.2, 7) == pytest.approx(0.2 * (32 / 40) ** 0.5)
    assert shrunk_spread(np.array([[0.0], [1.0]]), 0.2, 1) == 0.2  # never wider
    assert shrunk_spread(same[:0], 0.2, 1) == 0.2

    x = np.random.default_rng(0).normal(0.5, 0.05, (100_000, 1))
    assert shrunk_spread(x, 0.2, 1) == pytest.approx(0.05, rel=0.01)


def test_a_spread_counts_the_observations_that_have_the_column() -> None:
    X = np.array([[0.1, 0.5], [0.2, np.nan], [0.1, np.nan], [0.2, 0.5]])
    both = shrunk_spread(X, 0.3, 2)
    assert both[0] == shrunk_spread(X[:, :1], 0.3, 2)
    assert both[1] == shrunk_spread(X[[0, 3], 1:], 0.3, 2)


@pytest.mark.parametrize("kind", [Float(0, 1), Int(0, 9)])
def test_kernels_adapt_to_close_observations_in_columns_without_cells(kind: Float | Int) -> None:
    space = Space({"x": kind})
    axes = mixture_axes(space)
    X = space.encode({"x": 0.4 if isinstance(kind, Float) else 4}).repeat(15, axis=0)
    fixed, adapted = (Mixture(X, np.ones(15), axes, 1.0, 0.2, adapts=a) for a in (False, True))
    here = X[:1]
    gain = adapted.log_pdf(here) - fixed.log_pdf(here)
    assert gain == 0 if axes.cells else gain > 0.2
    lines = axes.cells[0][0][:, None] if axes.cells else (np.arange(1000)[:, None] + 0.5) / 1000
    mass = np.exp(adapted.log_pdf(lines))
    assert (mass.sum() if axes.cells else mass.mean()) == pytest.approx(1, abs=1e-4)


def test_choices_are_drawn_as_their_masses_say() -> None:
    x = np.array([0.0, 4.0, 2.0, np.nan, 4.0])
    m = Mixture(x[:, None], np.ones(5), mixture_axes(Space({"c": list("abcde")})), 1.0, 0.2)
    [kernels] = m._discrete.values()
    mass = np.exp(kernels.log_mass(np.arange(5.0)))  # (choices, kernels)
    assert mass.sum(axis=0) == pytest.approx(np.ones(6))

    u = np.random.default_rng(0).random(20_000)
    for kernel in range(6):
        drawn = kernels.draw(np.full(len(u), kernel), u)
        expected = np.searchsorted(np.cumsum(mass[:, kernel]), u)
        np.testing.assert_array_equal(drawn, expected)


def test_any_number_of_choices_takes_no_memory_to_speak_of() -> None:
    space = Space({"user": Categorical(range(100_000)), "x": Float(0, 1)})
    axes = mixture_axes(space)
    rng = np.random.default_rng(0)
    X = space.sample(rng, 185)
    tracemalloc.start()
    for kind in (Mixture, Crossed):
        m = kind(X, np.ones(185), axes, 1.0, 0.2)
        assert np.isfinite(m.log_pdf(m.sample(rng, 64))).all()
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()
