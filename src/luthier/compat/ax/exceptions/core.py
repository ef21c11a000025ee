"""Errors and warnings under Ax's names."""

from __future__ import annotations

from ....errors import CompatError


class AxError(CompatError):
    """Base of Ax's errors.

    Args:
        message: What happened.
        hint: What to do.
    """

    def __init__(self, message: str = "", hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return " ".join(filter(None, (self.message, self.hint)))


class UserInputError(AxError):
    """What was passed is not of the expected form."""


class UnsupportedError(AxError):
    """What was asked for is not possible in this state."""


class DeprecationError(AxError):
    """What was called is no longer there."""


class UnsupportedPlotError(AxError):
    """A plot cannot be drawn of this experiment."""


class ExperimentNotReadyError(AxError):
    """The experiment has too few results for what was asked."""


class MetricDataNotReadyError(AxError):
    """The trial has not finished."""


class NoDataError(AxError):
    """There are no results."""


class DataRequiredError(AxError):
    """Results of running trials are needed before another trial."""


class OptimizationNotConfiguredError(AxError):
    """No objective was set."""


class MisconfiguredExperiment(AxError):
    """The experiment misses something."""


class RunnerNotFoundError(AxError):
    """No runner was set."""


class OptimizationComplete(AxError):
    """There is no further trial."""


class OptimizationShouldStop(OptimizationComplete):
    """A stopping strategy ends the search."""


class SearchSpaceExhausted(OptimizationComplete):
    """All points of the space were tried."""


class ObjectNotFoundError(AxError, ValueError):
    """What was named is not there."""


class ExperimentNotFoundError(ObjectNotFoundError):
    """There is no such experiment."""


class TrialMutationError(AxError):
    """A trial cannot be changed in this state."""


class AxWarning(Warning):
    """Base of Ax's warnings."""


class AxStorageWarning(AxWarning):
    """A remark on saving."""


class AxParameterWarning(AxWarning):
    """A remark on a parameter."""


class AxOptimizationWarning(AxWarning):
    """A remark on the search."""
