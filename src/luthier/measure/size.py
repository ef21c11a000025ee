"""Size of a model."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np


class _Counter:
    """A file that only counts what is written to it."""

    n = 0

    def write(self, data: bytes) -> int:
        n = memoryview(data).nbytes
        self.n += n
        return n


def model_size(model: Any) -> int:
    """Count the bytes that a model takes.

    Args:
        model: A PyTorch module (its parameters and buffers, shared ones once, quantised ones as
            they are kept), an array or tensor (its numbers), bytes (their length), the path of a
            file or folder (what is in it, links not followed), or anything else that can be
            pickled, such as a scikit-learn model (the length of its pickle).

    Raises:
        FileNotFoundError: There is nothing at the path.
        TypeError: It is none of these.
    """
    if isinstance(model, str | os.PathLike):
        return _on_disk(Path(model))
    if isinstance(model, bytes | bytearray | memoryview):
        return memoryview(model).nbytes
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        packed = [
            v for v in model.state_dict().values() if isinstance(v, tuple)
        ]  # by quantised layers
        return sum(
            map(
                _stored_bytes,
                (*model.parameters(), *model.buffers(), *(t for v in packed for t in v)),
            )
        )
    if torch is not None and isinstance(model, torch.Tensor):
        return _stored_bytes(model)
    nbytes = getattr(model, "nbytes", None)
    if isinstance(nbytes, int | np.integer) and not getattr(
        getattr(model, "dtype", None), "hasobject", False
    ):
        return int(nbytes)
    counter = _Counter()
    try:
        pickle.Pickler(counter, protocol=5).dump(model)
    except (pickle.PicklingError, AttributeError, TypeError) as e:
        raise TypeError(
            f"a {type(model).__name__} cannot be pickled ({e}); save it to a file, and give the "
            "path of that"
        ) from e
    return counter.n


def _on_disk(path: Path) -> int:
    if not os.path.lexists(path):
        raise FileNotFoundError(
            f"there is no model at {str(path)!r}; give a file or a folder that exists"
        )
    if path.is_dir():
        return sum(p.lstat().st_size for p in path.rglob("*") if not p.is_dir() or p.is_symlink())
    return path.stat().st_size


def _stored_bytes(tensor: Any) -> int:
    """Bytes of a tensor's numbers; of one that wraps others (quantised, nested), of those."""
    if tensor is None:
        return 0
    if hasattr(tensor, "__tensor_flatten__"):
        return sum(_stored_bytes(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])
    return int(tensor.numel() * tensor.element_size())


def n_parameters(model: Any, trainable: bool = False) -> int:
    """Count the numbers that a model has learnt.

    Args:
        model: A PyTorch module, or a fitted linear model or neural network of scikit-learn.
        trainable: Whether parameters of a module that are frozen are left out.

    Raises:
        TypeError: It is neither, or not fitted.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)
    if hasattr(model, "coefs_") and hasattr(model, "intercepts_"):
        return sum(np.size(a) for a in (*model.coefs_, *model.intercepts_))
    if hasattr(model, "coef_"):
        return int(np.size(model.coef_) + np.size(getattr(model, "intercept_", ())))
    raise TypeError(
        "parameters are counted of PyTorch modules and of fitted linear models and neural "
        "networks of scikit-learn, "
        f"got a {type(model).__name__}; model_size tells the bytes of any model"
    )
