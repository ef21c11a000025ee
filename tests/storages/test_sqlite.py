"""The SQLite file: damage, rights, full disks, forks, crowds, addresses."""

import contextlib
import math
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

import luthier
from luthier.errors import StorageDamagedError, StorageError, StorageFullError, StorageVersionError
from luthier.storages import InMemory, SQLite, from_url
from luthier.storages.base import SCHEMA
from luthier.storages.codec import decode_trial, encode_body
from luthier.trial.record import State, TrialRow

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


def done(i, **fields):
    return TrialRow(
        number=i,
        state=State.COMPLETE,
        params={"x": i / 7, "s": f"choice {i}"},
        values=(i * 1.5,),
        **fields,
    )


def filled(path, n=200):
    """A file with a study of n finished trials, all of it in the main file."""
    storage = SQLite(path)
    study = storage.create_study("s", {"seed": 1}).id
    storage.add_trials(
        study, [done(i, reports=((1.0, i + 0.5), (2.0, i + 0.25))) for i in range(n)]
    )
    storage.close()
    assert not Path(f"{path}-wal").exists()
    return storage.rows(study)


def integrity(path):
    with sqlite3.connect(path) as db:
        (answer,) = db.execute("PRAGMA integrity_check").fetchone()
    db.close()
    return answer


# -- transactions
# ----------------------------------------------------------------------------------------------


def statements(storage):
    """The list that from now on collects what is executed."""
    seen = []
    storage._file._connection.set_trace_callback(seen.append)
    return seen


def test_one_write_transaction_an_event(tmp_path):
    storage = SQLite(tmp_path / "a.db")
    study = storage.create_study("s", {}).id
    params = {f"x{i}": i / 3 for i in range(30)}
    seen = statements(storage)
    number, _ = storage.add_trials(study, [TrialRow(number=0, state=State.RUNNING, params=params)])
    storage.report(study, number, 1, 1.0, 1.0, ({"step": 1.0, "value": "1"},), params)
    storage.extend(study, {number: 1})
    storage.release(study, number, 1, False)
    storage.claim(study, number, "me")
    storage.finish(
        study, TrialRow(number=number, state=State.COMPLETE, params=params, values=(1.0,), token=2)
    )
    assert seen.count("BEGIN IMMEDIATE") == seen.count("COMMIT") == 6
    del seen[:]
    storage.changes(study, 0)
    storage.changes(study, 5)
    storage.rows(study)
    storage.studies()
    assert seen.count("BEGIN IMMEDIATE") == 0
    storage.close()


def test_a_study_writes_twice_a_trial_and_once_a_report(tmp_path):
    def objective(trial):
        for step in range(3):
            trial.report(step, step)
            trial.should_prune()
        return sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(20))

    study = luthier.create_study(
        storage=str(tmp_path / "a.db"), sampler="Random", scheduler="Median", seed=0
    )
    study.optimize(objective, n_trials=3, progress=False)
    seen = statements(study.storage.inner)
    study.optimize(objective, n_trials=10, progress=False)
    assert seen.count("BEGIN IMMEDIATE") == 10 * (2 + 3)
    study.storage.close()


def test_what_is_new_is_found_by_index(tmp_path):
    filled(tmp_path / "a.db")
    storage = SQLite(tmp_path / "a.db")
    study = storage.study("s").id
    seen = statements(storage)
    storage.add_trials(study, [done(0)])
    storage.changes(study, 1)
    new = [s for s in seen if "AND revision > 1" in s]
    for statement in new:
        plan = " ".join(
            row[-1] for row in storage._file._connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        )
        assert "_revision (study=? AND revision>?)" in plan
    assert len(new) == 2
    storage.close()


