"""Names of SMAC 1, which are refused with those of SMAC 2."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse


def refuse_class(name: str, newer: str) -> type:
    """Return a class that says on use which one stands for it."""

    class Refused:
        """A name of SMAC 1.

        Raises:
            CompatError: Always.
        """

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise refuse(
                f"{name} of SMAC 1",
                f"Use {newer}(Scenario(configspace, n_trials=...), target_function), as in SMAC 2.",
            )

    Refused.__name__ = name
    return Refused
