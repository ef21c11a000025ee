"""Virtual time, and queues in front of servers."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict, deque
from collections.abc import Generator, Iterator

Process = Generator[float | None, None, None]
Steps = Iterator[float | None]  # part of a process, for `yield from`


class Clock:
    """Virtual time. A process yields the seconds that it sleeps, or None if another wakes it.

    Attributes:
        now: Seconds since the beginning.
        current: The process that runs.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.current: Process
        self._events: list[tuple[float, int, Process]] = []
        self._order = itertools.count()

    def wake(self, process: Process, in_s: float = 0.0) -> None:
        """Let a process go on after some seconds."""
        heapq.heappush(self._events, (self.now + in_s, next(self._order), process))

    def run(self, n_events: int) -> None:
        """Let so many events happen."""
        for _ in range(n_events):
            self.now, _, self.current = heapq.heappop(self._events)
            sleep_s = next(self.current)
            if sleep_s is not None:
                self.wake(self.current, sleep_s)


class Queue:
    """A server for n processes at a time; the others wait, first come, first served.

    Attributes:
        n: How many it serves at a time.
        busy_s: Seconds of service, by purpose.
    """

    def __init__(self, clock: Clock, n: int) -> None:
        self.n = n
        self.busy_s: defaultdict[str, float] = defaultdict(float)
        self._clock = clock
        self._n_free = n
        self._waiting: deque[Process] = deque()

    def enter(self) -> Iterator[None]:
        """Wait until it is this process's turn."""
        if self._n_free:
            self._n_free -= 1
        else:
            self._waiting.append(self._clock.current)
            yield None

    def leave(self) -> None:
        """Give the place to the process that waits longest."""
        if self._waiting:
            self._clock.wake(self._waiting.popleft())
        else:
            self._n_free += 1

    def serve(self, seconds: float, purpose: str) -> Steps:
        """Wait for a place and use it for some seconds."""
        yield from self.enter()
        yield seconds
        self.busy_s[purpose] += seconds
        self.leave()
