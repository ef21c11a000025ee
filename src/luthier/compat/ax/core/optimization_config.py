"""What is optimised under which constraints."""

from __future__ import annotations

from collections.abc import Sequence

from .arm import Arm
from .objective import Objective
from .outcome_constraint import ObjectiveThreshold, OutcomeConstraint


class OptimizationConfig:
    """An objective, and constraints on results.

    Args:
        objective: The objective.
        outcome_constraints: Constraints on results.
        objective_thresholds: The worst values of objectives that are of use.
        pruning_target_parameterization: Kept; has no effect on the search.

    Raises:
        ValueError: A constraint is on the objective itself.
    """

    def __init__(
        self,
        objective: Objective,
        outcome_constraints: Sequence[OutcomeConstraint] | None = None,
        objective_thresholds: Sequence[ObjectiveThreshold] | None = None,
        pruning_target_parameterization: Arm | None = None,
    ) -> None:
        self.objective = objective
        self.outcome_constraints = list(outcome_constraints or ())
        self.objective_thresholds = list(objective_thresholds or ())
        self.pruning_target_parameterization = pruning_target_parameterization
        for constraint in self.outcome_constraints:
            both = set(constraint.metric_names) & set(objective.metric_names)
            if both and objective.is_single_objective:
                raise ValueError(f"Cannot constrain on objective metric {sorted(both)[0]}.")

    @property
    def is_moo_problem(self) -> bool:
        """Whether there are several objectives."""
        return self.objective.is_multi_objective

    @property
    def all_constraints(self) -> list[OutcomeConstraint]:
        """Constraints and thresholds."""
        return [*self.outcome_constraints, *self.objective_thresholds]

    @property
    def metric_names(self) -> list[str]:
        """Names of all metrics."""
        names = list(self.objective.metric_names)
        names += [n for c in self.outcome_constraints for n in c.metric_names]
        return list(dict.fromkeys(names))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OptimizationConfig):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(objective={self.objective}, "
            f"outcome_constraints={self.outcome_constraints})"
        )


MultiObjectiveOptimizationConfig = OptimizationConfig
