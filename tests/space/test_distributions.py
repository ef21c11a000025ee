"""Values and the unit interval: exact round trips, equal cells, clear errors."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import Categorical, Float, Int, Space
from luthier.errors import DistributionError, UnknownParameterError
from luthier.space.choices import choice_key
from luthier.space.distributions import Distribution

SCALES = ("linear", "log", "reverse_log")


@st.composite
def ints(draw: st.DrawFn) -> Int:
    scale = draw(st.sampled_from(SCALES))
    low = draw(st.integers(1 if scale == "log" else -1000, 1000))
    return Int(low, low + draw(st.integers(0, 3000)), step=draw(st.integers(1, 50)), scale=scale)


@st.composite
def stepped_floats(draw: st.DrawFn) -> Float:
    scale = draw(st.sampled_from(("linear", "log")))
    step = draw(st.sampled_from((0.1, 0.25, 0.5, 0.001, 3.0)))
    low = step * draw(st.integers(1 if scale == "log" else -20, 20))
    return Float(
        round(low, 6), round(low + step * draw(st.integers(0, 200)), 6), step=step, scale=scale
    )


def values(dist: Float | Int) -> np.ndarray:
    return np.array(
        [dist.from_unit(dist.to_unit(dist.low + i * dist.step)) for i in range(dist.n_values)]
    )


@given(ints() | stepped_floats())
def test_every_discrete_value_survives_the_unit_interval(dist: Float | Int) -> None:
    got = values(dist)
    assert len(set(got.tolist())) == dist.n_values
    assert (dist.from_unit(dist.to_unit(got)) == got).all()
    assert [dist.from_unit(dist.to_unit(float(v))) for v in got] == got.tolist(), (
        "one by one as in an array"
    )
    assert dist.contains(got).all()
    u = dist.to_unit(got)
    assert ((u >= 0) & (u <= 1)).all()


@given(ints() | stepped_floats(), st.floats(0, 1))
def test_cells_partition_the_interval(dist: Float | Int, u: float) -> None:
    low, high = dist.cells(values(dist))
    assert low[0] == pytest.approx(0, abs=1e-9)
    assert high[-1] == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(low[1:], high[:-1], atol=1e-9)
    i = values(dist).tolist().index(dist.from_unit(u))
    assert low[i] - 1e-9 <= u <= high[i] + 1e-9


@pytest.mark.parametrize(
    "dist",
    [
        Int(0, 7),
        Int(10, 90, step=20),
        Float(0, 1, step=0.25),
        Categorical(["a", "b", "c"], ordered=True),
    ],
)
def test_linear_cells_are_equal(dist: Distribution) -> None:
    raw = np.arange(3.0) if isinstance(dist, Categorical) else values(dist)
    low, high = dist.cells(raw)
    np.testing.assert_allclose(high - low, 1 / dist.n_values)


@given(st.sampled_from(SCALES), st.floats(0, 1))
def test_continuous_values_lie_within_bounds_and_return(scale: str, u: float) -> None:
    dist = Float(0.001, 0.999, scale=scale)
    v = dist.from_unit(u)
    assert 0.001 <= v <= 0.999
    assert dist.to_unit(v) == pytest.approx(u, abs=1e-9)


def test_scales_put_the_resolution_where_they_say() -> None:
    assert Float(1e-4, 1, scale="log").from_unit(0.5) == pytest.approx(1e-2)
    assert Float(0.9, 0.9999, scale="reverse_log").from_unit(
        np.array([0, 1 / 3, 2 / 3, 1])
    ) == pytest.approx([0.9, 0.99, 0.999, 0.9999])
    reverse = Int(1, 100, scale="reverse_log")
    assert reverse.from_unit(0.5) > 80


def test_steps_have_no_dust_of_binary_fractions() -> None:
    dist = Float(0.1, 1, step=0.1)
    assert values(dist).tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert Float(0, 1, step=0.3).n_values == 4, "high need not be on the grid"


def test_choices_of_other_types_make_another_distribution():
    whole = Categorical([1, (2, 3)])
    assert whole == Categorical((1, [2, 3]))
    assert hash(whole) == hash(Categorical((1, [2, 3])))
    for others in ([1.0, (2, 3)], [True, (2, 3)], [1, (2.0, 3)], ["1", (2, 3)]):
        assert whole != Categorical(others)
    assert whole != Float(1, 2)


def test_choices_are_told_apart_by_type() -> None:
    dist = Categorical([1, 1.0, True, "1", None, (1, 2)])
    assert [dist.raw(c) for c in dist.choices] == [0, 1, 2, 3, 4, 5]
    assert dist.raw([1, 2]) == 5
    assert dist.value(2.0) is True


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Float(1, 0), "low <= high"),
        (lambda: Float(0, math.nan), "finite"),
        (lambda: Float(0, math.inf), "finite"),
        (lambda: Float("0", 1), "must be a number"),
        (lambda: Float(True, 1), "must be a number"),
        (lambda: Float(0, 1, scale="log"), "low > 0"),
        (lambda: Float(-1, 1, scale="log"), "low > 0"),
        (lambda: Float(0, 1, scale="reverse_log"), "high < 1"),
        (lambda: Float(0, 1, scale="sqrt"), "'linear', 'log' or 'reverse_log'"),
        (lambda: Float(0, 1, step=0), "step"),
        (lambda: Float(0, 1, step=-0.1), "step"),
        (lambda: Float(0, 1, default=2), "default"),
        (lambda: Int(0, 1.5), "whole number"),
        (lambda: Int(0, 2**60), "2\\*\\*53"),
        (lambda: Int(0, 10, scale="log"), "low > 0"),
        (lambda: Int(0, 10, step=0), "step"),
        (lambda: Categorical([]), "at least one"),
        (lambda: Categorical(["a", "a"]), "must differ"),
        (lambda: Categorical([[1], (1,)]), "must differ"),
        (lambda: Categorical("abc"), "list or a tuple"),
        (lambda: Categorical([object()]), "give it a name"),
        (lambda: Categorical([math.nan]), "finite"),
    ],
)
def test_nonsense_is_refused_with_a_reason(make, says: str) -> None:
    with pytest.raises(DistributionError, match=says):
        make()


def test_a_choice_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownParameterError, match=r"expected one of \['a', 'b'\], got 'c'"):
        Categorical(["a", "b"]).raw("c")


@given(ints() | stepped_floats() | st.just(Categorical(["a", 1, (2, "b")], when={"p": ["x", 3]})))
def test_json_and_back(dist: Distribution) -> None:
    assert msgspec.json.decode(msgspec.json.encode(dist), type=Distribution) == dist


@pytest.mark.parametrize(
    "dist",
    [
        Float(0, 1),
        Float(1e-5, 1e-1, scale="log"),
        Float(0, 0.999, scale="reverse_log", prior=0.9),
        Float(0, 1, step=0.3),
        Float(2, 2, prior=2),
        Int(1, 9, prior=(3, 0.1)),
        Int(1, 1000, scale="log"),
        Categorical(["a", "b", "c"], prior={"a": 2, "b": 1}),
        Categorical([1, 2, 3], ordered=True),
        Categorical(["a"], prior=[1.0]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("use_prior", [False, True])
def test_a_single_value_is_drawn_like_a_point_of_a_space(dist, use_prior):
    space = Space({"x": dist})
    for seed in range(100):
        rng, alone = np.random.default_rng(seed), np.random.default_rng(seed)
        X = space.from_prior(rng, 1) if use_prior else space.sample(rng, 1)
        value = dist.sample(alone, use_prior=use_prior)
        assert value == space.decode(X)[0]["x"]
        assert type(value) is type(space.decode(X)[0]["x"])
        assert rng.random() == alone.random()


def test_repeated_choices_are_found_with_one_look_at_each(monkeypatch) -> None:
    n_keys = 0

    def counting_key(value):
        nonlocal n_keys
        n_keys += 1
        return choice_key(value)

    monkeypatch.setattr("luthier.space.distributions.choice_key", counting_key)
    with pytest.raises(DistributionError, match="choices must differ") as e:
        Categorical([*range(20_000), *range(20_000)])
    assert n_keys <= 4 * 40_000
    assert len(str(e.value)) < 1000


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Float(-1e308, 1e308), "beyond what floats can measure"),
        (lambda: Float(-1.7e308, 0, step=1e308), "beyond what floats can measure"),
        (lambda: Float(0, 1e308, step=1e-300), "beyond what floats can measure|too small"),
        (lambda: Float(5e-324, 1e308, scale="log", step=1e300), "beyond what floats can measure"),
        (lambda: Float(5e-324, 1, scale="log", step=0.5), "beyond what floats can measure"),
        (lambda: Float(1e16, 2e16, step=0.01), "too small"),
        (lambda: Float(0, 10**400), "must be finite|whole number"),
        (lambda: Float(0, 1, step=10**400), "must be finite|whole number"),
        (lambda: Float(0, 1, default=10**400), "must be finite|whole number"),
        (lambda: Float(0, 1, prior=10**400), "must be finite|whole number"),
        (lambda: Int(0, 10**400), "must be finite|whole number"),
        (lambda: Int(0, 2**53, scale="reverse_log"), "beyond what floats can measure"),
        (lambda: Categorical([10**5000]), "must be finite"),
        (lambda: Categorical([nested(5000)]), "a choice must be None"),
        (lambda: Float(0, 1, when={"k": [nested(5000)]}), "a choice must be None"),
        (lambda: Categorical([1, 2]).raw(nested(5000)), "a choice must be None"),
    ],
)
def test_what_numbers_cannot_hold_is_refused_when_it_is_written(make, says: str) -> None:
    with pytest.raises(DistributionError, match=says) as e:
        make()
    assert len(str(e.value)) < 1000


def nested(depth: int) -> tuple:
    value: tuple = ()
    for _ in range(depth):
        value = (value,)
    return value


EXTREMES = [
    Float(-8e307, 8e307),
    Float(5e-324, 1.7e308, scale="log"),
    Float(0, 5e-324),
    Float(0, 1e-18, step=1e-20),
    Float(2.4e9, 2.5e9, step=0.01),
    Float(1e6, 2e7, step=1e-3),
    Float(0, 1e5, step=1e-6),
    Float(-1e300, 1e300, step=1e290),
    Int(-(2**53), 2**53),
    Int(1, 2**53, scale="log"),
]


@pytest.mark.parametrize("dist", EXTREMES, ids=repr)
def test_what_a_distribution_draws_is_one_of_its_values(dist: Distribution) -> None:
    X = Space({"x": dist}).sample(np.random.default_rng(1), 200)[:, 0]
    raw = dist.from_unit(X)
    assert np.isfinite(raw).all()
    assert dist.contains(raw).all()
    assert len(np.unique(raw)) > 1
    assert dist.contains(dist.raw(dist.value(float(raw[0]))))


@given(st.floats(1e-12, 1e12), st.floats(0, 1e9), st.integers(2, 10**6), st.integers(0, 2**32))
def test_steps_of_any_size_give_their_own_values(step, low, n, seed: int) -> None:
    try:
        dist = Float(low, low + n * step, step=step)
    except DistributionError:
        return
    raw = dist.from_unit(np.random.default_rng(seed).random(20))
    assert dist.contains(raw).all()
    assert dist.contains(dist.from_unit(dist.to_unit(raw))).all()


@st.composite
def continuous(draw: st.DrawFn) -> Float:
    scale = draw(st.sampled_from(SCALES))
    numbers = {
        "linear": st.floats(-1e300, 1e300),
        "log": st.floats(5e-324, 1e300),
        "reverse_log": st.floats(0, 1, exclude_max=True),
    }[scale]
    low, high = sorted((draw(numbers), draw(numbers)))
    return Float(low, high, scale=scale)


@given(continuous())
def test_the_ends_of_a_range_are_exact(dist: Float) -> None:
    ends = [float(dist.low), float(dist.high)]
    if dist.to_unit(ends[0]) < dist.to_unit(ends[1]):  # else the scale cannot tell them apart
        assert [dist.from_unit(dist.to_unit(v)) for v in ends] == ends
        assert dist.from_unit(dist.to_unit(np.array(ends))).tolist() == ends
        assert [dist.to_unit(v) for v in ends] == [0.0, 1.0]
        assert dist.to_unit(np.array(ends)).tolist() == [0.0, 1.0]
        assert [dist.from_unit(0.0), dist.from_unit(1.0)] == ends
        assert dist.from_unit(np.array([0.0, 1.0])).tolist() == ends


@pytest.mark.parametrize(
    ("dist", "middle"),
    [
        (Float(1, 100, scale="log"), 10.0),
        (Float(1e-4, 1e-2, scale="log"), 1e-3),
        (Float(0.1, 0.3), 0.2),
        (Float(1e-3, 1, scale="log", default=0.03), 0.03),
        (Float(1e-300, 1, scale="log", prior=1e-7), 1e-7),
        (Float(0.9, 0.9999, scale="reverse_log", default=0.99), 0.99),
        (Float(0, 1e6, default=0.1 + 0.2), 0.1 + 0.2),
        (Float(0.1 + 0.2, 0.1 + 0.2), 0.1 + 0.2),
    ],
)
def test_a_search_starts_with_numbers_as_people_write_them(dist: Float, middle: float) -> None:
    space = Space({"x": dist})
    start = space.centre()
    assert space.decode(start) == [{"x": middle}]
    assert space.decode(np.repeat(start, 5, axis=0)) == [{"x": middle}] * 5


@given(continuous(), st.data())
def test_a_default_is_used_to_its_last_digit(dist: Float, data: st.DataObject) -> None:
    default = data.draw(st.floats(dist.low, dist.high))
    space = Space({"x": msgspec.structs.replace(dist, default=default)})
    assert space.decode(space.centre()) == [{"x": default}]
