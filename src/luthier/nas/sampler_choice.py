"""Which sampler suits a search for an architecture."""

from __future__ import annotations

from collections.abc import Mapping

from ..samplers.base import Sampler
from ..samplers.evolution import Evolution
from ..validation import check_whole
from .block import Block
from .graph_gp import GraphGP
from .limit import Measure

_MOST_MODELLED = 500  # trials beyond which a model learns from the latest only


def choose_sampler(
    block: Block, n_trials: int = 100, proxies: Mapping[str, Measure] | None = None
) -> Sampler:
    """Return the sampler for an architecture: `GraphGP`, or evolution for very many trials.

    Args:
        block: The architecture.
        n_trials: How many trials there are to be. Up to 500 a model of the results finds more, on
            all tables that were measured.
        proxies: As of `GraphGP`; evolution does not use them.

    Raises:
        ValueError: n_trials is no whole number above 0.
    """
    if check_whole("n_trials", n_trials) <= _MOST_MODELLED:
        return GraphGP(block, proxies)
    return Evolution(population_size=None, tournament_size=None)
