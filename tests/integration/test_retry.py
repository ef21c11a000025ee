"""Failed trials are offered again, from where they had come to."""

import threading
import time

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

import luthier
from luthier.checkpoints import Checkpoints
from luthier.cli import cli
from luthier.errors import TrialError
from luthier.trial.record import State

SPACE = {"x": luthier.Float(0, 1)}


@pytest.fixture(params=["memory", "sqlite"])
def url(request, tmp_path):
    return None if request.param == "memory" else f"sqlite:///{tmp_path}/a.db"


class Disk:
    """Trains ten epochs with a checkpoint each; after six of them the disk may be full."""

    def __init__(self):
        self.is_full = True
        self.begun = []

    def __call__(self, trial):
        self.begun.append((trial.number, trial.step, trial.params.get("x")))
        trial.set_cost(1.0)
        total = 0.0 if trial.checkpoint is None else trial.checkpoint["total"]
        for epoch in range(int(trial.step) + 1, 11):
            if epoch == 7 and self.is_full:
                raise OSError(28, "No space left on device")
            total += 1.0
            trial.report(1 / epoch, epoch, checkpoint={"total": total, "w": np.zeros(500)})
        return total


def failed(url, n=1, **settings):
    disk = Disk()
    study = luthier.create_study("s", url, space=SPACE, sampler="random", seed=0, **settings)
    study.optimize(disk, n_trials=n, catch=OSError, progress=False)
    assert {t.state for t in study.trials} == {State.FAILED}
    return study, disk


def test_a_failed_trial_goes_on_from_its_last_checkpoint(url):
    study, disk = failed(url)
    [before] = study.trials
    assert study.load_checkpoint(0)["total"] == 6.0
    [waiting] = study.retry(before)
    assert (waiting.state, waiting.error, waiting.params) == (State.WAITING, None, before.params)
    disk.is_full = False
    study.optimize(disk, n_trials=1, progress=False)
    x = before.params["x"]
    assert disk.begun == [(0, 0, x), (0, 6, x)]
    [after] = study.trials
    assert (after.state, after.value, after.cost) == (State.COMPLETE, 10.0, 2.0)
    assert [step for step, _ in after.reports] == list(range(1, 11))
    [error] = after.tags["earlier_errors"]
    assert error == before.error
    assert study.best_trial.number == 0
    assert study.load_checkpoint(study.best_trial)["total"] == 10.0


def test_a_trial_may_fail_again_and_be_retried_again(url):
    study, disk = failed(url)
    for _ in range(2):
        study.retry(0)
        study.optimize(disk, n_trials=1, catch=OSError, progress=False)
    [row] = study.trials
    assert row.state == State.FAILED
    assert [step for _, step, _ in disk.begun] == [0, 6, 6]
    assert len(row.tags["earlier_errors"]) == 2
    assert study.load_checkpoint(0)["total"] == 6.0
    if url is not None:
        assert len(study.engine.checkpoints.files()) == 1


def test_several_are_retried_before_anything_new_is_begun(url):
    study, disk = failed(url, n=3)
    study.retry([0, study.trials[2]])
    disk.is_full = False
    study.optimize(disk, n_trials=3, progress=False)
    assert [number for number, _, _ in disk.begun[3:]] == [0, 2, 3]
    assert [t.state for t in study.trials] == [
        State.COMPLETE,
        State.FAILED,
        State.COMPLETE,
        State.COMPLETE,
    ]


def test_without_a_checkpoint_it_begins_afresh(url):
    study = luthier.create_study("s", url, space=SPACE, seed=0)
    trial = study.ask()
    study.tell(trial, state="failed")
    study.retry(0)
    again = study.ask()
    assert (again.number, again.step, again.params) == (0, 0, trial.params)
    study.tell(again, 0.5)
    assert study.best_trial.tags == {"earlier_errors": ["told as failed"]}


def test_a_define_by_run_trial_that_failed_halfway_keeps_what_it_had(url):
    seen = []

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        seen.append(x)
        if len(seen) == 3:
            raise ValueError
        return x + trial.suggest_float("y", 0, 1)

    study = luthier.create_study("s", url, seed=0)
    study.optimize(objective, n_trials=4, catch=ValueError, progress=False)
    study.retry(2)
    study.optimize(objective, n_trials=1, progress=False)
    assert seen[4] == seen[2]
    assert study.trials[2].state == State.COMPLETE
    assert set(study.trials[2].params) == {"x", "y"}


