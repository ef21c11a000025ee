"""The mixtures are densities: they sum to one, and draws follow them."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Categorical, Float, Int, Space
from luthier.numerics.parzen import Mixture, bandwidth
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
