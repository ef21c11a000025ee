"""A base of samplers that luthier has in another way."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse


class BaseGASampler:
    """Base of genetic samplers in Optuna.

    Raises:
        CompatError: When it is subclassed.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        raise refuse(
            "optuna.samplers.BaseGASampler",
            "Write a luthier.samplers.Sampler, which reads generations off the history.",
        )
