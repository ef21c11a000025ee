"""Mean decrease of impurity in a forest of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import explain_missing
from .base import (
    BaseImportanceEvaluator,
    Target,
    collect,
    find_distributions,
    rank,
    require_one_value,
)

if TYPE_CHECKING:
    from ..study.search import Study


class MeanDecreaseImpurityImportanceEvaluator(BaseImportanceEvaluator):
    """Share by which splits along each parameter lower the error of a forest.

    Args:
        n_trees: Number of trees.
        max_depth: Of the trees.
        seed: Of the random numbers.

    Raises:
        MissingDependencyError: scikit-learn is not installed.
    """

    def __init__(self, *, n_trees: int = 64, max_depth: int = 64, seed: int | None = None) -> None:
        try:
            from sklearn.ensemble import RandomForestRegressor
        except ImportError as e:
            raise explain_missing(type(self).__name__, "scikit-learn", "sklearn") from e
        self._forest: Any = RandomForestRegressor(
            n_estimators=n_trees, max_depth=max_depth, random_state=seed
        )

    def evaluate(
        self, study: Study, params: list[str] | None = None, *, target: Target | None = None
    ) -> dict[str, float]:
        require_one_value(study, target)
        dists = find_distributions(study, params)
        sample = collect(study, dists, target)
        if not dists or len(sample.y) <= 1:
            return dict.fromkeys(dists, 0.0)
        # A choice has a column for each of its values.
        columns = [
            (j, (sample.X[:, j] == c).astype(float) if n else sample.X[:, j])
            for j, n in enumerate(sample.n_choices)
            for c in range(int(n) or 1)
        ]
        self._forest.fit(np.column_stack([x for _, x in columns]), sample.y)
        found = np.zeros(len(dists))
        np.add.at(found, [j for j, _ in columns], self._forest.feature_importances_)
        return rank({name: float(v) for name, v in zip(sample.names, found, strict=True)})
