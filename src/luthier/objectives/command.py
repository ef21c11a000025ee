"""Objectives that live outside: any program in any language, a function in a Python file.

And space files.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

from ..errors import CommandError, SpaceError, TrialPruned, find_closest
from ..space.space import Space
from ..trial.handle import Trial

_BRACES = re.compile(
    r"\{\{|\}\}|\{([^{}\s\"',:;()]+)\}"
)  # JSON and code in an argument stay as they are
_TAIL = 20  # lines of a program's stderr that are kept
# how long to listen after a program has ended, to children of it that still hold its output
_QUIET_S = 1.0


class Command:
    """Runs a program for each trial. The study needs a declared space.

    `{name}` in an argument becomes the parameter's value: text as it is, everything else as JSON,
    so that numbers lose nothing; `{{` and `}}` are literal braces. An argument whose parameter is
    inactive is left out, and if it is nothing but the placeholder, so is the option before it:
    `--degree {degree}`, `--degree={degree}`.

    The program finds all params in LUTHIER_PARAMS (JSON), the trial's number in LUTHIER_TRIAL, and,
    when it goes on from a checkpoint, that in LUTHIER_CHECKPOINT and its step in LUTHIER_STEP. Its
    output is read line by line while it runs:

    - `{"step": 3, "value": 0.5}` is an intermediate value; `"checkpoint": "file"` in it names a
      file or folder to go on from, which is copied, and LUTHIER_CHECKPOINT is the path of the copy;
      an object is kept as JSON. When the scheduler ends the trial's turn, the program and all it
      started get SIGTERM, and SIGKILL after `grace_s`.
    - The result is the last line that is a number, a JSON list of numbers, or a JSON object with
      "value" (or "values"). Objectives that have names stand under these: `{"accuracy": 0.9,
      "latency_ms": 12}`, also within "values".
    - `"constraints": {"memory": -3.5}`, `"tags": {"size": 7}` and `"cost": 2` in any JSON object
      are noted, as by `Trial.set_constraint`, `set_tag` and `set_cost`; told twice, the later
      counts. Tags that are no object and a cost that is no number pass by, constraints must be
      numbers with names.
    - All other lines pass by.

    Args:
        argv: The program and its arguments; no shell takes part.
        metric: Under which name JSON lines give the value; several names for several objectives, in
            order. None for the names of the study's objectives.
        grace_s: How long the program may take to end when asked to, in seconds.

    Raises:
        CommandError: argv is empty or one string.
    """

    def __init__(
        self, argv: Sequence[str], metric: str | Sequence[str] | None = None, grace_s: float = 5.0
    ) -> None:
        if isinstance(argv, str) or not argv:
            raise CommandError(
                f"expected a list such as ['./train', '--lr', '{{lr}}'], got {argv!r}"
            )
        self.argv = tuple(map(str, argv))
        self.grace_s = grace_s
        self.metric = (metric,) if isinstance(metric, str) else tuple(metric or ())

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names in braces, in order."""
        return tuple(
            dict.fromkeys(name for arg in self.argv for name in _BRACES.findall(arg) if name)
        )

    def check(self, names: Iterable[str]) -> None:
        """Whether a space has all the placeholders.

        Raises:
            CommandError: It does not.
        """
        known = list(names)
        for name in self.placeholders:
            if name not in known:
                near = find_closest(name, known)
                hint = f"did you mean {{{near}}}?" if near else f"the space has {known}"
                raise CommandError(
                    f"no parameter for {{{name}}}; {hint} (for literal braces write {{{{{name}}}}})"
                )

    def filled(self, params: Mapping[str, Any]) -> list[str]:
        """The arguments with these params in place."""
        out: list[str] = []
        kept = False  # whether the argument before is the last of out
        for arg in self.argv:
            names = [name for name in _BRACES.findall(arg) if name]
            inactive = any(name not in params for name in names)
            if not inactive:
                out.append(_BRACES.sub(lambda m: _text(params[m[1]]) if m[1] else m[0][0], arg))
            elif kept and arg == f"{{{names[0]}}}" and re.match(r"--?[^\W\d]", out[-1]):
                out.pop()
            kept = not inactive
        return out

    def __call__(self, trial: Trial) -> float | list[float]:
        """Runs the program.

        Raises:
            CommandError: It could not be run, ended with an exit status other than 0, or printed no
                result, or constraints that are none.
            TrialError: What it says is a constraint or a cost cannot be one.
            TrialPruned: The scheduler stopped the trial.
        """
        params = trial.params
        self.check(dict.fromkeys([*trial._space.names, *params]) or self.placeholders)
        argv = self.filled(params)
        env = {"PYTHONUNBUFFERED": "1", **os.environ}
        env |= {"LUTHIER_PARAMS": json.dumps(params), "LUTHIER_TRIAL": str(trial.number)}
        if trial.checkpoint is not None:
            found = trial.checkpoint
            env["LUTHIER_CHECKPOINT"] = str(found) if isinstance(found, Path) else _text(found)
            env["LUTHIER_STEP"] = str(trial.step)
        result, last = None, ""
        with _running(argv, env, self.grace_s) as program:
            for line in program.lines():
                last = line.strip() or last
                value, said = self._read(line, trial.objectives)
                _note(trial, said)
                if value is None:
                    continue
                result, step = value, said.get("step")
                if isinstance(step, int | float) and not isinstance(step, bool):
                    trial.report(value, step, said.get("checkpoint"))
                    if trial.should_prune():
                        raise TrialPruned(f"stopped by the scheduler at step {step}")
            status, stderr = program.ended()
        if status:
            how = (
                f"was ended by {signal.Signals(-status).name}"
                if status < 0
                else f"ended with exit status {status}"
            )
            raise CommandError(
                "\n".join([f"{shlex.join(argv)} {how}: {(stderr or [last])[-1]}", *stderr[:-1]])
            )
        if result is None:
            names = self.metric or trial.objectives
            what = "a number" if len(trial.objectives) == 1 else "a list of numbers"
            raise CommandError(
                f"{shlex.join(argv)} printed no result; expected a line that is {what}, or JSON "
                "such as "
                f"{{{', '.join(f'{json.dumps(name)}: ...' for name in names)}}}; "
                + (f"its last line was {last!r:.200}" if last else "it printed nothing")
            )
        return result

    def _read(
        self, line: str, objectives: Sequence[str]
    ) -> tuple[float | list[float] | None, dict[str, Any]]:
        """The value in a line of output, if any, and what else a JSON object says."""
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            try:
                said = (
                    float(line) if "_" not in line else None
                )  # nan, inf, .5: numbers that are not JSON
            except ValueError:
                said = None
        if not isinstance(said, dict):
            return _numbers(said), {}
        names = self.metric or tuple(objectives)
        rest = {name: v for name, v in said.items() if name not in names}
        for where in (said, said.get("values"), None if self.metric else said.get("value")):
            value = _named(where, names) if isinstance(where, dict) else _numbers(where)
            if value is not None:
                return value, rest
        return None, rest


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _named(said: Mapping[str, Any], names: Sequence[str]) -> float | list[float] | None:
    """The value, or values, of these names, if all are there."""
    return _numbers(said.get(names[0]) if len(names) == 1 else [said.get(name) for name in names])


