"""Estimators as scikit-learn has them: what they can be asked, and what their params hold."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

_PLAIN = (int, float, complex, str, bytes, bool, type(None))

HELD = (*_PLAIN, list, tuple, dict, set, frozenset, np.ndarray)
"""Types of which `take_stock` sees what they hold."""


def can_answer(model: Any, methods: Sequence[str]) -> bool:
    """Whether a model has one of some methods, or may have it once it is trained.

    An estimator that is made of others may learn only in `fit` which of them answers. Of a pipeline
    the last step answers.

    Args:
        model: Trained or not.
        methods: Such as "predict_proba".
    """
    if any(hasattr(model, method) for method in methods):
        return True
    last = model
    while hasattr(last, "steps") and last.steps:
        last = last.steps[-1][-1]
    known = getattr(model, "__dict__", {})
    is_trained = any(name.endswith("_") and not name.startswith("_") for name in known)
    return not is_trained and _is_made_of_others(last)


def _is_made_of_others(model: Any) -> bool:
    """Whether params of an estimator are estimators, or lists of them."""
    if not hasattr(model, "get_params"):
        return False
    for value in model.get_params(deep=False).values():
        parts = value if isinstance(value, list | tuple) else [value]
        for part in parts:
            ends = part if isinstance(part, tuple) else (part,)
            if any(hasattr(end, "fit") and not isinstance(end, type) for end in ends):
                return True
    return False


def take_stock(value: Any) -> Hashable:
    """Return what a value holds, equal to what it will hold later unless that has changed.

    Lists, dicts, sets and arrays are looked into; of other objects only their class counts.
    """
    if isinstance(value, _PLAIN):
        return (type(value), value)
    if isinstance(value, list | tuple):
        return (type(value), *map(take_stock, value))
    if isinstance(value, set | frozenset):
        return frozenset(map(take_stock, value))
    if isinstance(value, Mapping):
        return (type(value), *((take_stock(k), take_stock(v)) for k, v in value.items()))
    if isinstance(value, np.ndarray) and value.dtype != object:
        return (value.shape, value.dtype.str, value.tobytes())
    return (type(value),)
