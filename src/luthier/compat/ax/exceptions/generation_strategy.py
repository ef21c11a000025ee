"""Errors of generation strategies under Ax's names."""

from __future__ import annotations

from .core import AxError, OptimizationComplete


class AxGenerationException(AxError):
    """A strategy cannot give a trial."""


class MaxParallelismReachedException(AxGenerationException):
    """As many trials run as the step allows."""


class GenerationStrategyMisconfiguredException(AxGenerationException):
    """The steps of a strategy do not fit together."""


class GenerationStrategyCompleted(OptimizationComplete):
    """All steps have given their trials."""


class GenerationStrategyRepeatedPoints(GenerationStrategyCompleted):
    """A strategy gives only points that were tried."""


class OptimizationConfigRequired(ValueError):
    """An objective is needed first."""
