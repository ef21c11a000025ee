"""Data in YAML, TOML and JSON files: text in, plain mappings and lists out, never code."""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_MAX_ITEMS = 1_000_000  # names, values and choices


class DataFileError(ValueError):
    """A file that holds no data, in words for whoever named it."""


def read_text(path: str | os.PathLike[str], what: str) -> str:
    """The text of a file.

    Args:
        path: The file.
        what: What it is, for messages: "space file".

    Raises:
        DataFileError: It cannot be read.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise DataFileError(f"the {what} {path} is a folder, a device or a pipe; expected a file")
    try:
        return path.read_text(encoding="utf-8")
    except OSError as e:
        raise DataFileError(f"the {what} {path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise DataFileError(f"the {what} {path} is not well-formed: {e}") from e


def parse_data(text: str, path: Path, what: str) -> Any:
    """The data in the text of a file.

    Args:
        text: The text.
        path: The file, for messages; its ending says how the text is written.
        what: What it is, for messages: "space file".

    Raises:
        DataFileError: It is not well-formed, or huge.
    """
    try:
        data = _parse(text, path, what)
    except DataFileError:
        raise
    except (ValueError, RecursionError) as e:
        raise DataFileError(f"the {what} {path} is not well-formed: {e}") from e
    _require_moderate(data, path, what)
    return data


def _require_moderate(data: Any, path: Path, what: str) -> None:
    """Refuse what is huge when it is written out: in YAML, a few lines can repeat each other.

    Raises:
        DataFileError: It is.
    """
    n_left = _MAX_ITEMS
    inner = [data]
    while inner:
        item = inner.pop()
        parts = [*item.keys(), *item.values()] if isinstance(item, dict) else item
        if isinstance(parts, list):
            inner += parts
            n_left -= len(parts)
        if n_left < 0:
            raise DataFileError(f"a {what} holds at most {_MAX_ITEMS:,} items; {path} has more")


def _parse(text: str, path: Path, what: str) -> Any:
    """The content of a file, by the ending of its name.

    Raises:
        ValueError: The text is not well-formed.
        DataFileError: The ending is unknown.
    """
    match path.suffix.lower():
        case ".toml":
            return tomllib.loads(text)
        case ".json":
            return json.loads(text, object_pairs_hook=_to_dict)
        case ".yaml" | ".yml":
            import yaml  # takes a while to load

            try:
                _require_distinct(yaml.compose(text, yaml.SafeLoader))
                return yaml.safe_load(text)
            except yaml.YAMLError as e:
                raise ValueError(" ".join(str(e).split())) from None
        case suffix:
            raise DataFileError(
                f"expected a {what} that ends in .yaml, .toml or .json, got {path} ({suffix!r})"
            )


def _to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the names and values of an object in JSON, which has each name once.

    Raises:
        ValueError: One is there twice.
    """
    _require_each_once([name for name, _ in pairs])
    return dict(pairs)


def _require_distinct(node: Any) -> None:
    """Refuse a document in YAML, as nodes, in which a mapping has a name twice.

    Raises:
        ValueError: One has.
    """
    inner = [node]
    seen: set[int] = set()  # what is referred to again is one node
    while inner:
        value = getattr(inner.pop(), "value", None)
        if not isinstance(value, list) or id(value) in seen:
            continue
        seen.add(id(value))
        pairs = [part for part in value if isinstance(part, tuple)]
        _require_each_once([name.value for name, _ in pairs if isinstance(name.value, str)])
        inner += [part for pair in pairs for part in pair] or value


def _require_each_once(names: Sequence[str]) -> None:
    counts = Counter(names)
    if twice := [name for name, n in counts.items() if n > 1]:
        raise ValueError(f"{twice[0]!r} is there twice")
