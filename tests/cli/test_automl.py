"""The command automl: from a CSV file to a model, with what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from luthier.cli import cli


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["size", "age", "[red]x"])
    frame["level"] = np.where(frame["size"] > 0, "high", "low")
    frame.to_csv(tmp_path / "train.csv", index=False)
    return tmp_path / "train.csv"


def call(*args, status=0):
    result = CliRunner().invoke(cli, ["automl", *map(str, args)], prog_name="luthier")
    assert result.exit_code == status, (result.output, result.exception)
    return result.output


@pytest.mark.slow
def test_a_file_becomes_a_model_a_program_and_a_report(file, tmp_path):
    program, report = tmp_path / "model.py", tmp_path / "report.html"
    said = call(
        file,
        "--target",
        "level",
        "--trials",
        2,
        "--seed",
        0,
        "--jobs",
        1,
        "--storage",
        tmp_path / "run.db",
        "--export",
        program,
        "--report",
        report,
    )
    assert "400 rows with 3 columns: 3 numbers." in said
    assert "The model is" in said
    assert "def make_model():" in program.read_text()
    assert "[red]x" in report.read_text()
    assert (tmp_path / "run.db").exists()


def test_a_wrong_target_is_answered_with_the_right_one(file):
    said = call(file, "--target", "levle", status=1)
    assert "the file has no column 'levle'; did you mean 'level'?" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--export", "model.txt"], "ends in .py"),
        (["--export", "no/such/model.py"], "there is no folder"),
        (["--report", "report.pdf"], "--report"),
        (["--minutes", "0"], "--minutes"),
    ],
    ids=["export", "folder", "report", "minutes"],
)
def test_options_that_cannot_work_are_refused_before_the_work(file, options, words):
    assert words in call(file, "--target", "level", *options, status=2)
