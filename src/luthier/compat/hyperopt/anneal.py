"""Annealing of Hyperopt: here `luthier.samplers.TPE`, which narrows around good trials too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...samplers.tpe import TPE
from ..remarks import warn_without_effect
from .base import Document, Domain, Trials
from .suggest import suggest_by

_sampler = TPE()


def suggest(
    new_ids: Sequence[Any],
    domain: Domain,
    trials: Trials,
    seed: Any,
    avg_best_idx: float = 2.0,
    shrink_coef: float = 0.1,
) -> list[Document]:
    """Return documents of new trials near good ones.

    Args:
        new_ids: Ids of the new trials.
        domain: The problem.
        trials: All trials so far.
        seed: Of this suggestion.
        avg_best_idx: Without effect.
        shrink_coef: Without effect.
    """
    if (avg_best_idx, shrink_coef) != (2.0, 0.1):
        warn_without_effect(
            "avg_best_idx and shrink_coef of hyperopt's anneal.suggest",
            "luthier.samplers.TPE takes the place of annealing.",
        )
    return suggest_by(_sampler, new_ids, domain, trials, seed)
