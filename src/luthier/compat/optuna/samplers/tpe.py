"""TPE, by luthier's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....samplers.tpe import TPE
from ...remarks import warn_without_effect
from ..marks import (
    deprecated_func,
    deprecation,
    taken_by_position,
    warn,
    warn_experimental_argument,
)
from .base import ConstraintsFunc
from .by_luthier import ByLuthier

_OLD = "Use `optuna.trial.Trial.set_constraint` instead."


def warn_of_constraints_func(constraints_func: ConstraintsFunc | None) -> None:
    """Say that Optuna has another way for constraints by now."""
    if constraints_func is not None:
        warn(
            deprecation("`constraints_func`", "5.0.0", "7.0.0", _OLD),
            FutureWarning,
            stacklevel=3,
        )


class TPESampler(ByLuthier):
    """luthier's tree-structured Parzen estimator under Optuna's name and arguments.

    It models all parameters together, conditional ones included, so `multivariate`, `group` and
    `constant_liar` describe what it does anyway. See `luthier.samplers.TPE`.

    Args:
        n_startup_trials: Finished trials before the first model.
        n_ei_candidates: Draws that compete.
        seed: Of the proposals.
        prior_weight: Weight of the kernel that covers the whole space.
        constraints_func: Says of a trial that has ended how far it violates constraints.
        multivariate: Accepted; parameters are always modelled together.
        group: Accepted; conditional parameters are always modelled.
        constant_liar: Accepted; running trials always keep workers apart.
        consider_prior: Without effect.
        consider_magic_clip: Without effect.
        consider_endpoints: Without effect.
        gamma: Without effect.
        weights: Without effect.
        warn_independent_sampling: Without effect.
    """

    @taken_by_position(
        [
            "self",
            "consider_prior",
            "prior_weight",
            "consider_magic_clip",
            "consider_endpoints",
            "n_startup_trials",
            "n_ei_candidates",
            "gamma",
            "weights",
            "seed",
        ],
        since="4.4.0",
    )
    def __init__(
        self,
        *,
        consider_prior: bool | None = None,
        prior_weight: float | None = None,
        consider_magic_clip: bool | None = None,
        consider_endpoints: bool | None = None,
        n_startup_trials: int = 10,
        n_ei_candidates: int = 24,
        gamma: Callable[[int], int] | None = None,
        weights: Callable[[int], Sequence[float]] | None = None,
        seed: int | None = None,
        multivariate: bool | None = None,
        group: bool = False,
        warn_independent_sampling: bool | None = None,
        constant_liar: bool = True,
        constraints_func: ConstraintsFunc | None = None,
    ) -> None:
        if group:
            if multivariate is False:
                raise ValueError(
                    "``group`` option can only be enabled when ``multivariate`` is enabled."
                )
            warn_experimental_argument("group")
        given: dict[str, Any] = {
            "consider_prior": consider_prior,
            "prior_weight": prior_weight,
            "consider_magic_clip": consider_magic_clip,
            "consider_endpoints": consider_endpoints,
            "gamma": gamma,
            "weights": weights,
            "warn_independent_sampling": warn_independent_sampling,
        }
        for name, value in given.items():
            if value is not None:
                since = "4.3.0" if name == "consider_prior" else "4.9.0"
                warn(deprecation(f"`{name}`", since, "6.0.0"), FutureWarning, stacklevel=3)
                if name != "prior_weight":
                    warn_without_effect(
                        f"{name} of optuna's TPESampler", "luthier's TPE has its own."
                    )
        if multivariate is False:
            warn_without_effect(
                "multivariate=False of optuna's TPESampler", "parameters are modelled together."
            )
        if not constant_liar:
            warn_without_effect(
                "constant_liar=False of optuna's TPESampler", "workers are always kept apart."
            )
        warn_of_constraints_func(constraints_func)
        sampler = TPE(
            n_startup_trials=max(n_startup_trials, 1),
            n_candidates=max(n_ei_candidates, 64),
            prior_weight=1.0 if prior_weight is None else prior_weight,
        )
        super().__init__(sampler, seed, constraints_func)

    @staticmethod
    @deprecated_func("4.9.0", "6.0.0")
    def hyperopt_parameters() -> dict[str, Any]:
        """Return the arguments by which Optuna's TPE is like Hyperopt's."""
        return {
            "consider_prior": True,
            "prior_weight": 1.0,
            "consider_magic_clip": True,
            "consider_endpoints": False,
            "n_startup_trials": 20,
            "n_ei_candidates": 24,
        }