# -- damage
# ----------------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "a.db"
    filled(path, 3)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(
        StorageVersionError, match=rf"schema {SCHEMA + 1}.*up to {SCHEMA}; upgrade luthier"
    ):
        SQLite(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "mark", ["CREATE TABLE notes (x)", "PRAGMA user_version = 3", "PRAGMA application_id = 77"]
)
def test_another_programs_database_is_refused_and_left_alone(tmp_path, mark):
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as db:
        db.execute(mark)
    db.close()
    before = path.read_bytes()
    with pytest.raises(
        StorageDamagedError, match=r"a\.db is another program's SQLite file; choose another path"
    ):
        SQLite(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"xy", b"lr: 0.1\nlayers: 3\n" * 500, b"\0" * 4096, bytes(range(256)) * 64]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(StorageDamagedError, match=r"a\.db is damaged or not a SQLite file"):
        SQLite(path)
    assert path.read_bytes() == content


def test_a_trial_without_a_cost_or_constraints_is_written_as_it_was_before_there_were_any():
    plain = TrialRow(number=0, state=State.COMPLETE, params={"x": 1.0}, values=(2.0,))
    assert encode_body(plain) == '{"params":{"x":1.0},"values":[2.0]}'
    assert decode_trial((0, 3, 0, 0.0, 0, encode_body(plain))) == plain
    assert decode_trial((0, 3, 0, 0.0, 0, encode_body(replace(plain, cost=0.5)))).cost == 0.5
    told = {"memory": -0.5, "c": math.inf}
    assert (
        decode_trial((0, 3, 0, 0.0, 0, encode_body(replace(plain, constraints=told)))).constraints
        == told
    )


RELEASED = sorted(
    (Path(__file__).parent / "released").glob("*.sql")
)  # as each released schema wrote them


@pytest.mark.parametrize("dump", RELEASED, ids=lambda p: p.stem)
def test_a_file_of_every_released_schema_is_upgraded_in_place(tmp_path, dump):
    assert len(RELEASED) == SCHEMA - 1
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as db:
        db.executescript(dump.read_text())
    for had in (int(dump.stem[-1]), SCHEMA):  # once upgraded it stays so
        storage = SQLite(tmp_path / "a.db")
        assert storage.upgrade() == (had, SCHEMA)
        study, empty = storage.studies()
        assert (study.name, study.spec["seed"], empty.spec["directions"]) == (
            "tür <1>",
            1,
            ["minimize", "maximize"],
        )
        assert study.counts == {
            State.COMPLETE: 4,
            State.PRUNED: 1,
            State.FAILED: 1,
            State.RUNNING: 2,
        }
        rows = storage.rows(study.id)
        assert [r.state for r in rows[2:6]] == [
            State.COMPLETE,
            State.PRUNED,
            State.FAILED,
            State.COMPLETE,
        ]
        assert rows[0].values == (0.03867238809732132,)
        assert rows[0].reports == ((1.0, 0.03867238809732132 / 2), (2.0, 0.03867238809732132))
        assert all(r.tags == {"note": "ü"} for r in rows[:6])
        assert rows[4].error.startswith("ValueError: bad")
        assert rows[6].params == {"x": 0.5}
        storage.close()
    again = luthier.load_study("tür <1>", f"sqlite:///{tmp_path / 'a.db'}", sampler="Random")
    again.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert Counter(r.state for r in again.trials)[State.COMPLETE] == 7
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_an_empty_file_is_a_new_one(tmp_path):
    (tmp_path / "a.db").touch()
    SQLite(tmp_path / "a.db").create_study("s", {})
    assert len(SQLite(tmp_path / "a.db").studies()) == 1


def reads_right_or_says_so(path, right):
    """Whether a damaged file was recognised; a silent wrong answer fails the test."""
    try:
        storage = SQLite(path)
        study = storage.study("s")
        rows = storage.rows(study.id)
        new = storage.changes(study.id, 0)
    except StorageDamagedError as e:
        assert "damaged" in str(e)  # noqa: PT017
        return True
    assert rows == right
    assert [r.number for r in new.rows] == [r.number for r in right]
    assert [(r.step, r.value) for r in new.reports] == [told for r in right for told in r.reports]
    storage.close()
    return False


