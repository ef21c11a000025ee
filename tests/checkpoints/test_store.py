"""Checkpoints in a folder.

Whole or not at all, found by reference, checked when loaded, never outside.
"""

import json
import os
import pickle
import random
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from luthier.checkpoints import Checkpoints, find_superseded, temporary_store
from luthier.checkpoints.packing import unpack
from luthier.errors import CheckpointError

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")
VALUE = {"w": np.arange(1000.0), "epoch": 3}


@pytest.fixture
def store(tmp_path):
    return Checkpoints(tmp_path / "made" / "later")


def listed(store):
    return sorted(os.listdir(store.url))


def equal(a, b):
    return a["epoch"] == b["epoch"] and np.array_equal(a["w"], b["w"])


# -- save and load
# ----------------------------------------------------------------------------------------------


def test_a_small_value_lives_in_the_reference(store):
    for value in (3, None, {"step": 1, "betas": (0.9, np.float32(0.5)), 2: "x" * 1800}):
        reference = json.loads(json.dumps(store.save(0, 2, value)))
        assert set(reference) == {"step", "value"}
        assert reference["step"] == 2.0
        assert store.load(reference) == value
    assert not Path(store.url).exists()
    assert store.save(0, 2, list(range(1000)))["kind"] == "packed"


def test_a_large_value_gets_a_file(store):
    assert not Path(store.url).exists()
    reference = json.loads(json.dumps(store.save(12, 0.5, VALUE)))
    assert reference.keys() == {"step", "file", "bytes", "crc32", "kind"}
    assert re.fullmatch(r"12-0\.5-[0-9a-f]{8}\.npz", reference["file"])
    assert reference["kind"] == "packed"
    assert listed(store) == [reference["file"]]
    assert os.path.getsize(Path(store.url, reference["file"])) == reference["bytes"]
    assert equal(store.load(reference), VALUE)


def test_names_are_unique(store):
    made = [store.save(0, 1, VALUE) for _ in range(20)]
    assert len({r["file"] for r in made}) == 20


@pytest.mark.parametrize("step", [0, 1, 1e-7, 1e30, 123456.789, -1])
def test_any_step(store, step):
    reference = store.save(0, step, VALUE)
    assert equal(store.load(reference), VALUE)
    assert list(store.files()) == [reference["file"]]


@pytest.mark.parametrize("as_path", [str, Path])
def test_the_users_file_is_copied(store, tmp_path, as_path):
    mine = tmp_path / "model ä.v2.pt"
    mine.write_bytes(b"first")
    reference = store.save(1, 4, as_path(mine))
    mine.write_bytes(b"second")
    path = store.load(reference)
    assert isinstance(path, Path)
    assert (path.suffix, path.read_bytes(), reference["kind"]) == (".pt", b"first", "file")
    empty = tmp_path / "empty"
    empty.touch()
    assert store.load(store.save(1, 4, empty)).read_bytes() == b""


def folder_of(tmp_path):
    mine = tmp_path / "mine"
    (mine / "a" / "b").mkdir(parents=True)
    (mine / "one.bin").write_bytes(b"1" * 100)
    (mine / "a" / "b" / "two ü.bin").write_bytes(b"22")
    return mine


def test_the_users_folder_is_copied(store, tmp_path):
    mine = folder_of(tmp_path)
    reference = store.save(1, 4, mine)
    (mine / "one.bin").unlink()
    path = store.load(reference)
    assert {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()} == {
        "one.bin",
        "a/b/two ü.bin",
    }
    assert (reference["kind"], reference["bytes"], listed(store)) == ("folder", 102, [path.name])
    again = store.save(1, 5, path)  # from the store into the store
    assert again["crc32"] == reference["crc32"]


def test_a_path_that_does_not_exist(store, tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.pt.*write it before"):
        store.save(0, 0, tmp_path / "nothing.pt")
    (tmp_path / "empty" / "er").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="holds no file"):
        store.save(0, 0, tmp_path / "empty")
    with pytest.raises(CheckpointError, match="holds the folder of the checkpoints itself"):
        store.save(0, 0, tmp_path)
    assert listed(store) == []


@posix
def test_an_empty_text_is_no_path(store):
    with pytest.raises(CheckpointError, match="got an empty text"):
        store.save(0, 1, "")


