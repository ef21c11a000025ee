"""luthier: one engine for hyperparameter optimisation."""

from __future__ import annotations

from ._lazy import attach

TYPE_CHECKING = False  # as in typing, which takes longer to load than the rest of this file
__version__ = "0.1.0"

__all__ = [
    "Categorical",
    "Choice",
    "Confirmation",
    "Explanation",
    "Float",
    "Finding",
    "Forecast",
    "GoodRegion",
    "History",
    "Int",
    "LuthierError",
    "Memory",
    "Normal",
    "Recommendation",
    "Space",
    "State",
    "Study",
    "StudyRecord",
    "Trial",
    "TrialBatch",
    "TrialDisturbedError",
    "TrialPruned",
    "TrialRow",
    "create_study",
    "delete_study",
    "list_studies",
    "load_study",
    "share",
    "analysis",
    "automl",
    "checkpoints",
    "errors",
    "evaluation",
    "executors",
    "history",
    "lifecycle",
    "measure",
    "nas",
    "plots",
    "registry",
    "report",
    "samplers",
    "schedulers",
    "sklearn",
    "spaces",
    "stopping",
    "storages",
    "testing",
    "transfer",
    "__version__",
]

if TYPE_CHECKING:
    from . import analysis as analysis
    from . import automl as automl
    from . import checkpoints as checkpoints
    from . import errors as errors
    from . import evaluation as evaluation
    from . import executors as executors
    from . import history as history
    from . import lifecycle as lifecycle
    from . import measure as measure
    from . import nas as nas
    from . import plots as plots
    from . import registry as registry
    from . import report as report
    from . import samplers as samplers
    from . import schedulers as schedulers
    from . import sklearn as sklearn
    from . import spaces as spaces
    from . import stopping as stopping
    from . import storages as storages
    from . import testing as testing
    from . import transfer as transfer
    from .analysis import Choice as Choice
    from .analysis import Explanation as Explanation
    from .analysis import Finding as Finding
    from .analysis import Forecast as Forecast
    from .analysis import GoodRegion as GoodRegion
    from .analysis import Recommendation as Recommendation
    from .errors import LuthierError as LuthierError
    from .errors import TrialDisturbedError as TrialDisturbedError
    from .errors import TrialPruned as TrialPruned
    from .executors.sharing import share as share
    from .history import History as History
    from .space import Categorical as Categorical
    from .space import Float as Float
    from .space import Int as Int
    from .space import Normal as Normal
    from .space import Space as Space
    from .storages.base import StudyRecord as StudyRecord
    from .study import Confirmation as Confirmation
    from .study import Study as Study
    from .study import create_study as create_study
    from .study import delete_study as delete_study
    from .study import list_studies as list_studies
    from .study import load_study as load_study
    from .transfer import Memory as Memory
    from .trial import State as State
    from .trial import Trial as Trial
    from .trial import TrialBatch as TrialBatch
    from .trial import TrialRow as TrialRow
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Categorical": "space",
            "Choice": "analysis",
            "Confirmation": "study",
            "Finding": "analysis",
            "Explanation": "analysis",
            "Float": "space",
            "Forecast": "analysis",
            "GoodRegion": "analysis",
            "History": "history",
            "Int": "space",
            "Normal": "space",
            "LuthierError": "errors",
            "Memory": "transfer",
            "Recommendation": "analysis",
            "Space": "space",
            "State": "trial",
            "Study": "study",
            "StudyRecord": "storages.base",
            "Trial": "trial",
            "TrialBatch": "trial",
            "TrialDisturbedError": "errors",
            "TrialPruned": "errors",
            "TrialRow": "trial",
            "create_study": "study",
            "delete_study": "study",
            "list_studies": "study",
            "load_study": "study",
            "share": "executors.sharing",
            "analysis": "",
            "automl": "",
            "checkpoints": "",
            "errors": "",
            "evaluation": "",
            "executors": "",
            "history": "",
            "lifecycle": "",
            "measure": "",
            "nas": "",
            "plots": "",
            "registry": "",
            "report": "",
            "samplers": "",
            "schedulers": "",
            "sklearn": "",
            "spaces": "",
            "stopping": "",
            "storages": "",
            "testing": "",
            "transfer": "",
        },
    )
