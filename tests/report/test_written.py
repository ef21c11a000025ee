"""Reports are saved, shown in notebooks, and written by the command line."""

import pytest
from click.testing import CliRunner
from tests.support.reports import read, tuned

import luthier
from luthier.cli import cli


def test_it_is_saved_as_its_ending_says(tmp_path):
    study = tuned(20)
    made = study.report(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text("utf-8") == made.html
    made.save(str(tmp_path / "a.MD"))
    assert (tmp_path / "a.MD").read_text("utf-8") == made.markdown
    with pytest.raises(ValueError, match=r"\.html, \.md, got"):
        study.report(tmp_path / "a.pdf")
    assert repr(made) == "StudyReport('Study train'; .save('report.html'))"


def test_a_notebook_shows_it_in_a_frame_that_runs_nothing():
    made = tuned(20).report()
    [(tag, attributes)] = read(made._repr_html_()).tags
    assert tag == "iframe"
    assert attributes["sandbox"] == ""
    assert attributes["srcdoc"] == made.html
    assert attributes["title"] == "Study train"


def test_it_changes_nothing():
    study = tuned(20)
    before = study.trials
    study.report()
    assert study.trials == before


def test_the_command_line_writes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = tuned(20, storage="sqlite:///luthier.db")
    made = study.report()
    for ending in ("html", "md"):
        got = CliRunner().invoke(cli, ["report", "train", "--output", f"report.{ending}"])
        assert got.exit_code == 0, got.output
    assert (tmp_path / "report.md").read_text("utf-8") == made.markdown
    got = CliRunner().invoke(cli, ["report", "-o", "report.pdf"])
    assert got.exit_code == 2
    assert ".html, .md" in got.output


def test_the_storage_is_named_without_its_password(tmp_path):
    study = tuned(5, storage=f"sqlite:///{tmp_path}/a.db")
    assert f"{tmp_path}/a.db" in study.report().html
    assert isinstance(study.report(), luthier.report.StudyReport)


def test_a_file_that_cannot_be_written_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = tuned(20, storage="sqlite:///luthier.db")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        study.report(tmp_path / "nowhere" / "a.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OSError, match=r"folder\.html"):
        study.report("folder.html")
    got = CliRunner().invoke(cli, ["report", "-o", "nowhere/a.html"])
    assert got.exit_code == 1
    assert "there is no such folder" in got.output
