"""From a table to a model: the estimators as users meet them."""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, make_classification
from sklearn.utils.estimator_checks import check_estimator

import luthier
from luthier.automl import AutoClassifier, AutoRegressor
from luthier.errors import EstimatorError, EvaluationError

RNG = np.random.default_rng(0)
X, Y = make_classification(240, 6, n_informative=4, random_state=0)
QUICK = {"time_s": None, "n_trials": 3, "learners": ["linear", "tree"], "random_state": 0}


@pytest.fixture(scope="module")
def model():
    return AutoClassifier(**QUICK).fit(X, Y)


@pytest.mark.slow
def test_scikit_learn_takes_it_for_an_estimator():
    estimator = AutoClassifier(**QUICK | {"n_trials": 1, "learners": ["tree"]})
    failing = {"check_array_api_input": "it needs a setting of SciPy"}
    done = check_estimator(estimator, expected_failed_checks=failing, on_fail=None, on_skip=None)
    assert [
        (one["check_name"], one["exception"]) for one in done if one["status"] == "failed"
    ] == []
    assert sum(one["status"] == "passed" for one in done) >= 50


def test_it_is_a_study_with_a_leaderboard_and_a_promise(model):
    assert isinstance(model.study_, luthier.Study)
    assert len(model.study_.trials) == 3
    board = model.leaderboard()
    complete = [line.score for line in board if line.state == "complete"]
    assert complete == sorted(complete)
    assert sum(line.weight for line in board) == pytest.approx(1)
    promise = model.promise_
    assert promise.n == 48
    assert promise.low < promise.value < promise.high
    low, high = model.expect(48)
    assert low < promise.low
    assert high > promise.high
    said = model.explain()
    assert "240 rows with 6 columns: 6 numbers." in said
    assert "on 48 rows that no trial has seen" in said


def test_the_same_seed_gives_the_same_model(model):
    again = clone(model).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert [line.params for line in again.leaderboard()] == [
        line.params for line in model.leaderboard()
    ]


def test_a_pickled_model_predicts_the_same(model):
    back = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))
    assert back.explain() == model.explain()


def test_a_report_is_a_page_in_which_markup_is_text(tmp_path):
    evil = "<script>alert(1)</script>"
    frame = pd.DataFrame(X, columns=[evil, "b", "c", "d", "e", "f"])
    labels = np.where(Y == 1, "<b>yes</b>", "no")
    found = AutoClassifier(**QUICK | {"n_trials": 1}).fit(frame, labels)
    found.report().save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert evil not in page
    assert "&lt;script&gt;" in page
    assert set(found.predict(frame)) <= {"<b>yes</b>", "no"}
    with pytest.raises(ValueError, match="html"):
        found.report().save(tmp_path / "report.pdf")


def test_a_run_goes_on_from_its_file(tmp_path):
    path = tmp_path / "run.db"
    first = AutoClassifier(**QUICK | {"n_trials": 2}, path=path).fit(X, Y)
    begun = [row.params for row in first.study_.trials]
    second = AutoClassifier(**QUICK | {"n_trials": 4}, path=path).fit(X, Y)
    params = [row.params for row in second.study_.trials]
    assert len(begun) == 2
    assert len(params) == 4
    assert params[:2] == begun
    assert len({str(one) for one in params}) == 4
    with pytest.raises(EvaluationError, match="was run on other data"):
        AutoClassifier(**QUICK, path=path).fit(X, 1 - Y)


def test_a_run_without_a_seed_goes_on_with_its_folds(tmp_path):
    path = tmp_path / "run.db"
    options = {**QUICK, "learners": "tree", "random_state": None, "path": path}
    first = AutoClassifier(**options | {"n_trials": 1}).fit(X, Y)
    again = AutoClassifier(**options | {"n_trials": 2}).fit(X, Y)
    assert len(again.study_.trials) == 2
    assert again._found.material.plan.hash == first._found.material.plan.hash


@pytest.mark.parametrize("name", ["groups", "time"])
def test_groups_and_times_need_an_entry_a_row(name):
    with pytest.raises(EstimatorError, match=f"{name} must hold one entry for each of the 240"):
        AutoClassifier(**QUICK).fit(X, Y, **{name: [1, 2]})


def test_a_model_of_no_trial_says_why(caplog):
    found = AutoClassifier(**QUICK | {"n_trials": 1, "learners": "linear"}).fit(X[:2], [0, 1])
    assert "no trial was complete, so one small tree is used" in caplog.text
    assert "The model is one small tree, of no trial." in found.explain()


def test_probabilities_are_calibrated_and_a_threshold_is_set():
    rare = ((X[:, 0] > 1.2) ^ (RNG.random(240) < 0.1)).astype(int)
    found = AutoClassifier(**QUICK).fit(X, rare)
    plain = found.predict_proba(X)
    assert found.predict(X).mean() < found.set_threshold("f1").predict(X).mean() + 0.2
    calibrated = found.calibrate("sigmoid").predict_proba(X)
    assert not np.allclose(plain, calibrated)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    three = AutoClassifier(**QUICK | {"n_trials": 1}).fit(X, np.arange(240) % 3)
    with pytest.raises(EstimatorError, match="a threshold is for two classes, and there are 3"):
        three.set_threshold("f1")


def test_numbers_are_predicted_with_the_future_tested():
    table, y = load_diabetes(return_X_y=True)
    found = AutoRegressor(**QUICK | {"metric": "r2"}).fit(table, y, time=np.arange(len(y)))
    assert found.score(table, y) > 0.4
    plan = found._found.material.plan
    assert all(train.max() < test.min() for train, test in plan)
    assert found._found.material.rows.max() == len(y) - 89


