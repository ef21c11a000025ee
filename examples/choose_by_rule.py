"""Several objectives and a business rule.

Small, fast and accurate trees, and the one of them that is to be shipped.

No search can say what an accuracy is worth in kilobytes. It finds the models that no other beats in
everything; a rule that people agreed on beforehand then picks one, and says why. The figures that a
model was chosen by flatter it: a bound that must hold wants a margin, and a look at data that no
trial saw. Needs scikit-learn.
"""

from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import train_test_split

import luthier
from luthier import measure

RULE = "accuracy >= 0.90 and latency_ms <= 50, then smallest size_kb"
N_TRIALS = 40
X, X_test, y, y_test = train_test_split(
    *load_digits(return_X_y=True), test_size=450, random_state=0
)
X, X_valid, y, y_valid = train_test_split(X, y, test_size=450, random_state=0)


def fitted(params: dict[str, object]) -> ExtraTreesClassifier:
    """A model of the training images."""
    return ExtraTreesClassifier(**params, random_state=0).fit(X, y)


def objective(trial: luthier.Trial) -> dict[str, float]:
    """How often a model is right, how long it takes for one image, and how large it is."""
    trial.suggest_int("n_estimators", 2, 100, log=True)
    trial.suggest_int("max_leaf_nodes", 8, 256, log=True)
    trial.suggest_float("max_features", 0.05, 1.0)
    model = fitted(trial.params)
    return {
        "accuracy": model.score(X_valid, y_valid),
        "latency_ms": float(measure.latency(lambda: model.predict(X_valid[:1]), seconds=0.05)),
        "size_kb": measure.model_size(model) / 1000,
    }


objectives = {"accuracy": "maximize", "latency_ms": "minimize", "size_kb": "minimize"}
study = luthier.create_study(objectives=objectives, seed=0)
study.optimize(objective, n_trials=N_TRIALS)
print(study)

best = sorted(study.best_trials, key=lambda row: row.values[2])
print(f"\n{len(best)} of {N_TRIALS} models are beaten by no other in everything:")
print("  accuracy  latency  size")
for row in best:
    accuracy, latency_ms, size_kb = row.values
    print(f"  {accuracy:8.3f} {latency_ms:5.1f} ms {size_kb:5.0f} kB")

choice = study.choose(RULE)
print(f"\n{choice}")
test = fitted(choice.params).score(X_test, y_test)
print(
    f"\naccuracy {choice.values['accuracy']:.3f} on images it was chosen by, {test:.3f} on images "
    "that no trial saw"
)
