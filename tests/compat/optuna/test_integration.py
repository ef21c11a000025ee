"""Callbacks and searches for other libraries in Optuna's words."""

from types import SimpleNamespace

import numpy as np
import pytest

import luthier.compat.optuna as optuna
from luthier.compat.optuna import integration
from luthier.errors import CompatError


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


class After(optuna.pruners.BasePruner):
    """Ends a trial at its third report."""

    def prune(self, study, trial):
        return len(trial.intermediate_values) >= 3


def rows():
    rng = np.random.default_rng(0)
    X = rng.random((80, 3))
    return X, (X[:, 0] > 0.5).astype(int)


@pytest.mark.external("lightgbm")
def test_lightgbm_reports_each_round():
    import lightgbm as lgb

    X, y = rows()
    made = lgb.Dataset(X[:60], y[:60])
    study = optuna.create_study(pruner=After())

    def objective(trial):
        callback = integration.LightGBMPruningCallback(trial, "binary_logloss")
        valid = made.create_valid(X[60:], y[60:])
        settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
        lgb.train(settings, made, 10, valid_sets=[valid], callbacks=[callback])
        return 1.0

    study.optimize(objective, n_trials=1)
    assert (study.trials[0].state.name, study.trials[0].last_step) == ("PRUNED", 2)


@pytest.mark.external("lightgbm")
def test_the_tuner_of_lightgbm_finds_params(monkeypatch):
    from luthier.compat.optuna.integration import lightgbm as lgb

    X, y = rows()
    monkeypatch.setattr(lgb, "_N_TRIALS", 5)
    made = lgb.Dataset(X[:60], y[:60], free_raw_data=False)
    params = {"objective": "binary", "metric": "auc", "num_threads": 1, "min_child_samples": 5}
    valid = made.create_valid(X[60:], y[60:])
    tuner = lgb.LightGBMTuner(params, made, 5, valid_sets=[valid], optuna_seed=0)
    tuner.run()
    assert tuner.best_score > 0.8
    assert tuner.best_params["min_child_samples"] == 5
    assert tuner.get_best_booster().current_iteration() == 5
    assert len(tuner.study.trials) == 5


@pytest.mark.external("lightgbm")
def test_the_tuner_changes_leaves_on_rows_that_are_tested_too(monkeypatch):
    from luthier.compat.optuna.integration import lightgbm as lgb

    X, y = rows()
    monkeypatch.setattr(lgb, "_N_TRIALS", 4)
    made, valid = lgb.Dataset(X[:60], y[:60]), lgb.Dataset(X[60:], y[60:])
    params = {"objective": "binary", "metric": "binary_logloss", "num_threads": 1}
    tuner = lgb.LightGBMTuner(params, made, 3, valid_sets=[made, valid], optuna_seed=0)
    assert (tuner.best_score, tuner.best_params["num_leaves"]) == (np.inf, 31)
    tuner.run()
    assert np.isfinite(tuner.best_score)
    tuner = lgb.LightGBMTunerCV(params, lgb.Dataset(X, y), 3, nfold=2, optuna_seed=0)
    tuner.run()
    assert len({t.params["min_child_samples"] for t in tuner.study.trials}) > 1
    with pytest.warns(UserWarning, match="feature_pre_filter"):
        lgb.LightGBMTuner({**params, "feature_pre_filter": True}, made, valid_sets=[valid])


@pytest.mark.external("xgboost")
def test_xgboost_reports_each_round():
    import xgboost as xgb

    X, y = rows()
    train, valid = xgb.DMatrix(X[:60], y[:60]), xgb.DMatrix(X[60:], y[60:])
    study = optuna.create_study(pruner=After())

    def objective(trial):
        callback = integration.XGBoostPruningCallback(trial, "valid-logloss")
        settings = {"objective": "binary:logistic", "nthread": 1}
        xgb.train(
            settings, train, 10, evals=[(valid, "valid")], callbacks=[callback], verbose_eval=False
        )
        return 1.0

    study.optimize(objective, n_trials=1)
    assert (study.trials[0].state.name, study.trials[0].last_step) == ("PRUNED", 2)


def test_catboost_ends_when_it_is_told_to():
    study = optuna.create_study(pruner=After())
    trial = study.ask()
    callback = integration.CatBoostPruningCallback(trial, "Logloss")
    goes_on = [
        callback.after_iteration(
            SimpleNamespace(iteration=i, metrics={"validation": {"Logloss": [1.0 / i]}})
        )
        for i in (1, 2, 3)
    ]
    assert goes_on == [True, True, False]
    with pytest.raises(optuna.TrialPruned, match="iteration 2"):
        callback.check_pruned()


def test_a_search_of_scikit_learn_fits_the_best_params():
    pytest.importorskip("sklearn")
    from sklearn.tree import DecisionTreeClassifier

    X, y = rows()
    search = integration.OptunaSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": optuna.distributions.IntDistribution(1, 4)},
        cv=3,
        n_trials=6,
        random_state=0,
    )
    assert search.fit(X, y) is search
    assert search.best_score_ > 0.8
    assert search.best_params_.keys() == {"max_depth"}
    assert (search.n_trials_, len(search.cv_results_["params"])) == (6, 6)
    search.set_user_attr("rows", 80)
    assert search.user_attrs_ == {"rows": 80}
    assert len(search.trials_dataframe(attrs=("number", "params"))) == 6
    assert search.predict(X).shape == (80,)
    assert search.score(X, y) > 0.9


@pytest.mark.external("distributed")
@pytest.mark.filterwarnings(
    "ignore::luthier.compat.optuna.exceptions.ExperimentalWarning", "ignore::ResourceWarning"
)
@pytest.mark.parametrize("is_kept", [True, False])
def test_tasks_of_dask_share_a_study_on_the_scheduler(tmp_path, is_kept):
    import distributed

    with pytest.raises(ValueError, match="client"):
        integration.DaskStorage()
    url = f"sqlite:///{tmp_path}/optuna.db" if is_kept else None
    settings = {"processes": False, "n_workers": 2, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        study = optuna.create_study(storage=integration.DaskStorage(url), study_name="s")

        def objective(trial):
            trial.report(1.0, step=1)
            trial.set_user_attr("where", "dask")
            return trial.suggest_float("x", 0, 1)

        runs = [client.submit(study.optimize, objective, n_trials=2, pure=False) for _ in range(3)]
        distributed.wait(runs)
        assert [t.number for t in study.trials] == [*range(6)]
        assert {t.user_attrs["where"] for t in study.trials} == {"dask"}
        assert study.best_value == min(t.value for t in study.trials)
        with pytest.raises(KeyError):
            study.storage.get_trial(99)
        kept = study.storage.get_base_storage()
        assert kept.get_n_trials(0 if url is None else 1) == 6


@pytest.mark.parametrize("name", ["MLflowCallback", "ShapleyImportanceEvaluator"])
def test_what_is_done_in_another_way_says_which(name):
    with pytest.raises(CompatError, match="luthier"):
        getattr(integration, name)()


def test_bases_that_luthier_has_in_another_way_say_so_when_they_are_used():
    with pytest.raises(CompatError, match="Sampler"):
        type("Mine", (optuna.samplers.BaseGASampler,), {})
