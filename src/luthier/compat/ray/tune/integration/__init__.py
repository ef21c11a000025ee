"""Callbacks of training libraries that report to the trial they run in, by Ray Tune's paths.

The files beside this one import nothing above `ray`, so that they load where `import ray` means
this library, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .....errors import CompatError, MissingDependencyError, explain_missing
from ..checkpoint import Checkpoint
from ..session import report

Names = str | Sequence[str] | Mapping[str, str] | None
Hooks = str | Sequence[str]

__all__ = ["Booster", "Hooks", "Names", "choose", "missing", "read_hooks", "report_with"]


def missing(path: str, package: str, extra: str) -> MissingDependencyError:
    """Return the error of a file whose library is not installed."""
    return explain_missing(f"ray.{path}", package, extra)


def choose(metrics: Names, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics by the names that the user wants.

    Args:
        metrics: Names, or own name to name; None for all.
        found: What the library tells.

    Raises:
        CompatError: One of them is not there.
    """
    if not metrics:
        return dict(found)
    wanted = {metrics: metrics} if isinstance(metrics, str) else metrics
    pairs = wanted.items() if isinstance(wanted, Mapping) else [(m, m) for m in wanted]
    absent = [name for _, name in pairs if name not in found]
    if absent:
        raise CompatError(f"there is no metric {absent}, only {sorted(found)}")
    return {mine: found[name] for mine, name in pairs}


def report_with(metrics: Mapping[str, Any], save: Callable[[Path], Any] | None) -> None:
    """Report metrics, with the checkpoint that a function writes to a folder; None for none."""
    if save is None:
        report(metrics)
        return
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder))
        report(metrics, checkpoint=Checkpoint(folder))


def read_hooks(on: Hooks, known: Iterable[str]) -> set[str]:
    """Return the names of a library's hooks, without "on_".

    Raises:
        ValueError: It has no such hook.
    """
    wanted = {on} if isinstance(on, str) else set(on)
    if not wanted <= set(known):
        raise ValueError(f"hooks are of {sorted(known)}, got {sorted(wanted - set(known))}")
    return wanted


class Booster:
    """Reports after each round of boosting.

    Args:
        metrics: Names of metrics, or own name to name; None for all.
        filename: File of the model in checkpoints; None for `CHECKPOINT_NAME`.
        frequency: A checkpoint at each so many rounds; 0 for none on the way.
        checkpoint_at_end: Whether there is one after the last round.
        results_postprocessing_fn: Changes metrics before they are reported.
    """

    CHECKPOINT_NAME = "model"

    def __init__(
        self,
        metrics: Names = None,
        filename: str | None = None,
        frequency: int = 5,
        checkpoint_at_end: bool = True,
        results_postprocessing_fn: Any = None,
    ) -> None:
        self._metrics = metrics
        self._filename = filename or self.CHECKPOINT_NAME
        self._frequency = frequency
        self._at_end = checkpoint_at_end
        self._change = results_postprocessing_fn

    def is_due(self, n_rounds: int) -> bool:
        """Whether a checkpoint is due after so many rounds."""
        return self._frequency > 0 and n_rounds % self._frequency == 0

    def tell(self, found: Mapping[str, Any], model: Any, with_checkpoint: bool) -> None:
        """Report the metrics of a round."""
        chosen = choose(self._metrics, found)
        metrics = self._change(chosen) if self._change else chosen

        def save(folder: Path) -> None:
            model.save_model(str(folder / self._filename))

        report_with(metrics, save if with_checkpoint else None)
