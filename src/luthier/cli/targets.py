"""The objective that a command line names: a function in a Python file, or a program after --."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from ..errors import CommandError
from ..objectives.program import Program
from ..objectives.script import Script, list_functions
from ..space.space import Space
from .session import say

TARGET_METAVAR = "{FILE.py:OBJECTIVE | -- PROGRAM ARGUMENTS...}"
_PROGRAM = "luthier.program"  # key of the program in a context's `meta`
_SOURCES = (".py", ".sh", ".r", ".jl", ".js", ".ts", ".rb", ".pl", ".lua", ".m")


class TargetCommand(click.Command):
    """A command that runs a target; words after -- are the program, with its options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        cut = args.index("--") if "--" in args else len(args)
        ctx.meta[_PROGRAM] = args[cut + 1 :]
        return super().parse_args(ctx, args[:cut])


def read_program(
    ctx: click.Context, target: str | None, executor: str, params_file: str | None
) -> list[str]:
    """The program after --; empty where there is a Python objective instead.

    Raises:
        click.UsageError: There are both, or neither, or the executor runs no programs, or a Python
            objective is given a params file.
    """
    program: list[str] = ctx.meta[_PROGRAM]
    if bool(target) == bool(program):
        raise click.UsageError(
            "expected FILE.py:OBJECTIVE, or -- followed by a program and its arguments"
        )
    if target and params_file:
        raise click.UsageError(
            "--params is a program's file of settings; a Python objective reads its own, and "
            "trial.params"
        )
    if program and executor == "ray":
        raise click.UsageError(
            "--executor ray takes FILE.py:OBJECTIVE: what a program has started would go on in the "
            "cluster when its trial is ended; leave out --executor"
        )
    return program


def load_script(target: str) -> Script:
    """A Python objective.

    Raises:
        click.UsageError: The target has another form.
        CommandError: The file or the function does not exist.
    """
    path, colon, attribute = target.rpartition(":")
    if not colon or not path.endswith(".py"):
        meant = _guess_target(target)
        hint = f"did you mean {meant}?" if meant else "a program comes after --"
        raise click.UsageError(f"expected FILE.py:OBJECTIVE, got {target!r}; {hint}")
    return Script(path, attribute)


def _guess_target(target: str) -> str | None:
    """A Python file and the function there that somebody may mean; None where there is none."""
    file, _, function = target.partition(":")
    path = Path(file.removesuffix(".py").replace(".", "/") + ".py")
    names = list_functions(path)
    likely = [function] if function in names else [n for n in names if "objective" in n] or names
    return f"{path}:{likely[0]}" if likely else None


def make_program(
    program: Sequence[str], space: Space | None, metric: Sequence[str], params_file: str | None
) -> Program:
    """A program as an objective.

    Raises:
        click.UsageError: There is no space.
        CommandError: The space lacks a placeholder's parameter, a choice would be an option of the
            program, the params file has no place for a parameter, or the program does not exist.
    """
    if space is None:
        raise click.UsageError(
            "a program needs --space FILE, which says what its parameters may be"
        )
    objective = Program(program, metric=metric or None, params_file=params_file)
    objective.check(space.names)
    objective.check_choices(space)
    if shutil.which(program[0]) is None:
        raise CommandError(f"there is no program {program[0]!r} that can be run")

    unused = [name for name in space.names if name not in objective.placeholders]
    if objective.placeholders and unused and params_file is None:
        say(f"Note: not in the command, only in LUTHIER_PARAMS: {', '.join(unused)}")
    return objective


def name_study(target: str | None, program: Sequence[str]) -> str:
    """The name of a study that is given none: that of the objective's file, or of the program."""
    if target is not None:
        return Path(target.rpartition(":")[0]).stem
    for word in program:
        if Path(word).suffix.lower() in _SOURCES and Path(word).is_file():
            return Path(word).stem
    return Path(program[0]).stem
