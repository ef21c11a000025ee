"""What the command line prints: tables through rich on a terminal, plain aligned text elsewhere.

User text inert.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..errors import NoCompletedTrialsError, NoFeasibleTrialsError
from ..monitoring.json_logs import by_name
from ..study.progress import Tally
from ..validation import are_named

if TYPE_CHECKING:
    from rich.table import Table

    from ..history.history import History
    from ..space.distributions import Distribution
    from ..study.study import Study
    from ..trial.record import TrialRow


def clean(text: object) -> str:
    """User text that can do nothing to a terminal.

    What is not printable becomes a visible escape.
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


def cell(value: Any) -> str:
    """A value for people: numbers with six digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def duration(seconds: float | None) -> str:
    """1.2 s, 3 min 4 s, 5 h 6 min."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moment(seconds: float | None) -> str:
    """Local date and time."""
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints a table to stdout; columns of numbers are right-aligned."""
    rows = list(rows)
    if sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(grid(headers, rows))
        return
    right, texts = _right(headers, rows), [[cell(v) for v in row] for row in rows]
    texts.insert(0, [clean(h) for h in headers])
    widths = [max(len(row[j]) for row in texts) for j in range(len(headers))]
    for row in texts:
        aligned = (
            t.rjust(w) if r else t.ljust(w) for t, w, r in zip(row, widths, right, strict=True)
        )
        click.echo("  ".join(aligned).rstrip())


def grid(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], styles: Sequence[str] = ()
) -> Table:
    """A table for rich; `styles` are those of its rows."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    bold = "" if os.environ.get("NO_COLOR") else "bold"
    made = Table(box=box.SIMPLE_HEAD, header_style=bold, pad_edge=False)
    for name, is_right in zip(headers, _right(headers, rows), strict=True):
        made.add_column(Text(clean(name)), justify="right" if is_right else "left", overflow="fold")
    for row, style in zip(rows, [*styles, *[""] * len(rows)], strict=False):
        made.add_row(*(Text(cell(v)) for v in row), style=style)
    return made


