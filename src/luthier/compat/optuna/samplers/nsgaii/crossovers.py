"""How two or three parents make a child: settings under the names that Optuna gives them."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from .....samplers.variation import CrossoverName
from .....typing import Array
from ....remarks import refuse, warn_without_effect
from ...marks import experimental_class

if TYPE_CHECKING:
    from ...study.shape import StudyLike


def _say(crossover: BaseCrossover, settings: str) -> None:
    warn_without_effect(f"{settings} of optuna's {crossover}", "the crossover has its own.")


def _check_share(name: str, value: float, above: bool = False) -> None:
    if value < 0.0 or value > 1.0 or (above and value == 0.0):
        interval = "(0.0, 1.0]" if above else "[0.0, 1.0]"
        raise ValueError(f"The value of `{name}` must be in the range {interval}.")


class BaseCrossover(abc.ABC):
    """Base of crossovers.

    Attributes:
        luthier_name: What luthier calls it; None for what it does not have.
    """

    luthier_name: CrossoverName | None = None

    def __str__(self) -> str:
        return type(self).__name__

    @property
    @abc.abstractmethod
    def n_parents(self) -> int:
        """How many parents a child has."""

    def crossover(
        self, parents_params: Array, rng: Any, study: StudyLike, search_space_bounds: Array
    ) -> Array:
        """Make a child: luthier's samplers do so themselves.

        Raises:
            CompatError: Always.
        """
        raise refuse(
            f"{self}.crossover", "luthier.samplers.NSGA2(crossover='sbx') makes children itself."
        )


class UniformCrossover(BaseCrossover):
    """Each parameter from one of two parents.

    Args:
        swapping_prob: Share of parameters from the second.
    """

    luthier_name = "uniform"
    n_parents = 2

    def __init__(self, swapping_prob: float = 0.5) -> None:
        if not 0.0 <= swapping_prob <= 1.0:
            raise ValueError("`swapping_prob` must be a float value within the range [0.0, 1.0].")
        if swapping_prob != 0.5:
            _say(self, "swapping_prob")
        self._swapping_prob = swapping_prob


@experimental_class("3.0.0")
class BLXAlphaCrossover(BaseCrossover):
    """Uniform in a box around two parents.

    Args:
        alpha: By how much the box is larger.
    """

    luthier_name = "blx_alpha"
    n_parents = 2

    def __init__(self, alpha: float = 0.5) -> None:
        if alpha != 0.5:
            _say(self, "alpha")
        self._alpha = alpha


class _Binary(BaseCrossover):
    n_parents = 2

    def __init__(
        self,
        eta: float | None = None,
        uniform_crossover_prob: float = 0.5,
        use_child_gene_prob: float = 0.5,
    ) -> None:
        if eta is not None and eta < 0.0:
            raise ValueError("The value of `eta` must be greater than or equal to 0.0.")
        _check_share("uniform_crossover_prob", uniform_crossover_prob)
        _check_share("use_child_gene_prob", use_child_gene_prob, above=True)
        if eta is not None or (uniform_crossover_prob, use_child_gene_prob) != (0.5, 0.5):
            _say(self, "eta and probabilities")
        self._eta = eta
        self._uniform_crossover_prob = uniform_crossover_prob
        self._use_child_gene_prob = use_child_gene_prob


@experimental_class("3.0.0")
class SBXCrossover(_Binary):
    """Simulated binary crossover.

    Args:
        eta: How close children are to their parents.
        uniform_crossover_prob: Share of parameters that change places.
        use_child_gene_prob: Share of parameters that cross.
    """

    luthier_name = "sbx"


@experimental_class("3.0.0")
class VSBXCrossover(_Binary):
    """Simulated binary crossover with more variety.

    Args:
        eta: How close children are to their parents.
        uniform_crossover_prob: Share of parameters that change places.
        use_child_gene_prob: Share of parameters that cross.
    """

    luthier_name = "vsbx"


@experimental_class("3.0.0")
class SPXCrossover(BaseCrossover):
    """Uniform in a simplex around three parents.

    Args:
        epsilon: By how much the simplex is larger.
    """

    luthier_name = "spx"
    n_parents = 3

    def __init__(self, epsilon: float | None = None) -> None:
        if epsilon is not None:
            _say(self, "epsilon")
        self._epsilon = epsilon


@experimental_class("3.0.0")
class UNDXCrossover(BaseCrossover):
    """Normal around the line between two parents, as wide as a third is away.

    Args:
        sigma_xi: Standard deviation along the line.
        sigma_eta: Standard deviation across it.
    """

    luthier_name = "undx"
    n_parents = 3

    def __init__(self, sigma_xi: float = 0.5, sigma_eta: float | None = None) -> None:
        if sigma_xi != 0.5 or sigma_eta is not None:
            _say(self, "sigma")
        self._sigma_xi = sigma_xi
        self._sigma_eta = sigma_eta
