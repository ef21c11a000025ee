"""A thread that raises in who waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class _TestableThread(threading.Thread):
    """Raises what its target raised when it is joined."""

    def __init__(self, target: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__(target=target, args=args)
        self.exc: BaseException | None = None

    def run(self) -> None:
        try:
            super().run()
        except BaseException as e:  # raised again in `join`
            self.exc = e

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        if self.exc:
            raise self.exc
