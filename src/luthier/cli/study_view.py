"""Content of `luthier watch` as data: names and values, and tables."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..monitoring.overview import Overview, RunningTrial, Worker
from ..trial.record import State
from ..wording import count_of, to_six_digits
from .sparks import draw_progress
from .summary import describe_objectives
from .text import format_duration, format_time

_RECENT_S = 600.0  # an idle worker is listed for so long after it was last heard
_WORKER_HEADERS = [
    "worker",
    "running",
    "since",
    "step",
    "lease ends in",
    "last heard",
    "finished",
    "failed",
    "mean time",
]


def facts(view: Overview) -> dict[str, str]:
    """Names and values of the study as a whole."""
    counts = [f"{n} {state}" for state, n in view.counts.items() if n]
    n_finished = sum(n for state, n in view.counts.items() if State[state.upper()].finished)
    n_failed = view.counts["failed"]
    rates = view.rates
    overall = "" if rates.overall is None else f", {rates.overall:.3g} overall"
    sought = describe_objectives(view.directions, view.objectives)
    items = {
        "study": f"{view.study} ({sought}), {format_time(view.time_s)}",
        "trials": f"{sum(view.counts.values())} ({', '.join(counts)})" if counts else "none",
        "constraints": ""
        if view.feasible is None
        else f"kept by {count_of(view.feasible, 'complete trial')}",
        "best": ""
        if view.best is None
        else f"{to_six_digits(view.best.value)} in trial {view.best.number}",
        "progress": draw_progress(view.progress),
        "front": f"{count_of(view.front, 'trial')} that no other beats in all objectives"
        if view.front
        else "",
        "a minute": f"{rates.last_minute:.3g} in the last, {rates.last_ten_minutes:.3g} in the "
        f"last ten{overall}",
        "failed": f"{n_failed} of {n_finished}" if n_failed else "",
        "retries": f"{view.retries}, of trials whose worker died" if view.retries else "",
    }
    return {name: text for name, text in items.items() if text}


class Section(NamedTuple):
    """One table of the view; `styles` are those of its rows."""

    title: str
    headers: list[str]
    rows: list[list[Any]]
    styles: list[str]


def sections(view: Overview) -> list[Section]:
    """Tables of stuck trials, of workers, and of the latest failures."""
    found = []
    if stuck := view.stuck:
        headers = ["trial", "worker", "without a lease for", "is"]
        rows = [[h.number, h.worker, format_duration(h.stuck_s), h.next] for h in stuck]
        found.append(Section("stuck", headers, rows, ["red"] * len(rows)))
    if (workers := _worker_section(view.workers)).rows:
        found.append(workers)
    if view.failures:
        rows = [[f.number, _format_ago(f.ago_s), f.error[:200]] for f in view.failures]
        found.append(Section("latest failures", ["trial", "ended", "error"], rows, []))
    return found


def _worker_section(workers: list[Worker]) -> Section:
    """A row for each running trial, and one for each worker that was heard recently."""
    recent = [w for w in workers if w.running or (w.heard_s is not None and w.heard_s < _RECENT_S)]
    rows: list[list[Any]] = []
    styles = []
    for w in recent:
        name = f"{w.host}:{w.pid}" if w.pid is not None else w.host or "nobody"
        totals = [_format_ago(w.heard_s), w.finished, w.failed, format_duration(w.mean_duration_s)]
        for i, trial in enumerate(w.running or [None]):
            cells = [None] * 4 if trial is None else _running_cells(trial)
            rows.append([name, *cells, *totals] if i == 0 else ["", *cells, *[None] * 4])
            styles.append("red" if trial is not None and trial.stuck_s is not None else "")

    n_earlier = len(workers) - len(recent)
    title = f"workers, and {n_earlier} earlier" if n_earlier else "workers"
    return Section(title, _WORKER_HEADERS, rows, styles)


def _running_cells(trial: RunningTrial) -> list[Any]:
    return [
        trial.number,
        format_duration(trial.since_s),
        trial.step,
        _format_lease(trial.lease_left_s),
    ]


def _format_lease(seconds: float) -> str:
    if seconds >= 0:
        return format_duration(seconds)
    return f"stuck, {format_duration(-seconds)}"


def _format_ago(seconds: float | None) -> str:
    return "" if seconds is None else f"{format_duration(seconds)} ago"
