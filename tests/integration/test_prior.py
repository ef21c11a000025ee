"""Priors: a belief about the optimum is stored, drawn from, helps when right, fades when wrong."""

from __future__ import annotations

import math
import warnings

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import luthier
from luthier import Categorical, Float, Int, Space
from luthier.errors import DistributionError, IncompatibleDistributionError, SpaceError
from luthier.samplers import TPE
from luthier.space.distributions import Distribution
from luthier.space.widening import widen

ADAM = Categorical(["adam", "sgd", "lamb"], prior={"adam": 0.6, "sgd": 0.2})
FIXED = Float(1.0, 1.0, prior=1.0)


@st.composite
def believed(draw: st.DrawFn) -> Distribution:
    """Every kind of distribution, with a prior."""
    scale = draw(st.sampled_from(("linear", "log", "reverse_log")))
    sd = draw(st.floats(1e-12, 1e12))
    kind = draw(st.sampled_from(("float", "step", "int", "choices", "ordered")))
    if kind == "float":
        return Float(0.001, 0.999, scale=scale, prior=(draw(st.floats(0.001, 0.999)), sd))
    if kind == "step":
        return Float(0.1, 5, step=0.3, scale="linear", prior=(draw(st.floats(0.1, 5)), sd))
    if kind == "int":
        low = draw(st.integers(1, 50))
        high = low + draw(st.integers(0, 200))
        step = draw(st.integers(1, 7))
        return Int(low, high, step=step, scale=scale, prior=(draw(st.integers(low, high)), sd))
    weights = draw(st.lists(st.floats(0, 1e300), min_size=1, max_size=6).filter(any))
    return Categorical(range(len(weights)), ordered=kind == "ordered", prior=weights)


def test_what_people_write_is_kept_in_one_form() -> None:
    assert Float(1e-5, 1e-1, scale="log", prior=1e-3) == Float(
        1e-5, 1e-1, scale="log", prior=[1e-3, 0.25]
    )
    assert Int(1, 9, prior=(np.int64(3), np.float32(0.5))).prior == (3, 0.5)
    assert ADAM.prior == (0.6, 0.2, 0.0)
    assert Categorical(["adam", "sgd", "lamb"], prior=np.array([0.6, 0.2, 0])) == ADAM
    assert Categorical([1, True, "1", (2, 3)], prior={"1": 2, (2, 3): 1}).prior == (0, 0, 2, 1)
    assert hash(ADAM) == hash(Categorical(["adam", "sgd", "lamb"], prior=[0.6, 0.2, 0.0]))
    assert repr(Float(0, 1, prior=(0.2, 0.1))) == "Float(low=0, high=1, prior=(0.2, 0.1))"
    assert "prior" not in repr(Float(0, 1))


@given(believed())
def test_json_and_back(dist: Distribution) -> None:
    assert msgspec.json.decode(msgspec.json.encode(dist), type=Distribution) == dist
    space = Space({"x": dist})
    assert (
        Space.from_json(msgspec.json.decode(msgspec.json.encode(space.to_json()))).params
        == space.params
    )


def test_space_files() -> None:
    space = Space.from_json(
        {
            "lr": {"low": "1e-5", "high": 0.1, "scale": "log", "prior": ["1e-3", 0.1]},
            "decay": {"low": "1e-5", "high": 0.1, "scale": "log", "prior": "1e-3"},
            "layers": {"low": 1, "high": 4, "prior": 2},
            "optimizer": {"choices": ["adam", "sgd"], "prior": {"adam": 3}},
        }
    )
    assert [p.prior for p in space.dists] == [(1e-3, 0.1), (1e-3, 0.25), (2, 0.25), (3, 0)]
    with pytest.raises(SpaceError, match=r"'lr' is not described well: .* prior"):
        Space.from_json({"lr": {"low": 0.0, "high": 1.0, "prior": 3}})


def test_a_study_keeps_it(tmp_path) -> None:
    space = Space({"x": Float(0, 1, prior=(0.2, 0.1)), "o": ADAM})
    luthier.create_study("s", f"sqlite:///{tmp_path}/a.db", space=space)
    study = luthier.load_study("s", f"sqlite:///{tmp_path}/a.db")
    assert study.space.params == space.params
    study.optimize(
        lambda t: t.suggest_float("x", 0, 1) + (t.suggest_categorical("o", ADAM.choices) == "sgd"),
        3,
    )
    assert study.space.params == space.params, "suggesting the same range keeps it"
    with pytest.raises(IncompatibleDistributionError):
        study.optimize(lambda t: t.suggest_float("x", 0, 2), 1)
    assert study.space.params == space.params, "so does what is refused"


