"""Resume: a study in a SQLite file survives the process that runs it, even if that is killed."""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import luthier


def objective(trial: luthier.Trial) -> float:
    """Ten steps of work; `trial.checkpoint` is the last step of a worker that died."""
    x = trial.suggest_float("x", -5, 5)
    done = trial.checkpoint or 0
    if done:
        print(f"trial {trial.number} continues at step {done + 1}")
    for step in range(done + 1, 11):
        time.sleep(0.01)
        trial.report(x**2 + 1 / step, step, checkpoint=step)
    return x**2


def work(storage: str, n_trials: int) -> None:
    """Begin the study, or continue it: the same call for both."""
    study = luthier.create_study("resume", storage, seed=0, load_if_exists=True)
    study.optimize(objective, n_trials=n_trials)


def main() -> None:
    """Start a worker, kill it, and continue its study."""
    with tempfile.TemporaryDirectory() as folder:
        # A worker counts as lost after one second of silence; the default is a minute.
        storage = f"sqlite:///{Path(folder) / 'luthier.db'}?lease_s=1"
        worker = subprocess.Popen([sys.executable, __file__, storage])
        study = luthier.create_study("resume", storage, seed=0, load_if_exists=True)
        while sum(row.state == luthier.State.COMPLETE for row in study.trials) < 5:
            time.sleep(0.02)
        worker.kill()  # SIGKILL: it cannot clean up
        worker.wait()
        before = study.trials
        print("killed:   ", Counter(row.state.name for row in before))

        time.sleep(1.2)
        work(storage, 10)  # takes the interrupted trial first, once its lease has run out
        study = luthier.load_study("resume", storage)
        print("continued:", Counter(row.state.name for row in study.trials))

        finished = [row for row in before if row.state.finished]
        assert study.trials[: len(finished)] == finished
        assert all(row.state == luthier.State.COMPLETE for row in study.trials)
        study.storage.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(sys.argv[1], 1000)
    else:
        main()
