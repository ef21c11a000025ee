"""Tests of scikit-optimize's dimensions and spaces."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import Categorical as Choice
from luthier import Float, Int
from luthier.compat.skopt.space import Categorical, Integer, Real, Space, check_dimension
from luthier.compat.skopt.translation import Translation

MIXED = [
    Real(1e-3, 10, "log-uniform"),
    Real(-1, 2, transform="normalize"),
    Integer(1, 9),
    Integer(8, 512, "log-uniform", base=2, transform="normalize"),
    Categorical(["a", None, True, 1]),
    Categorical([1, 2, 3], transform="string"),
    Categorical(("x", "y")),
    Categorical([0.5, 1.5], transform="normalize"),
]


@given(seed=st.integers(0, 2**31))
def test_points_are_drawn_inside_and_return_from_what_models_see(seed: int) -> None:
    dimensions = [one for one in MIXED if one.transform_ != "string"]
    space = Space(dimensions)
    points = space.rvs(3, random_state=seed)
    assert all(point in space for point in points)
    X = space.transform(points)
    assert X.shape == (3, space.transformed_n_dims)
    low, high = np.array(space.transformed_bounds).T
    assert ((low - 1e-9 <= X) & (high + 1e-9 >= X)).all()
    for a, b in zip(points, space.inverse_transform(X), strict=True):
        assert space.distance(a, b) < 1e-9
        assert [type(v) for v in a] == [type(v) for v in b]


def test_every_point_is_one_of_luthier_too() -> None:
    space = Space(MIXED)
    known = Translation(space)
    assert list(known.space.dists[:3]) == [Float(1e-3, 10, scale="log"), Float(-1, 2), Int(1, 9)]
    assert known.space.dists[4] == Choice((0, 1, 2, 3))
    for point in space.rvs(30, random_state=0):
        assert known.to_point(known.to_params(point)) == point
    points = known.to_points(known.space.sample(np.random.default_rng(0), 30))
    assert all(point in space for point in points)


@pytest.mark.parametrize(
    ("described", "dimension"),
    [
        ((0, 1), Integer(0, 1)),
        ((0, 1.0), Real(0, 1)),
        ((1.0, 2.0, "log-uniform"), Real(1, 2, "log-uniform")),
        ((1, 64, "log-uniform", 2), Integer(1, 64, "log-uniform", 2)),
        ([True, False], Categorical([True, False])),
        (["a"], Categorical(["a"])),
        ([1, 2, 3], Categorical([1, 2, 3])),
    ],
    ids=str,
)
def test_short_forms_are_read(described, dimension) -> None:
    assert check_dimension(described) == dimension


def test_a_list_of_two_numbers_is_a_range_and_will_be_choices() -> None:
    with pytest.warns(UserWarning, match="Dimension .* was inferred to Integer"):
        assert check_dimension([0, 1]) == Integer(0, 1)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Real(2, 1), "has to be less than the upper bound 1"),
        (lambda: Integer(2, 2), "has to be less than"),
        (lambda: Real(0, 1, "log-uniform"), "should not contain 0"),
        (lambda: Real(0, 1, "normal"), "'uniform' or 'log-uniform' got normal"),
        (lambda: Real(0, 1, transform="onehot"), "'normalize' or 'identity' got onehot"),
        (lambda: Real(0, 1, dtype=int), "np.floating subtype"),
        (lambda: Integer(0, 1, dtype=float), "dtype must be"),
        (lambda: Categorical("ab", transform="log"), "'onehot' got log"),
        (lambda: Real(0, 1, name=3), "must be either string or None"),
        (lambda: check_dimension("23"), "Invalid dimension '23'"),
        (lambda: check_dimension((1j, 2)), "Invalid dimension"),
        (lambda: Space([(0, 1)], constraint=3), "must be a function of a point"),
    ],
)
def test_what_is_no_dimension_is_refused(make, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_names_find_dimensions_and_constraints_hold() -> None:
    space = Space(
        [Real(0, 1, name="a"), Integer(0, 9), Categorical(["u", "v"], name="c")],
        constraint=lambda x: x[1] > 4,
    )
    assert space["c"] == (2, space.dimensions[2])
    assert space[["a", 1]] == [(0, space.dimensions[0]), (1, space.dimensions[1])]
    assert space.dimension_names == ["a", "X_1", "c"]
    assert all(point[1] > 4 for point in Space(space).rvs(50, random_state=0))
    assert [0.5, 2, "u"] not in space
    with pytest.raises(RuntimeError, match="keeps the constraint"):
        Space([(0, 1)], constraint=lambda x: False).rvs()
    with pytest.raises(RuntimeError, match="within the space"):
        space.dimensions[1].distance(3, 99)


def test_spaces_are_read_from_files_and_tables(tmp_path) -> None:
    (tmp_path / "s.yaml").write_text(
        "Space:\n- Real: {low: 1.0, high: 5.0, prior: log-uniform}\n- Integer: {low: -5, high: 5}\n"
        "- Categorical: {categories: [a, b]}\n"
    )
    expected = Space([(1.0, 5.0, "log-uniform"), (-5, 5), ["a", "b"]])
    assert Space.from_yaml(str(tmp_path / "s.yaml")) == expected
    table = pd.DataFrame({"a": [1.5, 1.0], "b": [50, 1], "c": ["r", "g"]})
    read = Space.from_df(table, priors={"a": "log-uniform"}, transforms={"b": "normalize"})
    assert read.dimension_names == ["a", "b", "c"]
    assert read.dimensions[0].prior == "log-uniform"
    assert read.get_transformer() == ["identity", "normalize", "onehot"]
