"""Points of a Sobol or Halton sequence, the same as Optuna's."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scipy.stats.qmc import Halton, Sobol

from ..distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from ..logging import get_logger
from ..marks import experimental_class
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BaseSampler
from .random import RandomSampler, at_share

if TYPE_CHECKING:
    from ..study.shape import StudyLike

_logger = get_logger("optuna.samplers")

_OVER = (TrialState.COMPLETE, TrialState.PRUNED)


@experimental_class("3.0.0")
class QMCSampler(BaseSampler):
    """The points of a sequence that fills the space evenly.

    The study counts its points, so several workers with the same seed share one sequence, and go on
    with it after Optuna itself. The parameters are those of the first trial.

    Args:
        qmc_type: "sobol" or "halton".
        scramble: Whether the sequence is shuffled by the seed.
        seed: Of the shuffling and of the independent sampler.
        independent_sampler: For the first trial, and parameters that it did not have.
        warn_asynchronous_seeding: Whether it is said that workers need the same seed.
        warn_independent_sampling: Whether parameters are named that are drawn independently.

    Raises:
        ValueError: There is no such sequence.

    Source: `scipy.stats.qmc`.
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
        if seed is None and scramble and warn_asynchronous_seeding:
            _logger.warning(
                "No seed is provided for `QMCSampler` and the seed is set randomly. Several "
                "samplers that share a study need the same one."
            )
        self._qmc_type = qmc_type
        self._scramble = scramble
        self._seed = int.from_bytes(os.urandom(4)) if seed is None else seed
        self._independent = independent_sampler or RandomSampler(seed)
        self._warn_independent_sampling = warn_independent_sampling

    def reseed_rng(self) -> None:
        self._independent.reseed_rng()

    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        trials = study.get_trials(deepcopy=False, states=_OVER)
        if trials:
            return dict(trials[0].distributions)
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        names = [t.distributions.keys() for t in running if t.distributions]
        if any(one != names[0] for one in names):
            _logger.warning(
                "`QMCSampler` assumes that all trials have the same parameters, and trials that "
                "run have others than each other."
            )
        return {name: d for t in running for name, d in t.distributions.items()}

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        kind: Any = Halton if self._qmc_type == "halton" else Sobol
        sequence = kind(len(search_space), scramble=self._scramble, seed=self._seed)
        number = self._count(study, search_space)
        if number:
            sequence.fast_forward(number)
        shares = sequence.random(1)[0].tolist()
        return {
            name: _even(distribution, u)
            for (name, distribution), u in zip(search_space.items(), shares, strict=True)
        }

    def _count(self, study: StudyLike, search_space: Mapping[str, BaseDistribution]) -> int:
        """Return the number of the next point, which the study keeps."""
        sequence: dict[str, Any] = {
            "qmc_type": self._qmc_type,
            "search_space": {name: str(d) for name, d in sorted(search_space.items())},
        }
        if self._scramble:
            sequence |= {"scramble": True, "seed": self._seed}
        else:
            sequence |= {"scramble": False}
        key = "qmc:" + hashlib.sha256(json.dumps(sequence).encode()).hexdigest()
        number = int(study.storage.get_study_system_attrs(study.study_id).get(key, -1)) + 1
        study.storage.set_study_system_attr(study.study_id, key, number)
        return number

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if self._warn_independent_sampling and study.get_trials(deepcopy=False, states=_OVER):
            _logger.warning(
                f"The parameter `{param_name}` in Trial#{trial.number} is sampled independently "
                "instead of `QMCSampler`, as the first trial did not have it."
            )
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        self._independent.before_trial(study, trial)

    def after_trial(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._independent.after_trial(study, trial, state, values)


def _even(distribution: BaseDistribution, u: float) -> Any:
    """The value at a share of a range, by which equal parts of [0, 1) are equally many values."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(u * len(distribution.choices))]
    if isinstance(distribution, IntDistribution) and not distribution.log:
        low, high, step = distribution.low, distribution.high, distribution.step
        return min(low + math.floor(u * ((high - low) // step + 1)) * step, high)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return at_share(distribution, u)
