"""The errors of BayesianOptimization, by their names."""

from __future__ import annotations


class BayesianOptimizationError(Exception):
    """Base of all errors of BayesianOptimization."""


class NotUniqueError(BayesianOptimizationError):
    """A point was registered twice, and duplicates are not allowed."""


class ConstraintNotSupportedError(BayesianOptimizationError):
    """Something does not work with constraints."""


class NoValidPointRegisteredError(BayesianOptimizationError):
    """No point keeps the constraints."""


class TargetSpaceEmptyError(BayesianOptimizationError):
    """No point was registered."""
