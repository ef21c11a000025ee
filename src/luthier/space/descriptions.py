"""Parameters as files and clients describe them, in YAML, TOML or JSON, and as notebooks show."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import SpaceError
from ..validation import is_number
from .distributions import Categorical, Distribution, Float, Int
from .normal import Normal

_KINDS = {"float": Float, "int": Int, "categorical": Categorical, "normal": Normal}


def read_params(data: Mapping[str, Any]) -> dict[str, Distribution]:
    """Return the parameters of a described space, beside which constraints may stand.

    Raises:
        SpaceError: It is not such a description.
    """
    described = data.get(
        "params", {k: v for k, v in data.items() if k not in ("constraints", "functions")}
    )
    if not isinstance(described, Mapping):
        raise SpaceError(f"expected names and their distributions, got {described!r}")
    return {name: read_distribution(name, d) for name, d in described.items()}


def read_distribution(name: str, described: Any) -> Distribution:
    """Return one parameter.

    Args:
        name: Its name, for messages.
        described: Its fields, of which `type` may be left out where others imply it, or a plain
            list of choices.

    Raises:
        SpaceError: It is not such a description.
    """
    if isinstance(described, list):
        return Categorical(tuple(described))
    if not isinstance(described, Mapping):
        raise SpaceError(f"expected low and high, or choices, for {name!r}, got {described!r}")
    fields = dict(described)
    if "type" not in fields:
        whole = all(isinstance(fields.get(k, 1), int) for k in ("low", "high", "step"))
        fields["type"] = _guess_type(fields, whole)
    try:
        for k in ("low", "high", "mean", "std", "step", "prior"):  # YAML reads 1e-5 as text
            if isinstance(fields.get(k), str):
                fields[k] = float(fields[k])
        if "choices" not in fields and isinstance(fields.get("prior"), list):
            fields["prior"] = [float(v) if isinstance(v, str) else v for v in fields["prior"]]
        kind: Any = _KINDS.get(fields.pop("type"))
        if kind is None:
            raise ValueError(
                "its type is float, int, categorical or normal; log: true is a log scale"
            )
        if "default" in fields and isinstance(fields["default"], list):
            fields["default"] = tuple(fields["default"])
        made: Distribution = kind(**fields)
        return made
    except (TypeError, KeyError, ValueError) as e:
        raise SpaceError(
            f"parameter {name!r} is not described well: {e}; got {described!r}"
        ) from None


def _guess_type(fields: Mapping[str, Any], whole: bool) -> str:
    """Return the type that the other keys of a description imply; `whole` are its numbers."""
    if "choices" in fields:
        return "categorical"
    if "mean" in fields and "std" in fields:
        return "normal"
    return "int" if whole else "float"


def require_choices(name: str, values: tuple[Any, ...]) -> None:
    """Refuse a tuple by which users of other libraries mean a range.

    Raises:
        SpaceError: It is two numbers, perhaps with the name of a scale.
    """
    numbers, scale = values[:2], values[2:]
    is_named = not scale or (len(scale) == 1 and isinstance(scale[0], str))
    if is_named and len(numbers) == 2 and all(map(is_number, numbers)):
        low, high = numbers
        raise SpaceError(
            f"is {name!r}: {values!r:.200} a range, or are these choices? Write "
            f"Float({low!r}, {high!r}) or Int({low!r}, {high!r}) for a range, with log=True for "
            f"a log scale, and a list, {list(values)!r:.200}, for choices"
        )


def to_html(params: Mapping[str, Distribution], constraints: Sequence[str]) -> str:
    """Return a table of parameters, and a list of constraints, whose names are shown as text."""
    cells = ((html.escape(n), html.escape(repr(p))) for n, p in params.items())
    rows = "".join(f"<tr><td>{n}</td><td>{p}</td></tr>" for n, p in cells)
    rules = "".join(f"<li>{html.escape(text)}</li>" for text in constraints)
    table = f"<table><tr><th>parameter</th><th>distribution</th></tr>{rows}</table>"
    return table + (f"<ul>{rules}</ul>" if rules else "")
