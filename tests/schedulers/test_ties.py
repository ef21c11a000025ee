"""Equal losses at a rung, as of models at chance level after an epoch."""

import pytest

import luthier
from luthier import Float, schedulers, testing
from luthier.schedulers import Decision
from luthier.schedulers.base import Next
from luthier.trial.record import State

EPOCHS = 27
N_TRIALS = 30


def train(trial):
    """Learn from the third epoch on, to an accuracy that x tells; chance level until then."""
    x = trial.params["x"]
    accuracy = 0.5
    for epoch in range(int(trial.step or 0) + 1, EPOCHS + 1):
        accuracy = 0.5 if epoch <= 2 else 0.5 + x * epoch / (2 * EPOCHS)
        trial.report(accuracy, epoch, checkpoint=epoch)
        if trial.should_prune():
            raise luthier.TrialPruned
    return accuracy


@pytest.mark.parametrize(
    "scheduler",
    [
        schedulers.ASHA(max_resource=EPOCHS, mode="stopping"),
        schedulers.ASHA(max_resource=EPOCHS),
        schedulers.ASHA(mode="stopping"),
        schedulers.PASHA(max_resource=EPOCHS),
        schedulers.Hyperband(max_resource=EPOCHS),
        schedulers.SuccessiveHalving(N_TRIALS, max_resource=EPOCHS),
        schedulers.Median(),
        schedulers.Percentile(25.0),
    ],
    ids=repr,
)
def test_a_rung_at_which_all_are_equal_does_not_end_the_search(scheduler):
    study = luthier.create_study(
        space={"x": Float(0, 1)},
        direction="maximize",
        sampler="random",
        seed=0,
        scheduler=scheduler,
    )
    study.optimize(train, n_trials=N_TRIALS)
    known = sorted(trial.params["x"] for trial in study.trials)
    complete = [t for t in study.trials if t.state is State.COMPLETE]
    assert complete
    assert study.best_params["x"] >= known[N_TRIALS // 3]
    if getattr(scheduler, "mode", "") == "stopping":
        assert study.best_params["x"] == known[-1]


@pytest.mark.parametrize("directions", [["minimize"], ["minimize", "maximize"]])
def test_of_equals_none_is_stopped(directions):
    values = (1.0, 1.0)[: len(directions)]
    rows = [
        testing.trial({"x": 0.5}, None, State.RUNNING, {1: values if len(values) > 1 else 1.0})
        for _ in range(9)
    ]
    history = testing.history(*rows, directions=directions)
    asha = schedulers.ASHA(mode="stopping")
    assert {asha.decide(history, number) for number in range(9)} == {Decision.CONTINUE}


def test_a_ranking_of_equals_is_stable():
    """Trials that are equal at the second rung have not changed places, so it stays the top."""
    rows = [
        testing.trial({"x": 0.5}, None, State.PAUSED, {1: loss, 3: 1.0}) for loss in (3.0, 2.0, 1.0)
    ]
    pasha = schedulers.PASHA(max_resource=27)
    assert pasha.next(testing.history(*rows)) is Next.START
