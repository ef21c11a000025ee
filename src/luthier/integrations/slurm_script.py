"""The script of an array of workers for SLURM."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_NOTICE_S = 120  # how long before a job's end its worker hears of it

_BODY = """\
# When the job has to go, its worker gives its trial back, and the job waits in the queue again.
has_to_go=
{command} &
worker=$!
trap 'has_to_go=1; kill -TERM "$worker"' TERM
wait "$worker"
status=$?
while kill -0 "$worker" 2>/dev/null; do # a signal ended the waiting, not the worker
    wait "$worker"
    status=$?
done
if [ -n "$has_to_go" ] && [ "$status" -eq 143 ]; then
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
fi
exit "$status"
"""


def write_options(options: Mapping[str, str]) -> str:
    """Return the lines of a script that hold its options for sbatch.

    Args:
        options: Names without dashes, and values; "" for an option that has none.

    Raises:
        ValueError: A name or a value would be something else in a script.
    """
    lines = []
    for name, value in options.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"expected an option of sbatch without dashes, got {name!r:.100}")
        if not value.isprintable():
            raise ValueError(f"expected a value on one line for {name}, got {value!r:.100}")
        lines.append(f"#SBATCH --{name}={value}" if value else f"#SBATCH --{name}")
    return "\n".join(lines)


def write_worker_script(
    command: Sequence[str], n_workers: int, options: Mapping[str, str] | None = None
) -> str:
    """Return a script for sbatch, of which each job of an array is one worker.

    Before its time is over a worker gives its trial back, and its job waits in the queue again;
    likewise where it has to make room, and where its node fails. The array ends when its workers
    do, with the study's `--total`.

    Args:
        command: What each job runs, such as ["luthier", "worker", ...].
        n_workers: How many.
        options: Options of sbatch, such as {"time": "01:00:00", "partition": "gpu"}. They stand
            in place of those that are there anyway: job-name, array, output, open-mode, requeue,
            signal.

    Raises:
        ValueError: There is no command or no worker, or an option is none.
    """
    if not command:
        raise ValueError("expected a command such as: luthier worker train train.py:objective")
    if n_workers < 1:
        raise ValueError(f"expected at least 1 worker, got {n_workers}")
    given = {
        "job-name": "luthier",
        "array": f"0-{n_workers - 1}",
        "output": "luthier-%A_%a.log",
        "open-mode": "append",
        "requeue": "",
        "signal": f"B:TERM@{_NOTICE_S}",
        **(options or {}),
    }
    return f"#!/bin/sh\n{write_options(given)}\n\n{_BODY.format(command=shlex.join(command))}"
