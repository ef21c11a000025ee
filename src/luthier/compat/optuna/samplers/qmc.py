"""A quasi-random sequence, by luthier's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....samplers.qmc import QMC
from ...remarks import warn_without_effect
from ..distributions import BaseDistribution
from ..logging import get_logger
from ..marks import experimental_class
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BaseSampler
from .by_luthier import ByLuthier

if TYPE_CHECKING:
    from ..study.shape import StudyLike

_logger = get_logger("optuna.samplers")


@experimental_class("3.0.0")
class QMCSampler(ByLuthier):
    """luthier's Sobol sequence under Optuna's name and arguments; see `luthier.samplers.QMC`.

    Args:
        qmc_type: "sobol" or "halton"; the latter is a Sobol sequence too.
        scramble: Accepted; the sequence is always scrambled, by the seed.
        seed: Of the sequence.
        independent_sampler: For parameters that the first trial did not have.
        warn_asynchronous_seeding: Whether it is said that workers need the same seed.
        warn_independent_sampling: Whether parameters are named that are drawn independently.

    Raises:
        ValueError: There is no such sequence.
    """

    def __init__(
        self,
        *,
        qmc_type: str = "sobol",
        scramble: bool = False,
        seed: int | None = None,
        independent_sampler: BaseSampler | None = None,
        warn_asynchronous_seeding: bool = True,
        warn_independent_sampling: bool = True,
    ) -> None:
        if qmc_type not in ("halton", "sobol"):
            raise ValueError(f"The `{qmc_type=}` is invalid. Choose either `halton` or `sobol`.")
        if qmc_type == "halton":
            warn_without_effect(
                "qmc_type='halton' of optuna's QMCSampler", "The sequence is Sobol's."
            )
        if seed is None and scramble and warn_asynchronous_seeding:
            _logger.warning(
                "No seed is provided for `QMCSampler` and the seed is set randomly. Several "
                "samplers that share a study need the same one."
            )
        self._warn_independent_sampling = warn_independent_sampling
        super().__init__(QMC(), seed, None, independent_sampler)

    def reseed_rng(self) -> None:
        self._independent.reseed_rng()

    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        over = (TrialState.COMPLETE, TrialState.PRUNED)
        trials = study.get_trials(deepcopy=False, states=over)
        if trials:
            return dict(trials[0].distributions)
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return {name: d for t in running for name, d in t.distributions.items()}

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> object:
        if self._warn_independent_sampling and self.infer_relative_search_space(study, trial):
            _logger.warning(
                f"The parameter `{param_name}` in Trial#{trial.number} is sampled independently "
                "instead of `QMCSampler`, as the first trial did not have it."
            )
        return super().sample_independent(study, trial, param_name, param_distribution)
