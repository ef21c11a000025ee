"""Whatever is stored has a checksum: what a disk has changed is never read as something else."""

import contextlib
import os
import random
import re
import shutil
import sqlite3
import time

import pytest
from tests.support.servers import parameters, shared

import luthier
from luthier.errors import StorageDamagedError
from luthier.storages import SQLite, from_url
from luthier.storages.redis_server import send_command

CHANGES = {  # what becomes of a row; each is the change of a value, and no torn file
    "a param": "UPDATE luthier_trials SET body = replace(body, '0.25', '0.75') WHERE number = 1",
    "a value": "UPDATE luthier_trials SET body = replace(body, '[0.2', '[0.3') WHERE number = 1",
    "a state": "UPDATE luthier_trials SET state = 4 WHERE number = 1",
    "a token": "UPDATE luthier_trials SET token = 7 WHERE number = 1",
    "retries": "UPDATE luthier_trials SET retries = 1 WHERE number = 1",
    "a body of another trial": "UPDATE luthier_trials SET body = (SELECT body FROM luthier_trials "
    "WHERE number = 0) WHERE number = 1",
    "a reported value": "UPDATE luthier_reports SET value = 0.5 WHERE number = 1",
    "a reported step": "UPDATE luthier_reports SET step = 9 WHERE number = 1 AND step = 2",
    "a report of no trial": "UPDATE luthier_reports SET number = 99 WHERE number = 1",
    "no checksum": "UPDATE luthier_trials SET checksum = NULL WHERE number = 1",
    "the settings": "UPDATE luthier_studies SET spec = replace(spec, '\"seed\":1', '\"seed\":3')",
}


def fill(url):
    study = luthier.create_study("s", url, seed=1, sampler="random")
    for x in (0.5, 0.25, 0.125):
        study.enqueue({"x": x})

    def objective(trial):
        trial.report(1.5, 1)
        trial.report(-0.0, 2)
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=3, progress=False)
    trials = study.trials
    study.storage.close()
    return trials


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_is_refused_and_the_study_named(tmp_path, change):
    path = tmp_path / "a.db"
    fill(str(path))
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        assert db.execute(CHANGES[change]).rowcount
    with pytest.raises(StorageDamagedError, match="study 's'"):
        luthier.load_study("s", str(path)).trials


@pytest.mark.parametrize("kind", parameters("postgresql", "mysql"))
@pytest.mark.parametrize("change", ["a param", "a state", "no checksum", "the settings"])
def test_a_changed_row_on_a_server_is_refused_too(kind, change):
    url = shared(kind).fresh()
    fill(url)
    storage = from_url(url)
    with storage.inner._write() as db:
        db.execute(CHANGES[change])
    with pytest.raises(StorageDamagedError, match="study 's'"):
        luthier.load_study("s", storage).trials
    storage.close()


KEYS = {  # what becomes of a key or a field of it, and how it is written then
    "a param": ("rows", "1", b"0.25", b"0.75"),
    "a value": ("rows", "1", b"[0.25", b"[0.35"),
    "a state": ("rows", "1", b"3 1 ", b"4 1 "),
    "a token": ("rows", "1", b"3 1 ", b"3 7 "),
    "a reported value": ("reports:1", "1.0", b"1.5", b"0.5"),
    "a reported list": ("reports:1", "1.0", b"1.5", b"[2]"),
    "the settings": ("", "spec", b'"seed":1', b'"seed":3'),
}


@pytest.mark.parametrize("change", KEYS)
def test_a_changed_key_of_redis_is_refused_and_the_study_named(change):
    url = shared("redis").fresh()
    fill(url)
    storage = from_url(url)
    key, field, old, new = KEYS[change]
    pool, study = storage.inner._open(), "luthier:studies:1"
    at = f"{study}:{key}" if key else study
    stored = send_command(pool, "HGET", at, field)
    assert old in stored
    send_command(pool, "HSET", at, field, stored.replace(old, new, 1))
    if key.startswith("reports"):  # which stand in the log, too
        for i, entry in enumerate(send_command(pool, "LRANGE", f"{study}:log", 0, -1)):
            if entry.startswith(b"\n1 1.0 "):
                send_command(pool, "LSET", f"{study}:log", i, entry.replace(old, new, 1))
    with pytest.raises(StorageDamagedError, match="study 's'"):
        luthier.load_study("s", storage).trials
    if key:
        with pytest.raises(StorageDamagedError, match="study 's'"):
            storage.rows(1, [1])
        row, n_damaged = storage.salvage(1, 1)
        assert (row is None, n_damaged) == ((True, 0) if key == "rows" else (False, 1))
    storage.close()


def test_what_redis_held_before_there_were_checksums_is_read_and_gets_them():
    url = shared("redis").fresh()
    fill(url)
    storage = from_url(url)
    truth = storage.rows(1)
    pool, study = storage.inner._open(), "luthier:studies:1"
    send_command(pool, "HDEL", study, "checksum")
    for number in range(3):
        row = send_command(pool, "HGET", f"{study}:rows", number)
        send_command(pool, "HSET", f"{study}:rows", number, re.sub(rb"\.[0-9a-f]{8} {", b" {", row))
        for step in (b"1.0", b"2.0"):
            value = send_command(pool, "HGET", f"{study}:reports:{number}", step)
            send_command(pool, "HSET", f"{study}:reports:{number}", step, value.split(b" ")[0])
    for i, entry in enumerate(send_command(pool, "LRANGE", f"{study}:log", 0, -1)):
        send_command(pool, "LSET", f"{study}:log", i, re.sub(rb" [0-9a-f]{8}$", b"", entry))
    assert storage.rows(1) == truth
    assert storage.rows(1, [0, 1, 2]) == truth
    study = luthier.load_study("s", storage)
    study.set_catch_as("infeasible")
    study.tell(study.ask(), 1.0)
    assert send_command(pool, "HGET", "luthier:studies:1", "checksum")
    storage.close()


