"""luthier lifecycle, as people and cron type it."""

import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from luthier.cli import cli
from luthier.errors import LifecycleError
from luthier.lifecycle import Retuner
from luthier.lifecycle.project import load_actions, read_project
from luthier.registry import Content, Registry

ACTIONS = """
import time
from pathlib import Path
from luthier.lifecycle import Gate, Measured, Trained
from luthier.registry import Content

class Churn:
    metrics = ()

    def __init__(self, registry):
        self.registry = registry

    def measure(self):
        return Measured(0.3, 0.1, 1000)

    def refit(self):
        Path("refitting").touch()
        while Path("slow").exists():
            time.sleep(0.01)
        version = self.registry.register(Content(model="churn", params={"data": "new"}))
        return Trained(version, 0.1)

    def retune(self, n_trials, attempt):
        raise RuntimeError("not reached")

    def check(self, version):
        return [Gate(name="quality", verdict="pass", because="fine")]
"""


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A folder with a project whose champion has lost, in which commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "production.py").write_text(ACTIONS)
    (tmp_path / "project.yaml").write_text(
        "model: churn\nactions: production.py:Churn\nevery_s: 0.1\n"
        "policy: {cooldown_s: 0, lease_s: 0.5}\n"
    )
    registry = Registry("models.db")
    registry.register(Content(model="churn", params={}))
    registry.promote("churn:1")
    return registry


def call(*words, status=0):
    done = CliRunner().invoke(cli, list(words), prog_name="luthier")
    assert done.exit_code == status, done.output
    return done.output


def suspect(registry, tmp_path):
    project = read_project(tmp_path / "project.yaml")
    actions = load_actions(project, tmp_path / "project.yaml", registry)
    assert Retuner(registry, "churn", actions, project.policy).suspect("harm: losses are larger")


def test_all_transitions_that_are_due_are_made_at_once(registry, tmp_path):
    suspect(registry, tmp_path)
    call("lifecycle", "run", "project.yaml", "--once")
    assert registry.aliases("churn") == {"champion": 2, "previous": 1}
    assert call("lifecycle", "show", "churn").startswith("  state     ok")


def test_without_a_trigger_nothing_happens(registry):
    call("lifecycle", "run", "project.yaml", "--once")
    assert registry.aliases("churn") == {"champion": 1}


@pytest.mark.slow
def test_a_killed_daemon_is_replaced_by_another(registry, tmp_path):
    suspect(registry, tmp_path)
    (tmp_path / "slow").touch()
    words = [sys.executable, "-m", "luthier", "lifecycle", "run", "project.yaml"]
    first = subprocess.Popen(words)
    while not (tmp_path / "refitting").exists():
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    (tmp_path / "slow").unlink()
    assert registry.aliases("churn") == {"champion": 1}

    second = subprocess.Popen(words)
    while registry.aliases("churn") == {"champion": 1}:
        assert second.poll() is None
        time.sleep(0.1)
    second.terminate()
    assert second.wait() == 143
    assert registry.verify("churn") is None


def test_an_incident_is_closed_with_a_reason(registry):
    assert "no incident of churn is open" in call(
        "lifecycle", "resolve", "churn", "--why", "x", status=1
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no project"),
        ("model: churn", "missing required field `actions`"),
        ("model: churn\nactions: p.py:A\npolicy: {cooldwn_s: 1}", "unknown field `cooldwn_s`"),
        ("model: churn\nactions: p.py:A\nevery_s: 0", "every_s"),
        ("model: churn\nactions: p.py:A\nrollout: {share: 1}", "unknown field `share`"),
        ("model: [", "is no project"),
        ("model: a b\nactions: p.py:A", "expected a name"),
    ],
)
def test_a_project_that_makes_no_sense_is_refused(registry, tmp_path, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    assert message in call("lifecycle", "run", "bad.yaml", status=1)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ("production.py:Chrn", "did you mean"),
        ("production", "expected actions as FILE.py:NAME"),
        ("produktion.py:Churn", "there is no file"),
    ],
)
def test_actions_that_are_not_there_are_named(registry, tmp_path, actions, message):
    (tmp_path / "bad.yaml").write_text(f"model: churn\nactions: {actions}\n")
    assert message in call("lifecycle", "run", "bad.yaml", status=1)


def test_actions_that_are_not_whole_are_refused(registry, tmp_path):
    (tmp_path / "half.py").write_text("def Half(registry):\n    return registry\n")
    (tmp_path / "bad.yaml").write_text("model: churn\nactions: half.py:Half\n")
    project = read_project(tmp_path / "bad.yaml")
    with pytest.raises(LifecycleError, match="lacks measure, refit, retune, check, metrics"):
        load_actions(project, tmp_path / "bad.yaml", registry)
