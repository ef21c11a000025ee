"""Warnings that are given once."""

from __future__ import annotations

from .terminal import logger


class WarnOnce:
    """Logs a warning the first time that its topic comes up."""

    def __init__(self) -> None:
        self._topics: set[str] = set()

    def __call__(self, topic: str, message: str) -> None:
        """Log a message unless one of the same topic was logged before."""
        if topic not in self._topics:
            self._topics.add(topic)
            logger.warning("%s", message)

    def leave_out(self, topic: str) -> None:
        """Log no warning of a topic, as what it tells of is by design."""
        self._topics.add(topic)
