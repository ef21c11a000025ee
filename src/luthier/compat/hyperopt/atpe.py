"""Adaptive TPE of Hyperopt: here luthier's automatic choice of a method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from ...samplers.auto import Auto
from .base import Document, Domain, Trials
from .suggest import suggest_by

_samplers: WeakKeyDictionary[Trials, Auto] = WeakKeyDictionary()


def suggest(new_ids: Sequence[Any], domain: Domain, trials: Trials, seed: Any) -> list[Document]:
    """Return documents of new trials at points of `luthier.samplers.Auto`.

    Args:
        new_ids: Ids of the new trials.
        domain: The problem.
        trials: All trials so far.
        seed: Of this suggestion.
    """
    sampler = _samplers.setdefault(trials, Auto())
    return suggest_by(sampler, new_ids, domain, trials, seed)
