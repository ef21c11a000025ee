"""Errors by Ray's names, for `except` clauses."""

from __future__ import annotations

from ...errors import CompatError


class RayError(CompatError):
    """Any error of Ray's."""


class RayTaskError(RayError):
    """A task failed."""


class RayActorError(RayError):
    """An actor died."""


class GetTimeoutError(RayError, TimeoutError):
    """A result did not come in time."""


class OutOfMemoryError(RayError):
    """A worker took too much memory."""


class WorkerCrashedError(RayError):
    """A worker died."""
