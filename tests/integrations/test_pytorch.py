"""PyTorch trains in a loop that reports, ends early, and goes on to the last bit."""

import importlib
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from tests.support.killed_training import run_page

import luthier
from luthier.errors import CheckpointError, MissingDependencyError, ReportError

torch = pytest.importorskip("torch")
from luthier.integrations.pytorch import Loop, seed_all  # noqa: E402

pytestmark = [pytest.mark.external("torch"), pytest.mark.slow]
N = 8
STEP = torch.optim.lr_scheduler.ExponentialLR


def train(trial, rate=None, dies_at=None, n=N, is_scheduled=True, **settings):
    """A training that draws random numbers of three kinds; its loop and its model."""
    torch.set_num_threads(1)
    seed_all(trial)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    rate = trial.suggest_float("rate", 0.01, 0.1) if rate is None else rate
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    parts = {"model": model, "optimizer": optimizer}
    if is_scheduled:
        parts["schedule"] = STEP(optimizer, 0.9)
    loop = Loop(trial, n, **parts, **settings)
    for epoch in loop:
        X = torch.randn(16, 3)
        noise = torch.tensor(np.random.normal(size=16) + random.random())  # noqa: NPY002
        loss = ((model(X)[:, 0] - X.sum(1) + noise) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if is_scheduled:
            parts["schedule"].step()
        loop.report(loss)
        if epoch == dies_at:
            raise KeyboardInterrupt
    return loop, parts


@pytest.mark.parametrize(("dies_at", "every"), [(5, 1), (5, 2), (N, 3)])
def test_an_interrupted_training_ends_as_one_that_was_not(dies_at, every):
    rows, models = [], []
    for moment in (None, dies_at):
        study = luthier.create_study(seed=3)
        moments = [moment, None]

        def objective(trial, moments=moments):
            loop, parts = train(trial, dies_at=moments.pop(0), checkpoint_every=every)
            models.append(torch.cat([w.flatten() for w in parts["model"].parameters()]))
            return loop.value

        study.optimize(objective, n_trials=1)  # ends by Ctrl-C, the second time
        if moment is not None:
            study.optimize(objective, n_trials=1)
        assert study.trials[0].state == luthier.State.COMPLETE
        rows.append(study.trials[0])
    assert rows[0].reports == rows[1].reports
    assert rows[0].value == rows[1].value == rows[0].reports[-1][1]
    assert len(rows[0].reports) == N
    assert torch.equal(*models)


def test_a_hopeless_trial_ends_unless_it_may_not():
    for prune, n in ((True, 1), (False, N)):
        study = luthier.create_study(scheduler=luthier.schedulers.Threshold(upper=-1), seed=0)
        study.optimize(lambda trial, p=prune: train(trial, prune=p)[0].value, n_trials=1)
        assert len(study.trials[0].reports) == n
        assert (study.trials[0].state == luthier.State.PRUNED) == prune


def test_trials_that_pause_go_on_where_they_were():
    scheduler = luthier.schedulers.ASHA(max_resource=N, reduction_factor=2, mode="promotion")
    study = luthier.create_study(scheduler=scheduler, seed=0)
    study.optimize(lambda trial: train(trial)[0].value, n_trials=12)
    complete = [row for row in study.trials if row.state == luthier.State.COMPLETE]
    assert complete
    for row in study.trials:
        assert [step for step, _ in row.reports] == list(range(1, len(row.reports) + 1))


def test_a_copy_of_another_network_keeps_its_own_rate():
    scheduler = luthier.schedulers.PBT(population_size=4, interval=2, max_resource=N)
    study = luthier.create_study(scheduler=scheduler, seed=0)
    wrong = []

    def objective(trial):
        loop, parts = train(trial, is_scheduled=False)
        if parts["optimizer"].param_groups[0]["lr"] != trial.params["rate"]:
            wrong.append(trial.number)
        return loop.value

    study.optimize(objective, n_trials=4)
    copies = [row for row in study.trials if row.state == luthier.State.COMPLETE]
    assert copies
    assert wrong == []
    with pytest.raises(CheckpointError, match="a schedule of the learning rate cannot go on"):
        luthier.create_study(scheduler=scheduler, seed=0).optimize(
            lambda trial: train(trial)[0].value, n_trials=4
        )


def test_reports_that_are_not_a_number():
    study = luthier.create_study()

    def objective(trial):
        loop = Loop(trial, 2)
        for _ in loop:
            loop.report(torch.tensor(float("nan")))
        return 1.0

    study.optimize(objective, n_trials=1)
    assert [str(value) for _, value in study.trials[0].reports] == ["nan", "nan"]
    with pytest.raises(ReportError, match="for epoch in loop"):
        Loop(study.ask(), 2).report(1.0)
    with pytest.raises(ReportError, match="expects two numbers, got value = 'low'"):
        next_epoch(Loop(study.ask(), 2)).report("low")


def next_epoch(loop):
    next(iter(loop))
    return loop


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"n_epochs": 0}, ValueError, "n_epochs"),
        ({"checkpoint_every": 0}, ValueError, "checkpoint_every"),
        ({"rate": 0.1}, CheckpointError, "rate must have state_dict and load_state_dict"),
    ],
)
def test_what_a_loop_cannot_be_made_of(settings, error, message):
    with pytest.raises(error, match=message):
        Loop(luthier.create_study().ask(), **{"n_epochs": 3} | settings)


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        ({"parts": {"net": {}}, "random": {}}, "holds net, and the loop has model"),
        ({"w": np.zeros(3)}, "was not saved by a Loop"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(checkpoint, message):
    study = luthier.create_study()
    has_begun = []

    def objective(trial):
        if not has_begun:
            has_begun.append(True)
            trial.report(0, 1, checkpoint=checkpoint)
            raise KeyboardInterrupt
        Loop(trial, 2, model=torch.nn.Linear(1, 1))

    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    with pytest.raises(CheckpointError, match=message):
        study.optimize(objective, n_trials=1)


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "luthier.integrations.pytorch")
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[torch\]'"):
        importlib.import_module("luthier.integrations.pytorch")


