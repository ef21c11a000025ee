"""Checkpoints at URLs: the same promises as in a folder."""

import os
import pickle
import sys
import time
import uuid
from pathlib import Path

import fsspec
import numpy as np
import pytest

from luthier.checkpoints import Checkpoints
from luthier.errors import CheckpointError, MissingDependencyError

VALUE = {"w": np.arange(1000.0), "epoch": 3}


@pytest.fixture(params=["memory", "local"])
def store(request, tmp_path):
    if request.param == "memory":
        return Checkpoints(f"memory://{uuid.uuid4().hex}/deep")
    return Checkpoints(f"local://{tmp_path}/store/")


def raw(store, reference):
    """The file system and the path of what a reference refers to."""
    fs, root = fsspec.core.url_to_fs(store.url)
    return fs, f"{root.rstrip('/')}/{reference['file']}"


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    (folder / "a").mkdir(parents=True)
    (folder / "one.bin").write_bytes(b"1" * 100)
    (folder / "a" / "two.bin").write_bytes(b"22")
    return folder


def test_a_value_a_file_and_a_folder(store, mine):
    packed = store.save(0, 1, VALUE)
    file = store.save(0, 2, mine / "one.bin")
    folder = store.save(1, 3, mine)
    assert "value" in store.save(0, 4, {"epoch": 3})
    assert [r["kind"] for r in (packed, file, folder)] == ["packed", "file", "folder"]
    for here in (store, pickle.loads(pickle.dumps(store))):
        assert np.array_equal(here.load(packed)["w"], VALUE["w"])
        path = here.load(file)
        assert (path.suffix, path.read_bytes()) == (".bin", b"1" * 100)
        path = here.load(folder)
        assert (path / "a" / "two.bin").read_bytes() == b"22"
        assert here.load(folder) == path
        assert len(list(path.parent.iterdir())) == 2  # nothing but the two downloads
    found = store.files()
    assert found.keys() == {r["file"] for r in (packed, file, folder)}
    assert all(abs(t - time.time()) < 60 for t in found.values())


def test_delete(store, mine):
    made = [store.save(0, 1, VALUE), store.save(0, 2, mine / "one.bin"), store.save(1, 3, mine)]
    for reference in made:
        store.load(reference)
    store.delete(made)
    store.delete(made)
    assert store.files() == {}
    for reference in made:
        with pytest.raises(
            CheckpointError, match=f"{reference['file']} is not in .*it was deleted"
        ):
            store.load(reference)


def test_damage_is_seen(store, mine):
    for what, inner in ((VALUE, ""), (mine / "one.bin", ""), (mine, "/one.bin")):
        reference = store.save(0, 1, what)
        fs, path = raw(store, reference)
        fs.pipe_file(path + inner, fs.cat_file(path + inner)[:-1])
        with pytest.raises(
            CheckpointError, match=f"is damaged: expected {reference['bytes']} bytes"
        ):
            store.load(reference)


def test_nothing_there_yet(store):
    assert store.files() == {}
    store.delete(["0-1-00000000.npz"])


def test_paths_cannot_leave(store, mine):
    with pytest.raises(CheckpointError, match="not the plain name"):
        store.load({"step": 1.0, "file": "../x", "bytes": 1, "crc32": 1, "kind": "file"})


def test_keys_that_climb_out_are_refused(mine):
    store = Checkpoints(f"memory://{uuid.uuid4().hex}")
    reference = store.save(0, 1, mine)
    fs, path = raw(store, reference)
    fs.store[f"{path}/../../../escaped"] = fs.store[f"{path}/one.bin"]
    try:
        with pytest.raises(CheckpointError, match="outside of its folder"):
            store.load(reference)
    finally:
        del fs.store[f"{path}/../../../escaped"]


def test_downloads_go_with_the_object(mine):
    store = Checkpoints("memory://downloads")
    path = store.load(store.save(0, 1, mine))
    assert path.exists()
    del store
    assert not path.exists()


def test_downloads_are_removed_when_python_ends(script, mine):
    code = f"""
        from luthier.checkpoints import Checkpoints
        store = Checkpoints("memory://x")
        print(store.load(store.save(0, 1, {str(mine)!r})))
    """
    path = Path(script(code).strip())
    assert path.parent.name.startswith("luthier-")
    assert not path.parent.exists()


def test_a_provider_that_fails(store, monkeypatch):
    fs, _ = raw(store, {"file": ""})
    monkeypatch.setattr(type(fs), "put_file", lambda *_, **__: 1 / 0)
    store.attempts.end_soon(0.1)
    with pytest.raises(CheckpointError, match=r"does not answer as it should \(ZeroDivisionError"):
        store.save(0, 1, VALUE)
    assert not store.files()


def test_unknown_and_missing_packages(monkeypatch):
    with pytest.raises(CheckpointError, match="cannot be stored at 'nosuch://x'"):
        Checkpoints("nosuch://x")
    known = sys.modules["fsspec.registry"].known_implementations
    monkeypatch.setitem(
        known, "tos", {"class": "no_such_package.FileSystem", "err": "Install no_such_package"}
    )
    store = Checkpoints("tos://x")
    with pytest.raises(
        MissingDependencyError, match="tos://x needs another package: Install no_such_package"
    ):
        store.open()


def test_without_fsspec(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "luthier.checkpoints.remote", raising=False)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[remote\]'"):
        Checkpoints("s3://bucket/x").open()
    assert "file" in Checkpoints(os.fspath(tmp_path)).save(0, 1, VALUE)
