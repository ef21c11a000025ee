"""luthier: one engine for hyperparameter optimisation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_FROM = {
    "Categorical": "distributions",
    "Choice": "choosing",
    "Confirmation": "confirmation",
    "Float": "distributions",
    "Int": "distributions",
    "LuthierError": "errors",
    "Recommendation": "recommendation",
    "Space": "space",
    "State": "trial",
    "Study": "study",
    "Trial": "trial",
    "TrialPruned": "errors",
    "TrialRow": "trial",
    "create_study": "studies",
    "delete_study": "studies",
    "list_studies": "studies",
    "load_study": "studies",
    "share": "sharing",
}
_ROOMS = (
    "checkpoints", "errors", "evaluation", "executors", "measure", "samplers", "schedulers", "stopping", "storages",
)  # fmt: skip

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
    from .choosing import Choice as Choice
    from .confirmation import Confirmation as Confirmation
    from .distributions import Categorical as Categorical
    from .distributions import Float as Float
    from .distributions import Int as Int
    from .errors import LuthierError as LuthierError
    from .errors import TrialPruned as TrialPruned
    from .recommendation import Recommendation as Recommendation
    from .sharing import share as share
    from .space import Space as Space
    from .studies import create_study as create_study
    from .studies import delete_study as delete_study
    from .studies import list_studies as list_studies
    from .studies import load_study as load_study
    from .study import Study as Study
    from .trial import State as State
    from .trial import Trial as Trial
    from .trial import TrialRow as TrialRow


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
