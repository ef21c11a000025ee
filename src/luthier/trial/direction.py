"""Whether a study looks for better values where a metric has them."""

from __future__ import annotations

from typing import Literal

from .handle import Trial


def find_wrong_direction(
    trial: Trial, metric: str, wanted: Literal["minimize", "maximize"]
) -> str | None:
    """Return what is wrong with the direction of a trial's study; None for nothing.

    Only a trial in the process of its study knows the direction; of several objectives nothing is
    said.

    Args:
        trial: The trial.
        metric: The name of what is told to the study.
        wanted: Where better values of it lie.
    """
    engine = getattr(trial.link, "engine", None)
    directions: tuple[str, ...] = getattr(engine, "directions", ())
    if len(directions) != 1 or directions[0] == wanted:
        return None
    where = "larger" if wanted == "maximize" else "smaller"
    return (
        f"metric {metric!r:.200} is better where it is {where}, and the study is to "
        f"{directions[0]}; write create_study(direction={wanted!r})"
    )
