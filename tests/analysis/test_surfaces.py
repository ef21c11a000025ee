"""Surfaces over two parameters, by a model."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Categorical, Float, Space
from luthier.analysis import contour
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial

from .conftest import additive, conditional


def test_at_the_trials_it_has_their_values():
    h = additive(80)
    found = contour(h, "a", "b")
    assert found.mean.shape == (50, 50)
    a = np.searchsorted(found.x, found.trial_x).clip(0, 49)
    b = np.searchsorted(found.y, found.trial_y).clip(0, 49)
    good = found.trial_value < np.median(found.trial_value)
    off = np.abs(found.mean[a, b] - found.trial_value)[good]
    assert np.median(off) < 0.1
    best = np.unravel_index(np.argmin(found.mean), found.mean.shape)
    assert found.x[best[0]] == pytest.approx(0.3, abs=0.12)
    assert found.y[best[1]] == pytest.approx(0.0, abs=0.05)


def test_without_names_it_takes_what_matters():
    rng = np.random.default_rng(0)
    space = Space({name: Float(0, 1) for name in "abcd"})
    rows = [
        trial(p, 3 * p["d"] + (p["b"] - 0.5) ** 2 * 4 + 0.01 * rng.normal())
        for p in space.decode(space.sample(rng, 80))
    ]
    h = history(*rows, space=space)
    found = contour(h)
    assert {found.x_axis.name, found.y_axis.name} == {"b", "d"}
    assert contour(h, y="a").x_axis.name in ("b", "d")


def test_where_nothing_was_tried_it_is_doubtful():
    rng = np.random.default_rng(0)
    space = Space({"a": Float(0, 1), "b": Float(0, 1)})
    X = (0.3 * rng.random((60, 2))).tolist()
    rows = [trial({"a": a, "b": b}, np.sin(20 * a) + np.cos(20 * b)) for a, b in X]
    found = contour(history(*rows, space=space))
    assert found.doubtful[-1, -1]
    assert not found.doubtful[7, 7]


def test_averages_and_branches():
    h = conditional(100)
    found = contour(h, "lr", "nesterov", around="uniform")
    assert found.mean.shape == (20, 2)
    assert (found.mean[:, 1] > found.mean[:, 0]).mean() > 0.9
    assert len(found.number) < h.n  # those in which it is active


def test_what_a_gate_switches_on_is_the_same_in_all_cells():
    rng = np.random.default_rng(0)
    space = Space(
        {"x": Float(0, 1), "opt": Categorical(["a", "b"]), "m": Float(0, 1, when={"opt": ["b"]})}
    )
    rows = [
        trial(p, (p["x"] - 0.4) ** 2 + 4 * p.get("m", 0.0) + (p["opt"] == "b"))
        for p in space.decode(space.sample(rng, 60))
    ]
    for around in ("best", "good", "uniform"):
        found = contour(history(*rows, space=space), "x", "opt", around=around)
        turns = np.diff(np.sign(np.diff(found.mean[:, 1])))
        assert (turns != 0).sum() == 1  # a valley, and no stripes


def test_hard_constraints_leave_holes():
    rng = np.random.default_rng(0)
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, "a + b <= 1")
    rows = [trial(p, p["a"]) for p in space.decode(space.sample(rng, 40))]
    found = contour(history(*rows, space=space), "a", "b")
    assert np.isnan(found.mean[-1, -1])
    assert not np.isnan(found.mean[0, 0])


def test_what_it_refuses():
    with pytest.raises(TooFewResultsError, match="two parameters"):
        contour(history(trial({"x": 0.1}, 1.0)))
    with pytest.raises(ValueError, match="twice"):
        contour(additive(30), "a", "a")
