"""Reporters, which print tables of the trials."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ...remarks import heed_others
from .callback import find_metrics
from .param_space import flatten
from .result import AUTO_RESULT_KEYS
from .trial import ERROR, TERMINATED, Trial


class ProgressReporter:
    """Shows the trials now and then; subclasses say when, and how."""

    def setup(self, **_: Any) -> None:
        """The run begins."""

    def should_report(self, trials: list[Trial], done: bool = False) -> bool:
        """Whether to show the trials now."""
        return done

    def report(self, trials: list[Trial], done: bool, *sys_info: Any) -> None:
        """Show the trials."""


class CLIReporter(ProgressReporter):
    """Prints a table of the trials at the end, and on the way where it is asked to.

    Args:
        metric_columns: Metrics, or metric to heading; None for the first few.
        parameter_columns: Params, or param to heading; None for all.
        max_progress_rows: Rows of the table.
        max_error_rows: Rows of the table of trials that failed.
        max_column_length: Characters of a cell.
        max_report_frequency: Seconds between two tables on the way.
        infer_limit: Metrics that are shown where none are named.
        print_intermediate_tables: Whether there are tables on the way.
        metric: Metric by which trials are sorted.
        mode: "min" or "max" of it.
        others: `sort_by_metric`, and `total_samples`, which changes nothing.
    """

    def __init__(
        self,
        metric_columns: Any = None,
        parameter_columns: Any = None,
        max_progress_rows: int = 20,
        max_error_rows: int = 20,
        max_column_length: int = 20,
        max_report_frequency: float = 5,
        infer_limit: int = 3,
        print_intermediate_tables: bool | None = None,
        metric: str | None = None,
        mode: str | None = None,
        **others: Any,
    ) -> None:
        sort = others.pop("sort_by_metric", False)
        heed_others("ray's CLIReporter", others, {"total_samples": "the trials that began count."})
        self._metrics = _headings(metric_columns)
        self._params = _headings(parameter_columns)
        self._n_rows = max_progress_rows
        self._n_errors = max_error_rows
        self._width = max_column_length
        self._every_s = max_report_frequency
        self._n_inferred = infer_limit
        self._on_the_way = bool(print_intermediate_tables)
        self._sort_by = metric if sort else None
        self._is_max = mode == "max"
        self._last_s = time.monotonic()

    def add_metric_column(self, metric: str, representation: str | None = None) -> None:
        """Add a metric to the table."""
        self._metrics[metric] = representation or metric

    def add_parameter_column(self, parameter: str, representation: str | None = None) -> None:
        """Add a param to the table."""
        self._params[parameter] = representation or parameter

    def should_report(self, trials: list[Trial], done: bool = False) -> bool:
        """Whether to show the trials now."""
        return done or (self._on_the_way and time.monotonic() - self._last_s >= self._every_s)

    def report(self, trials: list[Trial], done: bool, *sys_info: Any) -> None:
        """Print the tables."""
        self._last_s = time.monotonic()
        metrics = self._metrics or self._infer(trials)
        params = self._params or {n: n for t in trials[:1] for n in flatten(t.config)}
        rows = [["trial", "status", *params.values(), *metrics.values()]]
        for trial in self._sort(trials)[: self._n_rows]:
            config = flatten(trial.config)
            last = flatten(trial.last_result)
            shown = [config.get(n) for n in params] + [last.get(n) for n in metrics]
            rows.append([str(trial), trial.status, *(self._shorten(v) for v in shown)])
        _print_table(rows)
        failed = [t for t in trials if t.status == ERROR][: self._n_errors]
        if failed:
            _print_table([["failed", "file"], *([str(t), str(t.error_file)] for t in failed)])

    def _infer(self, trials: list[Trial]) -> dict[str, str]:
        names = dict.fromkeys(
            name
            for trial in trials
            for name, _ in find_metrics(trial.last_result)
            if name not in AUTO_RESULT_KEYS
        )
        chosen = list(names)[: self._n_inferred]
        return {"training_iteration": "iter", **{name: name for name in chosen}}

    def _sort(self, trials: list[Trial]) -> list[Trial]:
        if self._sort_by is None:
            return trials
        known = [(t.metric_of(self._sort_by), t) for t in trials if t.status == TERMINATED]
        with_metric = [(value, t) for value, t in known if value is not None]
        first = [t for _, t in sorted(with_metric, key=lambda pair: pair[0], reverse=self._is_max)]
        return first + [t for t in trials if t not in first]

    def _shorten(self, value: Any) -> str:
        if value is None:
            return ""
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        return text[: self._width]


class JupyterNotebookReporter(CLIReporter):
    """The same, in a notebook.

    Args:
        overwrite: Without effect: tables follow one another.
        settings: See `CLIReporter`.
    """

    def __init__(self, overwrite: bool | None = None, **settings: Any) -> None:
        why = {"overwrite": "tables follow one another."}
        heed_others("ray's JupyterNotebookReporter", {"overwrite": overwrite or None}, why)
        super().__init__(**settings)


def _print_table(rows: list[list[str]]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in _lay_out(rows)))


def _lay_out(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _headings(columns: Any) -> dict[str, str]:
    return dict(columns) if isinstance(columns, Mapping) else {c: c for c in columns or ()}
