"""Leases of a process whose objective holds the interpreter, and of one that is stopped or dead."""

import os
import signal
import sys
import time
import tracemalloc

import psutil
import pytest

import luthier
from luthier.errors import LeaseLostError
from luthier.storages import InMemory, SQLite
from luthier.storages.base import worker_name
from luthier.study.leases import Leases
from luthier.trial.record import State

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has the thread alone")

LEASE_S = 3.0
WORKER = """
    import ctypes, sys, time
    import luthier

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        open("begun", "w").close()
        if sys.argv[1] == "holds":  # the interpreter, as many a call into C does
            ctypes.PyDLL(None).sleep(int(sys.argv[2]))
        else:
            time.sleep(int(sys.argv[2]))
        return x

    study = luthier.create_study("s", "sqlite:///a.db?lease_s=3", sampler="random", seed=0)
    study.optimize(objective, n_trials=1, progress=False)
"""


@pytest.fixture
def storage(tmp_path):
    return SQLite(tmp_path / "a.db", LEASE_S)


def lease_processes(of):
    """The processes that prolong leases of a process's trials."""
    found = []
    for p in psutil.process_iter():
        try:
            if str(of) in p.cmdline() and any("lease_process_main" in word for word in p.cmdline()):
                found.append(p)
        except psutil.Error:
            continue
    return found


def claim(storage):
    return storage.claim(1, 0, worker_name())[0]


@pytest.mark.slow
def test_an_objective_that_keeps_the_interpreter_keeps_its_lease(
    script, storage, tmp_path, eventually
):
    process = script.start(WORKER, "holds", 10)
    assert eventually((tmp_path / "begun").exists)
    while process.poll() is None:
        assert claim(storage) is None or process.poll() is not None
        time.sleep(0.1)
    out, _ = process.communicate()
    assert process.returncode == 0, out
    [row] = storage.rows(1)
    assert (row.state, row.token, row.retries) == (State.COMPLETE, 1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["waits", "holds"])
def test_a_process_that_is_stopped_loses_its_lease(script, storage, tmp_path, eventually, how):
    process = script.start(WORKER, how, 60)
    assert eventually((tmp_path / "begun").exists)
    assert eventually(lambda: lease_processes(process.pid))
    os.kill(process.pid, signal.SIGSTOP)
    assert eventually(lambda: claim(storage))
    os.kill(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_process_that_is_killed_takes_the_one_that_prolongs_with_it(
    script, storage, tmp_path, eventually
):
    process = script.start(WORKER, "holds", 60)
    assert eventually((tmp_path / "begun").exists)
    assert eventually(lambda: lease_processes(process.pid))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert script.all_end()
    assert eventually(lambda: claim(storage))


@pytest.mark.slow
def test_a_process_that_goes_on_in_time_keeps_its_trial(script, storage, tmp_path, eventually):
    process = script.start(WORKER, "waits", 8)
    assert eventually((tmp_path / "begun").exists)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(2 * LEASE_S)
    os.kill(process.pid, signal.SIGCONT)
    out, _ = process.communicate()
    assert process.returncode == 0, out
    [row] = storage.rows(1)
    assert (row.state, row.token, row.retries) == (State.COMPLETE, 1, 0)


def test_one_process_serves_all_studies_and_ends_with_this_one(script, tmp_path):
    out = script(
        """
        import os, psutil, luthier

        def children():
            found = psutil.Process().children()
            return [p for p in found if "lease_process" in "".join(p.cmdline())]

        memory = luthier.create_study()
        memory.optimize(lambda trial: 0.0, n_trials=2)
        assert not children()
        for i in range(3):
            study = luthier.create_study(f"s{i}", "a.db")
            study.optimize(lambda trial: 0.0, n_trials=2)
        [child] = children()
        print(child.pid)

        if os.fork() == 0:
            study = luthier.load_study("s0", "a.db")
            study.optimize(lambda trial: 0.0, n_trials=1)
            [own] = children()
            assert own != child
            os._exit(0)
        assert os.wait()[1] == 0
        assert child.is_running()
        """
    )
    assert not psutil.pid_exists(int(out))
    assert script.all_end()


@pytest.mark.parametrize("make", [lambda path: InMemory(), lambda path: SQLite(path / "a.db")])
def test_trials_that_are_over_leave_nothing_behind(make, tmp_path):
    leases = Leases(make(tmp_path), 1, {})

    def hold_and_drop():
        for number in range(1000, 3000):
            leases.hold({number: 1})
            leases.drop(number)

    hold_and_drop()
    tracemalloc.start()
    try:
        hold_and_drop()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2000  # bytes: one for each trial


def test_a_study_that_is_forgotten_keeps_no_lease(tmp_path, eventually):
    storage = SQLite(tmp_path / "a.db", lease_s=0.5)
    luthier.create_study("s", storage, sampler="random").ask()
    assert eventually(lambda: claim(SQLite(tmp_path / "a.db", lease_s=0.5)))


def test_a_late_result_is_taken_while_nobody_else_has_the_trial(tmp_path):
    storage = SQLite(tmp_path / "a.db", lease_s=1e-3)
    study = luthier.create_study("s", storage, sampler="random")
    study.engine.storage.extend = lambda *_: None  # as if this process had been stopped
    trial = study.ask()
    time.sleep(0.01)
    assert study.tell(trial, 0.5).state == State.COMPLETE

    trial = study.ask()
    time.sleep(0.01)
    assert claim_by_other(tmp_path, trial.number)
    with pytest.raises(LeaseLostError):
        study.tell(trial, 0.5)


def test_a_trial_that_failed_for_silence_is_complete_when_its_worker_comes_back(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db?lease_s=0.001&max_retries=0"
    study = luthier.create_study("s", url, sampler="random", catch_as="infeasible")
    study.engine.storage.extend = lambda *_: None  # as if this process had been stopped
    trial = study.ask()
    time.sleep(0.01)
    other = luthier.load_study("s", f"sqlite:///{tmp_path}/a.db?max_retries=0")
    other.optimize(lambda trial: 1.0, n_trials=1)
    assert [row.state.name for row in other.trials] == ["FAILED", "COMPLETE"]
    study.tell(trial, 0.5)
    assert other.best_value == 0.5
    assert other.best_trial.constraints == {}
    assert other.best_trial.error is None


def claim_by_other(tmp_path, number):
    return SQLite(tmp_path / "a.db").claim(1, number, worker_name())[0]
