"""Parts of NSGA-II, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....._lazy import attach

__all__ = [
    "BLXAlphaCrossover",
    "BaseCrossover",
    "BaseMutation",
    "PolynomialMutation",
    "SBXCrossover",
    "SPXCrossover",
    "UNDXCrossover",
    "UniformCrossover",
    "VSBXCrossover",
]

if TYPE_CHECKING:
    from .crossovers import BaseCrossover as BaseCrossover
    from .crossovers import BLXAlphaCrossover as BLXAlphaCrossover
    from .crossovers import SBXCrossover as SBXCrossover
    from .crossovers import SPXCrossover as SPXCrossover
    from .crossovers import UNDXCrossover as UNDXCrossover
    from .crossovers import UniformCrossover as UniformCrossover
    from .crossovers import VSBXCrossover as VSBXCrossover
    from .mutations import BaseMutation as BaseMutation
    from .mutations import PolynomialMutation as PolynomialMutation
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BLXAlphaCrossover": "crossovers",
            "BaseCrossover": "crossovers",
            "SBXCrossover": "crossovers",
            "SPXCrossover": "crossovers",
            "UNDXCrossover": "crossovers",
            "UniformCrossover": "crossovers",
            "VSBXCrossover": "crossovers",
            "BaseMutation": "mutations",
            "PolynomialMutation": "mutations",
        },
    )
