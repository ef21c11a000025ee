"""Options of the commands that say what is wrong, and their exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from ..analysis.findings.finding import SEVERITIES

FOUND = 3
"""Exit status where something was found that is as bad as --fail-on says."""

fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help=f"Exit with status {FOUND} where something this bad or worse was found.",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print what was found.",
)


def exit_if_found(severities: Iterable[str], fail_on: str | None) -> None:
    """End the command with the exit status of findings, where one is as bad as --fail-on says.

    Args:
        severities: Of all that was found.
        fail_on: The option; None where no finding is that bad.
    """
    known = [str(name) for name in SEVERITIES]  # the worst first
    if fail_on and any(known.index(name) <= known.index(fail_on) for name in severities):
        sys.exit(FOUND)
