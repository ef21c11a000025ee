"""Trials in MongoDB, which luthier does not have: its storages take their place."""

from __future__ import annotations

from typing import Any, NoReturn

from ..remarks import refuse

_INSTEAD = (
    "Use a study on a storage that several machines share: "
    "luthier.create_study(name=..., storage='postgresql://...'), and luthier.load_study(...) in "
    "each worker; see docs/compat/hyperopt.md."
)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise refuse(f"hyperopt.mongoexp.{name}", _INSTEAD)


class MongoTrials:
    """Trials in MongoDB: refused.

    Raises:
        CompatError: Always; it names the storages.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise refuse("hyperopt.mongoexp.MongoTrials", _INSTEAD)
