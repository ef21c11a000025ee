"""Studies in which there is little or something odd to see."""

from __future__ import annotations

import math

import numpy as np
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
        "pruned and paused": history(
            trial({"x": 0.1}, 1.0, reports=[3, 2, 1]),
            trial({"x": 0.2}, state=State.PRUNED, reports=[math.nan]),
            trial({"x": 0.3}, state=State.PAUSED, reports=[3, 2]),
            trial({"x": 0.4}, state=State.WAITING),
        ),
        "out of the space": history(*[trial({"x": 5.0 + i}, float(i)) for i in range(5)]),
    }


@pytest.fixture(params=odd_histories())
def odd(request: pytest.FixtureRequest) -> History:
    """A history that a figure may meet."""
    return odd_histories()[request.param]


@pytest.fixture(scope="session")
def large() -> History:
    """100,000 trials."""
    return trained(100_000)


def trained(n: int, n_objectives: int = 1) -> History:
    """Return n trials that took a second each, of which three quarters were pruned halfway."""
    rng = np.random.default_rng(n)
    values = rng.random((n, n_objectives)).tolist()
    rows = []
    for i, params in enumerate(SPACE.decode(SPACE.sample(rng, n))):
        ends = i % 4 == 0
        reports = {1: tuple(values[i]), 2: tuple(values[i])} if ends else {1: tuple(values[i])}
        rows.append(
            trial(
                params,
                values[i],
                State.COMPLETE if ends else State.PRUNED,
                reports=reports,
                started_s=float(i),
                finished_s=i + 1.0,
                cost=1.0,
            )
        )
    return history(*rows, space=SPACE, directions=["minimize"] * n_objectives)


def additive(n: int, noise: float = 0.03, seed: int = 0) -> History:
    """Return n random trials of 2 (a - 0.3)² + b with noise."""
    rng = np.random.default_rng(seed)
    space = Space({"a": Float(0, 1), "b": Float(0, 1)})
    rows = [
        trial(p, 2 * (p["a"] - 0.3) ** 2 + p["b"] + noise * float(rng.normal()))
        for p in space.decode(space.sample(rng, n))
    ]
    return history(*rows, space=space)


def conditional(n: int) -> History:
    """Return n random trials of |log10(lr) + 3|, and 1 more with SGD, 0.5 with Nesterov's."""
    rng = np.random.default_rng(0)
    rows = []
    for params in SPACE.decode(SPACE.sample(rng, n)):
        sgd = (params["optimizer"] == "sgd") * (1 - 0.5 * params.get("nesterov", 0))
        value = abs(np.log10(params["lr"]) + 3) + sgd + 0.05 * rng.normal()
        rows.append(trial(params, float(value)))
    return history(*rows, space=SPACE)
