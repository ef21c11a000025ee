"""A place of checkpoints belongs to one study of one database; what others wrote is left alone."""

import os
import shutil
import threading
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.support.servers import parameters, shared

import luthier
from luthier.checkpoints import Checkpoints
from luthier.checkpoints.ownership import Owner
from luthier.errors import CheckpointError

A, B = Owner("a" * 16, "a"), Owner("b" * 16, "b")
VALUE = {"w": np.arange(1000.0)}


@pytest.fixture(params=["folder", "url"])
def place(request, tmp_path):
    if request.param == "folder":
        return str(tmp_path / "c")
    pytest.importorskip("fsspec")
    return f"memory://{tmp_path}"


def files(store):
    return sorted(store.files())


# -- one place ----------------------------------------------------------------------------------


def test_the_first_study_that_saves_has_the_place_and_another_a_folder_in_it(place):
    a, b = (Checkpoints(place).belonging_to(owner) for owner in (A, B))
    made, other = a.save(0, 1, VALUE), b.save(0, 1, VALUE)
    assert files(a) == [made["file"]]
    assert files(b) == [other["file"]]
    for store in (a, b):
        again = Checkpoints(place).belonging_to(store.owner)
        assert files(again) == files(store)
        assert again.save(1, 1, VALUE)["file"] in again.files()
    assert b.load(made)["w"][1] == 1  # to read does no harm
    b.delete([made, made["file"]])
    a.load(made)
    b.clear([made])
    assert b.files() == {}
    a.load(made)
    a.clear()
    assert Checkpoints(place).files() == {}


def test_a_study_that_has_saved_nothing_owns_and_lists_nothing(place):
    a, b = (Checkpoints(place).belonging_to(owner) for owner in (A, B))
    made = a.save(0, 1, VALUE)
    assert b.files() == {}
    b.delete([made])
    b.clear([made])
    a.load(made)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"identity": 3}', b"\xff"])
def test_a_place_of_somebody_else_is_left_alone(tmp_path, content):
    (tmp_path / "study.json").write_bytes(content)
    (tmp_path / "0-1-00000000.npz").write_bytes(b"theirs")
    a = Checkpoints(tmp_path).belonging_to(A)
    made = a.save(0, 1, VALUE)
    a.delete(["0-1-00000000.npz"])
    a.clear([{"file": "0-1-00000000.npz"}, made])
    assert (tmp_path / "study.json").read_bytes() == content
    assert (tmp_path / "0-1-00000000.npz").exists()


def test_where_all_belongs_to_others_nothing_is_written(tmp_path):
    for folder in (tmp_path, *(tmp_path / name for name in A.folders)):
        folder.mkdir(exist_ok=True)
        (folder / "study.json").write_bytes(msgspec.json.encode(B))
    a = Checkpoints(tmp_path).belonging_to(A)
    with pytest.raises(CheckpointError, match=r"belong to study 'b'.*a place of its own"):
        a.save(0, 1, VALUE)
    assert a.files() == {}
    assert len(list(tmp_path.rglob("*"))) == 5


def test_of_many_that_begin_at_once_one_has_the_place(tmp_path):
    owners = [Owner(f"{i:016x}", str(i)) for i in range(8)]
    stores = [Checkpoints(tmp_path / "c").belonging_to(owner) for owner in owners]
    made = {}
    barrier = threading.Barrier(len(stores))

    def work(store):
        barrier.wait()
        made[store.owner.identity] = store.save(0, 1, VALUE)["file"]

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(stores)
    for store in stores:
        assert files(store) == [made[store.owner.identity]]
    assert len(list((tmp_path / "c").glob("*.npz"))) == 1


def test_files_of_earlier_versions_are_found_and_deleted_by_reference_alone(tmp_path):
    before = Checkpoints(tmp_path)
    mine, theirs = before.save(0, 1, VALUE), before.save(1, 1, VALUE)
    a = Checkpoints(tmp_path).belonging_to(A)
    assert a.load(mine)["w"][1] == 1
    assert a.files() == {}
    assert a.has_unmarked_files()
    a.save(2, 1, VALUE)
    a.delete([mine])
    with pytest.raises(CheckpointError, match="is not in"):
        a.load(mine)
    a.clear([mine])
    before.load(theirs)


