"""Names and places of studies: what is exchanged, mistyped or missing is said."""

from __future__ import annotations

import pathlib

import pytest

import luthier


@pytest.mark.parametrize(
    "name",
    [
        "sqlite:///my.db",
        "sqlite:my.db",
        "my.db",
        "runs/my.sqlite3",
        "/tmp/my study",
        "./my",
        "~/my",
        r"C:\runs\my",
        "postgresql://user@host/database",
        "http://host:8700",
        pathlib.Path("my.db"),
        pathlib.Path("my"),
    ],
)
def test_the_place_of_a_storage_is_no_name(name):
    with pytest.raises(luthier.errors.StudyError, match="storage=") as refused:
        luthier.create_study(name)
    assert "the name of a study comes first, then its storage" in str(refused.value)


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_a_blank_name_is_refused(name):
    with pytest.raises(luthier.errors.StudyError, match="not blank"):
        luthier.create_study(name)


@pytest.mark.parametrize("name", ["a/b", "v1.2", "a: b", "db", "my-study.dbx", "été"])
def test_other_names_are_names(name):
    assert luthier.create_study(name).name == name


def test_a_password_in_the_place_of_a_name_is_not_shown():
    with pytest.raises(luthier.errors.StudyError) as refused:
        luthier.create_study("postgresql://user:secret@host/database")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("verb", [luthier.load_study, luthier.delete_study])
def test_exchanged_arguments_are_said(tmp_path, verb):
    path = str(tmp_path / "a.db")
    luthier.create_study("s", path)
    with pytest.raises(luthier.errors.StudyError, match="exchange them"):
        verb(path, "s")


@pytest.mark.parametrize("verb", [luthier.load_study, luthier.delete_study])
@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite:///{}?lease_s=10"])
def test_a_mistyped_file_is_not_made(tmp_path, verb, form):
    luthier.create_study("s", tmp_path / "cheese.db")
    mistyped = form.format(tmp_path / "chese.db")
    with pytest.raises(luthier.errors.StudyNotFoundError, match=r"did you mean 'cheese\.db'"):
        verb("s", mistyped)
    with pytest.raises(luthier.errors.StudyNotFoundError, match=r"there is no file .*other.sqlite"):
        verb("s", tmp_path / "none" / "other.sqlite")
    assert [p.name for p in tmp_path.glob("*.db")] == ["cheese.db"]
    assert not (tmp_path / "none").exists()


def test_a_missing_file_has_no_studies_and_is_not_made(tmp_path):
    assert luthier.list_studies(tmp_path / "a.db") == []
    assert not list(tmp_path.iterdir())


def test_a_mistyped_name_is_corrected(tmp_path):
    luthier.create_study("kaggle", tmp_path / "a.db")
    with pytest.raises(luthier.errors.StudyNotFoundError, match="did you mean 'kaggle'"):
        luthier.load_study("kagle", tmp_path / "a.db")


def test_another_seed_than_that_of_the_loaded_study_is_said(caplog):
    storage = luthier.storages.InMemory()
    luthier.create_study("s", storage, seed=1)
    luthier.create_study("s", storage, seed=1, load_if_exists=True)
    luthier.create_study("s", storage, load_if_exists=True)
    assert not caplog.records
    luthier.create_study("s", storage, seed=3, load_if_exists=True)
    assert "keeps the seed with which it was created, 1; seed=3 changes nothing" in caplog.text
