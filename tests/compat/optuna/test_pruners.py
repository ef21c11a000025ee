"""Pruners in Optuna's words."""

import math

import pytest

import luthier.compat.optuna as optuna
from luthier.compat.optuna import pruners
from luthier.compat.optuna.trial import TrialState

pytestmark = pytest.mark.filterwarnings(
    "ignore::luthier.compat.optuna.exceptions.ExperimentalWarning"
)


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def train(trial):
    """A loss that falls with the steps; even trials are good ones."""
    level = trial.number % 2 + 0.01 * trial.number
    for step in range(1, 28):
        trial.report(level + 1 / step, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return level


@pytest.mark.parametrize(
    "make",
    [
        lambda: pruners.MedianPruner(n_startup_trials=2),
        lambda: pruners.PercentilePruner(40.0, n_startup_trials=2, n_warmup_steps=3),
        lambda: pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
        lambda: pruners.HyperbandPruner(min_resource=1, max_resource=27),
        lambda: pruners.PatientPruner(pruners.MedianPruner(n_startup_trials=2), patience=1),
        lambda: pruners.ThresholdPruner(upper=1.0, n_warmup_steps=20),
        lambda: pruners.WilcoxonPruner(p_threshold=0.1),
    ],
)
def test_bad_trials_end_early_and_the_best_one_does_not(make):
    study = optuna.create_study(pruner=make())
    study.optimize(train, n_trials=12)
    if not isinstance(study.pruner, pruners.PatientPruner):  # these never get worse
        assert any(t.state is TrialState.PRUNED for t in study.trials)
    assert study.best_trial.number == 0


def test_nothing_is_pruned_without_a_rule():
    study = optuna.create_study(pruner=pruners.NopPruner())
    study.optimize(train, n_trials=6)
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


def test_directions_count():
    study = optuna.create_study(
        direction="maximize", pruner=pruners.MedianPruner(n_startup_trials=1)
    )
    for value in (1.0, 0.5, 2.0):
        trial = study.ask()
        trial.report(value, 1)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, value)
    wanted = ["COMPLETE", "PRUNED", "COMPLETE"]
    assert [t.state.name for t in study.trials] == wanted


def test_reports_of_nan_are_pruned_by_a_threshold():
    study = optuna.create_study(pruner=pruners.ThresholdPruner(upper=5))
    trial = study.ask()
    trial.report(math.nan, 1)
    assert trial.should_prune()


def test_users_own_pruners_work():
    class Second(pruners.BasePruner):
        def prune(self, study, trial):
            return trial.last_step >= 2

    study = optuna.create_study(pruner=Second())
    study.optimize(train, n_trials=2)
    assert [t.last_step for t in study.trials] == [2, 2]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: pruners.PercentilePruner(120), "between 0 and 100"),
        (lambda: pruners.SuccessiveHalvingPruner(min_resource=0), "min_resource"),
        (lambda: pruners.HyperbandPruner(max_resource="many"), "max_resource"),
        (lambda: pruners.ThresholdPruner(lower=2, upper=1), "smaller"),
        (lambda: pruners.PatientPruner(None, patience=-1), "patience"),
        (lambda: pruners.WilcoxonPruner(p_threshold=2), "p_threshold"),
    ],
)
def test_bad_settings_are_refused(make, what):
    with pytest.raises(ValueError, match=what):
        make()
