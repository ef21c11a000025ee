"""Ray Tune's words for luthier's search: change `from ray import tune` to this, and code runs."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse
from . import callback as _callback
from . import integration, schedulers, search, session, stopper
from . import mock_trainable as _mock
from . import module_paths as _paths
from . import param_space as _space
from .callback import Callback
from .checkpoint import Checkpoint
from .errors import TuneError
from .experiment import Experiment
from .progress_reporter import CLIReporter, JupyterNotebookReporter, ProgressReporter
from .resources import PlacementGroupFactory
from .results import ExperimentAnalysis, Result, ResultGrid
from .schedulers import create_scheduler
from .search import sample as _sample
from .search import searchers as _searchers
from .search.sample import (
    choice,
    grid_search,
    lograndint,
    loguniform,
    qlograndint,
    qloguniform,
    qrandint,
    qrandn,
    quniform,
    randint,
    randn,
    sample_from,
    uniform,
)
from .search.searchers import create_searcher
from .session import (
    Context as TuneContext,
)
from .session import (
    checkpoint_dir,
    get_checkpoint,
    get_context,
    get_trial_dir,
    get_trial_id,
    get_trial_name,
    get_trial_resources,
    is_session_enabled,
    report,
)
from .settings import (
    CheckpointConfig,
    FailureConfig,
    ResumeConfig,
    RunConfig,
    SyncConfig,
    TuneConfig,
)
from .stopper import Stopper
from .trainable import (
    Trainable,
    register_trainable,
    validate_save_restore,
    with_parameters,
    with_resources,
)
from .trial import Trial
from .tuner import Tuner, run, run_experiments

__all__ = [
    "CLIReporter",
    "Callback",
    "Checkpoint",
    "CheckpointConfig",
    "Experiment",
    "ExperimentAnalysis",
    "FailureConfig",
    "JupyterNotebookReporter",
    "PlacementGroupFactory",
    "ProgressReporter",
    "Result",
    "ResultGrid",
    "ResumeConfig",
    "RunConfig",
    "Stopper",
    "SyncConfig",
    "Trainable",
    "Trial",
    "TuneConfig",
    "TuneContext",
    "TuneError",
    "Tuner",
    "checkpoint_dir",
    "choice",
    "create_scheduler",
    "create_searcher",
    "get_checkpoint",
    "get_context",
    "get_trial_dir",
    "get_trial_id",
    "get_trial_name",
    "get_trial_resources",
    "grid_search",
    "integration",
    "is_session_enabled",
    "lograndint",
    "loguniform",
    "qlograndint",
    "qloguniform",
    "qrandint",
    "qrandn",
    "quniform",
    "randint",
    "randn",
    "register_env",
    "register_trainable",
    "report",
    "run",
    "run_experiments",
    "sample_from",
    "schedulers",
    "search",
    "session",
    "stopper",
    "uniform",
    "with_parameters",
    "with_resources",
]

_SEARCHERS = {
    "ax": ["AxSearch"],
    "basic_variant": ["BasicVariantGenerator"],
    "bayesopt": ["BayesOptSearch"],
    "bohb": ["TuneBOHB"],
    "concurrency_limiter": ["ConcurrencyLimiter"],
    "dragonfly": ["DragonflySearch"],
    "flaml": ["BlendSearch", "CFO"],
    "hebo": ["HEBOSearch"],
    "hyperopt": ["HyperOptSearch"],
    "nevergrad": ["NevergradSearch"],
    "optuna": ["OptunaSearch"],
    "repeater": ["Repeater"],
    "search_algorithm": ["SearchAlgorithm"],
    "searcher": ["Searcher"],
    "sigopt": ["SigOptSearch"],
    "skopt": ["SkOptSearch"],
    "zoopt": ["ZOOptSearch"],
}
_OF_SEARCH = [
    "BasicVariantGenerator",
    "ConcurrencyLimiter",
    "Repeater",
    "SearchAlgorithm",
    "Searcher",
    "create_searcher",
]
_SCHEDULERS = {
    "async_hyperband": ["ASHAScheduler", "AsyncHyperBandScheduler"],
    "hb_bohb": ["HyperBandForBOHB"],
    "hyperband": ["HyperBandScheduler"],
    "median_stopping_rule": ["MedianStoppingRule"],
    "pb2": ["PB2"],
    "pbt": ["PopulationBasedTraining", "PopulationBasedTrainingReplay"],
    "trial_scheduler": ["FIFOScheduler", "TrialScheduler"],
}


_STOPPERS = {
    "experiment_plateau": "ExperimentPlateauStopper",
    "function_stopper": "FunctionStopper",
    "maximum_iteration": "MaximumIterationStopper",
    "noop": "NoopStopper",
    "stopper": "Stopper",
    "timeout": "TimeoutStopper",
    "trial_plateau": "TrialPlateauStopper",
}
_LOGGERS = ["CSVLoggerCallback", "JsonLoggerCallback", "TBXLoggerCallback", "LoggerCallback"]


def register_env(name: str, env_creator: Any) -> None:
    """Refused: environments belong to RLlib.

    Raises:
        CompatError: Always.
    """
    raise refuse("ray.tune.register_env", "RLlib and its environments need Ray itself.")


def _of(module: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names}


def _add_modules() -> None:
    """Make names importable by the paths that Ray has for them."""
    tables: dict[str, dict[str, Any]] = {}
    for room in ("search", "suggest"):
        named = {"sample": _sample, "grid_search": grid_search}
        tables[f"tune.{room}"] = _of(_searchers, _OF_SEARCH) | named
        for name, classes in _SEARCHERS.items():
            tables[f"tune.{room}.{name}"] = _of(_searchers, classes)
    tables["tune.sample"] = vars(_sample) | {}
    tables["tune.search.variant_generator"] = {"grid_search": grid_search}
    for name, classes in _SCHEDULERS.items():
        tables[f"tune.schedulers.{name}"] = _of(schedulers, classes)
    tables |= {
        "tune.analysis": {"ExperimentAnalysis": ExperimentAnalysis},
        "tune.analysis.experiment_analysis": {"ExperimentAnalysis": ExperimentAnalysis},
        "tune.context": {"TuneContext": TuneContext, "get_context": get_context},
        "tune.error": {"TuneError": TuneError},
        "tune.execution": {},
        "tune.execution.placement_groups": {"PlacementGroupFactory": PlacementGroupFactory},
        "tune.experiment.trial": {"Trial": Trial},
        "tune.experimental": {},
        "tune.experimental.output": {"get_air_verbosity": lambda verbose=None: None},
        "tune.impl": {},
        "tune.impl.config": {"CheckpointConfig": CheckpointConfig, "RunConfig": RunConfig},
        "tune.logger": _of(_callback, [*_LOGGERS, "TBXLogger", "pretty_print"]),
        "tune.registry": {"register_env": register_env, "register_trainable": register_trainable},
        "tune.result_grid": {"ResultGrid": ResultGrid},
        "tune.trainable.util": {
            "with_parameters": with_parameters,
            "with_resources": with_resources,
        },
        "tune.tune": {"run": run, "run_experiments": run_experiments},
        "tune.tune_config": {"ResumeConfig": ResumeConfig, "TuneConfig": TuneConfig},
        "tune.utils": {
            "flatten_dict": _space.flatten,
            "unflatten_dict": _space.unflatten,
            "validate_save_restore": validate_save_restore,
        },
        "tune.utils.mock_trainable": {"MyTrainableClass": _mock.MyTrainableClass},
        "tune.utils.util": {"flatten_dict": _space.flatten, "unflatten_dict": _space.unflatten},
    }
    for name, kind in _STOPPERS.items():
        tables[f"tune.stopper.{name}"] = _of(stopper, [kind])
    for name, kind in zip(("csv", "json", "tensorboardx"), _LOGGERS, strict=False):
        tables[f"tune.logger.{name}"] = _of(_callback, [kind])
    _paths.add_modules(tables)


_add_modules()
