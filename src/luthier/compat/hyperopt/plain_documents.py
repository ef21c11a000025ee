"""Documents of trials as plain values, and as JSON in a file."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import CompatError
from ..remarks import refuse

_FORM = "luthier hyperopt trials 1"
_EXPORT = (
    "Where Hyperopt is installed, load it there and write "
    "json.dump([[t['misc']['vals'], t['result']] for t in trials.trials], file); give the "
    "points to fmin(points_to_evaluate=...), or insert them by trials.insert_trial_docs(...)."
)


def SONify(arg: Any, memo: Any = None) -> Any:
    """Return a value with NumPy's numbers and arrays as plain ones; other objects as they are."""
    if isinstance(arg, np.generic):
        return arg.item()
    if isinstance(arg, np.ndarray):
        return arg.tolist()
    if isinstance(arg, list | tuple):
        return type(arg)(SONify(value) for value in arg) if type(arg) in (list, tuple) else arg
    if isinstance(arg, dict):
        return {SONify(key): SONify(value) for key, value in arg.items()}
    return arg


def write_documents(path: str, docs: list[dict[str, Any]], attachments: dict[str, Any]) -> None:
    """Write documents to a file as JSON; a reader sees the old ones or the new ones.

    Raises:
        CompatError: A result holds what has no JSON form.
    """
    try:
        text = json.dumps(
            {"form": _FORM, "trials": docs, "attachments": attachments}, default=_encode
        )
    except (TypeError, ValueError) as e:
        raise CompatError(
            f"trials_save_file is JSON, and a result or an attachment holds what JSON cannot: {e}. "
            "Return numbers, texts, lists, dicts, arrays and bytes, or leave trials_save_file out"
        ) from None
    beside = Path(f"{path}.{os.getpid()}.tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def read_documents(path: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the documents and attachments of a file that `write_documents` wrote.

    Raises:
        CompatError: It is another file: a pickle of Hyperopt's own, say.
    """
    data = Path(path).read_bytes()
    try:
        read = json.loads(data, object_hook=_decode)
        if read["form"] != _FORM:
            raise ValueError(read["form"])
    except (ValueError, KeyError, TypeError):
        kind = "a pickle" if data[:1] == b"\x80" else "no file of trials"
        raise refuse(
            f"trials_save_file={path!r}, which is {kind},",
            f"Trials are kept as JSON, since a pickle may run any code. {_EXPORT}",
        ) from None
    return read["trials"], read["attachments"]


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, datetime):
        return {"__time__": value.isoformat()}
    if isinstance(value, bytes):
        return {"__bytes__": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__}: {value!r:.200}")


def _decode(value: dict[str, Any]) -> Any:
    if value.keys() == {"__time__"}:
        return datetime.fromisoformat(value["__time__"])
    if value.keys() == {"__bytes__"}:
        return base64.b64decode(value["__bytes__"])
    return value
