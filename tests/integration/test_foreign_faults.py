"""What an objective raises by itself, or because of something of its own, is its trial's failure.

Only what luthier's own work for the trial meets is the machine's: see `test_machine_faults`.
"""

import inspect
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

import luthier
from luthier import errors
from luthier.errors import CheckpointError, CheckpointPlaceError, LeaseLostError, MachineError
from luthier.storages import InMemory
from luthier.storages.wrapper import Wrapper

EXCUSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, MachineError | LeaseLostError)
]


def states(study):
    return Counter(row.state.name for row in study.trials)


def by_hand(error, trial):
    raise error


def by_another_study(error, trial):
    class Away(Wrapper):
        def add_trials(self, *args):
            raise error

    luthier.create_study(storage=Away(InMemory()), sampler="random").optimize(lambda trial: 0.0, 1)


def as_a_cause(error, trial):
    raise RuntimeError("the training has failed") from error


def among_others(error, trial):
    raise ExceptionGroup("tasks", [ValueError("another task"), error])


def after_a_report(error, trial):
    trial.report(0.5, 1)
    raise error


@pytest.mark.parametrize("kind", EXCUSES)
@pytest.mark.parametrize(
    "meets", [by_hand, by_another_study, as_a_cause, among_others, after_a_report]
)
def test_an_error_of_something_else_fails_its_trial_and_the_study_goes_on(tmp_path, kind, meets):
    def objective(trial):
        if trial.number == 1:
            meets(kind("of something else"), trial)
        return trial.suggest_float("x", 0, 1)

    study = luthier.create_study(storage=tmp_path / "a.db", sampler="random")
    study.optimize(objective, n_trials=4, catch=Exception)
    assert states(study) == {"COMPLETE": 3, "FAILED": 1}
    assert study.trials[1].retries == 0
    assert "of something else" in study.trials[1].error


@pytest.mark.parametrize("kind", [MachineError, LeaseLostError, errors.StorageFullError])
def test_that_is_so_in_worker_processes_and_threads(tmp_path, kind):
    def objective(trial):
        if trial.number == 1:
            raise kind("of something else")
        return trial.suggest_float("x", 0, 1)

    study = luthier.create_study(storage=tmp_path / "a.db", sampler="random")
    study.optimize(objective, n_trials=4, n_jobs=2, catch=Exception)
    assert states(study) == {"COMPLETE": 3, "FAILED": 1}


def test_without_catch_such_an_error_ends_the_run_and_its_trial_is_not_offered_again(tmp_path):
    def objective(trial):
        raise errors.StorageFullError("another disk")

    study = luthier.create_study(storage=tmp_path / "a.db", sampler="random")
    for n_failed in (1, 2):
        with pytest.raises(errors.StorageFullError, match="another disk"):
            study.optimize(objective, n_trials=4)
        assert states(study) == {"FAILED": n_failed}


def test_another_studys_checkpoints_without_a_place_are_no_fault_of_the_machine(tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")

    def inner(trial):
        trial.report(0.0, 1, checkpoint={"w": np.zeros(1000)})
        return 0.0

    def objective(trial):
        another = luthier.create_study(checkpoints=tmp_path / "taken" / "here")
        another.optimize(inner, n_trials=1)
        return 0.0

    study = luthier.create_study(storage=tmp_path / "a.db", sampler="random")
    study.optimize(objective, n_trials=3, catch=CheckpointPlaceError)
    assert states(study) == {"FAILED": 3}


@pytest.mark.skipif(sys.platform != "linux", reason="a file whose reading fails is Linux's")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_checkpoint_of_the_users_that_cannot_be_read_is_the_trials_own_fault(tmp_path, n_jobs):
    def objective(trial):
        trial.report(0.0, 1, checkpoint="/proc/self/mem")  # EIO at its first byte
        return 0.0

    study = luthier.create_study(storage=tmp_path / "a.db", sampler="random")
    study.optimize(objective, n_trials=3, n_jobs=n_jobs, catch=CheckpointError)
    assert states(study) == {"FAILED": 3}
    assert "/proc/self/mem cannot be read" in study.trials[0].error


_BOUNDED = """
import resource, sys
import numpy as np
import luthier

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        trial.report(x, 1, checkpoint={"w": np.zeros(100_000)})
    return x

study = luthier.create_study("s", "a.db", sampler="random")
study.optimize(objective, n_trials=3, n_jobs=int(sys.argv[1]), catch=Exception)
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX bounds the size of files")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_bound_on_files_that_the_objective_has_set_fails_its_trial(tmp_path, n_jobs):
    command = [sys.executable, "-c", _BOUNDED, str(n_jobs)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    study = luthier.load_study("s", tmp_path / "a.db")
    assert states(study) == {"COMPLETE": 2, "FAILED": 1}
    assert "ulimit -f" in study.trials[1].error
