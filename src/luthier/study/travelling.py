"""What keeps an objective from going to other processes, in words."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import LuthierError, ResourceError, UnpicklableError

_MAX_NAMED = 5  # variables that a message names


def explain_unpicklable(objective: Any, error: Exception) -> UnpicklableError:
    """Return the error of an objective that no other process can be given.

    Args:
        objective: What cannot be pickled.
        error: Why, as far as the pickler says.
    """
    found = list(_find_unpicklable(objective))[:_MAX_NAMED]
    which = f"it uses {', '.join(found)}, which cannot be pickled: " if found else ""
    text = str(error) if isinstance(error, LuthierError) else f"{type(error).__name__}: {error}"
    return UnpicklableError(
        f"the objective cannot go to another process: {which}{text}. Make it within the objective, "
        "or run trials in threads of this process: executor=ThreadPoolExecutor(4), n_jobs=4"
    )


def _find_unpicklable(objective: Any) -> Iterator[str]:
    """Yield the names of what an objective holds on to and cannot be pickled."""
    for name, value in _parts(objective):
        try:
            _pickle(value)
        except Exception:  # whatever an object raises of itself
            yield f"{name!r} ({type(value).__name__})"


def _parts(objective: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an objective holds on to: variables around a function, attributes of an object."""
    if isinstance(objective, functools.partial):
        yield from ((f"argument {i}", value) for i, value in enumerate(objective.args))
        yield from objective.keywords.items()
        yield from _parts(objective.func)
    elif inspect.ismethod(objective):
        yield from _parts(objective.__self__)
    elif inspect.isfunction(objective):
        try:
            around = inspect.getclosurevars(objective)
        except ValueError:  # of a variable that has no value yet
            return
        yield from around.nonlocals.items()
        yield from around.globals.items()
    else:
        yield from getattr(objective, "__dict__", {}).items()


def _pickle(value: Any) -> bytes:
    import cloudpickle

    return bytes(cloudpickle.dumps(value))


def pack(objective: Callable[..., Any], put: Callable[[Any], Any]) -> Any:
    """Return an objective as an executor's processes are given it.

    Args:
        objective: The objective, or a tuple that begins with it.
        put: Pickles it.

    Raises:
        UnpicklableError: It cannot be pickled; the message names what keeps it from that.
        ResourceError: The executor has no room for a worker.
    """
    try:
        return put(objective)
    except ResourceError:
        raise
    except Exception as e:
        raise explain_unpicklable(objective, e) from e
