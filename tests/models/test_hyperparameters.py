"""Hyperparameters: which observations are used, and fits that do not depend on earlier ones."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.models import hyperparameters
from luthier.models.hyperparameters import Hyperparameters
from luthier.models.surrogate import WarpedOutcomes
from luthier.numerics.gp import Inputs
from luthier.numerics.warping import standardise


def outcomes(n: int) -> WarpedOutcomes:
    N = np.random.default_rng(0).random((n, 2))
    y = (N[:, 0] - 0.3) ** 2 + N[:, 1]
    return WarpedOutcomes(Inputs(N, np.empty((n, 0))), y, standardise)


@pytest.mark.parametrize(("n", "m"), [(7, 7), (50, 50), (51, 50), (101, 99), (102, 102)])
def test_fits_become_rare_as_observations_become_many(n: int, m: int) -> None:
    assert Hyperparameters().estimate(outcomes(n))[0] == m


@pytest.mark.parametrize("settings", [{}, {"interval": 25, "round_levels": True}])
def test_an_estimate_does_not_depend_on_earlier_ones(settings: dict) -> None:
    used = Hyperparameters(**settings)
    for n in (9, 30, 70):
        theta = used.estimate(outcomes(n))[1]
    np.testing.assert_array_equal(theta, Hyperparameters(**settings).estimate(outcomes(70))[1])


def test_the_same_observations_are_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    estimates = Hyperparameters()
    theta = estimates.estimate(outcomes(40))[1]
    monkeypatch.delattr(hyperparameters, "fit")
    np.testing.assert_array_equal(estimates.estimate(outcomes(40))[1], theta)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_noise_that_is_given_is_not_estimated(noise: float) -> None:
    theta = Hyperparameters(noise=noise).estimate(outcomes(20))[1]
    assert np.exp(theta[3]) == pytest.approx(max(noise, hyperparameters.MIN_NOISE))


def test_rounded_levels_cost_no_fits_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    fit = hyperparameters.fit
    monkeypatch.setattr(hyperparameters, "fit", lambda Z, *a: sizes.append(Z.n) or fit(Z, *a))
    estimates = Hyperparameters(interval=25, round_levels=True)
    estimates.estimate(outcomes(47))
    assert sizes == [8, 11, 16, 23, 32, 44, 46]
