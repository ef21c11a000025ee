"""CMA-ES, by luthier's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....samplers.cmaes import CMAES
from ...remarks import warn_without_effect
from ..distributions import BaseDistribution, CategoricalDistribution
from ..marks import deprecation, taken_by_position, warn, warn_experimental_argument
from ..search_space import intersection_search_space
from ..trial.frozen import FrozenTrial
from .base import BaseSampler
from .by_luthier import ByLuthier

if TYPE_CHECKING:
    from ..study.shape import StudyLike


class CmaEsSampler(ByLuthier):
    """luthier's CMA-ES under Optuna's name and arguments; see `luthier.samplers.CMAES`.

    For numbers that all trials have; other parameters are drawn independently.

    Args:
        x0: Where the search starts: enqueue a trial instead; without effect.
        sigma0: First standard deviation, as a share of the range.
        n_startup_trials: Accepted; the first generation is the start.
        independent_sampler: For other parameters.
        warn_independent_sampling: Accepted; nothing is warned of.
        seed: Of the proposals.
        consider_pruned_trials: Accepted; pruned trials always count.
        restart_strategy: "ipop", "bipop" or None.
        popsize: Size of the population.
        inc_popsize: Without effect.
        use_separable_cma: Without effect: the covariance is always full.
        with_margin: Accepted; whole numbers always have a margin.
        lr_adapt: Whether the learning rate adapts.
        source_trials: Without effect: add them to the study instead.

    Raises:
        ValueError: Arguments that do not go together.
    """

    @taken_by_position(
        [
            "self",
            "x0",
            "sigma0",
            "n_startup_trials",
            "independent_sampler",
            "warn_independent_sampling",
            "seed",
        ],
        since="4.9.0",
    )
    def __init__(
        self,
        *,
        x0: dict[str, Any] | None = None,
        sigma0: float | None = None,
        n_startup_trials: int = 1,
        independent_sampler: BaseSampler | None = None,
        warn_independent_sampling: bool = True,
        seed: int | None = None,
        consider_pruned_trials: bool = False,
        restart_strategy: str | None = None,
        popsize: int | None = None,
        inc_popsize: int = -1,
        use_separable_cma: bool = False,
        with_margin: bool = False,
        lr_adapt: bool = False,
        source_trials: list[FrozenTrial] | None = None,
    ) -> None:
        _warn_of_old(
            {
                "restart_strategy": restart_strategy is not None or inc_popsize != -1,
                "x0": x0 is not None,
                "sigma0": sigma0 is not None,
            }
        )
        experimental = {
            "consider_pruned_trials": consider_pruned_trials,
            "use_separable_cma": use_separable_cma,
            "source_trials": source_trials is not None,
            "with_margin": with_margin,
            "lr_adapt": lr_adapt,
        }
        for name, is_given in experimental.items():
            if is_given:
                warn_experimental_argument(name)
        _check_together(experimental, x0 is not None or sigma0 is not None)
        without = {
            "n_startup_trials": (n_startup_trials != 1, "The first population is drawn at random."),
            "x0": (x0 is not None, "Start there with study.enqueue_trial(params)."),
            "source_trials": (source_trials is not None, "Add them with study.add_trials(...)."),
            "use_separable_cma": (use_separable_cma, "The covariance is always full."),
        }
        for name, (is_given, why) in without.items():
            if is_given:
                warn_without_effect(f"{name} of optuna's CmaEsSampler", why)
        sampler = CMAES(
            sigma0=1 / 6 if sigma0 is None else min(max(sigma0, 1e-3), 1.0),
            population_size=None if popsize is None else max(popsize, 4),
            lr_adapt=lr_adapt,
        )
        super().__init__(sampler, seed, None, independent_sampler)

    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        self.require_one_objective(study)
        known = super().infer_relative_search_space(study, trial)
        if not known:
            return {}
        common = intersection_search_space(study.get_trials(deepcopy=False))
        return {
            name: d
            for name, d in known.items()
            if name in common and not isinstance(d, CategoricalDistribution)
        }

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        self.require_one_objective(study)
        numbers = {
            k: d for k, d in search_space.items() if not isinstance(d, CategoricalDistribution)
        }
        found = super().sample_relative(study, trial, numbers)
        for name in search_space.keys() - found.keys():
            found[name] = self.sample_independent(study, trial, name, search_space[name])
        return found

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        self.require_one_objective(study)
        return super().sample_independent(study, trial, param_name, param_distribution)


def _warn_of_old(given: dict[str, bool]) -> None:
    for name, is_given in given.items():
        if is_given:
            since = "4.4.0" if name == "restart_strategy" else "4.9.0"
            warn(deprecation(f"`{name}`", since, "6.0.0"), FutureWarning, stacklevel=4)


def _check_together(given: dict[str, bool], has_start: bool) -> None:
    if given["source_trials"] and has_start:
        raise ValueError(
            "It is prohibited to pass `source_trials` argument when x0 or sigma0 is specified."
        )
    if given["source_trials"] and given["use_separable_cma"]:
        raise ValueError(
            "It is prohibited to pass `source_trials` argument when using separable CMA-ES."
        )
    if given["lr_adapt"] and (given["use_separable_cma"] or given["with_margin"]):
        raise ValueError(
            "It is prohibited to pass `use_separable_cma` or `with_margin` argument when using "
            "`lr_adapt`."
        )
    if given["use_separable_cma"] and given["with_margin"]:
        raise ValueError(
            "Currently, we do not support `use_separable_cma=True` and `with_margin=True`."
        )
