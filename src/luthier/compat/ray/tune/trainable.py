"""`Trainable` classes, and functions with data and resources bound to them."""

from __future__ import annotations

import functools
import inspect
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ....checkpoints.packing import pack, unpack
from ....errors import CompatError
from ...remarks import refuse, warn_without_effect
from .checkpoint import Checkpoint
from .errors import SettingError
from .session import Session, find_session, get_trial_resources

_STATE = "trainable_state.npz"


class Trainable:
    """A model that trains step by step; subclasses override `setup`, `step` and the checkpoints.

    Args:
        config: The configuration.
        logger_creator: Without effect.
        storage: Without effect.
    """

    def __init__(
        self,
        config: dict[str, Any] | None = None,
        logger_creator: Any = None,
        storage: Any = None,
    ) -> None:
        for name, given in (("logger_creator", logger_creator), ("storage", storage)):
            if given is not None:
                warn_without_effect(f"{name} of ray's Trainable", "the run writes the folders.")
        self.config = config or {}
        session = find_session()
        self._session = session or Session(lambda metrics, folder: "continue", _ALONE)
        self.setup(self.config)

    # -- what subclasses override -----------------------------------------------------------------

    def setup(self, config: dict[str, Any]) -> None:
        """Build what is trained."""

    def step(self) -> dict[str, Any]:
        """Train one step; return its metrics."""
        raise NotImplementedError(f"{type(self).__name__} needs a method step()")

    def save_checkpoint(self, checkpoint_dir: str) -> Any:
        """Write what is trained to a folder; or return it, as a dict."""
        raise NotImplementedError(f"{type(self).__name__} needs save_checkpoint(checkpoint_dir)")

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Read what `save_checkpoint` wrote: from the folder, or the dict that it returned."""
        raise NotImplementedError(f"{type(self).__name__} needs load_checkpoint(checkpoint)")

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another configuration without being built anew; return whether that worked."""
        return False

    def cleanup(self) -> None:
        """Release what is held, at the end."""

    def log_result(self, result: dict[str, Any]) -> None:
        """See a result that was reported."""

    @classmethod
    def default_resource_request(cls, config: dict[str, Any]) -> Any:
        """Return what a trial needs; None for one core."""
        return None

    # -- what the run calls -----------------------------------------------------------------------

    def train(self) -> dict[str, Any]:
        """Train one step; return its metrics with what is added to each report.

        Raises:
            CompatError: step() returned no dict.
        """
        metrics = self.step()
        if not isinstance(metrics, Mapping):
            raise CompatError(f"step() must return a dict of metrics, got {metrics!r:.200}")
        result = self._session.complete(metrics)
        self.log_result(result)
        return result

    def train_buffered(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        """Train one step; return its metrics in a list."""
        return [self.train()]

    def save(self, checkpoint_dir: str | None = None) -> Checkpoint:
        """Write a checkpoint to a folder.

        Raises:
            CheckpointError: `save_checkpoint` returned a dict with other things than dicts, lists,
                text, numbers, arrays and tensors: write those to files.
        """
        folder = checkpoint_dir or tempfile.mkdtemp(prefix="checkpoint_")
        os.makedirs(folder, exist_ok=True)
        state = self.save_checkpoint(folder)
        kept = {
            "iteration": self._session.iteration,
            "time_total_s": self._session.time_total_s,
            "state": state if isinstance(state, Mapping) else None,
            "file": os.path.relpath(state, folder) if isinstance(state, str) else None,
        }
        Path(folder, _STATE).write_bytes(pack(kept))
        return Checkpoint(folder)

    def restore(self, checkpoint_path: Any) -> None:
        """Read a checkpoint that `save` wrote."""
        folder = os.fspath(checkpoint_path)
        kept = unpack(Path(folder, _STATE).read_bytes())
        self._session.iteration = kept["iteration"]
        self._session.time_total_s = kept["time_total_s"]
        if kept["state"] is not None:
            self.load_checkpoint(kept["state"])
        elif kept["file"] not in (None, "."):
            self.load_checkpoint(os.path.join(folder, kept["file"]))
        else:
            self.load_checkpoint(folder)

    def reset(self, new_config: dict[str, Any], *_: Any, **__: Any) -> bool:
        """Take another configuration, where `reset_config` can."""
        done = self.reset_config(new_config)
        if done:
            self.config = new_config
        return bool(done)

    def stop(self) -> None:
        """Release what is held."""
        self.cleanup()

    @property
    def iteration(self) -> int:
        """How many steps were trained."""
        return self._session.iteration

    training_iteration = iteration

    @property
    def logdir(self) -> str:
        """The folder of the trial."""
        return str(self._session.facts["trial_dir"])

    @property
    def trial_id(self) -> str:
        """The id of the trial."""
        return str(self._session.facts["trial_id"])

    @property
    def trial_name(self) -> str:
        """The name of the trial."""
        return str(self._session.facts["trial_name"])

    @property
    def trial_resources(self) -> Any:
        """What the trial may use."""
        return get_trial_resources()

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return self.config


_ALONE = {"trial_id": "default", "trial_name": "default", "trial_dir": tempfile.gettempdir()}


def with_parameters(trainable: Any, **kwargs: Any) -> Any:
    """Bind objects of any size to a trainable, which travel once to each worker.

    Args:
        trainable: A function (config, **kwargs), or a class whose setup takes (config, **kwargs).
        kwargs: The objects.

    Raises:
        SettingError: It is neither, or a class of no `Trainable`.
    """
    if inspect.isclass(trainable):
        if not issubclass(trainable, Trainable):
            raise SettingError(f"with_parameters takes a Trainable, got {trainable!r}")
        bound = type(trainable.__name__, (trainable,), {"setup": _Setup(trainable, kwargs).bind()})
        bound.__module__ = trainable.__module__
        return bound
    if not callable(trainable):
        raise SettingError(f"with_parameters takes a function or a class, got {trainable!r}")

    @functools.wraps(trainable)
    def bound_function(config: Any, *args: Any) -> Any:
        return trainable(config, *args, **kwargs)

    if not takes_checkpoint_dir(trainable):
        return _keep_resources(trainable, bound_function)

    @functools.wraps(trainable)
    def bound_old(config: Any, checkpoint_dir: Any = None) -> Any:
        return trainable(config, checkpoint_dir=checkpoint_dir, **kwargs)

    return _keep_resources(trainable, bound_old)


class _Setup:
    """A setup that is called with more arguments.

    Args:
        trainable: The class.
        kwargs: The arguments.
    """

    def __init__(self, trainable: Any, kwargs: dict[str, Any]) -> None:
        self.trainable = trainable
        self.kwargs = kwargs

    def bind(self) -> Callable[[Any, dict[str, Any]], None]:
        """Return the method."""
        trainable, kwargs = self.trainable, self.kwargs

        def setup(self: Any, config: dict[str, Any]) -> None:
            trainable.setup(self, config, **kwargs)

        return setup


def _keep_resources(before: Any, after: Any) -> Any:
    if hasattr(before, "tune_resources"):
        after.tune_resources = before.tune_resources
    return after


def with_resources(trainable: Any, resources: Any) -> Any:
    """Say what each trial of a trainable needs.

    Args:
        trainable: A function or a `Trainable` class.
        resources: A dict such as {"cpu": 2, "gpu": 0.5}, a `PlacementGroupFactory`, or a function
            of the configuration that returns one.
    """
    if inspect.isclass(trainable):
        made = type(
            trainable.__name__,
            (trainable,),
            {"tune_resources": staticmethod(resources)}
            if inspect.isfunction(resources)
            else {"tune_resources": resources},
        )
        made.__module__ = trainable.__module__
        return made

    if takes_checkpoint_dir(trainable):

        @functools.wraps(trainable)
        def old(config: Any, checkpoint_dir: Any = None) -> Any:
            return trainable(config, checkpoint_dir=checkpoint_dir)

        old.tune_resources = resources  # type: ignore[attr-defined]
        return old

    @functools.wraps(trainable)
    def wrapped(config: Any, *args: Any) -> Any:
        return trainable(config, *args)

    wrapped.tune_resources = resources  # type: ignore[attr-defined]
    return wrapped


def validate_save_restore(
    trainable_cls: type[Trainable], config: dict[str, Any] | None = None, num_gpus: int = 0
) -> bool:
    """Check that a trainable goes on from its checkpoint; it trains five steps.

    Args:
        trainable_cls: The class.
        config: The configuration.
        num_gpus: The same whatever it is: it trains in this process.

    Raises:
        CompatError: What went on is not at the step where the checkpoint was.
    """
    first, second = trainable_cls(dict(config or {})), trainable_cls(dict(config or {}))
    for _ in range(3):
        first.train()
    second.restore(first.save())
    for expected in (4, 5):
        iteration = second.train()["training_iteration"]
        if iteration != expected:
            raise CompatError(
                f"after its checkpoint {trainable_cls.__name__} is at iteration {iteration}, not "
                f"{expected}: load_checkpoint and step() must not change training_iteration"
            )
    return True


def takes_checkpoint_dir(function: Any) -> bool:
    """Whether a function asks for a checkpoint as Ray Tune had it before 2.0."""
    return _takes(function, "checkpoint_dir")


def takes_reporter(function: Any) -> bool:
    """Whether a function asks for a function to report with, as Ray Tune had it before 1.0."""
    return _takes(function, "reporter")


def _takes(function: Any, name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def name_of(trainable: Any) -> str:
    """Return the name of a trainable."""
    if isinstance(trainable, functools.partial):
        return name_of(trainable.func)
    return str(getattr(trainable, "__name__", type(trainable).__name__))


_registered: dict[str, Any] = {}


def register_trainable(name: str, trainable: Any, warn: bool = True) -> None:
    """Give a trainable a name, by which `run` and `Tuner` find it."""
    _registered[name] = trainable


def find_trainable(trainable: Any) -> Any:
    """Return a trainable, of itself or of its name.

    Raises:
        CompatError: It is none.
    """
    if isinstance(trainable, str):
        if trainable not in _registered:
            raise refuse(
                f"the trainable {trainable!r}",
                "No trainable has this name: pass the function or class itself. "
                "RLlib's algorithms need Ray.",
            )
        return _registered[trainable]
    if inspect.isclass(trainable) and not issubclass(trainable, Trainable):
        raise SettingError(f"a class that is tuned is a Trainable, got {trainable!r}")
    if not callable(trainable):
        raise refuse(
            f"tuning {type(trainable).__name__}",
            "Pass a function or a class Trainable; a Trainer of Ray needs Ray.",
        )
    return trainable
