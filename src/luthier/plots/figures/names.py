"""Names of the figures, and what other libraries call them and their arguments."""

from __future__ import annotations

OTHER_ARGUMENTS = {
    "target": "objective, the name of one",
    "target_name": "objective, the name of one",
    "target_names": "objectives",
    "evaluator": "method",
    "n_recent_trials": "the latest are always shown",
    "error_bar": "luthier.plots.compare(studies)",
    "reference_point": "reference",
    "include_dominated_trials": "all trials are always shown",
    "constraints_func": "trial.set_constraint(name, value) in the objective",
}
