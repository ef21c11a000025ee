"""Spaces from files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import SpaceError
from ..space.space import Space
from .data_file import DataFileError, parse_data, read_text

_WHAT = "space file"


def read_space(path: str | os.PathLike[str]) -> Space:
    """Read a space from a YAML, TOML or JSON file.

    Raises:
        SpaceError: It cannot be read, or describes no space.
    """
    path = Path(path)
    try:
        return Space.from_json(read_mapping(read_text(path, _WHAT), path))
    except DataFileError as e:
        raise SpaceError(str(e)) from e
    except SpaceError:
        raise
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
        data = parse_data(text, path, _WHAT)
    except DataFileError as e:
        raise SpaceError(str(e)) from e
    if not isinstance(data, dict) or not data:
        raise SpaceError(f"expected names and their distributions in {path}, got {data!r:.200}")
    return data
