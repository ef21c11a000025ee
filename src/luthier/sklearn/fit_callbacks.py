"""Callbacks of scikit-learn 1.9 and later: the tasks of a search, as they are told of them.

Every function takes the context that `begin_fit` returned, which is None in earlier versions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any


def begin_fit(search: Any, told: Mapping[str, Any]) -> Any:
    """Begin a fit: the search, and perhaps the fit on all rows.

    Args:
        search: The search.
        told: X, y and metadata of the fit.
    """
    begin = getattr(search, "_init_callback_context", None)
    if begin is None:
        return None
    root = begin(max_subtasks=1 + (search.refit is not False))
    return root.call_on_fit_task_begin(estimator=search, **told)


def end_fit(search: Any, root: Any, told: Mapping[str, Any]) -> None:
    """End a fit."""
    if root is not None:
        root.call_on_fit_task_end(estimator=search, **told)


@contextlib.contextmanager
def searching(search: Any, root: Any, n_fits: int | None, n_jobs: int) -> Iterator[Any]:
    """The context of all fits of candidates; None where no callback wants to know of them.

    Args:
        search: The search.
        root: The context of the fit.
        n_fits: How many there will be at most; None where nobody knows.
        n_jobs: How many run at a time: a context goes to other processes only for a callback.
    """
    if root is None:
        yield None
        return
    context = root.subcontext(task_name="search", max_subtasks=n_fits, sequential_subtasks=False)
    context.call_on_fit_task_begin(estimator=search)
    has_callbacks = bool(getattr(search, "_skl_callbacks", ()))
    has_parent = hasattr(search, "_parent_callback_ctx")
    yield context if has_callbacks or has_parent or n_jobs == 1 else None
    context.call_on_fit_task_end(estimator=search)


@contextlib.contextmanager
def refitting(search: Any, root: Any, told: Mapping[str, Any]) -> Iterator[None]:
    """The fit of the best candidate on all rows."""
    if root is None:
        yield
        return
    context = root.subcontext(task_name="refit-with-best-params")
    with context.propagate_callback_context(search.best_estimator_):
        context.call_on_fit_task_begin(estimator=search, **told)
        yield
    context.call_on_fit_task_end(estimator=search, **told)
