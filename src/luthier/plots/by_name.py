"""Figures by their names."""

from __future__ import annotations

from typing import Any

from .. import plots
from ..errors import UnknownNameError, find_closest
from .optuna_names import OPTUNA_NAMES
from .source import Source

_NO_FIGURES = {"draw", "plot"}


def list_figures() -> list[str]:
    """Return the names of all figures."""
    return [name for name in plots.__all__ if name.islower() and name not in _NO_FIGURES]


def plot(study: Source, name: str, **options: Any) -> Any:
    """Plot a figure by its name.

    Args:
        study: A study, or its history.
        name: Such as "history"; Optuna's names are understood as well.
        **options: Those of the figure's own function, such as params=["lr"].

    Raises:
        UnknownNameError: There is no figure of that name.
    """
    return getattr(plots, find_figure(name))(study, **options)


def find_figure(name: str) -> str:
    """Return our name of a figure, from ours or from Optuna's.

    Raises:
        UnknownNameError: There is no figure of that name.
    """
    known = list_figures()
    short = str(name).lower().replace("-", "_").replace(" ", "_")
    ours = OPTUNA_NAMES.get(f"plot_{short.removeprefix('plot_')}", short)
    if ours not in known:
        near = find_closest(short, known)
        hint = f"; did you mean {near!r}?" if near else ""
        raise UnknownNameError(f"expected one of {', '.join(known)}, got {name!r:.100}{hint}")
    return ours
