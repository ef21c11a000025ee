"""The command choose: one of several good trials, by a rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..errors import NoFeasibleTrialsError, NothingFitsError, RuleError
from .options import examples, loaded, named, pairs

if TYPE_CHECKING:
    from ..analysis.choice import Choice

_OPTIONS = (
    "a RULE ('accuracy >= 0.9, then smallest size'), --weight, --aspiration, --knee or "
    "--lexicographic"
)


@click.command(
    epilog=examples(
        "luthier choose train 'accuracy >= 0.9 and latency_ms <= 50, then smallest size'",
        "luthier choose train --weight accuracy=2 --weight latency_ms=1",
        "luthier choose train --lexicographic accuracy:0.01 --lexicographic latency_ms",
        "luthier choose train --knee --json | jq .trial.params",
    )
)
@named(
    click.argument("rule", required=False),
    click.option(
        "--weight",
        "weights",
        multiple=True,
        callback=pairs("a number"),
        metavar="NAME=NUMBER",
        help="How much an objective counts; once for each.",
    ),
    click.option(
        "--aspiration",
        multiple=True,
        callback=pairs("a number"),
        metavar="NAME=VALUE",
        help="A value of an objective to come up to, or near to; once for each.",
    ),
    click.option("--knee", is_flag=True, help="Where the front bends most."),
    click.option(
        "--lexicographic",
        multiple=True,
        metavar="NAME[:TOLERANCE]",
        help="An objective, the most important first, and how much of it may be given up for the "
        "next.",
    ),
    click.option("--json", "as_json", is_flag=True, help="As JSON."),
)
def choose(
    name: str,
    storage: str,
    rule: str | None,
    weights: Mapping[str, float],
    aspiration: Mapping[str, float],
    knee: bool,
    lexicographic: Sequence[str],
    as_json: bool,
) -> None:
    """Choose one trial, by a RULE or another of these ways, and say why.

    A rule names objectives, constraints, params and tags of trials. Trials that break a constraint
    are never chosen. Exit status 1 says that no trial satisfies the rule, 2 that the rule cannot be
    read.
    """
    from ..analysis.choice import WAYS
    from .render import clean

    study = loaded(name, storage)
    steps = [_step(text, study.objectives) for text in lexicographic]
    try:
        found = study.choose(
            rule,
            weights=weights or None,
            aspiration=aspiration or None,
            knee=knee,
            lexicographic=steps or None,
        )
    except (NothingFitsError, NoFeasibleTrialsError) as e:
        raise click.ClickException("\n".join(map(clean, str(e).splitlines()))) from e
    except RuleError as e:
        raise click.UsageError(
            "\n".join(map(clean, str(e).replace(WAYS, _OPTIONS).splitlines()))
        ) from e
    if as_json:
        click.echo(json.dumps(_whole(found, study.objectives), indent=2))
        return
    for line in str(found).splitlines():
        click.echo(clean(line))


def _step(text: str, objectives: Sequence[str]) -> tuple[str, float]:
    """An objective and its tolerance."""
    name, _, tolerance = (
        (text, "", "0") if text in objectives or ":" not in text else text.rpartition(":")
    )
    try:
        return name, float(tolerance)
    except ValueError:
        raise click.BadParameter(
            f"expected a number after {name}:, got {tolerance!r}", param_hint="--lexicographic"
        ) from None


def _whole(found: Choice, objectives: Sequence[str]) -> dict[str, Any]:
    """A choice in JSON's types."""
    from msgspec import to_builtins
    from msgspec.structs import asdict

    from ..validation import to_json_types
    from .render import whole

    parts = {
        **asdict(found),
        "rules": to_builtins(found.rules),
        "runner_up": to_builtins(found.runner_up),
    }
    return {
        **{k: to_json_types(v) for k, v in parts.items() if k != "trial"},
        "trial": whole(found.trial, objectives),
    }
