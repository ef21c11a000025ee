"""Searches that give hopeless candidates less: folds, rows, a parameter, training."""

import weakref

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits, load_iris, make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GroupKFold, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from luthier import Float, Int, schedulers
from luthier.errors import EstimatorError, UnknownParameterError
from luthier.sklearn import SearchCV
from luthier.sklearn.sample_order import join_order

X, y = make_classification(
    600, 8, n_informative=4, n_classes=3, weights=[0.8, 0.15], random_state=0
)


class Known(ClassifierMixin, BaseEstimator):
    """Scores what it is told, whatever the data, and counts its fits."""

    seen: list = []

    def __init__(self, quality=0.5, size=10):
        self.quality = quality
        self.size = size

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen.append((self.quality, self.size, len(X), set(X[:, 0]), set(y)))
        return self

    def score(self, X, y):
        return self.quality

    def predict(self, X):
        return np.zeros(len(X))


@pytest.fixture
def seen(monkeypatch):
    monkeypatch.setattr(Known, "seen", [])
    return Known.seen


QUALITY = {"quality": Float(0, 1)}


def ended_early(search):
    return np.isin(search.cv_results_["state"], ["pruned", "paused"])


# -- folds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", [None, "wilcoxon", "median", "asha"])
def test_hopeless_candidates_are_ended_between_folds_and_never_win(scheduler, seen):
    search = SearchCV(
        Known(),
        QUALITY,
        n_iter=30,
        sampler="random",
        resource="folds",
        scheduler=scheduler,
        cv=10,
        random_state=0,
    ).fit(X, y)
    results = search.cv_results_
    early = ended_early(search)
    assert early.sum() > 5
    assert len(seen) < 0.8 * 300 + 1
    assert results["n_resources"].sum() == len(seen) - 1
    assert np.isnan(results["mean_test_score"][early]).all()
    assert (results["rank_test_score"][early] > results["rank_test_score"][~early].max()).all()
    assert not early[search.best_index_]
    assert search.best_score_ == pytest.approx(search.best_params_["quality"])
    n_scores = sum(~np.isnan(results[f"split{k}_test_score"]) for k in range(10))
    np.testing.assert_array_equal(n_scores, results["n_resources"])
    np.testing.assert_allclose(
        results["mean_seen"][early], [p["quality"] for p in np.array(results["params"])[early]]
    )


def test_no_warning_comes_of_scores_that_were_not_wanted(recwarn):
    SearchCV(
        Known(), QUALITY, n_iter=20, resource="folds", cv=10, sampler="random", random_state=0
    ).fit(X, y)
    assert [str(w.message) for w in recwarn if "finite" in str(w.message)] == []


# -- rows ------------------------------------------------------------------------------------------


def test_samples_grow_nested_with_every_class_and_the_best_sees_all_rows(seen):
    search = SearchCV(
        Known(), QUALITY, n_iter=12, sampler="random", resource="n_samples", cv=3, random_state=0
    ).fit(X, y)
    sizes = sorted({size for _, _, size, _, _ in seen[:-1]})
    assert sizes == [44, 132, 396, 400]  # 400 rows of a fold; 3 * 44, 3 * 132
    assert all(classes == {0, 1, 2} for *_, classes in seen)
    best = search.best_params_["quality"]
    of_best = [(size, rows) for quality, _, size, rows, _ in seen if quality == best]
    assert [size for size, _ in of_best[:-1]] == [44] * 3 + [132] * 3 + [396] * 3 + [400] * 3
    for fold in range(3):
        small, larger = of_best[fold][1], of_best[fold + 3][1]
        assert small < larger
    assert ended_early(search).sum() >= 6
    assert search.cv_results_["n_resources"].max() == 400


def test_many_rows_begin_with_a_thousand():
    many = np.arange(4500.0)[:, None]
    search = SearchCV(GaussianNB(), {}, resource="n_samples", cv=3, n_iter=1, refit=False).fit(
        many, np.arange(4500) % 2
    )
    assert [step for step, _ in search.study_.trials[0].reports] == [1000, 3000]


