"""Ready-made spaces: ranges, defaults and portfolios."""

import inspect

import pytest

import luthier
from luthier import spaces
from luthier.errors import SpaceError
from luthier.spaces.portfolios import read_portfolios

FAMILIES = [name for name in spaces.__all__ if name != "suggest"]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_ready_made_space_has_defaults_and_begins_with_them(name):
    space = getattr(spaces, name)()
    default = {n: dist.default for n, dist in space.params.items()}
    assert space.first[0] == default
    assert space.decode(space.centre())[0] == space.decode(space.first_points.X[:1])[0]


@pytest.mark.parametrize("name", sorted(read_portfolios()))
def test_a_portfolio_has_ten_different_rows_of_the_space(name):
    make = getattr(spaces, name)
    for task in ("classification", "regression"):
        takes_task = "task" in inspect.signature(make).parameters
        space = make(task, 7) if takes_task else make()
        assert len(space.first) == 10
        assert space.first_points.left_out == []
        assert len(space.first_points.X) == 10


def test_every_model_of_scikit_learn_and_every_booster_has_a_portfolio():
    assert set(FAMILIES) == set(read_portfolios())


def test_portfolios_say_where_they_come_from():
    for family, portfolio in read_portfolios().items():
        assert family in FAMILIES
        assert portfolio.source
        assert portfolio.licence


def test_the_default_of_max_features_is_that_of_scikit_learn():
    for d in (1, 2, 3, 4, 10, 16, 99, 100, 2000):
        share = spaces.random_forest(n_features=d).params["max_features"].default
        assert int(share * d) == int(d**0.5) or share == 0.02
    assert spaces.extra_trees("regression", 50).params["max_features"].default == 1.0


def test_gamma_and_its_rows_stand_in_relation_to_the_number_of_columns():
    few, many = spaces.svm(n_features=10), spaces.svm(n_features=1000)
    assert few.params["gamma"].default == pytest.approx(0.1)
    assert many.params["gamma"].low == pytest.approx(few.params["gamma"].low / 100)
    for row, other in zip(few.first, many.first, strict=True):
        assert row["gamma"] == pytest.approx(100 * other["gamma"])
        assert row["C"] == other["C"]


def test_only_support_vector_regression_has_an_epsilon():
    assert set(spaces.svm().params) == {"C", "gamma"}
    assert set(spaces.svm("regression").params) == {"C", "gamma", "epsilon"}


@pytest.mark.parametrize("make", [spaces.svm, spaces.random_forest, spaces.extra_trees])
def test_bad_arguments_are_refused(make):
    with pytest.raises(SpaceError, match="task is 'classification' or 'regression', got 'ranking'"):
        make("ranking")
    with pytest.raises(ValueError, match="n_features must be a whole number >= 1, got 0"):
        make(n_features=0)


def test_an_automatic_search_goes_through_the_portfolio():
    space = spaces.xgboost()
    study = luthier.create_study(space=space, seed=0)
    study.optimize(lambda trial: trial.params["learning_rate"], n_trials=10)
    assert [study.space.encode(t.params).round(6).tolist() for t in study.trials] == [
        x[None].round(6).tolist() for x in space.first_points.X
    ]
