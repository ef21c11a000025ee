"""The command watch: trials and workers of a study, live."""

from __future__ import annotations

import json
import sys

import click
from msgspec import to_builtins
from msgspec.structs import replace

from ..monitoring.overview import Follower, Overview
from ..passwords import hide_passwords
from ..validation import to_json_types
from .options import POSITIVE, find_study, study_options
from .study_view import facts, sections
from .tables import print_pairs, print_table
from .text import examples


@click.command(
    epilog=examples(
        "luthier watch train --storage postgresql://user@host/database",
        "luthier watch train --once",
        "luthier watch train --json | jq '.workers[] | .running[] | select(.stuck_s)'",
    )
)
@study_options(
    click.option(
        "--once", is_flag=True, help="Print once; the default where the output is no terminal."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, once."),
    click.option(
        "--every",
        type=POSITIVE,
        default=1.0,
        show_default=True,
        metavar="SECONDS",
        help="Time between two updates.",
    ),
)
def watch(name: str | None, storage: str, once: bool, as_json: bool, every: float) -> None:
    """Watch a study: its trials, its workers, and its speed.

    A trial is stuck when its worker was silent for longer than its lease: the worker died, hangs,
    or cannot reach the storage.
    """
    follower = Follower(*find_study(name, storage))
    if as_json:
        click.echo(json.dumps(to_json_types(to_builtins(_look(follower))), indent=1))
    elif once or not sys.stdout.isatty():
        _print_view(_look(follower))
    else:
        from .live_view import show_live  # rich takes a while to load

        show_live(lambda: _look(follower), every)


def _look(follower: Follower) -> Overview:
    """The study now, without the passwords that errors may contain."""
    view = follower.look()
    failures = [replace(f, error=hide_passwords(f.error)) for f in view.failures]
    return replace(view, failures=failures)


def _print_view(view: Overview) -> None:
    """Print the study as plain text."""
    print_pairs(facts(view), indent="")
    for section in sections(view):
        click.echo(f"\n{section.title}")
        print_table(section.headers, section.rows)