def test_links_inside_a_folder_become_content_and_others_are_refused(store, tmp_path):
    mine = folder_of(tmp_path)
    (mine / "latest").symlink_to("one.bin")
    (mine / "sub").symlink_to("a")
    (tmp_path / "link to mine").symlink_to(mine)
    path = store.load(store.save(0, 0, tmp_path / "link to mine"))
    assert not any(p.is_symlink() for p in path.rglob("*"))
    assert (path / "latest").read_bytes() == b"1" * 100
    assert (path / "sub" / "b" / "two ü.bin").read_bytes() == b"22"
    before = listed(store)
    (tmp_path / "secret").write_text("x")
    for target, message in {
        tmp_path / "secret": "link out of",
        tmp_path: "link out of",
        "/etc": "link out of",
        "../secret": "link out of",
        ".": "stands in",
        "nowhere": "link to nothing",
        "bad": "link to nothing",
    }.items():
        (mine / "bad").symlink_to(target)
        with pytest.raises(CheckpointError, match=message):
            store.save(0, 0, mine)
        (mine / "bad").unlink()
    os.mkfifo(mine / "pipe")
    with pytest.raises(CheckpointError, match="neither a file nor a folder"):
        store.save(0, 0, mine)
    with pytest.raises(CheckpointError, match="path of no file"):
        store.save(0, 0, mine / "pipe")
    assert listed(store) == before


# -- damage
# ----------------------------------------------------------------------------------------------


def saved(store, tmp_path, kind):
    """A reference, and the file in the store to be hurt."""
    if kind == "packed":
        reference = store.save(0, 1, VALUE)
        return reference, Path(store.url, reference["file"])
    mine = folder_of(tmp_path)
    reference = store.save(0, 1, mine if kind == "folder" else mine / "one.bin")
    path = Path(store.url, reference["file"])
    return reference, path / "one.bin" if kind == "folder" else path


@pytest.mark.parametrize("kind", ["packed", "file", "folder"])
def test_damage_is_seen(store, tmp_path, kind):
    reference, path = saved(store, tmp_path, kind)
    whole = path.read_bytes()
    for content in (
        whole[:-1],
        b"",
        whole + b"x",
        whole[:50] + bytes([whole[50] ^ 1]) + whole[51:],
    ):
        path.write_bytes(content)
        with pytest.raises(
            CheckpointError,
            match=rf"{reference['file']}.* is damaged: expected {reference['bytes']} ",
        ):
            store.load(reference)
    path.write_bytes(whole)
    store.load(reference)
    store.delete([reference])
    assert listed(store) == []
    with pytest.raises(
        CheckpointError, match=rf"{reference['file']} is not in .* found nothing; it was deleted"
    ):
        store.load(reference)


def test_a_renamed_file_in_a_folder_is_seen(store, tmp_path):
    reference, path = saved(store, tmp_path, "folder")
    path.rename(path.with_name("three.bin"))
    with pytest.raises(CheckpointError, match="is damaged"):
        store.load(reference)


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/passwd",
        "..",
        ".",
        "",
        "a/../../b",
        "0-1-00000000/../x",
        "0-1-00000000\\x",
        "secret",
        "C:\\x",
        "0-1-00000000.npz\n",
        ".0-1-00000000.npz",
        "0-1-00000000.npz\0",
    ],
)
def test_paths_cannot_leave_the_folder(store, name):
    store.save(0, 1, VALUE)
    secret = Path(store.url).parent / "secret"
    secret.write_bytes(b"x")
    for kind in ("packed", "file", "folder"):
        with pytest.raises(CheckpointError, match="not the plain name"):
            store.load({"step": 1.0, "file": name, "bytes": 1, "crc32": 1, "kind": kind})
    if not name.startswith(".0"):  # what was cut off may be deleted, not loaded
        with pytest.raises(CheckpointError, match="not the plain name"):
            store.delete([name])
    assert secret.exists()


@posix
def test_a_planted_link_is_refused(store, tmp_path):
    for kind in ("packed", "file", "folder"):
        reference = store.save(0, 1, VALUE)
        path = Path(store.url, reference["file"])
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
        with pytest.raises(CheckpointError, match="symbolic link"):
            store.load({**reference, "kind": kind})


@pytest.mark.parametrize(
    "reference",
    [
        None,
        3,
        "0-1-00000000.npz",
        [],
        {},
        {"step": 1},
        {"value": 3},
        {"file": "0-1-00000000.npz"},
        {"file": 3, "bytes": 1, "crc32": 1, "kind": "packed"},
        {"file": "0-1-00000000.npz", "bytes": "1", "crc32": 1, "kind": "packed"},
        {"file": "0-1-00000000.npz", "bytes": 1, "crc32": 1, "kind": "pickled"},
    ],
)
def test_what_is_no_reference(store, reference):
    with pytest.raises(
        CheckpointError, match=r"expected a reference that Checkpoints\.save returned"
    ):
        store.load(reference)


