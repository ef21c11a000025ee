"""Samplers of Optuna that one of luthier's does the work for."""

from __future__ import annotations

import os
import weakref
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ....samplers.base import Sampler
from ..distributions import BaseDistribution
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BaseSampler, ConstraintsFunc, store_constraints
from .random import RandomSampler
from .seen_trials import SeenTrials

if TYPE_CHECKING:
    from ..storages.base import BaseStorage
    from ..study.shape import StudyLike


class ByLuthier(BaseSampler):
    """A sampler that asks one of luthier's for all parameters it knows.

    Proposals follow from the seed and the trial's number, so threads and processes that share a
    study do not repeat each other's.

    Args:
        sampler: luthier's.
        seed: Of the proposals; None for another one each time.
        constraints_func: Says of a trial that has ended how far it violates constraints.
        independent_sampler: For parameters that were not seen yet; None for uniform draws.
    """

    def __init__(
        self,
        sampler: Sampler,
        seed: int | None,
        constraints_func: ConstraintsFunc | None = None,
        independent_sampler: BaseSampler | None = None,
    ) -> None:
        self._luthier = sampler
        self._seed = _fresh_seed() if seed is None else int(seed)
        self._constraints_func = constraints_func
        self._independent = independent_sampler or RandomSampler(seed)
        self._seen: weakref.WeakKeyDictionary[BaseStorage, dict[tuple[int, str], SeenTrials]]
        self._seen = weakref.WeakKeyDictionary()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_seen"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._seen = weakref.WeakKeyDictionary()

    def reseed_rng(self) -> None:
        self._independent.reseed_rng()
        self._seed = _fresh_seed()
        for studies in self._seen.values():
            for seen in studies.values():
                seen.reseed(self._seed)

    def seen(self, study: StudyLike, name: str = "") -> SeenTrials:
        """The trials of a study as luthier's sampler reads them.

        Args:
            study: The study.
            name: The parameter, where one is sampled alone.
        """
        studies = self._seen.setdefault(study.storage, {})
        key = (study.study_id, name)
        if key not in studies:
            studies[key] = SeenTrials(study, self._seed + zlib.crc32(name.encode()))
        return studies[key]

    def choose(self, study: StudyLike) -> Sampler:
        """Return luthier's sampler for a study."""
        return self._luthier

    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self.seen(study).known_space(study, trial.number)

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        found = self.seen(study).propose(study, trial, self.choose(study), search_space)
        for name, distribution in search_space.items():
            if name not in found:  # inactive, as far as trials have shown
                found[name] = self._independent.sample_independent(study, trial, name, distribution)
        return found

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if not self.seen(study).knows(study, trial.number, param_name, param_distribution):
            return self._independent.sample_independent(
                study, trial, param_name, param_distribution
            )
        space = {param_name: param_distribution}
        sampler = self.choose(study)
        return self.seen(study, param_name).propose(study, trial, sampler, space)[param_name]

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        self._independent.before_trial(study, trial)

    def after_trial(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        if self._constraints_func is not None:
            store_constraints(self._constraints_func, study, trial, state)
        self._independent.after_trial(study, trial, state, values)


def _fresh_seed() -> int:
    return int.from_bytes(os.urandom(4))
