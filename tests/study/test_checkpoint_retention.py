"""Which checkpoints stay: those of the best trials, whatever the order in which trials end."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import luthier
from luthier.checkpoints import Checkpoints
from luthier.errors import NoFeasibleTrialsError, StorageError

SPACE = {"x": luthier.Float(0, 1)}


def create(tmp_path, **settings):
    return luthier.create_study(
        "s", f"sqlite:///{tmp_path}/a.db", space=SPACE, sampler="random", seed=0, **settings
    )


def begin(study, n):
    """Trials that run, each with a checkpoint that holds its number."""
    trials = [study.ask() for _ in range(n)]
    for trial in trials:
        trial.report(0.5, 1, checkpoint=content(trial.number))
    return trials


def content(number):
    return {"number": number, "w": np.full(500, float(number))}


def kept(study):
    """Numbers of the trials whose checkpoints are on the disk."""
    return sorted(int(name.partition("-")[0]) for name in study.engine.checkpoints.files())


def two_hours_pass(study):
    for name in study.engine.checkpoints.files():
        os.utime(Path(study.engine.checkpoints.url, name), (time.time() - 7200,) * 2)


def sweep(study):
    two_hours_pass(study)
    study.engine.begin_run()


# -- one objective ------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("n_infeasible", [1, 3])
def test_an_infeasible_trial_never_takes_the_place_of_the_best(tmp_path, direction, n_infeasible):
    sign = -1 if direction == "maximize" else 1
    study = create(tmp_path, direction=direction)
    trials = begin(study, 2 + n_infeasible)
    study.tell(trials[0], sign * 0.5)
    study.tell(trials[1], sign * 0.4)
    for trial in trials[2:]:
        trial.set_constraint("memory", 1.0)
        study.tell(trial, sign * 0.1)
    assert study.best_trial.number == 1
    assert study.load_checkpoint(study.best_trial)["number"] == 1
    assert kept(study) == [1]
    sweep(study)
    assert kept(study) == [1]


def test_the_least_infeasible_keeps_its_checkpoint_until_a_feasible_trial_is_there(tmp_path):
    study = create(tmp_path)
    trials = begin(study, 4)
    for trial, over in zip(trials[:3], (0.5, 0.25, 2.0), strict=True):
        trial.set_constraint("memory", over)
        study.tell(trial, 0.1)
    assert kept(study) == [1, 3]
    with pytest.raises(NoFeasibleTrialsError):
        _ = study.best_trial
    study.tell(trials[3], 0.9)
    assert kept(study) == [3]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_of_equals_the_earliest_keeps_its_checkpoint_whatever_the_order(tmp_path, order):
    study = create(tmp_path, direction="maximize")
    trials = begin(study, 3)
    for i in order:
        study.tell(trials[i], 0.9)
    assert study.best_trial.number == 0
    assert study.load_checkpoint(study.best_trial)["number"] == 0
    sweep(study)
    assert kept(study) == [0]


def test_an_equally_good_trial_keeps_the_only_checkpoint(tmp_path):
    study = create(tmp_path)
    first = study.ask()
    second, third = begin(study, 2)
    for trial, value in ((second, 0.1), (first, 0.1), (third, 0.5)):  # the first has none
        study.tell(trial, value)
    assert study.best_trial.number == 0
    sweep(study)
    assert kept(study) == [1]


@pytest.mark.parametrize("how", ["pruned", "confirms", "failed"])
def test_a_trial_that_cannot_be_the_best_takes_no_place(tmp_path, how):
    study = create(tmp_path)
    trials = begin(study, 2)
    study.tell(trials[0], 0.5)
    if how == "confirms":
        trials[1]._tags["confirms"] = 0  # as `confirm` does
        study.tell(trials[1], 0.1)
    else:
        study.tell(trials[1], None if how == "failed" else 0.1, state=how)
    sweep(study)
    assert study.load_checkpoint(study.best_trial)["number"] == 0


def test_a_worker_knows_what_the_others_did_better(tmp_path):
    study = create(tmp_path)
    other = luthier.load_study("s", f"sqlite:///{tmp_path}/a.db")
    mine, theirs = begin(study, 2), begin(other, 2)
    other.tell(theirs[0], 0.1)
    study.tell(mine[0], 0.1)  # equal and earlier
    other.tell(theirs[1], 0.05)
    study.tell(mine[1], 0.5)
    assert study.best_trial.number == theirs[1].number
    for each in (study, other):
        assert each.load_checkpoint(each.best_trial)["number"] == theirs[1].number
        sweep(each)
        assert kept(each) == [theirs[1].number]


# -- several objectives -------------------------------------------------------------------------


def test_with_several_objectives_the_front_keeps_its_checkpoints(tmp_path):
    study = create(tmp_path, objectives=["minimize", "maximize"])
    trials = [study.ask() for _ in range(6)]
    for trial in trials:
        trial.report((0.5, 0.5), 1, checkpoint=content(trial.number))
    trials[5].set_constraint("memory", 1.0)
    values = [(2.0, 1.0), (1.0, 1.0), (3.0, 9.0), (1.0, 1.0), (4.0, 9.0), (0.0, 99.0)]
    for i in (5, 4, 2, 3, 1, 0):
        study.tell(trials[i], values[i])
    assert [t.number for t in study.best_trials] == [1, 2, 3]
    assert kept(study) == [1, 2, 3]
    sweep(study)
    for trial in study.best_trials:
        assert study.load_checkpoint(trial)["number"] == trial.number


# -- every order of every end -------------------------------------------------------------------

ENDS = st.sampled_from(["better", "equal", "worse", "infeasible", "pruned", "failed", "confirms"])
VALUES = {"better": 0.1, "equal": 0.5, "worse": 0.9, "infeasible": 0.0, "confirms": 0.0}


@settings(max_examples=40, deadline=None)
@given(ends=st.lists(ENDS, min_size=1, max_size=7), data=st.data())
def test_the_best_trial_has_its_checkpoint_at_every_moment(tmp_path_factory, ends, data):
    folder = tmp_path_factory.mktemp("studies")
    order = data.draw(st.permutations(range(len(ends))))
    direction = data.draw(st.sampled_from(["minimize", "maximize"]))
    sign = -1 if direction == "maximize" else 1
    workers = [create(folder, direction=direction)]
    workers.append(luthier.load_study("s", f"sqlite:///{folder}/a.db"))
    trials = [begin(workers[i % 2], 1)[0] for i in range(len(ends))]
    for i in order:
        worker, how = workers[i % 2], ends[i]
        if how == "infeasible":
            trials[i].set_constraint("c", 1.0 + i)
        if how == "confirms":
            trials[i]._tags["confirms"] = 0
        if how in VALUES:
            worker.tell(trials[i], sign * VALUES[how])
        else:
            worker.tell(trials[i], 0.0 if how == "pruned" else None, state=how)
        if data.draw(st.booleans()):
            sweep(data.draw(st.sampled_from(workers)))
        for each in workers:
            with each.engine.reading() as history:
                best = history.best()
            assert best is None or each.load_checkpoint(best)["number"] == best
    sweep(workers[0])
    complete = {t.number for t in workers[0].trials if t.state == luthier.State.COMPLETE}
    assert len(complete & set(kept(workers[0]))) <= 1


# -- loss of power ------------------------------------------------------------------------------

DIES = """
    import os, shutil, sys
    import numpy as np
    import luthier

    def objective(trial):
        for step in range(1, 20):
            trial.report(0.5, step, checkpoint={"w": np.full(500, float(step))})
            if step == int(sys.argv[1]):
                for end in ("", "-wal"):
                    shutil.copy("a.db" + end, "old.db" + end)
            if step == 8:
                os.kill(os.getpid(), 9)

    study = luthier.create_study("s", "sqlite:///a.db?lease_s=0.2", sampler="random", seed=1)
    study.optimize(objective, n_trials=1, progress=False)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("step", [3, 5])
