import sys

import pytest
from click.testing import CliRunner
from tests.support.receiver import Receiver

from luthier.cli import cli

PROGRAM = "def objective(trial):\n    return trial.suggest_float('x', 0, 1) / trial.number\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a study of a program whose first trial fails; its status and output."""
    (tmp_path / "train.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*options, url):
        monkeypatch.setenv("LUTHIER_WEBHOOK", url)
        words = ["run", "train.py:objective", "--trials", "2", *options]
        result = CliRunner().invoke(cli, words, prog_name="luthier")
        return result.exit_code, result.output

    return run


def test_a_run_tells_of_its_trials_and_its_end(run):
    with Receiver() as receiver:
        url = f"{receiver.url}/T0K3N"
        status, err = run("--notify", url=url)
    assert status == 0
    assert [m["event"] for m in receiver.messages] == ["failed", "best", "finished"]
    assert receiver.messages[-1]["text"].startswith(
        "train: finished: 2 trials, 1 complete, 1 failed"
    )
    assert "T0K3N" not in err


def test_nothing_is_sent_unasked(run):
    with Receiver() as receiver:
        assert run(url=receiver.url)[0] == 0
    assert receiver.messages == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "to the URL in LUTHIER_WEBHOOK; set it"),
        ("file:///x", "LUTHIER_WEBHOOK: expected a URL"),
    ],
)
def test_a_place_that_is_none_is_refused_before_a_trial(run, tmp_path, url, message):
    status, err = run("--notify", url=url)
    assert status == 2
    assert message in err
    assert not (tmp_path / "luthier.db").exists()
