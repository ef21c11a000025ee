"""PostgreSQL and MariaDB: what is special to databases on a server."""

import multiprocessing
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace
from tests.support.servers import KINDS, parameters, shared

import luthier
from luthier.errors import (
    StorageDeniedError,
    StorageError,
    StorageUnreachableError,
    StorageVersionError,
)
from luthier.storages import SQL, from_url
from luthier.storages.base import SCHEMA
from luthier.trial.record import State, TrialRow

DATABASES = parameters("postgresql", "mysql")
DONE = TrialRow(number=-1, state=State.COMPLETE, values=(1.0,), params={"x": 1})


@pytest.fixture(params=DATABASES)
def kind(request):
    return request.param


@pytest.fixture
def url(kind):
    return shared(kind).fresh()


def tables(storage, statement, *args):
    """Does something to the tables behind a storage's back."""
    with storage._write() as db:
        return db.execute(statement, args)


def test_a_study_moves_to_a_server_by_its_url_alone(url):
    study = luthier.create_study("s", url, seed=0)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=5, n_jobs=2)
    again = luthier.load_study("s", url)
    assert [r.state for r in again.trials] == [State.COMPLETE] * 5
    assert again.best_value == study.best_value


def test_a_database_is_told_from_others_and_known_again(kind, url):
    same = [from_url(each) for each in (url, f"{url}?lease_s=5")]
    other = from_url(shared(kind).fresh())
    for storage in (*same, other):
        storage.studies()
    assert same[0].database == same[1].database
    assert same[0].database != other.database
    assert len(other.database.rpartition("/")[0]) > 10  # what tells the server


def test_a_password_is_never_shown(kind):
    storage = from_url(f"{kind}://anna:s%40cret@127.0.0.1:9/x?reconnect_s=0")
    assert "s%40cret" in storage.url  # another process needs it
    with pytest.raises(
        StorageUnreachableError, match=r"anna:\*\*\*@127.0.0.1:9/x does not answer"
    ) as e:
        storage.studies()
    for text in (repr(storage), str(e.value), repr(e.value)):
        assert "cret" not in text


def test_a_wrong_user_and_a_missing_database_are_told_apart(kind, url):
    place = url.split("@")[1].split("/")[0]
    user = url.split("//")[1].split("@")[0]
    with pytest.raises(StorageError, match="must exist"):
        from_url(f"{kind}://{user}@{place}/nowhere").studies()
    with pytest.raises(StorageDeniedError if kind == "mysql" else StorageError, match="nobody"):
        from_url(f"{kind}://nobody@{place}/{url.rsplit('/', 1)[1]}").studies()


@pytest.mark.parametrize("text", ["postgresql://host:port/x", "mysql://u:p@:::/x"])
def test_what_is_no_url_says_so_without_the_password(text):
    with pytest.raises(StorageError, match="no URL of a database") as e:
        from_url(text + "?reconnect_s=0").studies()
    assert "u:p" not in str(e.value)


def test_tables_of_another_schema_are_refused(kind, url):
    storage = SQL(url)
    storage.create_study("s", {})
    assert storage.upgrade() == (SCHEMA, SCHEMA)
    tables(storage, "UPDATE luthier_schema SET version = 99")
    storage.close()
    with pytest.raises(StorageVersionError, match=f"schema 99, this luthier reads up to {SCHEMA}"):
        storage.studies()
    other = SQL(url)
    with pytest.raises(StorageVersionError):
        other.upgrade()
    other.close()
    storage.close()


def make_older(storage, schema):
    """Give the tables of a storage the form that they had in an older schema."""
    tables(storage, "ALTER TABLE luthier_studies DROP COLUMN spec_revision")
    for table in ("studies", "trials", "reports"):
        tables(storage, f"ALTER TABLE luthier_{table} DROP COLUMN checksum")
    tables(storage, "UPDATE luthier_schema SET version = ?", schema)


def test_tables_of_the_first_schema_are_upgraded_in_place(url):
    storage = SQL(url)
    study = luthier.create_study("s", storage, seed=0)
    study.optimize(lambda trial: trial.report(1.5, 1) or trial.suggest_float("x", 0, 1), n_trials=3)
    trials = study.trials
    make_older(storage, 3)
    # As one that was cut off leaves them on MySQL:
    tables(storage, "ALTER TABLE luthier_trials ADD COLUMN checksum BIGINT")
    assert storage.upgrade() == (3, SCHEMA)
    again = luthier.load_study("s", storage)
    assert again.trials == trials
    again.optimize(
        lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1), n_trials=2
    )
    assert luthier.load_study("s", storage).space.names == ("x", "y")
    storage.close()