def test_a_forged_text_in_the_reference(store):
    with pytest.raises(CheckpointError, match="no packed checkpoint"):
        store.load({"step": 1.0, "value": '{"$array":"a0"}'})


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="cannot store"):
        Checkpoints(tmp_path / "file").save(0, 0, VALUE)
    with pytest.raises(CheckpointError, match="cannot store"):
        Checkpoints(tmp_path / "file" / "in").save(0, 0, VALUE)


def test_a_write_that_fails_leaves_nothing(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    store.attempts.end_soon(0.1)
    with pytest.raises(CheckpointError, match=r"No space left on device.*its space"):
        store.save(0, 0, VALUE)
    assert listed(store) == []


# -- delete, files, find_superseded
# -----------------------------------------------------------------------------------------


def test_delete_takes_references_and_names(store, tmp_path):
    mine = folder_of(tmp_path)
    a = store.save(0, 1, VALUE)
    b = store.save(0, 2, mine)
    c = store.save(0, 3, VALUE)
    store.delete([a, b["file"], None, store.save(0, 4, 1)])
    assert listed(store) == [c["file"]]
    store.delete([a, b, c])
    store.delete([a, b, c])
    assert listed(store) == []
    Checkpoints(tmp_path / "never").delete([a])


def test_files_tells_times_of_what_is_ours(store, tmp_path):
    assert store.files() == {}
    a, b = store.save(0, 1, VALUE), store.save(1, 1, folder_of(tmp_path))
    leftover = f".{a['file']}"
    for name in ("notes.txt", ".hidden", leftover):
        Path(store.url, name).touch()
    os.utime(Path(store.url, a["file"]), (1e9, 1e9))
    found = store.files()
    assert found.keys() == {a["file"], b["file"], leftover}
    assert found[a["file"]] == 1e9
    assert abs(found[b["file"]] - time.time()) < 60
    store.delete([leftover])
    assert leftover not in store.files()


def refs(*files):
    return [
        {"step": float(i), "file": f} if f else {"step": float(i), "value": "1"}
        for i, f in enumerate(files)
    ]


@pytest.mark.parametrize(
    ("history", "pinned", "gone"),
    [
        ([], (), []),
        (refs("a", "b"), (), []),
        (refs("a", "b", "c", "d"), (), ["a", "b"]),
        (refs("a", "b", "c", "d"), {"a"}, ["b"]),
        (refs("a", None, "c", None, None), (), ["a", "c"]),
        (refs("a", "a", "b", "a", "b"), (), []),
        (refs("a", "b", "a", "c", "d"), (), ["a", "b"]),
        ([None, *refs("a", "b", "c")], (), ["a"]),
    ],
)
def test_superseded(history, pinned, gone):
    assert (
        find_superseded(history, "best", pinned) == find_superseded(history, "last", pinned) == gone
    )
    assert find_superseded(history, "all", pinned) == []


# -- processes
# ----------------------------------------------------------------------------------------------


def test_it_travels(store):
    reference = store.save(0, 1, VALUE)
    copy = pickle.loads(pickle.dumps(store))
    assert (copy.url, copy.keep) == (store.url, "best")
    assert equal(copy.load(reference), VALUE)


def test_addresses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for url in ("a b", Path("a b"), f"file://{tmp_path}/a%20b", str(tmp_path / "a b")):
        assert Checkpoints(url).url == str(tmp_path / "a b")
    for url in ("", None, 3, b"a"):
        with pytest.raises(CheckpointError, match="expected a folder or a URL"):
            Checkpoints(url)
    with pytest.raises(CheckpointError, match="'best', 'last' or 'all', got 'most'"):
        Checkpoints("a", keep="most")


def test_many_threads(store):
    made = []

    def work(i):
        made.extend(store.save(i, step, VALUE) for step in range(10))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(store.files()) == 40
    assert all(equal(store.load(r), VALUE) for r in made)


SAVES = """
    import json, os, sys
    import numpy as np
    from luthier.checkpoints import Checkpoints

    os.makedirs("mine/a", exist_ok=True)
    for name in ("mine/one.bin", "mine/a/two.bin"):
        with open(name, "wb") as f:
            f.write(b"x" * 300_000)
    store = Checkpoints("store")
    with open("log", "a") as log:
        while True:
            kinds = {"packed": {"w": np.ones(50_000)}, "file": "mine/one.bin", "folder": "mine"}
            for kind, what in kinds.items():
                reference = store.save(0, 1, what)
                log.write(json.dumps(reference) + "\\n")
                log.flush()
"""


@posix
def test_a_kill_leaves_whole_files(script, tmp_path, eventually):
    dice = random.Random(0)
    log = tmp_path / "log"
    log.touch()
    for _ in range(5):
        child = script.start(SAVES)
        size = log.stat().st_size
        assert eventually(lambda size=size: log.stat().st_size > size)
        time.sleep(dice.uniform(0, 0.1))
        child.kill()
        child.wait()
        with log.open("r+") as f:  # the line that the kill cut off
            whole = f.read().rpartition("\n")[0]
            f.seek(0)
            f.truncate()
            f.write(whole + "\n")
    store = Checkpoints(tmp_path / "store")
    logged = {r["file"]: r for r in map(json.loads, log.read_text().splitlines())}
    for reference in logged.values():
        store.load(reference)
    visible = [n for n in listed(store) if not n.startswith(".")]
    assert set(visible) >= set(logged)
    assert len(visible) - len(logged) <= 5  # stored, and killed before it was logged
    for name in set(visible) - set(logged):
        path = Path(store.url, name)
        if path.suffix == ".npz":
            assert unpack(path.read_bytes())["w"].sum() == 50_000
        else:
            sizes = [p.stat().st_size for p in ([path] if path.is_file() else path.rglob("*.bin"))]
            assert sizes == [300_000] * (1 if path.is_file() else 2)


CUT = """
    import os, signal, sys
    import numpy as np
    from luthier.checkpoints import Checkpoints, folder

    def cut(function, nth):
        "The nth call ends this process after half of its work."
        calls = []
        def called(*args, **kwargs):
            calls.append(0)
            if len(calls) < nth:
                return function(*args, **kwargs)
            if function is copy_file:
                with open(args[1], "wb") as f:
                    f.write(b"x")
            os.kill(os.getpid(), signal.SIGKILL)
        return called

    what, nth = sys.argv[1], int(sys.argv[2])
    copy_file = folder.copy_file
    folder.copy_file = cut(copy_file, nth)
    np.lib.format.write_array = cut(np.lib.format.write_array, nth)
    packed = {"w": np.ones(1000), "v": np.ones(1000)}
    Checkpoints("store").save(0, 1, packed if what == "packed" else what)
"""


@posix
@pytest.mark.parametrize(
    ("what", "nth"), [("packed", 3), ("mine/one.bin", 1), ("mine", 1), ("mine", 2)]
)
def test_a_kill_in_the_middle_shows_nothing(script, tmp_path, what, nth):
    folder_of(tmp_path)
    child = script.start(CUT, what, nth)
    child.wait()
    store = Checkpoints(tmp_path / "store")
    (name,) = listed(store)
    assert (child.returncode, name[0]) == (-9, ".")
    assert list(store.files()) == [name]
    store.delete(store.files())
    assert listed(store) == []


# -- temporary
# ----------------------------------------------------------------------------------------------


def test_a_temporary_folder_goes_with_its_object():
    store = temporary_store("last")
    path = Path(store.url)
    assert not path.exists()
    reference = store.save(0, 1, VALUE)
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o700
    copy = pickle.loads(pickle.dumps(store))
    assert (equal(copy.load(reference), VALUE), copy.keep) == (True, "last")
    del copy
    assert path.exists()
    del store
    assert not path.exists()


FORKS = """
    import os
    import numpy as np
    from luthier.checkpoints import temporary_store

    store = temporary_store()
    reference = store.save(0, 1, np.arange(100))
    if hasattr(os, "fork"):
        if (pid := os.fork()) == 0:
            del store  # in a fork: this must not remove the parent's folder
            raise SystemExit(0)
        os.waitpid(pid, 0)
    store.load(reference)
    print(store.url)
"""


def test_a_temporary_folder_goes_when_python_ends(script):
    path = Path(script(FORKS).strip())
    assert path.name.startswith("luthier-")
    assert not path.exists()


def test_checkpoints_load_no_fsspec(script):
    code = (
        "import luthier.checkpoints, sys; print(sys.modules.keys() & {'fsspec', 'scipy'} or "
        "'neither')"
    )
    assert script(code).strip() == "neither"
