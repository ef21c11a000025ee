"""Ray Tune and XGBoost: the callback that reports each round, ASHA, and the best model back.

The calls are Ray Tune's; only the import lines name luthier. Needs XGBoost and scikit-learn.
"""

import tempfile

import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from luthier.compat.ray import tune
from luthier.compat.ray.tune.integration.xgboost import TuneReportCheckpointCallback
from luthier.compat.ray.tune.schedulers import ASHAScheduler


def train_breast_cancer(config):
    data, labels = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(data, labels, random_state=0)
    train_set, test_set = xgb.DMatrix(train_x, label=train_y), xgb.DMatrix(test_x, label=test_y)
    xgb.train(
        config,
        train_set,
        num_boost_round=8,
        evals=[(test_set, "test")],
        verbose_eval=False,
        callbacks=[TuneReportCheckpointCallback({"logloss": "test-logloss"}, frequency=1)],
    )


search_space = {
    "objective": "binary:logistic",
    "eval_metric": ["logloss", "error"],
    "nthread": 1,
    "max_depth": tune.randint(1, 9),
    "subsample": tune.uniform(0.5, 1.0),
    "eta": tune.loguniform(1e-3, 5e-1),
}

with tempfile.TemporaryDirectory() as folder:
    tuner = tune.Tuner(
        tune.with_resources(train_breast_cancer, {"cpu": 1}),
        param_space=search_space,
        tune_config=tune.TuneConfig(
            metric="logloss",
            mode="min",
            num_samples=6,
            scheduler=ASHAScheduler(max_t=8, grace_period=1, reduction_factor=2),
        ),
        run_config=tune.RunConfig(storage_path=folder, verbose=0),
    )
    results = tuner.fit()
    best = results.get_best_result()
    model = TuneReportCheckpointCallback.get_model(best.checkpoint)
    print(f"logloss {best.metrics['logloss']:.3f} after {model.num_boosted_rounds()} rounds")
    print("stopped after:", sorted(r.metrics["training_iteration"] for r in results))
