"""A runner that does nothing."""

from __future__ import annotations

from typing import Any

from ..core.runner import Runner


class SyntheticRunner(Runner):
    """Starts nothing: trials run wherever the user runs them."""

    def __init__(self, dummy_metadata: str | None = None) -> None:
        self.dummy_metadata = dummy_metadata

    def run(self, trial: Any) -> dict[str, Any]:
        return {"name": str(trial.index)}
