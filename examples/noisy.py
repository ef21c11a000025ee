"""Noise: stop when nothing gets better, ask a model for the leaders, and confirm them on fresh random numbers."""

import luthier
from luthier.stopping import Budget, NoImprovement


def expected(params: dict[str, float]) -> float:
    """What a run would give on average; the study never sees it."""
    return 0.9 - (params["x"] - 0.2) ** 2 - 0.5 * (params["y"] + 0.4) ** 2


def objective(trial: luthier.Trial) -> float:
    """An accuracy on 100 random cases; all randomness is from the trial's own generator."""
    params = {"x": trial.suggest_float("x", -1, 1), "y": trial.suggest_float("y", -1, 1)}
    trial.set_cost(0.25)  # in a unit of your own: here GPU hours
    return float((trial.rng.random(100) < expected(params)).mean())


study = luthier.create_study(direction="maximize", seed=0)
study.optimize(objective, stop=[NoImprovement(30), Budget(cost=25.0)])
print(f"stopped after {len(study.trials)} trials: {study.stop_reason}")

[leader] = study.recommend()
print(
    f"the best trial was observed at {study.best_value:.3f}, and is worth "
    f"{expected(study.best_params):.3f}"
)
print(f"recommended: {leader}")
print(f"             which is worth {expected(leader.params):.3f}")

print(study.confirm(k=3, repeats=5))
