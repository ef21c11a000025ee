"""Studies in which there is little or something odd to see."""

from __future__ import annotations

import math

import pytest

from luthier import Categorical, Float, Int, Space, State
from luthier.history.history import History
from luthier.testing import history, random_history, trial

SPACE = Space(
    {
        "lr": Float(1e-5, 1e-1, log=True),
        "momentum": Float(0.5, 0.999, scale="reverse_log"),
        "layers": Int(1, 4),
        "optimizer": Categorical(("adam", "sgd", "Ünïcödé \N{SNOWMAN}")),
        "nesterov": Categorical((True, False), when={"optimizer": "sgd"}),
    }
)
"""Every kind of parameter."""


def odd_histories() -> dict[str, History]:
    """Histories that a figure may meet, by what is odd about them."""
    one = {"x": 0.5}
    only = Space({"x": Float(0.5, 0.5), "kind": ["one"]})
    return {
        "no trials": history(),
        "running": history(trial(one)),
        "one trial": history(trial(one, 1.0)),
        "two trials": history(trial({"x": 0.1}, 1.0), trial({"x": 0.9}, 2.0)),
        "failed only": history(*[trial(one, state=State.FAILED)] * 3),
        "pruned only": history(
            *[trial(one, 1.0, State.PRUNED, reports=[3, 2, 1])] * 3,
        ),
        "constant values": random_history(SPACE, 40, value=1.0),
        "no parameters": history(trial(value=1.0), trial(value=2.0), space=Space()),
        "one value each": history(
            *[trial({"x": 0.5, "kind": "one"}, float(i)) for i in range(12)], space=only
        ),
        "infinite values": history(
            *[
                trial({"x": i / 10}, value)
                for i, value in enumerate([math.inf, 1.0, -math.inf, 2.0, 3.0, math.inf])
            ]
        ),
        "all infinite": history(*[trial({"x": i / 10}, math.inf) for i in range(5)]),
        "huge values": history(*[trial({"x": i / 10}, (-1) ** i * 1e308) for i in range(9)]),
        "infeasible only": history(
            *[trial({"x": i / 10}, float(i), constraints={"memory": 1.0}) for i in range(5)]
        ),
        "every kind of parameter": random_history(SPACE, 60),
        "three objectives": random_history(SPACE, 40, n_objectives=3),
        "out of the space": history(*[trial({"x": 5.0 + i}, float(i)) for i in range(5)]),
    }


@pytest.fixture(params=odd_histories())
def odd(request: pytest.FixtureRequest) -> History:
    """A history that a figure may meet."""
    return odd_histories()[request.param]


@pytest.fixture(scope="session")
def large() -> History:
    """100,000 trials, of which about 60,000 are complete."""
    return with_times(random_history(SPACE, 100_000))


def with_times(h: History) -> History:
    """Return the complete trials of a history, one after the other, a second each."""
    values = h.values.tolist()
    rows = [
        trial(params, values[i], started_s=float(i), finished_s=i + 1.0, cost=1.0)
        for i, params in enumerate(h.space.decode(h.X))
        if h.state[i] == State.COMPLETE
    ]
    return history(*rows, space=h.space, directions=h.directions)
