"""Studies are copied whole, between any two storages, or not at all."""

import itertools
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from tests.support.servers import parameters, shared

import luthier
from luthier import State, TrialRow
from luthier.cli import cli
from luthier.errors import LuthierError, StorageError, StudyError, StudyExistsError
from luthier.schedulers import ASHA
from luthier.storages import SQLite, from_url
from luthier.study.copy import copy
from luthier.trial.record import Turn

NAME = "tür <1> 'x'; --\n\x1b[31m%s\u202e😀"
REST = {"number": 0, "token": 0, "lease_s": 0.0}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*args, status=0):
    result = CliRunner().invoke(cli, [*map(str, args)], prog_name="luthier")
    assert result.exit_code == status, (result.output, result.exception)
    return result


def objective(trial):
    """Trains in steps, with checkpoints; some trials fail, some are stopped early or paused."""
    x = trial.suggest_float("x", -1, 1)
    kind = trial.suggest_categorical("k'\n", ["a", 2, None, True])
    trial.set_tag("märk\x00", {"deep": [1, "\x1b[0m", None]})
    trial.set_cost(0.1)
    trial.set_constraint("märk\x00", math.inf if trial.number == 5 else x)
    start = 0 if trial.checkpoint is None else int(trial.checkpoint["step"])
    for step in range(start, 9):
        if trial.number == 3:
            raise ValueError("odd \x1b[31m luck")
        trial.report(
            x * x + 1 / (step + 1), step + 1, checkpoint={"w": np.full(600, x), "step": step + 1}
        )
        if trial.should_prune():
            raise luthier.TrialPruned
    return x * x if kind != "a" else math.inf


def real(url, checkpoints=None):
    """A study with trials in every state."""
    study = luthier.create_study(
        NAME,
        url,
        sampler="random",
        scheduler=ASHA(min_resource=1, max_resource=9),
        seed=3,
        checkpoints=checkpoints,
    )
    study.optimize(objective, n_trials=30, catch=ValueError)
    study.optimize(lambda trial: 1.0, n_trials=1, stop=())
    study.enqueue({"x": 0.25}, {"mine": 1})
    held = study.ask()
    held.suggest_float("x", -1, 1)
    held.report(0.5, 1)
    storage = study.storage
    storage.add_trials(
        study.engine.id,
        [TrialRow(number=-1, state=State.PRUNED, values=(math.nan,), params={"t": (1, (2,))})],
    )
    number, _ = storage.add_trials(
        study.engine.id, [TrialRow(number=-1, state=State.PAUSED, values=(1.0,), params={"x": 0.1})]
    )
    row, _ = storage.claim(study.engine.id, number, "w", turn=Turn(1.0, {"x": 0.2}, 0), token=0)
    storage.release(study.engine.id, number, row.token, True)
    return study


def rows(url, name=NAME):
    """Trials but for tokens and leases, as text, since NaN equals nothing."""
    place = from_url(url)
    found = place.rows(place.study(name).id)
    place.close()
    return [
        repr([msgspec.structs.astuple(msgspec.structs.replace(r, token=0, lease_s=0.0))])
        for r in found
    ]


@pytest.mark.parametrize(
    "servers", parameters(("postgresql",), ("postgresql", "mysql")), ids="-".join
)
def test_from_each_to_the_next_and_back_everything_is_the_same(servers, folder):
    first = real("a.db")
    states = {t.state for t in first.trials}
    assert states >= {
        State.WAITING,
        State.RUNNING,
        State.PRUNED,
        State.FAILED,
        State.COMPLETE,
        State.PAUSED,
    }
    aims = {"ü\n": "minimize", "b": "maximize"}
    luthier.create_study("two", "a.db", objectives=aims, space={"x": luthier.Float(0, 1)})
    two = luthier.load_study("two", "a.db")
    two.optimize(lambda t: (t.params["x"], 1.0), n_trials=5)
    t = two.ask()
    t.report([1.0, -math.inf], 0.5)
    two.tell(t, None, "pruned")
    first.storage.close()
    between = [f"{shared(kind).fresh()}?checkpoints={folder / kind}" for kind in servers]
    urls = ["sqlite:///a.db", *between, "sqlite:///b.db"]
    for source, target in itertools.pairwise(urls):
        done = call("storage", "copy", source, target)
        assert done.stdout.count("on both sides") == 2
        assert ("1 trial ran" in done.stderr) == (source == urls[0])
    for name in (NAME, "two"):
        before, after = rows("a.db", name), rows("b.db", name)
        changed = [b.replace("State.RUNNING: 1", "State.WAITING: 0") for b in before]
        assert after == changed
    assert luthier.load_study("two", "b.db").objectives == tuple(aims)
    old = luthier.load_study(NAME, "a.db")
    new = luthier.load_study(NAME, "b.db", scheduler=ASHA(1, 9))
    assert old.engine.spec == new.engine.spec
    assert new.trials[5].constraints == {"märk\x00": math.inf}
    assert new.best_trial.number == old.best_trial.number
    some = [
        t for t in new.trials if t.checkpoints and (not t.state.finished or t == new.best_trial)
    ]
    assert len(some) >= 3
    for t in some:
        there, here = old.load_checkpoint(t.number), new.load_checkpoint(t.number)
        assert there["step"] == here["step"]
        np.testing.assert_array_equal(there["w"], here["w"])
    n = len(new.trials)
    new.optimize(objective, n_trials=6, catch=ValueError)
    assert not {State.WAITING, State.RUNNING} & {t.state for t in new.trials}
    assert len(new.trials) > n


