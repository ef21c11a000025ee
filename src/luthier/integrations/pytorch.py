"""PyTorch: a loop over epochs that reports, ends cleanly, and goes on after a crash or a pause."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import CheckpointError, ReportError, TrialPruned, explain_missing
from ..trial.handle import Trial
from ..validation import check_whole, to_number
from .rounds import is_own, name_origin

try:
    import torch
    from torch import distributed
except ImportError as e:
    raise explain_missing("luthier.integrations.pytorch", "PyTorch", "torch") from e


class Loop:
    """Epochs of one trial: `for epoch in loop`, with `loop.report(value)` in each.

    A trial that was paused, or whose worker died, goes on after its last checkpoint: models,
    optimizers and random numbers are as they were. Where the checkpoint is another trial's, or the
    params have changed, as in `PBT`, an optimizer keeps the settings that it was made with, and
    random numbers are fresh.

    Between processes that train together (`torch.distributed`), the first one reports, and all end
    at the same epoch.

    Args:
        trial: The trial.
        n_epochs: Number of epochs in all, those before a pause or crash included.
        checkpoint_every: After how many epochs the parts are saved; None for never. A scheduler
            that pauses trials needs each epoch.
        prune: Whether the trial ends where the scheduler says so.
        **parts: What is saved, under a name each: models, optimizers, schedules of the learning
            rate, scalers of gradients, and whatever else has `state_dict` and `load_state_dict`.

    Attributes:
        value: What was reported last, for the objective to return; NaN before. Known also where a
            trial goes on after its last epoch, so that none is left.

    Raises:
        ValueError: `n_epochs` or `checkpoint_every` is no whole number above 0.
        CheckpointError: A part has no state to save, or the checkpoint was saved with other parts.
    """

    def __init__(
        self,
        trial: Trial,
        n_epochs: int,
        *,
        checkpoint_every: int | None = 1,
        prune: bool = True,
        **parts: Any,
    ) -> None:
        self.trial = trial
        self.n_epochs = check_whole("n_epochs", n_epochs, 1)
        self.checkpoint_every = checkpoint_every
        if checkpoint_every is not None:
            check_whole("checkpoint_every", checkpoint_every, 1)
        self.prune = prune
        self.parts = parts
        self.value: Any = float("nan")
        self._epoch: int | None = None
        self._check_parts()
        if trial.checkpoint is not None:
            self._load(trial.checkpoint)

    def _check_parts(self) -> None:
        for name, part in self.parts.items():
            if not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
                raise CheckpointError(
                    f"{name} must have state_dict and load_state_dict, as models and optimizers "
                    f"of PyTorch do, got {type(part).__name__}"
                )

    def __iter__(self) -> Iterator[int]:
        """Yield the epochs that are left, the first of all being 1."""
        for epoch in range(int(self.trial.step) + 1, self.n_epochs + 1):
            self._epoch = epoch
            yield epoch
        self._epoch = None

    def report(self, value: Any) -> None:
        """Report the value of an epoch, and save the parts.

        Args:
            value: The objective so far, a number or a tensor of one, or as many as there are
                objectives. Of processes that train together that of the first counts. NaN is
                reported, and ranks last.

        Raises:
            TrialPruned: The scheduler ends the trial, or its turn; let it pass.
            ReportError: It is no number, or no epoch is running.
        """
        epoch = self._epoch
        if epoch is None:
            raise ReportError("loop.report(value) belongs into the block of `for epoch in loop`")
        is_stopped = False
        if rank() == 0:
            every = self.checkpoint_every
            is_saved = every is not None and (epoch % every == 0 or epoch == self.n_epochs)
            number = to_number(value)
            self.value = value if number is None else number
            checkpoint = self._save() if is_saved else None
            self.trial.report(value, epoch, checkpoint=checkpoint)
            is_stopped = self.prune and self.trial.should_stop()
        if share_decision(is_stopped):
            raise TrialPruned

    def _save(self) -> dict[str, Any]:
        """Return what the trial can go on from."""
        return {
            "parts": {name: part.state_dict() for name, part in self.parts.items()},
            "value": self.value,
            "random": _save_random(),
            "origin": name_origin(self.trial),
        }

    def _load(self, checkpoint: Any) -> None:
        """Go on from what `_save` returned, in this trial or another.

        Raises:
            CheckpointError: It holds other parts, or something else.
        """
        if not isinstance(checkpoint, dict) or not checkpoint.keys() >= {"parts", "random"}:
            raise CheckpointError("the checkpoint was not saved by a Loop of PyTorch")
        saved = checkpoint["parts"]
        if saved.keys() != self.parts.keys():
            raise CheckpointError(
                f"the checkpoint holds {', '.join(saved) or 'no parts'}, and the loop has "
                f"{', '.join(self.parts) or 'none'}; give it the same parts"
            )
        self.value = checkpoint["value"]
        goes_on = is_own(self.trial, checkpoint["origin"])
        for name, part in self.parts.items():
            (_load_own if goes_on else _take_over)(part, saved[name])
        if goes_on:
            _load_random(checkpoint["random"])


def seed_all(trial: Trial) -> None:
    """Seed the random numbers of PyTorch, NumPy and Python, for a model that is made afterwards.

    They are the same for the same study seed, trial number and step that the trial goes on from.
    """
    seed = int(trial.rng.integers(2**32))
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (what data sets of others use)
    random.seed(seed)


def _load_own(part: Any, state: Any) -> None:
    part.load_state_dict(state)


def _take_over(part: Any, state: Any) -> None:
    """Load the state of a part of another trial; what params may have set stays as it is."""
    if not isinstance(part, torch.optim.Optimizer):
        if isinstance(part, torch.optim.lr_scheduler.LRScheduler):
            raise CheckpointError(
                "a schedule of the learning rate cannot go on from another trial's, whose rate was "
                "another; leave it out of the loop, and set the rate by the epoch"
            )
        part.load_state_dict(state)
        return
    groups = []
    for group, theirs in zip(part.state_dict()["param_groups"], state["param_groups"], strict=True):
        groups.append(group | {"params": theirs["params"]})
    part.load_state_dict({**state, "param_groups": groups})


def _save_random() -> dict[str, Any]:
    """Return the states of the random numbers of this process."""
    version, words, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "numpy": np.random.get_state(),  # noqa: NPY002
        "python": (version, np.array(words, np.uint32), gauss),
    }


def _load_random(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count() > 0:
        torch.cuda.set_rng_state_all(states["cuda"])
    np.random.set_state(states["numpy"])  # noqa: NPY002
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words.tolist()), gauss))


def _is_shared() -> bool:
    """Whether several processes train together."""
    return bool(distributed.is_available() and distributed.is_initialized())


def rank() -> int:
    """Return which of the processes that train together this one is; 0 where it is alone."""
    return distributed.get_rank() if _is_shared() else 0


def share_decision(is_stopped: bool) -> bool:
    """Return what the first of the processes that train together says."""
    if not _is_shared():
        return is_stopped
    told = [is_stopped]
    distributed.broadcast_object_list(told, src=0)
    return bool(told[0])
