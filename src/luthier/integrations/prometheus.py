"""Prometheus: metrics of a run, in a file or sent to a Pushgateway.

The service has metrics of its own at /metrics; this is for studies without it.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import explain_missing
from ..trial.record import State, TrialRow
from .tracking import Ending, StudyInfo, Tracker, name_values

try:
    from prometheus_client import (
        CollectorRegistry,
        Counter,
        Gauge,
        Histogram,
        push_to_gateway,
        write_to_textfile,
    )
except ImportError as e:
    raise explain_missing(
        "luthier.integrations.prometheus", "prometheus-client", "prometheus"
    ) from e

_BUCKETS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0)


class Prometheus(Tracker):
    """Keeps metrics of a run: its trials by state, how long they take, and the best values.

    Args:
        file: A file for the textfile collector of the node exporter, which ends in ".prom"; it is
            replaced as a whole. None for none.
        gateway: The address of a Pushgateway, such as "host:9091". None for none.
        job: The job's name there.
        wait_s: How long the end waits for what is left, in seconds.

    Raises:
        ValueError: There is neither a file nor a gateway, or the file has another ending, or its
            folder does not exist.
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | None = None,
        gateway: str | None = None,
        job: str = "luthier",
        wait_s: float = 10.0,
    ) -> None:
        if file is None and gateway is None:
            raise ValueError("expected file= or gateway=, which say where the metrics go")
        if file is not None and Path(file).suffix != ".prom":
            raise ValueError(
                f"the collector reads files that end in .prom, got {os.fspath(file)!r}"
            )
        if file is not None and not Path(file).absolute().parent.is_dir():
            raise ValueError(
                f"expected a file in a folder that exists, got {os.fspath(file)!r}; make the "
                f"folder {os.fspath(Path(file).parent)!r} first"
            )
        super().__init__("Prometheus", lambda e: isinstance(e, OSError), wait_s=wait_s)
        self._file = None if file is None else Path(file)
        self._gateway = gateway
        self._job = job
        self._registry = registry = CollectorRegistry()
        self._trials = Counter(
            "luthier_run_trials", "Trials that ended.", ["study", "state"], registry=registry
        )
        self._seconds = Histogram(
            "luthier_run_trial_seconds",
            "How long trials took.",
            ["study"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._best = Gauge(
            "luthier_run_best", "The best value.", ["study", "objective"], registry=registry
        )
        self._last = Gauge(
            "luthier_run_last_trial_timestamp_seconds",
            "When the last trial ended.",
            ["study"],
            registry=registry,
        )
        self._going = Gauge(
            "luthier_run_going", "1 while the run goes on.", ["study"], registry=registry
        )

    def begin(self, info: StudyInfo) -> None:
        """Begin all counts at zero."""
        for state in (State.COMPLETE, State.PRUNED, State.FAILED):
            self._trials.labels(info.name, state.name.lower())
        self._going.labels(info.name).set(1)
        self._hand_on()

    def write(self, info: StudyInfo, row: TrialRow, is_best: bool) -> None:
        """Count a trial."""
        self._trials.labels(info.name, row.state.name.lower()).inc()
        if row.duration_s is not None:
            self._seconds.labels(info.name).observe(row.duration_s)
        if is_best and len(info.objectives) == 1:
            for name, value in name_values(row, info).items():
                self._best.labels(info.name, name).set(value)
        self._last.labels(info.name).set(row.finished_s or 0.0)
        self._hand_on()

    def end(self, info: StudyInfo, ending: Ending) -> None:
        """Say that the run is over."""
        self._going.labels(info.name).set(0)
        self._hand_on()

    def _hand_on(self) -> None:
        if self._file is not None:
            write_to_textfile(str(self._file), self._registry)
        if self._gateway is not None:
            push_to_gateway(self._gateway, self._job, self._registry, timeout=10)
