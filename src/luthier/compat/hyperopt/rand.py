"""Random search: draws from the distributions of the space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import Document, Domain, Trials
from .suggest import make_documents


def suggest(new_ids: Sequence[Any], domain: Domain, trials: Trials, seed: Any) -> list[Document]:
    """Return documents of new trials at points drawn from the distributions of the space.

    Args:
        new_ids: Ids of the new trials.
        domain: The problem.
        trials: All trials so far.
        seed: Of this suggestion.
    """
    rng = np.random.default_rng(seed)
    drawn = [domain.search.draw(rng) for _ in new_ids]
    return make_documents(drawn, new_ids, domain, trials)
