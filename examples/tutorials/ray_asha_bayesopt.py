"""Ray Tune with ASHA and BayesOptSearch: tune.run, reports by keywords, the best five.

The calls are Ray Tune's of 2.3; only the import lines name luthier. Needs scikit-learn and pandas.
"""

import tempfile

from luthier.compat.ray.tune.search.bayesopt import BayesOptSearch
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from luthier.compat.ray import tune
from luthier.compat.ray.tune.schedulers import ASHAScheduler

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)


def train_digits(config):
    model = SGDClassifier(alpha=config["alpha"], eta0=config["eta0"], learning_rate="constant")
    for _ in range(8):
        model.partial_fit(X_train, y_train, classes=range(10))
        tune.report(mean_accuracy=model.score(X_test, y_test))


with tempfile.TemporaryDirectory() as folder:
    analysis = tune.run(
        train_digits,
        config={"alpha": tune.loguniform(1e-6, 1e-1), "eta0": tune.loguniform(1e-4, 1.0)},
        metric="mean_accuracy",
        mode="max",
        num_samples=10,
        search_alg=BayesOptSearch(random_state=1),
        scheduler=ASHAScheduler(max_t=8, grace_period=2),
        resources_per_trial={"cpu": 1},
        local_dir=folder,
        verbose=0,
    )
    best = analysis.results_df.nlargest(5, "mean_accuracy")
    print(best[["mean_accuracy", "training_iteration", "config/alpha", "config/eta0"]])
    print("best:", analysis.get_best_config(metric="mean_accuracy", mode="max"))
