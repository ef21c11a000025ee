"""Priors of parameters from tables of past bests."""

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Normal, Space
from luthier.errors import SpaceError
from luthier.numerics import priors
from luthier.space.prior_fit import fit_priors

ROWS = [
    {"lr": 1e-3, "layers": 3, "opt": "adam"},
    {"lr": 1e-2, "layers": 4, "opt": "adam"},
    {"lr": 1e-4, "layers": 5, "opt": "sgd"},
]


def test_priors_stand_where_the_best_values_were():
    space = Space(
        {
            "lr": Float(1e-6, 1.0, scale="log"),
            "layers": Int(1, 8),
            "opt": Categorical(("sgd", "adam", "lamb")),
            "other": Float(0, 1),
        },
        ["layers < 8"],
        first=[{"layers": 2}],
    )
    fitted, notes = fit_priors(ROWS, space)
    assert notes == []
    middle, deviation = fitted.params["lr"].prior
    assert middle == pytest.approx(1e-3)
    assert deviation == pytest.approx(np.sqrt((2 * (1 / 6) ** 2 + 0.25**2) / 3), rel=0.01)
    assert fitted.params["layers"].prior[0] == 4
    assert fitted.params["opt"].prior == (1.0, 2.0, 0.0)
    assert fitted.params["other"] == space.params["other"]
    assert [c.text for c in fitted.constraints] == ["layers < 8"]
    assert fitted.first == space.first


def test_one_point_has_the_usual_deviation_and_many_have_their_own():
    assert priors.fit(np.array([0.3])) == pytest.approx((0.3, 0.25))
    u = np.random.default_rng(0).normal(0.5, 0.05, 2000)
    assert priors.fit(u) == pytest.approx((u.mean(), u.std()), rel=0.01)


def test_a_space_is_read_off_the_table():
    params = fit_priors(ROWS).space.params
    assert params["lr"].scale == "log"
    assert params["lr"].low == pytest.approx(1e-5)
    assert params["lr"].high == pytest.approx(0.1)
    assert (params["layers"].low, params["layers"].high) == (2, 6)
    assert params["opt"].choices == ("adam", "sgd")
    rows = [{"x": 0.0, "same": 3, "flag": True}, {"x": 4.0, "same": 3, "flag": False}]
    params = fit_priors(rows).space.params
    assert (params["x"].low, params["x"].high) == (0.0, 6.0)
    assert params["same"].choices == (3,)
    assert params["flag"].choices == (True, False)


def test_searches_with_such_a_space_begin_near_the_past_bests():
    space, _ = fit_priors(ROWS * 10)
    study = luthier.create_study(space=space, seed=0)
    study.optimize(lambda trial: trial.params["lr"], n_trials=1)
    assert study.trials[0].params == {"lr": pytest.approx(1e-3), "layers": 4, "opt": "adam"}


def test_numbers_with_a_text_among_them_become_choices_which_is_said():
    fitted, notes = fit_priors([{"lr": 0.1}, {"lr": 0.05}, {"lr": "auto"}])
    assert fitted.params["lr"].choices == (0.1, 0.05, "auto")
    assert notes == ["lr has numbers and 'auto', so each of its values is a choice"]


def test_nan_tells_nothing_which_is_said():
    rows = [{"lr": 0.1}, {"lr": 0.05}, {"lr": "nan"}, {"lr": float("nan")}]
    fitted, notes = fit_priors(rows)
    assert fitted.params == fit_priors(rows[:2]).space.params
    assert notes == ["lr: 2 of 4 values are NaN"]


def test_a_column_that_spans_all_numbers_is_named():
    with pytest.raises(SpaceError, match="column 'loss' is no parameter"):
        fit_priors([{"lr": 0.1, "loss": 0.9}, {"lr": 0.2, "loss": 1e308}])


def test_what_is_not_used_is_said():
    space = Space({"lr": Float(1e-3, 1.0, scale="log"), "n": Normal(0, 1)})
    _, notes = fit_priors([*ROWS, {"lr": None, "n": 2.0}], space)
    assert notes[0] == "['layers', 'opt'] are no parameters of the space"
    assert notes[1].startswith("lr: 1 of 3 values are none of Float(")
    assert notes[2] == "n is a Normal, which is a prior itself"


@pytest.mark.parametrize(
    ("rows", "space", "message"),
    [
        ([], None, "got 0 rows that tell nothing"),
        ([{"x": None}, {}], None, "got 2 rows that tell nothing"),
        ([{"y": 1}], Space({"x": Float(0, 1)}), "no column is a parameter of the space"),
    ],
)
def test_tables_that_tell_nothing_are_refused(rows, space, message):
    with pytest.raises(SpaceError, match=message):
        fit_priors(rows, space)
