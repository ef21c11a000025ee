"""The gain of a process that knows earlier tasks: its weight, and its slope."""

import numpy as np
import pytest
from tests.transfer.cases import NAMES, SPACE, bowl, make

from luthier.models.hyperparameters import TrainingSet, lengthscale_prior
from luthier.models.training_data import InputEncoder
from luthier.numerics import gp
from luthier.numerics.gp import Inputs, Posterior
from luthier.numerics.warping import standardise
from luthier.samplers.gp_acquisitions import LogEI
from luthier.samplers.gp_memory import (
    MixedEI,
    TaskProcessFitter,
    condition_on,
    log_evidence,
    relieve_doubt,
    weigh,
)
from luthier.transfer.matching import match
from luthier.transfer.source_models import learn_tasks

ENCODER = InputEncoder(SPACE)
BOUNDS = np.array([[-9.0, 7.0]] * 3 + [[-4.0, 4.0], [-13.8, 1.0]])
START = np.array([0.9, 0.9, 0.9, 0.0, -4.0])


def build(losses, n=10, tasks=(0, 1, 2)):
    """Both processes after n trials, their standardised losses, and the inputs."""
    sources = learn_tasks(SPACE, [match(make(40, i), SPACE, NAMES) for i in tasks])
    X = SPACE.sample(np.random.default_rng(5), n)
    y = standardise(losses(X))
    Z = ENCODER.encode(X)
    theta = gp.fit(Z, y, lengthscale_prior(3), [START], BOUNDS)
    plain = Posterior.of(theta, Z, y, room=8)
    data = TrainingSet(Z, y, lengthscale_prior(3))
    knowing = TaskProcessFitter().fit(sources, data, theta, BOUNDS)
    return condition_on(sources, knowing, Z, y), plain, y, Z


def test_tasks_that_are_like_the_present_one_get_the_weight():
    process, plain, y, _ = build(bowl)
    assert weigh(process, plain, y) > 0.9


def test_tasks_that_say_the_contrary_help_as_well():
    process, plain, y, _ = build(lambda X: -bowl(X))
    assert weigh(process, plain, y) > 0.9


def test_tasks_that_have_nothing_to_do_with_it_get_no_more_than_half():
    def other(X):
        return np.sin(9 * X[:, 0]) + np.cos(14 * X[:, 1])

    weights = [weigh(*build(other, n)[:3]) for n in (10, 14, 18)]
    assert np.mean(weights) < 0.6


@pytest.mark.parametrize(("weight", "doubt"), [(0.0, 5.0), (0.02, 2.2), (1.0, 2.2)])
def test_deviations_are_doubted_less_where_earlier_tasks_have_a_say(weight, doubt):
    assert relieve_doubt(5.0, weight) == pytest.approx(doubt)
    assert relieve_doubt(1.0, weight) == 1.0


def test_the_evidence_is_the_sum_of_the_left_out_densities():
    _, plain, y, _ = build(bowl)
    mean, variance = plain.left_out(y)
    density = np.exp(-((y - mean) ** 2) / (2 * variance)) / np.sqrt(variance)
    expected = np.log(density).sum()
    assert log_evidence(plain.left_out(y), y) == pytest.approx(expected)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_mixed_gain_is_the_weighted_mean_of_both(weight):
    process, plain, _, _ = build(bowl)
    mixed = MixedEI(LogEI(process, 0.1, 1.5), LogEI(plain, 0.2, 1.5), weight)
    Z = ENCODER.encode(SPACE.sample(np.random.default_rng(1), 5))
    parts = [np.exp(LogEI(m, b, 1.5).value(Z)) for m, b in ((process, 0.1), (plain, 0.2))]
    expected = weight * parts[0] + (1 - weight) * parts[1]
    np.testing.assert_allclose(np.exp(mixed.value(Z)), expected, rtol=1e-9)
    f, by = mixed.slope(Z)
    np.testing.assert_allclose(f, mixed.value(Z))
    for j in range(2):
        N = Z.N.copy()
        N[:, j] += 1e-6
        numeric = (mixed.value(Inputs(N, Z.C)) - f) / 1e-6
        np.testing.assert_allclose(by[:, j], numeric, rtol=1e-3, atol=1e-3)


def test_a_point_that_is_pretended_loses_its_gain():
    process, plain, _, _ = build(bowl)
    mixed = MixedEI(LogEI(process, 0.1, 1.5), LogEI(plain, 0.1, 1.5), 0.5)
    Z = ENCODER.encode(SPACE.sample(np.random.default_rng(1), 1))
    before = mixed.value(Z)[0]
    mixed.pretend_observed(Z, feasible=True)
    assert mixed.value(Z)[0] < before - 2
