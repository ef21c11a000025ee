"""Effects: partial dependence with its band, on functions whose effects are known."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Categorical, Float, Space
from luthier.analysis import effects
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial

from .conftest import SPACE, additive, conditional


def centred(y):
    return y - y.mean()


def test_of_an_additive_function_it_is_the_component():
    """Partial dependence equals the component up to a constant."""
    first, second = effects(additive(80))
    x = first.x
    np.testing.assert_allclose(centred(first.mean), centred(2 * (x - 0.3) ** 2), atol=0.08)
    np.testing.assert_allclose(centred(second.mean), centred(second.x), atol=0.08)
    assert first.quality.suffices
    assert first.curves.shape == (30, 20)
    # all curves of an additive function are parallel
    spread = first.curves - first.curves.mean(axis=1, keepdims=True)
    assert spread.std(axis=0).max() < 0.1


@pytest.mark.slow
def test_the_band_covers_the_truth():
    """Where the level is 0.9, in nearly nine of ten points over repeats; and it is no wall."""
    inside, width = [], []
    for seed in range(20):
        first = effects(additive(60, seed=seed), ["a"])[0]
        truth = 2 * (first.x - 0.3) ** 2 + 0.5
        inside.append(((truth >= first.low) & (truth <= first.high)).mean())
        width.append((first.high - first.low).mean())
    assert np.mean(inside) >= 0.85
    assert np.mean(width) < 0.1


def test_a_maximised_objective_is_shown_in_its_own_sign():
    h = additive(60)
    rows = [trial(h.params(i), -v) for i, v in enumerate(h.values[:, 0].tolist())]
    up = effects(history(*rows, space=h.space, directions=["maximize"]), ["b"])[0]
    down = effects(h, ["b"])[0]
    np.testing.assert_allclose(up.mean, -down.mean, atol=1e-6)
    assert (up.low <= up.mean).all()
    assert (up.mean <= up.high).all()


def test_conditional_parameters_are_shown_in_their_branch():
    """Nesterov's method exists with SGD alone and halves what that costs."""
    found = {e.axis.name: e for e in effects(conditional(120))}
    nesterov = found["nesterov"]
    assert nesterov.x.tolist() == [0, 1]
    assert nesterov.mean[1] - nesterov.mean[0] == pytest.approx(0.5, abs=0.2)
    branch = conditional(120).X[nesterov.number, SPACE.column["optimizer"]]
    assert (branch == 1).all()
    optimizer = found["optimizer"].mean
    assert optimizer[1] - optimizer[0] == pytest.approx(0.75, abs=0.3)
    assert abs(optimizer[2] - optimizer[0]) < 0.2


def test_branches_stand_apart():
    """The learning rate acts alike in all branches, at a level of each."""
    h = conditional(120)
    found = effects(h, ["lr", "nesterov"], by="optimizer")
    assert [(e.axis.name, e.branch.partition(" = ")[2][:4]) for e in found] == [
        ("lr", "adam"),
        ("lr", "sgd"),
        ("lr", "Ünïc"),
        ("nesterov", "sgd"),
    ]
    adam, sgd = found[0], found[1]
    assert (sgd.mean - adam.mean).mean() == pytest.approx(0.75, abs=0.2)
    branch = h.X[sgd.number, SPACE.column["optimizer"]]
    assert (branch == 1).all()
    with pytest.raises(ValueError, match="has none"):
        effects(h, by="lr")


def test_around_the_good_ones_the_band_is_narrower_than_anywhere():
    rng = np.random.default_rng(0)
    space = Space({"a": Float(0, 1), "b": Float(0, 1)})
    # a search that has looked at one corner
    X = np.clip(np.abs(rng.normal(0, 0.1, (60, 2))), 0, 1)
    rows = [trial({"a": a, "b": b}, a + b + 0.01 * rng.normal()) for a, b in X.tolist()]
    h = history(*rows, space=space)
    anywhere, good = effects(h, ["a"])[0], effects(h, ["a"], around="good")[0]
    assert good.n_fill_ins == 15
    assert (good.high - good.low)[0] < (anywhere.high - anywhere.low)[0]


def test_it_refuses_to_speak_where_the_model_cannot_predict():
    rng = np.random.default_rng(0)
    rows = [trial({"x": x}, rng.normal()) for x in rng.random(50).tolist()]
    with pytest.raises(TooFewResultsError, match="not enough to say"):
        effects(history(*rows))
    with pytest.raises(ValueError, match="around must be"):
        effects(additive(30), around="there")
    with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
        effects(additive(30), level=90)


def test_of_very_many_choices_those_that_most_trials_have_are_shown():
    space = Space({"c": Categorical(tuple(f"v{i}" for i in range(5_000))), "x": Float(0, 1)})
    rows = []
    for i in range(150):
        c = 7 if i % 3 else 30 * i
        rows.append(trial({"c": f"v{c}", "x": i % 10 / 10}, i % 10 + 0.1))
    [effect] = effects(history(*rows, space=space), ["c"])
    assert len(effect.x) == len(effect.mean) == 51
    assert 7 in effect.x.tolist()
