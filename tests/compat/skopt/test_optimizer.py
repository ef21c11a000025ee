"""Tests of scikit-optimize's words: searches, results, callbacks, files and figures."""

from __future__ import annotations

import io
import pickle
from functools import partial

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import BayesianRidge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.svm import SVC

from luthier.compat import remarks, skopt
from luthier.compat.skopt import acquisition, callbacks, plots, sampler
from luthier.compat.skopt.benchmarks import bench3, branin, hart6
from luthier.compat.skopt.learning import (
    ExtraTreesRegressor,
    GaussianProcessRegressor,
    GradientBoostingQuantileRegressor,
    RandomForestRegressor,
)
from luthier.compat.skopt.learning.gaussian_process.kernels import HammingKernel, Matern
from luthier.compat.skopt.space import Categorical, Integer, Real
from luthier.compat.skopt.utils import (
    cook_estimator,
    has_gradients,
    point_asdict,
    point_aslist,
    use_named_args,
)
from luthier.errors import CompatError

pytestmark = pytest.mark.filterwarnings(
    "ignore:acq_func=", "ignore::sklearn.exceptions.ConvergenceWarning"
)

BRANIN = [(-5.0, 10.0), (0.0, 15.0)]
MIXED = [
    Real(1e-3, 10, "log-uniform", name="rate"),
    Integer(1, 9, name="depth"),
    Categorical(["a", "b", "c"], name="kind"),
]


@use_named_args(MIXED)
def mixed(rate, depth, kind) -> float:
    return abs(np.log10(rate)) + abs(depth - 4) + (kind != "b")


SEARCHES = {
    "gp": skopt.gp_minimize,
    "forest": skopt.forest_minimize,
    "gbrt": skopt.gbrt_minimize,
    "own": partial(
        skopt.forest_minimize, base_estimator=ExtraTreesRegressor(random_state=0), n_points=300
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_gets_better_and_a_seed_repeats_it(name: str) -> None:
    search = partial(SEARCHES[name], mixed, MIXED, n_calls=20, n_initial_points=6, random_state=1)
    result = search()
    assert result.x_iters == search().x_iters
    assert result.fun == min(result.func_vals) == mixed(result.x)
    assert result.fun < (min(result.func_vals[:6]) if name == "own" else 1.5)
    assert len(result.models) == 20 - 6 + 1
    assert len(result.x_iters) == len(result.func_vals) == 20
    assert result.specs["args"]["func"] is mixed
    assert all(point in result.space for point in result.x_iters)


def test_known_points_count_and_are_evaluated_where_values_are_missing() -> None:
    seen: list = []

    def objective(x) -> float:
        seen.append(x)
        return branin(x)

    x0 = [[1.0, 2.0], [3.0, 4.0]]
    search = partial(skopt.gp_minimize, objective, BRANIN, random_state=0)
    search(x0=x0, n_calls=4, n_initial_points=1)
    assert (seen[:2], len(seen)) == (x0, 4)
    result = search(x0=x0, y0=[5.0, 6.0], n_calls=3, n_initial_points=1)
    assert len(seen) == 7
    assert list(result.func_vals[:2]) == [5.0, 6.0]
    assert len(skopt.dummy_minimize(branin, BRANIN, n_calls=7, x0=x0).x_iters) == 7


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"n_calls": 3}, ValueError, "`n_calls` >= 10, got 3"),
        ({"n_initial_points": 0}, ValueError, "Either set `n_initial_points` > 0"),
        ({"x0": [[1.0]], "y0": [1.0]}, RuntimeError, "inconsistent dimensions"),
        ({"x0": [[1.0, 2.0]], "y0": [1.0, 2.0]}, ValueError, "the same length"),
        ({"base_estimator": "xyz"}, ValueError, "'RF', 'ET', 'GP', 'GBRT' or 'DUMMY'"),
        ({"base_estimator": 42}, ValueError, "has to be a regressor"),
        ({"acq_func": "UCB"}, ValueError, "expected acq_func to be in"),
        ({"acq_optimizer": "newton"}, ValueError, "'lbfgs' or 'sampling', got newton"),
        ({"callback": 3}, ValueError, "a callable or a list of callables"),
        ({"initial_point_generator": "fibonacci"}, ValueError, "'hammersly'"),
        ({"n_trials": 3}, TypeError, "n_trials"),
    ],
    ids=str,
)
def test_arguments_that_do_not_fit_are_refused(given, error, says: str) -> None:
    with pytest.raises(error, match=says):
        skopt.gp_minimize(branin, BRANIN, **given)


