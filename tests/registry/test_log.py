"""A log of events: what every process that appends to it, and whoever reads it, may rely on."""

import multiprocessing
import os
import signal
import sqlite3
import time

import msgspec
import pytest
from tests.support.storages import opened

from luthier.errors import RegistryError
from luthier.registry import Draft, Log
from luthier.storages import SQLite

KINDS = ["memory", "sqlite", "http", "postgresql", "redis"]


def note(subject, after=None):
    return lambda events: [Draft(action="noted", subject=subject, after=after)]


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_read_as_they_were_appended(kind, tmp_path):
    with opened(kind, tmp_path) as storage:
        log = Log(storage, "model a", actor="ada")
        after = {"x": float("1e-300"), "deep": [1, {"name": "名"}], "none": None}
        log.append(note("first", after))
        log.append(note("second"))

        events = Log(storage, "model a").read()

        assert [e.subject for e in events] == ["first", "second"]
        assert events[0].after == after
        assert [e.number for e in events] == [0, 1]
        assert {e.actor for e in events} == {"ada"}
        assert events == log.read()
        assert log.verify() is None


def test_a_log_that_nobody_wrote_to_is_empty_and_holds(tmp_path):
    log = Log(SQLite(tmp_path / "a.db"), "model a")
    assert log.read() == ()
    assert log.verify() is None
    assert log.storage.studies() == []


def test_a_decision_to_change_nothing_appends_nothing(tmp_path):
    log = Log(SQLite(tmp_path / "a.db"), "model a")
    assert log.append(lambda events: []) == []
    assert log.read() == ()


def test_a_decision_is_asked_again_where_another_process_was_quicker(tmp_path):
    mine = Log(SQLite(tmp_path / "a.db"), "model a")
    theirs = Log(SQLite(tmp_path / "a.db"), "model a")
    seen = []

    def decide(events):
        seen.append(len(events))
        if len(seen) == 1:
            theirs.append(note("theirs"))
        return [Draft(action="noted", subject=f"after {len(events)}")]

    assert [e.subject for e in mine.append(decide)] == ["after 1"]
    assert seen == [0, 1]


def test_several_events_are_appended_together_or_not_at_all(tmp_path):
    mine = Log(SQLite(tmp_path / "a.db"), "model a")
    theirs = Log(SQLite(tmp_path / "a.db"), "model a")
    seen = []

    def decide(events):
        seen.append(len(events))
        if len(seen) == 1:
            theirs.append(note("theirs"))
        return [Draft(action="noted", subject="a"), Draft(action="noted", subject="b")]

    mine.append(decide)
    assert [e.subject for e in mine.read()] == ["theirs", "a", "b"]
    assert mine.verify() is None


def append_many(path, name, n):
    log = Log(SQLite(path), "model a", actor=name)
    for i in range(n):
        log.append(lambda events, i=i: [Draft(action="noted", subject=f"{name} {i}")])


def test_events_of_several_processes_are_one_chain_without_gap_or_double(tmp_path):
    path = tmp_path / "a.db"
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=append_many, args=(path, f"w{i}", 10)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    log = Log(SQLite(path), "model a")
    subjects = [e.subject for e in log.read()]
    assert sorted(subjects) == sorted(f"w{i} {j}" for i in range(3) for j in range(10))
    assert log.verify() is None


def append_for_ever(path, ready):
    log = Log(SQLite(path), "model a")
    while True:
        log.append(lambda events: [Draft(action="noted", subject=str(len(events)))])
        ready.set()


def test_a_kill_leaves_whole_events_only(tmp_path):
    path = tmp_path / "a.db"
    spawn = multiprocessing.get_context("spawn")
    for _ in range(2):
        ready = spawn.Event()
        worker = spawn.Process(target=append_for_ever, args=(path, ready))
        worker.start()
        ready.wait()
        time.sleep(0.05)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()

        log = Log(SQLite(path), "model a")
        assert log.verify() is None
        assert [e.subject for e in log.read()] == [str(i) for i in range(len(log.read()))]


def write_six(folder):
    """A file with a log of six events, "subject 0" to "subject 5"."""
    path = folder / "a.db"
    log = Log(SQLite(path), "model a")
    for i in range(6):
        log.append(note(f"subject {i}"))
    log.storage.close()
    return path


def rewrite(path, number, change):
    """Change the body of an event in the file, with the checksum that luthier checks rows by."""
    from luthier.storages.checksums import checksum_trial

    db = sqlite3.connect(path)
    study, state, token, retries, body = db.execute(
        "SELECT study, state, token, retries, body FROM luthier_trials WHERE number = ?", (number,)
    ).fetchone()
    changed = change(body)
    assert changed != body
    checksum = checksum_trial(study, number, state, token, retries, changed)
    db.execute(
        "UPDATE luthier_trials SET body = ?, checksum = ? WHERE number = ?",
        (changed, checksum, number),
    )
    db.commit()
    db.close()


@pytest.mark.parametrize("number", [0, 3, 5])
def test_an_event_that_somebody_rewrote_is_named(tmp_path, number):
    path = write_six(tmp_path)

    rewrite(path, number, lambda body: body.replace(f"subject {number}", f"subject X{number}"))

    log = Log(SQLite(path), "model a")
    assert log.verify().number == number
    with pytest.raises(RegistryError, match=f"event {number} of the log 'model a' does not fit"):
        log.read()


@pytest.mark.parametrize("bit", [0, 5, 7])
def test_a_byte_that_is_flipped_anywhere_in_an_event_is_named(tmp_path, bit):
    path = write_six(tmp_path)
    whole = path.read_bytes()
    at = whole.index(b"subject 4")
    row = range(whole.rindex(b'{"values"', 0, at), whole.index(b"finished_s", at))

    for place in row[:: len(row) // 20]:
        broken = bytearray(whole)
        broken[place] ^= 1 << bit
        path.write_bytes(broken)
        log = Log(SQLite(path), "model a")
        assert log.verify().number == 4
        with pytest.raises(RegistryError, match="event 4"):
            log.read()
        log.storage.close()


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ("UPDATE luthier_trials SET state = 7 WHERE number = 2", 2),
        ("UPDATE luthier_trials SET checksum = 7 WHERE number = 3", 3),
        ("UPDATE luthier_trials SET number = 9 WHERE number = 4", 4),
        ("DELETE FROM luthier_trials WHERE number = 1", 1),
        ("DELETE FROM luthier_trials WHERE number = 5", 5),
        ("UPDATE luthier_studies SET n_trials = 7", 6),
    ],
)
def test_a_row_that_somebody_changed_or_took_away_is_named(tmp_path, change, number):
    path = write_six(tmp_path)
    db = sqlite3.connect(path)
    db.execute(change)
    db.commit()
    db.close()

    log = Log(SQLite(path), "model a")
    assert log.verify().number == number
    with pytest.raises(RegistryError, match=f"the log 'model a' is damaged: event {number}"):
        log.read()


def test_an_event_of_a_newer_luthier_is_refused(tmp_path, monkeypatch):
    storage = SQLite(tmp_path / "a.db")
    with monkeypatch.context() as newer:
        newer.setattr("luthier.registry.log._FORM", 99)
        Log(storage, "model a").append(note("new"))
    with pytest.raises(RegistryError, match="newer luthier"):
        Log(storage, "model a").read()


def test_who_appends_is_named_without_being_told(tmp_path):
    log = Log(SQLite(tmp_path / "a.db"), "model a")
    assert "@" in log.append(note("x"))[0].actor
    assert msgspec.json.encode(log.read()[0])
