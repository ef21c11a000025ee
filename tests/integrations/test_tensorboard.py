"""Studies in TensorBoard: what its plugins answer over HTTP is what the study holds."""

import json
import re
from pathlib import Path

import pytest

import luthier

pytestmark = [
    pytest.mark.external("tensorboard"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
]

PAGE = Path(__file__).parents[2] / "docs" / "integrations" / "tensorboard.md"


@pytest.fixture(scope="module")
def TensorBoard():
    pytest.importorskip("tensorboard")
    from luthier.integrations.tensorboard import TensorBoard

    return TensorBoard


@pytest.fixture
def ask():
    """Asks the plugins of a TensorBoard over a folder."""
    werkzeug = pytest.importorskip("werkzeug.test")
    from tensorboard import default, program

    def start(folder):
        board = program.TensorBoard(plugins=default.get_plugins())
        board.configure(logdir=str(folder), load_fast="false", reload_multifile=False)
        from tensorboard.backend import application

        ingester = _ingest(board.flags)
        context = application.TensorBoardWSGIApp(
            board.flags, board.plugin_loaders, ingester.data_provider, board.assets_zip_provider
        )
        client = werkzeug.Client(context)

        def ask(path, body=None):
            if body is None:
                return json.loads(client.get(path).get_data())
            return json.loads(client.post(path, json=body).get_data())

        return ask

    return start


def _ingest(flags):
    from tensorboard.backend.event_processing import data_ingester

    ingester = data_ingester.LocalDataIngester(flags)
    flags.reload_interval = 0
    ingester.start()
    return ingester


def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
    if trial.suggest_categorical("kernel", ["rbf", "poly"]) == "poly":
        trial.suggest_int("degree", 2, 5)
    for step in range(1, 4):
        trial.report(lr * step, step)
    if trial.number == 2:
        raise ValueError("lost")
    return lr


def test_the_plugins_show_each_trial_with_its_params_and_curve(TensorBoard, ask, tmp_path):
    study = luthier.create_study("s", seed=0, objectives={"loss": "minimize"})
    for kernel in ("rbf", "poly", "rbf"):
        study.enqueue({"lr": 0.5 if kernel == "poly" else 0.25, "kernel": kernel, "degree": 3})
    with TensorBoard(tmp_path) as board:
        study.optimize(objective, n_trials=3, callbacks=[board], catch=ValueError)
    assert board.n_failed == 0
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == [
        f"trial-0000{i}" for i in range(3)
    ]

    answers = ask(tmp_path)
    experiment = answers("/data/plugin/hparams/experiment", {"experimentName": "e"})
    assert {h["name"] for h in experiment["hparamInfos"]} == {"lr", "kernel", "degree"}
    groups = answers(
        "/data/plugin/hparams/session_groups",
        {
            "allowedStatuses": ["STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_UNKNOWN"],
            "colParams": [{"metric": {"tag": "loss", "group": ""}, "order": "ORDER_ASC"}],
            "startIndex": 0,
            "sliceSize": 10,
        },
    )["sessionGroups"]
    found = {g["sessions"][0]["name"]: g for g in groups}
    assert found["s/trial-00001"]["hparams"] == {"lr": 0.5, "kernel": "poly", "degree": 3.0}
    assert found["s/trial-00000"]["hparams"] == {"lr": 0.25, "kernel": "rbf"}
    values = {m["name"]["tag"]: m["value"] for m in found["s/trial-00001"]["metricValues"]}
    assert values["loss"] == 0.5
    assert found["s/trial-00002"]["sessions"][0]["status"] == "STATUS_FAILURE"
    curve = answers("/data/plugin/scalars/scalars?tag=report%2Floss&run=s%2Ftrial-00001")
    assert [(step, value) for _, step, value in curve] == [(1, 0.5), (2, 1.0), (3, 1.5)]


def test_a_study_that_goes_on_gets_further_folders(TensorBoard, tmp_path):
    study = luthier.create_study("..a b", seed=0)
    study.optimize(lambda t: 1.0, n_trials=1, callbacks=[board := TensorBoard(tmp_path)])
    board(study, study.trials[0])  # as where it was retried
    board.close()
    (folder,) = tmp_path.iterdir()
    assert folder.name == "a_b"
    assert sorted(p.name for p in folder.iterdir()) == ["trial-00000", "trial-00000-2"]


def test_a_file_in_place_of_the_folder_is_refused_at_once(TensorBoard, tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(ValueError, match="runs is a file; name a folder"):
        TensorBoard(tmp_path / "runs")


def test_the_script_of_the_page_runs(TensorBoard, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    script = re.search(r"```py\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    exec(script.replace("n_trials=30", "n_trials=2"), {})
    assert len(list((tmp_path / "runs" / "parabola").iterdir())) == 2
