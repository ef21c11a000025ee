"""The good region of a space in short rules."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Float, Int, Space
from luthier.analysis import explain_best
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial

from .conftest import conditional


def of(space, value, n=120, direction="minimize"):
    rng = np.random.default_rng(0)
    rows = [trial(p, value(p)) for p in space.decode(space.sample(rng, n))]
    return history(*rows, space=space, directions=[direction])


def test_a_box_in_the_middle_is_described_by_its_bounds():
    """The best tenth of |x - 0.5| is x from 0.45 to 0.55, whatever y is."""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    found = explain_best(of(space, lambda p: abs(p["x"] - 0.5)))
    [rule] = found.rules
    [condition] = rule.conditions
    name, _, low, _, high = condition.split()
    assert name == "x"
    assert float(low) == pytest.approx(0.45, abs=0.02)
    assert float(high) == pytest.approx(0.55, abs=0.02)
    assert rule.coverage > 0.9
    assert rule.purity > 0.9
    assert found.coverage == rule.coverage
    assert rule.n_trials > 0
    assert rule.median < found.threshold * 1.5
    assert "x from" in str(found)


def test_numbers_on_a_log_scale_whole_numbers_and_choices():
    space = Space({"lr": Float(1e-5, 1, log=True), "layers": Int(1, 8), "kind": ["a", "b", "c"]})

    def value(p):
        return abs(np.log10(p["lr"]) + 2) + 3 * (p["kind"] != "b") + 0.5 * p["layers"]

    [rule, *_] = explain_best(of(space, value, 200)).rules
    text = " and ".join(rule.conditions)
    assert "kind is b" in text
    assert "layers up to" in text
    assert rule.purity > 0.5


def test_maximised_values_and_their_threshold():
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    found = explain_best(of(space, lambda p: p["x"], direction="maximize"))
    assert found.threshold == pytest.approx(0.9, abs=0.03)
    assert found.rules[0].conditions[0].startswith("x from 0.9")
    assert found.rules[0].conditions[0].endswith("on")
    assert "value >= 0." in str(found)


def test_branches_are_named():
    found = explain_best(conditional(150))
    text = str(found)
    assert "lr from" in text
    assert "sgd" not in text.splitlines()[1] or "adam" in text.splitlines()[1]


def test_it_refuses_noise_and_other_shares():
    rng = np.random.default_rng(0)
    space = Space({"x": Float(0, 1)})
    h = of(space, lambda p: rng.normal())
    with pytest.raises(TooFewResultsError, match="not enough to say"):
        explain_best(h)
    with pytest.raises(ValueError, match="share must be a finite number > 0"):
        explain_best(h, share=10)
