"""Files of every schema that was released are read, and go on."""

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.servers import shared

import luthier
from luthier import State
from luthier.cli import cli
from luthier.storages.base import SCHEMA

RELEASED = Path(__file__).parent / "released"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def released(schema):
    """A file as that version wrote it."""
    with sqlite3.connect("old.db") as db:
        db.executescript((RELEASED / f"schema-{schema}.sql").read_text())
    db.close()


def upgrade(*args, **env):
    result = CliRunner().invoke(cli, ["storage", "upgrade", *args], prog_name="luthier", env=env)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_released_schema_has_its_file():
    assert [f"schema-{n}.sql" for n in range(1, SCHEMA)] == sorted(
        f.name for f in RELEASED.glob("*.sql")
    )


@pytest.mark.parametrize("schema", range(1, SCHEMA))
def test_all_of_it_is_read_and_the_study_goes_on(schema):
    released(schema)
    assert upgrade("--storage", "sqlite:///old.db") == f"schema {schema} -> {SCHEMA}\n"
    assert upgrade("--storage", "old.db") == "nothing to do\n"
    assert upgrade(LUTHIER_STORAGE="old.db") == "nothing to do\n"
    name = "tür <1>"
    study = luthier.load_study(name, "old.db")
    trials = study.trials
    names = [t.state.name for t in trials]
    assert names == [
        "COMPLETE",
        "COMPLETE",
        "COMPLETE",
        "PRUNED",
        "FAILED",
        "COMPLETE",
        "RUNNING",
        "RUNNING",
    ]
    assert [t.reports[-1][0] for t in trials[:6]] == [2.0] * 6
    assert all(t.tags == {"note": "ü"} and t.worker and t.duration_s > 0 for t in trials[:6])
    assert all(t.value == t.params["x"] for t in trials if t.state == State.COMPLETE)
    assert trials[4].error.startswith("ValueError: bad\nTraceback")
    assert study.directions == ("maximize",)
    assert study.best_trial.number == 5
    assert study.space.names == ("x", "k")
    assert luthier.load_study("empty", "old.db").directions == ("minimize", "maximize")

    study.optimize(
        lambda t: t.suggest_float("x", 0, 1), n_trials=4
    )  # the two that ran have lost their worker
    assert [t.state for t in study.trials[6:]] == [State.COMPLETE] * 4
    assert [t.retries for t in study.trials[6:]] == [1, 1, 0, 0]


def test_there_must_be_a_storage(folder):
    result = CliRunner().invoke(cli, ["storage", "upgrade", "--storage", "none.db"])
    assert (result.exit_code, "there is no file" in result.stderr) == (1, True)
    assert not list(folder.iterdir())


def test_servers():
    url = shared("postgresql").fresh()
    luthier.create_study("s", url).storage.close()
    assert upgrade("--storage", url) == "nothing to do\n"
