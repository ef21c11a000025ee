"""Studies in MLflow, read back by its own client."""

import math
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import luthier

pytestmark = [
    pytest.mark.external("mlflow", "alembic"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
]

PAGE = Path(__file__).parents[2] / "docs" / "integrations" / "mlflow.md"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database takes half a minute to make
    return f"file:{tmp_path}/mlruns"


@pytest.fixture
def client(place):
    return pytest.importorskip("mlflow.tracking").MlflowClient(place)


def objective(trial):
    lr = trial.suggest_float("lr[0]", 1e-5, 1.0, log=True)
    trial.suggest_categorical("kernel", ["rbf", None])
    for step in (1, 2, 3):
        trial.report(10.0 / step, step)
    trial.set_tag("size", 3)
    trial.set_constraint("memory", -1.5)
    trial.set_cost(2)
    if trial.number == 1:
        raise ValueError("lost\nin the middle")
    if trial.number == 2:
        raise luthier.TrialPruned
    return lr


def runs_of(client, experiment):
    """The parent and its children by the number of their trial."""
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id])
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    children = {int(r.data.tags["luthier.trial"]): r for r in runs if r is not parent}
    assert {r.data.tags["mlflow.parentRunId"] for r in children.values()} == {parent.info.run_id}
    return parent, children


def test_a_study_is_a_run_and_its_trials_are_runs_within_it(client, place):
    from luthier.integrations.mlflow import MLflow

    study = luthier.create_study("s'`\"", seed=0, objectives={"loss": "minimize"})
    for n_trials in (3, 1):  # the second run goes on
        with MLflow(place, "first", {"team": "a"}) as tracker:
            study.optimize(objective, n_trials=n_trials, callbacks=[tracker], catch=ValueError)
        assert tracker.n_failed == 0
    parent, children = runs_of(client, "first")
    assert sorted(children) == [0, 1, 2, 3]
    assert [children[i].info.status for i in range(4)] == [
        "FINISHED",
        "FAILED",
        "KILLED",
        "FINISHED",
    ]
    rows = study.trials

    first = children[0]
    assert first.data.params == {
        "lr_0_": str(rows[0].params["lr[0]"]),
        "kernel": str(rows[0].params["kernel"]),
    }
    assert first.data.metrics["loss"] == rows[0].value
    assert first.data.metrics["cost"] == 2
    assert first.data.metrics["constraint.memory"] == -1.5
    assert first.data.tags["tag.size"] == "3"
    assert first.info.start_time == int(rows[0].started_s * 1000)
    assert first.info.end_time == int(rows[0].finished_s * 1000)
    curve = client.get_metric_history(children[2].info.run_id, "report/loss")
    assert {(m.step, m.value) for m in curve} == {(1, 10.0), (2, 5.0), (3, 10.0 / 3)}
    assert children[1].data.tags["luthier.error"] == "ValueError: lost"

    assert parent.info.status == "FINISHED"
    assert parent.data.tags["team"] == "a"
    assert parent.data.tags["luthier.study"] == study.name
    assert parent.data.tags["luthier.best"] == str(study.best_trial.number)
    assert parent.data.tags["luthier.n_complete"] == "2"
    assert parent.data.params["direction loss"] == "minimize"
    assert parent.data.metrics["best loss"] == study.best_value


def test_many_params_steps_and_names_that_mlflow_does_not_take(client, place):
    from luthier.integrations.mlflow import MLflow

    def objective(trial):
        for i in range(120):
            trial.suggest_float(f"../x%{i}", 0, 1)
        trial.suggest_float("../x_0", 0, 1)
        for step in range(1000):
            trial.report((float(step), 0.0), step / 2)
        trial.set_tag("n" * 300, "v" * 9_000)
        return math.inf, 2.0

    study = luthier.create_study("wide", objectives=["minimize", "maximize"], seed=0)
    with MLflow(place, "wide") as tracker:
        study.optimize(objective, n_trials=1, callbacks=[tracker])
    assert tracker.n_failed == 0
    _, children = runs_of(client, "wide")
    (child,) = children.values()
    assert len(child.data.params) == 121
    steps = client.get_metric_history(child.info.run_id, "step")
    assert sorted((m.step, m.value) for m in steps)[-1] == (999, 499.5)
    infinite, finite = study.objectives
    assert child.data.tags[infinite] == "inf"
    assert infinite not in child.data.metrics
    assert child.data.metrics[finite] == 2.0


def test_a_study_that_ends_by_an_error_is_a_failed_run(client, place):
    from luthier.integrations.mlflow import MLflow

    with pytest.raises(ZeroDivisionError), MLflow(place, "error") as tracker:
        luthier.create_study("e").optimize(lambda t: 1 / 0, n_trials=2, callbacks=[tracker])
    parent, children = runs_of(client, "error")
    assert parent.info.status == "FAILED"
    assert parent.data.tags["luthier.end"] == "ZeroDivisionError: division by zero"
    assert len(children) == 1


def test_the_script_of_the_page_runs(client, place, tmp_path):
    script = re.search(r"```py\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    assert "sqlite:///mlflow.db" in script
    script = script.replace("sqlite:///mlflow.db", place).replace("n_trials=30", "n_trials=3")
    (tmp_path / "tune.py").write_text(script)
    subprocess.run([sys.executable, "tune.py"], cwd=tmp_path, check=True)
    _, children = runs_of(client, "parabola")
    assert len(children) == 3


def test_a_registered_model_has_its_versions_and_aliases_in_mlflow(client, place, tmp_path):
    from luthier.integrations.mlflow import mirror_model
    from luthier.registry import Content, Registry

    registry = Registry(tmp_path / "models.db", actor="ada")
    for depth in (1, 2):
        params = {"depth": depth, "lr[0]": 0.1}
        registry.register(Content(model="churn", params=params, metrics={"auc": 0.8}), why="tuned")
    registry.promote("churn:1")
    assert mirror_model(registry, "churn", place) == {"champion": 1}
    client.set_registered_model_alias("churn", "by-hand", "1")

    registry.promote("churn:2")
    assert mirror_model(registry, "churn", place) == {"champion": 2, "previous": 1}
    assert len(client.search_model_versions("name = 'churn'")) == 2
    champion = client.get_model_version_by_alias("churn", "champion")
    assert champion.tags["luthier.id"] == registry.version("churn:2").id
    assert (champion.tags["param.depth"], champion.tags["metric.auc"]) == ("2", "0.8")
    assert champion.description == "tuned"
    assert set(client.get_registered_model("churn").aliases) == {"champion", "previous"}


def test_a_server_that_does_not_answer_is_named(monkeypatch, caplog, eventually):
    from luthier.integrations.mlflow import MLflow

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with MLflow(f"http://me:hidden@127.0.0.1:{port}", wait_s=0.0) as tracker:
            luthier.create_study("s").optimize(lambda t: 1.5, n_trials=2, callbacks=[tracker])
        (told,) = [m for m in caplog.messages if m.startswith("MLflow")]
        assert f"127.0.0.1:{port}: 4 messages were not sent in 0 s: there is no answer" in told
        assert tracker.n_failed == 4
    assert eventually(lambda: not any("MLflow" in t.name for t in threading.enumerate()))
    assert tracker.n_failed == 4  # its begin has failed, and the others need it
    assert "hidden" not in caplog.text
