"""Spaces from files."""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import SpaceError
from ..space.space import Space

_MAX_ITEMS = 1_000_000  # names, values and choices


def read_space(path: str | os.PathLike[str]) -> Space:
    """Read a space from a YAML, TOML or JSON file.

    Raises:
        SpaceError: It cannot be read, or describes no space.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise SpaceError(f"the space file {path} is a folder, a device or a pipe; expected a file")
    try:
        return Space.from_json(read_mapping(path.read_text(encoding="utf-8"), path))
    except SpaceError:
        raise
    except OSError as e:
        raise SpaceError(f"the space file {path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise SpaceError(f"the space file {path} is not well-formed: {e}") from e


def read_mapping(text: str, path: Path = Path("space.yaml")) -> dict[str, Any]:
    """The names and their distributions in the text of a space file.

    Args:
        text: The text.
        path: The file, for messages; its ending says how the text is written.

    Raises:
        SpaceError: It is not well-formed, or huge, or no mapping.
    """
    try:
        data = _parse(text, path)
    except SpaceError:
        raise
    except (ValueError, RecursionError) as e:
        raise SpaceError(f"the space file {path} is not well-formed: {e}") from e
    _require_moderate(data, path)
    if not isinstance(data, dict) or not data:
        raise SpaceError(f"expected names and their distributions in {path}, got {data!r:.200}")
    return data


def _require_moderate(data: Any, path: Path) -> None:
    """Refuse what is huge when it is written out: in YAML, a few lines can repeat each other.

    Raises:
        SpaceError: It is.
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
            raise SpaceError(f"a space file holds at most {_MAX_ITEMS:,} items; {path} has more")


def _parse(text: str, path: Path) -> Any:
    """The content of a file, by the ending of its name.

    Raises:
        ValueError: The text is not well-formed.
        SpaceError: The ending is unknown.
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
            raise SpaceError(
                f"expected a space file that ends in .yaml, .toml or .json, got {path} ({suffix!r})"
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