def test_the_gain_of_an_ensemble_is_in_units_of_its_metric():
    table, y = load_diabetes(return_X_y=True)
    learners = ["linear", "neighbours"]
    found = AutoRegressor(**QUICK | {"learners": learners, "n_trials": 4}).fit(table, y)
    assert found.metric is None
    assert found.ensemble_.low < found.ensemble_.gain < found.ensemble_.high


def test_a_space_that_users_edit_is_searched():
    space = luthier.automl.pipeline_space(X, "classify", ["tree"])
    depth = luthier.Int(2, 3, when={"learner": ("tree",)})
    only = space.params | {"tree__max_depth": depth}
    deep = [lambda params: params["tree__max_depth"] > 2, "tree__min_samples_leaf > 1"]
    found = AutoClassifier(**QUICK, space=luthier.Space(only, deep)).fit(X, Y)
    assert {row.params["tree__max_depth"] for row in found.study_.trials} == {3}
    assert found.space_.names == space.names
    with pytest.raises(EstimatorError, match="'learner'; begin with pipeline_space"):
        AutoClassifier(**QUICK, space=luthier.Space({"x": luthier.Int(1, 2)})).fit(X, Y)
    with pytest.raises(EstimatorError, match="the space has the learner 'tree', and known are"):
        AutoClassifier(**QUICK | {"learners": "linear"}, space=luthier.Space(only)).fit(X, Y)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time_s": None, "n_trials": None}, "the run has no end"),
        ({"time_s": -1}, "time_s must be a number above 0"),
        ({"time_s": "5"}, "time_s must be a number above 0, or None, got '5'"),
        ({"n_trials": 2.5}, "n_trials must be a whole number above 0"),
        ({"random_state": "a"}, "random_state is a whole number"),
        ({"space": {"x": [1]}}, "space is a luthier.Space such as pipeline_space makes"),
        ({"hold_out": 1.0}, "hold_out is a share"),
        ({"metric": "rmse"}, "rmse is a metric of numbers, and this predicts classes"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
    ],
    ids=["no end", "time", "text", "trials", "seed", "space", "hold-out", "metric", "typing error"],
)
def test_settings_that_make_no_sense_are_refused(options, words):
    with pytest.raises((EstimatorError, EvaluationError), match=words):
        AutoClassifier(**QUICK | options).fit(X, Y)


@pytest.mark.parametrize(
    ("table", "y", "words"),
    [
        (X, np.zeros(240), "one class only"),
        (np.full((20, 2), np.nan), np.arange(20) % 2, "all values are missing"),
        (X[:1], Y[:1], "1 sample"),
        (X, Y + RNG.random(240), "Unknown label type"),
        (X, np.array([1, "a"] * 120, dtype=object), "several types, int, str"),
        (pd.DataFrame({"a": [[1], [2]]}), [0, 1], "holds a list"),
    ],
    ids=["one class", "all missing", "one row", "numbers", "mixed classes", "lists"],
)
def test_tables_that_cannot_be_learned_are_refused(table, y, words):
    with pytest.raises(ValueError, match=words):
        AutoClassifier(**QUICK).fit(table, y)


ODD = {
    "two rows": (np.array([[1.0, 2.0], [2.0, 1.0]]), [0, 1]),
    "more columns than rows": (RNG.normal(size=(12, 40)), np.arange(12) % 2),
    "infinite": (np.where(RNG.random((40, 3)) < 0.1, np.inf, RNG.random((40, 3))), [0, 1] * 20),
    "constant column": (np.column_stack([np.ones(40), RNG.random(40)]), [0, 1] * 20),
    "mixed types": (pd.DataFrame({"a": [1, "two", None, 3.5] * 10, "b": range(40)}), [0, 1] * 20),
    "100,000 categories": (
        pd.DataFrame({"a": [f"c{i}" for i in range(100_000)] + ["c1"] * 9_000, "b": 1.0}),
        np.arange(109_000) % 2,
    ),
    "a class of one row": (RNG.random((40, 2)), [0] + [1] * 19 + [2] * 20),
    "text": (
        pd.DataFrame(
            {
                "t": [f"<b>word{i % 5}</b> and more words" for i in range(60)]
                + ["another text of words"] * 20
                + [f"one of a {i} kind" for i in range(20)]
            }
        ),
        [0, 1] * 50,
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n.startswith("100") else n for n in ODD],
)
def test_odd_tables_get_a_model_and_a_warning(name, caplog):
    table, y = ODD[name]
    with caplog.at_level(logging.WARNING, "luthier"):
        found = AutoClassifier(**QUICK | {"n_trials": 1, "learners": ["tree"]}).fit(table, y)
    assert len(found.predict(table[:100])) == min(len(y), 100)
    if name not in ("infinite", "mixed types", "text"):
        assert found.remarks_
        assert all(remark in caplog.text for remark in found.remarks_)


@pytest.mark.slow
def test_a_time_limit_ends_fits_and_gives_a_model():
    """Whether the time is kept depends on the machine; that fits are ended does not."""
    large = RNG.normal(size=(20_000, 20))
    found = AutoClassifier(time_s=4, learners=["linear", "mlp"], random_state=0, n_jobs=1)
    found.fit(large, (large[:, 0] + RNG.normal(size=20_000) > 0).astype(int))
    assert len(found.predict(large[:5])) == 5
    assert "fitted on all" in found.explain()
