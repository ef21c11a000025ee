"""Studies of Optuna come in, and go back."""

import contextlib
import math
import sqlite3

import pytest
from click.testing import CliRunner

import luthier
import luthier.compat.optuna as optuna
from luthier.cli import cli


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def call(*words):
    return CliRunner().invoke(cli, list(words), prog_name="luthier")


def objective(trial):
    x = trial.suggest_float("x", 1e-3, 1, log=True)
    kind = trial.suggest_categorical("kind", ["a", None, 2])
    trial.set_user_attr("note", [kind])
    trial.set_constraint("least", 0.01 - x)
    trial.report(math.nan if trial.number == 1 else x, 4)
    if trial.number == 2:
        raise optuna.TrialPruned
    return math.nan if trial.number == 3 else x


def test_a_study_comes_in_with_all_that_it_has_and_goes_back(tmp_path):
    there, here = f"sqlite:///{tmp_path}/optuna.db", f"sqlite:///{tmp_path}/luthier.db"
    study = optuna.create_study(storage=there, study_name="s", direction="maximize")
    study.optimize(objective, n_trials=5)
    study.enqueue_trial({"x": 0.5})

    done = call("import", there, "--storage", here)
    assert (done.exit_code, done.output) == (0, "s: 6 trials\n")
    copied = luthier.load_study("s", storage=here)
    assert copied.direction == "maximize"
    for old, new in zip(study.trials[:5], copied.trials, strict=False):
        assert new.params == old.params
        assert new.values == (None if old.values is None else tuple(old.values))
        assert new.tags == old.user_attrs
        assert new.constraints == old.constraints
        assert new.started_s == pytest.approx(old.datetime_start.timestamp())
        assert [s for s, _ in new.reports] == [4.0]
    states = [row.state.name for row in copied.trials]
    assert states == ["COMPLETE", "COMPLETE", "PRUNED", "FAILED", "COMPLETE", "WAITING"]
    assert copied.trials[5].params == {"x": 0.5}

    back = str(tmp_path / "journal.log")
    assert call("export", "s", "--storage", here, "--optuna", back).exit_code == 0
    journal = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(back))
    returned = optuna.load_study(study_name="s", storage=journal)
    for old, new in zip(study.trials[:5], returned.trials, strict=False):
        assert (old.state, old.params, old.values) == (new.state, new.params, new.values)
        assert old.user_attrs == new.user_attrs
    assert returned.best_trial.number == study.best_trial.number
    returned.optimize(objective, n_trials=1)
    assert returned.trials[5].params["x"] == 0.5


def test_what_is_not_there_or_taken_is_named(tmp_path):
    here = f"sqlite:///{tmp_path}/luthier.db"
    assert "no database" in call("import", f"sqlite:///{tmp_path}/none.db").output
    assert "no journal" in call("import", str(tmp_path / "none.log")).output
    there = f"sqlite:///{tmp_path}/optuna.db"
    optuna.create_study(storage=there, study_name="s")
    assert "no study 't'" in call("import", there, "--study", "t", "--storage", here).output
    assert call("import", there, "--storage", here).exit_code == 0
    assert "exists" in call("import", there, "--storage", here).output
    assert "exists there" in call("export", "s", "--storage", here, "--optuna", there).output


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE alembic_version SET version_num = 'v1.2.0.a'", "from v1.2.0.a to"),
        ("DROP TABLE alembic_version", "from its first tables to"),
        ("UPDATE alembic_version SET version_num = 'v99'", "v99 is not known here"),
        ("DROP TABLE trials", "no such table: trials"),
    ],
)
def test_tables_of_another_version_are_named_in_a_line(change, says, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.db"
    optuna.create_study(storage=url, study_name="s")
    with contextlib.closing(sqlite3.connect(tmp_path / "optuna.db")) as connection:
        connection.execute(change)
        connection.commit()
    done = call("import", url, "--storage", f"sqlite:///{tmp_path}/luthier.db")
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert says in done.output
