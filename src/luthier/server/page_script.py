"""The scripts of the page as one script: a browser asks once, and one text packs better than many.

The files stay native modules, and need no tool. Each becomes a block of the joined script, after
those that it imports from, and hands on what it exports by one object. A module may be written in
these forms only, which is checked:

- `import { a, b as c } from "./file.js";`;
- `export` before a `function`, an `async function`, a `class`, or a `const` of one name.

`import(...)` within the code is left to the browser, as of a catalogue of words by its language.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_COMMENT = re.compile(r"^[ ]*//.*$|/\*\*(?:[^*]|\*(?!/))*\*/[ ]?", re.MULTILINE)
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "([^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)\b", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def strip_comments(script: str) -> str:
    """A script without comments on lines of their own, and without stated types."""
    return _COMMENT.sub("", script)


def join_scripts(scripts: Mapping[str, str], last: str) -> str:
    """One script that does what modules do.

    Args:
        scripts: Paths and texts of modules.
        last: The path of the one that imports the others.

    Raises:
        ValueError: A module has another form than this one reads, imports what is not there, or
            imports itself by way of others.
    """
    order: list[str] = []
    _list_before(scripts, last, (), order)
    blocks = [f"// {path}\n{{\n{_to_block(path, scripts[path])}}}\n" for path in order]
    return "".join(["const modules = {};\n", *blocks])


def _list_before(
    scripts: Mapping[str, str], path: str, above: tuple[str, ...], order: list[str]
) -> None:
    """Put a module into the order, after those that it imports from."""
    if path in order:
        return
    if path in above:
        raise ValueError(f"modules import each other: {' -> '.join([*above, path])}")
    if path not in scripts:
        raise ValueError(f"{above[-1]} imports {path}, which is not there")
    for found in _IMPORT.finditer(scripts[path]):
        _list_before(scripts, _resolve(path, found[2]), (*above, path), order)
    order.append(path)


def _resolve(path: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _to_block(path: str, text: str) -> str:
    """The lines of a module within a block of their own."""
    exported = [found[2] for found in _EXPORT.finditer(text)]
    text = _IMPORT.sub(
        lambda found: (
            f'const {found[1].replace(" as ", ": ")} = modules["{_resolve(path, found[2])}"];'
        ),
        text,
    )
    text = _EXPORT.sub(r"\1 \2", text)
    other = _OTHER.search(text)
    if other is not None:
        raise ValueError(f"{path} has a form of import or export that is not joined: {other[0]}")
    hands_on = f'modules["{path}"] = {{ {", ".join(exported)} }};\n' if exported else ""
    return f"{text}{hands_on}"
