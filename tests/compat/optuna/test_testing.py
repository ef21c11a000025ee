"""Parts for tests of code that is written for Optuna."""

import pytest

import luthier.compat.optuna as optuna
from luthier.compat.optuna.testing.objectives import fail_objective, pruned_objective
from luthier.compat.optuna.testing.pruners import DeterministicPruner
from luthier.compat.optuna.testing.samplers import DeterministicSampler
from luthier.compat.optuna.testing.storages import STORAGE_MODES, StorageSupplier
from luthier.compat.optuna.testing.visualization import prepare_study_with_trials


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


@pytest.mark.parametrize("mode", STORAGE_MODES)
def test_every_storage_runs_a_study_of_known_params(mode):
    with StorageSupplier(mode) as storage:
        study = optuna.create_study(
            storage=storage,
            sampler=DeterministicSampler({"x": 0.5}),
            pruner=DeterministicPruner(True),
        )
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
        study.optimize(fail_objective, n_trials=1, catch=ValueError)
        study.optimize(pruned_objective, n_trials=1)
        states = [t.state.name for t in study.trials]
        assert states == ["COMPLETE", "FAIL", "PRUNED"]
        assert study.best_params == {"x": 0.5}


def test_a_prepared_study_has_trials_of_two_kinds():
    study = prepare_study_with_trials(n_objectives=2)
    assert [len(t.params) for t in study.trials] == [4, 2, 4]
    with pytest.raises(ValueError, match="no storage"):
        StorageSupplier("tape").__enter__()
