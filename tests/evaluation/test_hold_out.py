import logging

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from luthier.errors import EvaluationError
from luthier.evaluation import HoldOut, plan_folds, plan_holdout
from luthier.numerics.resampling import wilson_interval

X, Y = make_classification(300, 6, flip_y=0.2, random_state=0)
PLAN = plan_holdout(300, 0.3, stratify=Y)


def test_the_search_gets_the_other_rows():
    hold_out = HoldOut(X, Y, PLAN)
    assert len(hold_out.y) == 210
    assert sorted([*hold_out.rest, *hold_out.rows]) == list(range(300))
    assert (X[hold_out.rest] == hold_out.X).all()


def test_each_look_is_counted_and_widens_the_interval(caplog):
    hold_out = HoldOut(X, Y, PLAN)
    model = LogisticRegression().fit(hold_out.X, hold_out.y)
    first = hold_out.look(model, "accuracy")
    right = model.predict(X[hold_out.rows]) == Y[hold_out.rows]
    assert (first.value, first.number, first.level) == (right.mean(), 1, 0.95)
    assert (first.low, first.high) == wilson_interval(int(right.sum()), 90)
    assert not caplog.text
    with caplog.at_level(logging.WARNING, "luthier"):
        second = hold_out.look(model, "accuracy")
    assert "look 2 at a hold-out of 90 rows" in caplog.text
    assert second.level == 0.975
    assert second.high - second.low > first.high - first.low
    assert "look 2 at them" in str(second)
    assert [look["metric"] for look in hold_out.looks] == ["accuracy", "accuracy"]
    assert "2 looks" in repr(hold_out)


def test_looks_are_known_in_other_programs(tmp_path):
    record = tmp_path / "looks.jsonl"
    model = LogisticRegression().fit(X, Y)
    HoldOut(X, Y, PLAN, record).look(model, "accuracy")
    assert HoldOut(X, Y, PLAN, record).look(model, "accuracy").number == 2
    other = HoldOut(X, Y, plan_holdout(300, 0.3, seed=5), record)
    assert other.look(model, "accuracy").number == 1
    record.write_text("nonsense\n")
    with pytest.raises(EvaluationError, match="is no record of looks"):
        HoldOut(X, Y, PLAN, record).look(model, "accuracy")


@pytest.mark.parametrize("metric", ["log_loss", "auc", "balanced_accuracy", "f1"])
def test_every_metric_has_an_interval(metric):
    hold_out = HoldOut(X, Y, PLAN)
    found = hold_out.look(LogisticRegression().fit(hold_out.X, hold_out.y), metric)
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.4


def test_what_cannot_be_looked_at_is_refused():
    with pytest.raises(EvaluationError, match="expected a hold-out of the 300 rows, one fold"):
        HoldOut(X, Y, plan_folds(300))
    with pytest.raises(EvaluationError, match="expected a hold-out of the 299 rows"):
        HoldOut(X[1:], Y[1:], PLAN)
    hold_out = HoldOut(X, Y, PLAN)
    with pytest.raises(EvaluationError, match="'log_loss' needs predict_proba"):
        hold_out.look(SVC().fit(X, Y), "log_loss")
    with pytest.raises(EvaluationError, match="expected one metric a look"):
        hold_out.look(SVC().fit(X, Y), ["accuracy", "auc"])
    assert np.size(hold_out.looks) == 0
