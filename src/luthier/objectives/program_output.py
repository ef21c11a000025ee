"""Values and notes in the lines that a program prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import CommandError
from ..trial.handle import Trial

Value = float | list[float]
"""One number, or one for each of several objectives."""


def parse_line(
    line: str, objectives: Sequence[str], metric: Sequence[str]
) -> tuple[Value | None, dict[str, Any]]:
    """Return the value in a line of output, if any, and the other fields of its JSON object.

    Args:
        line: The line.
        objectives: Names of the study's objectives.
        metric: Names under which the values stand in JSON; empty for those of the objectives.
    """
    content = _parse_json(line)
    if not isinstance(content, dict):
        return _to_value(content), {}

    names = metric or tuple(objectives)
    others = {name: v for name, v in content.items() if name not in names}
    # The values stand under their names, or in an object, list or number within "values", "value".
    places = [content, content.get("values"), None if metric else content.get("value")]
    for place in places:
        value = _pick(place, names) if isinstance(place, dict) else _to_value(place)
        if value is not None:
            return value, others
    return None, others


def _parse_json(line: str) -> Any:
    """The content of a line; None where it is neither JSON nor a number."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        pass
    if "_" in line:  # float() would read 1_000
        return None
    try:
        return float(line)  # nan, inf, .5: numbers that are not JSON
    except ValueError:
        return None


def _pick(content: Mapping[str, Any], names: Sequence[str]) -> Value | None:
    """The values of these names, if all of them are there."""
    if len(names) == 1:
        return _to_value(content.get(names[0]))
    return _to_value([content.get(name) for name in names])


def _to_value(content: Any) -> Value | None:
    """The content as a value, if it is a number or a list of numbers."""
    if not isinstance(content, list):
        return _to_number(content)
    numbers = [v for v in map(_to_number, content) if v is not None]
    return numbers if numbers and len(numbers) == len(content) else None


def _to_number(content: Any) -> float | None:
    if isinstance(content, bool) or not isinstance(content, int | float):
        return None
    return float(content) if isinstance(content, float) or abs(content) < 10**300 else None


def note_fields(trial: Trial, fields: Mapping[str, Any]) -> None:
    """Note the constraints, tags and cost of a JSON object with its trial.

    Tags that are no object and a cost that is no number are ignored.

    Raises:
        CommandError: The constraints are no object.
        TrialError: A constraint is no number, or a cost is negative or not finite.
    """
    constraints = fields.get("constraints") or {}
    if not isinstance(constraints, dict):
        raise CommandError(
            "expected constraints on results, which are kept at values of at most 0, such as "
            f'"constraints": {{"size": -1.5}}, got {constraints!r:.200}; print anything else under '
            "another name"
        )
    for name, value in constraints.items():
        trial.set_constraint(name, value)

    tags = fields.get("tags")
    if isinstance(tags, dict):
        for name, value in tags.items():
            trial.set_tag(name, value)
    cost = _to_number(fields.get("cost"))
    if cost is not None:
        trial.set_cost(cost)
