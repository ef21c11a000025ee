"""What a machine, a disk or a network does wrong is never taken for a trial's own failure."""

import contextlib
import errno
import subprocess
import sys
import threading
from collections import Counter

import numpy as np
import pytest

import luthier
from luthier.checkpoints import Checkpoints
from luthier.errors import (
    CheckpointError,
    CheckpointPlaceError,
    MachineError,
    NoWorkerError,
    StorageFullError,
    StorageUnreachableError,
)
from luthier.executors import child_process, processes
from luthier.storages import SQLite
from luthier.storages.wrapper import Wrapper
from luthier.trial.record import State


class Faulty(Wrapper):
    """Storage whose verbs raise what is planned for them, one error a call."""

    def __init__(self, inner):
        super().__init__(inner)
        self.planned = {}

    def plan(self, verb, *errors):
        self.planned[verb] = list(errors)

    def report(self, *args):
        self._fail("report")
        return super().report(*args)

    def release(self, *args):
        self._fail("release")
        return super().release(*args)

    def finish(self, *args):
        self._fail("finish")
        return super().finish(*args)

    def _fail(self, verb):
        if self.planned.get(verb):
            raise self.planned[verb].pop(0)


@pytest.fixture
def storage(tmp_path):
    return Faulty(SQLite(tmp_path / "a.db"))


def states(study):
    return Counter(row.state.name for row in study.trials)


def passes_it_through(trial):
    trial.report(0.5, 1)
    return trial.suggest_float("x", 0, 1)


def wraps_it(trial):
    try:
        return passes_it_through(trial)
    except MachineError as e:
        raise RuntimeError("the training has failed") from e


def fails_while_it_handles_it(trial):
    try:
        return passes_it_through(trial)
    except MachineError:
        return {}["nothing"]


def hides_it(trial):
    try:
        return passes_it_through(trial)
    except MachineError:
        raise RuntimeError("the training has failed") from None


def wraps_it_twice(trial):
    try:
        return wraps_it(trial)
    except RuntimeError as e:
        raise ValueError("no result") from e


def groups_it(trial):
    try:
        return passes_it_through(trial)
    except MachineError as e:
        raise ExceptionGroup("tasks", [ValueError("another task"), e]) from None


def exits_because_of_it(trial):
    try:
        return passes_it_through(trial)
    except MachineError:
        sys.exit("cannot go on")


def keeps_it_to_itself(trial):
    error = None
    try:
        return passes_it_through(trial)
    except MachineError as e:
        error = str(e)
    raise RuntimeError(error)


def meets_it_in_a_thread(trial):
    found = []

    def train():
        try:
            found.append(passes_it_through(trial))
        except MachineError:
            found.clear()

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    return found[0]


def prunes_itself_because_of_it(trial):
    try:
        return passes_it_through(trial)
    except MachineError:
        raise luthier.TrialPruned from None


def is_pruned_after_it(trial):
    with contextlib.suppress(MachineError):
        return passes_it_through(trial)
    raise luthier.TrialPruned


def returns_no_number(trial):
    with contextlib.suppress(MachineError):
        return passes_it_through(trial)
    return float("nan")


def returns_nothing(trial):
    with contextlib.suppress(MachineError):
        return passes_it_through(trial)


OBJECTIVES = [
    passes_it_through,
    wraps_it,
    fails_while_it_handles_it,
    hides_it,
    wraps_it_twice,
    groups_it,
    exits_because_of_it,
    keeps_it_to_itself,
    meets_it_in_a_thread,
    prunes_itself_because_of_it,
    is_pruned_after_it,
    returns_no_number,
    returns_nothing,
]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_storage_that_fails_a_report_and_is_back_costs_no_trial(storage, objective):
    study = luthier.create_study(storage=storage, sampler="random", catch_as="infeasible")
    storage.plan("report", StorageUnreachableError("away"), StorageFullError("full"))
    study.optimize(objective, n_trials=3, catch=(Exception, SystemExit))
    assert states(study) == {"COMPLETE": 3}
    assert [row.retries for row in study.trials] == [0, 0, 0]
    assert study.trials[0].token == 3


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_storage_that_stays_away_ends_the_run_with_its_error(storage, objective):
    study = luthier.create_study(storage=storage, sampler="random", catch_as="infeasible")
    away = [StorageUnreachableError("away") for _ in range(9)]
    storage.plan("report", *away)
    storage.plan("release", *away)
    with pytest.raises(StorageUnreachableError, match="away"):
        study.optimize(objective, n_trials=5, catch=(Exception, SystemExit))
    assert states(study) == {"RUNNING": 1}  # until its lease has run out


