"""A program's own file of settings, with the params of a trial in their places."""

from __future__ import annotations

import json
import math
import os
import re
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import CommandError, find_closest
from .data_file import DataFileError, parse_data, read_text

_WHAT = "params file"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class ParamsFile:
    """A file of settings in YAML, TOML or JSON, whose values are defaults.

    A parameter has the name of its place: `lr`, `optimizer.lr` for the `lr` within `optimizer`,
    `layers.0` for the first of a list. In a trial's copy its value stands there. That of an
    inactive parameter is left out. Comments do not get into the copy.

    The file is read once, when a run begins.

    Args:
        path: The file; its ending says how it is written, and its copies are.

    Raises:
        CommandError: It cannot be read, or holds no names and values.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            settings = _to_plain(parse_data(read_text(self.path, _WHAT), self.path, _WHAT))
        except DataFileError as e:
            raise CommandError(str(e)) from e
        if not isinstance(settings, dict) or not settings:
            raise CommandError(f"expected names and values in {self.path}, got {settings!r:.200}")
        self._settings = settings
        self._places = _find_places(settings)

    def check(self, names: Iterable[str], values: Iterable[Any] = ()) -> None:
        """Check that every parameter has a place of its own.

        Args:
            names: The names of the space's parameters.
            values: Values that they may have, and that have to be written.

        Raises:
            CommandError: One has none, or two, or stands within another; or a value cannot be
                written.
        """
        taken: dict[tuple[Any, ...], str] = {}
        for name in names:
            keys = self._place(name)
            for n in range(len(keys) + 1):
                if keys[:n] in taken:
                    raise CommandError(
                        f"{name!r} stands within {taken[keys[:n]]!r}, in {self.path}"
                    )
            taken[keys] = name
        for keys, name in taken.items():
            within = next((k for k in taken if len(k) > len(keys) and k[: len(keys)] == keys), None)
            if within is not None:
                raise CommandError(f"{taken[within]!r} stands within {name!r}, in {self.path}")
        for value in values:
            self._write({"value": value})

    def fill(self, params: Mapping[str, Any], names: Iterable[str]) -> str:
        """Return the text of the file with these params in place.

        Args:
            params: The params of a trial.
            names: The names of the space's parameters; those that are not in `params` are inactive.

        Raises:
            CommandError: A parameter has no place, or a value cannot be written.
        """
        settings = _to_plain(self._settings)
        absent = []
        for name in dict.fromkeys([*names, *params]):
            keys = self._place(name)
            if name in params:
                _walk(settings, keys[:-1])[keys[-1]] = _to_plain(params[name])
            else:
                absent.append(keys)
        for keys in sorted(absent, key=_order, reverse=True):  # the last of a list first
            del _walk(settings, keys[:-1])[keys[-1]]
        return self._write(settings)

    def _place(self, name: str) -> tuple[Any, ...]:
        """The keys that lead to a parameter's value."""
        found = self._places.get(name)
        if found is None:
            ends = [known for known in self._places if known.endswith(f".{name}")]
            near = ends[0] if ends else find_closest(name, self._places)
            listing = ", ".join(list(self._places)[:20])
            hint = f"call it {near!r}" if near else f"the file has {listing}"
            raise CommandError(f"{self.path} has no place for the parameter {name!r}; {hint}")
        if len(found) > 1:
            raise CommandError(f"{self.path} has two places that are called {name!r}")
        return found[0]

    def _write(self, settings: Mapping[str, Any]) -> str:
        match self.path.suffix.lower():
            case ".json":
                return json.dumps(settings, indent=2) + "\n"
            case ".toml":
                return "".join(f"{_to_key(k)} = {_to_toml(v)}\n" for k, v in settings.items())
            case _:
                import yaml  # takes a while to load

                return str(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))


def _find_places(settings: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every place in settings, by its name with dots."""
    places: dict[str, list[tuple[Any, ...]]] = {}
    inner: deque[tuple[tuple[Any, ...], Any]] = deque([((), settings)])
    while inner:
        keys, value = inner.popleft()
        if keys:
            places.setdefault(".".join(map(str, keys)), []).append(keys)
        if isinstance(value, dict):
            inner += [((*keys, key), part) for key, part in value.items()]
        elif isinstance(value, list):
            inner += [((*keys, i), part) for i, part in enumerate(value)]
    return places


def _walk(settings: Any, keys: Iterable[Any]) -> Any:
    for key in keys:
        settings = settings[key]
    return settings


def _order(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """An order of places in which those of a list are by number."""
    return tuple((isinstance(key, int), key if isinstance(key, int) else str(key)) for key in keys)


def _to_plain(value: Any) -> Any:
    """A copy in lists and dicts, of which no two are the same one."""
    if isinstance(value, Mapping):
        return {key: _to_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_to_plain(part) for part in value]
    return value


def _to_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _to_toml(key)


def _to_toml(value: Any) -> str:
    """A value in TOML, on one line.

    Raises:
        CommandError: TOML has no such value.
    """
    match value:
        case None:
            raise CommandError("TOML has no null, which a choice is; use YAML or JSON")
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case float():
            return repr(value) if math.isfinite(value) else str(value)
        case list() | tuple():
            return f"[{', '.join(map(_to_toml, value))}]"
        case Mapping():
            return f"{{{', '.join(f'{_to_key(k)} = {_to_toml(v)}' for k, v in value.items())}}}"
    return str(value)  # whole numbers, dates and times
