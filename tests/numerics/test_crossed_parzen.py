"""Crossed mixtures: the formula; they are densities; points are improved column by column."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from luthier import Categorical, Float, Int, Space
from luthier.numerics.crossed_parzen import SHARE, Crossed, Ratio
from luthier.numerics.parzen import Mixture
from luthier.samplers.density_ratio import mixture_axes

MIXED = Space(
    {"x": Float(0, 1), "k": Int(1, 4), "c": ["a", "b", "c"], "y": Float(0, 1, when={"c": "a"})}
)
BOXES = Space({"k": Int(1, 4), "c": Categorical(["a", "b", "c"]), "j": Int(0, 2)})


def mixture(space: Space, n: int, seed: int, kind: type[Mixture] = Crossed):
    rng = np.random.default_rng(seed)
    return kind(space.sample(rng, n), 0.5 + rng.random(n), mixture_axes(space), 1.0, 0.2)


def alone(space: Space, n: int, seed: int, i: int) -> Mixture:
    """Kernel i of such a mixture."""
    kernel = mixture(space, n, seed, Mixture)
    kernel.weights = np.where(np.arange(n + 1) == i, 1.0, 0.0)
    kernel._log_w = np.log(np.maximum(kernel.weights, 1e-300))
    return kernel


def test_the_density_is_that_of_the_formula() -> None:
    n, X = 5, MIXED.sample(np.random.default_rng(9), 20)
    kernels = [alone(MIXED, n, 0, i) for i in range(n + 1)]
    w = mixture(MIXED, n, 0).weights
    K = np.ones((20, n + 1, MIXED.d))
    for j, i in itertools.product(range(MIXED.d), range(n + 1)):
        only = np.full_like(X, np.nan)
        only[:, j] = X[:, j]
        K[:, i, j] = np.exp(kernels[i].log_pdf(only))
    crossed = (1 - SHARE) * K + SHARE * (K * w[:, None]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        mixture(MIXED, n, 0).log_pdf(X), np.log(crossed.prod(axis=2) @ w), rtol=1e-9
    )


def test_masses_sum_to_one_and_draws_follow_them() -> None:
    crossed, grid = mixture(BOXES, 6, 1), BOXES.grid()
    p = np.exp(crossed.log_pdf(grid))
    assert p.sum() == pytest.approx(1, abs=1e-9)
    drawn = BOXES.keys(crossed.sample(np.random.default_rng(0), 40_000))
    share = np.array([drawn.count(k) for k in BOXES.keys(grid)]) / len(drawn)
    np.testing.assert_allclose(share, p, atol=6e-3)
    apart = np.exp(mixture(BOXES, 6, 1, Mixture).log_pdf(grid))
    assert np.abs(apart - p).max() > 0.01


def test_a_column_after_another_can_only_be_improved() -> None:
    good, bad = mixture(MIXED, 8, 2), mixture(MIXED, 30, 3)
    C = MIXED.sample(np.random.default_rng(4), 40)
    C = C[~np.isnan(C).any(axis=1)]
    ratio, x = Ratio(good, bad, C), C[0].copy()
    np.testing.assert_allclose(ratio.values, good.log_pdf(C) - bad.log_pdf(C))
    ratio.start(0)
    for j in (0, 1, 3, 0):
        others = np.repeat(x[None], len(C), axis=0)
        others[:, j] = C[:, j]
        exact, line = good.log_pdf(others) - bad.log_pdf(others), ratio.line(j)
        np.testing.assert_allclose(line - line[0], exact - exact[0], atol=1e-9)
        best = int(line.argmax())
        ratio.change(j, best)
        x = others[best]
    assert (good.log_pdf(x[None]) - bad.log_pdf(x[None]))[0] > ratio.values[0]


def test_many_columns_do_not_underflow() -> None:
    wide = Space({f"x{i}": Float(0, 1) for i in range(400)})
    good = mixture(wide, 5, 0)
    bad = mixture(wide, 20, 1)
    C = wide.sample(np.random.default_rng(2), 8)
    ratio = Ratio(good, bad, C)
    ratio.start(3)
    assert np.isfinite(ratio.values).all()
    assert np.isfinite(ratio.line(7)).all()
