"""The command demo: a real model on real data."""

from __future__ import annotations

import sys

import click

from .options import POSITIVE, jobs_option, storage_option
from .text import examples


@click.command(epilog=examples("luthier demo", "luthier demo --seconds 30 --jobs 2"))
@storage_option
@click.option(
    "--seconds",
    type=POSITIVE,
    default=75.0,
    show_default=True,
    help="How long to tune, in seconds.",
)
@jobs_option(-1)
def demo(storage: str, seconds: float, jobs: int) -> None:
    """Tune a real model on real data, and measure the gain."""
    from .demo_study import run  # needs scikit-learn, which is optional

    sys.exit(run(storage, seconds, jobs))