def test_a_report_that_never_succeeds_ends_the_run_though_the_storage_answers(storage):
    study = luthier.create_study(storage=storage, sampler="random")
    storage.plan("report", *[StorageUnreachableError("too slow") for _ in range(9)])
    with pytest.raises(StorageUnreachableError, match="too slow"):
        study.optimize(passes_it_through, n_trials=5, catch=Exception)
    assert states(study) == {"WAITING": 1}
    assert study.trials[0].token == 3


def test_errors_of_the_storage_reach_worker_processes_and_come_back_as_such(storage):
    study = luthier.create_study(storage=storage, sampler="random")
    storage.plan("report", StorageUnreachableError("away"), StorageFullError("full"))
    study.optimize(wraps_it_twice, n_trials=4, n_jobs=2, catch=Exception)
    assert states(study) == {"COMPLETE": 4}


def test_an_objective_that_does_without_its_report_has_its_value_counted(storage):
    def objective(trial):
        try:
            trial.report(0.5, 1)
        except MachineError:
            trial.set_tag("reported", False)
        return trial.suggest_float("x", 0, 1)

    study = luthier.create_study(storage=storage, sampler="random")
    storage.plan("report", StorageFullError("full"))
    study.optimize(objective, n_trials=2)
    assert states(study) == {"COMPLETE": 2}
    assert study.trials[0].tags == {"reported": False}


def test_an_objective_that_fails_after_a_report_has_succeeded_fails_by_itself(storage):
    def objective(trial):
        with contextlib.suppress(MachineError):
            trial.report(0.5, 1)
        trial.report(0.5, 2)
        return float("nan")

    study = luthier.create_study(storage=storage, sampler="random")
    storage.plan("report", StorageFullError("full"))
    study.optimize(objective, n_trials=1)
    assert states(study) == {"FAILED": 1}


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "no space in a folder of its own"), ConnectionError("its own server")],
    ids=["disk", "server"],
)
def test_an_error_of_the_objectives_own_stays_its_own(storage, error):
    def objective(trial):
        trial.report(0.5, 1)
        raise error

    study = luthier.create_study(storage=storage, sampler="random")
    study.optimize(objective, n_trials=2, catch=OSError)
    assert states(study) == {"FAILED": 2}


def test_a_result_that_cannot_be_stored_ends_the_run_and_the_trial_is_offered_again(storage):
    study = luthier.create_study(storage=storage, sampler="random")
    storage.plan("finish", StorageFullError("full"))
    with pytest.raises(StorageFullError, match="full"):
        study.optimize(passes_it_through, n_trials=5, catch=Exception)
    assert states(study) == {"WAITING": 1}
    study.optimize(passes_it_through, n_trials=1)
    assert states(study) == {"COMPLETE": 1}


class Full:
    """A place for checkpoints without space, for so many writes."""

    def __init__(self, monkeypatch, n):
        self.n = n
        place = type(Checkpoints("x").place)
        put = place.put

        def fail_first(folder, staged, name):
            if self.n > 0:
                self.n -= 1
                raise OSError(errno.ENOSPC, "No space left on device")
            return put(folder, staged, name)

        monkeypatch.setattr(place, "put", fail_first)


def trains(trial):
    x = trial.suggest_float("x", 0, 1)
    for step in range(int(trial.step), 3):
        trial.report(x, step + 1, checkpoint={"w": np.full(100, x)})
    return x


def test_a_full_disk_of_checkpoints_is_waited_for(tmp_path, monkeypatch, caplog):
    study = luthier.create_study(storage=tmp_path / "a.db", checkpoints=tmp_path / "ck")
    full = Full(monkeypatch, 3)
    study.optimize(trains, n_trials=2)
    assert full.n == 0
    assert states(study) == {"COMPLETE": 2}
    assert [r.message.split(";")[-1] for r in caplog.records if "trying" in r.message] == [
        " trying for 30 s"
    ]
    assert caplog.messages[-1].endswith("answers again")


def test_a_disk_of_checkpoints_that_stays_full_ends_the_run_and_blames_no_trial(
    tmp_path, monkeypatch
):
    store = Checkpoints(tmp_path / "ck")
    store.attempts.within_s = 0.2
    study = luthier.create_study(
        storage=tmp_path / "a.db", checkpoints=store, catch_as="infeasible"
    )
    study.optimize(trains, n_trials=3)
    full = Full(monkeypatch, 10_000)
    with pytest.raises(CheckpointPlaceError, match="No space left"):
        study.optimize(trains, n_trials=40, catch=Exception)
    assert states(study) == {"COMPLETE": 3, "WAITING": 1}
    full.n = 0
    study.optimize(trains, n_trials=2)
    assert states(study) == {"COMPLETE": 5}


