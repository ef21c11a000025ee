"""What methods with a population make of histories that tell little, or that others wrote."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier import Float, Int, Space, State, TrialRow, samplers
from luthier.history.history import History
from luthier.samplers.startup import contains_point, sample_startup

NAMES = ["CMAES", "DE", "Evolution"]
CUBE = Space({f"x{j}": Float(0, 1) for j in range(3)})
MIXED = Space(
    {
        "x": Float(0, 1),
        "k": Int(0, 9),
        "m": ["a", "b", "c"],
        "y": Float(0, 1, when={"m": ["a", "b"]}),
    }
)
DISCRETE = Space({"k": Int(0, 30), "c": list("abcd"), "flag": [True, False]})
LOSSES = {
    "constant": lambda i: 1.0,
    "infinities": lambda i: (1.0, math.inf, -math.inf, 0.5)[i % 4],
    "huge": lambda i: (1e308, -1e308, 1e-308)[i % 3],
    "failed": lambda i: None,
    "one success": lambda i: 1.0 if i == 7 else None,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("space", [CUBE, MIXED, DISCRETE], ids=["cube", "mixed", "discrete"])
@pytest.mark.parametrize("losses", LOSSES)
def test_it_goes_on_whatever_the_losses_are(name: str, space: Space, losses: str) -> None:
    h, sampler = History(space, ["minimize"], 0), samplers.from_name(name)
    for i in range(150):
        X = sampler.sample(space, h, 1, np.random.default_rng(i))
        assert (np.isnan(X) == ~space.active(X)).all()
        loss = LOSSES[losses](i)
        state, values = (State.FAILED, None) if loss is None else (State.COMPLETE, (loss,))
        h.put([TrialRow(number=i, state=state, params=space.decode(X)[0], values=values)])
    assert len(set(space.keys(h.X))) == 150


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("space", [CUBE, MIXED, DISCRETE], ids=["cube", "mixed", "discrete"])
def test_one_point_many_times(name: str, space: Space) -> None:
    h = History(space, ["minimize"], 0)
    params = space.decode(space.sample(np.random.default_rng(0), 1))[0]
    h.put(
        [TrialRow(number=i, state=State.COMPLETE, params=params, values=(1.0,)) for i in range(60)]
    )
    X = samplers.from_name(name).sample(space, h, 8, np.random.default_rng(0))
    assert len(set(space.keys(X))) == 8
    assert not any(contains_point(h.X, x[None]) for x in X)


@pytest.mark.parametrize("name", NAMES)
def test_all_parameters_fixed(name: str) -> None:
    space = Space({"k": Int(3, 3), "c": ["only"], "x": Float(0.5, 0.5)})
    h = History(space, ["minimize"], 0)
    for i in range(30):
        X = samplers.from_name(name).sample(space, h, 1, np.random.default_rng(i))
        assert space.decode(X) == [{"k": 3, "c": "only", "x": 0.5}]
        h.put([TrialRow(number=i, state=State.COMPLETE, params=space.decode(X)[0], values=(0.0,))])


def test_the_cube_and_back() -> None:
    X = MIXED.sample(np.random.default_rng(0), 200)
    U = MIXED.to_cube(X, np.random.default_rng(1))
    assert ((U >= 0) & (U <= 1)).all()
    np.testing.assert_array_equal(MIXED.place(U.copy()), X)


def test_the_centre_comes_first_and_once() -> None:
    h, rng = History(CUBE, ["minimize"], 0), np.random.default_rng(0)
    assert sample_startup(CUBE, h, 1, rng).tolist() == [[0.5, 0.5, 0.5]]
    h.put([TrialRow(number=0, state=State.RUNNING, params=dict.fromkeys(CUBE.names, 0.5))])
    assert sample_startup(CUBE, h, 1, rng).tolist() != [[0.5, 0.5, 0.5]]
