"""An objective that is a program in any language."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import CommandError, TrialPruned, WorkerDiedError, find_closest
from ..executors.supervised import require_supervisors
from ..space.distributions import Categorical
from ..space.space import Space
from ..trial.handle import Trial
from .params_file import ParamsFile
from .process import run_process
from .program_output import Value, note_fields, parse_line

_PARAMS = "params"  # what stands in braces for the path of the params file
# A placeholder, or a double brace. JSON and code in an argument are no placeholders.
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}\s\"',:;()]+)\}")


class Program:
    """A program that is run for each trial. The study needs a declared space.

    `{name}` in an argument becomes the parameter's value: text as it is, everything else as JSON,
    so that numbers keep all digits; `{{` and `}}` are literal braces. An argument whose parameter
    is inactive is left out, and if it is nothing but the placeholder, so is the option before it:
    `--degree {degree}`, `--degree={degree}`.

    What a study holds cannot choose the program, nor give it options: the first word has no
    placeholder, and text that begins with a dash is refused where it would begin an argument,
    unless `--` stands before. Write the dash in the command: `-{flag}`, `--mode={mode}`.

    The program finds all params in LUTHIER_PARAMS (JSON) and the trial's number in LUTHIER_TRIAL.
    With a params file, `{params}` and LUTHIER_PARAMS_FILE are the path of the trial's copy of it,
    which is there while the program runs.

    When it resumes from a checkpoint, it finds that in LUTHIER_CHECKPOINT and its step in
    LUTHIER_STEP. Its output is read line by line while it runs:

    - `{"step": 3, "value": 0.5}` is an intermediate value. `"checkpoint": "file"` in it names a
      file or folder to resume from, which is copied, and LUTHIER_CHECKPOINT is the path of the
      copy; an object is kept as JSON.
    - The result is the last line that is a number, a JSON list of numbers, or a JSON object with
      "value" (or "values"). Objectives that have names stand under these: `{"accuracy": 0.9,
      "latency_ms": 12}`, also within "values".
    - `"constraints": {"memory": -3.5}`, `"tags": {"size": 7}` and `"cost": 2` in any JSON object
      are noted, as by `Trial.set_constraint`, `set_tag` and `set_cost`; of two, the later counts.
      Tags that are no object and a cost that is no number are ignored; constraints must be numbers
      with names.
    - All other lines are ignored.

    When the scheduler ends the trial's turn, the program and all processes that it started get
    SIGTERM, and SIGKILL after `grace_s`. What it leaves running when it ends by itself is ended in
    the same way before the trial is over, and at once where the study's own process ends.

    Args:
        argv: The program and its arguments; no shell reads them.
        metric: The name under which JSON lines give the value; several names for several
            objectives, in order. None for the names of the study's objectives.
        grace_s: How long the program may take to end after SIGTERM, in seconds.
        params_file: The program's file of settings, in whose copies the params stand.

    Raises:
        CommandError: argv is empty or one string, its first word has a placeholder, or the params
            file cannot be read.
        PlatformError: The system cannot end what a program has started, as Windows.
    """

    def __init__(
        self,
        argv: Sequence[str],
        metric: str | Sequence[str] | None = None,
        grace_s: float = 5.0,
        params_file: str | os.PathLike[str] | None = None,
    ) -> None:
        require_supervisors(sys.platform)
        if isinstance(argv, str) or not argv:
            raise CommandError(
                f"expected a list such as ['./train', '--lr', '{{lr}}'], got {argv!r}"
            )
        self.argv = tuple(map(str, argv))
        if names := _find_names(self.argv[0]):
            raise CommandError(
                f"the program itself is no parameter, got {self.argv[0]!r}; write a script that "
                f"starts the right one, and pass it {{{names[0]}}}"
            )
        self.grace_s = grace_s
        self.metric = (metric,) if isinstance(metric, str) else tuple(metric or ())
        self.params_file = None if params_file is None else ParamsFile(params_file)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names of parameters in braces, in order."""
        names = dict.fromkeys(name for arg in self.argv for name in _find_names(arg))
        if self.params_file is not None:
            names.pop(_PARAMS, None)
        return tuple(names)

    def check(self, names: Iterable[str]) -> None:
        """Check that a space has a parameter for each placeholder.

        Where there is a params file, it has a place for each parameter.

        Args:
            names: The names of the space's parameters.

        Raises:
            CommandError: One is missing.
        """
        known = list(names)
        if self.params_file is not None:
            if _PARAMS in known:
                raise CommandError(
                    f"{{{_PARAMS}}} is the path of the params file; call the parameter something "
                    "else"
                )
            self.params_file.check(known)
        for name in self.placeholders:
            if name not in known:
                near = find_closest(name, known)
                hint = f"did you mean {{{near}}}?" if near else f"the space has {known}"
                raise CommandError(
                    f"no parameter for {{{name}}}; {hint} (for literal braces write {{{{{name}}}}})"
                )

    def check_choices(self, space: Space) -> None:
        """Check that each choice can be given to the program, before a trial meets it.

        Raises:
            CommandError: One would be an option of the program, or cannot be in the params file.
        """
        blank = dict.fromkeys([*space.names, _PARAMS], "")
        for name, dist in space.params.items():
            choices = dist.choices if isinstance(dist, Categorical) else ()
            for choice in choices:
                if isinstance(choice, str) and choice.startswith("-"):
                    self.fill({**blank, name: choice})
            if self.params_file is not None:
                self.params_file.check([name], choices)

    def fill(self, params: Mapping[str, Any]) -> list[str]:
        """Return the program and its arguments with these params in place.

        Raises:
            CommandError: The text of a parameter would be an option of the program.
        """
        out: list[str] = []
        follows = False  # whether the argument before this one is the last of `out`
        for arg in self.argv:
            names = _find_names(arg)
            is_active = all(name in params for name in names)
            if is_active:
                filled = _BRACES.sub(lambda m: _text(params[m[1]]) if m[1] else m[0][0], arg)
                if filled.startswith("-") and not arg.startswith("-") and "--" not in out:
                    _require_number(names[0], params[names[0]])
                out.append(filled)
            elif follows and arg == f"{{{names[0]}}}" and re.match(r"--?[^\W\d]", out[-1]):
                out.pop()  # the option of this argument
            follows = is_active
        return out

    def __call__(self, trial: Trial) -> Value:
        """Run the program.

        Raises:
            CommandError: It could not be run, ended with an exit status other than 0, or printed no
                result, or constraints that are no object.
            TrialError: A constraint or a cost in its output is not valid.
            TrialPruned: The scheduler stopped the trial.
            WorkerDiedError: Something else ended the program, such as a system short of memory.
        """
        params = trial.params
        names = list(dict.fromkeys([*trial.space.names, *params]))
        self.check(names or self.placeholders)
        result = None
        last_line = ""
        with (
            trial.noting_excuses(),
            self._written(params, names) as file,
            run_process(
                argv := self.fill({**params, **file}),
                self._env(trial, params, file),
                self.grace_s,
            ) as process,
        ):
            for line in process.lines():
                last_line = line.strip() or last_line
                value, fields = parse_line(line, trial.objectives, self.metric)
                note_fields(trial, fields)
                if value is not None:
                    result = value
                    _report(trial, value, fields)
            status, stderr = process.wait()
        if status:
            raise _exit_error(argv, status, stderr, last_line)
        if result is None:
            raise self._no_result_error(argv, trial.objectives, last_line)
        return result

    @contextmanager
    def _written(self, params: Mapping[str, Any], names: Iterable[str]) -> Iterator[dict[str, str]]:
        """Write the trial's copy of the params file; yield what stands in braces for its path."""
        if self.params_file is None:
            yield {}
            return
        with tempfile.TemporaryDirectory(prefix="luthier-") as folder:
            copy = Path(folder, self.params_file.path.name)
            copy.write_text(self.params_file.fill(params, names), encoding="utf-8")
            yield {_PARAMS: str(copy)}

    def _env(
        self, trial: Trial, params: Mapping[str, Any], file: Mapping[str, str]
    ) -> dict[str, str]:
        env = {"PYTHONUNBUFFERED": "1", **os.environ}
        env["LUTHIER_PARAMS"] = json.dumps(params)
        env["LUTHIER_TRIAL"] = str(trial.number)
        if file:
            env["LUTHIER_PARAMS_FILE"] = file[_PARAMS]
        checkpoint = trial.checkpoint
        if checkpoint is not None:
            is_path = isinstance(checkpoint, Path)
            env["LUTHIER_CHECKPOINT"] = str(checkpoint) if is_path else _text(checkpoint)
            env["LUTHIER_STEP"] = str(trial.step)
        return env

    def _no_result_error(
        self, argv: Sequence[str], objectives: Sequence[str], last_line: str
    ) -> CommandError:
        fields = ", ".join(f"{json.dumps(name)}: ..." for name in self.metric or objectives)
        what = "a number" if len(objectives) == 1 else "a list of numbers"
        printed = f"its last line was {last_line!r:.200}" if last_line else "it printed nothing"
        return CommandError(
            f"{shlex.join(argv)} printed no result; expected a line that is {what}, or JSON such "
            f"as {{{fields}}}; {printed}"
        )


