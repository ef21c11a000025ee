"""The command choose: one of several good trials, by a rule."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click
from msgspec import to_builtins
from msgspec.structs import asdict

from ..analysis.choice import WAYS, Choice
from ..errors import NoFeasibleTrialsError, NothingFitsError, RuleError
from ..validation import to_json_types
from .files import trial_to_json
from .options import has_study, load_study, parse_pairs, study_options
from .text import escape_lines, examples

_WAYS = (
    "a RULE ('accuracy >= 0.9, then smallest size'), --weight, --aspiration, --knee or "
    "--lexicographic"
)

_RULE = re.compile(r"\S\s|[<>=]")  # what a lone word has that is a rule, and no name


@click.command(
    epilog=examples(
        "luthier choose train 'accuracy >= 0.9 and latency_ms <= 50, then smallest size'",
        "luthier choose train --weight accuracy=2 --weight latency_ms=1",
        "luthier choose train --lexicographic accuracy:0.01 --lexicographic latency_ms",
        "luthier choose train --knee --json | jq .trial.params",
    )
)
@study_options(
    click.argument("rule", required=False),
    click.option(
        "--weight",
        "weights",
        multiple=True,
        callback=parse_pairs("a number"),
        metavar="NAME=NUMBER",
        help="Weight of an objective; once for each objective.",
    ),
    click.option(
        "--aspiration",
        multiple=True,
        callback=parse_pairs("a number"),
        metavar="NAME=VALUE",
        help="Value that an objective should reach, or come close to; once for each objective.",
    ),
    click.option("--knee", is_flag=True, help="Choose the trial where the front bends most."),
    click.option(
        "--lexicographic",
        multiple=True,
        metavar="NAME[:TOLERANCE]",
        help="An objective, the most important first, and how much of it may be given up for the "
        "next.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)
def choose(
    name: str | None,
    storage: str,
    rule: str | None,
    weights: Mapping[str, float],
    aspiration: Mapping[str, float],
    knee: bool,
    lexicographic: Sequence[str],
    as_json: bool,
) -> None:
    """Choose one of several good trials, and say why.

    The way to choose is a RULE, or one of the options. A rule names objectives, constraints, params
    and tags of trials. Trials that break a constraint are never chosen. The exit status is 1 if no
    trial satisfies the rule, and 2 if the rule is not valid.
    """
    if name and rule is None and _RULE.search(name) and not has_study(name, storage):
        name, rule = None, name
    study = load_study(name, storage)
    steps = [_parse_step(text, study.objectives) for text in lexicographic]
    try:
        choice = study.choose(
            rule,
            weights=weights or None,
            aspiration=aspiration or None,
            knee=knee,
            lexicographic=steps or None,
        )
    except (NothingFitsError, NoFeasibleTrialsError) as e:
        raise click.ClickException(str(e)) from e
    except RuleError as e:
        raise click.UsageError(str(e).replace(WAYS, _WAYS)) from e
    if as_json:
        click.echo(json.dumps(_choice_to_json(choice, study.objectives), indent=2))
    else:
        click.echo(escape_lines(choice))


def _parse_step(text: str, objectives: Sequence[str]) -> tuple[str, float]:
    """An objective and its tolerance, from NAME or NAME:TOLERANCE."""
    if text in objectives or ":" not in text:
        return text, 0.0
    name, _, tolerance = text.rpartition(":")
    try:
        return name, float(tolerance)
    except ValueError:
        raise click.BadParameter(
            f"expected a number after {name}:, got {tolerance!r}", param_hint="--lexicographic"
        ) from None


def _choice_to_json(choice: Choice, objectives: Sequence[str]) -> dict[str, Any]:
    """A choice in JSON's types."""
    fields = asdict(choice)
    fields["rules"] = to_builtins(choice.rules)
    fields["runner_up"] = to_builtins(choice.runner_up)
    del fields["trial"]
    return {
        **{name: to_json_types(value) for name, value in fields.items()},
        "trial": trial_to_json(choice.trial, objectives),
    }
