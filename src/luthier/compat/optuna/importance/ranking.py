"""How much parameters matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..marks import warn_experimental_argument
from .base import BaseImportanceEvaluator, Target
from .ped_anova import PedAnovaImportanceEvaluator

if TYPE_CHECKING:
    from ..study.search import Study


def get_param_importances(
    study: Study,
    *,
    evaluator: BaseImportanceEvaluator | None = None,
    params: list[str] | None = None,
    target: Target | None = None,
    normalize: bool = True,
) -> dict[str, float]:
    """Return how much parameters matter, those that matter most first.

    Args:
        study: The study.
        evaluator: The method; None for `PedAnovaImportanceEvaluator`.
        params: Their names; None for all.
        target: What matters of a trial; None for its value.
        normalize: Whether the numbers sum to 1.

    Raises:
        TypeError: An argument is not of its kind.
        ValueError: A parameter is unknown, or there are several objectives and no target.
    """
    if evaluator is None:
        evaluator = PedAnovaImportanceEvaluator()
    if not isinstance(evaluator, BaseImportanceEvaluator):
        raise TypeError("Evaluator must be a subclass of BaseImportanceEvaluator.")
    found = evaluator.evaluate(study, params=params, target=target)
    if not normalize:
        warn_experimental_argument("normalize")
        return found
    total = sum(found.values())
    if total == 0.0:
        return dict.fromkeys(found, 1.0 / max(len(found), 1))
    return {name: value / total for name, value in found.items()}
