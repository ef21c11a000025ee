"""What to try next: one method, one file."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import UnknownNameError
from .base import Sampler

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
    "QMC": "qmc",
    "Random": "random",
    "TPE": "tpe",
}

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
    "QMC",
    "Random",
    "Sampler",
    "TPE",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"luthier.samplers has no {name!r}; there are {', '.join(_FILES)}")
    return getattr(importlib.import_module(f".{_FILES[name]}", __name__), name)


def named(sampler: Sampler | str) -> Sampler:
    """A sampler from its name, in any case, with default settings; a sampler is returned as it is.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if isinstance(sampler, Sampler):
        return sampler
    for name in _FILES:
        if isinstance(sampler, str) and name.lower() == sampler.lower():
            found = __getattr__(name)()
            assert isinstance(found, Sampler)
            return found
    raise UnknownNameError(
        f"expected a sampler or one of {', '.join(map(repr, _FILES))}, got {sampler!r}"
    )
