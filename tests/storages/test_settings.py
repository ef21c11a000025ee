"""Settings that are none: an error that names the study, and the others go on."""

import sqlite3

import pytest
from click.testing import CliRunner
from tests.support.servers import parameters, shared

import luthier
from luthier.cli import cli
from luthier.errors import StorageDamagedError
from luthier.storages import InMemory, SQLite, from_url
from luthier.storages.settings import read_settings

SPEC = {
    "directions": ["minimize"],
    "seed": 1,
    "space": {"params": {"x": {"type": "float", "low": 0, "high": 1}}},
    "declared": True,
}
BAD = {
    "empty": {},
    "no space": {k: v for k, v in SPEC.items() if k != "space"},
    "a space that is none": SPEC | {"space": None},
    "a space that is a list": SPEC | {"space": [1]},
    "params that are none": SPEC | {"space": {"params": 5}},
    "an unknown distribution": SPEC | {"space": {"params": {"x": {"type": "complex"}}}},
    "a field of the future": SPEC
    | {"space": {"params": {"x": {"type": "float", "low": 0, "high": 1, "fuzzy": 1}}}},
    "a constraint that is code": SPEC | {"space": {**SPEC["space"], "constraints": ["import os"]}},
    "constraints that cannot hold": SPEC | {"space": {**SPEC["space"], "constraints": ["x > 2"]}},
    "an unknown direction": SPEC | {"directions": ["sideways"]},
    "no direction": SPEC | {"directions": []},
    "a text for directions": SPEC | {"directions": "minimize"},
    "a seed that is text": SPEC | {"seed": "abc"},
    "a seed below 0": SPEC | {"seed": -5},
    "a seed of 200 bits": SPEC | {"seed": 2**200},
    "no seed": {k: v for k, v in SPEC.items() if k != "seed"},
    "one name twice": SPEC | {"directions": ["minimize"] * 2, "objectives": ["a", "a"]},
    "too many names": SPEC | {"objectives": ["a", "b"]},
    "names that are numbers": SPEC | {"objectives": [1]},
    "a sampler that is a number": SPEC | {"sampler": 5},
    "a scheduler that is a list": SPEC | {"scheduler": []},
    "a crash of the future": SPEC | {"crash": "explosion"},
    "declared in words": SPEC | {"declared": "yes"},
}


@pytest.mark.parametrize("spec", BAD.values(), ids=BAD)
def test_settings_that_are_none_are_refused_and_the_study_named(spec):
    storage = InMemory()
    storage.create_study("bad one", spec)
    with pytest.raises(StorageDamagedError, match="'bad one' cannot be read"):
        luthier.load_study("bad one", storage)


@pytest.mark.parametrize("kind", parameters("memory", "sqlite", "postgresql", "redis", "mysql"))
def test_a_running_study_whose_settings_become_none_says_so(tmp_path, kind):
    storages = {"memory": InMemory, "sqlite": lambda: SQLite(tmp_path / "a.db")}
    storage = storages[kind]() if kind in storages else from_url(shared(kind).fresh())
    study = luthier.create_study("s", storage, seed=1, sampler="random")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1, progress=False)
    storage.update_study(study.engine.id, {})
    with pytest.raises(StorageDamagedError, match="'s' cannot be read"):
        study.ask()
    storage.close()


def test_what_this_version_does_not_know_is_kept():
    storage = InMemory()
    storage.create_study("s", SPEC | {"later": [1]})
    study = luthier.load_study("s", storage, sampler="random")
    study.set_catch_as("infeasible")
    assert storage.study("s").spec["later"] == [1]
    assert read_settings(storage.study("s")).crash == "infeasible"


@pytest.fixture
def mixed(tmp_path, monkeypatch):
    """A file with a study that is whole, one with no settings, and one that is no JSON."""
    monkeypatch.chdir(tmp_path)
    study = luthier.create_study("whole", "a.db", seed=1, sampler="random")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2, progress=False)
    study.storage.create_study("bad\x1b[2J", {})
    study.storage.create_study("torn", SPEC)
    study.storage.close()
    with sqlite3.connect("a.db") as db:
        db.execute("UPDATE luthier_studies SET spec = '[1]', created_s = 'x' WHERE name = 'torn'")
    db.close()


def run(*args):
    return CliRunner().invoke(cli, [*args], prog_name="luthier")


def test_listing_shows_the_others_and_says_which_is_damaged(mixed):
    result = run("studies", "--storage", "a.db")
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.stdout.splitlines()[1:] if line.split()}
    assert "minimize" in lines["whole"]
    assert "damaged" in lines["torn"]
    assert "'torn' cannot be read" in result.stderr
    assert "\x1b" not in result.output


@pytest.mark.parametrize("command", ["show", "watch", "best", "trials", "export"])
def test_commands_about_a_damaged_study_name_it(mixed, command):
    for name in ("torn", "bad\x1b[2J"):
        result = run(command, name, "--storage", "a.db")
        assert result.exit_code == 1
        assert "cannot be read" in result.stderr
        assert "Traceback" not in result.output
        assert "\x1b" not in result.output


def test_copying_all_studies_copies_the_others_and_fails_in_the_end(mixed):
    result = run("storage", "copy", "a.db", "b.db")
    assert result.exit_code == 1
    assert "'torn' cannot be read" in result.stderr
    assert [s.name for s in luthier.list_studies("b.db")] == ["whole"]


def test_a_damaged_study_can_be_deleted(mixed):
    assert run("delete", "torn", "--yes", "--storage", "a.db").exit_code == 0
    assert [s.name for s in luthier.list_studies("a.db")] == ["whole", "bad\x1b[2J"]


def test_moments_and_durations_that_are_none_are_shown(tmp_path):
    storage = SQLite(tmp_path / "a.db")
    storage.create_study("s", SPEC)
    row = luthier.TrialRow(
        number=-1,
        state=luthier.State.COMPLETE,
        params={"x": 0.5},
        values=(1.0,),
        started_s=-1e308,
        finished_s=1e308,
    )
    storage.add_trials(1, [row])
    storage.close()
    for command in (["show", "s"], ["watch", "s", "--once"], ["export", "s"], ["trials", "s"]):
        result = run(*command, "--storage", str(tmp_path / "a.db"))
        assert result.exit_code == 0, result.output