def test_the_script_of_the_page_goes_on_after_a_kill(tmp_path):
    study, (before, after) = run_page(
        "pytorch", tmp_path, "1:4", ("total=30", "total=3"), ("(trial, 20,", "(trial, 6,")
    )
    assert before[-1] == "1:4"
    assert after[0] == "1:5"
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
    assert study.best_value > 0.5
    assert study.load_checkpoint(study.best_trial)["parts"].keys() == {"model", "optimizer"}


TWO_PROCESSES = """
import os, sys
import torch
import luthier
from luthier.integrations.pytorch import Loop
from luthier.integrations.ranks import share


def train(rank, shared, folder):
    place = f"file://{folder}/meeting{shared.trial.number}-{shared.trial.step}"
    torch.distributed.init_process_group("gloo", place, rank=rank, world_size=2)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1))
    try:
        loop = Loop(shared.trial, 4, model=model)
        for epoch in loop:
            with open(f"rank{rank}", "a") as file:
                print(epoch, file=file)
            loop.report(epoch + 100 * rank)
            if epoch == 2 and not os.path.exists("died"):
                torch.distributed.barrier()
                if rank == 0:
                    open("died", "w").close()
                    os.kill(os.getppid(), 9)
                    os._exit(1)
    finally:
        torch.distributed.destroy_process_group()


def objective(trial):
    with share(trial) as shared:
        torch.multiprocessing.spawn(train, (shared, os.getcwd()), nprocs=2)
    return shared.value


if __name__ == "__main__":
    scheduler = luthier.schedulers.Threshold(upper=2.5)
    storage = "sqlite:///s.db?lease_s=1"
    study = luthier.create_study("s", storage, scheduler=scheduler, load_if_exists=True)
    study.optimize(objective, n_trials=1)
"""


def test_two_processes_end_at_the_same_epoch_and_go_on_after_a_kill(tmp_path):
    (tmp_path / "train.py").write_text(TWO_PROCESSES)
    for code in (-9, 0):
        done = subprocess.run(
            [sys.executable, "train.py"],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
    study = luthier.load_study("s", f"sqlite:///{tmp_path}/s.db")
    assert [row.state for row in study.trials] == [luthier.State.PRUNED]
    assert study.trials[0].reports == ((1, 1), (2, 2), (3, 3))
    for rank in (0, 1):
        lines = (tmp_path / f"rank{rank}").read_text().splitlines()
        assert list(dict.fromkeys(lines)) == ["1", "2", "3"]  # the second may have gone on a moment
