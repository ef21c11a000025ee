"""Command `retry`."""

from __future__ import annotations

import click

from ..trial.record import State
from .options import has_study, load_study, study_options
from .text import examples


@click.command(epilog=examples("luthier retry train 3 7", "luthier retry --all"))
@study_options(
    click.argument("numbers", nargs=-1, type=click.IntRange(min=0)),
    click.option("--all", "is_all", is_flag=True, help="All trials that have failed."),
)
def retry(name: str | None, storage: str, numbers: tuple[int, ...], is_all: bool) -> None:
    """Offer failed trials of a study again, from their last checkpoints.

    NUMBERS are those of the trials. The next run or worker of the study runs them first.
    """
    if name is not None and name.isdecimal() and not has_study(name, storage):
        numbers = (int(name), *numbers)
        name = None
    if bool(numbers) == is_all:
        raise click.UsageError("expected the numbers of failed trials, or --all")
    study = load_study(name, storage)
    if is_all:
        numbers = tuple(row.number for row in study.trials if row.state == State.FAILED)
        if not numbers:
            click.echo("No trial has failed.", err=True)
    for row in study.retry(numbers):
        step = f"step {row.checkpoints[-1]['step']:g}" if row.checkpoints else "its beginning"
        click.echo(f"trial {row.number} waits, to go on from {step}")
