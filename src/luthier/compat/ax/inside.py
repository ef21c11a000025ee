"""Names of Ax's inside: they can be imported, and say on use what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..remarks import refuse


class Refused:
    """Stands for a name of Ax's inside.

    Raises:
        CompatError: It is used.
    """

    what = ""
    instead = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise refuse(self.what, self.instead)


def refuse_names(module: str, instead: str) -> Callable[[str], type[Refused]]:
    """Return the `__getattr__` of a module whose names are all refused on use.

    Args:
        module: The module's path in Ax.
        instead: What to do, as a sentence.
    """

    def look_up(name: str) -> type[Refused]:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return type(name, (Refused,), {"what": f"{module}.{name}", "instead": instead})

    return look_up
