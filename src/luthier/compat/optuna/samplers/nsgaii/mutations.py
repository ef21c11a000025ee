"""How a parameter of a child changes: settings under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .....typing import Array
from ...marks import experimental_class

if TYPE_CHECKING:
    from ...study.shape import StudyLike


@experimental_class("5.0.0")
class BaseMutation:
    """Base of mutations."""

    def __str__(self) -> str:
        return type(self).__name__


@experimental_class("5.0.0")
class PolynomialMutation(BaseMutation):
    """Polynomial mutation: luthier's NSGA-II has it anyway.

    Args:
        eta: How small changes are.

    Raises:
        ValueError: It is negative.
    """

    def __init__(self, eta: float = 20.0) -> None:
        if eta < 0:
            raise ValueError("`eta` must be a non-negative float value.")
        self._eta = eta

    def mutation(
        self, param: float, rng: Any, study: StudyLike, search_space_bounds: Array
    ) -> float:
        """Return a value near another one, within bounds.

        Args:
            param: The value.
            rng: A `RandomState` of NumPy.
            study: The study.
            search_space_bounds: (2,) the least and the largest value.

        Source: Deb & Agrawal 1999.
        """
        u = rng.rand()
        low, high = search_space_bounds
        width = high - low
        if width <= 0.0:
            return param
        power = self._eta + 1.0
        if u <= 0.5:
            room = 1.0 - (param - low) / width
            shift = (2.0 * u + (1.0 - 2.0 * u) * room**power) ** (1.0 / power) - 1.0
        else:
            room = 1.0 - (high - param) / width
            shift = 1.0 - (2.0 * (1.0 - u) + (2.0 * u - 1.0) * room**power) ** (1.0 / power)
        return float(param + shift * width)