def test_a_torn_file_is_recognised(tmp_path):
    path = tmp_path / "a.db"
    right = filled(path)
    whole = path.read_bytes()
    for size in [*range(100, len(whole), 1000), *range(4096, len(whole), 4096), len(whole) - 1]:
        path.write_bytes(whole[:size])
        assert reads_right_or_says_so(path, right), size
    path.write_bytes(whole)
    assert not reads_right_or_says_so(path, right)


@pytest.mark.parametrize("n_bytes", [4096, 300])
def test_garbage_in_a_file_is_recognised_or_does_no_harm(tmp_path, n_bytes):
    path = tmp_path / "a.db"
    right = filled(path)
    whole = path.read_bytes()
    rng = random.Random(n_bytes)
    recognised = 0
    for i in range(5 * len(whole) // 4096):
        page = i % (len(whole) // 4096)
        start = 4096 * page + (0 if n_bytes == 4096 else rng.randrange(4096 - n_bytes))
        path.write_bytes(whole[:start] + rng.randbytes(n_bytes) + whole[start + n_bytes :])
        recognised += reads_right_or_says_so(path, right)
    assert recognised > (4 if n_bytes == 4096 else 2) * len(whole) // 4096


@pytest.mark.parametrize(
    "text",
    [
        b"\xc9\xfeEATE TABLE luthier_trials",
        b"CREATE TABEL luthier_trials",
        b"CREATE TABLE luthier_trialz",
    ],
)
def test_a_torn_schema_is_recognised(tmp_path, text):
    path = tmp_path / "a.db"
    right = filled(path)
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE luthier_trials", text))
    assert reads_right_or_says_so(path, right)


def test_damage_is_told_from_writing_too(tmp_path):
    path = tmp_path / "a.db"
    filled(path)
    storage = SQLite(path)
    study = storage.study("s").id
    storage.close()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(random.Random(0).randbytes(path.stat().st_size - 4096))
    with pytest.raises(StorageDamagedError):
        storage.add_trials(study, [done(0)])


@pytest.mark.parametrize("is_settled", [True, False], ids=["settled", "new"])
@pytest.mark.parametrize("by", ["unlink", "replace"])
def test_a_file_that_vanishes_in_use_is_no_silent_loss(tmp_path, by, is_settled, monkeypatch):
    path = tmp_path / "a.db"
    storage = SQLite(path)
    study = storage.create_study("s", {}).id
    if is_settled:  # nothing has happened in the folder for long
        monkeypatch.setattr("luthier.storages.sqlite_file._TICK_NS", 0)
        storage.changes(study, 0)
    path.rename(tmp_path / "b.db")
    if by == "replace":
        SQLite(path).close()
    for verb in (
        lambda: storage.add_trials(study, [done(0)]),
        lambda: storage.changes(study, 0),
        storage.studies,
    ):
        with pytest.raises(StorageDamagedError, match="deleted or replaced"):
            verb()
    assert path.exists() == (by == "replace")


def test_a_link_that_leads_to_another_file_is_no_silent_loss(tmp_path, monkeypatch):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    target = tmp_path / "there" / "a.db"
    link = tmp_path / "here" / "a.db"
    SQLite(target).close()
    link.symlink_to(target)
    storage = SQLite(link)
    study = storage.create_study("s", {}).id
    monkeypatch.setattr("luthier.storages.sqlite_file._TICK_NS", 0)
    storage.changes(study, 0)
    target.rename(tmp_path / "there" / "b.db")
    SQLite(target).close()
    with pytest.raises(StorageDamagedError, match="deleted or replaced"):
        storage.changes(study, 0)


# -- rights and space
# --------------------------------------------------------------------------------------------------

READ_ONLY = """
    import os, pickle, sys
    import luthier
    from luthier.errors import StorageReadOnlyError
    from luthier.storages import SQLite

    luthier.create_study(sampler="Random").optimize(lambda t: 0, n_trials=1, progress=False)
    os.chmod(os.getcwd(), 0o755)  # the way there
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    for path in sys.argv[1:]:
        try:
            SQLite(path)
        except StorageReadOnlyError as e:
            assert isinstance(e, PermissionError)
            assert path in str(e) and "check the rights" in str(e), e
        else:
            raise AssertionError(path)
        if not os.path.exists(path):
            continue
        storage = SQLite(path, read_only=True)  # which can be looked at all the same
        storage = pickle.loads(pickle.dumps(storage))
        assert len(storage.rows(1)) == 5
        try:
            storage.delete_study(1)
        except StorageReadOnlyError:
            assert len(storage.rows(1)) == 5
        else:
            raise AssertionError(path)
"""


@linux
def test_a_read_only_folder_or_file_is_named(tmp_path, script):
    folder = tmp_path / "folder"
    folder.mkdir()
    filled(folder / "there.db", 5)
    (folder / "there.db").chmod(0o444)
    locked = tmp_path / "locked"
    locked.mkdir()
    filled(locked / "there.db", 5)
    (locked / "there.db").chmod(0o666)
    for place in (folder, locked):
        place.chmod(0o555)
    parents = [
        p for p in tmp_path.parents if p.stat().st_uid == os.getuid() and not p.stat().st_mode & 1
    ]
    for p in parents:
        p.chmod(p.stat().st_mode | 0o111)
    try:
        script(
            READ_ONLY,
            folder / "there.db",
            folder / "new.db",
            locked / "there.db",
            locked / "new.db",
        )
    finally:
        for p in parents:
            p.chmod(0o700)
        for place in (folder, locked):
            place.chmod(0o755)
    assert len(SQLite(folder / "there.db").rows(1)) == 5


def test_what_others_write_to_a_folder_that_is_shut_to_us_is_seen(tmp_path, monkeypatch):
    place = tmp_path / "s.db"
    filled(place, 5)
    monkeypatch.setattr(os, "access", lambda *_: False)
    storage = SQLite(place, read_only=True)
    assert len(storage.rows(1)) == 5
    other = SQLite(place)
    other.add_trials(1, [TrialRow(number=-1, state=State.WAITING)])
    assert len(storage.rows(1)) == 6
    other.close()
    assert len(storage.rows(1)) == 6


def fill_up(storage, study):
    """Adds and finishes trials until the storage refuses.

    Returns the numbers that were acknowledged.
    """
    kept = []
    for i in range(100_000):
        try:
            number, _ = storage.add_trials(
                study, [TrialRow(number=0, state=State.RUNNING, params={"x": i})]
            )
            storage.finish(study, done(number, token=1, tags={"t": "x" * 2000}))
        except StorageFullError as e:
            assert isinstance(e, OSError)  # noqa: PT017
            assert "finished trials are safe" in str(e)  # noqa: PT017
            return kept
        kept.append(number)
    raise AssertionError("it never filled up")


def all_there(path, kept):
    storage = SQLite(path)
    rows = storage.rows(storage.study("s").id)
    assert [r.number for r in rows] == list(range(len(rows)))
    assert [rows[i] for i in kept] == [done(i, token=1, tags={"t": "x" * 2000}) for i in kept]
    assert len(kept) > 20
    assert len(rows) <= len(kept) + 1
    assert integrity(path) == "ok"
    storage.close()


@linux
def test_a_full_disk_loses_nothing_that_was_finished(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    try:
        (disk / "ballast").write_bytes(b"x" * 100_000)
        storage = SQLite(disk / "a.db")
        study = storage.create_study("s", {}).id
        kept = fill_up(storage, study)
        assert [r.number for r in storage.rows(study) if r.state == State.COMPLETE] == kept
        (disk / "ballast").unlink()  # whoever makes room can go on, in the same session
        number, _ = storage.add_trials(study, [TrialRow(number=0, state=State.RUNNING)])
        storage.finish(study, done(number, token=1, tags={"t": "x" * 2000}))
        storage.close()
        all_there(disk / "a.db", [*kept, number] if number != len(kept) else kept)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_file_that_cannot_be_opened_as_the_disk_is_full_is_opened_once_there_is_room(
    tmp_path, monkeypatch, caplog
):
    errors = [StorageFullError("no space left")] * 2
    opened = SQLite.__init__

    def open_when_there_is_room(self, *args, **options):
        if errors:
            raise errors.pop()
        opened(self, *args, **options)

    monkeypatch.setattr(SQLite, "__init__", open_when_there_is_room)
    storage = from_url(f"sqlite:///{tmp_path}/a.db")
    assert storage.studies() == []
    assert "no space left" in caplog.text
    errors.append(StorageFullError("no space left"))
    with pytest.raises(StorageFullError):
        from_url(f"sqlite:///{tmp_path}/a.db?reconnect_s=0")


@linux
def test_a_study_on_a_full_disk_stops_with_the_reason_and_goes_on_later(tmp_path, script):
    out = script(
        """
        import resource, signal, sys
        import luthier

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        study = luthier.create_study(
            name="s", storage="sqlite:///a.db?reconnect_s=0", sampler="Random"
        )
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        kept = []

        def objective(trial):
            trial.set_tag("t", "x" * 2000)
            return trial.suggest_float("x", 0, 1)

        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
        try:
            study.optimize(objective, callbacks=[lambda s, row: kept.append(row)], progress=False)
        except luthier.errors.StorageFullError as e:
            assert "finished trials are safe" in str(e), e
        rows = {r.number: r for r in luthier.load_study("s", "a.db").trials}
        assert len(kept) > 20
        assert all(rows[r.number] == r or print(rows[r.number], r) for r in kept)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        study.optimize(objective, n_trials=5, progress=False)
        states = [r.state.name for r in study.trials]
        assert states.count("COMPLETE") == len(kept) + 5, states
        print(len(kept))
        """
    )
    assert int(out) > 20
    assert integrity(tmp_path / "a.db") == "ok"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"folder .*nowhere does not exist; make it first"):
        SQLite(tmp_path / "nowhere" / "a.db")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(StorageError, match=r"is a folder; expected a file"):
        SQLite(tmp_path)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", None])
def test_a_device_or_a_pipe_is_no_file(tmp_path, device):
    path = tmp_path / "a.db"
    if device is None:
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    with pytest.raises(StorageError, match=r"is a device or a pipe; expected a file"):
        SQLite(path).studies()


def test_a_file_locked_by_another_program_is_waited_for(tmp_path):
    storage = SQLite(tmp_path / "a.db")
    study = storage.create_study("s", {}).id
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    assert storage.add_trials(study, [done(0)]) == (0, 1)
    timer.join()
    other.close()


def test_a_file_locked_for_good_says_so(tmp_path, monkeypatch):
    storage = SQLite(tmp_path / "a.db")
    study = storage.create_study("s", {}).id
    monkeypatch.setattr("luthier.storages.sqlite_file._BUSY_S", 0.05)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="was locked by another process"):
        storage.add_trials(study, [done(0)])
    assert storage.rows(study) == []  # reading does not wait for writers
    other.close()
    assert storage.add_trials(study, [done(0)]) == (0, 1)


# -- addresses
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///a.db", "a.db"),
        ("sqlite:///sub/a", "sub/a"),
        ("sqlite:////{here}/a.db", "a.db"),
        ("sqlite:///with%20space%23%3F.db", "with space#?.db"),
        ("sqlite:///with#hash.db", "with#hash.db"),
        ("a.db", "a.db"),
        ("./sub/a.sqlite3", "sub/a.sqlite3"),
        ("100%25?x=#1.sqlite", "100%25?x=#1.sqlite"),
        ("ä 变.db", "ä 变.db"),
    ],
)
def test_addresses_and_the_files_they_mean(tmp_path, monkeypatch, url, path):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    storage = from_url(url.replace("/{here}", str(tmp_path)))
    assert isinstance(storage.inner, SQLite)
    assert storage.inner.path == tmp_path / path
    assert (tmp_path / path).exists()
    monkeypatch.chdir("/")
    again = from_url(storage.url)  # an address holds wherever one is
    assert again.inner.path == storage.inner.path
    assert from_url(tmp_path / "a.db").inner.path == tmp_path / "a.db"
    assert from_url(storage) is storage


