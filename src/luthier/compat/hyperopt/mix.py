"""Suggestions by several methods, each with its share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .base import Document, Domain, Trials

Suggest = Callable[..., list[Document]]


def suggest(
    new_ids: Sequence[Any],
    domain: Domain,
    trials: Trials,
    seed: Any,
    p_suggest: Sequence[tuple[float, Suggest]],
) -> list[Document]:
    """Return documents of new trials by one of several functions, drawn by its share.

    Args:
        new_ids: Ids of the new trials.
        domain: The problem.
        trials: All trials so far.
        seed: Of this suggestion.
        p_suggest: Pairs of share and function; the shares are 1 in all.

    Raises:
        ValueError: They are not.
    """
    shares, functions = zip(*p_suggest, strict=True)
    if not np.isclose(sum(shares), 1.0):
        raise ValueError(f"the shares of p_suggest must be 1 in all, got {shares}")
    rng = np.random.default_rng(seed)
    chosen: Suggest = functions[int(rng.choice(len(shares), p=np.asarray(shares) / sum(shares)))]
    return chosen(new_ids, domain, trials, seed=int(rng.integers(2**31)))
