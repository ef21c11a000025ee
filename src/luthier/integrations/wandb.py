"""Weights & Biases: a run for each trial, in one group for each study."""

from __future__ import annotations

import os
from typing import Any, Literal

from ..errors import explain_missing
from ..trial.record import State, TrialRow
from ..validation import check_name
from .tracking import Ending, StudyInfo, Tracker, first_line, name_reports, name_values

try:
    import wandb
except ImportError as e:
    raise explain_missing("luthier.integrations.wandb", "wandb", "wandb") from e

_MODES = ("online", "offline", "shared", "disabled")


class WandB(Tracker):
    """Writes the trials of a study down in Weights & Biases, as runs of one group.

    Params are the run's config, reports its curve ("report/<name>"), values its summary
    ("<name>"), by the names of the objectives.

    Args:
        project: The project.
        entity: The user or team; None for the default.
        mode: "online"; "offline" for files that `wandb sync` uploads later; or "shared" or
            "disabled", as `wandb.init` has them.
        folder: Where files are kept; None for the current folder.
        wait_s: How long the end waits for what is left, in seconds.

    Raises:
        ValueError: There is no such mode.
    """

    def __init__(
        self,
        project: str,
        entity: str | None = None,
        mode: Literal["online", "offline", "shared", "disabled"] = "online",
        folder: str | os.PathLike[str] | None = None,
        wait_s: float = 120.0,
    ) -> None:
        super().__init__("Weights & Biases", wait_s=wait_s)
        self._run: dict[str, Any] = {
            "project": project,
            "entity": entity,
            "mode": check_name("mode", mode, _MODES),
            "dir": os.fspath(folder or os.getcwd()),
            "reinit": "create_new",
        }

    def begin(self, info: StudyInfo) -> None:
        """Write nothing: a group begins with its first run."""

    def write(self, info: StudyInfo, row: TrialRow, is_best: bool) -> None:
        """Make the run of a trial."""
        run = wandb.init(
            group=info.name,
            name=f"trial {row.number}",
            job_type="trial",
            config=dict(row.params),
            settings=wandb.Settings(
                silent=True, console="off", disable_git=True, x_disable_stats=True
            ),
            **self._run,
        )
        try:
            for i, (step, values) in enumerate(name_reports(row, info)):
                run.log({**values, "step": step}, step=i)
            run.summary.update(
                {
                    **name_values(row, info),
                    **{f"constraint.{name}": value for name, value in row.constraints.items()},
                    **{f"tag.{name}": value for name, value in row.tags.items()},
                    "trial": row.number,
                    "state": row.state.name.lower(),
                    "duration_s": row.duration_s,
                    "cost": row.cost,
                    "error": first_line(row),
                }
            )
        finally:
            run.finish(exit_code=1 if row.state == State.FAILED else 0)

    def end(self, info: StudyInfo, ending: Ending) -> None:
        """Write nothing: all is in the trials' runs."""