def test_addresses_carry_options(tmp_path):
    storage = from_url(f"sqlite:///{tmp_path}/a.db?lease_s=2.5&max_retries=7")
    assert (storage.lease_s, storage.max_retries) == (2.5, 7)
    again = from_url(SQLite(tmp_path / "a.db", 1234567.125, 0).url)
    assert (again.lease_s, again.max_retries) == (1234567.125, 0)


def test_nothing_and_memory_are_memory():
    assert isinstance(from_url(None), InMemory)
    assert isinstance(from_url("memory://"), InMemory)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("luthier", "path ending in .db, got 'luthier'"),
        ("", "path ending in .db, got ''"),
        ("oracle://u:pw@host/db", "no storage 'oracle'.*u:\\*\\*\\*@host"),
        ("sqlite://", "expected a file"),
        ("sqlite:///", "expected a file"),
        ("sqlite:///:memory:", "storage=None is in memory"),
        (
            "sqlite:///a.db?lease=1",
            "expected lease_s or max_retries or reconnect_s after the '\\?', got 'lease'",
        ),
        ("sqlite:///a.db?lease_s=soon", "lease_s is a number, got 'soon'"),
        ("sqlite:///a.db?max_retries=1.5", "max_retries is a number, got '1.5'"),
        ("sqlite:///a.db?max_retries=", "max_retries is a number, got ''"),
        (5, "expected a URL .*got 5"),
    ],
)
def test_addresses_that_make_no_sense(tmp_path, monkeypatch, bad, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match=says):
        luthier.create_study(storage=bad)
    assert list(tmp_path.iterdir()) == []


