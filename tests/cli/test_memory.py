"""The commands memory ls, add, recommend, export, import, forget."""

import json

import pytest
from click.testing import CliRunner

import luthier
from luthier import Float
from luthier.cli import cli


def call(*args, status=0):
    result = CliRunner().invoke(cli, ["memory", *map(str, args)], prog_name="luthier")
    assert result.exit_code == status, result.output
    return result


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for i, name in enumerate(["train", "<b>\x1b[2Jred"]):
        study = luthier.create_study(
            name, "sqlite:///luthier.db", space={"x": Float(0, 1)}, sampler="random", seed=i
        )
        study.optimize(lambda trial: (trial.params["x"] - 0.3) ** 2, n_trials=10, progress=False)
    return tmp_path


def test_studies_are_kept_recommended_exchanged_and_forgotten(place):
    told = call("add", "train", "--family", "svm", "--context", "log_rows=9", "--tag", "team=a")
    assert told.stdout == "added: train, 10 trials\n"
    assert call("add", "train", "--family", "svm").stdout == "replaced: train, 10 trials\n"
    listed = call("ls").stdout
    assert "train" in listed
    assert "svm" in listed

    (place / "space.yaml").write_text("params:\n  x: {low: 0.0, high: 1.0}\n")
    text = call("recommend", "space.yaml", "-n", 1).stdout
    assert text.startswith("1. best in 1 of 1 task\n   x")
    [first] = json.loads(call("recommend", "space.yaml", "-n", 1, "--format", "json").stdout)
    assert abs(first["params"]["x"] - 0.3) < 0.1
    none = call("recommend", "space.yaml", "--family", "xgboost").stdout
    assert none.startswith("no task of the base tells of this space: one does that has half")

    assert call("export", "tasks.json").stdout == "1 task in tasks.json\n"
    assert call("import", "tasks.json").stdout == "1 known\n"
    other = call("import", "tasks.json", "--memory", "sqlite:///other.db").stdout
    assert other == "1 added\n"
    assert call("forget", "train").stdout == "forgotten: train\n"
    assert "train" not in call("ls").stdout
    assert "no task 'train'" in call("forget", "train", status=1).stderr


def test_names_do_nothing_to_a_terminal(place):
    added = call("add", "<b>\x1b[2Jred")
    assert "\x1b" not in added.stdout + call("ls").stdout
    assert "\x1b" not in call("forget", "<b>\x1b[2Jred").stdout


def test_a_base_that_is_not_there_is_said(place):
    for args in (["ls"], ["forget", "a"], ["export", "a.json"]):
        assert "there is no file" in call(*args, "--memory", "sqlite:///none.db", status=1).stderr
        assert "'luthier memory add STUDY' makes a base" in call(*args, status=1).stderr
    assert "cannot be read" in call("import", "none.json", status=1).stderr
    lost = call("add", "train", "--memory", "memory://", status=1)
    assert "ends with the command" in lost.stderr


def test_a_name_that_no_context_has_is_refused(place):
    told = call("add", "train", "--context", "log_row=3", status=1)
    assert "no number 'log_row'; did you mean 'log_rows'?" in told.stderr


def test_show_says_what_memory_had_to_do_with_a_study(place):
    study = luthier.load_study("train", "sqlite:///luthier.db")
    study.remember("sqlite:///memory.db")
    later = luthier.create_study(
        "later",
        "sqlite:///luthier.db",
        space=study.space,
        memory=luthier.Memory("sqlite:///memory.db"),
        seed=0,
    )
    later.optimize(lambda trial: (trial.params["x"] - 0.3) ** 2, n_trials=2, progress=False)
    shown = CliRunner().invoke(cli, ["show", "later"], prog_name="luthier").stdout
    assert "1 earlier task with 10 trials; 1 trial of their portfolio" in shown
