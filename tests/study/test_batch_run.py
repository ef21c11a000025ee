"""A batch in its study: transactions, leases, and what a kill leaves."""

import collections
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import luthier
from luthier.errors import StorageFullError
from luthier.schedulers import Median
from luthier.storages import SQLite

SPACE = luthier.Space({"x": luthier.Float(0.0, 1.0)})


class Counted(SQLite):
    """Counts its transactions that write, by verb."""

    def __init__(self, path):
        super().__init__(path)
        self.verbs = collections.Counter()

    def __getattribute__(self, name):
        if name in ("add_trials", "report", "report_all", "finish", "finish_all", "changes"):
            object.__getattribute__(self, "verbs")[name] += 1
        return super().__getattribute__(name)


def test_a_batch_costs_few_transactions(tmp_path):
    storage = Counted(tmp_path / "a.db")
    study = luthier.create_study(
        space=SPACE, storage=storage, sampler="random", seed=0, scheduler=Median()
    )
    storage.verbs.clear()

    def objective(trials):
        for step in (1, 2, 3):
            trials.report(trials.params["x"], step)
            trials.should_stop()
        return trials.params["x"]

    study.optimize(objective, n_trials=32, batch=32)
    reads = storage.verbs.pop("changes")
    assert storage.verbs == {"add_trials": 1, "report_all": 3, "finish_all": 1}
    assert reads < 20
    assert [len(row.reports) for row in study.trials] == [3] * 32


def test_a_row_that_another_worker_has_got_is_left_out(tmp_path, caplog):
    storage = SQLite(tmp_path / "a.db")
    study = luthier.create_study(space=SPACE, storage=storage, name="a", sampler="random", seed=0)

    def objective(trials):
        storage.release(study.engine.id, 1, 1, False)
        row, _ = storage.claim(study.engine.id, 1, "another")
        assert row is not None
        trials.report(trials.params["x"], 1)
        assert trials.running.tolist() == [True, False, True]
        return trials.params["x"]

    study.optimize(objective, n_trials=3, batch=3)
    assert [row.state.name for row in study.trials] == ["COMPLETE", "RUNNING", "COMPLETE"]
    assert [len(row.reports) for row in study.trials] == [1, 0, 1]
    assert "trial 1 is over or was given to another worker" in caplog.text

    def late(trials):
        storage.release(study.engine.id, 4, 1, False)
        assert storage.claim(study.engine.id, 4, "another")[0] is not None
        return trials.params["x"]

    study.optimize(late, n_trials=2, batch=2)
    assert [row.state.name for row in study.trials[3:]] == ["COMPLETE", "RUNNING"]


def test_rows_are_offered_again_where_a_full_disk_ends_the_batch(tmp_path, monkeypatch):
    storage = SQLite(tmp_path / "a.db")
    study = luthier.create_study(space=SPACE, storage=storage, sampler="random", seed=0)
    report_all = SQLite.report_all

    def refuse(self, *args):
        raise StorageFullError("no space left")

    def objective(trials):
        trials.report(trials.params["x"], 1)
        return trials.params["x"]

    monkeypatch.setattr(SQLite, "report_all", refuse)
    with pytest.raises(StorageFullError):
        study.optimize(objective, n_trials=3, batch=3)
    assert [row.state.name for row in study.trials] == ["WAITING"] * 3
    monkeypatch.setattr(SQLite, "report_all", report_all)
    study.optimize(objective, total=3, batch=3)
    assert [row.state.name for row in study.trials] == ["COMPLETE"] * 3
    assert [len(row.reports) for row in study.trials] == [1] * 3


_KILLED = """
import sys, time
import numpy as np
import luthier

study = luthier.load_study("a", sys.argv[1])

def objective(trials):
    weights = np.zeros(len(trials))
    for step in (1, 2):
        weights += trials.params["x"]
        trials.report(weights, step, checkpoint={"w": weights})
    trials.finish(weights, np.arange(len(trials)) < 3)
    print("ready", flush=True)
    time.sleep(600)

study.optimize(objective, n_trials=8, batch=8)
"""


def test_a_kill_loses_only_what_ran_and_rows_go_on_from_their_checkpoints(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db?lease_s=1"
    study = luthier.create_study(name="a", space=SPACE, storage=url, sampler="random", seed=0)
    worker = subprocess.Popen([sys.executable, "-c", _KILLED, url], stdout=subprocess.PIPE)
    assert worker.stdout.readline().strip() == b"ready"
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert collections.Counter(row.state.name for row in study.trials) == {
        "COMPLETE": 3,
        "RUNNING": 5,
    }
    begun = []

    def objective(trials):
        begun.append(trials.step.tolist())
        weights = trials.restore({"w": np.zeros(len(trials))})["w"]
        return weights + trials.params["x"]

    while study.engine.find_expired(range(3, 8)) != list(range(3, 8)):
        time.sleep(0.1)
    study.optimize(objective, total=8, batch=8)
    assert begun == [[2.0] * 5]
    for row in study.trials:
        factor = 2 if row.number < 3 else 3
        assert row.values == pytest.approx((factor * row.params["x"],))
