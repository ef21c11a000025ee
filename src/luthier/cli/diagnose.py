"""The command diagnose: what may be wrong with a study, the worst first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from msgspec.structs import asdict

from ..analysis.findings.finding import Finding
from ..validation import to_json_types
from .finding_options import exit_if_found, fail_on_option, format_option
from .options import load_study, parse_pairs, study_options
from .text import escape_lines, examples


@click.command(
    epilog=examples(
        "luthier diagnose train",
        "luthier diagnose train --fail-on warning",
        "luthier diagnose train --format json | jq '.[].title'",
        "luthier diagnose train --widened C=2",
    )
)
@study_options(
    fail_on_option,
    format_option,
    click.option(
        "--widened",
        multiple=True,
        callback=parse_pairs("a whole number", int),
        metavar="NAME=TIMES",
        help="How often the range of a parameter has been widened already; once for each.",
    ),
    click.option("--quick", is_flag=True, help="Leave out what needs a model of the results."),
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
    exit_if_found((finding.severity for finding in found), fail_on)


def print_findings(found: Sequence[Finding]) -> None:
    """Print findings, each with its advice."""
    if not found:
        click.echo("Nothing was found.")
    for i, finding in enumerate(found):
        click.echo(("\n" if i else "") + escape_lines(finding))


def _to_json(finding: Finding) -> dict[str, Any]:
    fields: dict[str, Any] = to_json_types(asdict(finding) | {"confidence": finding.confidence})
    return fields
