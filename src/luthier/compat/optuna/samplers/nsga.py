"""NSGA-II and NSGA-III, by luthier's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from ....samplers.base import Sampler
from ....samplers.evolution import Evolution
from ....samplers.nsga2 import NSGA2
from ....samplers.nsga3 import NSGA3
from ....samplers.variation import CrossoverName
from ...remarks import warn_without_effect
from ..marks import experimental_class, warn_experimental_argument
from .base import ConstraintsFunc
from .by_luthier import ByLuthier
from .nsgaii.crossovers import BaseCrossover
from .tpe import warn_of_constraints_func

if TYPE_CHECKING:
    from ..study.shape import StudyLike


def _check(
    population_size: int,
    crossover: Any,
    crossover_prob: float,
    mutation_prob: float | None,
    swapping_prob: float,
) -> None:
    if not isinstance(population_size, int):
        raise TypeError("`population_size` must be an integer value.")
    if population_size < 2:
        raise ValueError("`population_size` must be greater than or equal to 2.")
    if crossover is not None and not isinstance(crossover, BaseCrossover):
        raise ValueError(
            f"'{crossover}' is not a valid crossover. For valid crossovers see "
            "https://optuna.readthedocs.io/en/stable/reference/samplers.html."
        )
    if crossover is not None and population_size < crossover.n_parents:
        raise ValueError(
            f"Using {crossover}, the population size should be greater than or equal to "
            f"{crossover.n_parents}. The specified `population_size` is {population_size}."
        )
    if not 0.0 <= crossover_prob <= 1.0:
        raise ValueError("`crossover_prob` must be a float value within the range [0.0, 1.0].")
    if mutation_prob is not None and not 0.0 <= mutation_prob <= 1.0:
        raise ValueError(
            "`mutation_prob` must be None or a float value within the range [0.0, 1.0]."
        )
    if not 0.0 <= swapping_prob <= 1.0:
        raise ValueError("`swapping_prob` must be a float value within the range [0.0, 1.0].")


def _least_size(population_size: int, crossover: BaseCrossover | None) -> int:
    """The size of a population that luthier takes: two children's worth of parents."""
    return max(population_size, 4, 2 * (crossover.n_parents if crossover else 2))


class _ByNsga(ByLuthier):
    """What both have in common: one objective is searched by regularized evolution."""

    def choose(self, study: StudyLike) -> Sampler:
        if len(study.directions) > 1:
            return self._luthier
        if self._alone is None:
            self._alone = Evolution()
        return self._alone

    _alone: Sampler | None = None


def name_of(crossover: BaseCrossover | None) -> CrossoverName | None:
    """What luthier calls a crossover; None for none, and for what it does not have."""
    return None if crossover is None else crossover.luthier_name


def _warn_of_own(kind: str, given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value is not None:
            if name.endswith("_strategy"):
                warn_experimental_argument(name)
            warn_without_effect(
                f"{name} of optuna's {kind}",
                "luthier's sampler has its own; write a luthier.samplers.Sampler for another.",
            )


class NSGAIISampler(_ByNsga):
    """luthier's NSGA-II under Optuna's name and arguments; see `luthier.samplers.NSGA2`.

    Args:
        population_size: Trials in a generation.
        mutation: Without effect.
        mutation_prob: Share of parameters that mutate.
        crossover: One of `nsgaii`; another has no effect.
        crossover_prob: Share of children that mix two parents.
        swapping_prob: Checked; without effect.
        seed: Of the proposals.
        constraints_func: Says of a trial that has ended how far it violates constraints.
        elite_population_selection_strategy: Without effect.
        child_generation_strategy: Without effect.
        after_trial_strategy: Without effect.

    Raises:
        ValueError: An argument is out of range.
        TypeError: The size of the population is no whole number.
    """

    def __init__(
        self,
        *,
        population_size: int = 50,
        mutation: Any = None,
        mutation_prob: float | None = None,
        crossover: BaseCrossover | None = None,
        crossover_prob: float = 0.9,
        swapping_prob: float = 0.5,
        seed: int | None = None,
        constraints_func: ConstraintsFunc | None = None,
        elite_population_selection_strategy: Any = None,
        child_generation_strategy: Any = None,
        after_trial_strategy: Any = None,
    ) -> None:
        _check(population_size, crossover, crossover_prob, mutation_prob, swapping_prob)
        warn_of_constraints_func(constraints_func)
        _warn_of_own(
            "NSGAIISampler",
            {
                "mutation": mutation,
                "crossover": None if name_of(crossover) else crossover,
                "elite_population_selection_strategy": elite_population_selection_strategy,
                "child_generation_strategy": child_generation_strategy,
                "after_trial_strategy": after_trial_strategy,
            },
        )
        sampler = NSGA2(
            population_size=_least_size(population_size, crossover),
            crossover=name_of(crossover) or "sbx",
            crossover_rate=crossover_prob,
            mutation_rate=mutation_prob,
        )
        super().__init__(sampler, seed, constraints_func)


@experimental_class("3.2.0")
class NSGAIIISampler(_ByNsga):
    """luthier's NSGA-III under Optuna's name and arguments; see `luthier.samplers.NSGA3`.

    Args:
        population_size: Trials in a generation.
        mutation: Without effect.
        mutation_prob: Share of parameters that mutate.
        crossover: One of `nsgaii`; another has no effect.
        crossover_prob: Share of children that mix two parents.
        swapping_prob: Checked; without effect.
        seed: Of the proposals.
        constraints_func: Says of a trial that has ended how far it violates constraints.
        reference_points: Directions in which the front is to be covered.
        dividing_parameter: Without effect: directions are chosen by the size of the population.
        elite_population_selection_strategy: Without effect.
        child_generation_strategy: Without effect.
        after_trial_strategy: Without effect.

    Raises:
        ValueError: An argument is out of range.
        TypeError: The size of the population is no whole number.
    """

    def __init__(
        self,
        *,
        population_size: int = 50,
        mutation: Any = None,
        mutation_prob: float | None = None,
        crossover: BaseCrossover | None = None,
        crossover_prob: float = 0.9,
        swapping_prob: float = 0.5,
        seed: int | None = None,
        constraints_func: ConstraintsFunc | None = None,
        reference_points: ArrayLike | None = None,
        dividing_parameter: int = 3,
        elite_population_selection_strategy: Any = None,
        child_generation_strategy: Any = None,
        after_trial_strategy: Any = None,
    ) -> None:
        _check(population_size, crossover, crossover_prob, mutation_prob, swapping_prob)
        warn_of_constraints_func(constraints_func)
        _warn_of_own(
            "NSGAIIISampler",
            {
                "mutation": mutation,
                "crossover": None if name_of(crossover) else crossover,
                "elite_population_selection_strategy": elite_population_selection_strategy,
                "child_generation_strategy": child_generation_strategy,
                "after_trial_strategy": after_trial_strategy,
            },
        )
        if dividing_parameter != 3 and reference_points is None:
            warn_without_effect(
                "dividing_parameter of optuna's NSGAIIISampler",
                "directions are chosen by the size of the population; set reference_points.",
            )
        sampler = NSGA3(
            population_size=_least_size(population_size, crossover),
            crossover=name_of(crossover) or "sbx",
            crossover_rate=crossover_prob,
            mutation_rate=mutation_prob,
            reference_directions=reference_points,
        )
        super().__init__(sampler, seed, constraints_func)
