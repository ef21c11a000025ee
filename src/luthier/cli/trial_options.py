"""Options of the commands that run trials."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import click

from ..objectives.program import Program
from ..objectives.script import Script
from .options import COUNT, POSITIVE, combine


@dataclass(frozen=True, kw_only=True)
class TrialOptions:
    """Options that `luthier run` and `luthier worker` share; their help describes them."""

    target: str | None
    storage: str
    name: str | None
    trials: int | None
    timeout: float | None
    jobs: int
    scheduler: str | None
    metric: tuple[str, ...]
    params: str | None
    limit_seconds: float | None
    limit_memory_mb: float | None
    cpu: int | None
    gpu: float | None
    executor: str
    log_json: bool

    def optimize_arguments(self, objective: Script | Program) -> dict[str, Any]:
        """Arguments of `Study.optimize` that say where and within which limits trials run."""
        limits = {"time_s": self.limit_seconds, "memory_mb": self.limit_memory_mb}
        if isinstance(objective, Program):
            # Any limit gives a trial a process of its own, which ends the program when this one is
            # killed.
            limits["time_s"] = limits["time_s"] or math.inf
        resources = {"cpu": self.cpu, "gpu": self.gpu}
        return {
            "n_jobs": self.jobs,
            "limits": {name: v for name, v in limits.items() if v},
            "resources": {name: v for name, v in resources.items() if v} or None,
            "executor": "ray" if self.executor == "ray" else None,
        }


def _is_json_wanted(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    return value or os.environ.get("LUTHIER_LOG", "").lower() == "json"


trial_options = combine(
    click.option(
        "--metric",
        multiple=True,
        metavar="KEY",
        help="The value's name in a program's JSON; may be given once for each objective.  "
        "[default: value, or the objectives' names]",
    ),
    click.option(
        "--params",
        type=click.Path(),
        metavar="FILE",
        help="A program's file of settings, in YAML, TOML or JSON; {params} in the arguments is a "
        "copy of it in which the trial's parameters stand.",
    ),
    click.option(
        "--limit-seconds", type=POSITIVE, metavar="S", help="End a trial that runs longer than S."
    ),
    click.option(
        "--limit-memory-mb",
        type=POSITIVE,
        metavar="MB",
        help="End a trial that uses more memory than MB.",
    ),
    click.option("--cpu", type=COUNT, help="Cores for each trial."),
    click.option("--gpu", type=POSITIVE, help="GPUs for each trial; with 0.5, two share one."),
    click.option(
        "--executor",
        type=click.Choice(["processes", "ray"]),
        default="processes",
        show_default=True,
        help="Where trials run: on this machine, or in a Ray cluster (that of RAY_ADDRESS, if it "
        "is set). Each node of the cluster needs the objective's file in the same place.",
    ),
    click.option(
        "--log-json",
        is_flag=True,
        callback=_is_json_wanted,
        help="Log each event as a line of JSON; LUTHIER_LOG=json does the same.",
    ),
)
