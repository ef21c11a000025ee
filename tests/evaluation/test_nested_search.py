import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

import luthier
from luthier import Int, Space
from luthier.errors import EvaluationError
from luthier.evaluation import Evaluate, nest, plan_folds, plan_nested

X, Y = make_classification(150, 6, flip_y=0.2, random_state=0)
EVALUATE = Evaluate(
    DecisionTreeClassifier(random_state=0), X, Y, plan_folds(150, stratify=Y), "accuracy"
)


def find_best(evaluate):
    study = luthier.create_study(
        space=Space({"max_depth": Int(1, 8)}), direction=evaluate.direction, seed=0
    )
    study.optimize(evaluate, n_trials=6)
    return study.best_params, study.best_value


def test_each_search_sees_its_own_rows_alone():
    folds = plan_nested(plan_folds(150, 3, stratify=Y), 4, stratify=Y)
    seen = []

    def look(evaluate):
        seen.append(evaluate)
        return find_best(evaluate)

    found = nest(EVALUATE, folds, look)
    for evaluate, fold in zip(seen, folds, strict=True):
        assert (X[fold.train] == evaluate.X).all()
        assert evaluate.plan is fold.inner
    assert found.value == pytest.approx(np.mean(found.scores))
    for fold, params, score in zip(folds, found.params, found.scores, strict=True):
        model = DecisionTreeClassifier(random_state=0, **params).fit(X[fold.train], Y[fold.train])
        assert score == (model.predict(X[fold.test]) == Y[fold.test]).mean()


def test_the_optimism_of_a_search_and_the_agreement_of_its_choices():
    def search(evaluate):
        return {"max_depth": 2 if evaluate.plan.n == 112 else 3}, 1.0

    found = nest(EVALUATE, plan_nested(plan_folds(150, 4), 3), search)
    assert found.optimism == pytest.approx(1 - found.value)
    assert found.agreement == {"max_depth": 0.5}
    assert found.low < found.value < found.high
    assert "over 4 outer folds; searches expected 1.0000" in str(found)


def test_one_outer_fold_is_not_enough():
    folds = plan_nested(plan_folds(150, 2), 3)
    with pytest.raises(EvaluationError, match="expected at least two outer folds, got 1"):
        nest(EVALUATE, folds[:1], find_best)
