"""Gaussian processes, by luthier's own."""

from __future__ import annotations

from ....samplers.gp import GP
from .base import BaseSampler, ConstraintsFunc
from .by_luthier import ByLuthier
from .tpe import warn_of_constraints_func


class GPSampler(ByLuthier):
    """luthier's Gaussian process under Optuna's name and arguments; see `luthier.samplers.GP`.

    Args:
        seed: Of the proposals.
        independent_sampler: For parameters that were not seen yet.
        n_startup_trials: Finished trials before the first model.
        deterministic_objective: Whether the same params have the same value.
        constraints_func: Says of a trial that has ended how far it violates constraints.
        warn_independent_sampling: Accepted; nothing is warned of.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        independent_sampler: BaseSampler | None = None,
        n_startup_trials: int = 10,
        deterministic_objective: bool = False,
        constraints_func: ConstraintsFunc | None = None,
        warn_independent_sampling: bool = True,
    ) -> None:
        warn_of_constraints_func(constraints_func)
        sampler = GP(
            n_startup_trials=max(n_startup_trials, 1),
            noise=0.0 if deterministic_objective else None,
        )
        super().__init__(sampler, seed, constraints_func, independent_sampler)
