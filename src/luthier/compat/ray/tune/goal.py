"""What a run compares: its metrics and modes, as given or as the first report tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....errors import CompatError
from ....terminal import logger
from .errors import SettingError
from .param_space import find_numbers, flatten
from .result import AUTO_RESULT_KEYS

_UP = ("acc", "auc", "f1", "r2", "score", "reward", "precision", "recall")
_DOWN = ("loss", "err", "rmse", "mse", "mae")
# What reports have beside metrics.
ADDED = {*AUTO_RESULT_KEYS, "epoch", "step", "iteration"}


def mode_of(metric: str) -> str | None:
    """Return whether a metric is made larger or smaller, by its name; None where that is open."""
    name = metric.lower()
    up, down = (any(word in name for word in words) for words in (_UP, _DOWN))
    return None if up == down else "max" if up else "min"


class Goal:
    """The metrics that are compared, and which way is better.

    Attributes:
        metrics: Their names.
        is_required: Whether a report without them is an error.

    Args:
        metric: A metric, several, or None where the first report is to tell.
        mode: "min" or "max", one for each metric, or None where names are to tell.

    Raises:
        SettingError: A mode is neither; or there are more modes than metrics.
    """

    def __init__(self, metric: Any, mode: Any) -> None:
        self.metrics: list[str] = _as_list(metric)
        self.is_required = bool(self.metrics)
        modes: list[Any] = _as_list(mode)
        for m in modes:
            if m not in ("min", "max"):
                raise SettingError(f"mode is 'min' or 'max', got {m!r}")
        if self.metrics and len(modes) not in (0, 1, len(self.metrics)):
            raise SettingError(f"there are {len(self.metrics)} metrics and {len(modes)} modes")
        self._mode = modes[0] if len(modes) == 1 else None
        self.modes: list[str] = []
        if self.metrics:
            self.modes = modes if len(modes) == len(self.metrics) else self._read_modes()

    @property
    def metric(self) -> str | None:
        """The metric, where there is one."""
        return self.metrics[0] if len(self.metrics) == 1 else None

    @property
    def mode(self) -> str | None:
        """The mode, where there is one metric."""
        return self.modes[0] if len(self.modes) == 1 else None

    def _read_modes(self) -> list[str]:
        if self._mode is not None:
            return [self._mode] * len(self.metrics)
        modes = [mode_of(metric) for metric in self.metrics]
        for metric, mode in zip(self.metrics, modes, strict=True):
            if mode is None:
                raise CompatError(
                    f"pass mode='min' or mode='max': the name of the metric {metric!r} does not "
                    "tell whether it is to be small or large"
                )
        known = [str(mode) for mode in modes]
        for metric, mode in zip(self.metrics, known, strict=True):
            logger.warning("no mode was given: %r is taken with mode=%r", metric, mode)
        return known

    def learn(self, result: Mapping[str, Any], is_needed: bool) -> None:
        """Take the metric of a report, where none was given and it has one alone.

        Args:
            result: The report.
            is_needed: Whether something compares trials.

        Raises:
            CompatError: It is needed, and the report does not decide it.
        """
        if self.metrics:
            return
        names = [
            name
            for name, _ in find_numbers(result)
            if name not in ADDED and not name.startswith("config/")
        ]
        decides = len(names) == 1 and (self._mode or mode_of(names[0])) is not None
        if decides:
            self.metrics = names
            self.modes = [str(self._mode or mode_of(names[0]))]
            self.is_required = is_needed
            logger.warning(
                "no metric and mode were given: %r is taken with mode=%r", names[0], self.modes[0]
            )
        elif is_needed:
            raise CompatError(
                f"pass metric= and mode=: trials reported {names}, which does not tell what is "
                "compared"
            )

    def losses(self, result: Mapping[str, Any]) -> list[float] | None:
        """Return the metrics of a report, signed so that smaller is better; None where unknown.

        Raises:
            CompatError: A metric is not in the report, and is required.
        """
        flat = flatten(result)
        if not self.metrics or (not self.is_required and self.metrics[0] not in flat):
            return None
        for metric in self.metrics:
            if metric not in flat:
                raise CompatError(
                    f"the run compares {metric!r}, which the trial did not report: "
                    f"{sorted(k for k in flat if k not in ADDED and not k.startswith('config/'))}"
                )
        pairs = zip(self.metrics, self.modes, strict=True)
        return [float(flat[m]) * (1 if mode == "min" else -1) for m, mode in pairs]


def _as_list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]
