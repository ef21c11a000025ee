"""Processes that train one trial together reach its study through the first one."""

import pickle

import pytest

import luthier
from luthier.errors import ReportError, StudyError
from luthier.integrations.ranks import optimize_together, share


def send(shared):
    """What arrives in another process."""
    return pickle.loads(pickle.dumps(shared)).trial


def run(objective, scheduler=None, **settings):
    study = luthier.create_study(scheduler=scheduler, seed=0)
    study.optimize(objective, n_trials=1, **settings)
    return study.trials[0]


def test_a_trial_that_was_sent_reports_to_its_study():
    def objective(trial):
        trial.suggest_float("x", 0, 1)
        with share(trial) as shared:
            there = send(shared)
            assert there.number == trial.number
            assert there.suggest_float("x", 0, 1) == trial.params["x"]
            assert there.rng.random() == trial.rng.random()
            there.report(1.5, 1, checkpoint={"w": 1})
            assert not there.should_stop()
            with pytest.raises(ReportError, match="expects two numbers"):
                there.report("low", 2)
        return shared.value

    row = run(objective)
    assert row.reports == ((1, 1.5),)
    assert row.value == 1.5
    assert row.state == luthier.State.COMPLETE
    assert row.checkpoints


def test_whatever_ends_the_processes_of_a_hopeless_trial_it_is_pruned():
    def objective(trial, error=None):
        with share(trial) as shared:
            there = send(shared)
            there.report(5, 1)
            assert there.should_stop()
            if error is not None:
                raise error
        return 0.5

    scheduler = luthier.schedulers.Threshold(upper=0)
    assert run(objective, scheduler).state == luthier.State.PRUNED
    row = run(lambda trial: objective(trial, RuntimeError("process 1 ended")), scheduler)
    assert row.state == luthier.State.PRUNED


def test_other_errors_pass():
    def objective(trial):
        with share(trial):
            raise RuntimeError("process 1 ended")

    with pytest.raises(RuntimeError, match="process 1 ended"):
        run(objective)


SCRIPT = """
import os, subprocess, sys
import luthier
from luthier.integrations.ranks import optimize_together

is_first = len(sys.argv) == 1
others = []


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    if is_first and not others:
        others.append(subprocess.Popen([sys.executable, *sys.argv, "second"]))
    with open("first" if is_first else "second", "a") as file:
        print(trial.number, x, trial.rng.random(), file=file)
    trial.report(x, 1)
    if trial.should_stop() or trial.number == 1:
        raise luthier.TrialPruned
    return x


for n in (3, 2):
    study = luthier.create_study(seed=n)
    optimize_together(study, objective, n_trials=n)
    print(len(study.trials), flush=True)
for other in others:
    assert other.wait() == 0
"""


def test_a_script_that_is_started_again_runs_the_same_trials(script, tmp_path):
    assert sorted(script(SCRIPT).split()) == ["0", "0", "2", "3"]
    first = (tmp_path / "first").read_text().splitlines()
    assert [line.split()[0] for line in first] == ["0", "1", "2", "0", "1"]
    assert (tmp_path / "second").read_text().splitlines() == first


def test_what_cannot_run_together_is_refused(monkeypatch):
    study = luthier.create_study()
    with pytest.raises(StudyError, match="leave out n_jobs"):
        optimize_together(study, lambda trial: 0.0, n_trials=1, n_jobs=2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(StudyError, match="something else has started"):
        optimize_together(study, lambda trial: 0.0, n_trials=1)
