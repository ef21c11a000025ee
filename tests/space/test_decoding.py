"""Params of points: what was written comes back as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier import Float, Int, Normal, Space


def test_numbers_that_were_given_to_a_space_come_back_exactly() -> None:
    rng = np.random.default_rng(0)
    given = [
        {"log": float(x), "wide": float(y), "late": float(z), "normal": float(w)}
        for x, y, z, w in zip(
            10 ** rng.uniform(-5, 0, 40),
            rng.uniform(-1e6, 1e6, 40),
            1 - 10 ** rng.uniform(-4, -1, 40),
            rng.normal(3, 1, 40),
            strict=True,
        )
    ]
    given.append({"log": 1e-2, "wide": 0.1, "late": 0.99, "normal": 0.3})
    space = Space(
        {
            "log": Float(1e-5, 1.0, scale="log", default=3e-3),
            "wide": Float(-1e6, 1e6, default=0.7),
            "late": Float(0.9, 0.9999, scale="reverse_log", default=0.995),
            "normal": Normal(3, 1, default=2.2),
        },
        first=given,
    )
    X = space.first_points.X
    assert space.decode(X) == given
    assert [space.decode(x[None])[0] for x in X] == given
    default = {"log": 3e-3, "wide": 0.7, "late": 0.995, "normal": 2.2}
    assert space.decode(space.centre()) == [default]
    assert space.decode(np.repeat(space.centre(), 5, axis=0)) == [default] * 5


def test_what_somebody_may_have_written_is_short_and_within_the_bounds() -> None:
    third = 1 / 3
    space = Space({"x": Float(1e-5, third, scale="log"), "n": Int(1, 9)})
    rows = [{"x": 0.01, "n": 3}, {"x": third, "n": 9}, {"x": math.pi / 10, "n": 1}]
    found = space.decode(space.encode(rows), short=True)
    assert [row["n"] for row in found] == [3, 9, 1]
    assert [row["x"] for row in found] == pytest.approx([0.01, third, math.pi / 10], rel=1e-13)
    assert found[0]["x"] == 0.01
    assert found[1]["x"] == third
