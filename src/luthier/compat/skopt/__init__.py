"""scikit-optimize's words for luthier's search: change `import skopt` to this, and code runs."""

from __future__ import annotations

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
