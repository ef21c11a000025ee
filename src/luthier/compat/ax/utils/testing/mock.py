"""What makes Ax's models quick in its tests; luthier's need nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

_F = TypeVar("_F", bound=Callable[..., object])


def mock_botorch_optimize(function: _F) -> _F:
    """Return the function."""
    return function


@contextlib.contextmanager
def mock_botorch_optimize_context_manager(force: bool = False) -> Iterator[None]:
    """Do nothing."""
    yield
