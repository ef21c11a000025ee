"""One turn of a trial, where it runs."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cloudpickle
import msgspec

from .checkpoint import Checkpoint
from .session import Metrics, Session, TrialEnd, begin, report
from .trainable import Trainable, takes_checkpoint_dir, takes_reporter

_OURS = "luthier.compat.ray"


class Turn(msgspec.Struct):
    """What a worker needs to run a trial from here on.

    Attributes:
        config: The configuration, pickled.
        facts: See `Session`.
        checkpoint: Folder to go on from.
        iteration: Reports before.
        time_total_s: Seconds before.
        n_checkpoints: Checkpoints before.
        aliases: Where `import ray` means this library, that module, pickled by its name.
    """

    config: bytes
    facts: dict[str, Any]
    checkpoint: str | None
    iteration: int
    time_total_s: float
    n_checkpoints: int
    aliases: bytes | None


def pack_aliases() -> bytes | None:
    """Return this library's `ray` where `import ray` means it in this process; None otherwise."""
    module = sys.modules.get("ray")
    is_ours = getattr(module, "__name__", None) == _OURS
    return cloudpickle.dumps(module) if is_ours else None


def _set_aliases(packed: bytes) -> None:
    """Let `import ray` mean this library in this process."""
    cloudpickle.loads(packed)  # which imports it
    for name in [n for n in sys.modules if n.startswith(_OURS)]:
        sys.modules[f"ray{name.removeprefix(_OURS)}"] = sys.modules[name]


def run_in_process(trainable: bytes, turn: Turn) -> Any:
    """Run a turn in a worker process.

    Args:
        trainable: A function or class, pickled.
        turn: What to run.

    Returns:
        What the function returned, pickled.
    """
    from ....executors.worker import call

    def send(metrics: Metrics, folder: str | None) -> str:
        return str(call("report", cloudpickle.dumps(metrics), folder))

    if turn.aliases is not None and "ray" not in sys.modules:
        _set_aliases(turn.aliases)
    with _inside(turn.facts["trial_dir"], turn.facts["works_in_folder"]):
        return cloudpickle.dumps(_run(cloudpickle.loads(trainable), turn, send, in_thread=False))


def run_here(trainable: Any, turn: Turn, send: Callable[[Metrics, str | None], str]) -> Any:
    """Run a turn in this thread."""
    return _run(trainable, turn, send, in_thread=True)


@contextlib.contextmanager
def _inside(folder: str, works_in_it: bool | None) -> Iterator[None]:
    """Work in the folder of the trial, as Ray Tune does."""
    before = os.getcwd()
    os.environ["TUNE_ORIG_WORKING_DIR"] = before
    if before not in sys.path:
        sys.path.append(before)
    if works_in_it is None:
        works_in_it = os.environ.get("RAY_CHDIR_TO_TRIAL_DIR", "1") != "0"
    if works_in_it:
        os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run(
    trainable: Any, turn: Turn, send: Callable[[Metrics, str | None], str], in_thread: bool
) -> Any:
    checkpoint = None if turn.checkpoint is None else Checkpoint(turn.checkpoint)
    session = Session(
        send, turn.facts, checkpoint, turn.iteration, turn.time_total_s, turn.n_checkpoints
    )
    config = cloudpickle.loads(turn.config)
    begin(session, in_thread)
    try:
        if inspect.isclass(trainable) and issubclass(trainable, Trainable):
            return _train(trainable, config, session)
        return _call(trainable, config, session)
    except TrialEnd:
        return None
    finally:
        begin(None, in_thread)


def _call(function: Any, config: Any, session: Session) -> Any:
    """Run a function to its end; what it returns or yields is reported."""
    before = None if session.checkpoint is None else session.checkpoint.path
    if takes_checkpoint_dir(function):
        result = function(config, checkpoint_dir=before)
    elif takes_reporter(function):
        result = function(config, reporter=report)
    else:
        result = function(config)
    if inspect.isgenerator(result):
        for metrics in result:
            _report_returned(metrics, session)
    elif result is not None:
        _report_returned(result, session)
    return result if isinstance(result, dict | int | float) else None


def _report_returned(result: Any, session: Session) -> None:
    if isinstance(result, Mapping):
        session.report(result)
    elif isinstance(result, int | float) or hasattr(result, "__float__"):
        session.report({"_metric": float(result)})


def _train(kind: type[Trainable], config: Any, session: Session) -> None:
    """Train an object step by step, until the run says stop or pause."""
    start = session.checkpoint
    trained = kind(config)
    try:
        if start is not None:
            trained.restore(start.path)
        while True:
            result = trained.train()
            answer = session.send(result, None)
            while answer == "save":
                folder = trained.save(session.next_folder()).path
                answer = session.send(result, folder)
            if answer in ("stop", "pause") or result.get("done"):
                return
    finally:
        trained.stop()
