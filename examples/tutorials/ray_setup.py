"""Ray Tune without a metric and a mode: the one metric that is reported is taken, said once.

The calls are Ray Tune's; only the import lines name luthier. Needs scikit-learn.
"""

import tempfile

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import cross_val_score

import luthier.compat.ray as ray
from luthier.compat.ray import tune

ray.init(num_cpus=2, ignore_reinit_error=True, log_to_driver=False)
X, y = load_breast_cancer(return_X_y=True)


def evaluate(config):
    model = GradientBoostingClassifier(random_state=0, **config)
    tune.report({"accuracy": cross_val_score(model, X[:, :8], y, cv=2).mean()})


with tempfile.TemporaryDirectory() as folder:
    analysis = tune.run(
        evaluate,
        config={
            "n_estimators": tune.grid_search([5, 20]),
            "learning_rate": tune.loguniform(0.01, 1),
            "max_depth": tune.sample_from(lambda spec: 1 + spec.config.n_estimators // 10),
        },
        num_samples=2,
        local_dir=folder,
        verbose=0,
    )
    print("trials:", len(analysis.trials))
    print("best:", analysis.best_config)
ray.shutdown()
