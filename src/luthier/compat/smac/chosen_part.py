"""Parts of SMAC's models, for which luthier's samplers stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ChosenPart:
    """Stands for a part of SMAC's that luthier's sampler chooses by itself.

    Args:
        name: What it is.
        settings: What the user set.
    """

    def __init__(self, name: str, settings: dict[str, Any]) -> None:
        self.name = name
        self.settings = settings


def stand_for(*names: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module whose classes make a `ChosenPart`.

    Args:
        *names: The classes.
    """

    def look_up(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"SMAC's {name} is not there; there are {', '.join(names)}")

        def make(*args: Any, **settings: Any) -> ChosenPart:
            return ChosenPart(name, {**settings, **{str(i): a for i, a in enumerate(args)}})

        make.__name__ = name
        return make

    return look_up
