"""What a trial needs: dicts, bundles, and functions of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...remarks import heed_others, refuse, warn_without_effect
from .errors import SettingError
from .param_space import flatten

_OF_GROUPS = dict.fromkeys(
    ("name", "lifetime", "_max_cpu_fraction_per_node", "bundle_label_selector"),
    "a trial runs in one process.",
)


class PlacementGroupFactory:
    """What a trial needs, as bundles: the first for the trial itself.

    Args:
        bundles: Resources of each bundle.
        strategy: Without effect beyond "PACK": a trial runs on one machine.
        others: Of Ray's placement groups, without effect.
    """

    def __init__(
        self, bundles: list[dict[str, float]], strategy: str = "PACK", **others: Any
    ) -> None:
        heed_others("ray's PlacementGroupFactory", others, _OF_GROUPS)
        if strategy != "PACK":
            warn_without_effect(
                "strategy of ray's PlacementGroupFactory", "a trial runs on one machine."
            )
        self.bundles = [dict(b) for b in bundles]
        self.strategy = strategy

    @property
    def head_bundle_is_empty(self) -> bool:
        """Whether the trial itself needs nothing."""
        return not any(self.bundles[:1])

    @property
    def head_cpus(self) -> float:
        """Cores of the trial itself."""
        return float(self.bundles[0].get("CPU", 0.0)) if self.bundles else 0.0

    @property
    def required_resources(self) -> dict[str, float]:
        """The sum over bundles."""
        needed: dict[str, float] = {}
        for bundle in self.bundles:
            for name, amount in bundle.items():
                needed[name] = needed.get(name, 0) + amount
        return needed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlacementGroupFactory) and other.bundles == self.bundles

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"PlacementGroupFactory({self.bundles!r})"


def read_resources(given: Any, config: dict[str, Any] | None = None) -> dict[str, float]:
    """Return what a trial needs, as "cpu" and "gpu".

    Args:
        given: A dict, a `PlacementGroupFactory`, a `ScalingConfig`, a function of the
            configuration, or None.
        config: The configuration.

    Raises:
        SettingError: It is none of these.
        CompatError: It names other resources.
    """
    if given is None:
        return {}
    if hasattr(given, "as_placement_group_factory"):
        given = given.as_placement_group_factory()
    if isinstance(given, PlacementGroupFactory):
        given = given.required_resources
    if callable(given):
        return read_resources(given(config or {}), config)
    if not isinstance(given, Mapping):
        raise SettingError(f"resources are a dict such as {{'cpu': 2}}, got {given!r:.200}")
    needed: dict[str, float] = {}
    for name, amount in flatten(given).items():
        kind = name.lower().removeprefix("extra_")
        if kind not in ("cpu", "gpu"):
            if kind in ("memory", "object_store_memory"):
                warn_without_effect(f"the resource {name!r}", "trials run in processes.")
                continue
            raise refuse(f"the resource {name!r}", "A trial may need 'cpu' and 'gpu'.")
        needed[kind] = needed.get(kind, 0) + amount
    return {k: v for k, v in needed.items() if v}
