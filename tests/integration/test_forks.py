"""Studies in processes that are forked: by multiprocessing, by an objective, beside threads."""

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

BEGIN = """
import multiprocessing, os, sys, threading, time, warnings
import luthier

def run_fork(work):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    return pid

def wait_for(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def objective(trial):
    return trial.suggest_float("x", 0, 1)

study = luthier.create_study("s", "sqlite:///s.db", seed=0, sampler="random")
"""


@pytest.fixture
def run(script):
    return lambda code: script(BEGIN + code).split("\n")[:-1]


def test_a_sibling_that_fails_gives_back_its_own_trials_only(run):
    out = run(
        """
def slow(trial):
    trial.suggest_float("x", 0, 1)
    barrier.wait()
    failed.wait()
    return 1.0

def bad(trial):
    trial.suggest_float("x", 0, 1)
    barrier.wait()
    raise ValueError

def work(i):
    try:
        study.optimize(bad if i == 0 else slow, n_trials=1)
    except ValueError:
        failed.set()

fork = multiprocessing.get_context("fork")
barrier, failed = fork.Barrier(3), fork.Event()
with fork.Pool(3) as pool:
    pool.map(work, range(3), chunksize=1)
print(sorted((t.state.name, t.token) for t in study.trials))
print(len({t.worker for t in study.trials}))
"""
    )
    assert out[1:] == ["[('COMPLETE', 1), ('COMPLETE', 1), ('FAILED', 1)]", "3"]


def test_a_child_holds_none_of_its_parents_trials_and_has_a_name_of_its_own(run):
    out = run(
        """
trial = study.ask()

def child():
    assert study.engine.held == {}
    study.optimize(objective, n_trials=1)
    study.ask()  # and never told
    assert wait_for(run_fork(grandchild)) == 0

def grandchild():
    assert study.engine.held == {}
    study.optimize(objective, n_trials=1)

assert wait_for(run_fork(child)) == 0
assert study.engine.held == {0: 1}
study.tell(trial, 0.5)
print([(t.state.name, t.token) for t in study.trials])
names = [t.worker for t in study.trials]
print(len(set(names)), names[1] == names[2])
"""
    )
    assert out == ["[('COMPLETE', 1), ('COMPLETE', 1), ('RUNNING', 1), ('COMPLETE', 1)]", "3 True"]


def test_a_child_may_tell_a_trial_that_its_parent_asked_for(run):
    out = run(
        """
trial = study.ask()
assert wait_for(run_fork(lambda: study.tell(trial, 0.5))) == 0
print([(t.state.name, t.value) for t in study.trials])
"""
    )
    assert out == ["[('COMPLETE', 0.5)]"]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("return 2.0", 0),
        ("raise ValueError", 1),
        ("sys.exit(3)", 3),
        ("sys.exit('bye')", 1),
        ("raise KeyboardInterrupt", 1),
        ("os._exit(4)", 4),
    ],
)
def test_a_child_that_leaves_the_objective_ends_there(run, n_jobs, end, status):
    out = run(
        f"""
def forks(trial):
    child = os.fork()
    if child == 0:
        {end}
    return wait_for(child)

study.optimize(forks, n_trials=2, n_jobs={n_jobs})
print([(t.state.name, t.value, t.token) for t in study.trials])
"""
    )
    assert out[-1] == str([("COMPLETE", float(status), 1)] * 2)


def test_forks_beside_a_thread_that_works_on_the_study(run):
    out = run(
        """
warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
study.optimize(objective, 1)  # a fork in the middle of an import is beyond Python
thread = threading.Thread(target=study.optimize, args=(objective, 40))
thread.start()
children = [run_fork(lambda: study.optimize(objective, n_trials=2)) for _ in range(5)]
print([wait_for(child) for child in children])
thread.join()
print(len(study.trials), {(t.state.name, t.token) for t in study.trials})
print(len({t.worker for t in study.trials}))
"""
    )
    assert out == ["[0, 0, 0, 0, 0]", "51 {('COMPLETE', 1)}", "6"]


def test_a_fork_in_the_middle_of_another_threads_change_is_told_to_open_the_study_again(run):
    out = run(
        """
from luthier.study import engine
warnings.simplefilter("ignore", DeprecationWarning)
engine._FORK_S = 0.05
inside, over = threading.Event(), threading.Event()

def work():
    with study.engine.reading():
        inside.set()
        over.wait()

def child():
    try:
        study.optimize(objective, n_trials=1)
    except luthier.errors.StudyError as e:
        print(e, flush=True)
    luthier.load_study("s", "sqlite:///s.db").optimize(objective, n_trials=1)

thread = threading.Thread(target=work)
thread.start()
inside.wait()
status = wait_for(run_fork(child))
over.set()
thread.join()
study.optimize(objective, n_trials=1)
print(status, len(study.trials))
"""
    )
    assert "forked while another thread worked on study 's'" in out[0]
    assert "open the study here with load_study" in out[0]
    assert out[1] == "0 2"


def test_a_study_in_memory_can_be_read_in_a_fork(run):
    out = run(
        """
study = luthier.create_study(seed=0, sampler="random")
study.optimize(objective, n_trials=3)
assert wait_for(run_fork(lambda: study.optimize(objective, n_trials=2))) == 0
print(len(study.trials))
"""
    )
    assert out == ["3"]
