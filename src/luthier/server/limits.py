"""Limits on what the service accepts from its clients."""

from __future__ import annotations

import time
from collections import OrderedDict

import msgspec

_MAX_CLIENTS = 10_000  # whose rates are remembered


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one service.

    A client is whoever sends the token, by its address; anybody else is a stranger.

    Attributes:
        max_body: Largest body of a request, in bytes. The bodies of all requests that are worked
            on together have at most eight times as many.
        rate: Requests a second of one client; bursts of twice as many are let through.
        stranger_rate: The same for strangers at one address. What they send is not counted against
            a client at that address, such as all who come through one proxy.
        max_requests: How many requests are worked on or wait at a time; further ones are refused.
        max_connections: How many connections are open at a time, fewer where the system allows
            fewer open files. A quarter of them may be strangers'; where there are more, the oldest
            of the address that has most is closed.
        threads: How many requests are worked on at a time that only read or write the storage.
        processes: How many requests are worked on at a time that propose, decide or choose, each
            in a process of its own. 0 for threads of this process, as with studies in memory:
            then nothing can be ended that takes too long.
        max_memory: How much memory each process may use, in bytes.
        read_s: How long a client may take to send a request, in seconds.
        work_s: How long a request may take, in seconds.
        turn_s: How long a request may keep a process that others wait for, in seconds.
        idle_s: How long a silent connection is kept, in seconds.
        grace_s: How long requests may go on after the service is told to end, in seconds.
    """

    max_body: int = 2**24
    rate: float = 5000.0
    stranger_rate: float = 20.0
    max_requests: int = 1000
    max_connections: int = 1000
    threads: int = 8
    processes: int = 4
    max_memory: int = 2**31
    read_s: float = 20.0
    work_s: float = 60.0
    turn_s: float = 5.0
    idle_s: float = 75.0
    grace_s: float = 3.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not (value >= 0 if name == "processes" else value > 0):
                least = ">= 0" if name == "processes" else "> 0"
                raise ValueError(f"{name} must be {least}, got {value!r}")


class RateLimiter:
    """Token bucket for each client: a request takes one token, `rate` tokens a second come back.

    Args:
        rate: Requests a second of one client.
        burst: How many are let through at once; None for twice the rate.
    """

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self.rate = rate
        self.size = max(2 * rate if burst is None else burst, 1.0)
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
