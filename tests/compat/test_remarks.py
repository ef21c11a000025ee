"""What the translations say of what they do not have."""

import subprocess
import sys
import warnings

import pytest

import luthier
from luthier.compat import hyperopt, optuna, remarks
from luthier.compat.ax.early_stopping.strategies import PercentileEarlyStoppingStrategy
from luthier.compat.ax.service.ax_client import AxClient, ObjectiveProperties
from luthier.compat.ax.service.utils.instantiation import InstantiationBase
from luthier.compat.bayes_opt import BayesianOptimization
from luthier.compat.optuna.importance import FanovaImportanceEvaluator
from luthier.compat.optuna.samplers import NSGAIIISampler, TPESampler
from luthier.compat.optuna.samplers.nsgaii import BLXAlphaCrossover, SBXCrossover
from luthier.compat.ray import tune
from luthier.compat.ray.tune.param_space import ParamSpace
from luthier.compat.ray.tune.schedulers import ASHAScheduler
from luthier.compat.ray.tune.search import BasicVariantGenerator
from luthier.compat.remarks import (
    heed_others,
    refuse,
    refuse_part,
    refuse_space,
    warn_without_effect,
)
from luthier.errors import CompatError, LuthierError


def test_what_is_refused_names_the_other_way():
    error = refuse("ax.plot.render", "Use study.plot().")
    assert isinstance(error, CompatError)
    assert isinstance(error, LuthierError)
    assert str(error) == "ax.plot.render has no equivalent here. Use study.plot()."


def test_what_has_no_effect_is_said_once():
    with pytest.warns(UserWarning, match="verbose of a test has no effect: There is nothing"):
        warn_without_effect("verbose of a test", "There is nothing to print.")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_without_effect("verbose of a test", "There is nothing to print.")


def test_an_argument_that_the_peer_does_not_have_is_an_error_before_any_warning():
    with pytest.raises(TypeError, match="peer's call got an unexpected keyword argument 'b'"):
        heed_others("peer's call", {"a": 1, "b": None}, {"a": "it is old."})
    with pytest.warns(UserWarning, match="^a of peer's call has no effect: it is old"):
        heed_others("peer's call", {"a": 1}, {"a": "it is old."})
    heed_others("peer's call", {"c": None}, {"c": "None is as if it was not given."})


def _optimize_with(**parts):
    return lambda: optuna.create_study(**parts)


def _minimize(space, **settings):
    return lambda: hyperopt.fmin(lambda p: 0.0, space, max_evals=1, **settings)


def _ax(parameters):
    return lambda: InstantiationBase.make_search_space(parameters, None)


def _ask(distribution):
    return lambda: optuna.create_study().ask({"x": distribution})


HYPEROPTS = hyperopt.hp.uniform("x", 0, 1)
OPTUNAS = optuna.distributions.FloatDistribution(0, 1)
RAYS = tune.uniform(0, 1)
LUTHIERS = luthier.Float(0, 1)


class Own:
    """A sampler that a user wrote without the base class."""


MIXES = {
    "optuna with hyperopt's algorithm": _optimize_with(sampler=hyperopt.tpe.suggest),
    "optuna with luthier's sampler": _optimize_with(sampler=luthier.samplers.TPE()),
    "optuna with ray's scheduler": _optimize_with(pruner=ASHAScheduler()),
    "optuna with hyperopt's trials": _optimize_with(storage=hyperopt.Trials()),
    "optuna asks of hyperopt": _ask(HYPEROPTS),
    "optuna asks of ray": _ask(RAYS),
    "optuna asks of luthier": _ask(LUTHIERS),
    "optuna adds a trial of ray": lambda: optuna.create_study().add_trial(RAYS),
    "optuna makes a trial of hyperopt": lambda: optuna.trial.create_trial(
        value=1.0, params={"x": 0.5}, distributions={"x": HYPEROPTS}
    ),
    "hyperopt with optuna's sampler": _minimize({"x": HYPEROPTS}, algo=TPESampler()),
    "hyperopt with optuna's study": _minimize({"x": HYPEROPTS}, trials=optuna.create_study()),
    "hyperopt over optuna's space": _minimize({"x": OPTUNAS}),
    "hyperopt over ray's space": _minimize({"deep": [{"x": RAYS}]}),
    "hyperopt over luthier's space": _minimize({"x": LUTHIERS}),
    "ray over hyperopt's space": lambda: ParamSpace({"deep": [HYPEROPTS]}),
    "ray over optuna's space": lambda: ParamSpace({"x": OPTUNAS}),
    "ray over luthier's space": lambda: ParamSpace({"x": LUTHIERS}),
    "ax over hyperopt's space": _ax([HYPEROPTS]),
    "ax over optuna's space": _ax([OPTUNAS]),
}


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_a_mix_of_peers_is_refused_before_anything_runs(mix):
    with pytest.raises(CompatError, match=r"luthier\.compat\.(optuna|hyperopt|ax|ray)"):
        mix()