def test_redis_too(folder):
    real("a.db").storage.close()
    url = f"{shared('redis').fresh()}?checkpoints={folder / 'redis'}"
    call("storage", "copy", "a.db", url)
    call("storage", "copy", url, "b.db")
    assert rows("b.db") == [r.replace("State.RUNNING: 1", "State.WAITING: 0") for r in rows("a.db")]


def test_a_study_that_is_not_there_leaves_no_target_behind(folder):
    luthier.create_study("s", "a.db").storage.close()
    result = call("storage", "copy", "a.db", "b.db", "--study", "t", status=1)
    assert "no study 't'" in result.stderr
    assert os.listdir(folder) == ["a.db"]


def test_a_name_that_is_taken_is_refused_before_anything_is_copied():
    for url, names in (("a.db", "xyz"), ("b.db", "z")):
        for name in names:
            luthier.create_study(name, url)
    assert "study 'z' exists in SQLite(" in call("storage", "copy", "a.db", "b.db", status=1).stderr
    assert [s.name for s in luthier.list_studies("b.db")] == ["z"]
    call("storage", "copy", "a.db", "b.db", "--study", "y", "--study", "x")
    assert [s.name for s in luthier.list_studies("b.db")] == ["z", "y", "x"]
    assert (
        "no study 'n'" in call("storage", "copy", "a.db", "c.db", "--study", "n", status=1).stderr
    )
    assert "there is no file" in call("storage", "copy", "none.db", "c.db", status=1).stderr


class Failing(SQLite):
    """A storage whose third batch fails, or that forgets what it is told."""

    forgets = False

    def add_trials(self, study, rows, expected=None, call=None):
        if expected and expected > 1500:
            if self.forgets:
                rows = [msgspec.structs.replace(r, params={"x": 0.0}) for r in rows]
            else:
                raise StorageError("the disk is full")
        return super().add_trials(study, rows, expected, call)


@pytest.fixture
def large():
    study = luthier.create_study("large", "a.db", space={"x": luthier.Float(0, 1)})
    done = [
        TrialRow(
            number=-1,
            state=State.COMPLETE,
            params={"x": i / 3000},
            values=(1.0,),
            reports=((1.0, i), (2.0, -i)),
        )
        for i in range(3000)
    ]
    study.add_trials(done)
    return study


@pytest.mark.parametrize("forgets", [False, True])
def test_a_copy_that_fails_leaves_nothing(large, forgets):
    target = Failing("b.db")
    target.forgets = forgets
    with pytest.raises(
        StorageError,
        match="is not what was written; nothing is kept" if forgets else "disk is full",
    ):
        copy(large.storage, target, "large")
    assert target.studies() == []
    (n,) = target._query_one(
        "SELECT (SELECT count(*) FROM luthier_trials) + (SELECT count(*) FROM luthier_reports)", ()
    )
    assert n == 0


