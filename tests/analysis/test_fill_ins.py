"""Points on which some parameters are set and the rest goes along."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis.axes import read_axis
from luthier.analysis.fill_ins import check_around, draw_fill_ins, draw_hidden, grid_of, set_values
from luthier.analysis.fitted_surrogate import fit_surrogate

from .conftest import SPACE, conditional


def test_the_column_that_is_set_is_active_in_all_fill_ins():
    h = conditional(80)
    fitted = fit_surrogate(h)
    column = SPACE.column["nesterov"]
    rng = np.random.default_rng(0)
    for around in ("uniform", "good", "best"):
        X = draw_fill_ins(SPACE, fitted, around, [column], 32, rng)
        assert not np.isnan(X[:, column]).any()
        assert (X[:, SPACE.column["optimizer"]] == 1).all()
    assert len(draw_fill_ins(SPACE, fitted, "best", [0], 32, rng)) == 1


def test_a_gate_switches_what_depends_on_it():
    rng = np.random.default_rng(0)
    X = SPACE.sample(rng, 20)
    gate, child = SPACE.column["optimizer"], SPACE.column["nesterov"]
    hidden = rng.random(X.shape)
    on = set_values(SPACE, X, [gate], [1.0], hidden)
    off = set_values(SPACE, X, [gate], [0.0], hidden)
    assert not np.isnan(on[:, child]).any()
    assert np.isnan(off[:, child]).all()
    assert np.array_equal(on[:, 0], X[:, 0])
    assert np.array_equal(on, set_values(SPACE, X, [gate], [1.0], hidden), equal_nan=True)


def test_around_the_best_trial_the_best_one_that_has_a_parameter_says_what_it_is():
    fitted = fit_surrogate(conditional(80))
    rng = np.random.default_rng(0)
    child = SPACE.column["nesterov"]
    has = np.flatnonzero(~np.isnan(fitted.X[:, child]))
    best = fitted.X[has[np.argmin(fitted.trials.loss[has])]]
    hidden = draw_hidden(SPACE, fitted, "best", 2, rng)
    on = set_values(SPACE, fitted.X[:2], [SPACE.column["optimizer"]], [1.0], hidden)
    off = np.isnan(fitted.X[:2, child])
    assert off.any()
    assert (on[off, child] == best[child]).all()
    assert len(np.unique(draw_hidden(SPACE, fitted, "good", 9, rng)[:, child])) == 9


def test_grids_hold_values_that_the_parameter_has():
    values, units = grid_of(read_axis(SPACE, "layers"), SPACE, 20)
    assert values.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(units, [0.125, 0.375, 0.625, 0.875])
    values, units = grid_of(read_axis(SPACE, "lr"), SPACE, 5)
    np.testing.assert_allclose(values, [1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
    np.testing.assert_allclose(units, [0, 0.25, 0.5, 0.75, 1], atol=1e-12)
    values, units = grid_of(read_axis(SPACE, "optimizer"), SPACE, 20)
    assert values.tolist() == units.tolist() == [0, 1, 2]


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="'uniform', 'good', 'best'"):
        check_around("everywhere")
