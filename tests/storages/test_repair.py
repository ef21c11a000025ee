"""What a damaged storage still holds is found, named and saved; the damaged one stays as it is."""

import contextlib
import os
import random
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.servers import parameters, shared

import luthier
from luthier import State
from luthier.cli import cli
from luthier.storages import from_url
from luthier.storages.repair import read_pages, salvage, salvage_file

N = 150
RELEASED = Path(__file__).parent / "released"


def fill(url, name="s", n=N):
    study = luthier.create_study(name, url, seed=1, sampler="random")

    def objective(trial):
        trial.report(1.5, 1)
        trial.set_tag("note", "ü" * (3000 if trial.number == 7 else 3))
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=n, progress=False)
    trials = study.trials
    study.storage.close()
    return trials


def run(*args):
    return CliRunner().invoke(cli, ["storage", *args], prog_name="luthier")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "a.db"


def change(path, statement):
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        assert db.execute(statement).rowcount


def test_what_is_whole_is_said_to_be_whole(path):
    fill("a.db")
    result = run("check", "a.db")
    assert (result.exit_code, result.stderr) == (0, "")
    assert run("check", "sqlite:///a.db").exit_code == 0
    assert run("repair", "a.db").exit_code == 0
    assert sorted(os.listdir()) == ["a.db"]
    assert run("check", "none.db").exit_code == 1


def test_pages_hold_all_rows_and_long_ones_too(path):
    trials = fill("a.db")
    [study] = read_pages(path)
    assert study.rows == trials
    assert study.record.spec == luthier.list_studies("a.db")[0].spec


def test_a_changed_row_costs_one_trial(path):
    trials = fill("a.db")
    fill("a.db", "other", 3)
    change(path, "UPDATE luthier_trials SET body = replace(body, '0.', '0.1') WHERE number = 5")
    before = path.read_bytes()
    result = run("check", "a.db")
    assert result.exit_code == 1
    assert "lost trials: 5" in result.stderr
    assert path.read_bytes() == before

    assert run("repair", "a.db", "b.db").exit_code == 1
    assert path.read_bytes() == before
    saved = luthier.load_study("s", "b.db").trials
    assert saved[5].state == State.FAILED
    assert "could not be read" in saved[5].error
    whole = [(t.params, t.values, t.reports, t.tags) for t in trials if t.number != 5]
    assert [(t.params, t.values, t.reports, t.tags) for t in saved if t.number != 5] == whole
    assert run("check", "b.db").exit_code == 0


def test_a_file_is_repaired_in_place_and_the_damaged_one_kept(path):
    trials = fill("a.db")
    torn = bytearray(path.read_bytes())
    torn[:100] = bytes(100)  # no program opens this
    path.write_bytes(torn)
    result = run("repair", "a.db")
    assert "a.db.damaged" in result.stderr
    assert (path.parent / "a.db.damaged").read_bytes() == torn
    saved = luthier.load_study("s", "a.db", sampler="random")
    assert [t.params for t in saved.trials] == [t.params for t in trials]
    saved.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2, progress=False)


def test_what_a_link_leads_to_is_repaired_with_its_log_and_the_link_stays(path, script):
    target = path.parent / "there" / "b.db"
    target.parent.mkdir()
    target.touch()
    path.symlink_to(target)
    script(f"""
        import os, luthier
        study = luthier.create_study("s", {str(path)!r}, seed=1, sampler="random")
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=9, progress=False)
        os._exit(0)
    """)
    assert os.path.getsize(f"{target}-wal")
    data = bytearray(target.read_bytes())
    data[:16] = bytes(16)
    target.write_bytes(data)
    result = run("repair", "a.db")
    assert result.exit_code in (0, 1), result.output
    assert path.is_symlink()
    assert len(luthier.load_study("s", str(path)).trials) == 9


def test_a_file_of_another_program_is_left_alone(path):
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    for command in ("check", "repair"):
        result = run(command, "a.db")
        assert result.exit_code == 1
        assert "is another program's SQLite file" in result.stderr
    assert path.read_bytes() == before
    assert os.listdir() == ["a.db"]


def test_a_file_that_is_no_database_is_said_to_be_none(path):
    path.write_text("hello")
    for command in ("check", "repair"):
        result = run(command, "a.db")
        assert result.exit_code == 1
        assert "not a SQLite file" in result.stderr
        assert "luthier storage repair" not in result.stderr
    assert path.read_text() == "hello"


def test_a_storage_without_studies_is_whole(path):
    luthier.create_study("s", "a.db")
    luthier.delete_study("s", "a.db")
    result = run("check", "a.db")
    assert (result.exit_code, result.stderr) == (0, "There is no study in it.\n")


def test_what_is_saved_is_not_mixed_with_studies_of_the_same_names(path):
    fill("a.db", "first", 3)
    fill("a.db", "second", 3)
    fill("b.db", "second", 3)
    result = run("repair", "a.db", "b.db")
    assert result.exit_code == 1
    assert "has studies of these names already: ['second']" in result.stderr
    assert [study.name for study in luthier.list_studies("b.db")] == ["second"]