# -- studies ------------------------------------------------------------------------------------


def train(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.report(x, 1, checkpoint={"x": x, "w": np.full(500, x)})
    return x


def run(name, storage, n_trials=3, **settings):
    study = luthier.create_study(name, storage, sampler="random", seed=1, **settings)
    study.optimize(train, n_trials=n_trials, progress=False)
    return study


def has_its_best(study):
    best = study.best_trial
    return study.load_checkpoint(best)["x"] == best.params["x"]


def two_hours_pass(folder):
    for path in Path(folder).rglob("*"):
        os.utime(path, (time.time() - 7200,) * 2)


@pytest.mark.parametrize("databases", [("k.db", "k.db"), ("k.db", "l.db")])
def test_two_studies_with_one_folder_never_delete_each_others_checkpoints(tmp_path, databases):
    urls = [f"sqlite:///{tmp_path}/{name}" for name in databases]
    a = run("a", urls[0], checkpoints=tmp_path / "ck")
    b = run("b", urls[1], checkpoints=tmp_path / "ck")
    assert has_its_best(a)
    assert has_its_best(b)
    two_hours_pass(tmp_path / "ck")
    for study in (b, a):
        study.optimize(train, n_trials=2, progress=False)
        assert has_its_best(a)
        assert has_its_best(b)
    luthier.delete_study("b", urls[1])
    assert has_its_best(a)
    assert [p for p in (tmp_path / "ck").rglob("*.npz") if p.parent != tmp_path / "ck"] == []


@pytest.mark.parametrize("kind", parameters("redis", "postgresql"))
def test_two_databases_that_name_one_folder_never_delete_each_others_checkpoints(tmp_path, kind):
    urls = [f"{shared(kind).fresh()}?checkpoints={tmp_path / 'ck'}" for _ in range(2)]
    production, other = (run("s", url) for url in urls)
    two_hours_pass(tmp_path / "ck")
    for study in (other, production):
        study.optimize(train, n_trials=2, progress=False)
        assert has_its_best(production)
        assert has_its_best(other)
    luthier.delete_study("s", urls[1])
    assert has_its_best(production)


def test_a_copy_of_a_database_on_a_server_does_not_delete_what_the_first_needs(tmp_path):
    import psycopg

    server = shared("postgresql")
    production = server.fresh()
    name = production.rpartition("/")[2]
    first = run("s", f"{production}?checkpoints={tmp_path}/ck")
    first.storage.close()
    with psycopg.connect(server.url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    url = f"{production}_copy?checkpoints={tmp_path}/ck"
    copy = luthier.load_study("s", url, sampler="random")
    assert has_its_best(copy)
    two_hours_pass(tmp_path / "ck")
    copy.enqueue({"x": 1e-9})
    copy.optimize(train, n_trials=3, progress=False)
    assert has_its_best(first)
    assert has_its_best(copy)
    luthier.delete_study("s", url)
    assert has_its_best(first)


def test_a_study_that_moves_from_server_to_server_finds_all_of_its_checkpoints(place):
    owners = [Owner("a" * 16, "a", server=server) for server in ("1", "2", "3", "4")]
    made = []
    for number, owner in enumerate(owners):
        store = Checkpoints(place).belonging_to(owner)
        made.append(store.save(number, 1, VALUE))
        assert files(store) == [made[number]["file"]]
        for reference in made:
            assert store.load(reference)["w"][1] == 1
        store.delete(made[:number])  # the database may still be there
        assert Checkpoints(place).belonging_to(owners[0]).load(made[0])["w"][1] == 1
    target = Checkpoints(place).belonging_to(Owner("b" * 16, "b"))
    adopted = target.adopt(Checkpoints(place).belonging_to(owners[-1]), made)
    assert adopted == {reference["file"] for reference in made}


def test_a_copy_of_a_database_does_not_delete_what_the_first_needs(tmp_path):
    a = run("a", f"sqlite:///{tmp_path}/a.db", checkpoints=tmp_path / "ck")
    a.storage.close()
    shutil.copy(tmp_path / "a.db", tmp_path / "b.db")
    url = f"sqlite:///{tmp_path}/b.db"
    b = luthier.load_study("a", url, sampler="random", checkpoints=tmp_path / "ck")
    assert has_its_best(b)
    b.enqueue({"x": 1e-9})
    b.optimize(train, n_trials=3, progress=False)
    assert has_its_best(a)
    assert has_its_best(b)
    luthier.delete_study("a", url)
    assert has_its_best(a)


def test_a_database_that_was_moved_or_put_back_keeps_its_checkpoints(tmp_path):
    run("a", f"sqlite:///{tmp_path}/a.db", checkpoints=tmp_path / "ck").storage.close()
    shutil.copy(tmp_path / "a.db", tmp_path / "backup")
    (tmp_path / "a.db").rename(tmp_path / "b.db")
    moved = luthier.load_study(
        "a", f"sqlite:///{tmp_path}/b.db", sampler="random", checkpoints=tmp_path / "ck"
    )
    moved.optimize(train, n_trials=1, progress=False)
    assert has_its_best(moved)
    moved.storage.close()
    (tmp_path / "b.db").unlink()
    (tmp_path / "backup").rename(tmp_path / "a.db")
    again = luthier.load_study(
        "a", f"sqlite:///{tmp_path}/a.db", sampler="random", checkpoints=tmp_path / "ck"
    )
    again.enqueue({"x": 1e-9})
    again.optimize(train, n_trials=1, progress=False)
    assert has_its_best(again)
    assert [p.name for p in (tmp_path / "ck").iterdir() if p.is_dir()] == []


def test_a_database_that_was_deleted_and_made_anew_leaves_the_old_checkpoints_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    old = run("a", url)
    left = set(old.engine.checkpoints.files())
    old.storage.close()
    for path in tmp_path.glob("a.db*"):
        if path.is_file():
            path.unlink()
    two_hours_pass(tmp_path)
    new = run("a", url)
    assert has_its_best(new)
    luthier.delete_study("a", url)
    assert left == {p.name for p in (tmp_path / "a.db.checkpoints").rglob("*.npz")}


def test_a_place_that_is_given_as_an_object_can_be_given_twice(tmp_path):
    place = Checkpoints(tmp_path / "ck", keep="last")
    a, b = (run(name, None, checkpoints=place) for name in "ab")
    assert len(a.engine.checkpoints.files()) == len(b.engine.checkpoints.files()) == 3
    assert has_its_best(a)
    assert has_its_best(b)


def test_studies_of_earlier_versions_go_on_with_their_checkpoints(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/a.db?lease_s=0.1"
    with monkeypatch.context() as before:  # nothing said whose a place is, or a file
        before.setattr(Checkpoints, "belonging_to", lambda self, owner: self)
        old = run("a", url)
        trial = old.ask()
        trial.report(0.5, 3, checkpoint={"x": 0.5, "w": np.ones(500)})
        best = old.best_trial
        old.engine.forget(trial.number)  # as if its process had died
    folder = tmp_path / "a.db.checkpoints" / "1"
    assert not (folder / "study.json").exists()

    two_hours_pass(folder)
    study = luthier.load_study("a", url, sampler="random")
    time.sleep(0.3)
    assert has_its_best(study)
    study.engine.begin_run()
    again = study.ask()
    assert (again.number, again.step) == (trial.number, 3)
    again.report(0.5, 4, checkpoint={"x": 0.5, "w": np.ones(500)})
    study.tell(again, 0.99)
    assert (folder / "study.json").exists()
    assert study.best_trial.number == best.number
    assert has_its_best(study)
    study.enqueue({"x": 0.0})
    study.optimize(train, n_trials=1, progress=False)
    assert has_its_best(study)
    assert len(list(folder.glob("*.npz"))) == 1
    luthier.delete_study("a", url)
    assert list(folder.iterdir()) == []


def test_a_study_of_an_earlier_version_is_deleted_with_its_checkpoints_alone(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/a.db"
    with monkeypatch.context() as before:
        before.setattr(Checkpoints, "belonging_to", lambda self, owner: self)
        run("a", url, checkpoints=tmp_path / "ck")
        b = run("b", url, checkpoints=tmp_path / "ck")
    luthier.delete_study("a", url)
    assert has_its_best(b)
    assert len(list((tmp_path / "ck").glob("*.npz"))) == 1
