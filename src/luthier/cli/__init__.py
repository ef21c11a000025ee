"""The command line. `luthier --help` loads click and nothing heavy."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any

import click

from .. import __version__
from ..attempts import is_exhausted
from ..errors import LuthierError
from .hints import explain_command, explain_option
from .lazy_group import LazyGroup
from .text import PlainLines, escape, escape_lines, examples, print_crash

# Command -> its module, and its line in `luthier --help`: the first sentence of its own help.
_COMMANDS = {
    "run": ("run", "Run trials of a Python objective, or of any program."),
    "automl": ("automl", "Find a good model for a table, within a time."),
    "worker": ("worker", "Join a study as one of any number of workers."),
    "slurm": ("slurm", "Print a script for sbatch, of which each job is one worker of a study."),
    "watch": ("watch", "Watch a study: its trials, its workers, and its speed."),
    "studies": ("studies", "List the studies."),
    "show": ("results", "Show a summary of a study."),
    "best": ("results", "Print the best trial, or the front of several objectives."),
    "choose": ("choose", "Choose one of several good trials, and say why."),
    "check": ("check", "Check a search space before a run."),
    "diagnose": ("diagnose", "Say what may be wrong with a study and what to do, the worst first."),
    "plot": ("plot", "Draw a figure of a study into a file."),
    "report": ("report", "Write a report of a study: what it found, and what to do."),
    "trials": ("results", "List the trials of a study."),
    "export": ("results", "Export all trials of a study as CSV or JSON."),
    "import": ("other_studies", "Copy studies of Optuna into a storage."),
    "prior": ("prior", "Make the priors of a space from what was best before."),
    "memory": ("memory", "Keep what studies found out, and begin with it."),
    "migrate": ("migrate", "Print a diff by which a program for another library runs on luthier."),
    "retry": ("retry", "Offer failed trials of a study again, from their last checkpoints."),
    "delete": ("studies", "Delete a study with all its trials."),
    "storage": ("storage", "Copy, check, repair and upgrade storages."),
    "model": ("model", "Register, compare, promote and roll back versions of models."),
    "lifecycle": ("lifecycle", "Refit, retune and roll out a model where it needs that."),
    "audit": ("audit", "Check the audit logs of models."),
    "serve": ("serve", "Serve studies over HTTP."),
    "dashboard": ("dashboard", "Show the studies of a storage in a browser."),
    "demo": ("demo", "Tune a real model on real data, and measure the gain."),
}


class _Luthier(LazyGroup):
    """Group that prints luthier's errors in one line, with exit status 1; Ctrl-C exits with 130."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as e:
            if meant := explain_command(args[0]):
                raise click.UsageError(meant, ctx) from e
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as e:
            raise explain_option(e) from e
        except (LuthierError, click.ClickException) as e:
            if not isinstance(e, click.ClickException):
                raise click.ClickException(escape(str(e).split("\n", 1)[0])) from e
            e.message = escape_lines(e.message)  # type: ignore[misc]
            raise
        except MemoryError as e:
            raise click.ClickException(f"no memory is left: {e}".rstrip(": ")) from e
        except OSError as e:
            if not is_exhausted(e):
                raise
            raise click.ClickException(escape(str(e))) from e
        except UnicodeEncodeError as e:
            raise click.ClickException(f"expected text in UTF-8, got {e.object!a:.100}") from e
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)


@click.group(
    cls=_Luthier,
    package=__name__,
    modules={name: module for name, (module, _) in _COMMANDS.items()},
    summaries={name: summary for name, (_, summary) in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=examples(
        "luthier demo", "luthier run train.py:objective --trials 100 --jobs 4", "luthier show train"
    ),
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Hyperparameter optimisation: run studies, and look at their results."""


def main() -> None:
    """Run the command line; the entry point of `luthier`.

    Nothing that it writes about user text does anything to a terminal: neither what is logged where
    a command has no log of its own, nor an error that nobody expected.
    """
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(PlainLines())
    sys.excepthook = print_crash
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character shows its number.
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="luthier")
