"""Studies in Optuna's databases and journals."""

import json
import math
import multiprocessing
import sqlite3

import pytest

import luthier.compat.optuna as optuna
from luthier.compat.optuna.storages.journal import JournalFileBackend
from luthier.compat.optuna.trial import TrialState
from luthier.errors import CompatError


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def journal(folder):
    return optuna.storages.JournalStorage(JournalFileBackend(str(folder / "optuna.log")))


def database(folder):
    return optuna.storages.RDBStorage(f"sqlite:///{folder}/optuna.db")


@pytest.fixture(params=[journal, database])
def open_storage(request, tmp_path):
    return lambda: request.param(tmp_path)


def objective(trial):
    x = trial.suggest_float("x", 1e-3, 1, log=True)
    kind = trial.suggest_categorical("kind", ["a", None, 1.5])
    trial.report(math.inf if trial.number else math.nan, 0)
    trial.report(x, 3)
    trial.set_user_attr("notes", {"kind": kind})
    if trial.number == 2:
        raise optuna.TrialPruned
    return math.inf if trial.number == 3 else x


def test_a_study_comes_back_as_it_was(open_storage):
    study = optuna.create_study(storage=open_storage(), study_name="s", direction="maximize")
    study.set_user_attr("who", ["me"])
    study.optimize(objective, n_trials=5)
    study.enqueue_trial({"x": 0.5})

    again = optuna.load_study(study_name="s", storage=open_storage())
    assert again.user_attrs == {"who": ["me"]}
    for old, new in zip(study.trials, again.trials, strict=True):
        assert repr(old) == repr(new)
    assert again.trials[3].value == math.inf
    again.optimize(objective, n_trials=1)
    assert len(study.trials) == 6
    assert study.trials[5].params["x"] == 0.5


def test_a_trial_that_is_over_stays_as_it_is(open_storage):
    storage = open_storage()
    study = optuna.create_study(storage=storage)
    study.optimize(lambda t: 1.0, n_trials=1)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study.study_id, 0)
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        storage.set_trial_user_attr(trial_id, "a", 1)
    with pytest.raises(KeyError):
        storage.get_trial(trial_id + 1)
    with pytest.raises(KeyError):
        storage.get_study_name_from_id(study.study_id + 1)


def test_a_parameter_may_not_become_something_else(open_storage):
    study = optuna.create_study(storage=open_storage())
    study.optimize(lambda t: t.suggest_int("x", 0, 5), n_trials=1)
    with pytest.raises(ValueError, match="kind"):
        study.optimize(lambda t: t.suggest_float("x", 0, 5), n_trials=1)


def work(url, n):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="shared", storage=url)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=n)


@pytest.mark.slow
def test_processes_share_a_study(tmp_path):
    url = f"sqlite:///{tmp_path}/shared.db"
    study = optuna.create_study(study_name="shared", storage=url)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work, args=(url, 10)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    trials = study.trials
    assert [t.number for t in trials] == list(range(20))
    assert {t.state for t in trials} == {TrialState.COMPLETE}


def test_a_silent_worker_loses_its_trial(tmp_path):
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{tmp_path}/beats.db",
            heartbeat_interval=60,
            grace_period=120,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        )
    study = optuna.create_study(storage=storage)
    with pytest.warns(UserWarning, match="optimize"):
        trial = study.ask()
    storage.record_heartbeat(trial.trial_id)
    with sqlite3.connect(tmp_path / "beats.db") as connection:
        connection.execute("UPDATE trial_heartbeats SET heartbeat = '2000-01-01 00:00:00'")
    study.optimize(lambda t: 1.0, n_trials=1)
    states = [t.state for t in study.trials]
    assert states == [TrialState.FAIL, TrialState.COMPLETE]
    assert study.trials[1].system_attrs["retry_history"] == [0]


def test_tables_of_another_schema_are_refused(tmp_path):
    optuna.create_study(storage=f"sqlite:///{tmp_path}/old.db")
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v1.2.0.a'")
    with pytest.raises(RuntimeError, match="optuna storage upgrade"):
        optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/old.db")
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v99'")
    with pytest.raises(RuntimeError, match="not known here"):
        optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/old.db")


def test_what_is_no_storage_is_refused(tmp_path):
    with pytest.raises(CompatError, match="sqlite://"):
        optuna.create_study(storage="oracle://host/db")
    with pytest.raises(ValueError, match="JournalRedisBackend"):
        optuna.create_study(storage="redis://host")
    with pytest.raises(CompatError, match="luthier serve"):
        optuna.storages.GrpcStorageProxy(host="localhost")
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE studies (id INTEGER)")
    with pytest.raises(CompatError, match="no studies of Optuna"):
        optuna.create_study(storage=f"sqlite:///{tmp_path}/other.db")


def test_half_an_entry_at_the_end_of_a_journal_is_left_out(tmp_path):
    study = optuna.create_study(storage=journal(tmp_path), study_name="s")
    study.optimize(objective, n_trials=1)
    path = tmp_path / "optuna.log"
    with path.open("a") as file:
        file.write('{"op_code": 4')
    assert len(optuna.load_study(study_name="s", storage=journal(tmp_path)).trials) == 1
    with path.open("a") as file:
        file.write("\n" + json.dumps({"op_code": 1, "worker_id": "", "study_id": 9}) + "\n")
    with pytest.raises(ValueError):
        journal(tmp_path)


@pytest.mark.external("optuna")
def test_optuna_reads_and_continues_what_was_written(tmp_path, open_storage):
    import optuna as original

    original.logging.set_verbosity(original.logging.ERROR)
    study = optuna.create_study(storage=open_storage(), study_name="s")
    study.optimize(objective, n_trials=4)
    if (tmp_path / "optuna.db").exists():
        theirs = original.storages.RDBStorage(f"sqlite:///{tmp_path}/optuna.db")
    else:
        backend = original.storages.journal.JournalFileBackend(str(tmp_path / "optuna.log"))
        theirs = original.storages.JournalStorage(backend)
    other = original.load_study(study_name="s", storage=theirs)
    assert [t.params for t in other.trials] == [t.params for t in study.trials]
    assert [t.datetime_start for t in other.trials] == [t.datetime_start for t in study.trials]
    other.optimize(lambda t: t.suggest_float("x", 1e-3, 1, log=True), n_trials=2)
    assert [t.values for t in study.trials] == [t.values for t in other.trials]
