import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from luthier.numerics.extrapolation import Lines


def test_curves_on_a_line_are_carried_along_it():
    v = np.linspace(1.0, 3.0, 200)
    lines = Lines.of(np.column_stack([v, 0.5 * v + 0.25, 0.25 * v]))
    assert lines.slope == pytest.approx([0.25, 0.5, 1.0], abs=0.02)
    assert lines.end(np.array([2.0, 1.25]), np.array([0, 1])) == pytest.approx([0.5, 0.5], abs=0.01)
    assert lines.sd[-1] == 0
    assert lines.sd[0] < 0.05
    assert lines.r_squared[0] > 0.9


def test_where_nobody_went_on_the_loss_stands_as_it_is_with_half_a_spread_of_doubt():
    v = np.array([0.0, 1.0, 2.0, 9.0])
    lines = Lines.of(np.column_stack([v, np.full(4, np.nan)]))
    assert (lines.shift[0], lines.slope[0]) == (0.0, 1.0)
    assert lines.sd[0] == pytest.approx(0.5 * np.sqrt(np.mean((np.array([0.0, 1.0]) - 1.5) ** 2)))


def test_early_losses_that_mean_nothing_tell_nothing():
    rng = np.random.default_rng(0)
    V = rng.standard_normal((300, 2))
    lines = Lines.of(V)
    assert abs(lines.slope[0]) < 0.2
    assert lines.r_squared[0] < 0.05
    assert lines.sd[0] == pytest.approx(V[:, 1].std(), rel=0.1)


def test_the_doubt_is_what_the_line_leaves_unexplained():
    rng = np.random.default_rng(1)
    v = rng.standard_normal(2000)
    lines = Lines.of(
        np.column_stack([v, v + 0.3 * rng.standard_normal(2000), np.full(2000, np.nan)])[:, :2]
    )
    assert lines.sd[0] == pytest.approx(0.3, rel=0.05)


@given(V=arrays(float, (6, 3), elements=st.one_of(st.just(np.nan), st.floats(-1e6, 1e6))))
def test_any_table_gives_finite_lines(V):
    lines = Lines.of(V)
    assert all(np.isfinite(a).all() for a in lines)
    assert (lines.sd >= 0).all()
    assert ((lines.r_squared >= 0) & (lines.r_squared <= 1)).all()
    assert (lines.shift[-1], lines.slope[-1], lines.sd[-1]) == (0, 1, 0)
