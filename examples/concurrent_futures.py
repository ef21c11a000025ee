"""Any executor of `concurrent.futures`: here threads, for objectives that wait rather than compute.

Executors of other libraries with the same contract (`submit` returns a future) work as well. Those
that run trials in other processes need a study in a file, so that these can report.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import luthier


def objective(trial: luthier.Trial) -> float:
    """Wait for something, such as an answer over the network."""
    delay = trial.suggest_float("delay", 0.01, 0.1)
    time.sleep(delay)
    return abs(delay - 0.05)


study = luthier.create_study(seed=0)
begin = time.monotonic()
with ThreadPoolExecutor(max_workers=8) as executor:
    study.optimize(objective, n_trials=40, n_jobs=8, executor=executor)
took_s = time.monotonic() - begin

print(study)
waited_s = sum(row.params["delay"] for row in study.trials)
print(f"{waited_s:.1f} seconds of waiting took {took_s:.1f}")
