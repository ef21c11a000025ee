"""Learners: the kinds of models that pipelines end in, with what is known of each."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import msgspec

from .. import spaces
from ..errors import EstimatorError
from ..space.distributions import Float, Int
from ..space.space import Space
from ..validation import show

Task = Literal["classify", "regress"]
MakeSpace = Callable[[Task, int], Space]
"""From the task and the number of columns to the space of a learner's own parameters."""


class Learner(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of model.

    Attributes:
        name: Its name in the space; its parameters are called `name__parameter`.
        classifier: Module and class of the classifier, such as "sklearn.svm:SVC"; "" for none.
        regressor: Likewise for numbers.
        space: Makes the space of its parameters; the first rows of that space are its portfolio.
        fixed: Parameters that are not searched.
        scaled: Whether it needs columns of one scale, and nothing missing; targets that are numbers
            are then scaled as well. Other learners get columns as they are.
        calibrated: Whether its classifier has no probabilities of its own, and gets some.
        gain: How much of the way from the median learner to the best one it goes alone, from 0 to
            1, on average over many data sets.
        cost_s: Seconds that training takes with 1,000 rows of 10 columns.
        power: With which power of the rows the cost grows.
        max_rows: The most training rows for which it is tried; None for any number.
        threads: Its parameter for threads; "" for none.
        seed: Its parameter for the seed; "" for none.
    """

    name: str
    classifier: str = ""
    regressor: str = ""
    space: MakeSpace
    fixed: Mapping[str, Any] = {}
    scaled: bool = False
    calibrated: bool = False
    gain: float = 0.3
    cost_s: float = 0.5
    power: float = 1.0
    max_rows: int | None = None
    threads: str = ""
    seed: str = "random_state"

    def path(self, task: Task) -> str:
        """Return the module and class for a task; "" for none."""
        return self.classifier if task == "classify" else self.regressor

    def is_usable(self, task: Task, n_rows: int) -> bool:
        """Return whether it is installed, is for the task and can take so many rows."""
        package = self.path(task).partition(":")[0].partition(".")[0]
        fits = self.max_rows is None or n_rows <= self.max_rows
        return bool(package) and fits and importlib.util.find_spec(package) is not None

    def load(self, task: Task) -> Any:
        """Return the class for a task."""
        module, _, name = self.path(task).partition(":")
        return getattr(importlib.import_module(module), name)

    def estimate_s(self, n_rows: int, n_columns: int) -> float:
        """Return how many seconds training takes, roughly, before any was measured."""
        return float(self.cost_s * (n_rows / 1_000) ** self.power * (0.3 + 0.07 * n_columns))


def _ignore(make: Callable[[], Space], task: Task, n_columns: int) -> Space:
    return make()


def _by_task(make: Callable[..., Space], task: Task, n_columns: int) -> Space:
    return make("classification" if task == "classify" else "regression", max(n_columns, 1))


def _linear(task: Task, n_columns: int) -> Space:
    """Return the space of a linear model.

    The default penalty of the elastic net leaves nothing of most models of scaled targets, so that
    its search begins with the portfolio.
    """
    if task == "classify":
        return spaces.logistic()
    made = spaces.elastic_net()
    alpha = Float(1e-5, 100.0, scale="log", default=0.01)
    return Space(made.params | {"alpha": alpha}, first=made.first[1:])


def _catboost(task: Task, n_columns: int) -> Space:
    """Return the space of catboost with fewer rounds, so that a model takes seconds."""
    made = spaces.catboost()
    rounds = Int(30, 1000, scale="log", default=300)
    return Space(made.params | {"iterations": rounds}, first=made.first)


def _naive_bayes(task: Task, n_columns: int) -> Space:
    return Space({"var_smoothing": Float(1e-12, 1.0, scale="log", default=1e-9)})


READY: tuple[Learner, ...] = (
    Learner(
        name="linear",
        classifier="sklearn.linear_model:LogisticRegression",
        regressor="sklearn.linear_model:ElasticNet",
        space=_linear,
        fixed={"max_iter": 500},
        scaled=True,
        gain=0.35,
        cost_s=0.02,
    ),
    Learner(
        name="hist",
        classifier="sklearn.ensemble:HistGradientBoostingClassifier",
        regressor="sklearn.ensemble:HistGradientBoostingRegressor",
        space=partial(_ignore, spaces.hist_gradient_boosting),
        gain=0.64,
        cost_s=0.25,
        power=0.6,
    ),
    Learner(
        name="lightgbm",
        classifier="lightgbm:LGBMClassifier",
        regressor="lightgbm:LGBMRegressor",
        space=partial(_ignore, spaces.lightgbm),
        fixed={"verbosity": -1, "subsample_freq": 1, "subsample": 0.9},
        gain=0.64,
        cost_s=0.15,
        power=0.6,
        threads="n_jobs",
    ),
    Learner(
        name="xgboost",
        classifier="xgboost:XGBClassifier",
        regressor="xgboost:XGBRegressor",
        space=partial(_ignore, spaces.xgboost),
        fixed={"verbosity": 0},
        gain=0.6,
        cost_s=0.15,
        power=0.7,
        threads="n_jobs",
    ),
    Learner(
        name="catboost",
        classifier="catboost:CatBoostClassifier",
        regressor="catboost:CatBoostRegressor",
        space=_catboost,
        fixed={"verbose": False, "allow_writing_files": False},
        gain=0.7,
        cost_s=0.6,
        power=0.5,
        threads="thread_count",
    ),
    Learner(
        name="extra_trees",
        classifier="sklearn.ensemble:ExtraTreesClassifier",
        regressor="sklearn.ensemble:ExtraTreesRegressor",
        space=partial(_by_task, spaces.extra_trees),
        fixed={"n_estimators": 200},
        gain=0.56,
        cost_s=0.3,
        threads="n_jobs",
    ),
    Learner(
        name="forest",
        classifier="sklearn.ensemble:RandomForestClassifier",
        regressor="sklearn.ensemble:RandomForestRegressor",
        space=partial(_by_task, spaces.random_forest),
        fixed={"n_estimators": 200},
        gain=0.58,
        cost_s=0.4,
        threads="n_jobs",
    ),
    Learner(
        name="svm",
        classifier="sklearn.svm:SVC",
        regressor="sklearn.svm:SVR",
        space=partial(_by_task, spaces.svm),
        scaled=True,
        calibrated=True,
        gain=0.45,
        cost_s=0.1,
        power=1.8,
        max_rows=10_000,
        seed="",
    ),
    Learner(
        name="mlp",
        classifier="sklearn.neural_network:MLPClassifier",
        regressor="sklearn.neural_network:MLPRegressor",
        space=partial(_ignore, spaces.mlp),
        fixed={"early_stopping": True, "max_iter": 300},
        scaled=True,
        gain=0.4,
        cost_s=0.6,
    ),
    Learner(
        name="neighbours",
        classifier="sklearn.neighbors:KNeighborsClassifier",
        regressor="sklearn.neighbors:KNeighborsRegressor",
        space=partial(_ignore, spaces.knn),
        scaled=True,
        gain=0.2,
        cost_s=0.05,
        power=1.4,
        max_rows=50_000,
        seed="",
    ),
    Learner(
        name="tree",
        classifier="sklearn.tree:DecisionTreeClassifier",
        regressor="sklearn.tree:DecisionTreeRegressor",
        space=partial(_ignore, spaces.rpart),
        gain=0.15,
        cost_s=0.02,
    ),
    Learner(
        name="naive_bayes",
        classifier="sklearn.naive_bayes:GaussianNB",
        space=_naive_bayes,
        scaled=True,
        gain=0.1,
        cost_s=0.01,
        seed="",
    ),
)


def ready_learners(task: Task, n_rows: int = 1_000) -> tuple[Learner, ...]:
    """Return the learners that come with luthier, as far as they are installed.

    Args:
        task: "classify" or "regress".
        n_rows: How many rows there are to train on; some learners take too long with many.
    """
    return tuple(learner for learner in READY if learner.is_usable(task, n_rows))


def choose_learners(given: Any, task: Task, n_rows: int) -> tuple[Learner, ...]:
    """Return the learners of a search.

    Args:
        given: None for those that are ready; or names of these and `Learner` objects.
        task: What is predicted.
        n_rows: How many rows there are to train on.

    Raises:
        EstimatorError: A name is unknown, a learner is not for the task, or none is left.
    """
    if given is None:
        return ready_learners(task, n_rows)
    known = {learner.name: learner for learner in READY}
    found = []
    for one in [given] if isinstance(given, str | Learner) else given:
        if isinstance(one, str) and one in known:
            one = known[one]
        if not isinstance(one, Learner):
            raise EstimatorError(
                f"a learner is a Learner, or one of {', '.join(known)}, got {show(one)}"
            )
        if not one.is_usable(task, 0):
            what = "classes" if task == "classify" else "numbers"
            raise EstimatorError(
                f"the learner {one.name!r} does not predict {what}, or its package is not "
                f"installed: {one.path(task) or 'none is named'}"
            )
        found.append(one)
    names = [learner.name for learner in found]
    if not found or len(set(names)) < len(names):
        raise EstimatorError(f"expected at least one learner, each of another name, got {names}")
    return tuple(found)