def test_points_are_asked_for_one_by_one_and_together() -> None:
    search = skopt.Optimizer(BRANIN, n_initial_points=3, random_state=0)
    first = search.ask(n_points=3)
    assert search.ask(n_points=3) is first
    search.tell(first, [branin(x) for x in first])
    assert search.ask() == search.ask()
    together = search.ask(n_points=4)
    assert len({tuple(x) for x in together}) == 4
    search.update_next()
    search.run(branin, n_iter=5)
    assert len(search.Xi) == len(search.yi) == 8
    assert search.copy(random_state=1).Xi == search.Xi
    for x, y, says in (([99.0, 1.0], 1.0, "not within the bounds"), ([1.0, 1.0], "a", "a scalar")):
        with pytest.raises(ValueError, match=says):
            search.tell(x, y)
    with pytest.raises(ValueError, match="n_points should be int > 0"):
        search.ask(n_points=0)


@pytest.mark.slow
def test_seconds_and_constraints_guide_a_search() -> None:
    search = skopt.Optimizer(
        BRANIN,
        BayesianRidge(),
        acq_func="EIps",
        acq_optimizer="sampling",
        n_initial_points=3,
        random_state=0,
        space_constraint=lambda x: x[0] + x[1] < 10,
    )
    result = search.run(lambda x: (branin(x), 1.0 + x[1]), n_iter=6)
    assert all(x + y < 10 for x, y in result.x_iters)
    assert isinstance(search.base_estimator_, MultiOutputRegressor)
    assert len(result.log_time) == 6
    result = skopt.gp_minimize(
        branin, BRANIN, n_calls=8, n_initial_points=4, space_constraint=lambda x: x[0] < x[1]
    )
    assert all(x < y for x, y in result.x_iters)


def test_what_was_evaluated_is_said_and_not_evaluated_again() -> None:
    with pytest.warns(UserWarning, match="has been evaluated at"):
        skopt.gp_minimize(lambda x: x[0], [(0, 1)], x0=[[0], [1]], n_calls=3, n_initial_points=0)


def test_results_are_kept_as_json_and_models_come_back(tmp_path) -> None:
    result = skopt.gp_minimize(mixed, MIXED, n_calls=12, n_initial_points=5, random_state=0)
    X = result.space.transform(result.x_iters)
    for target in (tmp_path / "r.json", tmp_path / "r.gz"):
        skopt.dump(result, target, compress=9 if target.suffix == ".gz" else 0)
        again = skopt.load(target)
        assert (again.x, again.fun, again.x_iters) == (result.x, result.fun, result.x_iters)
        assert again.space == result.space
        assert "func" not in again.specs["args"]
    assert np.ptp(again.models[-1].predict(X)) > 0

    search = skopt.Optimizer(BRANIN, "ET", acq_optimizer="sampling", n_initial_points=2)
    search.run(branin, 3)
    file = io.BytesIO()
    skopt.dump(search, file)
    file.seek(0)
    assert skopt.load(file).Xi == search.Xi

    settings = {
        "acq_func": "LCB",
        "acq_func_kwargs": {"kappa": 0.5},
        "acq_optimizer": "sampling",
        "acq_optimizer_kwargs": {"n_points": 50},
        "avoid_duplicates": False,
    }
    search = skopt.Optimizer(BRANIN, "dummy", model_queue_size=2, **settings)
    file = io.BytesIO()
    skopt.dump(search, file)
    file.seek(0)
    again = skopt.load(file)
    assert {name: getattr(again, name) for name in settings} == settings
    assert again.max_model_queue_size == 2

    (tmp_path / "old.pkl").write_bytes(pickle.dumps([1]))
    with pytest.raises(CompatError, match="pass its x_iters and func_vals on as x0 and y0"):
        skopt.load(tmp_path / "old.pkl")
    own = skopt.Optimizer(BRANIN, BayesianRidge(), acq_optimizer="sampling")
    with pytest.raises(CompatError, match="stores no code"):
        skopt.dump(own, io.BytesIO())


