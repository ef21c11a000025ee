"""Random search: draws from the distributions of the space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import Document, Domain, Trials
from .suggest import make_documents


def suggest(new_ids: Sequence[Any], domain: Domain, trials: Trials, seed: Any) -> list[Document]:
    """Return documents of new trials at random points; see `luthier.samplers.Random`.

    Of `hp.pchoice` one in twenty draws is uniform, so that no branch is never tried.

    Args:
        new_ids: Ids of the new trials.
        domain: The problem.
        trials: All trials so far.
        seed: Of this suggestion.
    """
    X = domain.search.draw(np.random.default_rng(seed), len(new_ids))
    return make_documents(X, new_ids, domain, trials)
