import math

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from luthier import Float, Int, Space
from luthier.errors import EvaluationError, NoCompletedTrialsError
from luthier.evaluation import (
    Evaluate,
    choose_simplest,
    compare_all,
    plan_folds,
    plan_holdout,
    plan_time_folds,
    search,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
Y = X[:, 0] + 0.1 * RNG.normal(size=200)
NOISE = RNG.integers(0, 2, 200)
DEPTH = Space({"max_depth": Int(1, 8)})


def trees(y=Y, metric="rmse", plan=None, **model):
    plan = plan or plan_folds(200)
    return Evaluate(DecisionTreeRegressor(random_state=0, **model), X, y, plan, metric)


def test_a_better_configuration_is_chosen_and_confirmed_on_fresh_folds():
    evaluate = trees(max_depth=1)
    result = search(evaluate, DEPTH, 12, n_repeats=2)
    assert not result.is_default
    assert result.params["max_depth"] > 2
    assert result.default.params == {"max_depth": 1}
    assert result.default.trial == 0  # it is of the space, and was the first trial
    assert len(result.chosen.scores) == 10
    assert result.fresh
    assert result.plan != evaluate.plan.hash
    assert result.chosen.mean == min(leader.mean for leader in result.leaders)
    assert result.promise.low < result.promise.value < result.promise.high
    assert "is better than the default by" in str(result)


def test_on_noise_the_default_is_returned():
    evaluate = Evaluate(
        KNeighborsClassifier(), X, NOISE, plan_folds(200, stratify=NOISE), "accuracy"
    )
    result = search(evaluate, Space({"n_neighbors": Int(1, 50)}), 15)
    assert result.is_default
    assert result.verdict.startswith("Not better than the default: no leader beats it on fresh")
    assert result.params == {"n_neighbors": 5}
    assert abs(result.promise.value - 0.5) < 0.08
    assert choose_simplest(result) is result.default


def test_a_default_outside_of_the_space_is_run_as_it_is():
    evaluate = trees()  # max_depth=None
    result = search(evaluate, DEPTH, 5)
    assert result.default.params == {"max_depth": None}
    assert result.default.trial is None
    assert math.isnan(result.default.searched)
    own = search(evaluate, DEPTH, 5, default={"max_depth": 2})
    assert own.default.params == {"max_depth": 2}


def test_a_function_makes_the_default_of_nothing():
    evaluate = Evaluate(lambda params: Ridge(**params), X, Y, plan_folds(200), "rmse")
    result = search(evaluate, Space({"alpha": Float(1e-3, 1e3, scale="log")}), 5)
    assert result.default.params == {}


def test_comparisons_are_those_of_the_scores():
    result = search(trees(max_depth=1), DEPTH, 8, n_leaders=2, n_repeats=1)
    scores = {"default": result.default.scores}
    scores |= {leader.name: leader.scores for leader in result.leaders}
    assert result.comparisons == tuple(compare_all(scores, 0.25, "minimize"))


@pytest.mark.slow
def test_leaders_have_other_params_each():
    result = search(trees(), Space({"max_depth": Int(2, 3)}), 6, n_leaders=3)
    assert len(result.leaders) == 2


def test_folds_in_time_are_confirmed_on_themselves():
    result = search(trees(plan=plan_time_folds(200), max_depth=1), DEPTH, 6)
    assert not result.fresh
    assert result.comparisons == ()
    assert "on the folds of the search" in result.verdict


@pytest.mark.slow
def test_hold_outs_and_scores_without_rows_are_searched_too():
    evaluate = trees(plan=plan_holdout(200, 0.3, reshuffled=True), max_depth=1)
    assert not search(evaluate, DEPTH, 6, n_repeats=6).is_default

    def score(model, X, y):
        return -float(np.abs(model.predict(X) - y).mean())

    result = search(trees(metric=score, max_depth=1), DEPTH, 6)
    assert result.promise.low < result.chosen.mean < result.promise.high


@pytest.mark.slow
def test_models_that_fail_do_not_end_a_search():
    def build(params):
        if params.get("max_depth", 0) == 0:
            return DecisionTreeClassifier(max_depth=-1)  # fails in fit
        return DecisionTreeRegressor(**params)

    space = Space({"max_depth": Int(0, 1)})
    evaluate = Evaluate(build, X, Y, plan_folds(200), "rmse")
    result = search(evaluate, space, 8, default={"max_depth": 1})
    assert result.is_default
    hopeless = Evaluate(
        lambda params: DecisionTreeRegressor(max_depth=-1), X, Y, plan_folds(200), "rmse"
    )
    with pytest.raises(NoCompletedTrialsError, match="no trial of the search came to its end"):
        search(hopeless, DEPTH, 3)


@pytest.mark.slow
def test_a_stored_search_goes_on_with_the_same_folds_only(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    evaluate = trees(max_depth=1)
    search(evaluate, DEPTH, 4, storage=url, name="s")
    search(evaluate, DEPTH, 6, storage=url, name="s")
    other = trees(plan=plan_folds(200, seed=7), max_depth=1)
    with pytest.raises(EvaluationError, match="trial 0 of study 's' had other folds"):
        search(other, DEPTH, 8, storage=url, name="s")


@pytest.mark.slow
def test_the_simplest_of_the_leaders_is_near_the_best():
    X, y = make_classification(300, 6, n_informative=3, random_state=0)
    evaluate = Evaluate(
        DecisionTreeClassifier(random_state=0, max_depth=1),
        X,
        y,
        plan_folds(300, stratify=y),
        "accuracy",
    )
    result = search(evaluate, Space({"max_depth": Int(1, 10)}), 15)
    assert not result.is_default
    assert result.ratio == pytest.approx(0.25)  # of five folds, however often they are drawn
    simple = choose_simplest(result, "size")
    assert simple in result.leaders
    assert simple.size <= result.chosen.size