def test_callbacks_watch_and_end_a_search(tmp_path, capsys) -> None:
    saver = callbacks.CheckpointSaver(str(tmp_path / "c.json"))
    timer = callbacks.TimerCallback()
    search = partial(skopt.dummy_minimize, bench3, [(-2.0, 2.0)], n_calls=30, random_state=0)
    result = search(callback=[saver, timer, callbacks.ThresholdStopper(-0.3)], verbose=True)
    assert min(result.func_vals) == result.func_vals[-1] <= -0.3
    assert len(timer.iter_time) == len(result.func_vals) < 30
    assert saver.load()["x0"] == result.x_iters
    assert capsys.readouterr().out.count("Current minimum") == len(result.func_vals)

    assert len(search(callback=callbacks.HollowIterationsStopper(3)).func_vals) < 30
    assert len(search(callback=callbacks.DeltaYStopper(0.5, 2)).func_vals) < 30
    assert len(search(callback=callbacks.DeltaXStopper(9)).func_vals) == 2
    assert len(search(callback=callbacks.DeadlineStopper(0)).func_vals) == 1


def test_a_cross_validated_search_has_the_results_of_scikit_learn() -> None:
    X, y = load_iris(return_X_y=True)
    spaces = [
        ({"C": Real(1e-3, 1e3, "log-uniform"), "kernel": ["rbf", "linear"]}, 5),
        {"C": (1, 9)},
    ]
    search = skopt.BayesSearchCV(
        SVC(), spaces, n_iter=2, cv=3, random_state=0, return_train_score=True
    )
    assert search.total_iterations == 7
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 7
    assert search.best_score_ == max(search.cv_results_["mean_test_score"]) > 0.9
    assert set(search.cv_results_["rank_train_score"]) <= set(range(1, 8))
    assert len(search.optimizer_results_) == 2
    assert search.predict(X).shape == y.shape

    ended: list = []
    search.fit(X, y, callback=lambda result: ended.append(result) or True)
    assert len(ended) == 2
    for given, error in (({}, ValueError), (["C"], TypeError), ({"C": "1 ... 9"}, ValueError)):
        with pytest.raises(error):
            skopt.BayesSearchCV(SVC(), given)
    with pytest.raises(CompatError, match="Pass them to fit"):
        skopt.BayesSearchCV(SVC(), {"C": (1, 9)}, fit_params={"a": 1})


@pytest.mark.slow
def test_regressors_say_how_sure_they_are() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((60, 2))
    y = X[:, 0] + 0.1 * rng.standard_normal(60)
    for model in (
        ExtraTreesRegressor(min_variance=0.01),
        RandomForestRegressor(),
        GradientBoostingQuantileRegressor(random_state=0),
        GaussianProcessRegressor(Matern(nu=2.5), noise="gaussian", random_state=0),
    ):
        mean, std = model.fit(X, y).predict(X, return_std=True)
        assert np.corrcoef(mean, X[:, 0])[0, 1] > 0.8
        assert 0.01 < std.mean() < 0.5
    assert model.noise_ == pytest.approx(0.01, abs=0.01)
    wrong = GradientBoostingQuantileRegressor(base_estimator=GradientBoostingRegressor())
    with pytest.raises(ValueError, match="quantile loss"):
        wrong.fit(X, y)
    assert has_gradients(cook_estimator("GP", BRANIN))
    assert not has_gradients(cook_estimator("GP", [["a", "b"]]))
    K = HammingKernel(1.0)(np.array([["a", "x"], ["a", "y"]]))
    assert K.tolist() == [[1.0, np.exp(-1)], [np.exp(-1), 1.0]]
    slope = (2 * Matern(nu=2.5) + 1).gradient_x([0.5], [[0.0], [0.5]])
    root = np.sqrt(5) / 2
    exact = -2 * 5 / 6 * (1 + root) * np.exp(-root)  # Rasmussen & Williams 2006, eq. 4.17
    assert slope[:, 0] == pytest.approx([exact, 0], abs=1e-4)


