"""Samplers: they propose the params of the next trials; one method a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach, make_by_name
from .base import Sampler

__all__ = [
    "Auto",
    "BOHB",
    "CMAES",
    "DE",
    "DEHB",
    "Evolution",
    "Forest",
    "GP",
    "Grid",
    "NSGA2",
    "NSGA3",
    "Preferential",
    "QMC",
    "Random",
    "Sampler",
    "TPE",
]

_FILES = {
    "Auto": "auto",
    "BOHB": "bohb",
    "CMAES": "cmaes",
    "DE": "de",
    "DEHB": "dehb",
    "Evolution": "evolution",
    "Forest": "forest",
    "GP": "gp",
    "Grid": "grid",
    "NSGA2": "nsga2",
    "NSGA3": "nsga3",
    "Preferential": "preferential",
    "QMC": "qmc",
    "Random": "random",
    "TPE": "tpe",
}

if TYPE_CHECKING:
    from .auto import Auto as Auto
    from .bohb import BOHB as BOHB
    from .cmaes import CMAES as CMAES
    from .de import DE as DE
    from .dehb import DEHB as DEHB
    from .evolution import Evolution as Evolution
    from .forest import Forest as Forest
    from .gp import GP as GP
    from .grid import Grid as Grid
    from .nsga2 import NSGA2 as NSGA2
    from .nsga3 import NSGA3 as NSGA3
    from .preferential import Preferential as Preferential
    from .qmc import QMC as QMC
    from .random import Random as Random
    from .tpe import TPE as TPE
else:
    __getattr__, __dir__ = attach(__name__, _FILES)


def from_name(sampler: Sampler | str) -> Sampler:
    """Return a sampler by its name, in any case, with default settings; a sampler as it is.

    Raises:
        UnknownNameError: There is no sampler of that name.
    """
    if isinstance(sampler, Sampler):
        return sampler
    found = make_by_name(__name__, sampler, _FILES, "a sampler")
    assert isinstance(found, Sampler)
    return found
