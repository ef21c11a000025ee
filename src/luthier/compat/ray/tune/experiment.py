"""`Experiment`: a run by its name, with what `tune.run` is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .trial import Trial

__all__ = ["Experiment", "Trial"]


class Experiment:
    """A run that is described first, and run by `tune.run` or `tune.run_experiments`.

    Args:
        name: Folder of the run.
        run: What is tuned.
        spec: Arguments of `tune.run`.
    """

    def __init__(self, name: str, run: Any, **spec: Any) -> None:
        self.name = name
        self.run = run
        self.spec = spec

    @classmethod
    def from_json(cls, name: str, spec: Mapping[str, Any]) -> Experiment:
        """Return it, of a dict with "run" and arguments of `tune.run`.

        Raises:
            TypeError: There is no "run".
        """
        if "run" not in spec:
            raise TypeError(f"the experiment {name!r} needs 'run', got {sorted(spec)}")
        return cls(name, **spec)
