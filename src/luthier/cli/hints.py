"""What people type who know other command lines, and what it is called here."""

from __future__ import annotations

import click

from .text import escape_lines

OTHER_COMMANDS = {
    "best-trial": "luthier best",
    "best-trials": "luthier best",
    "compare": "luthier plot compare FIRST SECOND --output FILE",
    "continue": "luthier run FILE.py:OBJECTIVE",
    "copy": "luthier storage copy FROM TO",
    "create": "luthier run FILE.py:OBJECTIVE, which creates the study",
    "create-study": "luthier run FILE.py:OBJECTIVE, which creates the study",
    "delete-study": "luthier delete NAME",
    "doctor": "luthier diagnose",
    "download": "luthier export",
    "dump": "luthier export",
    "front": "luthier best",
    "help": "luthier --help, or luthier COMMAND --help",
    "history": "luthier trials, or luthier plot history --output FILE",
    "importance": "luthier plot importance --output FILE",
    "info": "luthier show",
    "list": "luthier studies",
    "log": "luthier trials",
    "logs": "luthier trials",
    "ls": "luthier studies",
    "monitor": "luthier watch",
    "optimise": "luthier run FILE.py:OBJECTIVE",
    "optimize": "luthier run FILE.py:OBJECTIVE",
    "pareto": "luthier best",
    "remove": "luthier delete NAME",
    "repair": "luthier storage repair",
    "results": "luthier show",
    "resume": "luthier run FILE.py:OBJECTIVE",
    "rm": "luthier delete NAME",
    "server": "luthier serve",
    "start": "luthier run FILE.py:OBJECTIVE",
    "status": "luthier watch, or luthier show",
    "study": "luthier studies, or luthier show",
    "summary": "luthier show",
    "sweep": "luthier run FILE.py:OBJECTIVE",
    "top": "luthier watch",
    "train": "luthier run FILE.py:OBJECTIVE",
    "tune": "luthier run FILE.py:OBJECTIVE",
    "ui": "luthier dashboard",
    "upgrade": "luthier storage upgrade",
    "version": "luthier --version",
    "web": "luthier dashboard",
}

OTHER_OPTIONS = {
    "--concurrency": "--jobs",
    "--database": "--storage",
    "--db": "--storage",
    "--file": "--output",
    "--maximise": "--direction maximize",
    "--maximize": "--direction maximize",
    "--minimise": "--direction minimize",
    "--minimize": "--direction minimize",
    "--max-trials": "--trials",
    "--n-jobs": "--jobs",
    "--n-trials": "--trials",
    "--n-workers": "--jobs",
    "--n_jobs": "--jobs",
    "--n_trials": "--trials",
    "--num-trials": "--trials",
    "--order-by": "--sort",
    "--out": "--output",
    "--parallel": "--jobs",
    "--path": "--storage",
    "--pruner": "--scheduler",
    "--study": "--name",
    "--study-name": "--name",
    "--time": "--timeout",
    "--url": "--storage",
    "--workers": "--jobs",
    "-f": "--format",
    "-j": "--jobs",
    "-n": "--trials",
    "-o": "--output",
    "-s": "--storage",
    "-t": "--timeout",
}


def explain_command(name: str) -> str | None:
    """What to write in the place of a command that there is not; None where nothing is known."""
    meant = OTHER_COMMANDS.get(name.lower().replace("_", "-"))
    return None if meant is None else f"No such command {name!r}; write {meant}."


def explain_option(error: click.NoSuchOption) -> click.NoSuchOption:
    """The error of an unknown option, with what this command calls the one that was meant."""
    name = error.option_name
    meant = OTHER_OPTIONS.get(name)
    command = None if error.ctx is None else error.ctx.command
    known = [option for param in command.params for option in param.opts] if command else []
    if meant and meant.split()[0] in known:
        return click.NoSuchOption(name, f"No such option {name!r}; write {meant}.", None, error.ctx)
    return click.NoSuchOption(name, escape_lines(error.message), error.possibilities, error.ctx)
