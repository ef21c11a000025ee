"""The command slurm: a script for an array of workers."""

from __future__ import annotations

import click

from ..integrations.slurm_script import write_worker_script
from .options import COUNT, parse_pairs
from .text import examples


@click.command(
    options_metavar="[OPTIONS]",
    epilog=examples(
        "luthier slurm --workers 20 --option time=01:00:00 -- luthier worker train "
        "train.py:objective --total 500 > workers.sh",
        "sbatch workers.sh",
    ),
)
@click.option("--workers", type=COUNT, default=1, show_default=True, help="How many workers.")
@click.option(
    "--option",
    "options",
    multiple=True,
    callback=parse_pairs("a value", str),
    metavar="NAME=VALUE",
    help="An option of sbatch, such as time=01:00:00 or partition=gpu; may be given several times.",
)
@click.argument("command", nargs=-1, required=True, metavar="-- luthier worker ...")
def slurm(workers: int, options: dict[str, str], command: tuple[str, ...]) -> None:
    """Print a script for sbatch, of which each job is one worker of a study.

    A worker whose time is nearly over gives its trial back, and its job waits in the queue again. A
    job that is ended at once loses nothing but its trial's work since the last checkpoint: another
    worker goes on with the trial.
    """
    try:
        click.echo(write_worker_script(command, workers, options), nl=False)
    except ValueError as e:
        raise click.BadParameter(str(e), param_hint="--option") from e
