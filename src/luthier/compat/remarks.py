"""What the translations say: what has no equivalent, and what has no effect."""

from __future__ import annotations

import warnings

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


def warn_without_effect(what: str, why: str) -> None:
    """Warn once a process that something is accepted and changes nothing.

    Args:
        what: The argument or call, such as `"gc_after_trial of optuna's Study.optimize"`.
        why: The reason, as a sentence.
    """
    if what not in _said:
        _said.add(what)
        warnings.warn(f"{what} has no effect: {why}", UserWarning, stacklevel=3)
