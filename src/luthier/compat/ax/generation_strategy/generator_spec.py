"""A method with its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...remarks import warn_without_effect
from ..adapter.registry import Generators

_SEEDS = ("seed", "init_position")  # settings of Sobol that are heeded or harmless


class GeneratorSpec:
    """A method with its settings.

    Args:
        generator_enum: The method.
        generator_kwargs: Ax's settings: `seed` is heeded, the others have no effect.
        generator_gen_kwargs: Ax's settings of single proposals; without effect.
        **kwargs: The same under older names, `model_enum`, `model_kwargs` and `model_gen_kwargs`.
    """

    def __init__(
        self,
        generator_enum: Generators | None = None,
        generator_kwargs: Mapping[str, Any] | None = None,
        generator_gen_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        method = generator_enum if generator_enum is not None else kwargs.pop("model_enum", None)
        if not isinstance(method, Generators):
            raise TypeError(f"a generator is one of Generators, such as SOBOL, got {method!r}")
        self.generator_enum = method
        given = generator_kwargs or kwargs.pop("model_kwargs", None) or {}
        self.generator_kwargs: dict[str, Any] = dict(given)
        others = generator_gen_kwargs or kwargs.pop("model_gen_kwargs", None) or {}
        self.generator_gen_kwargs: dict[str, Any] = dict(others)

    @property
    def generator_key(self) -> str:
        """Ax's name of the method."""
        return str(self.generator_enum.value)

    model_key = generator_key

    @property
    def seed(self) -> int | None:
        """Seed of the method, where one was set."""
        seed = self.generator_kwargs.get("seed")
        return None if seed is None else int(seed)

    def warn_of_settings(self) -> None:
        """Say once which settings have no effect."""
        for name in [*self.generator_kwargs, *self.generator_gen_kwargs]:
            if name not in _SEEDS:
                warn_without_effect(
                    f"{name} of Ax's generator {self.generator_enum.name}",
                    "luthier's sampler chooses it by itself.",
                )

    def __repr__(self) -> str:
        return f"GeneratorSpec(generator_enum={self.generator_enum.name})"


ModelSpec = GeneratorSpec
