"""Seeds for a while."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def with_rng_seed(seed: int | None) -> Iterator[None]:
    """Seed Python's generator, and restore it; luthier's generators take seeds of their own."""
    state = random.getstate()
    if seed is not None:
        random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
