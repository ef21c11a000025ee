"""What the translations say: what has no equivalent, and what has no effect."""

from __future__ import annotations

import types
import warnings
from collections.abc import Mapping
from typing import Any

from ..errors import CompatError


def refuse(what: str, instead: str) -> CompatError:
    """The error for what has no equivalent; `instead` names luthier's way.

    Args:
        what: As the user wrote it, such as `"optuna.create_study(storage=...)"`.
        instead: What to do, as a sentence, such as `"Use luthier.create_study(memory=...)."`.

    Returns:
        The error, to be raised.
    """
    return CompatError(f"{what} has no equivalent here. {instead}")


_said: set[str] = set()
_PEERS = ("ax", "bayes_opt", "hyperopt", "optuna", "optuna_integration", "ray", "skopt", "smac")
_SPACES = (
    "ax.api.configs",
    "ax.core.parameter",
    "hyperopt.pyll",
    "optuna.distributions",
    "ray.tune.search.sample",
    "skopt.space",
)
_HERE = "luthier.compat."


def warn_without_effect(what: str, why: str) -> None:
    """Warn once a process that something is accepted and changes nothing.

    Args:
        what: The argument or call, such as `"gc_after_trial of optuna's Study.optimize"`.
        why: The reason, as a sentence.
    """
    if what not in _said:
        _said.add(what)
        warnings.warn(f"{what} has no effect: {why}", UserWarning, stacklevel=3)


def heed_others(where: str, given: Mapping[str, Any], known: Mapping[str, str]) -> None:
    """Warn of arguments that have no effect, and refuse those that the peer does not have.

    Args:
        where: The call, such as `"Ax's GenerationNode"`.
        given: What the call's `**kwargs` caught; None counts as not given.
        known: The peer's own arguments, name to why each changes nothing, as a sentence.

    Raises:
        TypeError: An argument is not known.
    """
    for name in given:
        if name not in known:
            raise TypeError(f"{where} got an unexpected keyword argument {name!r}")
    for name, value in given.items():
        if value is not None:
            warn_without_effect(f"{name} of {where}", known[name])


def refuse_part(what: str, given: Any, base: type, own: str) -> None:
    """Refuse a part of luthier or of another library, where one of `own` is expected.

    What a user wrote is let through, whatever it is derived from: it has the methods, or fails.

    Args:
        what: The argument, such as `"sampler"`.
        given: The object or function.
        base: What fits in any case.
        own: The module that the part belongs to, such as `"luthier.compat.optuna"`.

    Raises:
        CompatError: It is of elsewhere.
    """
    library = _find_library(given)
    if library in (None, own) or isinstance(given, base):
        return
    name = getattr(given, "__name__", type(given).__name__)
    raise CompatError(
        f"{what}={name} is of {library}, and does not fit here: import it from {own} too"
    )


def refuse_space(value: Any, own: str) -> None:
    """Refuse a parameter in the words of another library, which would be taken for a constant.

    Args:
        value: Part of a space.
        own: The module whose space it is, such as `"luthier.compat.hyperopt"`.

    Raises:
        CompatError: It is one.
    """
    module = type(value).__module__
    is_space = module.removeprefix(_HERE).startswith(_SPACES) or module.startswith("luthier.space.")
    if is_space and _find_library(value) != own:
        raise CompatError(
            f"{type(value).__name__} of {_find_library(value)} in a space of {own} is no "
            f"parameter there: write the whole space in the words of {own}"
        )


def _find_library(value: Any) -> str | None:
    """Return the peer, or the translation, that an object or function is of; None for neither."""
    is_function = isinstance(value, types.FunctionType)
    module = str((value if is_function else type(value)).__module__ or "")  # exec gives none
    top, _, rest = module.partition(".")
    if top in _PEERS and (rest or is_function):
        return top
    if top != "luthier":
        return None
    return _HERE + rest.split(".")[1] if module.startswith(_HERE) else "luthier"
