"""Ray Tune's newer words: Tuner, train.report of a dict, OptunaSearch, ASHA and checkpoints.

The calls are Ray Tune's; only the import lines name luthier. The mode is left out: the name of the
metric tells it. Needs scikit-learn.
"""

import json
import os
import tempfile

from luthier.compat.ray.tune.search.optuna import OptunaSearch
from sklearn.datasets import load_wine
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from luthier.compat.ray import train, tune
from luthier.compat.ray.tune.schedulers import ASHAScheduler

X, y = load_wine(return_X_y=True)


def train_wine(config, data):
    features, classes = data
    model = MLPClassifier(config["width"], learning_rate_init=config["lr"], random_state=0)
    for epoch in range(6):
        model.partial_fit(features[::2], classes[::2], classes=[0, 1, 2])
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "epoch.json"), "w") as file:
                json.dump(epoch, file)
            train.report(
                {"accuracy": model.score(features[1::2], classes[1::2])},
                checkpoint=train.Checkpoint.from_directory(folder),
            )


with tempfile.TemporaryDirectory() as results:
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(train_wine, data=(scale(X), y)), {"cpu": 1}),
        param_space={"lr": tune.loguniform(1e-4, 1e-1), "width": tune.choice([4, 16, 64])},
        tune_config=tune.TuneConfig(
            metric="accuracy",
            num_samples=8,
            search_alg=OptunaSearch(seed=0),
            scheduler=ASHAScheduler(max_t=6, grace_period=1, reduction_factor=2),
        ),
        run_config=tune.RunConfig(name="wine", storage_path=results, verbose=0),
    )
    best = tuner.fit().get_best_result()
    print("best:", best.config, f"accuracy {best.metrics['accuracy']:.3f}")
    with best.checkpoint.as_directory() as folder:
        print("files:", sorted(os.listdir(folder)))
