"""The command top: what a study's workers are doing, live."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from .options import POSITIVE, examples, existing, named

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..monitoring.overview import Follower, Overview

_RECENT_S = 600.0  # workers that hold nothing are listed if they were heard of since
_WORKERS = [
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


@click.command(
    epilog=examples(
        "luthier top train --storage postgresql://user@host/database",
        "luthier top train --once",
        "luthier top train --json | jq '.workers[] | .running[] | select(.stuck_s)'",
    )
)
@named(
    click.option(
        "--once", is_flag=True, help="Look once, as is done where the output is no terminal."
    ),
    click.option("--json", "as_json", is_flag=True, help="As JSON, once."),
    click.option(
        "--every",
        type=POSITIVE,
        default=1.0,
        show_default=True,
        metavar="S",
        help="Time between looks.",
    ),
)
def top(name: str, storage: str, once: bool, as_json: bool, every: float) -> None:
    """Watch a study: its trials, how fast they end, and its workers.

    A trial is stuck when its worker was silent for longer than its lease: it died, hangs, or cannot
    reach the storage.
    """
    from ..monitoring.overview import Follower
    from ..storages.base import require_complete_copy

    place = existing(storage)
    record = place.study(name)
    require_complete_copy(record)
    follower = Follower(place, record)
    if as_json:
        from msgspec import to_builtins

        from ..validation import to_json_types

        click.echo(json.dumps(to_json_types(to_builtins(_looked(follower))), indent=1))
    elif once or not sys.stdout.isatty():
        _printed(_looked(follower))
    else:
        from rich.live import Live

        with Live(_drawn(_looked(follower)), screen=True, auto_refresh=False) as live:
            try:
                while True:
                    time.sleep(every)
                    live.update(_drawn(_looked(follower)), refresh=True)
            except KeyboardInterrupt:
                pass


def _looked(follower: Follower) -> Overview:
    """The study now, without the passwords that errors may tell."""
    from msgspec.structs import replace

    from ..monitoring.json_logs import scrubbed

    view = follower.look()
    return replace(view, failures=[replace(f, error=scrubbed(f.error)) for f in view.failures])


def _printed(view: Overview) -> None:
    """Plain text, section by section."""
    from .render import pairs, table

    pairs(_facts(view), indent="")
    for title, headers, rows, _ in _sections(view):
        click.echo(f"\n{title}")
        table(headers, rows)


def _drawn(view: Overview) -> RenderableType:
    """The same for rich."""
    from rich.console import Group
    from rich.text import Text

    from .render import cell, grid

    width = max(map(len, facts := _facts(view)))
    lines: list[RenderableType] = [
        Text(f"{name:{width}}  {cell(value)}") for name, value in facts.items()
    ]
    for title, headers, rows, styles in _sections(view):
        lines += [Text(f"\n{title}", "bold"), grid(headers, rows, styles)]
    return Group(*lines)


def _facts(view: Overview) -> dict[str, str]:
    """What is known of the study as a whole."""
    from ..trial.record import State
    from .render import aims, moment

    counts = [f"{n} {state}" for state, n in view.counts.items() if n]
    rates = view.rates
    over = sum(n for state, n in view.counts.items() if State[state.upper()].finished)
    overall = "" if rates.overall is None else f", {rates.overall:.3g} overall"
    facts = {
        "study": f"{view.study} ({aims(view.directions, view.objectives)}), {moment(view.time_s)}",
        "trials": f"{sum(view.counts.values())} ({', '.join(counts)})" if counts else "none",
        "constraints": "" if view.feasible is None else f"kept by {view.feasible} complete trials",
        "best": "" if view.best is None else f"{view.best.value:.6g} in trial {view.best.number}",
        "front": f"{view.front} trials that no other beats in all objectives" if view.front else "",
        "a minute": f"{rates.last_minute:.3g} in the last, {rates.last_ten_minutes:.3g} in the "
        f"last ten{overall}",
        "failed": f"{view.counts['failed']} of {over}" if view.counts["failed"] else "",
        "retries": f"{view.retries}, of trials whose worker died" if view.retries else "",
    }
    return {name: text for name, text in facts.items() if text}


def _sections(view: Overview) -> list[tuple[str, list[str], list[list[Any]], list[str]]]:
    """Tables: title, headers, rows, and the rows' styles."""
    from .render import duration

    sections: list[tuple[str, list[str], list[list[Any]], list[str]]] = []
    if stuck := view.stuck:
        rows = [[h.number, h.worker, duration(h.stuck_s), h.next] for h in stuck]
        sections.append(
            ("stuck", ["trial", "worker", "without a lease for", "is"], rows, ["red"] * len(rows))
        )
    shown = [
        w for w in view.workers if w.running or (w.heard_s is not None and w.heard_s < _RECENT_S)
    ]
    rows, styles = [], []
    for w in shown:
        end = [_ago(w.heard_s), w.finished, w.failed, duration(w.mean_duration_s)]
        for i, h in enumerate(w.running or [None]):
            held = (
                [None] * 4
                if h is None
                else [h.number, duration(h.since_s), h.step, _left(h.lease_left_s)]
            )
            name = f"{w.host}:{w.pid}" if w.pid is not None else w.host or "nobody"
            rows.append([*([name, *held, *end] if i == 0 else ["", *held, *[None] * 4])])
            styles.append("red" if h is not None and h.stuck_s is not None else "")
    if rows:
        earlier = len(view.workers) - len(shown)
        title = f"workers, and {earlier} earlier" if earlier else "workers"
        sections.append((title, _WORKERS, rows, styles))
    if view.failures:
        rows = [[f.number, _ago(f.ago_s), f.error[:200]] for f in view.failures]
        sections.append(("latest failures", ["trial", "ended", "error"], rows, []))
    return sections


def _left(seconds: float) -> str:
    from .render import duration

    return duration(seconds) if seconds >= 0 else f"stuck, {duration(-seconds)}"


def _ago(seconds: float | None) -> str:
    from .render import duration

    return "" if seconds is None else f"{duration(seconds)} ago"
