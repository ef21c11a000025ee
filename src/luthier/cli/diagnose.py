"""The command diagnose: what may be wrong with a study, the worst first."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from msgspec.structs import asdict

from ..analysis.findings.finding import SEVERITIES, Finding
from ..validation import to_json_types
from .options import load_study, parse_pairs, study_options
from .text import escape_lines, examples

FOUND = 3
"""Exit status where something was found that is as bad as --fail-on says."""


@click.command(
    epilog=examples(
        "luthier diagnose train",
        "luthier diagnose train --fail-on warning",
        "luthier diagnose train --format json | jq '.[].title'",
        "luthier diagnose train --widened C=2",
    )
)
@study_options(
    click.option(
        "--fail-on",
        type=click.Choice(SEVERITIES),
        help=f"Exit with status {FOUND} where something this bad or worse was found.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to print what was found.",
    ),
    click.option(
        "--widened",
        multiple=True,
        callback=parse_pairs("a whole number", int),
        metavar="NAME=TIMES",
        help="How often the range of a parameter has been widened already; once for each.",
    ),
    click.option("--quick", is_flag=True, help="Leave out what needs a model of the results."),
    required=False,
)
def diagnose(
    name: str | None,
    storage: str,
    fail_on: str | None,
    form: str,
    widened: Mapping[str, int],
    quick: bool,
) -> None:
    """Say what may be wrong with a study and what to do, the worst first.

    Warnings say that results are wrong or lost, advice that a change would gain much, notes what is
    good to know.
    """
    study = load_study(name, storage)
    found = study.diagnose(widened, quick)
    if form == "json":
        click.echo(json.dumps([_to_json(finding) for finding in found], indent=2))
    else:
        print_findings(found)
    if any(_is_as_bad(finding, fail_on) for finding in found):
        sys.exit(FOUND)


def print_findings(found: Sequence[Finding]) -> None:
    """Print findings, each with its advice."""
    if not found:
        click.echo("Nothing was found.")
    for i, finding in enumerate(found):
        click.echo(("\n" if i else "") + escape_lines(finding))


def _is_as_bad(finding: Finding, severity: str | None) -> bool:
    known = [str(name) for name in SEVERITIES]
    return severity is not None and known.index(finding.severity) <= known.index(severity)


def _to_json(finding: Finding) -> dict[str, Any]:
    fields: dict[str, Any] = to_json_types(asdict(finding) | {"confidence": finding.confidence})
    return fields