@pytest.mark.parametrize("damaged", [False, True])
def test_rows_that_are_older_than_the_files_go_on_from_the_newest(
    script, tmp_path, monkeypatch, caplog, step, damaged
):
    monkeypatch.chdir(tmp_path)
    script.start(DIES, str(step)).wait()
    for end in ("", "-wal"):
        os.replace(f"old.db{end}", f"a.db{end}")
    Path("a.db-shm").unlink(missing_ok=True)
    study = luthier.load_study("s", "sqlite:///a.db?lease_s=0.2", sampler="random")
    two_hours_pass(study)
    if damaged:
        [newest] = Path(study.engine.checkpoints.url).glob("0-8-*")
        newest.write_bytes(newest.read_bytes()[:-100])
    time.sleep(0.3)
    study.engine.begin_run()
    trial = study.ask()
    assert trial.number == 0
    expected = 7 if damaged else 8
    assert (trial.step, trial.checkpoint["w"][0]) == (expected, expected)
    assert "by the newest of its files" in caplog.text


class Order:
    """What a storage and a place of checkpoints were asked for, in order."""

    def __init__(self, study, monkeypatch):
        self.calls = []
        storage, store = study.storage, study.engine.checkpoints
        for of, verb in ((storage, "report"), (storage, "finish"), (storage, "persist")):
            self.watch(monkeypatch, of, verb)
        self.watch(monkeypatch, store, "delete")

    def watch(self, monkeypatch, of, verb):
        done = getattr(of, verb)

        def watched(*args, **keywords):
            self.calls.append(verb)
            return done(*args, **keywords)

        monkeypatch.setattr(of, verb, watched)