def _right(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Which columns hold numbers."""
    return [
        all(isinstance(r[j], int | float | None) for r in rows) and bool(rows)
        for j in range(len(headers))
    ]


def pairs(items: Mapping[str, Any], indent: str = "  ", exact: bool = False) -> None:
    """Prints names and values, aligned; text of several lines as a block."""
    width = max((len(clean(k)) for k in items), default=0)
    for name, value in items.items():
        if isinstance(value, str) and "\n" in value:
            click.echo(f"{indent}{clean(name)}")
            for line in value.splitlines():
                click.echo(f"{indent}  {clean(line)}".rstrip())
        else:
            text = (
                repr(value)
                if exact and isinstance(value, float)
                else "null"
                if value is None
                else cell(value)
            )
            click.echo(f"{indent}{clean(name):{width}}  {text}".rstrip())


def values_of(row: TrialRow, objectives: Sequence[str], exact: bool = False) -> str:
    """The values of a trial in one phrase, with the names of the objectives if they have any."""
    texts = [repr(v) if exact else cell(v) for v in row.values or ()]
    names = by_name(row, objectives) or ()
    return (
        ", ".join(
            [f"{clean(name)} {text}" for name, text in zip(names, texts, strict=False)] or texts
        )
        or "no value"
    )


def aims(directions: Sequence[str], objectives: Sequence[str] | None) -> str:
    """What is sought in one phrase: "minimize", or "maximize accuracy, minimize latency_ms"."""
    if objectives is None or not are_named(objectives):
        return ", ".join(directions)
    return ", ".join(
        f"{where} {clean(name)}" for where, name in zip(directions, objectives, strict=False)
    )


def counted(counts: Mapping[int, int]) -> str:
    """How many trials in each state: "7 (5 complete, 2 failed)"."""
    from ..trial.record import State

    parts = ", ".join(f"{n} {State(s).name.lower()}" for s, n in sorted(counts.items()) if n)
    return f"{sum(counts.values())} ({parts})" if parts else "none"


def show(study: Study, counts: Mapping[int, int], created_s: float, last: int) -> None:
    """Prints the summary of a study."""
    from ..analysis.recommendation import require_results
    from ..measure import consumed
    from ..trial.table import records

    rows = study.trials
    done = [r for r in rows if r.started_s is not None and r.finished_s is not None]
    sought = {
        "objectives" if are_named(study.objectives) else "direction": aims(
            study.directions, study.objectives
        )
    }
    facts = {**sought, "created": moment(created_s), "trials": counted(counts)}
    facts |= {"constraints": text} if (text := _kept(study.history)) else {}
    if done:
        span = max(r.finished_s or 0.0 for r in done) - min(r.started_s or 0.0 for r in done)
        spent = sum(r.duration_s or 0.0 for r in done)
        facts["duration"] = f"{duration(span)} from first to last, {duration(spent)} in trials"
    if costs := [r.cost for r in rows if r.cost is not None]:
        facts["cost"] = f"{cell(sum(costs))} in {len(costs)} trials"
    if (energy := consumed(rows)) is not None:
        facts["energy"] = str(energy)
    click.echo(f"study {clean(study.name)}")
    pairs(facts)
    try:
        require_results(study.history)
        if len(study.directions) > 1:
            front = study.best_trials
            click.echo(f"\nbest: {len(front)} trials that no other beats in all objectives")
            trials(records(front, study.objectives))
        else:
            best = study.best_trial
            click.echo(f"\nbest: {values_of(best, study.objectives)} in trial {best.number}")
            pairs(best.params)
            if best.tags:
                click.echo("\ntags of the best")
                pairs(best.tags)
    except NoFeasibleTrialsError as e:
        click.echo(f"\nbest: {clean(e)}")
    except NoCompletedTrialsError:
        pass
    if study.space.names:
        click.echo("\nspace")
        pairs({name: _described(dist) for name, dist in study.space.params.items()})
        for rule in study.space.constraints:
            click.echo(f"  subject to {clean(rule.text)}")
    if rows and last:
        click.echo(f"\nlast {min(last, len(rows))} trials")
        trials(records(rows[-last:], study.objectives))


def _kept(history: History) -> str:
    """How many trials keep the constraints on their results, in one phrase.

    "" where there are none.
    """
    from ..trial.record import State

    complete = (history.state == State.COMPLETE) & ~history.confirming
    n = int(complete.sum())
    if not history.constraint_names or not n:
        return ""
    kept = (
        (history.constraints[complete] <= 0).sum(axis=0).tolist()
    )  # NaN where a trial did not tell
    told = {
        name: k for name, k in zip(history.constraint_names, kept, strict=True) if name != "crash"
    }
    text = f"kept by {int(history.feasible[complete].sum())} of {n} complete trials"
    text += f" ({', '.join(f'{clean(name)} by {k}' for name, k in told.items())})" if told else ""
    return text + ("; a trial that fails breaks one" if history.crash else "")


def _described(dist: Distribution) -> str:
    """A distribution in one phrase: "float 1e-05 .. 0.1, log", "rbf | poly, when svm = true"."""
    from ..space.distributions import Categorical, Int

    if isinstance(dist, Categorical):
        parts = [
            (" < " if dist.ordered else " | ").join(
                "null" if c is None else cell(c) for c in dist.choices
            )
        ]
    else:
        whole = isinstance(dist, Int)
        parts = [f"{'int' if whole else 'float'} {dist.low} .. {dist.high}"]
        if dist.step is not None and not (whole and dist.step == 1):
            parts.append(f"step {dist.step}")
        if dist.scale != "linear":
            parts.append(dist.scale)
    rules = (
        f"{parent} = {' or '.join(map(cell, allowed))}"
        for parent, allowed in (dist.when or {}).items()
    )
    if dist.when:
        parts.append("when " + " and ".join(rules))
    return ", ".join(parts)


def trials(flat: Sequence[Mapping[str, Any]]) -> None:
    """Prints records of trials as a table, without their tags."""
    names = [name for name in columns(flat) if not name.startswith("tags.")]
    headers = [name.removeprefix("params.").removeprefix("values.") for name in names]
    table(headers, [[r.get(name) for name in names] for r in flat])


def columns(flat: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names that appear in any record, in order."""
    return list(dict.fromkeys(k for r in flat for k in r))


def as_csv(study: Study) -> str:
    """One line a trial; lists, booleans and null as JSON, nothing where there is no value."""
    from ..trial.table import records

    flat = records(study.trials, study.objectives)
    out = io.StringIO()
    writer = csv.DictWriter(
        out, columns(flat) or ["number", "state"], lineterminator="\n", restval=""
    )
    writer.writeheader()
    blank = ("value", "duration_s", "cost", "constraints.")
    for r in flat:
        plain = {k: "" if v is None and k.startswith(blank) else v for k, v in r.items()}
        writer.writerow(
            {
                k: v
                if isinstance(v, str | int | float) and not isinstance(v, bool)
                else json.dumps(v)
                for k, v in plain.items()
            }
        )
    return out.getvalue()


def as_json(study: Study) -> str:
    """The study with its space and all trials; numbers that are not finite are text.

    What trials reported of several objectives stands in the order of "objectives".
    """
    data = {
        "name": study.name,
        "objectives": study.objectives,
        "directions": study.directions,
        "space": study.space.to_json(),
        "trials": [whole(row, study.objectives) for row in study.trials],
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def whole(row: TrialRow, objectives: Sequence[str]) -> dict[str, Any]:
    """A trial in JSON's types; its values as a list, or by name where objectives have names."""
    from msgspec.structs import asdict

    from ..validation import to_json_types

    found = {
        **asdict(row),
        "state": row.state.name.lower(),
        "turns": [asdict(t) for t in row.turns],
    }
    if not row.turns:
        del found["turns"]
    if row.values and len(row.values) == 1:
        found["value"] = row.values[0]
    found["values"] = by_name(row, objectives) or row.values
    del found["token"], found["lease_s"]
    return {k: v for k, v in to_json_types(found).items() if v is not None}


def finish(
    study: Study, counts: Mapping[int, int], options: str, say: Callable[[str], object]
) -> None:
    """Prints what came out of a run, and says how it went; `options` lead `luthier show` to it."""
    from ..analysis.recommendation import require_results

    say(f"Trials of this run: {counted(counts)}.")
    name = f"{shlex.quote(study.name)}{options}"
    more = f"luthier show {name}"
    try:
        if len(study.directions) == 1:
            best = study.best_trial
            click.echo(
                f"best: {values_of(best, study.objectives, exact=True)} in trial {best.number}"
            )
            pairs(best.params, exact=True)
        elif front := study.best_trials:
            click.echo(f"best: {len(front)} trials that no other beats in all objectives")
            more += f", luthier choose {name} --knee"
        else:
            require_results(study.history)
    except NoFeasibleTrialsError as e:
        say(f"No trial is the best: {e}.")
    except NoCompletedTrialsError:
        say("No trial is complete yet.")
    say(f"See more: {more}")


class Watch:
    """Follows a run: counts, the last failure, and a line now and then where no bar can be shown.

    Args:
        n_trials: How many trials the run was asked for.
        patience: The run is stopped when its first so many trials all fail.
        every_s: Time between lines, in seconds.
    """

    def __init__(self, n_trials: int | None, patience: int, every_s: float = 10.0) -> None:
        self.n_trials = n_trials
        self.patience = patience
        self.every_s = every_s
        self.counts: dict[int, int] = {}
        self.failure: TrialRow | None = None
        self.gave_up = False
        self._next_s = time.monotonic() + every_s
        self._tally: Tally | None = None

    @property
    def n_finished(self) -> int:
        """How many trials ended in this run."""
        return sum(self.counts.values())

    def __call__(self, study: Study, row: TrialRow) -> None:
        """A callback for `Study.optimize`."""
        self.counts[row.state] = self.counts.get(row.state, 0) + 1
        if row.error:
            self.failure = row
            if self.counts[row.state] == self.n_finished == self.patience:
                self.gave_up = True
                study.stop()
        if not sys.stderr.isatty() and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + self.every_s
            self._tally = self._tally or Tally(study.engine, self.n_trials, None)
            self._tally.look()
            of = "" if self.n_trials is None else f" of {self.n_trials}"
            click.echo(
                ", ".join(
                    filter(None, (f"{self.n_finished}{of} trials", self._tally.describe_best()))
                ),
                err=True,
            )
