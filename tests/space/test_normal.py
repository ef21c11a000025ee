"""Tests of the distribution without bounds."""

from __future__ import annotations

import math
from statistics import NormalDist

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import luthier
from luthier import Float, Normal, Space
from luthier.analysis.axes import read_axis
from luthier.errors import ArgumentNameError, DistributionError, UnknownParameterError
from luthier.space.distributions import Distribution
from luthier.space.widening import are_values_of, widen

KINDS = [
    Normal(0, 1),
    Normal(-3.5, 0.01),
    Normal(2, 1, scale="log"),
    Normal(0, 3, 1),
    Normal(0.3, 0.5, 0.1),
    Normal(0, 2, 1, scale="log"),
    Normal(0, 1, 20),
]


@pytest.mark.parametrize("dist", KINDS, ids=repr)
@given(u=st.floats(0, 1))
def test_values_lie_by_their_share_of_the_distribution_and_return(dist: Normal, u: float) -> None:
    value = dist.from_unit(u)

    assert dist.low <= value <= dist.high
    assert dist.contains(value)
    assert dist.from_unit(dist.to_unit(value)) == pytest.approx(value, rel=1e-7, abs=1e-9)
    if dist.step is None:
        z = ((math.log(value) if dist.scale == "log" else value) - dist.mean) / dist.std
        assert NormalDist().cdf(z) == pytest.approx(min(max(u, 1e-9), 1 - 1e-9), abs=1e-9)
    assert (dist.from_unit(np.array([u])) == value).all()  # arrays give what single numbers give


@pytest.mark.parametrize("dist", [d for d in KINDS if d.step], ids=repr)
def test_multiples_share_the_interval_and_return_exactly(dist: Normal) -> None:
    raw = dist.values(np.arange(dist.n_values, dtype=float))
    low, high = dist.cells(raw)

    assert (dist.from_unit(dist.to_unit(raw)) == raw).all()
    assert (low[0], high[-1]) == (0, 1)
    assert low[1:] == pytest.approx(high[:-1])
    assert all(dist.find(v) == v for v in raw.tolist())


def test_a_search_by_chance_draws_from_the_distribution() -> None:
    space = Space({"x": Normal(5, 2), "y": Normal(0, 0.5, scale="log")})
    drawn = space.raw(space.sample(np.random.default_rng(0), 4000))

    assert drawn[:, 0].mean() == pytest.approx(5, abs=0.1)
    assert drawn[:, 0].std() == pytest.approx(2, abs=0.1)
    assert np.log(drawn[:, 1]).std() == pytest.approx(0.5, abs=0.03)
    assert space.decode(np.full((1, 2), 0.5)) == [{"x": 5.0, "y": 1.0}]


def test_values_beyond_what_is_proposed_are_used_as_they_are() -> None:
    study = luthier.create_study(space={"x": Normal(0, 1)}, seed=0)
    study.enqueue({"x": 40.0})
    study.optimize(lambda trial: abs(trial.params["x"] - 40), n_trials=3)

    assert study.best_params == {"x": 40.0}
    assert study.history.params(0) == {"x": 40.0}


def test_an_objective_may_ask_for_it_and_a_file_keep_it(tmp_path) -> None:
    dist = Normal(0, 2, default=0.3)
    url = f"sqlite:///{tmp_path}/s.db"
    study = luthier.create_study(name="n", storage=url, seed=0)
    study.optimize(lambda trial: (trial.suggest("x", dist) - 1) ** 2, n_trials=25)

    again = luthier.load_study(name="n", storage=url)
    assert again.space.params == {"x": dist}
    assert again.best_value == study.best_value < 0.3


@pytest.mark.parametrize("dist", KINDS, ids=repr)
def test_json_and_back(dist: Normal) -> None:
    assert msgspec.json.decode(msgspec.json.encode(dist), type=Distribution) == dist
    described = Space.from_json({"x": {"mean": dist.mean, "std": str(dist.std)}})
    assert described.params["x"] == Normal(dist.mean, dist.std)


def test_figures_show_four_deviations() -> None:
    axis = read_axis(Space({"x": Normal(1, 2), "q": Normal(0, 3, 5)}), "x")
    assert (axis.low, axis.high) == (-7, 9)
    assert Normal(0, 3, 5).shown == (-10, 10)


def test_two_of_them_have_the_values_of_the_wider_one() -> None:
    assert widen(Normal(0, 1), Normal(5, 2)) == Normal(5, 2)
    assert widen(Normal(0, 1), Normal(0, 1, 0.5)) == Normal(0, 1)
    assert widen(Normal(0, 1), Normal(0, 1, scale="log")) == Normal(0, 1)
    assert widen(Float(0, 1), Normal(0, 1)) == Normal(0, 1)
    assert are_values_of(Normal(0, 1, 2), Normal(0, 1))
    assert not are_values_of(Normal(0, 1), Normal(0, 1, scale="log"))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mean": 0, "std": 0}, "std of a Normal must be finite and > 0, got 0.0"),
        ({"mean": math.nan, "std": 1}, "mean of a Normal must be finite"),
        ({"mean": 0, "std": 1, "step": -1}, "step of a Normal must be finite and > 0"),
        ({"mean": "0", "std": 1}, r"mean must be a number, got '0' \(str\)"),
        ({"mean": 0, "std": 1, "scale": "reverse_log"}, "'linear' or 'log', got 'reverse_log'"),
        ({"mean": 0, "std": 1, "prior": 3}, "a Normal has no prior: its mean says where"),
        ({"mean": 800, "std": 1, "scale": "log"}, "beyond what floats can tell apart or hold"),
        ({"mean": 0, "std": 1, "step": 1e-20}, "wider steps"),
        ({"mean": 1e300, "std": 1e-300}, "take another std"),
        ({"mean": 0, "std": 1, "step": 1, "default": 0.5}, "default 0.5 is not a value of"),
    ],
    ids=str,
)
def test_nonsense_is_refused_with_a_reason(fields, says: str) -> None:
    with pytest.raises(DistributionError, match=says):
        Normal(**fields)


def test_words_of_others_are_explained_and_other_values_refused() -> None:
    with pytest.raises(ArgumentNameError, match="in luthier it is mean"):
        Normal(mu=0, sigma=1)
    with pytest.raises(UnknownParameterError, match="expected a number"):
        Normal(0, 1).raw("a")
    assert Normal(0, 1, scale="log").find(-1) is None
    assert Normal(0, 1, 2).find(3) is None


@pytest.mark.parametrize("swapped", [False, True])
def test_the_widest_of_two_scales_keeps_the_unit_of_its_mean(swapped):
    linear, log = Normal(100, 10, step=1), Normal(4.6, 0.1, log=True)
    pair = (log, linear) if swapped else (linear, log)
    assert widen(*pair) == Normal(100, 10)
