"""Search by comparisons: better than comparing points at random, in spaces of any kind."""

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int
from luthier.models.preferences import learn_preferences
from luthier.models.training_data import InputEncoder
from luthier.samplers import Preferential, Random
from luthier.samplers.preferential import _LogEUBO
from luthier.trial.record import State, TrialRow

PLANE = {"a": Float(0, 1), "b": Float(0, 1)}


def sphere(p):
    return -sum((p[name] - 0.3) ** 2 for name in "abcd")


def branin(p):
    x, y = 15 * p["a"] - 5, 15 * p["b"]
    valley = y - 5.1 / (4 * np.pi**2) * x * x + 5 / np.pi * x - 6
    return -(valley**2) - 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) - 10


def hartmann(p):
    A = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
    P = [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
    x = np.array([p["a"], p["b"], p["c"]])
    return float(np.exp(-(A * (x - 1e-4 * np.array(P)) ** 2).sum(axis=1)) @ [1, 1.2, 3, 3.2])


def mixed(p):
    return -((p["x"] - 0.7) ** 2) - 0.3 * (p["c"] != "v") - 0.02 * abs(p["k"] - 4)


def slope(p):
    return p["a"] + 0.5 * p["b"]


def judge(space, utility, sampler, n, seed):
    """A study in which somebody compares n pairs by a utility that nobody else knows."""
    study = luthier.create_study(space=space, sampler=sampler, seed=seed)
    rng = np.random.default_rng(seed)
    for i in range(n):
        if isinstance(sampler, Random):  # what is to be compared is there already
            X = study.space.sample(rng, 1 if i else 2)
            study.add_trials(
                [TrialRow(number=-1, state=State.WAITING, params=p) for p in study.space.decode(X)]
            )
        one, other = study.preferences.next_pair()
        if utility(one.params) < utility(other.params):
            one, other = other, one
        study.preferences.prefer(one, other)
    return study


@pytest.mark.slow
@pytest.mark.parametrize(
    ("space", "utility"),
    [
        ({name: Float(0, 1) for name in "abcd"}, sphere),
        (PLANE, branin),
        ({name: Float(0, 1) for name in "abc"}, hartmann),
        ({"x": Float(0, 1), "k": Int(1, 10), "c": Categorical(["u", "v", "w"])}, mixed),
        (PLANE, slope),
    ],
)
def test_twenty_comparisons_find_more_than_at_random(space, utility):
    found = {
        sampler: np.mean(
            [
                utility(judge(space, utility, sampler(), 20, seed).preferences.best_trial.params)
                for seed in range(3)
            ]
        )
        for sampler in (Preferential, Random)
    }
    assert found[Preferential] > found[Random]


def test_a_few_comparisons_lead_towards_what_is_liked():
    study = judge(PLANE, slope, Preferential(), 12, seed=0)
    assert slope(study.preferences.best_trial.params) > 1.3  # of 1.5
    assert len(study.trials) == 13


def test_slopes_are_those_of_the_values():
    study = judge(
        {"x": Float(0, 1), "c": Categorical(["u", "v"])}, lambda p: p["x"], Random(), 4, 1
    )
    learned = learn_preferences(study.history)
    gain = _LogEUBO(learned, 0.3)
    encoder = InputEncoder(study.history.space)
    X = np.array([[0.21, 0.0], [0.77, 1.0], [0.5, 1.0]])
    f, by = gain.slope(encoder.encode(X))
    assert f == pytest.approx(gain.value(encoder.encode(X)))
    h = np.array([1e-6, 0.0])
    high, low = (gain.value(encoder.encode(X + sign * h)) for sign in (1, -1))
    assert by[:, 0] == pytest.approx((high - low) / 2e-6, rel=1e-4)


def test_the_gain_is_what_draws_of_both_utilities_give():
    """EUBO is the mean of the better of the two, less that of the best alone."""
    study = judge(PLANE, slope, Random(), 6, seed=2)
    learned = learn_preferences(study.history)
    X = np.vstack([study.history.X[learned.number[learned.best]], [[0.4, 0.9]]])
    mean, joint = learned.posterior.predict_joint(InputEncoder(study.history.space).encode(X))
    draws = np.random.default_rng(0).multivariate_normal(mean, joint, 400_000)
    gain = _LogEUBO(learned, 1.0).value(InputEncoder(study.history.space).encode(X[1:]))
    assert np.exp(gain[0]) == pytest.approx(
        np.maximum(draws[:, 1] - draws[:, 0], 0).mean(), rel=0.02
    )


def test_proposals_of_one_call_differ_and_avoid_what_waits_for_a_comparison():
    study = judge(PLANE, slope, Preferential(), 5, seed=3)
    history, rng = study.history, np.random.default_rng(0)
    X = Preferential().sample(history.space, history, 4, rng)
    near = np.abs(X[:, None] - X).max(axis=2) + np.eye(4)
    assert near.min() > 0.01


def test_without_comparisons_trials_spread():
    study = luthier.create_study(space=PLANE, sampler=Preferential(), seed=0)
    study.optimize(lambda trial: 0.0, n_trials=8)
    assert len({round(t.params["a"], 2) for t in study.trials}) == 8


@pytest.mark.parametrize("n", [1, 0, 2.5, True])
def test_too_few_first_trials_are_refused(n):
    with pytest.raises(ValueError, match="n_startup_trials"):
        Preferential(n)