def test_a_checkpoint_that_cannot_be_read_now_is_not_taken_for_one_that_is_gone(
    tmp_path, monkeypatch
):
    store = Checkpoints(tmp_path / "ck")
    store.attempts.within_s = 0.0
    study = luthier.create_study(storage=tmp_path / "a.db", checkpoints=store)

    def is_interrupted(trial):
        trains(trial)
        raise KeyboardInterrupt

    study.optimize(is_interrupted, n_trials=1)
    read = type(store.place).read

    def fail(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(type(store.place), "read", fail)
    with pytest.raises(CheckpointPlaceError, match="Too many open files"):
        study.optimize(trains, n_trials=1, catch=Exception)
    monkeypatch.setattr(type(store.place), "read", read)

    def goes_on(trial):
        assert trial.step == 3
        return trains(trial)

    study.optimize(goes_on, n_trials=1)
    assert states(study) == {"COMPLETE": 1}


@pytest.mark.parametrize("rubbish", [object(), "no/such/file"], ids=["object", "path"])
def test_a_checkpoint_that_is_none_is_the_trials_own_mistake(tmp_path, rubbish):
    study = luthier.create_study(storage=tmp_path / "a.db")

    def objective(trial):
        trial.report(0.0, 1, checkpoint=rubbish)
        return 0.0

    study.optimize(objective, n_trials=2, catch=CheckpointError)
    assert states(study) == {"FAILED": 2}


def test_memory_that_others_took_for_a_while_costs_no_trial(tmp_path):
    study = luthier.create_study(storage=tmp_path / "a.db", sampler="random", seed=1)
    lacking = [MemoryError(), MemoryError()]

    def objective(trial):
        if lacking:
            raise lacking.pop()
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=3)
    assert states(study) == {"COMPLETE": 3}
    assert study.trials[0].retries == 2


def test_a_trial_that_always_lacks_memory_fails_with_that_error(tmp_path):
    study = luthier.create_study(
        storage=f"sqlite:///{tmp_path}/a.db?max_retries=1", catch_as="infeasible"
    )
    runs = []

    def objective(trial):
        runs.append(trial.number)
        raise MemoryError("cannot allocate 10 TB")

    study.optimize(objective, n_trials=2, catch=MemoryError)
    assert runs == [0, 0, 1, 1]
    assert states(study) == {"FAILED": 2}
    assert study.trials[0].error.startswith("MemoryError: cannot allocate 10 TB")


def test_the_command_line_ends_with_one_error_where_checkpoints_cannot_be_written(tmp_path):
    (tmp_path / "train.py").write_text(
        "import numpy as np\n"
        "def objective(trial):\n"
        "    x = trial.suggest_float('x', 0, 1)\n"
        "    if trial.number >= 3:\n"
        "        trial.report(x, 1, checkpoint={'w': np.full(1000, x)})\n"
        "    return x\n"
    )
    (tmp_path / "taken").write_text("a file where the folder should be")
    study = luthier.create_study(
        "train", tmp_path / "a.db", checkpoints=tmp_path / "taken" / "here"
    )
    command = [sys.executable, "-m", "luthier.cli", "run", "train.py:objective"]
    done = subprocess.run(
        [*command, "--storage=sqlite:///a.db", "--trials=30", "--checkpoints=taken/here"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("Error: cannot store 3-1-") == 1
    assert "Traceback" not in done.stderr
    assert states(study) == {"COMPLETE": 3, State.WAITING.name: 1}


@pytest.mark.parametrize("fails", ["to start", "to come up"])
def test_workers_that_cannot_be_had_end_the_run_and_cost_no_retry(tmp_path, monkeypatch, fails):
    def fail(*args, **options):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    study = luthier.create_study(storage=tmp_path / "a.db", sampler="random")
    if fails == "to start":
        monkeypatch.setattr(processes, "ChildProcess", fail)
    else:
        monkeypatch.setattr(child_process, "_CODE", "raise SystemExit(9)")
    for _ in range(4):  # more often than trials are retried
        with pytest.raises(NoWorkerError, match=r"no worker process can be (started|kept)"):
            study.optimize(passes_it_through, n_trials=4, n_jobs=2, catch=Exception)
    assert set(states(study)) == {"WAITING"}
    assert {row.retries for row in study.trials} == {0}