def test_gradients_are_those_of_the_acquisitions() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((20, 2))
    model = GaussianProcessRegressor(Matern(nu=2.5), random_state=0).fit(X, np.sin(4 * X[:, 0]))
    for name in ("LCB", "EI", "PI"):
        promise = partial(
            acquisition.gaussian_acquisition_1D, model=model, y_opt=0.5, acq_func=name
        )
        x = np.array([0.3, 0.6])
        _, gradient = promise(x)
        ahead, behind = (promise(x + s * np.array([1e-4, 0]), return_grad=False) for s in (1, -1))
        assert gradient[0] == pytest.approx((ahead - behind)[0] / 2e-4, rel=1e-2, abs=1e-4)
    with pytest.raises(CompatError, match="Use 'EI'"):
        acquisition.gaussian_acquisition(X, model, acq_func="MES")
    with pytest.raises(ValueError, match="must be 2-dimensional"):
        acquisition.gaussian_ei(X[0], model)


@pytest.mark.parametrize("name", sorted(set(sampler.__all__) - {"InitialPointGenerator"}))
def test_first_points_cover_the_space(name: str) -> None:
    made = getattr(sampler, name)()
    points = made.generate([(0.0, 1.0), (0, 9), ["a", "b"]], 40, random_state=0)
    x = np.array([p[0] for p in points])
    assert len(points) == 40
    assert {p[2] for p in points} == {"a", "b"}
    assert all(isinstance(p[1], np.integer) for p in points)
    assert x.min() < 0.2
    assert x.max() > 0.7
    assert made.set_params().generate([(0.0, 1.0)], 3) is not None
    with pytest.raises(ValueError, match="no argument 'wrong'"):
        made.set_params(wrong=1)


@pytest.mark.slow
def test_figures_show_what_was_evaluated_and_what_models_think() -> None:
    mpl.use("agg")
    result = skopt.gp_minimize(mixed, MIXED, n_calls=9, n_initial_points=5, random_state=0)
    axes = plots.plot_convergence(("mixed", result), true_minimum=0.0)
    assert axes.lines[0].get_ydata().tolist() == np.minimum.accumulate(result.func_vals).tolist()
    assert plots.plot_regret(result).lines
    assert plots.plot_evaluations(result).shape == (3, 3)
    grid = plots.plot_objective(result, n_samples=5, n_points=4)
    assert [a.get_xlabel() for a in grid[-1]] == ["rate", "depth", "kind"]
    plots.plot_objective_2D(result, "rate", "kind", n_samples=5, n_points=4)
    bars = plots.plot_histogram(result, "kind", ax=mpl.pyplot.figure().gca())
    assert sum(bar.get_height() for bar in bars.patches) == 9

    line = skopt.gp_minimize(bench3, [(-2.0, 2.0)], n_calls=6, n_initial_points=4, random_state=0)
    axes = plots.plot_gaussian_process(line, objective=bench3, ax=mpl.pyplot.figure().gca())
    assert len(axes.lines[0].get_xdata()) == 1000
    x, value = skopt.expected_minimum(line, random_state=0)
    assert -2 <= x[0] <= 2
    assert value <= line.fun + 0.1
    mpl.pyplot.close("all")


def test_what_has_no_effect_is_said_once(monkeypatch) -> None:
    monkeypatch.setattr(remarks, "_said", set())
    with pytest.warns(UserWarning, match="acq_func='EI' of scikit-optimize has no effect"):
        skopt.Optimizer(BRANIN, acq_func="EI")
    with pytest.warns(UserWarning, match="estimates the noise"):
        skopt.gp_minimize(branin, BRANIN, n_calls=2, n_initial_points=2, noise=1e-9)
    with pytest.warns(UserWarning, match="min_skip of skopt's Sobol has no effect"):
        sampler.Sobol().set_params(min_skip=1)
    with pytest.warns(DeprecationWarning, match="n_initial_points"):
        skopt.Optimizer(BRANIN, n_random_starts=3)


def test_small_words() -> None:
    space = {"b": (0, 1), "a": (2, 3)}
    assert point_aslist(space, point_asdict(space, [2, 1])) == [2, 1]
    assert branin([np.pi, 2.275]) == pytest.approx(0.397887, abs=1e-5)
    assert hart6([0.20169, 0.15001, 0.476874, 0.275332, 0.311652, 0.6573]) < -3.322
    with pytest.raises(ValueError, match="must have names"):
        use_named_args([Real(0, 1)])(lambda x: x)
