"""Many cores: trials in processes of their own, with limits on their time and memory.

The objective may be any function, also a closure or one from a notebook; no `if __name__ ==
"__main__"` is needed.
"""

import time

import luthier


def objective(trial: luthier.Trial) -> float:
    """A number; but one kind of trial hangs, and one takes more and more memory."""
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
study.optimize(objective, n_trials=12, n_jobs=2, limits={"time_s": 2.0, "memory_mb": 512})

for row in study.trials:
    print(row.number, row.state.name, row.value if row.error is None else row.error.splitlines()[0])
assert [row.number for row in study.trials if row.state == luthier.State.FAILED] == [0, 1]
