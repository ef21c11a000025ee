"""What is wrong with an artifact."""

from __future__ import annotations

from ..exceptions import OptunaError


class ArtifactNotFound(OptunaError):
    """There is no artifact of an id."""