def test_a_storage_can_be_pickled_and_reaches_the_same_file(tmp_path):
    storage = SQLite(tmp_path / "a.db", 5.0, 4)
    study = storage.create_study("s", {}).id
    storage.add_trials(study, [done(0)])
    again = pickle.loads(pickle.dumps(storage))
    assert (again.path, again.lease_s, again.max_retries) == (storage.path, 5.0, 4)
    again.add_trials(study, [done(1)])
    assert len(storage.rows(study)) == 2


def test_closing_lets_go_of_the_file_and_the_next_verb_opens_it(tmp_path):
    storage = SQLite(tmp_path / "a.db")
    study = storage.create_study("s", {}).id
    for i in range(3):
        storage.close()
        storage.close()
        assert [p.name for p in tmp_path.iterdir()] == ["a.db"]
        storage.add_trials(study, [done(i)])
    assert len(storage.rows(study)) == 3


# -- forks and crowds
# --------------------------------------------------------------------------------------------------

CROWD = """
    import os, sys, time
    from luthier.errors import *
    from luthier.storages import SQLite
    from luthier.trial import State, TrialRow

    def crowd(n, work):
        ready, start = os.pipe(), os.pipe()
        pids = []
        for i in range(n):
            pid = os.fork()
            if pid == 0:
                try:
                    os.read(start[0], 1)
                    work(i)
                    os._exit(0)
                except BaseException as e:
                    print(f"{type(e).__name__}: {e}", flush=True)
                    os._exit(1)
            pids.append(pid)
        os.write(start[1], b"." * n)
        return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
"""


