"""Lines on the screen, one for each point."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .event import Events

_WIDTH = 11


class ScreenLogger:
    """Prints points and targets as a table.

    Args:
        verbose: 0 for nothing, 1 for points that are the best so far, 2 for all.
        is_constrained: Show whether a point keeps the constraint.
    """

    def __init__(self, verbose: int = 2, is_constrained: bool = False) -> None:
        self.verbose = verbose
        self.is_constrained = is_constrained
        self._n = 0
        self._best: float | None = None

    def log_optimization_start(self, keys: Sequence[str]) -> None:
        """Print the head of the table."""
        if self.verbose:
            names = ["iter", "target", *(["allowed"] if self.is_constrained else []), *keys]
            self._print(names)

    def log_optimization_step(
        self, keys: Sequence[str], result: Mapping[str, Any], best: Mapping[str, Any] | None
    ) -> None:
        """Print a point."""
        self._n += 1
        target = best["target"] if best else None
        is_new = target is not None and target != self._best
        self._best = target
        if self.verbose == 2 or (self.verbose == 1 and is_new):
            allowed = [result["allowed"]] if self.is_constrained else []
            self._print([self._n, result["target"], *allowed, *map(result["params"].get, keys)])

    def log_optimization_end(self) -> None:
        """Print the end of the table."""
        if self.verbose:
            print("=" * _WIDTH)  # noqa: T201  (what it is for)

    @staticmethod
    def _print(cells: Sequence[Any]) -> None:
        texts = [f"{c:.4g}" if isinstance(c, float) else str(c) for c in cells]
        print("| " + " | ".join(t[:_WIDTH].ljust(_WIDTH) for t in texts) + " |")  # noqa: T201


class JSONLogger:
    """Writes each point to a file, as a line of JSON; `load_logs` reads it.

    Args:
        path: The file.
        reset: Whether what is in it goes.
    """

    def __init__(self, path: str | Path, reset: bool = True) -> None:
        self._path = Path(path)
        self._begin: datetime.datetime | None = None
        self._previous: datetime.datetime | None = None
        if reset:
            self._path.unlink(missing_ok=True)

    def update(self, event: str, instance: Any) -> None:
        """Write the latest point of a search, when it has made a step."""
        if event != Events.OPTIMIZATION_STEP:
            return
        now = datetime.datetime.now()
        self._begin = self._begin or now
        one = dict(instance.res[-1])
        one["datetime"] = {
            "datetime": f"{now:%Y-%m-%d %H:%M:%S}",
            "elapsed": (now - self._begin).total_seconds(),
            "delta": (now - (self._previous or now)).total_seconds(),
        }
        self._previous = now
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(one, default=lambda v: np.asarray(v).tolist()) + "\n")
