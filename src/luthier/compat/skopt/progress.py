"""Callbacks as a list, and the one that prints each evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def check_callback(callback: Any) -> list[Callable[[Any], Any]]:
    """Return callbacks as a list.

    Raises:
        ValueError: It is neither a function nor a list of functions.
    """
    if callback is None:
        return []
    if callable(callback):
        return [callback]
    if isinstance(callback, list) and all(map(callable, callback)):
        return callback
    raise ValueError("callback should be either a callable or a list of callables.")


class VerboseCallback:
    """Prints what is evaluated, and the lowest value.

    Args:
        n_total: Number of evaluations.
        n_init: How many of them at points that the user gave.
        n_random: How many at points of the start.
    """

    def __init__(self, n_total: int, n_init: int = 0, n_random: int = 0) -> None:
        self.n_init = n_init
        self.n_random = n_random
        self.n_total = n_total
        self.iter_no = 1
        self._began_s = time.monotonic()

    def __call__(self, res: Any) -> None:
        """Print the last evaluation."""
        kind = "search"
        if self.iter_no <= self.n_init + self.n_random:
            kind = "random point" if self.iter_no > self.n_init else "provided point"
        seconds = time.monotonic() - self._began_s
        print(  # noqa: T201  (what it is for)
            f"Iteration No: {self.iter_no} of {self.n_total} ended ({kind}). Time taken: "
            f"{seconds:.4f} Function value obtained: {res.func_vals[-1]:.4f} Current minimum: "
            f"{res.fun:.4f}"
        )
        self.iter_no += 1
        self._began_s = time.monotonic()
