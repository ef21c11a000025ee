"""A declared space: parameters that depend on others, and constraints on their combinations."""

import luthier
from luthier import Categorical, Float, Int

space = luthier.Space(
    {
        "model": ["svm", "forest"],  # a list is short for Categorical
        "C": Float(1e-2, 1e3, scale="log", default=1.0, when={"model": "svm"}),
        "kernel": Categorical(("linear", "rbf", "poly"), default="rbf", when={"model": "svm"}),
        "degree": Int(2, 5, when={"kernel": "poly"}),  # nested: so only for an SVM
        "trees": Int(10, 1000, scale="log", when={"model": "forest"}),
        "leaves": Int(2, 1024, scale="log", when={"model": "forest"}),
        "size": Categorical(("small", "medium", "large"), ordered=True),
        "dropout": Float(0.0, 0.5, step=0.1),
    },
    constraints=["trees * leaves <= 100_000", lambda p: p["size"] != "large" or p["dropout"] > 0],
)
print(space)


def objective(trial: luthier.Trial) -> float:
    """An invented error; `trial.params` holds exactly the parameters that are active."""
    p = trial.params
    if p["model"] == "svm":
        kernel_error = {"linear": 0.3, "rbf": 0.1, "poly": 0.05 * p.get("degree", 0)}
        return abs(p["C"] - 30) / 100 + kernel_error[p["kernel"]]
    return 5 / p["trees"] + abs(p["leaves"] - 64) / 500 + p["dropout"]


study = luthier.create_study(space=space, seed=0)
study.enqueue({"model": "forest", "trees": 100})  # tried first; the sampler adds the rest
study.optimize(objective, n_trials=60)

first = study.trials[0].params
print("first:", first)
print("best:", study.best_params)

assert first["model"] == "forest"
assert first["trees"] == 100
for row in study.trials:
    p = row.params
    assert ("C" in p) == (p["model"] == "svm")
    assert ("degree" in p) == (p.get("kernel") == "poly")
    assert p["model"] == "svm" or p["trees"] * p["leaves"] <= 100_000