def test_files_are_deleted_only_after_the_rows_are_on_the_disk(tmp_path, monkeypatch):
    study = create(tmp_path)
    order = Order(study, monkeypatch)
    trial, better = begin(study, 2)
    for step in (2, 3):
        trial.report(0.5, step, checkpoint=content(0))
    study.tell(trial, 0.5)
    study.tell(better, 0.1)
    assert "delete" in order.calls
    for i, verb in enumerate(order.calls):
        if verb == "delete":
            assert order.calls[i - 1] == "persist"
            assert order.calls[i - 2] in ("report", "finish")


def test_where_rows_get_to_the_disk_later_files_are_deleted_later(tmp_path, monkeypatch):
    study = create(tmp_path)
    monkeypatch.setattr(study.storage, "durable_after_s", 60.0)
    now = time.monotonic()
    [trial] = begin(study, 1)
    for step in (2, 3, 4):
        trial.report(0.5, step, checkpoint=content(0))
    assert len(kept(study)) == 4
    monkeypatch.setattr(time, "monotonic", lambda: now + 61.0)
    trial.report(0.5, 5, checkpoint=content(0))
    assert len(kept(study)) == 3


def test_what_cannot_be_made_durable_is_not_deleted(tmp_path, monkeypatch, caplog):
    study = create(tmp_path)

    def fail():
        raise StorageError("the disk is away")

    monkeypatch.setattr(study.storage, "persist", fail)
    [trial] = begin(study, 1)
    for step in (2, 3):
        trial.report(0.5, step, checkpoint=content(0))
    assert len(kept(study)) == 3
    assert "the disk is away" in caplog.text


def test_a_study_that_kept_all_and_then_the_best_deletes_the_others(tmp_path):
    place = Checkpoints(tmp_path / "c", keep="all")
    study = create(tmp_path, checkpoints=place)
    for trial, value in zip(begin(study, 3), (0.5, 0.1, 0.3), strict=True):
        study.tell(trial, value)
    assert kept(study) == [0, 1, 2]
    again = luthier.load_study(
        "s", f"sqlite:///{tmp_path}/a.db", checkpoints=Checkpoints(tmp_path / "c")
    )
    sweep(again)
    assert kept(again) == [1]
