"""What a library that trains in rounds tells a trial after each of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import CheckpointError, ReportError, TrialPruned, find_closest
from ..trial.direction import find_wrong_direction
from ..trial.handle import Trial
from ..validation import check_whole


class Measured(NamedTuple):
    """One metric after a round.

    Attributes:
        value: Its value.
        maximize: Whether larger is better, where the library knows it.
    """

    value: float
    maximize: bool | None = None


class Rounds:
    """Reports of one trial, round by round.

    Args:
        trial: The trial.
        metric: The metric that is reported, as "data set-metric"; None where there is only one.
        every: Of how many rounds one is reported; the scheduler is asked each time.
        prune: Whether the trial ends where the scheduler says so.
        checkpoint_every: After how many rounds the model is saved, to go on from; None for never.

    Attributes:
        value: Of the metric, as it was last measured; NaN before.

    Raises:
        ValueError: `every` or `checkpoint_every` is no whole number above 0.
    """

    def __init__(
        self,
        trial: Trial,
        metric: str | None,
        every: int,
        prune: bool,
        checkpoint_every: int | None,
    ) -> None:
        self.trial = trial
        self.metric = metric
        self.every = check_whole("every", every, 1)
        self.prune = prune
        self.checkpoint_every = checkpoint_every
        if checkpoint_every is not None:
            check_whole("checkpoint_every", checkpoint_every, 1)
        self.value = float("nan")

    def take(
        self,
        measured: Mapping[str, Measured],
        step: int,
        save: Callable[[str], Any] | None = None,
        make_checkpoint: Callable[[], Any] | None = None,
        is_first: bool = True,
    ) -> None:
        """Take a round in.

        Args:
            measured: The metrics, as "data set-metric".
            step: Number of rounds so far.
            save: Writes the model to a path; None in a cross-validation, which has several.
            make_checkpoint: Makes a checkpoint of arrays, instead of `save`.
            is_first: Whether this is the first of the processes that train together; the others
                save along, and report nothing.

        Raises:
            TrialPruned: The scheduler ends the trial, or its turn.
            ReportError: There is no such metric, the study has the other direction, or several
                models are to be saved.
        """
        is_saved = self.checkpoint_every is not None and step % self.checkpoint_every == 0
        if step % self.every and not is_saved:
            return
        value = self.pick(measured)
        if is_saved and make_checkpoint is not None:
            self._report(value, step, make_checkpoint(), is_first)
        elif is_saved:
            if save is None:
                raise ReportError(
                    "checkpoint_every saves one model, and a cross-validation has several; leave "
                    "it out"
                )
            with tempfile.TemporaryDirectory(prefix="luthier-") as folder:
                file = Path(folder, "model.json")
                save(str(file))
                self._report(value, step, file, is_first)
        else:
            self._report(value, step, None, is_first)
        if is_first and self.prune and self.trial.should_stop():
            raise TrialPruned

    def _report(self, value: float, step: int, checkpoint: Any, is_first: bool) -> None:
        if is_first:
            self.trial.report(value, step, checkpoint=checkpoint)

    def pick(self, measured: Mapping[str, Measured]) -> float:
        """Return the value of the metric, and remember it.

        Raises:
            ReportError: There is no such metric, or the study has the other direction.
        """
        listing = ", ".join(map(repr, measured)) or "none: pass data to evaluate on"
        name = self.metric
        if name is None:
            if len(measured) != 1:
                raise ReportError(f"metric= names one of those that are measured: {listing}")
            name = next(iter(measured))
        if name not in measured:
            near = find_closest(name, measured)
            hint = "" if near is None else f"; did you mean {near!r}?"
            raise ReportError(
                f"metric {name!r:.200} is not measured; those that are: {listing}{hint}"
            )
        self._check_direction(name, measured[name].maximize)
        self.value = float(measured[name].value)
        return self.value

    def _check_direction(self, name: str, maximize: bool | None) -> None:
        """Refuse a metric that is better where the study's values are worse."""
        if maximize is None:
            return
        wrong = find_wrong_direction(self.trial, name, "maximize" if maximize else "minimize")
        if wrong is not None:
            raise ReportError(wrong)


def name_origin(trial: Trial) -> str:
    """Return whose checkpoint one is that the trial saves, and with which params, as text."""
    return f"{trial.number} {sorted(trial.params.items())!r}"


def is_own(trial: Trial, origin: str) -> bool:
    """Whether a trial goes on from what it has saved itself, with the same params.

    Args:
        trial: The trial that is to go on.
        origin: What `name_origin` said where the checkpoint was saved.
    """
    return origin == name_origin(trial)


def check_origin(trial: Trial, origin: str, library: str) -> None:
    """Refuse a checkpoint of other params, where a library would put their learning rate back.

    Args:
        trial: The trial that is to go on.
        origin: What `name_origin` said where the checkpoint was saved.
        library: Its name.

    Raises:
        CheckpointError: It is another trial's, or params have changed since.
    """
    if not is_own(trial, origin):
        raise CheckpointError(
            f"trial {trial.number} is to go on from a checkpoint that was saved with other params, "
            f"and {library} would put back the settings of its optimizer too; take a scheduler "
            "that changes no params, such as ASHA, or the loop of luthier.integrations.pytorch"
        )
