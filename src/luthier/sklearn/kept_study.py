"""The study of a search in a pickle: its settings and trials, as a study itself cannot travel."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ..study import Study, create_study
from ..trial.record import State


def pack_study(study: Study) -> dict[str, Any]:
    """Return what `unpack_study` makes a study of."""
    return {
        "name": study.name,
        "direction": study.direction,
        "space": study.space if study.engine.declared else None,
        "seed": study.engine.seed,
        "trials": study.trials,
    }


def unpack_study(packed: dict[str, Any]) -> Study:
    """Return a study in memory with the trials of another one; its checkpoints are left there."""
    settings = {k: v for k, v in packed.items() if k != "trials"}
    study = create_study(**settings)
    study.add_trials(
        replace(
            row,
            state=State.WAITING if row.state is State.RUNNING else row.state,
            checkpoints=(),
        )
        for row in packed["trials"]
    )
    return study
