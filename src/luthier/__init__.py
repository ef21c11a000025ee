"""luthier: one engine for hyperparameter optimisation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_FROM = {
    "Categorical": "space.distributions",
    "Choice": "analysis.choice",
    "Confirmation": "study.confirm",
    "Float": "space.distributions",
    "Int": "space.distributions",
    "LuthierError": "errors",
    "Recommendation": "analysis.recommendation",
    "Space": "space.space",
    "State": "trial.record",
    "Study": "study.study",
    "Trial": "trial.handle",
    "TrialPruned": "errors",
    "TrialRow": "trial.record",
    "create_study": "study.create",
    "delete_study": "study.create",
    "list_studies": "study.create",
    "load_study": "study.create",
    "share": "executors.sharing",
}
_ROOMS = (
    "checkpoints",
    "errors",
    "evaluation",
    "executors",
    "measure",
    "samplers",
    "schedulers",
    "stopping",
    "storages",
)

__all__ = [*_FROM, *_ROOMS, "__version__"]

if TYPE_CHECKING:
    from . import checkpoints as checkpoints
    from . import errors as errors
    from . import evaluation as evaluation
    from . import executors as executors
    from . import measure as measure
    from . import samplers as samplers
    from . import schedulers as schedulers
    from . import stopping as stopping
    from . import storages as storages
    from .analysis.choice import Choice as Choice
    from .analysis.recommendation import Recommendation as Recommendation
    from .errors import LuthierError as LuthierError
    from .errors import TrialPruned as TrialPruned
    from .executors.sharing import share as share
    from .space.distributions import Categorical as Categorical
    from .space.distributions import Float as Float
    from .space.distributions import Int as Int
    from .space.space import Space as Space
    from .study.confirm import Confirmation as Confirmation
    from .study.create import create_study as create_study
    from .study.create import delete_study as delete_study
    from .study.create import list_studies as list_studies
    from .study.create import load_study as load_study
    from .study.study import Study as Study
    from .trial.handle import Trial as Trial
    from .trial.record import State as State
    from .trial.record import TrialRow as TrialRow


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name not in _FROM:
        raise AttributeError(f"module 'luthier' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_FROM[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
