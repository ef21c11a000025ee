"""Words of messages as clients know them: JSON's types and fields in place of Python's."""

from __future__ import annotations

import re

_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
    "list": "array",
    "tuple": "array",
    "NoneType": "null",
}
_VALUES = {"None": "null", "True": "true", "False": "false"}
_NAMES = "|".join(_TYPES)
_ANY = rf"(?:{_NAMES}|object|array|null)"
_IN_BACKTICKS = re.compile(rf"`{_ANY}(?: \| {_ANY})*`")
_NAME = re.compile(rf"\b(?:{_NAMES})\b")
_IN_BRACKETS = re.compile(rf"(?<= \()(?:{_NAMES})(?=\))")
_ARGUMENT = re.compile(r"(?<![\w(])(\w+)=(None|True|False|'\w*')(?=[\s;,.)]|$)")
_GOT = re.compile(r"(?<=\bgot )(?:None|True|False)\b")


def to_wire_words(message: str) -> str:
    """Return a message with the names of types, values and arguments that JSON has.

    "load_if_exists=True" becomes "load_if_exists": true, and "got None (NoneType)" becomes
    "got null (null)".
    """
    message = _IN_BACKTICKS.sub(lambda found: _NAME.sub(_type, found[0]), message)
    message = _IN_BRACKETS.sub(_type, message)
    message = _ARGUMENT.sub(_argument, message)
    return _GOT.sub(lambda found: _VALUES[found[0]], message)


def _type(found: re.Match[str]) -> str:
    return _TYPES[found[0]]


def _argument(found: re.Match[str]) -> str:
    name, value = found.groups()
    return f'"{name}": {_VALUES.get(value) or value.replace(chr(39), chr(34))}'
