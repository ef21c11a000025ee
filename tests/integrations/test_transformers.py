"""A trainer of Hugging Face reports to a trial, is ended early, and goes on after a kill."""

import copy
import importlib
import sys
import warnings

import pytest
from tests.support.killed_training import run_page

import luthier
from luthier.errors import MissingDependencyError, ReportError

pytest.importorskip("transformers")
pytest.importorskip("accelerate")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from luthier.integrations.transformers import Report, Train

pytestmark = [
    pytest.mark.external("transformers", "accelerate"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of Transformers
]
N = 3
WORDS = torch.randint(0, 20, (24, 4), generator=torch.Generator().manual_seed(0))
TEXTS = [{"input_ids": text, "labels": (text[0] < 10).long()} for text in WORDS]


def make_trainer(folder, callbacks=(), evaluated=TEXTS, **settings):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=4,
    )
    given = {"eval_strategy": "epoch", "save_strategy": "epoch", "num_train_epochs": N}
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=12,
        per_device_eval_batch_size=24,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        logging_strategy="no",
        **given | settings,
    )
    return Trainer(
        model=BertForSequenceClassification(config),
        args=arguments,
        train_dataset=TEXTS,
        eval_dataset=evaluated,
        callbacks=list(callbacks),
    )


def losses(trainer):
    return [e["eval_loss"] for e in trainer.state.log_history if "eval_loss" in e]


@pytest.mark.parametrize("saves", ["epoch", "no"])
def test_reports_are_the_librarys_own_history(tmp_path, saves):
    trainers = []

    def make(trial):
        trainers.append(make_trainer(tmp_path, save_strategy=saves))
        return trainers[0]

    study = luthier.create_study(seed=0)
    study.optimize(Train(make), n_trials=1)
    trainers[0].evaluate()  # the user's own, which is no report
    row = study.trials[0]
    assert row.reports == tuple(enumerate(losses(trainers[0])[:N], start=1))
    assert row.value == row.reports[-1][1]
    assert bool(row.checkpoints) == (saves == "epoch")


def test_a_hopeless_training_ends_in_good_order(tmp_path):
    ended = []

    class Other(TrainerCallback):
        def on_train_end(self, args, state, control, **more):
            ended.append(state.epoch)

    study = luthier.create_study(scheduler=luthier.schedulers.Threshold(upper=0), seed=0)
    objective = Train(lambda trial: make_trainer(tmp_path, [Other()]))
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert [step for step, _ in study.trials[0].reports] == [1]
    assert ended == [1]


class Interrupt(TrainerCallback):
    def __init__(self, moment):
        self.moment = moment

    def on_save(self, args, state, control, **more):
        if state.epoch == self.moment:
            raise KeyboardInterrupt


@pytest.mark.parametrize("moment", [2, N])
def test_an_interrupted_training_ends_as_one_that_was_not(tmp_path, moment):
    whole = make_trainer(tmp_path / "whole")
    whole.train()
    study = luthier.create_study(seed=0)
    moments = [moment, None]
    trainers = []

    def make(trial):
        trainers.append(make_trainer(tmp_path / "other"))
        return trainers[-1]

    def objective(trial):
        report = Report(trial)
        trainer = make(trial)
        trainer.add_callback(report)
        trainer.add_callback(Interrupt(moments.pop(0)))
        trainer.train(resume_from_checkpoint=report.checkpoint)
        report.check()
        return report.value

    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    study.optimize(objective, n_trials=1)
    row = study.trials[0]
    assert row.reports == tuple(enumerate(losses(whole), start=1))
    assert row.value == losses(whole)[-1]
    ours, theirs = trainers[-1].model.parameters(), whole.model.parameters()
    assert moment == N or all(map(torch.equal, ours, theirs))


TWO = {"easy": TEXTS[:12], "hard": TEXTS[12:]}


@pytest.mark.parametrize("saves", ["epoch", "no"])
@pytest.mark.parametrize("metric", ["eval_easy_loss", "eval_hard_loss"])
def test_a_metric_of_one_of_several_data_sets_is_reported(tmp_path, metric, saves):
    trainers = []

    def make(trial):
        trainers.append(make_trainer(tmp_path, evaluated=TWO, save_strategy=saves))
        return trainers[0]

    study = luthier.create_study(seed=0)
    study.optimize(Train(make, metric), n_trials=1)
    theirs = [e[metric] for e in trainers[0].state.log_history if metric in e]
    assert study.trials[0].reports == tuple(enumerate(theirs, start=1))


@pytest.mark.parametrize(
    ("metric", "evaluated", "direction", "message"),
    [
        ("loss", TEXTS, "minimize", "those that are: 'eval_loss'"),
        ("eval_loss", TEXTS, "maximize", r"smaller, and the study is to maximize"),
        ("eval_loss", TWO, "minimize", "those that are: 'eval_easy_loss', 'eval_hard_loss'"),
    ],
)
def test_a_metric_that_cannot_be_reported_is_refused(
    tmp_path, metric, evaluated, direction, message
):
    study = luthier.create_study(direction=direction)
    objective = Train(lambda trial: make_trainer(tmp_path, evaluated=evaluated), metric)
    with pytest.raises(ReportError, match=message):
        study.optimize(objective, n_trials=1)


def test_a_report_is_the_same_in_a_copy():
    report = Report(luthier.create_study().ask())
    assert copy.deepcopy([report])[0] is report


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "luthier.integrations.transformers")
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[transformers\]'"):
        importlib.import_module("luthier.integrations.transformers")


def test_the_script_of_the_page_goes_on_after_a_kill(tmp_path):
    changes = ("total=30", "total=2"), ("N_EPOCHS = 6", "N_EPOCHS = 3")
    study, (before, after) = run_page("transformers", tmp_path, "0:2", *changes)
    assert before[-1] == "0:2"
    assert after[0] == "0:3"
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
