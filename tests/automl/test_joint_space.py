"""The space of pipelines, its learners, and the pipelines that params stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace

import luthier
from luthier.automl import Learner, pipeline_space, ready_learners
from luthier.automl.columns import find_columns
from luthier.automl.learners import READY, choose_learners
from luthier.automl.pipelines import Recipe
from luthier.errors import EstimatorError

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": np.where(RNG.random(80) < 0.1, np.nan, RNG.normal(size=80)),
        "colour": RNG.choice(["red", "green", "blue"], 80),
        "town": [f"town {i % 30}" for i in range(80)],
        "day": pd.date_range("2024-01-01", periods=80),
        "words": [f"good things number {i} happen here" for i in range(80)],
    }
)
Y = (FRAME["colour"] == "red").to_numpy().astype(int)


def test_it_is_an_ordinary_space_with_a_portfolio():
    space = pipeline_space(FRAME, "classify")
    assert isinstance(space, luthier.Space)
    assert len(space.params["learner"].choices) >= 8
    assert space.first_points.left_out == []
    rows = space.decode(space.first_points.X)
    assert {row["learner"] for row in rows} == set(space.params["learner"].choices)
    assert {"encoding": "ordinal"}.items() <= rows[
        [r["learner"] for r in rows].index("hist")
    ].items()
    drawn = space.decode(space.sample(np.random.default_rng(0), 50))
    assert all(name.startswith(row["learner"]) for row in drawn for name in row if "__" in name)


def test_options_appear_only_where_columns_need_them():
    names = pipeline_space(FRAME[["size"]], "classify").names
    assert "scaling" in names
    assert "encoding" not in names


@pytest.mark.parametrize("task", ["classify", "regress"])
@pytest.mark.parametrize("learner", [one.name for one in READY if "sklearn" in one.classifier])
def test_each_learner_trains_on_columns_of_all_kinds(learner, task):
    if not next(one for one in READY if one.name == learner).path(task):
        return
    (chosen,) = choose_learners(learner, task, 80)
    columns = find_columns(FRAME, list(FRAME.columns))
    few = {"n_estimators": 5} if "n_estimators" in chosen.fixed else {}
    few |= {"max_iter": 5} if learner == "hist" else {}
    chosen = replace(chosen, fixed=dict(chosen.fixed) | few)
    n_classes = 2 if task == "classify" else 0
    recipe = Recipe(columns=columns, learners={learner: chosen}, task=task, n_classes=n_classes)
    model = recipe.make({"learner": learner}, 1, 80).fit(FRAME, Y if n_classes else Y + 0.5)
    new = FRAME.iloc[:3].assign(colour=["violet", None, "red"])
    predictions = model.predict_proba(new) if n_classes else model.predict(new)
    assert np.isfinite(predictions).all()


def test_users_add_learners_of_their_own():
    mine = Learner(
        name="stump",
        classifier="sklearn.tree:DecisionTreeClassifier",
        space=lambda task, d: luthier.Space({"max_depth": luthier.Int(1, 2)}),
    )
    space = pipeline_space(FRAME, "classify", ["linear", mine])
    assert space.params["learner"].choices == ("linear", "stump")
    assert "stump__max_depth" in space.names


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["forrest"], "a learner is a Learner, or one of linear"),
        (["naive_bayes"], "'naive_bayes' does not predict numbers"),
        ([], "at least one learner"),
        (["tree", "tree"], "each of another name"),
    ],
    ids=["unknown", "other task", "none", "twice"],
)
def test_learners_that_cannot_be_used_are_refused(given, words):
    with pytest.raises(EstimatorError, match=words):
        choose_learners(given, "regress", 100)


def test_slow_learners_are_left_out_of_large_tables():
    assert "svm" in {one.name for one in ready_learners("classify", 1_000)}
    assert "svm" not in {one.name for one in ready_learners("classify", 100_000)}


def test_probabilities_of_several_classes_come_from_one_machine_for_each():
    recipe = Recipe(
        columns=find_columns(FRAME, list(FRAME.columns)),
        learners={one.name: one for one in READY},
        task="classify",
        n_classes=3,
    )
    three = np.arange(80) % 3
    model = recipe.make({"learner": "svm", "svm__C": 2.0}).fit(FRAME, three)
    assert model.predict_proba(FRAME).shape == (80, 3)
    assert model["model"].estimator.estimator.C == 2.0
