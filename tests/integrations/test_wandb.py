"""Studies in Weights & Biases, offline: what its own reader finds in the files."""

import json
import re
import struct
from pathlib import Path

import pytest

import luthier

pytestmark = [
    pytest.mark.external("wandb"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
]

PAGE = Path(__file__).parents[2] / "docs" / "integrations" / "wandb.md"


def read_log(content):
    """The records of a file in the log format of LevelDB, after the header of W&B."""
    block, place, data = 32 * 1024, 7, b""
    while place + 7 <= len(content):
        if block - place % block < 7:
            place += block - place % block
            continue
        _, n, kind = struct.unpack_from("<IHB", content, place)
        data += content[place + 7 : place + 7 + n]
        place += 7 + n
        if kind in (1, 4):  # a whole record, or the last part of one
            yield data
            data = b""


def read(folder):
    """The runs that were written: config, curve, summary, exit code."""
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2

    runs = []
    for file in sorted(folder.glob("wandb/offline-run-*/run-*.wandb")):
        run = {"config": {}, "curve": [], "summary": {}}
        for data in read_log(file.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            kind = record.WhichOneof("record_type")
            if kind == "run":
                run |= {"name": record.run.display_name, "group": record.run.run_group}
                run["config"] |= {u.key: json.loads(u.value_json) for u in record.run.config.update}
            elif kind == "history":
                items = {i.key or i.nested_key[0]: i.value_json for i in record.history.item}
                run["curve"].append({k: json.loads(v) for k, v in items.items() if k[0] != "_"})
            elif kind == "summary":
                items = {i.key or i.nested_key[0]: i.value_json for i in record.summary.update}
                run["summary"] |= {k: json.loads(v) for k, v in items.items()}
            elif kind == "exit":
                run["exit"] = record.exit.exit_code
        runs.append(run)
    return sorted(runs, key=lambda run: run["name"])


def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
    for step in (1, 2):
        trial.report(lr * step, step * 10)
    if trial.number == 1:
        raise ValueError("lost")
    return lr


def test_trials_are_runs_of_one_group(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    from luthier.integrations.wandb import WandB

    monkeypatch.setenv("WANDB_SILENT", "true")
    study = luthier.create_study("s", seed=0, objectives={"loss": "minimize"})
    with WandB("p", mode="offline", folder=tmp_path) as tracker:
        study.optimize(objective, n_trials=2, callbacks=[tracker], catch=ValueError)
    assert tracker.n_failed == 0
    done, failed = read(tmp_path)
    lr = study.trials[0].params["lr"]
    assert (done["name"], done["group"], done["config"]["lr"]) == ("trial 0", "s", lr)
    assert done["curve"] == [
        {"report/loss": lr, "step": 10.0},
        {"report/loss": 2 * lr, "step": 20.0},
    ]
    assert done["summary"]["loss"] == lr
    assert done["summary"]["state"] == "complete"
    assert (done["exit"], failed["exit"]) == (0, 1)
    assert failed["summary"]["error"] == "ValueError: lost"


def test_a_mode_that_there_is_not_is_refused_at_once():
    pytest.importorskip("wandb")
    from luthier.integrations.wandb import WandB

    with pytest.raises(ValueError, match=r"mode must be one of 'online', .* got 'ofline'"):
        WandB("p", mode="ofline")


def test_the_script_of_the_page_runs(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.chdir(tmp_path)
    script = re.search(r"```py\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    exec(script.replace("n_trials=30", "n_trials=1"), {})
    assert [run["group"] for run in read(tmp_path)] == ["parabola"]
