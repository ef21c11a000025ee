"""luthier model and luthier audit, as people type them."""

import json
import sqlite3

import pytest
from click.testing import CliRunner

from luthier import create_study
from luthier.cli import cli
from luthier.registry import Draft, Registry


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a study of six trials, in which commands run."""
    monkeypatch.chdir(tmp_path)
    study = create_study("train", storage="luthier.db", seed=1)
    study.optimize(lambda t: (t.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=6)
    (tmp_path / "model.bin").write_bytes(b"weights")
    return study


def call(*words, status=0):
    done = CliRunner().invoke(cli, list(words), prog_name="luthier")
    assert done.exit_code == status, done.output
    return done.output


def test_a_trial_goes_from_the_study_to_a_champion_and_back(here):
    call("model", "register", "train", "--model", "churn", "--artifact", "model.bin")
    call("model", "register", "train", "--model", "churn", "--trial", "0", "--why", "baseline")
    assert call("model", "promote", "churn:2") == "champion: version 2\n"
    output = call("model", "promote", "churn:1", "--why", "better")
    assert output == "champion: version 1\nprevious: version 2\n"
    assert "baseline" in call("model", "list", "churn")
    assert call("model", "list").splitlines()[1].split() == ["churn", "2", "1"]
    assert call("model", "rollback", "churn", "--why", "errors").startswith("champion: version 2")
    actions = [line.split()[0] for line in call("model", "history", "churn").splitlines()[1:]]
    assert actions == ["0", "1", "2", "3", "4"]


def test_a_version_is_shown_with_its_lineage_and_gates(here):
    call("model", "register", "train", "--model", "churn")
    gate = {"name": "quality", "verdict": "fail", "because": "AUC .71"}
    draft = Draft(
        action="tested", subject="gates of version 1", after={"verdict": "fail", "gates": [gate]}
    )
    Registry("models.db").note("churn", draft)
    shown = call("model", "show", "churn")
    assert f"{here.best_params['x']:.6g}" in shown
    assert "6 complete" in shown
    assert "Gates: fail" in shown
    assert "AUC .71" in call("model", "promote", "churn:1", status=1)


def test_a_diff_names_what_differs_only(here):
    call("model", "register", "train", "--model", "churn", "--trial", "0")
    call("model", "register", "train", "--model", "churn", "--trial", "1")
    lines = call("model", "diff", "churn:1", "churn:2").splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["params.x", "source.trial", "values.value"]


def test_an_export_is_a_folder_that_needs_no_luthier(here, tmp_path):
    call("model", "register", "train", "--model", "churn", "--artifact", "model.bin")
    call("model", "export", "churn", "--output", "out")
    assert (tmp_path / "out" / "model.bin").read_bytes() == b"weights"
    exported = json.loads((tmp_path / "out" / "version.json").read_text())
    assert exported["content"]["params"] == here.best_params
    assert "exists" in call("model", "export", "churn", "--output", "out", status=2)


def test_what_it_takes_to_reproduce_a_version_is_printed(here):
    call("model", "register", "train", "--model", "churn", "--data", "6x2:ab")
    printed = call("model", "reproduce", "churn")
    assert "numpy==" in printed
    assert "6x2:ab" in printed
    assert f"trial {here.best_trial.number}" in printed
    assert "seed 1" in printed


def test_an_audit_names_the_event_that_does_not_hold(here):
    for trial in "012":
        call("model", "register", "train", "--model", "churn", "--trial", trial)
    assert call("audit", "verify").startswith("churn: 3 events hold, the last is ")
    db = sqlite3.connect("models.db")
    db.execute("UPDATE luthier_trials SET body = replace(body, 'churn', 'charm') WHERE number = 1")
    db.commit()
    db.close()
    assert "churn: event 1 does not hold" in call("audit", "verify", status=1)


def test_a_registry_that_is_not_there_is_not_made_by_looking(here, tmp_path):
    assert "models.db" in call("model", "list", status=1)
    assert not (tmp_path / "models.db").exists()


def test_logs_are_not_listed_as_studies(here):
    call("model", "register", "train", "--model", "churn", "--registry", "luthier.db")
    assert "model churn" not in call("studies")
    assert "x" in call("show")  # the only study of the storage
    assert call("model", "list", "--registry", "luthier.db").splitlines()[1].split()[0] == "churn"


def test_a_roll_out_is_begun_watched_and_stopped(here):
    for trial in "01":
        call("model", "register", "train", "--model", "churn", "--trial", trial)
    call("model", "promote", "churn:1")
    begun = call(
        "model", "rollout", "begin", "churn:2", "--metric", "correct:0.02",
        "--guard", "failed:minimize", "--share", "0.05", "--share", "0.5", "--bake-s", "0",
    )  # fmt: skip
    first, *differences = begun.splitlines()
    assert first == "roll-out 1, version 2 against 1: running, share 5%"
    assert differences[0].startswith("correct: a difference of 0.0")
    assert differences[1].startswith("failed: ")
    assert "will be found in 20,000 units" in differences[1]
    assert "100 units more" in call("model", "rollout", "advance", "churn")
    said = json.loads(call("model", "rollout", "verdict", "churn"))
    assert (said["verdict"], said["share"]) == ("running", 0.05)
    assert "stopped" in call("model", "rollout", "stop", "churn", "--why", "holidays")
    assert "holidays" in call("model", "history", "churn")
    assert json.loads(call("model", "rollout", "verdict", "churn"))["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--metric or --guard"),
        (["--metric", "correct:-1"], "or a margin >= 0"),
        (["--metric", "correct:best"], "got 'best'"),
        (["--metric", "correct:0.02:0.3"], "got '0.3'"),
        (["--metric", "correct:minimize:maximize"], "got 'maximize'"),
        (["--guard", "failed:0.1"], "expected 'maximize' or 'minimize'"),
        (["--metric", "correct", "--values", "delay"], "--values names no metric: delay"),
        (["--metric", "correct", "--share", "1"], "--share"),
    ],
)
def test_a_roll_out_that_cannot_be_read_is_refused(here, words, message):
    assert message in call("model", "rollout", "begin", "churn:2", *words, status=2)