def test_groups_join_a_sample_as_a_whole():
    groups = np.repeat(np.arange(60), 10)
    order = join_order(np.arange(300), y, groups, np.random.default_rng(0))
    first = groups[order][:100]
    assert sorted(np.unique(first, return_counts=True)[1].tolist()) == [10] * 10
    assert sorted(order) == list(range(300))


def test_classes_have_their_share_of_each_sample():
    target = np.array([0] * 900 + [1] * 90 + [2] * 10)
    order = join_order(np.arange(1000), target, None, np.random.default_rng(0))
    for n in (50, 100, 300, 1000):
        counts = np.bincount(target[order[:n]], minlength=3)
        assert counts.min() >= 2
        assert abs(counts[0] / n - 0.9) < 0.05


def test_a_sample_that_would_miss_a_class_is_refused():
    groups = np.arange(len(y)) // 2
    labels = np.where(groups == 7, 2, groups % 2)
    search = SearchCV(Known(), QUALITY, resource="n_samples", min_resource=4, cv=GroupKFold(2))
    with pytest.raises(EstimatorError, match=r"misses the classes \['2'\]; raise min_resource"):
        search.fit(X, labels, groups=groups)


# -- a parameter -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", [None, "hyperband", "median"])
def test_a_parameter_grows_and_is_among_the_params(scheduler, seen):
    search = SearchCV(
        Known(),
        QUALITY,
        n_iter=20,
        sampler="random",
        resource="size",
        scheduler=scheduler,
        max_resource=27,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.best_params_["size"] == search.best_estimator_.size == 27
    assert search.cv_results_["param_size"].max() == 27
    assert ended_early(search).any()
    assert all(search.cv_results_["param_size"] == search.cv_results_["n_resources"])
    assert len(seen) < 20 * 2 * 4


def test_the_estimator_says_how_far_its_parameter_grows():
    X, y = load_iris(return_X_y=True)
    search = SearchCV(
        RandomForestClassifier(n_estimators=9, random_state=0),
        {"max_depth": Int(1, 4)},
        n_iter=4,
        resource="n_estimators",
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert len(search.best_estimator_.estimators_) == 9


# -- models that are trained on --------------------------------------------------------------------


class Counting(ClassifierMixin, BaseEstimator):
    """Gets better with each call of `partial_fit`, and counts them all."""

    n_calls = 0

    def __init__(self, speed=1.0):
        self.speed = speed

    def partial_fit(self, X, y, classes=None):
        if not hasattr(self, "epochs_"):
            self.classes_ = classes
            self.epochs_ = 0
        self.epochs_ += 1
        type(self).n_calls += 1
        return self

    def fit(self, X, y):
        raise AssertionError("a model that is trained by partial_fit is not fitted")

    def score(self, X, y):
        return 1 - np.exp(-self.speed * self.epochs_ / 10)

    def predict(self, X):
        return np.zeros(len(X))


@pytest.mark.parametrize("scheduler", [None, schedulers.ASHA(1, 27), "median"])
def test_live_models_are_trained_on_by_partial_fit(scheduler, monkeypatch):
    monkeypatch.setattr(Counting, "n_calls", 0)
    search = SearchCV(
        Counting(),
        {"speed": Float(0.1, 1)},
        n_iter=15,
        sampler="random",
        resource="partial_fit",
        scheduler=scheduler,
        max_resource=27,
        cv=2,
        random_state=0,
    ).fit(X, y)
    trained = 2 * search.cv_results_["n_resources"].sum()
    assert Counting.n_calls == trained + 27  # every epoch once, and the refit
    assert ended_early(search).any()
    assert search.best_estimator_.epochs_ == 27
    assert search.best_estimator_.classes_.tolist() == [0, 1, 2]
    best = np.nanmax(search.cv_results_["mean_test_score"])
    assert (
        search.best_score_ == best == pytest.approx(1 - np.exp(-search.best_params_["speed"] * 2.7))
    )


class Living(Counting):
    """Knows how many models are alive."""

    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0

    def partial_fit(self, X, y, classes=None):
        Living.alive.add(self)
        Living.most = max(Living.most, len(Living.alive))
        return super().partial_fit(X, y, classes)


def test_models_of_candidates_that_do_not_go_on_are_let_go(monkeypatch):
    monkeypatch.setattr(Living, "most", 0)
    search = SearchCV(
        Living(),
        {"speed": Float(0.1, 1)},
        n_iter=15,
        sampler="random",
        resource="partial_fit",
        max_resource=27,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert ended_early(search).sum() > 3
    assert Living.most <= 4  # those of one candidate, and of the one before it


def test_real_models_learn_by_partial_fit():
    X, y = load_digits(n_class=3, return_X_y=True)
    search = SearchCV(
        SGDClassifier(max_iter=9, random_state=0),
        {"alpha": Float(1e-5, 1, scale="log")},
        n_iter=6,
        resource="partial_fit",
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.best_score_ > 0.95
    assert search.score(X, y) > 0.95


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (GradientBoostingClassifier(n_estimators=18, random_state=0), "n_estimators"),
        (MLPClassifier((5,), max_iter=18, random_state=0), "max_iter"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # of the refit
def test_warm_starts_go_on_from_where_they_were(estimator, name):
    X, y = load_iris(return_X_y=True)
    rate = "learning_rate" if name == "n_estimators" else "learning_rate_init"
    search = SearchCV(
        estimator,
        {rate: Float(1e-3, 0.3, scale="log")},
        n_iter=5,
        resource="warm_start",
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.best_params_[name] == 18
    assert search.cv_results_["n_resources"].max() == 18
    whole = SearchCV(estimator, {rate: [search.best_params_[rate]]}, cv=2).fit(X, y)
    if name == "n_estimators":  # trees that are added are the same as trees at once
        assert search.best_score_ == whole.best_score_


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scheduler": "asha"}, "there is none; say which"),
        ({"min_resource": 3}, "there is none; say which"),
        ({"resource": "folds", "max_resource": 3}, "folds of cv are all there is"),
        ({"resource": "n_sample"}, "resource is one of 'folds', 'n_samples'"),
        ({"resource": "n_samples", "max_resource": 10**6}, "training rows at least"),
        ({"resource": "n_samples", "min_resource": 200, "max_resource": 100}, "expected 1 <= min"),
        ({"resource": "size", "min_resource": 20}, "expected 1 <= min_resource"),
        ({"resource": "partial_fit"}, "an estimator that has partial_fit"),
        ({"resource": "warm_start"}, "parameters warm_start and one of"),
        (
            {"resource": "size", "scheduler": schedulers.ASHA(1, 500)},
            "has rungs from 1 to 500, and the resource goes from 1 to 10",
        ),
    ],
)
def test_a_resource_that_does_not_fit_is_refused(settings, message, seen):
    with pytest.raises(EstimatorError, match=message):
        SearchCV(Known(), QUALITY, **settings).fit(X, y)
    assert seen == []


def test_a_parameter_without_a_number_needs_a_bound():
    with pytest.raises(EstimatorError, match="max_depth = None, so max_resource must say"):
        SearchCV(DecisionTreeClassifier(), {}, resource="max_depth").fit(X, y)


def test_the_resource_cannot_be_searched_as_well():
    with pytest.raises(UnknownParameterError, match="'size' is the resource"):
        SearchCV(Known(), {"size": [1, 2]}, resource="size", cv=KFold(2)).fit(X, y)


def test_what_is_by_design_is_not_warned_of(caplog):
    space = {"quality": Float(0, 1)}
    search = SearchCV(Known(), space, n_iter=12, resource="n_samples", random_state=0, refit=False)
    search.fit(X, y)
    assert any(len(row.turns) > 1 for row in search.study_.trials)
    assert not [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
