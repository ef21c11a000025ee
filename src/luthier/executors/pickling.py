"""Pickling of what goes to another process: functions keep the name of their file.

cloudpickle replaces it by "<dynamic-code>", and then the traceback of a trial that fails in a
worker names neither the file nor the line of code.
"""

from __future__ import annotations

import io
from collections import ChainMap
from types import CodeType
from typing import Any

import cloudpickle

_REPLACED = "<dynamic-code>"


def to_pickle(value: Any) -> bytes:
    """Return a value as bytes; functions and classes of the main program travel as they are.

    Raises:
        Exception: It has a part that cannot be pickled; the type is that part's own.
    """
    with io.BytesIO() as file:
        _Pickler(file).dump(value)
        return file.getvalue()


def _reduce_code(code: CodeType) -> tuple[Any, ...]:
    """Return how to make a code object again, as cloudpickle does, with its file's name."""
    make, args = cloudpickle.Pickler.dispatch_table[CodeType](code)
    return make, tuple(code.co_filename if a == _REPLACED else a for a in args)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    dispatch_table = ChainMap({CodeType: _reduce_code}, cloudpickle.Pickler.dispatch_table)
