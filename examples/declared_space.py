"""A declared space: parameters that exist only for some choices of others, and rules that no proposal may break."""

import luthier
from luthier import Categorical, Float, Int

space = luthier.Space(
    {
        "model": ["svm", "forest"],  # a list is short for Categorical
        "C": Float(1e-2, 1e3, scale="log", default=1.0, when={"model": "svm"}),
        "kernel": Categorical(("linear", "rbf", "poly"), default="rbf", when={"model": "svm"}),
        "degree": Int(
            2, 5, when={"kernel": "poly"}
        ),  # nested: only where the kernel is poly, so only for an SVM
        "trees": Int(10, 1000, scale="log", when={"model": "forest"}),
        "leaves": Int(2, 1024, scale="log", when={"model": "forest"}),
        "size": Categorical(("small", "medium", "large"), ordered=True),
        "dropout": Float(0.0, 0.5, step=0.1),
    },
    constraints=["trees * leaves <= 100_000", lambda p: p["size"] != "large" or p["dropout"] > 0],
)
print(space)


def objective(trial: luthier.Trial) -> float:
    """Reads `trial.params`, which holds exactly what is active.

    A made-up error stands for a model's.
    """
    p = trial.params
    if p["model"] == "svm":
        return (
            abs(p["C"] - 30) / 100
            + {"linear": 0.3, "rbf": 0.1, "poly": 0.05 * p.get("degree", 0)}[p["kernel"]]
        )
    return 5 / p["trees"] + abs(p["leaves"] - 64) / 500 + p["dropout"]


study = luthier.create_study(space=space, seed=0)
study.enqueue({"model": "forest", "trees": 100})  # tried first; what it leaves open is filled in
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
