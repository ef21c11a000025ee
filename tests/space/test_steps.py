"""Discrete values are exact: those of fractions, whatever the size of a step and of a grid."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import Float, Int, Space
from luthier.errors import DistributionError
from luthier.space.steps import Steps


def written(number: float) -> Fraction:
    return Fraction(repr(number))


@st.composite
def decimals(draw: st.DrawFn) -> tuple[float, float, float]:
    """A low, a high and a step as people write them, of any size."""
    exponent = draw(st.integers(-300, 300))
    step = Fraction(draw(st.integers(1, 999))) * Fraction(10) ** exponent
    n = draw(st.integers(0, 50) | st.integers(0, 10**15))
    low = step * draw(st.integers(-1000, 1000))
    try:
        low, high, step = float(low), float(low + n * step), float(step)
    except OverflowError:
        low, high, step = 0.0, 1.0, 0.1
    if high - low <= step:
        low, high, step = 0.0, 1.0, 0.1
    return low, high, step


@given(decimals(), st.integers(0, 2**60))
def test_values_are_the_floats_nearest_to_the_decimals_that_are_meant(bounds, which: int) -> None:
    low, high, step = bounds
    try:
        dist = Float(low, high, step=step)
    except DistributionError:  # no float lies between two values, or some are infinite
        return
    if len(repr(high).split("e")[0].strip("-").replace(".", "").strip("0")) <= 15:
        assert dist.n_values == (written(high) - written(low)) // written(step) + 1

    i = which % dist.n_values
    exact = written(low) + i * written(step)
    value = dist.values(i)
    assert value == min(float(exact), high)
    assert dist.values(np.array([float(i)])).tolist() == [value]
    assert dist.contains(value)
    assert dist.contains(np.array([value])).all()
    assert dist.raw(value) == value
    if step > 8 * math.ulp(max(abs(low), abs(high))):
        assert not dist.contains(value + step / 2)
    if dist.n_values <= 10**15:
        assert dist.from_unit(dist.to_unit(value)) == value
        assert dist.from_unit(dist.to_unit(np.array([value]))).tolist() == [value]


@pytest.mark.parametrize("step", [1e-300, 1e-20, 1e-9, 0.1, 3.0, 1e9, 1e20, 1e290])
def test_a_grid_of_1e15_points_has_each_of_them(step: float) -> None:
    dist = Float(0, float(10**15 * written(step)), step=step)
    assert dist.n_values == 10**15 + 1
    for i in (0, 1, 2, 123_456_789_012_345, 10**15 - 1, 10**15):
        value = float(i * written(step))
        assert dist.from_unit(dist.to_unit(value)) == value
        assert dist.contains(value)
        if 0 < i < 10**15:
            assert not dist.contains(value + step / 2)
    drawn = Space({"x": dist}).sample(np.random.default_rng(0), 1000)[:, 0]
    assert len(set(dist.from_unit(drawn).tolist())) > 990


@pytest.mark.parametrize("n", [3, 7, 49, 100, 999])
@pytest.mark.parametrize("high", [1, 0.3, math.pi, 1e-300, 1e300])
def test_a_computed_step_reaches_the_top(n: int, high: float) -> None:
    dist = Float(0, high, step=high / n)
    assert dist.n_values == n + 1
    assert dist.values(n) == pytest.approx(high, rel=1e-15)
    assert dist.from_unit(1.0) <= high
    assert dist.contains(np.linspace(0, high, n + 1)).all()
    assert dist.contains(np.arange(n + 1) * (high / n)).all()


def test_a_number_near_a_value_is_that_value() -> None:
    dist = Float(0, 1, step=0.1)
    assert 0.1 * 3 != 0.3
    assert dist.raw(0.1 * 3) == 0.3
    assert dist.raw(0.35) == 0.35
    assert not dist.contains(0.35)
    assert Space({"x": dist}).check({"x": 0.1 * 3}) == {"x": 0.3}


@given(st.integers(-(2**53), 2**53), st.integers(1, 2**53), st.integers(0, 2**53))
def test_whole_numbers_are_exact(low: int, step: int, i: int) -> None:
    steps = Steps(low, low + i * step, step)
    assert steps.n == i + 1
    if i <= 10**15 and abs(low + i * step) <= 2**53:
        assert steps.at(float(i)) == low + i * step
        assert steps.nearest(float(low + i * step)) == low + i * step


@pytest.mark.parametrize(
    ("parent", "values"),
    [
        (Float(0, 1, step=0.1), np.arange(0, 1.05, 0.1)),
        (Float(0, 1, step=0.1), np.linspace(0, 1, 11)),
        (Float(0, 1, step=1 / 3), np.linspace(0, 1, 4)),
        (Float(0, 1, step=1 / 7), np.arange(8) / 7),
        (Float(0, 4e-10, step=1e-10), np.arange(5) * 1e-10),
        (Float(0, 4e-300, step=1e-300), np.arange(5) * 1e-300),
        (Float(0, 4e300, step=1e300), np.arange(5) * 1e300),
        (Float(0.1, 0.9, step=0.2, scale="log"), [0.1, 0.1 + 0.2, 0.5, 0.7, 0.9]),
        (Float(2.4e9, 2.4e9 + 0.09, step=0.01), [2.4e9 + i * 0.01 for i in range(10)]),
        (Int(10**15, 10**15 + 9), range(10**15, 10**15 + 10)),
        (Int(-(2**53), 2 - 2**53), range(-(2**53), 3 - 2**53)),
    ],
    ids=str,
)
def test_a_child_is_there_for_each_value_of_a_parent_with_steps(parent, values) -> None:
    whole = Space({"p": parent, "c": Float(0, 1, when={"p": values})})
    assert all("c" in p for p in whole.decode(whole.sample(np.random.default_rng(0), 500)))

    for value in values:
        space = Space({"p": parent, "c": Float(0, 1, when={"p": value})})
        drawn = space.decode(space.sample(np.random.default_rng(0), 500))
        with_child = {p["p"] for p in drawn if "c" in p}
        assert with_child == {p["p"] for p in drawn if p["p"] == parent.raw(value)}
        assert len(with_child) == 1