def code(text):
    return CROWD + text


@linux
def test_sixteen_processes_may_open_the_same_new_file_at_once(tmp_path, script):
    script(
        code("""
    for round in range(5):
        def work(i):
            storage = SQLite(f"{round}.db")
            try:
                storage.create_study("s", {})
            except StudyExistsError:
                pass
            study = storage.study("s").id
            storage.add_trials(study, [TrialRow(number=0, state=State.COMPLETE, values=(i,))])

        assert crowd(16, work) == [0] * 16
        storage = SQLite(f"{round}.db")
        [study] = storage.studies()
        assert sorted(r.values[0] for r in storage.rows(study.id)) == list(range(16))
        """)
    )
    for i in range(5):
        assert integrity(tmp_path / f"{i}.db") == "ok"


@linux
def test_many_processes_lose_and_double_nothing(tmp_path, script):
    script(
        code("""
    storage = SQLite("a.db")
    study = storage.create_study("s", {}).id
    storage.add_trials(study, [TrialRow(number=0, state=State.WAITING) for _ in range(200)])

    def finish(number, token, by):
        storage.report(study, number, token, 1.0, by, None, {})
        values = (float(by),)
        row = TrialRow(number=number, state=State.COMPLETE, values=values, token=token)
        storage.finish(study, row)
        os.write(log, f"{number} {by}\\n".encode())

    def work(i):
        for number in range(200):
            row, _ = storage.claim(study, number, f"w{i}")
            if row is not None:
                finish(number, row.token, i)
        for _ in range(50):
            finish(storage.add_trials(study, [TrialRow(number=0, state=State.RUNNING)])[0], 1, i)

    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    assert crowd(8, work) == [0] * 8
        """)
    )
    log = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert sorted(int(number) for number, _ in log) == list(range(600))
    storage = SQLite(tmp_path / "a.db")
    rows = storage.rows(1)
    assert [r.number for r in rows] == list(range(600))
    assert {r.number: r.values for r in rows} == {int(number): (float(by),) for number, by in log}
    assert all(r.reports == ((1.0, r.values[0]),) and r.token == 1 for r in rows)
    assert storage.changes(1, 0).revision == 1 + 200 * 3 + 400 * 3
    assert integrity(tmp_path / "a.db") == "ok"


