"""The command line. `luthier --help` loads click and nothing else.

Every command imports what it needs when it runs.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import click

from .. import __version__
from ..errors import LuthierError
from .choosing import choose
from .looking import best, export, show, studies, trials
from .options import examples
from .running import demo, run, worker
from .storing import delete, serve, storage
from .watching import top


class _Group(click.Group):
    """Turns luthier's errors into one line and exit status 1, and Ctrl-C into exit status 130."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (LuthierError, click.ClickException) as e:
            from ..monitoring.json_logs import scrubbed
            from .render import clean

            if not isinstance(e, click.ClickException):
                raise click.ClickException(clean(scrubbed(str(e).split("\n", 1)[0]))) from e
            e.message = scrubbed(e.message)  # type: ignore[misc]
            raise
        except UnicodeEncodeError as e:
            raise click.ClickException(f"expected text in UTF-8, got {e.object!a:.100}") from e
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=examples(
        "luthier demo", "luthier run train.py:objective --trials 100 --jobs 4", "luthier show train"
    ),
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Hyperparameter optimisation: run studies, and look at what came out."""


for _command in (
    run,
    worker,
    top,
    studies,
    show,
    best,
    choose,
    trials,
    export,
    delete,
    storage,
    serve,
    demo,
):
    cli.add_command(_command)


def main() -> None:
    """Entry point of `luthier`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal that cannot show a character shows its number
    cli(prog_name="luthier")