HALF = """
import os, signal
from luthier.study.copy import copy
from luthier.storages import SQLite

def tell(n, of):
    if n > 1000:
        print("now", flush=True)
        signal.pause()

copy(SQLite("a.db"), SQLite("b.db"), "large", tell)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_half_a_copy_is_never_taken_for_a_study(large, number):
    with subprocess.Popen(
        [sys.executable, "-c", HALF], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout.readline() == b"now\n"
        half = from_url("b.db").study("large")
        assert 1000 < half.n_trials < 3000
        Path("train.py").write_text("def f(trial): return trial.params['x']\n")
        for args in (
            ["show", "large", "--storage", "b.db"],
            ["watch", "large", "--storage", "b.db"],
            ["worker", "large", "--storage", "b.db", "train.py:f"],
            ["storage", "copy", "b.db", "c.db"],
        ):
            assert "is half a copy, from SQLite(" in call(*args, status=1).stderr
        with pytest.raises((StudyError, KeyError)):
            luthier.load_study("large", "b.db")
        assert "half a copy" in call("studies", "--storage", "b.db").stdout
        process.send_signal(number)
        process.wait()
    target = from_url("b.db")
    assert len(target.studies()) == (number == signal.SIGKILL)
    call("storage", "copy", "a.db", "b.db")
    assert [s.name for s in target.studies()] == ["large"]
    assert rows("b.db", "large") == rows("a.db", "large")


def test_what_changes_while_it_is_copied_is_told(large):
    place = large.storage

    def tell(n, of):
        if n < 1000:
            large.enqueue({"x": 0.5})

    found = copy(place, from_url("b.db"), "large", tell)
    assert (found.trials, found.reports, found.running) == (3000, 6000, ())
    assert found.changed >= 1
    assert luthier.load_study("large", "b.db").history.n == 3000
    with pytest.raises(StudyExistsError):
        copy(place, from_url("b.db"), "large")


def test_somebody_who_adds_trials_to_the_copy_is_not_mixed_in(large):
    target = from_url("b.db")

    def tell(n, of):
        target.add_trials(target.study("large").id, [TrialRow(number=-1, state=State.WAITING)])

    with pytest.raises(StudyError, match="somebody else has added trials"):
        copy(large.storage, target, "large", tell)
    assert target.studies() == []


def test_a_copy_in_the_place_of_the_first_has_checkpoints_of_its_own(folder):
    real("a.db", checkpoints=folder / "place").storage.close()
    files = {p.name for p in (folder / "place").iterdir()}
    assert " 0 checkpoints" not in call("storage", "copy", "a.db", "b.db").stdout
    assert not (folder / "b.db.checkpoints").exists()
    copied = luthier.load_study(NAME, "b.db", checkpoints=folder / "place")
    some = next(t for t in copied.trials if t.checkpoints and not t.state.finished)
    assert copied.load_checkpoint(some)["w"].shape == (600,)

    copied.optimize(objective, n_trials=6, catch=ValueError)
    luthier.delete_study(NAME, "b.db")
    assert files <= {p.name for p in (folder / "place").iterdir()}
    first = luthier.load_study(NAME, "a.db", checkpoints=folder / "place")
    assert first.load_checkpoint(first.best_trial) is not None


def test_checkpoints_that_are_gone_are_told(folder):
    study = luthier.create_study("gone", "a.db", scheduler="median")
    for n in (600, 700):
        trial = study.ask()
        trial.report(1.0, 1, checkpoint={"w": np.zeros(n)})
    files = sorted((folder / "a.db.checkpoints" / str(study.engine.id)).iterdir())
    os.remove(files[0])
    files[1].write_bytes(b"damaged")
    assert (
        "2 checkpoints were not found beside a.db"
        in call("storage", "copy", "a.db", "b.db", "--study", "gone").stderr
    )
    with pytest.raises(LuthierError):
        luthier.load_study("gone", "b.db").load_checkpoint(0)


@pytest.mark.parametrize("place", [None, "place"])
def test_attachments_come_along_and_damaged_ones_are_told(folder, place):
    options = {} if place is None else {"checkpoints": folder / place}
    study = luthier.create_study("s", "a.db", space={"x": luthier.Float(0, 1)}, **options)

    def draw(trial):
        if trial.number != 1:
            trial.attach("curve.png", bytes([trial.number]) * 1000)
            trial.attach("table.csv", b"x,y")

    study.optimize(lambda trial: draw(trial) or 0.0, n_trials=3)
    [torn] = (p for p in folder.rglob("*-table.csv") if p.parent.name == "2")
    torn.write_bytes(b"x,z")
    told = call("storage", "copy", "a.db", "b.db")
    assert "3 attachments" in told.stdout
    assert "1 attachment is damaged in a.db, and left out" in told.stderr

    copied = luthier.load_study("s", "b.db", **options)
    assert [[a.name for a in copied.attachments(t)] for t in copied.trials] == [
        ["curve.png", "table.csv"],
        [],
        ["curve.png"],
    ]
    assert copied.load_attachment(2, "curve.png") == bytes([2]) * 1000
    luthier.delete_study("s", "a.db")
    assert copied.load_attachment(0, "table.csv") == b"x,y"


@pytest.mark.parametrize(
    "servers", parameters(("redis", "postgresql"), ("postgresql", "mysql")), ids="-".join
)
def test_two_storages_that_share_a_place_have_checkpoints_of_their_own(servers, folder):
    options = f"?checkpoints={folder / 'shared'}"
    source, target = (shared(kind).fresh() + options for kind in servers)
    real(source).storage.close()
    call("storage", "copy", source, target)
    new = luthier.load_study(NAME, target)
    some = [t for t in new.trials if t.checkpoints and not t.state.finished]
    assert some
    for t in some:
        assert new.load_checkpoint(t)["w"].shape == (600,)
    new.storage.close()
