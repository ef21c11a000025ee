"""Limits on what the service accepts from its clients."""

from __future__ import annotations

import time
from collections import OrderedDict

import msgspec

_MAX_CLIENTS = 10_000  # whose rates are remembered


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one service.

    Attributes:
        max_body: Largest body of a request, in bytes.
        rate: Requests a second of one client, by its address; bursts of twice as many are let
            through.
        max_requests: How many requests are worked on or wait at a time; further ones are refused.
        threads: How many are worked on at a time.
        read_s: How long a client may take to send a request, in seconds.
        work_s: How long a request may take, in seconds. A longer one goes on, but its client is
            asked to repeat it.
        idle_s: How long a silent connection is kept, in seconds.
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


class RateLimiter:
    """Token bucket for each client: a request takes one token, `rate` tokens a second come back.

    Args:
        rate: Requests a second of one client.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.size = max(2 * rate, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, when

    def wait_s(self, client: str) -> float:
        """Count a request; 0 where it is within the rate, else how long to wait, in seconds."""
        now = time.monotonic()
        n_left, then = self._buckets.pop(client, (self.size, now))
        n_left = min(self.size, n_left + (now - then) * self.rate)
        wait_s = max((1.0 - n_left) / self.rate, 0.0)

        self._buckets[client] = (n_left if wait_s else n_left - 1.0), now
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return wait_s
