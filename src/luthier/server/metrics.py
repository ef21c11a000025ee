"""Metrics of the service for Prometheus."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..errors import StudyNotFoundError
from ..storages import Storage
from ..storages.base import StudyRecord, without_logs
from ..trial.record import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class _StudyCollector(Collector):
    """Trials by state and leases, read from the storage each time that metrics are collected."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._lock = threading.Lock()
        # Study -> its revision at the last look, and the trials that ran by then.
        self._seen: dict[int, tuple[int, set[int]]] = {}

    def collect(self) -> Iterable[GaugeMetricFamily]:
        trials = GaugeMetricFamily(
            "luthier_trials", "Trials of a study, by state.", labels=["id", "study", "state"]
        )
        leases = GaugeMetricFamily(
            "luthier_leases", "Running trials, by whether their worker lives.", labels=["state"]
        )
        counts = {"running": 0, "expired": 0}
        records = list(self._read_records())
        with self._lock:
            self._seen = {r.id: self._seen[r.id] for r in records if r.id in self._seen}

        for record in records:
            name = record.name[:100].encode("unicode_escape").decode()
            for s in State:
                trials.add_metric([str(record.id), name, s.name.lower()], record.counts.get(s, 0))
            if record.counts.get(State.RUNNING):
                for lease_s in self._leases(record.id):
                    counts["running" if lease_s >= self.storage.now() else "expired"] += 1

        for state, n in counts.items():
            leases.add_metric([state], n)
        return trials, leases

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def _read_records(self) -> Iterator[StudyRecord]:
        """Yield the studies without their specs, few of which are in memory at a time."""
        first = 0
        while page := self.storage.page_of_studies(first):
            yield from (replace(record, spec={}) for record in without_logs(page))
            first = page[-1].id + 1

    def _leases(self, study: int) -> list[float]:
        """The ends of the leases of a study's running trials, in seconds since 1970."""
        with self._lock, contextlib.suppress(StudyNotFoundError):
            revision, running = self._seen.get(study, (0, set()))
            is_last = False
            while not is_last:
                changes = self.storage.page_of_changes(study, revision)
                for row in changes.rows:
                    if row.state == State.RUNNING:
                        running.add(row.number)
                    else:
                        running.discard(row.number)
                revision, is_last = changes.revision, changes.is_last
            self._seen[study] = revision, running
            rows = self.storage.rows(study, sorted(running))
            return [r.lease_s for r in rows if r.state == State.RUNNING]
        return []


class Metrics:
    """Counts and durations of requests, and the state of the studies.

    Args:
        storage: Where the studies live.
        count_streams: Counts the open streams of events.
    """

    def __init__(self, storage: Storage, count_streams: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "luthier_requests",
            "Requests, by route and status.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "luthier_request_seconds",
            "How long requests took.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        streams = Gauge(
            "luthier_event_streams",
            "Open streams of events, of which a browser needs one.",
            registry=self._registry,
        )
        streams.set_function(count_streams)
        self._registry.register(_StudyCollector(storage))
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        labels = route, method, status
        if labels not in self._counters:
            self._counters[labels] = self._requests.labels(route, method, str(status))
        if route not in self._histograms:
            self._histograms[route] = self._seconds.labels(route)
        self._counters[labels].inc()
        self._histograms[route].observe(seconds)

    def render(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)