def test_tables_of_an_older_schema_are_left_to_whoever_upgrades(kind, url, monkeypatch):
    from luthier.storages import sql_dialects

    storage = SQL(url)
    storage.create_study("s", {})
    make_older(storage, 2)
    storage.close()
    with pytest.raises(StorageVersionError, match="luthier storage upgrade"):
        storage.studies()
    with pytest.raises(StorageVersionError, match="no way"):
        storage.upgrade()
    monkeypatch.setitem(
        sql_dialects.UPGRADES,
        2,
        "UPDATE luthier_studies SET spec = '{{\"new\": 1}}'; DELETE FROM luthier_trials",
    )
    assert storage.upgrade() == (2, SCHEMA)
    assert storage.study("s").spec == {"new": 1}
    storage.close()


def test_whoever_comes_first_makes_the_tables_and_nobody_else(url):
    storages = [SQL(url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda s: s.create_study(f"study {id(s)}", {}).id, storages))
    assert len(set(made)) == 8
    assert len(storages[0].studies()) == 8
    for storage in storages:
        storage.close()


def test_one_connection_stays_whatever_the_threads_did(kind, url):
    storage = SQL(url)
    study = storage.create_study("s", {}).id
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: storage.add_trials(study, [DONE]), range(60)))
    assert storage.study("s").n_trials == 60
    assert storage._open().pool.checkedin() == 1
    storage.close()


def test_it_can_be_sent_to_another_process(url):
    storage = from_url(f"{url}?lease_s=7&max_retries=1&reconnect_s=3")
    storage.create_study("s", {})
    for again in (pickle.loads(pickle.dumps(storage)), from_url(storage.url)):
        assert (again.lease_s, again.max_retries, again.reconnect_s, again.folder) == (
            7.0,
            1,
            3.0,
            storage.folder,
        )
        assert [s.name for s in again.studies()] == ["s"]
        again.close()
    storage.close()


def forked(storage, study, pipe):
    pipe.send([storage.add_trials(study, [DONE])[0] for _ in range(20)])


def test_a_fork_uses_connections_of_its_own(url):
    storage = from_url(url)
    study = storage.create_study("s", {}).id
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(
        target=forked, args=(storage, study, theirs)
    )
    child.start()
    numbers = [storage.add_trials(study, [DONE])[0] for _ in range(20)]
    assert sorted(numbers + ours.recv()) == list(range(40))
    child.join()
    storage.close()


def test_a_worker_that_hangs_with_a_lock_does_not_stop_the_others(kind, url, monkeypatch):
    """It holds the study's row: the server ends its transaction."""
    from luthier.storages import sql

    dialect = sql.DIALECTS[kind]
    shorter = [
        s.replace("30000", "1500").replace("timeout = 30", "timeout = 2") for s in dialect.session
    ]
    monkeypatch.setitem(sql.DIALECTS, kind, replace(dialect, session=tuple(shorter)))
    hangs, works = SQL(url), SQL(url)
    study = works.create_study("s", {}).id

    def hang():
        with hangs._write() as db:
            hangs._raise_revision(db, study)
            assert works.add_trials(study, [DONE]) == (
                0,
                1,
            )  # waits until the other's transaction is gone
            db.execute("SELECT 1")

    with pytest.raises(StorageUnreachableError):
        hang()
    hangs.close()
    works.close()


