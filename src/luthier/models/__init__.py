"""Models that are fitted to a history: the surrogate, and learning curves.

The floor above uses `Surrogate`, `rank_correlation` and `probability_of_feasibility`,
`fit_curves` with its `CurveModel`, and the functions of `training_data` that say what models learn
from. Nothing is loaded before it is used, as models need scipy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "CurveModel",
    "CurveTable",
    "Hyperparameters",
    "InputEncoder",
    "Surrogate",
    "collect_constraints",
    "collect_losses",
    "collect_objectives",
    "fit_curves",
    "probability_of_feasibility",
    "rank_correlation",
    "rung_levels",
    "tabulate_curves",
]

_FILES = {
    "CurveModel": "learning_curves",
    "CurveTable": "learning_curves",
    "Hyperparameters": "hyperparameters",
    "InputEncoder": "training_data",
    "Surrogate": "surrogate",
    "collect_constraints": "training_data",
    "collect_losses": "training_data",
    "collect_objectives": "training_data",
    "fit_curves": "learning_curves",
    "probability_of_feasibility": "surrogate",
    "rank_correlation": "surrogate",
    "rung_levels": "learning_curves",
    "tabulate_curves": "learning_curves",
}

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters as Hyperparameters
    from .learning_curves import CurveModel as CurveModel
    from .learning_curves import CurveTable as CurveTable
    from .learning_curves import fit_curves as fit_curves
    from .learning_curves import rung_levels as rung_levels
    from .learning_curves import tabulate_curves as tabulate_curves
    from .surrogate import Surrogate as Surrogate
    from .surrogate import probability_of_feasibility as probability_of_feasibility
    from .surrogate import rank_correlation as rank_correlation
    from .training_data import InputEncoder as InputEncoder
    from .training_data import collect_constraints as collect_constraints
    from .training_data import collect_losses as collect_losses
    from .training_data import collect_objectives as collect_objectives
else:
    __getattr__, __dir__ = attach(__name__, _FILES)
