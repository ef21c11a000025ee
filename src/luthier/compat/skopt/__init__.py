"""scikit-optimize's words for luthier's search: change `import skopt` to this, and code runs."""

from __future__ import annotations

import importlib
from typing import Any

from . import acquisition, benchmarks, callbacks, learning, optimizer, sampler, space
from .optimizer import (
    Optimizer,
    base_minimize,
    dummy_minimize,
    forest_minimize,
    gbrt_minimize,
    gp_minimize,
)
from .searchcv import BayesSearchCV
from .space import Space
from .utils import dump, expected_minimum, expected_minimum_random_sampling, load

__version__ = "0.10.2"


def __getattr__(name: str) -> Any:
    """Load the figures, and with them matplotlib, on first use."""
    if name == "plots":
        return importlib.import_module(".plots", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BayesSearchCV",
    "Optimizer",
    "Space",
    "acquisition",
    "base_minimize",
    "benchmarks",
    "callbacks",
    "dummy_minimize",
    "dump",
    "expected_minimum",
    "expected_minimum_random_sampling",
    "forest_minimize",
    "gbrt_minimize",
    "gp_minimize",
    "learning",
    "load",
    "optimizer",
    "sampler",
    "space",
]
