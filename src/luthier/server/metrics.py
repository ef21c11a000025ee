"""What Prometheus reads of the service."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..errors import StudyNotFoundError
from ..storages import Storage
from ..trial.record import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class _Studies(Collector):
    """Trials by state and leases, as they are stored when somebody looks."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._lock = threading.Lock()
        self._known: dict[int, tuple[int, set[int]]] = {}  # revision, and which trials ran by then

    def collect(self) -> Iterable[GaugeMetricFamily]:
        trials = GaugeMetricFamily(
            "luthier_trials", "Trials of a study, by state.", labels=["id", "study", "state"]
        )
        leases = GaugeMetricFamily(
            "luthier_leases", "Running trials, by whether their worker lives.", labels=["state"]
        )
        counts = {"running": 0, "expired": 0}
        records = self.storage.studies()
        with self._lock:
            self._known = {r.id: self._known[r.id] for r in records if r.id in self._known}
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

    def _leases(self, study: int) -> list[float]:
        """Until when the workers of a study's running trials may be silent."""
        with self._lock, contextlib.suppress(StudyNotFoundError):
            revision, running = self._known.get(study, (0, set()))
            changes = self.storage.changes(study, revision)
            for row in changes.rows:
                running.add(row.number) if row.state == State.RUNNING else running.discard(
                    row.number
                )
            self._known[study] = changes.revision, running
            return [
                r.lease_s
                for r in self.storage.rows(study, sorted(running))
                if r.state == State.RUNNING
            ]
        return []


class Metrics:
    """Counts of requests and how long they took; and what the studies are at.

    Args:
        storage: Where the studies live.
    """

    def __init__(self, storage: Storage) -> None:
        self.registry = CollectorRegistry()
        labels = ["route", "method", "status"]
        self._requests = Counter(
            "luthier_requests", "Requests, by route and status.", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "luthier_request_seconds",
            "How long requests took.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Studies(storage))
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Takes in a request that has been answered."""
        slot = route, method, status
        if slot not in self._counters:
            self._counters[slot] = self._requests.labels(route, method, str(status))
        if route not in self._histograms:
            self._histograms[route] = self._seconds.labels(route)
        self._counters[slot].inc()
        self._histograms[route].observe(seconds)

    def page(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
