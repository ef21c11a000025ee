"""Hyperopt's expressions as the space of a run, for `HyperOptSearch`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....hyperopt.fmin import space_eval
from ....hyperopt.pyll.base import Apply, as_apply
from ....hyperopt.search_space import SearchSpace
from .sample import children


def has_expression(space: Any) -> bool:
    """Whether a space has expressions of `luthier.compat.hyperopt`."""
    return isinstance(space, Apply) or any(has_expression(part) for _, part in children(space))


class ExpressionSpace:
    """A space of Hyperopt's, used as a `ParamSpace` is.

    Args:
        expression: The space: a dict of `hp.*` and constants.

    Attributes:
        space: What is sampled, by Hyperopt's labels.
        domains: None of Ray Tune's.
        grids: None.
        n_combinations: 1: there are no grids.
    """

    n_combinations = 1

    def __init__(self, expression: Any) -> None:
        self._expression = expression
        self._search = SearchSpace(as_apply(expression))
        self.space = self._search.space
        self.domains: dict[str, Any] = {}
        self.grids: dict[str, list[Any]] = {}

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw params at random."""
        return self._search.to_params(self._search.draw(rng))

    def build(self, params: Mapping[str, Any], combination: int = 0) -> dict[str, Any]:
        """Return the configuration of some params."""
        config: dict[str, Any] = space_eval(self._expression, self._search.keep_active(params))
        return config

    def to_params(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the params of label to value, as `points_to_evaluate` of Hyperopt has them."""
        return self._search.to_params(config)
