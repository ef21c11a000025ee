"""Many cores: trials in processes of their own, with limits that end a trial that hangs or eats memory.

The objective may be any function, a closure or one typed into a notebook too; no `if __name__ ==
"__main__"` is needed.
"""

import time

import luthier


def objective(trial: luthier.Trial) -> float:
    """Some trials are well-behaved, one kind hangs, one kind is greedy."""
    kind = trial.suggest_categorical("kind", ["good", "hangs", "greedy"])
    x = trial.suggest_float("x", -1, 1)
    if kind == "hangs":
        time.sleep(60)
    if kind == "greedy":
        hoard = []
        while True:
            hoard.append(b"x" * 2**24)
    return x**2


study = luthier.create_study(seed=0)
study.enqueue({"kind": "hangs"})
study.enqueue({"kind": "greedy"})
for _ in range(10):
    study.enqueue({"kind": "good"})
study.optimize(objective, n_trials=12, n_jobs=2, limits={"seconds": 2.0, "memory_mb": 512})

for row in study.trials:
    print(row.number, row.state.name, row.value if row.error is None else row.error.splitlines()[0])
assert [row.number for row in study.trials if row.state == luthier.State.FAILED] == [0, 1]