def _find_names(arg: str) -> list[str]:
    """The names of the placeholders in an argument."""
    return [name for name in _BRACES.findall(arg) if name]


def _require_number(name: str, value: Any) -> None:
    """Refuse a value that begins an argument with a dash and is no number.

    Raises:
        CommandError: It is none.
    """
    if isinstance(value, str):
        raise CommandError(
            f"{name}={value!r:.100} would be an option of the program, as it begins with a dash; "
            f"write the dash in the command, as in -{{{name}}} or --{name}={{{name}}}, or '--' "
            "before the arguments"
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _report(trial: Trial, value: Value, fields: Mapping[str, Any]) -> None:
    """Report a value that stands beside a step.

    Raises:
        TrialPruned: The scheduler stopped the trial.
    """
    step = fields.get("step")
    if isinstance(step, bool) or not isinstance(step, int | float):
        return
    trial.report(value, step, fields.get("checkpoint"))
    if trial.should_prune():
        raise TrialPruned(f"stopped by the scheduler at step {step}")


def _exit_error(
    argv: Sequence[str], status: int, stderr: Sequence[str], last_line: str
) -> CommandError | WorkerDiedError:
    """The error of a program that failed: its last words first, then what came before."""
    # A shell says by 128 and more that a signal has ended what it ran.
    number = -status if status < 0 else status - 128
    is_killed = number in (signal.SIGKILL, signal.SIGTERM)
    how = f"ended with exit status {status}"
    if status < 0 or is_killed:
        how = f"was ended by {signal.Signals(number).name}"
    last_words = (stderr or [last_line])[-1]
    text = "\n".join([f"{shlex.join(argv)} {how}: {last_words}", *stderr[:-1]])
    return WorkerDiedError(text, killed=True) if is_killed else CommandError(text)