def _numbers(said: Any) -> float | list[float] | None:
    """What a program said, if it is a number or a list of numbers."""
    if not isinstance(said, list):
        return _number(said)
    found = [v for v in map(_number, said) if v is not None]
    return found if found and len(found) == len(said) else None


def _number(said: Any) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    return float(said) if isinstance(said, float) or abs(said) < 10**300 else None


def _note(trial: Trial, said: Mapping[str, Any]) -> None:
    """Notes what a program says beside its values.

    Raises:
        CommandError: Constraints are no names and values.
        TrialError: A constraint is no number, or a cost is negative or not finite.
    """
    constraints = said.get("constraints") or {}
    tags = said.get("tags")
    cost = _number(said.get("cost"))
    if not isinstance(constraints, dict):
        raise CommandError(
            "expected constraints on results, which are kept at values of at most 0, such as "
            '"constraints": '
            f'{{"size": -1.5}}, got {constraints!r:.200}; print anything else under another name'
        )
    for name, value in constraints.items():
        trial.set_constraint(name, value)
    for name, value in tags.items() if isinstance(tags, dict) else ():
        trial.set_tag(name, value)
    if cost is not None:
        trial.set_cost(cost)


class _Program:
    """A process, its lines as they come, and the tail of its stderr."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        try:
            self.process = subprocess.Popen(
                argv,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except (OSError, ValueError) as e:
            reason = e.strerror if isinstance(e, OSError) and e.strerror else e
            raise CommandError(f"{argv[0]!r} cannot be run: {reason}") from e
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stderr: deque[str] = deque(maxlen=_TAIL)
        self._threads = [
            _reader(self.process.stdout, self._lines.put, lambda: self._lines.put(None)),
            _reader(self.process.stderr, lambda line: self._stderr.append(line.rstrip())),
        ]

    def lines(self) -> Iterator[str]:
        """Its output until it ends; children that it leaves behind are not waited for."""
        while True:
            over = self.process.poll() is not None
            try:
                line = self._lines.get(timeout=_QUIET_S)
            except queue.Empty:
                if over:
                    return
                continue
            if line is None:
                return
            yield line

    def ended(self) -> tuple[int, list[str]]:
        """Its exit status, below zero for a signal, and the last lines of its stderr."""
        status = self.process.wait()
        self._threads[1].join(_QUIET_S)
        return status, [line for line in list(self._stderr) if line]

    def kill(self, grace_s: float) -> None:
        """Ends it and whatever it started: politely, then by force."""
        try:
            mine = psutil.Process(self.process.pid)
            family = [mine, *mine.children(recursive=True)]
        except psutil.Error:
            family = []
        _signal(self.process.pid, family, "SIGTERM")
        _, alive = psutil.wait_procs(family, timeout=grace_s)
        _signal(self.process.pid, alive, "SIGKILL")
        self.process.wait()
        for thread in self._threads:
            thread.join(_QUIET_S)


def _signal(group: int, family: Iterable[psutil.Process], name: str) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # nobody is left
            os.killpg(group, getattr(signal, name))
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.terminate() if name == "SIGTERM" else process.kill()


def _reader(
    stream: IO[str] | None, take: Callable[[str], None], end: Callable[[], None] = lambda: None
) -> threading.Thread:
    def read() -> None:
        assert stream is not None
        with stream:
            for line in stream:
                take(line)
        end()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


@contextlib.contextmanager
def _running(argv: Sequence[str], env: Mapping[str, str], grace_s: float) -> Iterator[_Program]:
    """A program that does not outlive an exception, Ctrl-C included."""
    program = _Program(argv, env)
    try:
        yield program
    except BaseException:
        program.kill(grace_s)
        raise


class Script:
    """A function in a Python file, loaded by the file's path. It is pickled as its address.

    Each worker loads the file.

    The file's folder comes first on `sys.path`, as for a script, so that its imports work.

    Args:
        path: The file.
        attribute: What to call in it, with the trial; dots reach into it.
        module: Under which name it is imported; the file's stem, unless that is taken.

    Raises:
        CommandError: The file is missing or fails to load, or has no such function.
    """

    def __init__(
        self, path: str | os.PathLike[str], attribute: str = "objective", module: str | None = None
    ) -> None:
        self.path = Path(path).absolute()
        self.attribute = attribute
        loaded = getattr(sys.modules.get(self.path.stem), "__file__", self.path)
        taken = self.path.stem in sys.modules and Path(str(loaded)) != self.path
        self.module = module or (f"luthier_script_{self.path.stem}" if taken else self.path.stem)
        self.function = self._load()

    def _load(self) -> Callable[[Trial], Any]:
        if not self.path.is_file():
            near = find_closest(self.path.name, (p.name for p in self.path.parent.glob("*.py")))
            raise CommandError(
                f"there is no file {self.path}" + (f"; did you mean {near!r}?" if near else "")
            )
        if str(self.path.parent) not in sys.path:
            sys.path.insert(0, str(self.path.parent))
        module = sys.modules.get(self.module)
        if module is None or getattr(module, "__file__", None) != str(self.path):
            spec = importlib.util.spec_from_file_location(self.module, self.path)
            if spec is None or spec.loader is None:
                raise CommandError(f"expected a Python file, got {self.path.name!r}")
            module = sys.modules[self.module] = importlib.util.module_from_spec(spec)
            try:
                spec.loader.exec_module(module)
            except (Exception, SystemExit) as e:
                del sys.modules[self.module]
                lines = [
                    f.lineno
                    for f in traceback.extract_tb(e.__traceback__)
                    if f.filename == str(self.path)
                ]
                where = f" (line {lines[-1]})" if lines else ""
                raise CommandError(
                    f"{self.path.name} could not be loaded: {type(e).__name__}: {e}{where}"
                ) from e
        found: Any = module
        for name in self.attribute.split("."):
            if not hasattr(found, name):
                own = [n for n, v in vars(found).items() if callable(v) and not n.startswith("_")]
                near = find_closest(name, own)
                hint = f"did you mean {near!r}?" if near else f"it has {own}"
                raise CommandError(f"{self.path.name} has no {self.attribute!r}; {hint}")
            found = getattr(found, name)
        if not callable(found):
            raise CommandError(
                f"{self.attribute} in {self.path.name} is no function of a trial: {found!r:.100}"
            )
        function: Callable[[Trial], Any] = found
        return function

    def __call__(self, trial: Trial) -> Any:
        """Calls the function."""
        return self.function(trial)

    def __reduce__(self) -> tuple[type[Script], tuple[str, str, str]]:
        return Script, (str(self.path), self.attribute, self.module)


def read_space(path: str | os.PathLike[str]) -> Space:
    """A space file.

    Raises:
        SpaceError: It cannot be read, or describes no space.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        match Path(path).suffix.lower():
            case ".toml":
                import tomllib

                data: Any = tomllib.loads(text)
            case ".json":
                data = json.loads(text)
            case ".yaml" | ".yml":
                import yaml

                try:
                    data = yaml.safe_load(text)
                except yaml.YAMLError as e:
                    raise ValueError(" ".join(str(e).split())) from None
            case suffix:
                raise SpaceError(
                    f"expected a space file that ends in .yaml, .toml or .json, got {path} "
                    f"({suffix!r})"
                )
        if not isinstance(data, dict) or not data:
            raise SpaceError(f"expected names and their distributions in {path}, got {data!r:.200}")
        return Space.from_json(data)
    except SpaceError:
        raise
    except OSError as e:
        raise SpaceError(f"the space file {path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise SpaceError(f"the space file {path} is not well-formed: {e}") from e
