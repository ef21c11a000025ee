"""Points are told apart, also where their unit columns are close."""

from __future__ import annotations

import pytest

import luthier
from luthier import Float, Int, Space


@pytest.mark.parametrize(
    "dist",
    [
        Int(0, 10**9 - 1),
        Int(1, 5 * 10**12),
        Int(-(10**15), 10**15),
        Int(1, 10**12, scale="log"),
        Float(0, 1e6, step=1e-6),
    ],
    ids=repr,
)
def test_neighbours_of_large_ranges_have_keys_of_their_own(dist) -> None:
    space = Space({"x": dist, "y": Float(0, 1), "k": ["a", "b"]})
    middle = dist.n_values // 4
    values = [dist.values(float(middle + i)) for i in range(50)]
    X = space.encode([{"x": v, "y": 0.5, "k": "a"} for v in values])
    assert len(set(space.keys(X))) == len(set(X[:, 0].tolist())) == 50
    again = space.encode(space.decode(X))
    assert space.keys(again) == space.keys(X)
    assert space.keys(X[:1]) == space.keys(X)[:1]


def test_keys_tell_inactive_parameters_from_any_value() -> None:
    space = Space({"on": [True, False], "x": Int(-(10**10), 10**10, when={"on": True})})
    X = space.encode([{"on": True, "x": -1}, {"on": False}, {"on": True, "x": 0}])
    X[1, 0] = X[0, 0]
    assert len(set(space.keys(X))) == 3


def test_no_sampler_takes_neighbours_of_a_large_range_for_what_was_tried() -> None:
    space = Space({"x": Int(0, 10**12)})
    study = luthier.create_study(space=space, seed=0, sampler="random")
    start = 5 * 10**11
    for i in range(10):
        study.add({"x": start + i}, 1.0)
    near = space.encode([{"x": start + i} for i in range(20)])
    assert study.history.seen(near).tolist() == [True] * 10 + [False] * 10
