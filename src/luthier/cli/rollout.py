"""The commands model rollout begin, advance, stop and verdict."""

from __future__ import annotations

import json
from typing import Literal, cast

import click

from ..lifecycle import Metric, Rollout, advance_rollout, begin_rollout, give_verdict, stop_rollout
from ..lifecycle.rollout import find_detectable
from .registry_options import open_registry, registry_options, why_option
from .text import escape, examples

_GOALS = ("maximize", "minimize")


@click.group(
    epilog=examples(
        "luthier model rollout begin churn:2 --metric correct:0.02",
        "luthier model rollout verdict churn",
    )
)
def rollout() -> None:
    """Roll a version out against the champion, by hand or from a cron job."""


@rollout.command(
    epilog=examples(
        "luthier model rollout begin churn:2 --metric correct:0.02 --guard failed:minimize"
    )
)
@click.argument("name", metavar="VERSION")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME[:GOAL][:MARGIN]",
    help="A rate that must not be worse by more than the margin, 'maximize' unless said otherwise.",
)
@click.option(
    "--guard",
    "guards",
    multiple=True,
    metavar="NAME[:GOAL]",
    help="A rate that ends the roll-out by harm alone.",
)
@click.option(
    "--values", multiple=True, metavar="NAME", help="Metrics with other values than 0, 1."
)
@click.option(
    "--share",
    "shares",
    type=click.FloatRange(0, 1, max_open=True),
    multiple=True,
    help="Share of the challenger at each step, rising.  [default: 0, .01, .05, .25, .5]",
)
@click.option("--bake-s", type=click.FloatRange(min=0), help="A step takes so many seconds.")
@click.option("--min-units", type=click.IntRange(min=0), help="And units of the challenger.")
@click.option("--max-s", type=click.FloatRange(min=0), help="It ends after so many seconds.")
@click.option(
    "--planned-units", type=click.IntRange(min=1), help="Units of both arms that are expected."
)
@why_option
@registry_options
def begin(
    name: str,
    metrics: tuple[str, ...],
    guards: tuple[str, ...],
    values: tuple[str, ...],
    shares: tuple[float, ...],
    bake_s: float | None,
    min_units: int | None,
    max_s: float | None,
    planned_units: int | None,
    why: str,
    registry: str,
    artifacts: str | None,
) -> None:
    """Begin to roll a version out, and say which differences it will find."""
    if not metrics and not guards:
        raise click.UsageError("expected what is watched: --metric or --guard, at least one")
    watched = [_read_metric(text, values) for text in metrics]
    watched += [_read_metric(text, values, is_guard=True) for text in guards]
    if unknown := set(values) - {metric.name for metric in watched}:
        raise click.UsageError(f"--values names no metric: {escape(', '.join(sorted(unknown)))}")
    given = {
        "shares": shares or None,
        "bake_s": bake_s,
        "min_units": min_units,
        "max_s": max_s,
        "planned_units": planned_units,
    }
    settings = {key: value for key, value in given.items() if value is not None}
    row = begin_rollout(open_registry(registry, artifacts), name, watched, why, **settings)
    _print_rollout(row)
    for metric in row.metrics:
        click.echo(f"{escape(metric.name)}: {_describe_power(row, metric)}")


@rollout.command(epilog=examples("luthier model rollout advance churn"))
@click.argument("name", metavar="MODEL")
@registry_options
def advance(name: str, registry: str, artifacts: str | None) -> None:
    """Decide what to do with the running roll-out now, and do it."""
    row, decision = advance_rollout(open_registry(registry, artifacts), name)
    click.echo(f"{decision.action}: {escape(decision.because)}")
    _print_rollout(row)


@rollout.command(epilog=examples("luthier model rollout stop churn --why 'the shop is closed'"))
@click.argument("name", metavar="MODEL")
@why_option
@registry_options
def stop(name: str, why: str, registry: str, artifacts: str | None) -> None:
    """End the running roll-out; the champion stays."""
    _print_rollout(stop_rollout(open_registry(registry, artifacts), name, why))


@rollout.command(epilog=examples("luthier model rollout verdict churn"))
@click.argument("name", metavar="MODEL")
@registry_options
def verdict(name: str, registry: str, artifacts: str | None) -> None:
    """Print the verdict on the latest roll-out as JSON, as the service answers it."""
    click.echo(json.dumps(give_verdict(open_registry(registry, artifacts), name)))


def _read_metric(text: str, values: tuple[str, ...], is_guard: bool = False) -> Metric:
    """Read NAME, NAME:GOAL, NAME:MARGIN or NAME:GOAL:MARGIN."""
    name, *parts = text.split(":")
    goal = parts.pop(0) if parts and parts[0] in _GOALS else "maximize"
    margin = 0.0
    for i, part in enumerate(parts):
        try:
            margin = float(part)
        except ValueError:
            margin = -1.0
        if is_guard or i > 0 or not 0 <= margin < float("inf"):
            expected = "'maximize' or 'minimize'" + ("" if is_guard else ", or a margin >= 0")
            raise click.UsageError(f"expected {expected} in {escape(text)!r}, got {escape(part)!r}")
    return Metric(
        name=name,
        kind="value" if name in values else "rate",
        goal=cast("Literal['maximize', 'minimize']", goal),
        is_guard=is_guard,
        margin=margin,
    )


def _describe_power(row: Rollout, metric: Metric) -> str:
    """Which difference the planned units will find, in words."""
    is_rate = metric.kind == "rate"
    found = find_detectable(row, metric, std=0.5 if is_rate else 1.0)
    unit = " of a rate of .5, less of others" if is_rate else " standard deviations"
    return f"a difference of {found:.2g}{unit} will be found in {row.planned_units:,} units"


def _print_rollout(row: Rollout) -> None:
    click.echo(
        f"roll-out {row.number}, version {row.challenger} against {row.champion}: {row.state}, "
        f"share {row.share:.0%}"
    )
