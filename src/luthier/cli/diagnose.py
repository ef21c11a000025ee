"""The command diagnose: what may be wrong with a study, the worst first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..analysis.findings.finding import Finding
from ..analysis.findings.groups import describe_group, group_alike
from ..errors import StudyError
from ..validation import to_json_types
from .finding_options import exit_if_found, fail_on_option, format_option
from .options import load_study, parse_pairs, study_options
from .text import escape, escape_lines, examples

if TYPE_CHECKING:
    from ..storages.settings import Applied
    from ..study.study import Study


@click.command(
    epilog=examples(
        "luthier diagnose train",
        "luthier diagnose train --fail-on warning",
        "luthier diagnose train --format json | jq '.[].title'",
        "luthier diagnose train --widened C=2",
        'luthier diagnose train --dismiss optimum-at-bound --parameter C --because "memory"',
        "luthier diagnose train --apply optimum-at-bound --parameter C",
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
    click.option(
        "--dismiss", metavar="FINDING", help="Dismiss a finding by its name; stored with the study."
    ),
    click.option("--undo", metavar="FINDING", help="Show a finding again that was dismissed."),
    click.option(
        "--apply",
        "remedy_of",
        metavar="FINDING",
        help="Apply the remedy of a finding to the study.",
    ),
    click.option(
        "--parameter", help="Which parameter it is about, with --dismiss, --undo or --apply."
    ),
    click.option("--because", default="", metavar="TEXT", help="Why it is dismissed."),
    click.option("--quick", is_flag=True, help="Leave out what needs a model of the results."),
)
def diagnose(
    name: str | None,
    storage: str,
    fail_on: str | None,
    form: str,
    widened: Mapping[str, int],
    dismiss: str | None,
    undo: str | None,
    remedy_of: str | None,
    parameter: str | None,
    because: str,
    quick: bool,
) -> None:
    """Say what may be wrong with a study and what to do, the worst first.

    Warnings say that results are wrong or lost, advice that a change would gain much, notes what is
    good to know. What was dismissed comes last, and never fails with --fail-on.
    """
    _check_together(dismiss, undo, remedy_of, parameter, because)
    study = load_study(name, storage)
    if dismiss:
        study.dismiss(dismiss, parameter, because)
    if undo:
        study.undo_dismissal(undo, parameter)
    if remedy_of:
        click.echo(f"changed: {escape(_apply(study, remedy_of, parameter).change)}\n", err=True)
    found = study.diagnose(widened or None, quick)
    if form == "json":
        click.echo(json.dumps([_to_json(finding) for finding in found], indent=2))
    else:
        print_findings(found)
    exit_if_found((finding.severity for finding in found if not finding.dismissed), fail_on)


def _check_together(
    dismiss: str | None,
    undo: str | None,
    remedy_of: str | None,
    parameter: str | None,
    because: str,
) -> None:
    """Refuse options that have no effect together."""
    n_verbs = sum(map(bool, (dismiss, undo, remedy_of)))
    if n_verbs > 1:
        raise click.UsageError("give one of --dismiss, --undo and --apply at a time")
    if parameter and not n_verbs:
        raise click.UsageError("--parameter needs --dismiss, --undo or --apply")
    if because and not dismiss:
        raise click.UsageError("--because says why something is dismissed: it needs --dismiss")


def _apply(study: Study, name: str, parameter: str | None) -> Applied:
    """Apply the remedy of the first finding of that name.

    Raises:
        StudyError: There is no such finding now, or it has no remedy that luthier can apply.
    """
    found = [f for f in study.diagnose() if f.name == name and parameter in (None, f.subject)]
    if not found:
        of = f" of {parameter!r}" if parameter else ""
        raise StudyError(f"there is no finding {name!r}{of} now, so there is nothing to apply")
    return study.apply(found[0])


def print_findings(found: Sequence[Finding]) -> None:
    """Print findings, each with its advice; those that were dismissed last, in short."""
    if all(finding.dismissed for finding in found):
        click.echo(
            "Nothing was found." if not found else "Nothing was found but what is dismissed."
        )
    for i, group in enumerate(group_alike(found)):
        text = str(group[0]) if len(group) == 1 else _describe_together(group)
        click.echo(("\n" if i or group[0].dismissed else "") + escape_lines(text))


def _describe_together(group: Sequence[Finding]) -> str:
    """Several findings of one kind, a few lines for each."""
    lines = [describe_group(group)]
    for finding in group:
        lines += [f"  {finding.title}", f"    {finding.advice}"]
        lines += [f"    write: {finding.remedy}"] if finding.remedy else []
    return "\n".join(lines)


def _to_json(finding: Finding) -> dict[str, Any]:
    fields = {**msgspec.to_builtins(finding), "confidence": finding.confidence}
    plain: dict[str, Any] = to_json_types(fields)
    return plain
