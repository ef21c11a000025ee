"""Lightning reports to a trial, is ended early on all devices, and goes on after a kill."""

import copy
import importlib
import os
import subprocess
import sys
import warnings

import pytest
from tests.support.killed_training import run_page

import luthier
from luthier.errors import MissingDependencyError, ReportError

pytest.importorskip("lightning")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lightning as L
    import torch

    from luthier.integrations.lightning import Report

pytestmark = [
    pytest.mark.external("lightning"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Lightning's own
]
N = 4
X = torch.linspace(-1, 1, 64).reshape(16, 4)
DATA = torch.utils.data.TensorDataset(X, X.sum(1))


class Line(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(4, 1)
        torch.nn.init.zeros_(self.line.weight)
        torch.nn.init.zeros_(self.line.bias)

    def error(self, batch):
        return ((self.line(batch[0])[:, 0] - batch[1]) ** 2).mean()

    def training_step(self, batch, i):
        error = self.error(batch)
        self.log("train_loss", error, on_epoch=True)
        return error

    def validation_step(self, batch, i):
        self.log("val_loss", self.error(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.9)


class Recorder(L.Callback):
    def __init__(self, dies_at=None):
        self.losses = []
        self.is_torn_down = False
        self.dies_at = dies_at

    def on_validation_end(self, trainer, pl_module):
        if not trainer.sanity_checking:
            self.losses.append(trainer.callback_metrics["val_loss"].item())

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch + 1 == self.dies_at:
            raise RuntimeError("the machine stops")

    def teardown(self, trainer, pl_module, stage):
        self.is_torn_down = True


def fit(report, recorder, ckpt_path=None, is_validated=True):
    trainer = L.Trainer(
        max_epochs=N,
        accelerator="cpu",
        callbacks=[report, recorder],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    load = torch.utils.data.DataLoader(DATA, 4)
    line = Line()
    valid = load if is_validated else None
    trainer.fit(line, load, valid, ckpt_path=ckpt_path, weights_only=True)
    report.check()
    return line


def test_reports_are_the_librarys_own_values():
    recorder = Recorder()
    study = luthier.create_study(seed=0)

    def objective(trial):
        fit(Report(trial, "val_loss"), recorder)
        return recorder.losses[-1]

    study.optimize(objective, n_trials=1)
    assert len(recorder.losses) == N
    assert study.trials[0].reports == tuple(enumerate(recorder.losses, start=1))


def test_a_hopeless_training_ends_in_good_order():
    recorder = Recorder()
    study = luthier.create_study(scheduler=luthier.schedulers.Threshold(upper=0), seed=0)
    study.optimize(lambda trial: fit(Report(trial, "val_loss", every=2), recorder), n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert [step for step, _ in study.trials[0].reports] == [2]
    assert recorder.is_torn_down


@pytest.mark.parametrize("dies_at", [3, N])
def test_an_interrupted_training_ends_as_one_that_was_not(dies_at):
    whole = Recorder()
    lines = [fit(Report(luthier.create_study().ask(), "val_loss"), whole)]
    study = luthier.create_study(seed=0)
    moments = [dies_at, None]

    def objective(trial):
        recorder = Recorder(moments.pop(0))
        try:
            report = Report(trial, "val_loss", checkpoint_every=2)
            lines.append(fit(report, recorder, trial.checkpoint))
        except RuntimeError:
            raise KeyboardInterrupt from None
        return report.value

    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    study.optimize(objective, n_trials=1)
    assert study.trials[0].reports == tuple(enumerate(whole.losses, start=1))
    assert study.trials[0].value == whole.losses[-1]
    assert torch.equal(lines[0].line.weight, lines[1].line.weight)


def test_what_is_logged_in_training_is_reported_where_there_is_no_validation():
    study = luthier.create_study(seed=0)

    def objective(trial):
        fit(Report(trial, "train_loss_epoch"), Recorder(), is_validated=False)
        return 0.0

    study.optimize(objective, n_trials=1)
    assert [step for step, _ in study.trials[0].reports] == list(range(1, N + 1))


def test_a_metric_that_is_not_logged_is_refused():
    study = luthier.create_study()
    with pytest.raises(ReportError, match="did you mean 'val_loss'"):
        study.optimize(lambda trial: fit(Report(trial, "val_los"), Recorder()), n_trials=1)


def test_a_report_is_the_same_in_a_copy():
    report = Report(luthier.create_study().ask())
    assert copy.deepcopy([report])[0] is report


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    for name in ("lightning.pytorch.callbacks", "pytorch_lightning.callbacks"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "luthier.integrations.lightning")
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[lightning\]'"):
        importlib.import_module("luthier.integrations.lightning")


TWO_PROCESSES = """
import sys
import lightning as L
import torch
import luthier
from luthier.integrations.lightning import Report, optimize_together

strategy = sys.argv[1]


class Line(L.LightningModule):
    def __init__(self, level):
        super().__init__()
        self.line = torch.nn.Linear(4, 1)
        self.level = level

    def training_step(self, batch, i):
        return ((self.line(batch[0])[:, 0] - batch[1]) ** 2).mean()

    def validation_step(self, batch, i):
        self.log("level", torch.tensor(self.level + self.current_epoch), sync_dist=True)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class Note(L.Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        with open(f"rank{trainer.global_rank}", "a") as file:
            print(pl_module.level, trainer.current_epoch + 1, file=file)


def objective(trial):
    level = trial.suggest_float("level", 0, 100)
    report = Report(trial, "level", checkpoint_every=1)
    trainer = L.Trainer(
        max_epochs=4, accelerator="cpu", devices=2, strategy=strategy, callbacks=[report, Note()],
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )
    X = torch.ones(8, 4)
    load = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, X.sum(1)), 2)
    trainer.fit(Line(level), load, load)
    print("value", report.value)
    report.check()
    return report.value


if __name__ == "__main__":
    scheduler = luthier.schedulers.Threshold(upper=11.5)
    storage = "sqlite:///s.db"
    study = luthier.create_study("s", storage, scheduler=scheduler, load_if_exists=True, seed=0)
    if not study.trials:
        study.enqueue({"level": 10.0})
        study.enqueue({"level": 1.0})
    if strategy == "ddp":
        optimize_together(study, objective, n_trials=2)
    else:
        study.optimize(objective, n_trials=1)  # each starts two processes
"""


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_two_processes_end_at_the_same_epoch(tmp_path, strategy):
    (tmp_path / "train.py").write_text(TWO_PROCESSES)
    done = subprocess.run(
        [sys.executable, "train.py", strategy],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    epochs = [f"10.0 {k}" for k in (1, 2, 3)]
    if strategy == "ddp":
        epochs += [f"1.0 {k}" for k in (1, 2, 3, 4)]
    assert (tmp_path / "rank0").read_text().splitlines() == epochs
    assert (tmp_path / "rank1").read_text().splitlines() == epochs
    study = luthier.load_study("s", f"sqlite:///{tmp_path}/s.db")
    assert study.trials[0].state == luthier.State.PRUNED
    assert study.trials[0].reports == ((1, 10), (2, 11), (3, 12))
    assert "value 12.0" in done.stdout  # in the process of the study, whichever trains
    if strategy == "ddp":
        assert study.trials[1].state == luthier.State.COMPLETE
        assert study.trials[1].reports == ((1, 1), (2, 2), (3, 3), (4, 4))


def test_the_script_of_the_page_goes_on_after_a_kill(tmp_path):
    changes = ("total=30", "total=2"), ("N_EPOCHS = 20", "N_EPOCHS = 4")
    study, (before, after) = run_page("lightning", tmp_path, "0:2", *changes)
    assert before[-1] == "0:2"
    assert after[0] == "0:3"
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
