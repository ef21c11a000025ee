"""Ray Tune's words for luthier's search: change `from ray import tune` to this, and code runs."""

from __future__ import annotations

from typing import Any

from . import callback as _callback
from . import integrations as _integrations
from . import module_paths as _paths
from . import schedulers, search, session, stopper
from .callback import Callback, CLIReporter, JupyterNotebookReporter, ProgressReporter
from .checkpoint import Checkpoint
from .errors import TuneError
from .results import ExperimentAnalysis, ResultGrid
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
from .settings import CheckpointConfig, FailureConfig, RunConfig, SyncConfig, TuneConfig
from .stopper import Stopper
from .trainable import (
    PlacementGroupFactory,
    Trainable,
    register_trainable,
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
    "ExperimentAnalysis",
    "FailureConfig",
    "JupyterNotebookReporter",
    "PlacementGroupFactory",
    "ProgressReporter",
    "ResultGrid",
    "RunConfig",
    "Stopper",
    "SyncConfig",
    "Trainable",
    "Trial",
    "TuneConfig",
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


def _of(module: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names}


def _make_lazily(**makers: Any) -> dict[str, Any]:
    """Return a module's `__getattr__`, whose classes need a library that is loaded when asked."""

    def get(name: str) -> Any:
        if name in makers:
            return makers[name]()
        raise AttributeError(f"this module has no {name!r}, only {sorted(makers)}")

    return {"__getattr__": get}


def _add_modules() -> None:
    """Make names importable by the paths that Ray has for them."""
    tables: dict[str, dict[str, Any]] = {}
    for room in ("search", "suggest"):
        tables[f"tune.{room}"] = _of(_searchers, _OF_SEARCH) | {"sample": _sample}
        for name, classes in _SEARCHERS.items():
            tables[f"tune.{room}.{name}"] = _of(_searchers, classes)
    tables["tune.sample"] = vars(_sample) | {}
    tables["tune.search.variant_generator"] = {"grid_search": grid_search}
    for name, classes in _SCHEDULERS.items():
        tables[f"tune.schedulers.{name}"] = _of(schedulers, classes)
    loggers = ["CSVLoggerCallback", "JsonLoggerCallback", "LoggerCallback", "TBXLoggerCallback"]
    tables |= {
        "tune.analysis": {"ExperimentAnalysis": ExperimentAnalysis},
        "tune.error": {"TuneError": TuneError},
        "tune.execution.placement_groups": {"PlacementGroupFactory": PlacementGroupFactory},
        "tune.execution": {},
        "tune.experiment": {"Trial": Trial},
        "tune.experiment.trial": {"Trial": Trial},
        "tune.experimental": {},
        "tune.experimental.output": {"get_air_verbosity": lambda verbose=None: None},
        "tune.impl.config": {"CheckpointConfig": CheckpointConfig, "RunConfig": RunConfig},
        "tune.impl": {},
        "tune.logger": _of(_callback, [*loggers, "TBXLogger", "pretty_print"]),
        "tune.progress_reporter": _of(
            _callback, ["CLIReporter", "JupyterNotebookReporter", "ProgressReporter"]
        ),
        "tune.registry": {"register_trainable": register_trainable},
        "tune.result_grid": {"ResultGrid": ResultGrid},
        "tune.trainable.util": {"with_parameters": with_parameters},
        "tune.tune_config": {"TuneConfig": TuneConfig},
        "tune.integration": {},
        "tune.integration.lightgbm": {
            "TuneReportCallback": _integrations.LightGBMReportOnly,
            "TuneReportCheckpointCallback": _integrations.LightGBMReport,
        },
        "tune.integration.xgboost": _make_lazily(
            TuneReportCallback=lambda: _integrations.make_xgboost_callback(False),
            TuneReportCheckpointCallback=lambda: _integrations.make_xgboost_callback(True),
        ),
        "tune.integration.pytorch_lightning": _make_lazily(
            TuneReportCallback=_integrations.make_lightning_callback,
            TuneReportCheckpointCallback=_integrations.make_lightning_callback,
        ),
        "tune.integration.keras": _make_lazily(
            ReportCheckpointCallback=_integrations.make_keras_callback,
            TuneReportCallback=_integrations.make_keras_callback,
            TuneReportCheckpointCallback=_integrations.make_keras_callback,
        ),
    }
    _paths.add_modules(tables)


_add_modules()
