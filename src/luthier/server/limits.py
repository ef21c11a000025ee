"""What the service takes from its clients, and what it refuses."""

from __future__ import annotations

import time
from collections import OrderedDict

import msgspec

_CLIENTS = 10_000  # whose rates are remembered


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one service takes.

    Attributes:
        max_body: Bytes of a request's body.
        rate: Requests a second of one client, by its address; bursts of twice as many are let
            through.
        max_requests: How many are worked on or wait at a time; others are told to come again.
        threads: How many are worked on at a time.
        read_s: How long a client may take to send a request, in seconds.
        work_s: How long a request may take; longer ones go on, but their client is told to ask
            again.
        idle_s: How long a connection is kept that nothing comes over.
    """

    max_body: int = 2**24
    rate: float = 2000.0
    max_requests: int = 1000
    threads: int = 8
    read_s: float = 20.0
    work_s: float = 60.0
    idle_s: float = 75.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)!r}")


class Rates:
    """A bucket of tokens for each client: one goes with each request, `rate` come back a second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.size = max(2 * rate, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """0 where the client may go on, otherwise in how many seconds it may."""
        now = time.monotonic()
        left, then = self._buckets.pop(client, (self.size, now))
        left = min(self.size, left + (now - then) * self.rate)
        wait_s = max((1.0 - left) / self.rate, 0.0)
        self._buckets[client] = (left if wait_s else left - 1.0), now
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return wait_s