@pytest.mark.parametrize("state", ["running", "waiting", "paused", "complete", "pruned"])
def test_others_than_failed_ones_are_refused(url, state):
    study = luthier.create_study("s", url, space=SPACE, seed=0)
    if state in ("complete", "pruned"):
        study.tell(study.ask(), 0.5, state=state)
    elif state == "waiting":
        study.enqueue({"x": 0.5})
    else:
        trial = study.ask()
    if state == "paused":
        row = replace(study.trials[0], state=State.PAUSED)
        study.storage.finish(study.engine.id, row)
        study.engine.refresh()
    with pytest.raises(TrialError, match=f"trial 0 is {state}; only a failed trial"):
        study.retry(0)
    if state == "running":
        study.tell(trial, 0.5)


@pytest.mark.parametrize("trial", [7, -1, "0", 0.5, None, [0.5]])
def test_what_is_no_trial_is_refused(url, trial):
    study, _ = failed(url)
    with pytest.raises(TrialError, match=r"no trial|expected a trial"):
        study.retry(trial)
    assert study.trials[0].state == State.FAILED


def test_of_many_who_retry_a_trial_one_does_and_one_runs_it(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    _, disk = failed(url)
    disk.is_full = False
    studies = [luthier.load_study("s", url, sampler="random") for _ in range(4)]
    barrier = threading.Barrier(len(studies))
    refused = []

    def work(study):
        barrier.wait()
        try:
            study.retry(0)
        except TrialError as e:
            refused.append(str(e))
        study.optimize(disk, n_trials=1, progress=False)

    threads = [threading.Thread(target=work, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert [step for number, step, _ in disk.begun if number == 0] == [0, 6]
    row = studies[0].trials[0]
    assert (row.state, row.token, len(row.tags["earlier_errors"])) == (State.COMPLETE, 2, 1)


def test_a_trial_whose_worker_died_too_often_can_be_retried(tmp_path, eventually):
    url = f"sqlite:///{tmp_path}/a.db?lease_s=0.2&max_retries=0"
    study = luthier.create_study("s", url, space=SPACE, seed=0)
    trial = study.ask()
    trial.report(0.5, 3, checkpoint={"w": np.ones(500)})
    study.engine.forget(trial.number)  # nobody prolongs its lease any more
    time.sleep(0.3)
    other = luthier.load_study("s", url)
    assert other.ask().number == 1
    assert eventually(lambda: other.trials[0].state == State.FAILED)
    other.retry(0)
    again = other.ask()
    assert (again.number, again.step) == (0, 3)
    assert "WorkerDiedError" in again.tags["earlier_errors"][0]


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_checkpoint_of_a_failed_trial_is_kept_for_a_week_or_as_long_as_all(
    tmp_path, monkeypatch, keep
):
    place = Checkpoints(tmp_path / "c", keep=keep)
    study, _ = failed(f"sqlite:///{tmp_path}/a.db", checkpoints=place)
    now = time.time()
    for days, is_kept in ((6, True), (8, keep == "last")):
        monkeypatch.setattr(time, "time", lambda days=days: now + days * 24 * 3600)
        study.engine.begin_run()
        assert bool(study.engine.checkpoints.files()) == is_kept


def test_the_command_offers_some_or_all_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, disk = failed("sqlite:///luthier.db", n=3)

    def call(*args, status=0):
        done = CliRunner().invoke(cli, ["retry", *args], prog_name="luthier")
        assert done.exit_code == status, done.output
        return done.output

    assert call("s", "1") == "trial 1 waits, to go on from step 6\n"
    assert "only a failed trial can be retried" in call("s", "1", status=1)
    assert "the study has no trial 9" in call("s", "9", status=1)
    assert "or --all" in call("s", status=2)
    assert "or --all" in call("s", "0", "--all", status=2)
    assert call("s", "--all").count("waits") == 2
    disk.is_full = False
    study.optimize(disk, n_trials=3, progress=False)
    assert {t.state for t in study.trials} == {State.COMPLETE}