def test_a_trial_costs_two_transactions_and_few_statements(kind, url, monkeypatch):
    from luthier.storages import sql

    seen = []
    execute = sql.Connection.execute
    monkeypatch.setattr(
        sql.Connection, "execute", lambda self, s, *a: (seen.append(s), execute(self, s, *a))[1]
    )
    study = luthier.create_study("s", url, sampler="Random", seed=0)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    seen.clear()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=10)
    assert sum(s == "BEGIN" for s in seen) <= 2 * 10 + 1
    assert len(seen) <= 14 * 10


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_was_acknowledged_survives_the_server(kind, how, eventually):
    """Threads add and finish trials while the server is stopped, or killed, three times."""
    with KINDS[kind]() as server:
        storage = from_url(f"{server.fresh()}?reconnect_s=60")
        study = storage.create_study("s", {}).id
        over = threading.Event()
        acknowledged = []
        problems = []

        def work(name):
            try:
                while not over.is_set():
                    new = TrialRow(number=-1, state=State.RUNNING, worker=name, token=1)
                    number, _ = storage.add_trials(study, [new])
                    value = float(time.monotonic())
                    end = TrialRow(
                        number=number,
                        state=State.COMPLETE,
                        values=(value,),
                        token=1,
                        finished_s=value,
                    )
                    storage.finish(study, end)
                    acknowledged.append((number, value))
            except Exception as e:
                problems.append(e)

        threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
        for t in threads:
            t.start()
        for wanted in (6, 12, 18):
            eventually(lambda wanted=wanted: len(acknowledged) >= wanted or problems)
            getattr(server, how)()
            time.sleep(0.2)
            server.start()
        eventually(lambda: len(acknowledged) >= 24 or problems)
        over.set()
        for t in threads:
            t.join()
        rows = storage.rows(study)
        storage.close()
    assert problems == []
    assert sorted(acknowledged) == [
        (r.number, r.values[0]) for r in rows
    ]  # none lost, none doubled, none half done


def test_a_clock_that_is_set_wrong_on_a_worker_does_not_matter(url, monkeypatch):
    storage = from_url(f"{url}?lease_s=5")
    study = storage.create_study("s", {}).id
    storage.add_trials(study, [TrialRow(number=-1, state=State.RUNNING)])
    right = time.time()
    monkeypatch.setattr(time, "time", lambda: right + 86_400)
    assert storage.claim(study, 0, "me")[0] is None  # its lease still runs, by the server's clock
    assert abs(storage.now() - right) < 60
    storage.close()


def test_workers_that_are_too_many_for_the_server_wait_for_each_other(kind):
    few = ("-c", "max_connections=6") if kind == "postgresql" else ("--max-connections=6",)
    with KINDS[kind](None, *few) as server:
        url = server.fresh()
        first = from_url(url)
        first.create_study("s", {})
        storages = [from_url(f"{url}?reconnect_s=60") for _ in range(12)]

        def work(storage):
            for _ in range(3):
                storage.add_trials(1, [DONE])
            storage.close()

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(work, storages))
        assert first.study("s").n_trials == 36
        first.close()


@pytest.mark.external("mariadbd")
def test_the_clock_of_the_server_is_right_in_the_hour_that_comes_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    with KINDS["mysql"]() as server:
        storage = SQL(server.fresh())
        storage.studies()
        for moment in (
            1_761_438_599.5,
            1_761_440_399.5,
            1_761_440_400.5,
        ):  # October 2025, 2 and 3 o'clock
            with storage._connect() as db:
                db.execute(f"SET timestamp = {moment}")
                assert db.execute(storage._dialect.now).fetchone() == (moment,)
        storage.close()


def test_threads_that_wait_for_a_lock_need_no_second_connection(kind, url):
    """The clock falls due to be read while all of them wait."""
    storage = SQL(url)
    study = storage.create_study("s", {}).id
    with ThreadPoolExecutor(20) as pool:
        with storage._write() as db:
            storage._lock_study(db, study)
            waiting = [pool.submit(storage.release, study, 0, 1, False) for _ in range(20)]
            time.sleep(0.5)
            storage._clock._read_again_s = 0.0
        outcomes = [type(f.exception()).__name__ for f in waiting]
    assert set(outcomes) == {"TrialError"}
    storage.close()


@pytest.mark.parametrize("query", ["host=a&host=b", "bogus=1"])
def test_options_that_make_no_sense_are_told_at_once(query):
    with pytest.raises(StorageError, match=r"twice|invalid") as e:
        from_url(f"postgresql://u@127.0.0.1:9/x?{query}").studies()
    assert not isinstance(e.value, StorageUnreachableError)


@pytest.mark.parametrize("query", ["bogus=1", "read_timeout=-1"])
def test_options_that_the_driver_of_mysql_does_not_know_are_told_at_once(query):
    with pytest.raises(StorageError, match="what may follow") as e:
        from_url(f"mysql://u:secret@127.0.0.1:9/x?{query}").studies()
    assert not isinstance(e.value, StorageUnreachableError)
    assert "secret" not in str(e.value)
