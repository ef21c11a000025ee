"""A search that goes on: only with the same question of the same data."""

import subprocess
import sys

import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

import luthier
from luthier.errors import StudyError
from luthier.sklearn import SearchCV
from luthier.sklearn.same_search import describe_search

X, y = load_iris(return_X_y=True)
TREE = DecisionTreeClassifier(random_state=0)


def describe(estimator=TREE, scoring=None, metrics=(), rows=X):
    return describe_search(estimator, scoring, metrics, rows)


def test_what_a_search_asks_has_a_text_that_does_not_change():
    assert describe() == describe(DecisionTreeClassifier(max_depth=3), rows=X.copy())
    scorer = make_scorer(fbeta_score, beta=2)
    assert describe(scoring=scorer) == describe(scoring=make_scorer(fbeta_score, beta=2))
    assert "0x" not in str(describe(scoring=object()))


@pytest.mark.parametrize(
    "other",
    [
        {"estimator": ExtraTreeClassifier()},
        {"estimator": make_pipeline(TREE)},
        {"scoring": "f1_macro"},
        {"scoring": ["accuracy", "f1_macro"]},
        {"scoring": {"a": "accuracy"}},
        {"metrics": ["f1_macro"]},
        {"rows": 2 * X},
        {"rows": X[:, :3]},
        {"rows": X[:100]},
    ],
    ids=str,
)
def test_another_question_has_another_text(other):
    assert describe(**other) != describe()


@pytest.mark.parametrize(
    "make",
    [
        csr_matrix,
        lambda rows: pd.DataFrame({"a": rows[:, 0], "b": [f"{v}" for v in rows[:, 1]]}),
        lambda rows: [f"{v}" for v in rows[:, 0]],
        lambda rows: [[v] * (i % 3) for i, v in enumerate(rows[:, 0])],
    ],
    ids=["sparse", "table", "texts", "ragged"],
)
def test_rows_of_all_kinds_are_looked_at(make):
    assert describe(rows=make(X)) == describe(rows=make(X.copy()))
    assert describe(rows=make(X)) != describe(rows=make(X)[:10])


DEPTHS = {"max_depth": [1, 2, 3]}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"scoring": "f1_macro"}, "by the scoring the estimator's own, and now it is f1_macro"),
        ({"estimator": ExtraTreeClassifier()}, "with the estimator DecisionTreeClassifier"),
        ({"rows": X[:, :2]}, r"of shape \(150, 4\) .* now it is of shape \(150, 2\)"),
        ({"space": {"min_samples_leaf": [1, 2]}}, "trial 0 has max_depth = "),
        ({"space": {"max_depth": [7, 8]}}, "trial 0 has max_depth = "),
    ],
    ids=["scoring", "estimator", "rows", "names", "choices"],
)
def test_a_search_goes_on_only_with_the_same_question(other, words, tmp_path):
    def fit(estimator=TREE, space=DEPTHS, rows=X, n_iter=2, **settings):
        storage = f"sqlite:///{tmp_path}/s.db"
        search = SearchCV(
            estimator, space, n_iter=n_iter, storage=storage, study_name="s", **settings
        )
        return search.fit(rows, y)

    fit(random_state=0)
    with pytest.raises(StudyError, match=words):
        fit(**other)
    wider = fit(space={"max_depth": [1, 2, 3], "min_samples_leaf": luthier.Int(1, 9)}, n_iter=3)
    assert len(wider.study_.trials) == 3


def test_candidates_of_a_process_that_was_killed_go_on_when_their_leases_have_run_out(tmp_path):
    file = tmp_path / "s.db"

    def fit(n_iter, **settings):
        storage = luthier.storages.SQLite(file, lease_s=1.0)
        search = SearchCV(
            TREE, DEPTHS, n_iter=n_iter, storage=storage, study_name="s", random_state=0, **settings
        )
        return search.fit(X, y)

    fit(1)
    die = (
        "import luthier, os\n"
        f"study = luthier.load_study('s', luthier.storages.SQLite({str(file)!r}, lease_s=1.0))\n"
        "study.ask()\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", die], check=False).returncode == 9
    found = fit(3)
    assert sorted(found.cv_results_["param_max_depth"]) == [1, 2, 3]
    assert found.study_.trials[1].retries == 1
