"""Densities of priors, one term for each parameter."""

import numpy as np

from luthier import Float, Int, Space
from luthier.space.prior_terms import prior_terms

SPACE = Space(
    {"x": Float(0, 1, prior=(0.7, 0.2)), "y": Float(0, 1), "k": Int(1, 3, prior=(1, 0.3))}
)


def test_terms_are_those_of_each_parameter_and_their_sum_is_the_density():
    X = SPACE.sample(np.random.default_rng(0), 5)
    terms = prior_terms(SPACE.dists, [0, 2], X)
    np.testing.assert_array_equal(terms[:, 0], SPACE.dists[0].log_prior(X[:, 0]))
    assert not terms[:, 1].any()
    np.testing.assert_allclose(terms.sum(axis=1), SPACE.log_prior(X))


def test_an_inactive_parameter_has_no_density():
    assert prior_terms(SPACE.dists, [0, 2], np.full((2, 3), np.nan)).tolist() == [[0.0] * 3] * 2
