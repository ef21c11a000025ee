"""The errors of Hyperopt, by their names."""

from __future__ import annotations

from typing import Any


class BadSearchSpace(Exception):
    """A space that cannot be searched."""


class DuplicateLabel(BadSearchSpace):
    """Two parameters of a space have the same label."""


class InvalidTrial(ValueError):
    """A document that is no trial.

    Args:
        msg: What is wrong.
        obj: The document, or what it lacks.
    """

    def __init__(self, msg: str, obj: Any) -> None:
        super().__init__(f"{msg} {obj}")
        self.obj = obj


class _InvalidResult(ValueError):
    """Base of the errors about what an objective returned.

    Args:
        result: What it returned.
    """

    def __init__(self, result: Any) -> None:
        super().__init__(f"{type(self).__doc__} Got {result!r:.500}")
        self.result = result


class InvalidResultStatus(_InvalidResult):
    """The status of a result must be one of STATUS_STRINGS."""


class InvalidLoss(_InvalidResult):
    """A result with STATUS_OK needs a loss that is a number."""


class InvalidAnnotatedParameter(_InvalidResult):
    """With space="annotated" each argument of the objective is annotated with an hp expression."""


class AllTrialsFailed(Exception):
    """No trial has a loss."""
