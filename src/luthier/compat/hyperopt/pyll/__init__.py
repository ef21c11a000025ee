"""Expressions that are evaluated later: what a search space of Hyperopt is made of."""

from . import stochastic
from .base import (
    Apply,
    Literal,
    as_apply,
    clone,
    dfs,
    rec_eval,
    scope,
    toposort,
)

__all__ = [
    "Apply",
    "Literal",
    "as_apply",
    "clone",
    "dfs",
    "rec_eval",
    "scope",
    "stochastic",
    "toposort",
]
