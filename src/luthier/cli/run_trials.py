"""Run of trials until its end or a stop, for `luthier run` and `luthier worker`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from ..errors import StorageError
from ..monitoring.json_logs import log_fields
from ..objectives.program import Program
from ..objectives.script import Script
from ..passwords import hide_password
from ..study.study import Study
from ..trial.record import TrialRow
from ..wording import count_of
from .run_monitor import RunMonitor
from .session import exit_status, say
from .summary import format_values
from .text import format_duration
from .trial_options import TrialOptions

_logger = logging.getLogger("luthier.cli")


def run_trials(
    run: Callable[..., None],
    objective: Script | Program,
    study: Study,
    monitor: RunMonitor,
    options: TrialOptions,
    *,
    strict: bool = False,
    callbacks: Sequence[Callable[..., Any]] = (),
    log_trials: bool = True,
    format_rest: Callable[[], str] | None = None,
) -> None:
    """Run trials, and say why that ended.

    Args:
        run: `Study.optimize` of the study, or `join`, with some arguments given.
        objective: The objective.
        study: The study.
        monitor: Counts the trials.
        options: Where trials run.
        strict: Whether the first trial that fails ends the run.
        callbacks: Further callbacks of `Study.optimize`.
        log_trials: Whether each trial that ends is logged.
        format_rest: Returns the command line that would run the rest.

    Raises:
        click.ClickException: A trial failed, and `strict` is set.
    """
    try:
        run(
            objective,
            callbacks=[monitor.count, *([log_trial] if log_trials else []), *callbacks],
            catch=() if strict else BaseException,
            **options.optimize_arguments(objective),
        )
    except KeyboardInterrupt as e:
        storage = hide_password(options.storage)
        say(f"Stopped after {count_of(monitor.n_finished, 'trial')}; they are kept in {storage}.")
        if format_rest is not None:
            say("To go on, run the same command for the rest:")
            say(f"  {format_rest()}")
        sys.exit(exit_status(e))
    except (Exception, SystemExit) as e:
        if not strict or monitor.failure is None or isinstance(e, StorageError):
            raise
        for line in (monitor.failure.error or "").splitlines()[1:]:
            say(line)
        raise click.ClickException(
            f"trial {monitor.failure.number} failed, and --strict was asked for"
        ) from e
    if study.stop_reason is not None:
        say(f"Stopped: {study.stop_reason}.")


def log_trial(study: Study, row: TrialRow) -> None:
    """Log a trial that ended; a callback of `Study.optimize`."""
    values = f": {format_values(row, study.objectives)}" if row.values else ""
    state = row.state.name.lower()
    text = f"trial {row.number} {state}{values} in {format_duration(row.duration_s)}"
    _logger.info("%s", text, extra=log_fields(row, study.objectives))