def test_broken_pages_cost_only_what_stands_in_them(path):
    trials = fill("a.db")
    whole = path.read_bytes()
    for seed in range(10):
        torn = bytearray(whole)
        page = 4096 * random.Random(seed).randrange(1, len(torn) // 4096)
        torn[page : page + 4096] = bytes(4096)
        path.write_bytes(torn)
        for study in salvage_file(path):
            assert study.problems
            right = [row for row in study.rows if row is not None]
            assert len(right) > N // 2
            for row in right:
                assert row.params == trials[row.number].params
        assert path.read_bytes() == torn


def test_what_a_missing_log_leaves_is_saved(path, script):
    script("""
        import os, luthier
        study = luthier.create_study("s", "a.db", seed=1, sampler="random")
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=5, progress=False)
        study.engine.storage.inner._file._connection.execute("PRAGMA wal_checkpoint")
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=5, progress=False)
        os._exit(0)
    """)
    os.unlink("a.db-wal")
    assert run("check", "a.db").exit_code == 1
    run("repair", "a.db")
    assert len(luthier.load_study("s", "a.db").trials) >= 5


@pytest.mark.parametrize("kind", parameters("postgresql", "mysql"))
def test_a_server_is_checked_and_saved_too(path, kind):
    url = shared(kind).fresh()
    fill(url, n=5)
    storage = from_url(url)
    with storage.inner._write() as db:
        db.execute("UPDATE luthier_trials SET state = 4 WHERE number = 2")
    [study] = salvage(storage)
    assert [row is None for row in study.rows] == [False, False, True, False, False]
    storage.close()
    assert run("check", url).exit_code == 1
    assert run("repair", url).exit_code == 2
    assert run("repair", url, "b.db").exit_code == 1
    assert [t.state for t in luthier.load_study("s", "b.db").trials].count(State.COMPLETE) == 4


def test_a_study_without_settings_is_named_and_the_others_are_saved(path):
    fill("a.db", n=3)
    luthier.create_study("bad", "a.db").storage.close()
    change(path, "UPDATE luthier_studies SET spec = '{}' WHERE name = 'bad'")
    result = run("check", "a.db")
    assert result.exit_code == 1
    assert "'bad'" in result.stderr
    assert run("repair", "a.db", "b.db").exit_code == 1
    assert [s.name for s in luthier.list_studies("b.db")] == ["s"]


def test_a_check_changes_nothing_whatever_it_is_given(path):
    for name in ("a.db", "b.db", "c.db"):
        Path(name).write_bytes(b"")
    for schema in (1, 2, 3):
        with contextlib.closing(sqlite3.connect(f"old{schema}.db")) as db:
            db.executescript((RELEASED / f"schema-{schema}.sql").read_text())
    fill("whole.db", n=3)
    before = {name: Path(name).read_bytes() for name in sorted(os.listdir())}
    for name in before:
        for command in ("check", "repair"):
            result = run(command, name)
            is_empty = not before[name]
            assert result.exit_code == is_empty, result.output
            assert ("is an empty file" in result.stderr) == is_empty
    assert {name: Path(name).read_bytes() for name in sorted(os.listdir())} == before


def test_a_file_of_an_older_schema_is_saved_as_it_was(path):
    with contextlib.closing(sqlite3.connect("old.db")) as db:
        db.executescript((RELEASED / "schema-2.sql").read_text())
    assert run("repair", "old.db", "new.db").exit_code == 0
    old = salvage_file(path.parent / "old.db")
    new = salvage_file(path.parent / "new.db")
    assert [[row.params for row in study.rows] for study in new] == [
        [row.params for row in study.rows] for study in old
    ]


def test_a_damaged_file_of_an_older_schema_is_named_and_not_its_copy(path):
    with contextlib.closing(sqlite3.connect("old.db")) as db:
        db.executescript((RELEASED / "schema-2.sql").read_text())
    torn = bytearray(Path("old.db").read_bytes())
    torn[4096 : 3 * 4096] = bytes(2 * 4096)
    Path("old.db").write_bytes(torn)
    result = run("check", "old.db")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: old.db is damaged")


@pytest.mark.parametrize("kind", parameters("postgresql", "mysql", "redis"))
def test_a_check_makes_nothing_on_a_server(path, kind):
    url = shared(kind).fresh()
    for _ in range(2):
        result = run("check", url)
        assert result.exit_code == 1
        assert "no study in it" in result.stderr
    fill(url, n=3)
    assert run("check", url).exit_code == 0


def test_the_storage_is_named_as_in_other_commands(path, monkeypatch):
    fill("a.db", n=3)
    monkeypatch.setenv("LUTHIER_STORAGE", "none.db")
    assert run("check").exit_code == 1
    assert run("check", "a.db").exit_code == 0
    assert run("check", "--storage", "a.db").exit_code == 0
    assert run("check", "b.db", "--storage", "a.db").exit_code == 2
    assert run("repair", "--storage", "a.db").exit_code == 0
    assert run("repair", "b.db", "--storage", "a.db").exit_code == 0
    assert run("repair", "a.db", "c.db").exit_code == 0
    assert run("repair", "a.db", "c.db", "--storage", "a.db").exit_code == 2
    monkeypatch.setenv("LUTHIER_STORAGE", "a.db")
    assert run("check").exit_code == 0
    assert [study.name for study in luthier.list_studies("b.db")] == ["s"]
    assert [study.name for study in luthier.list_studies("c.db")] == ["s"]
