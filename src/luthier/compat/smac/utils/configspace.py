"""ConfigSpace's configurations in other forms."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def convert_configurations_to_array(configs: Sequence[Any]) -> NDArray[np.float64]:
    """Return configurations as an array (n, d) of ConfigSpace's vectors."""
    return np.array([c.get_array() for c in configs], dtype=np.float64)


def get_config_hash(config: Any, chars: int = 6) -> str:
    """Return a short name of a configuration."""
    return hashlib.sha1(str(config).encode("utf-8"), usedforsecurity=False).hexdigest()[:chars]


def print_config_changes(incumbent: Any, challenger: Any, logger: logging.Logger) -> None:
    """Log in which hyperparameters two configurations differ; nothing where one is None."""
    if incumbent is None or challenger is None:
        return
    old, new = dict(incumbent), dict(challenger)
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            logger.info("--- %s: %r -> %r", name, old.get(name), new.get(name))


def create_uniform_configspace_copy(configspace: Any) -> Any:
    """Return a configuration space without beliefs: normal and beta hyperparameters are uniform.

    Conditions and forbidden clauses are kept.
    """
    from ConfigSpace import ConfigurationSpace

    made = ConfigurationSpace(name=configspace.name, meta=configspace.meta)
    made.add(*(_make_uniform(h) for h in configspace.values()))
    copied = {h.name: h for h in made.values()}
    made.add(*(_copy(c, copied) for c in configspace.conditions))
    made.add(*(_copy(c, copied) for c in configspace.forbidden_clauses))
    return made


def _copy(clause: Any, copied: dict[str, Any]) -> Any:
    import copy

    clause = copy.deepcopy(clause)
    for part in [clause, *getattr(clause, "components", ())]:
        for name in ("child", "parent", "hyperparameter", "left", "right"):
            if hasattr(part, name):
                setattr(part, name, copied[getattr(part, name).name])
    return clause


def _make_uniform(h: Any) -> Any:
    """Return a hyperparameter whose values are equally likely."""
    import ConfigSpace

    if isinstance(h, ConfigSpace.CategoricalHyperparameter):
        return ConfigSpace.CategoricalHyperparameter(
            h.name, h.choices, default_value=h.default_value
        )
    if not hasattr(h, "lower"):
        return h
    is_whole = isinstance(h, ConfigSpace.hyperparameters.IntegerHyperparameter)
    kind = (
        ConfigSpace.UniformIntegerHyperparameter
        if is_whole
        else ConfigSpace.UniformFloatHyperparameter
    )
    return kind(h.name, h.lower, h.upper, default_value=h.default_value, log=h.log)
