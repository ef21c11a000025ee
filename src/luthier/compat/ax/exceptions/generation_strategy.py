"""Errors of generation strategies under Ax's names."""

from __future__ import annotations

from .core import AxError, OptimizationComplete


class AxGenerationException(AxError):
    """A strategy cannot give a trial."""


class MaxParallelismReachedException(AxGenerationException):
    """As many trials run as the step allows.

    Args:
        num_running: How many run.
        step_index: Place of the step in its strategy.
        node_name: Name of the step.
    """

    def __init__(
        self, num_running: int, step_index: int | None = None, node_name: str | None = None
    ) -> None:
        step = f"step {step_index}" if node_name is None else f"node {node_name}"
        super().__init__(
            f"Maximum parallelism for generation {step} of {num_running} has been reached; "
            "complete a running trial first."
        )


class GenerationStrategyMisconfiguredException(AxGenerationException):
    """The steps of a strategy do not fit together."""


class GenerationStrategyCompleted(OptimizationComplete):
    """All steps have given their trials."""


class GenerationStrategyRepeatedPoints(GenerationStrategyCompleted):
    """A strategy gives only points that were tried."""


class OptimizationConfigRequired(ValueError):
    """An objective is needed first."""