@pytest.mark.parametrize("kind", parameters("sqlite", "postgresql", "mysql", "redis"))
def test_every_verb_leaves_rows_that_can_be_read(tmp_path, kind):
    url = str(tmp_path / "a.db") if kind == "sqlite" else shared(kind).fresh()
    trials = fill(url)
    study = luthier.load_study("s", url)
    assert study.trials == trials
    study.enqueue({"x": 0.5}, tags={"ü": [1, None]})
    trial = study.ask()
    trial.report(float("inf"), 1)
    study.tell(trial, 1e-310)
    study.set_catch_as("infeasible")
    assert luthier.load_study("s", url).trials == study.trials
    study.storage.close()


@pytest.mark.parametrize("what", ["a bit", "a page of another place"])
def test_damage_anywhere_in_a_file_is_told_or_does_no_harm(tmp_path, what):
    path = tmp_path / "a.db"
    truth = fill(str(path))
    whole = path.read_bytes()
    n_told = 0
    for seed in range(80):
        r = random.Random(seed)
        torn = bytearray(whole)
        if what == "a bit":
            torn[r.randrange(len(torn))] ^= 1 << r.randrange(8)
        else:
            i, k = (4096 * page for page in r.sample(range(1, len(torn) // 4096), 2))
            torn[i : i + 4096] = whole[k : k + 4096]
        copy = tmp_path / f"{seed}.db"
        copy.write_bytes(torn)
        try:
            study = luthier.load_study("s", str(copy))
        except StorageDamagedError:
            n_told += 1
            continue
        assert study.trials == truth
        study.storage.close()
    assert n_told


# -- the write-ahead log


@pytest.mark.parametrize("is_settled", [True, False], ids=["settled", "new"])
@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_a_log_that_vanishes_in_use_is_told_of_and_nothing_acknowledged_is_lost(
    tmp_path, end, is_settled, monkeypatch
):
    path = tmp_path / "a.db"
    study = luthier.create_study("s", str(path), seed=1, sampler="random")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=5, progress=False)
    if is_settled:  # nothing has happened in the folder for long
        monkeypatch.setattr("luthier.storages.sqlite_file._TICK_NS", 0)
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2, progress=False)
    truth = study.trials
    os.unlink(f"{path}{end}")
    with pytest.raises(StorageDamagedError, match="all that was acknowledged is in the file"):
        study.ask()
    assert luthier.load_study("s", str(path)).trials[: len(truth)] == truth


@pytest.mark.parametrize("is_trusted", [True, False], ids=["times change", "no times"])
def test_a_copy_that_is_put_back_in_use_with_the_times_of_then_is_told_of(
    tmp_path, is_trusted, monkeypatch
):
    path = tmp_path / "a.db"
    monkeypatch.setattr("luthier.storages.sqlite_file._TICK_NS", 0)
    study = luthier.create_study("s", str(path), seed=1, sampler="random")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3, progress=False)
    if not is_trusted:  # as in folders that keep no times
        monkeypatch.setattr("luthier.storages.sqlite_file._state_of", lambda _: (0, 0, 0, 0))
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3, progress=False)
        time.sleep(1.0)
    then = os.stat(tmp_path)
    shutil.copy(path, tmp_path / "copy")
    os.replace(tmp_path / "copy", path)
    os.unlink(f"{path}-wal")
    os.unlink(f"{path}-shm")
    os.utime(tmp_path, ns=(then.st_atime_ns, then.st_mtime_ns))
    with pytest.raises(StorageDamagedError, match="was deleted or replaced"):
        study.ask()


def test_the_log_beside_what_a_link_leads_to_is_watched_and_missed(tmp_path):
    target, link = tmp_path / "there" / "b.db", tmp_path / "a.db"
    target.parent.mkdir()
    target.touch()
    link.symlink_to(target)
    study = luthier.create_study("s", str(link), seed=1, sampler="random")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=5, progress=False)
    truth = study.trials
    os.unlink(f"{target}-wal")
    with pytest.raises(StorageDamagedError, match="all that was acknowledged is in the file"):
        study.ask()
    assert luthier.load_study("s", str(link)).trials[:5] == truth


def leave_log(path, script):
    """A process makes a study of five trials in a file, and ends without closing it."""
    script(f"""
        import os, luthier
        study = luthier.create_study("s", {str(path)!r}, seed=1, sampler="random")
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=5, progress=False)
        os._exit(0)
    """)


def test_a_log_that_is_missing_when_a_file_is_opened_is_told_of(tmp_path, script):
    path = tmp_path / "a.db"
    leave_log(path, script)
    os.unlink(f"{path}-wal")
    with pytest.raises(StorageDamagedError, match=r"lacks its write-ahead log a\.db-wal"):
        SQLite(path)


def test_a_log_that_is_left_by_a_killed_process_is_read(tmp_path, script):
    path = tmp_path / "a.db"
    leave_log(path, script)
    assert os.path.getsize(f"{path}-wal") > 0
    assert len(luthier.load_study("s", str(path)).trials) == 5