@linux
def test_forks_share_a_storage_object_while_threads_write(tmp_path, script):
    script(
        code("""
    import threading

    storage = SQLite("a.db")
    study = storage.create_study("s", {}).id
    go, written = True, 0

    def write():
        global written
        while go:
            storage.add_trials(study, [TrialRow(number=0, state=State.COMPLETE, values=(1.0,))])
            written += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=write)
    thread.start()
    for round in range(15):
        def work(i):
            assert storage.rows(study)
            for _ in range(3):
                storage.add_trials(study, [TrialRow(number=0, state=State.COMPLETE, values=(1.0,))])
        while written < round:
            time.sleep(0.001)
        pid = os.fork()
        if pid == 0:
            work(0)
            sys.exit(0)  # with all of the interpreter's own end
        assert os.waitpid(pid, 0)[1] == 0
    go = False
    thread.join()
    assert len(storage.rows(study)) == written + 15 * 3
        """)
    )
    assert integrity(tmp_path / "a.db") == "ok"


@pytest.mark.slow
def test_eight_processes_run_one_study(tmp_path, script):
    luthier.create_study(name="s", storage=str(tmp_path / "a.db"), sampler="Random")
    work = """
        import luthier
        study = luthier.load_study("s", "a.db", sampler="Random")
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=40, progress=False)
    """
    processes = [script.start(work) for _ in range(8)]
    for p in processes:
        out, _ = p.communicate()
        assert (p.returncode, out) == (0, "")
    rows = luthier.load_study("s", str(tmp_path / "a.db")).trials
    assert [r.number for r in rows] == list(range(320))
    assert all(
        r.state == State.COMPLETE and r.values == (r.params["x"],) and r.retries == 0 for r in rows
    )
    assert len({r.params["x"] for r in rows}) == 320
    assert len({r.worker for r in rows}) == 8


FORKING = """
import os, threading, time
from luthier.storages import SQLite

storages = [SQLite(f"{i}.db") for i in range(6)]
until = time.monotonic() + 2

def fork():
    while time.monotonic() < until:
        if (child := os.fork()) == 0:
            os._exit(0)
        os.waitpid(child, 0)

def use(storage):
    while time.monotonic() < until:
        storage.studies()

threads = [threading.Thread(target=fork, daemon=True) for _ in range(3)]
threads += [threading.Thread(target=use, args=(s,), daemon=True) for s in storages[:3]]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(*("free" if s._file._lock.acquire(timeout=60) else "locked" for s in storages), flush=True)
os._exit(0)
"""


@linux
def test_threads_may_fork_at_the_same_time(script):
    assert script(FORKING).split() == ["free"] * 6
