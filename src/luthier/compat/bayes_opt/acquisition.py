"""What guides a search in BayesianOptimization: kept as settings, luthier's GP has its own."""

from __future__ import annotations

from typing import Any

from ..remarks import refuse, warn_without_effect

_WHY = "luthier's GP maximises its own expected improvement, whose exploration fades by itself."


class AcquisitionFunction:
    """Base of the acquisitions; one of a user's own is refused.

    Args:
        random_state: Without effect.
        **settings: Kept as attributes.

    Raises:
        ValueError: A setting is out of range.
        CompatError: It is of a class of the user's own.
    """

    def __init__(self, random_state: Any = None, **settings: Any) -> None:
        if type(self).__module__ != __name__:
            raise refuse(
                f"{type(self).__name__}, an acquisition of your own,",
                "Write a sampler: see docs/extending/sampler.md.",
            )
        self.random_state = random_state
        for name, value in settings.items():
            if value is not None:
                _check_setting(name, value)
            setattr(self, name, value)

    def note(self) -> None:
        """Say once that luthier chooses by itself."""
        warn_without_effect(f"{type(self).__name__} of bayes_opt", _WHY)


def _check_setting(name: str, value: Any) -> None:
    if name == "exploration_decay":
        if not 0 < value <= 1:
            raise ValueError(f"{name} must be greater than 0 and less than or equal to 1.")
    elif name == "exploration_decay_delay":
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"{name} must be an integer greater than or equal to 0.")
    elif value < 0:
        raise ValueError(f"{name} must be greater than or equal to 0.")


class UpperConfidenceBound(AcquisitionFunction):
    """The upper confidence bound.

    Args:
        kappa: How much the standard deviation counts.
        exploration_decay: By how much it counts less with each point.
        exploration_decay_delay: After how many points.
        random_state: Without effect.
    """

    def __init__(
        self,
        kappa: float = 2.576,
        exploration_decay: float | None = None,
        exploration_decay_delay: int | None = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            random_state,
            kappa=kappa,
            exploration_decay=exploration_decay,
            exploration_decay_delay=exploration_decay_delay,
        )


class _Improvement(AcquisitionFunction):
    """Base of the acquisitions with `xi`.

    Args:
        xi: What counts as an improvement.
        exploration_decay: By how much it counts less with each point.
        exploration_decay_delay: After how many points.
        random_state: Without effect.
    """

    def __init__(
        self,
        xi: float = 0.01,
        exploration_decay: float | None = None,
        exploration_decay_delay: int | None = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            random_state,
            xi=xi,
            exploration_decay=exploration_decay,
            exploration_decay_delay=exploration_decay_delay,
        )


class ProbabilityOfImprovement(_Improvement):
    """The probability of an improvement."""


class ExpectedImprovement(_Improvement):
    """The expected improvement."""


class ConstantLiar(AcquisitionFunction):
    """Another acquisition, with lies for points that were suggested and not registered.

    Args:
        base_acquisition: The acquisition.
        strategy: "max", "min", "mean" or a number.
        random_state: Without effect.
        atol: Without effect.
        rtol: Without effect.

    Raises:
        ValueError: There is no such strategy.
    """

    def __init__(
        self,
        base_acquisition: AcquisitionFunction,
        strategy: Any = "max",
        random_state: Any = None,
        atol: float = 1e-5,
        rtol: float = 1e-8,
    ) -> None:
        super().__init__(random_state)
        if strategy not in ("min", "mean", "max") and not isinstance(strategy, int | float):
            raise ValueError(
                f"Received invalid argument {strategy} for strategy: expected 'min', 'mean', 'max' "
                "or a number."
            )
        self.base_acquisition = base_acquisition
        self.strategy = strategy
        self.atol = atol
        self.rtol = rtol


class GPHedge(AcquisitionFunction):
    """One of several acquisitions, by lot.

    Args:
        base_acquisitions: The acquisitions.
        random_state: Without effect.
    """

    def __init__(self, base_acquisitions: list[AcquisitionFunction], random_state: Any = None):
        super().__init__(random_state)
        self.base_acquisitions = base_acquisitions


class UtilityFunction(AcquisitionFunction):
    """The acquisition of earlier versions.

    Args:
        kind: "ucb", "ei" or "poi".
        kappa: Of "ucb".
        xi: Of the others.
        kappa_decay: Without effect.
        kappa_decay_delay: Without effect.

    Raises:
        NotImplementedError: The kind is not known.
    """

    def __init__(
        self,
        kind: str = "ucb",
        kappa: float = 2.576,
        xi: float = 0.0,
        kappa_decay: float = 1,
        kappa_decay_delay: int = 0,
    ) -> None:
        if kind not in ("ucb", "ei", "poi"):
            raise NotImplementedError(f"kind is 'ucb', 'ei' or 'poi', got {kind!r}")
        super().__init__(kappa=kappa, xi=xi)
        self.kind = kind
        self.kappa_decay = kappa_decay
        self.kappa_decay_delay = kappa_decay_delay