def test_the_later_of_two_beliefs_holds() -> None:
    a = Float(1, 10, scale="log", prior=(2, 0.1), default=3)
    b = Float(10, 100, scale="log", prior=(20, 0.1))
    assert widen(a, b) == Float(1, 100, scale="log", prior=(20, 0.05), default=3)
    assert widen(a, a) == a
    assert widen(ADAM, Categorical(["new", "sgd"], prior=[1, 2])) == Categorical(
        ["adam", "sgd", "lamb", "new"], prior=[0, 2, 0, 1]
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Float(0, 1, prior=2), "from 0 to 1, got 2"),
        (lambda: Float(0, 1, prior=-1e-9), "from 0 to 1"),
        (lambda: Float(0, 1, prior=math.nan), "from 0 to 1, got nan"),
        (lambda: Float(0, 1, prior="0.5"), "value of a prior must be a number, got '0.5'"),
        (lambda: Float(0, 1, prior=True), "must be a number, got True"),
        (lambda: Float(0, 1, prior=(0.5, 0)), "finite and > 0, got 0"),
        (lambda: Float(0, 1, prior=(0.5, -0.1)), "finite and > 0, got -0.1"),
        (lambda: Float(0, 1, prior=(0.5, math.inf)), "finite and > 0, got inf"),
        (lambda: Float(0, 1, prior=(0.5, math.nan)), "finite and > 0, got nan"),
        (lambda: Float(0, 1, prior=(0.5, None)), "sd of a prior must be a number"),
        (lambda: Float(0, 1, prior=(0.5, 0.1, 0.1)), "a value, or a value and an sd"),
        (lambda: Int(1, 3, prior=4), "from 1 to 3, got 4"),
        (
            lambda: Categorical(["a", "b"], prior={"c": 1}),
            r"weighs \['c'\], not among the choices \['a', 'b'\]",
        ),
        (lambda: Categorical([1, 2], prior={True: 1}), r"weighs \[True\]"),
        (lambda: Categorical(["a", "b"], prior=[1]), "one for every choice"),
        (lambda: Categorical(["a", "b"], prior="ab"), "one for every choice"),
        (lambda: Categorical(["a", "b"], prior=0.5), "one for every choice"),
        (lambda: Categorical(["a", "b"], prior=[0, 0]), "not all 0"),
        (lambda: Categorical(["a", "b"], prior={}), "not all 0"),
        (lambda: Categorical(["a", "b"], prior=[1, -1]), ">= 0"),
        (lambda: Categorical(["a", "b"], prior=[1, math.nan]), "finite"),
        (lambda: Categorical(["a", "b"], prior=[1, math.inf]), "finite"),
        (
            lambda: Categorical(["a", "b"], prior=[1, "x"]),
            "weight of a prior must be a number, got 'x'",
        ),
    ],
)
def test_nonsense_is_refused_with_a_reason(make, says: str) -> None:
    with pytest.raises(DistributionError, match=says):
        make()


@given(believed())
def test_the_density_is_one_relative_to_uniform(dist: Distribution) -> None:
    space = Space({"x": dist})
    if dist.n_values is None:
        mu, sd = dist.to_unit(dist.prior[0]), max(dist.prior[1], 1e-6)
        u = np.concatenate([np.linspace(0, 1, 20001), mu + sd * np.linspace(-9, 9, 20001)])
        u = np.unique(np.clip(u, 0, 1))
        total = np.trapezoid(np.exp(space.log_prior(u[:, None])), u)
    else:
        i = np.arange(dist.n_values, dtype=float)
        raw = i if isinstance(dist, Categorical) else dist.low + i * dist.step
        low, high = dist.cells(raw) if dist.n_values > 1 else (np.zeros(1), np.ones(1))
        X = (dist.to_unit(raw) + 0 * i)[:, None]
        total = np.sum(np.exp(space.log_prior(X)) * (high - low))
    assert total == pytest.approx(1, abs=1e-3)


@given(believed(), st.integers(0, 2**32))
def test_every_value_stays_possible(dist: Distribution, seed: int) -> None:
    X = Space({"x": dist}).sample(np.random.default_rng(seed), 50)
    got = Space({"x": dist}).log_prior(X)
    assert np.isfinite(got).all()
    assert got.min() >= math.log(0.05) - 1e-9


@pytest.mark.parametrize(
    "dist",
    [
        Float(1e-4, 1, scale="log", prior=(1e-1, 0.1)),
        Float(0, 1, step=0.25, prior=(0.5, 0.2)),
        Int(1, 8, scale="log", prior=(1, 0.3)),
        Int(0, 4, scale="reverse_log", prior=4),
        ADAM,
        Categorical(["a", "b", "c", "d"], ordered=True, prior=[1, 2, 0, 1]),
    ],
    ids=str,
)
def test_draws_have_the_density(dist: Distribution) -> None:
    space, rng = Space({"x": dist}), np.random.default_rng(0)
    uniform, drawn = space.sample(rng, 40_000), space.from_prior(rng, 40_000)
    weights = np.exp(space.log_prior(uniform))
    for cut in np.quantile(drawn, [0.1, 0.3, 0.5, 0.7, 0.9]):
        expected = np.mean(weights * (uniform[:, 0] <= cut))
        assert np.mean(drawn[:, 0] <= cut) == pytest.approx(expected, abs=0.02)


