"""Results and optimizers as JSON in a file."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import CompatError
from ..remarks import refuse
from .descriptions import describe_dimension, revive_dimension
from .late_model import LateModel
from .optimizer.optimizer import Optimizer
from .results import create_result
from .space.space import Space

_FORM = "luthier skopt result 2"


def dump(res: Any, filename: Any, store_objective: bool = True, **kwargs: Any) -> None:
    """Write a result, or an Optimizer, to a file as JSON; compressed with `compress=`.

    The objective is not stored, as no code is; nor are estimators of the user's own.

    Args:
        res: The result.
        filename: Its path, or an open file.
        store_objective: Without effect.
        **kwargs: `compress` as joblib has it.

    Raises:
        CompatError: A value or a category has no JSON form.
    """
    del store_objective
    described = _describe(res)
    try:
        text = json.dumps(described, default=_encode).encode()
    except TypeError as e:
        raise CompatError(
            f"skopt.dump writes JSON, and the result holds what JSON cannot: {e}. Give categories "
            "names, and look the objects up in the objective"
        ) from None
    data = gzip.compress(text, mtime=0) if kwargs.get("compress") else text
    if hasattr(filename, "write"):
        filename.write(data)
    else:
        Path(filename).write_bytes(data)


def load(filename: Any, **kwargs: Any) -> Any:
    """Return a result, or an Optimizer, from a file of `dump`.

    Models are fitted again when they are used. There is no objective.

    Args:
        filename: The path, or an open file.
        **kwargs: Arguments of joblib's, without effect.

    Raises:
        CompatError: It is another file, a pickle of scikit-optimize's own say.
    """
    del kwargs
    data = filename.read() if hasattr(filename, "read") else Path(filename).read_bytes()
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read()
        described = json.loads(data)
        if described["form"] != _FORM:
            raise ValueError(described["form"])
    except (ValueError, KeyError, TypeError, OSError):
        raise refuse(
            f"skopt.load({filename!r}) of a file that is not of this skopt.dump",
            "A pickle may run any code. Where scikit-optimize is installed, load it there, and "
            "pass its x_iters and func_vals on as x0 and y0.",
        ) from None
    return _revive(described)


def _describe(res: Any) -> dict[str, Any]:
    if hasattr(res, "tell"):
        described = {"kind": "optimizer", **res.to_json()}
        return {"form": _FORM, **described}
    models = [m for m in res.models or () if isinstance(m, LateModel) and m.kind is not None]
    args = (res.specs or {}).get("args", {})
    return {
        "form": _FORM,
        "kind": "result",
        "x_iters": list(res.x_iters),
        "func_vals": list(res.func_vals),
        "log_time": list(res.log_time) if "log_time" in res else None,
        "space": [describe_dimension(one) for one in res.space],
        "models": [[m.kind, m.n] for m in models],
        "function": (res.specs or {}).get("function"),
        "args": {k: v for k, v in args.items() if _is_plain(v)},
    }


def _revive(described: dict[str, Any]) -> Any:
    if described["kind"] == "optimizer":
        return Optimizer.from_json(described)
    space = Space([revive_dimension(one) for one in described["space"]])
    points = described["x_iters"]
    values: Any = described["func_vals"]
    models = [LateModel(kind, space, points[:n], values[:n], 0) for kind, n in described["models"]]
    if described["log_time"] is not None:
        values = list(zip(values, described["log_time"], strict=True))
    specs = {"function": described["function"], "args": described["args"]}
    return create_result(points, values, space, None, specs, models)


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value, default=_encode)
    except (TypeError, ValueError):
        return False
    return True


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__}: {value!r:.200}")
