"""What is called during a search."""

from __future__ import annotations

from typing import Any


class Callback:
    """What is called during a search: a class to be derived from."""

    def on_start(self, smbo: Any) -> None:
        """The search begins."""

    def on_end(self, smbo: Any) -> None:
        """It has ended."""

    def on_iteration_start(self, smbo: Any) -> None:
        """A trial is about to be chosen."""

    def on_iteration_end(self, smbo: Any) -> None:
        """It has run."""

    def on_next_configurations_start(self, config_selector: Any) -> None:
        """A new configuration is about to be proposed."""

    def on_next_configurations_end(self, config_selector: Any, config: Any) -> None:
        """It has been proposed."""

    def on_ask_start(self, smbo: Any) -> None:
        """A trial is about to be chosen."""

    def on_ask_end(self, smbo: Any, info: Any) -> None:
        """It has been chosen."""

    def on_tell_start(self, smbo: Any, info: Any, value: Any) -> bool | None:
        """A result is about to be taken in; False ends the search."""
        return None

    def on_tell_end(self, smbo: Any, info: Any, value: Any) -> bool | None:
        """It has been taken in; False ends the search."""
        return None