def test_what_a_user_wrote_and_each_peers_own_words_are_let_through():
    refuse_part("sampler", Own(), TPESampler, "luthier.compat.optuna")
    refuse_part("sampler", None, TPESampler, "luthier.compat.optuna")
    nameless = eval("lambda ids, domain, trials, seed: []", {})
    nameless.__module__ = None
    refuse_part("algo", nameless, type(None), "luthier.compat.hyperopt")
    refuse_part("algo", hyperopt.tpe.suggest, type(None), "luthier.compat.hyperopt")
    for value, own in ((HYPEROPTS, "hyperopt"), (OPTUNAS, "optuna"), (RAYS, "ray"), (1, "ax")):
        refuse_space(value, f"luthier.compat.{own}")


def _ax_client():
    client = AxClient(verbose_logging=False, random_seed=0)
    space = [{"name": "x", "type": "range", "bounds": [0.0, 1.0]}]
    client.create_experiment(space, objectives={"y": ObjectiveProperties(minimize=True)})
    _, index = client.get_next_trial()
    client.complete_trial(index, {"y": 1.0})
    return client


UNKNOWN = {
    "AxClient.attach_trial": lambda: _ax_client().attach_trial({"x": 0.5}, typo=1),
    "AxClient.get_best_parameters": lambda: _ax_client().get_best_parameters(typo=1),
    "AxClient.update_trial_data": lambda: _ax_client().update_trial_data(0, 1.0, typo=1),
    "AxClient.add_tracking_metrics": lambda: _ax_client().add_tracking_metrics(["z"], typo=1),
    "Ax's early stopping": lambda: PercentileEarlyStoppingStrategy(typo=1),
    "bayes_opt's maximize": lambda: BayesianOptimization(None, {"x": (0, 1)}, verbose=0).maximize(
        typo=1
    ),
    "ray's BasicVariantGenerator": lambda: BasicVariantGenerator(typo=1),
}


@pytest.mark.parametrize("call", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_argument_is_an_error(call):
    with pytest.raises(TypeError, match="typo"):
        call()


def test_metadata_of_trials_is_kept():
    client = _ax_client()
    _, index = client.attach_trial({"x": 0.5}, run_metadata={"host": "a"})
    client.update_running_trial_with_intermediate_data(index, {"y": 2.0}, metadata={"n": 1})
    assert client.get_trial(index).run_metadata == {"host": "a", "n": 1}


@pytest.mark.parametrize("parameters", [{"name": "x"}, "x", 3, [3]])
def test_parameters_of_ax_that_are_no_list_of_dicts_are_refused(parameters):
    with pytest.raises(ValueError, match="dict"):
        InstantiationBase.make_search_space(parameters, None)


IGNORED = {
    "alpha": lambda: BLXAlphaCrossover(alpha=0.2),
    "eta": lambda: SBXCrossover(eta=3.0),
    "max_depth": lambda: FanovaImportanceEvaluator(max_depth=3),
    "dividing_parameter": lambda: NSGAIIISampler(dividing_parameter=4),
    "multivariate=False": lambda: TPESampler(multivariate=False),
    "constant_liar=False": lambda: TPESampler(constant_liar=False),
    "SyncConfig": lambda: tune.SyncConfig(sync_period=3),
    "sample_size": lambda: _ax_client().update_trial_data(0, {"y": 1.0}, sample_size=3),
}


@pytest.mark.filterwarnings("ignore:.*is experimental")
@pytest.mark.parametrize(("name", "call"), IGNORED.items(), ids=IGNORED)
def test_an_argument_without_effect_is_said(name, call, monkeypatch):
    monkeypatch.setattr(remarks, "_said", set())
    with pytest.warns(UserWarning, match=f"{name} .*has no effect"):
        call()


HEAVY = ("joblib", "matplotlib", "pandas", "plotly", "sklearn", "sqlalchemy", "torch")


@pytest.mark.slow
@pytest.mark.parametrize("peer", ["ax", "bayes_opt", "hyperopt", "optuna", "ray.tune", "smac"])
def test_importing_a_translation_loads_neither_the_peer_nor_heavy_libraries(peer):
    root = peer.partition(".")[0]
    program = (
        f"import sys, luthier.compat.{peer}; "
        f"print([m for m in {(*HEAVY, root, 'ConfigSpace')!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
