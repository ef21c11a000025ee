"""Docstrings as reStructuredText.

They are plain text with backticks, lists and Google-style sections.

Asterisks, bars and trailing underscores mean themselves in them (`n**2`, `|x|`, `x_`), and their
last paragraph may name the source of a method: "Source: Bergstra 2011. Deviations: ...". Both
become fields of their own. A colon in what a function returns, or in what a property is, is
punctuation: types stand in the signatures.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

_COLON = "\ue000"  # stands for a colon while napoleon reads the sections
_CODE = re.compile(r"(``.*?``|`[^`]*`)")
_SOURCE = re.compile(r"^(Sources?): ")
_DEVIATIONS = re.compile(r"\s(Deviations?): ")


def _escape(line: str) -> str:
    """A line whose special characters mean themselves outside of backticks."""
    parts = _CODE.split(line)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"([*|])", r"\\\1", parts[i])
        parts[i] = re.sub(r"(\w)_(?=\W|$)", r"\1\\_", parts[i])
    return re.sub(r"(?<![\w\\])(https?://(?![\w-]+\.))", r"\\\1", "".join(parts))


def _paragraphs(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [paragraph for paragraph in found if paragraph]


def _fields(paragraph: list[str]) -> list[str]:
    """The fields of a paragraph that begins with "Source:"."""
    text = " ".join(line.strip() for line in paragraph)
    source, *deviations = _DEVIATIONS.split(_SOURCE.sub("", text), maxsplit=1)
    fields = [f":Source: {source}"]
    if deviations:
        fields.append(f":Deviations: {deviations[1][:1].upper()}{deviations[1][1:]}")
    return fields


def _hide_colons(what: str, lines: list[str]) -> list[str]:
    """Lines whose colons napoleon would take for the end of a type, replaced."""
    found: list[str] = []
    returns = what in ("property", "attribute")
    for line in lines:
        if re.fullmatch(r"\w+:", line):
            returns = line in ("Returns:", "Yields:")
            found.append(line)
        else:
            returns = returns and not (
                line and not line[0].isspace() and what not in ("property", "attribute")
            )
            found.append(line.replace(":", _COLON) if returns else line)
    return found


def mark_up(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Turns one docstring, before its sections are read, into reStructuredText."""
    escaped = [_escape(line) for line in lines]
    rest: list[str] = []
    fields: list[str] = []
    for paragraph in _paragraphs(escaped):
        if _SOURCE.match(paragraph[0]):
            fields += _fields(paragraph)
        elif paragraph[0].startswith("When to use:"):
            continue  # the page of a method says more about it
        else:
            rest += [*paragraph, ""]
    lines[:] = [*_hide_colons(what, rest), *fields, ""]


def restore_colons(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Puts back the colons that `mark_up` replaced."""
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def name_types(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Signatures with `Array` where Sphinx writes a reference to the alias of that name.

    A default that is made anew each time is "..."; as "<factory>" it could not be read.
    """
    alias = re.compile(r"[\w.~]*TypeAliasForwardRef\('(\w+)'\)")
    signature = signature and alias.sub(r"\1", signature).replace("<factory>", "...")
    return signature, returns and alias.sub(r"\1", returns)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", mark_up, priority=400)  # napoleon's is 500
    app.connect("autodoc-process-docstring", restore_colons, priority=600)
    app.connect("autodoc-process-signature", name_types)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