TREE = Space(
    {
        "model": Categorical(["svm", "net"], prior={"net": 1}),
        "C": Float(1e-3, 1e3, scale="log", prior=(1, 0.05), when={"model": "svm"}),
        "rate": Float(1e-4, 1, scale="log", prior=(1e-2, 0.05), when={"model": "net"}),
        "free": Int(0, 9),
    },
    ["free < 8"],
)


def test_draws_respect_conditions_and_constraints() -> None:
    rows = TREE.decode(TREE.from_prior(np.random.default_rng(0), 2000))
    assert all(
        ("C" in r, "rate" in r) == ((r["model"] == "svm"), (r["model"] == "net")) for r in rows
    )
    assert np.mean([r["model"] == "net" for r in rows]) == pytest.approx(0.975, abs=0.02)
    _, counts = np.unique([r["free"] for r in rows], return_counts=True)
    assert counts / 2000 == pytest.approx(np.full(8, 1 / 8), abs=0.04), (
        "uniform where nothing is believed"
    )


def test_only_active_parameters_with_a_prior_count() -> None:
    X = TREE.encode(
        [{"model": "svm", "C": 1.0, "free": 0}, {"model": "net", "rate": 1.0, "free": 0}]
    )
    peak = 0.95 / (0.05 * math.sqrt(2 * math.pi)) + 0.05
    assert TREE.log_prior(X) == pytest.approx(
        [math.log(0.05) + math.log(peak), math.log(1.95) + math.log(0.05)]
    )
    assert TREE.has_prior
    plain = Space({"x": Float(0, 1), "one": FIXED})
    assert not plain.has_prior
    assert plain.log_prior(plain.from_prior(np.random.default_rng(0), 3)).tolist() == [0, 0, 0]


def test_a_search_starts_at_the_default_or_where_the_belief_is() -> None:
    space = Space(
        {
            "x": Float(0, 1, prior=0.2),
            "y": Float(0, 1, prior=0.2, default=0.7),
            "o": ADAM,
            "k": Int(1, 3),
        }
    )
    assert space.decode(space.centre())[0] == {
        "x": pytest.approx(0.2),
        "y": pytest.approx(0.7),
        "o": "adam",
        "k": 2,
    }
    assert Space({"x": Float(0, 1, step=0.5, prior=0.4)}).centre().tolist() == [[0.5]]


def search(prior: bool, shift: float, n: int, seed: int) -> np.ndarray:
    """Best values so far (n,) on a sphere; its minimum 0.3 is believed to be `shift` further."""
    belief = (0.3 + shift, 0.1) if prior else None
    space = Space({f"x{j}": Float(0, 1, prior=belief) for j in range(4)})
    study = luthier.create_study(space=space, sampler=TPE(), seed=seed)
    study.optimize(
        lambda t: sum((v - 0.3) ** 2 for v in t.params.values()), n_trials=n, progress=False
    )
    return np.minimum.accumulate([t.value for t in study.trials])


def test_a_good_belief_saves_trials() -> None:
    needed = {
        p: np.mean([np.argmax(search(p, 0.1, 150, s) < 0.02) for s in range(10)])
        for p in (True, False)
    }
    assert 0 < needed[True] < needed[False] / 1.5


def test_a_wrong_belief_is_overcome() -> None:
    wrong = np.array([search(True, 0.65, 150, s) for s in range(10)])
    assert wrong[:, 0].min() > 1, "it began far away"
    assert np.median(wrong[:, -1]) < 0.01


def test_half_of_the_first_trials_come_from_it() -> None:
    space = Space({"x": Float(0, 1, prior=(0.9, 1e-3)), "y": Float(0, 1)})
    study = luthier.create_study(space=space, sampler=TPE(n_startup_trials=100), seed=0)
    study.optimize(lambda t: 0.0, n_trials=80, progress=False)
    near = [abs(t.params["x"] - 0.9) < 0.01 for t in study.trials]
    assert near[0]
    assert 35 <= sum(near) <= 43


def test_extremes_raise_no_warning() -> None:
    space = Space(
        {"x": Float(0, 1, prior=(1, 1e-300)), "y": Float(0, 1, prior=(0, 1e300)), "one": FIXED}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = space.from_prior(np.random.default_rng(0), 100)
        assert np.isfinite(space.log_prior(X)).all()
    assert np.median(X[:, 0]) == pytest.approx(1, abs=1e-4)
