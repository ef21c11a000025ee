"""River: its detectors of change, each for one stream of numbers of a model in production."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import LifecycleError, explain_missing, find_closest
from ..lifecycle import Alarm
from ..typing import Array
from ..validation import show

try:
    from river import base, drift
except ImportError as e:
    raise explain_missing("luthier.integrations.river", "river", "drift") from e

_N_LATEST = 100  # numbers whose mean an alarm tells


class RiverDetector:
    """One of river's detectors, which watches one stream of numbers: losses, answers, a column.

    Its false alarms are in no budget, as those of `luthier.lifecycle.Monitor` are, and it finds a
    fall as well as a rise. So its alarm accuses nobody (`Alarm.is_harm` is false). Where it shall
    begin an attempt, pass it on: `on_alarm=[lambda alarm: retuner.suspect(alarm.because)]`.

    Args:
        name: Its class in `river.drift` or `river.drift.binary`: "ADWIN", "PageHinkley", "DDM", ...
        of: What is watched, for the name of the alarm.
        on_alarm: Functions that are called with the alarm as it begins.
        **settings: Of the class.

    Raises:
        LifecycleError: River has no such detector, or that has no such setting.
    """

    def __init__(
        self,
        name: str,
        *,
        of: str = "the losses",
        on_alarm: Sequence[Callable[[Alarm], Any]] = (),
        **settings: Any,
    ) -> None:
        kind = _find_class(name)
        try:
            self._detector = kind(**settings)
        except (TypeError, ValueError) as e:
            raise LifecycleError(f"river's {name} does not take {settings}: {e}") from e
        self.name = name
        self.of = of
        self.alarm: Alarm | None = None
        self._is_binary = issubclass(kind, base.BinaryDriftDetector)
        self._on_alarm = list(on_alarm)
        self._n = 0
        self._sum = 0.0
        self._latest: deque[float] = deque(maxlen=_N_LATEST)

    @property
    def n_values(self) -> int:
        """How many numbers it has seen."""
        return self._n

    def observe(self, values: Sequence[float] | Array) -> None:
        """Note numbers, in the order in which they came.

        Raises:
            LifecycleError: One is none, or not 0 or 1 for a detector of `river.drift.binary`;
                nothing is noted.
        """
        for x in self._check(values):
            self._n += 1
            self._sum += x
            self._latest.append(x)
            self._detector.update(bool(x) if self._is_binary else x)
            if self._detector.drift_detected and self.alarm is None:
                self._begin()

    def acknowledge(self) -> None:
        """End the alarm by hand; the detector begins anew.

        Raises:
            LifecycleError: There is no alarm.
        """
        if self.alarm is None:
            raise LifecycleError(f"there is no alarm of {self.name}")
        self.alarm = None
        self._detector = self._detector.clone()

    def _check(self, values: Sequence[float] | Array) -> list[float]:
        try:
            x = np.asarray(values, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            raise LifecycleError(f"expected numbers of {self.of}, got {show(values)}") from None
        bad = ~np.isin(x, (0, 1)) if self._is_binary else ~np.isfinite(x)
        if bad.any():
            expected = "0 or 1" if self._is_binary else "finite numbers"
            raise LifecycleError(f"{self.name} takes {expected} of {self.of}, got {x[bad][0]}")
        return list(map(float, x))

    def _begin(self) -> None:
        n_before = self._n - len(self._latest)
        evidence = {"mean of the latest": float(np.mean(self._latest))}
        because = f"river's {self.name} found a change: the latest {len(self._latest)} have mean "
        because += f"{evidence['mean of the latest']:.4g}"
        if n_before:
            evidence["mean before"] = (self._sum - sum(self._latest)) / n_before
            because += f", the {n_before} before {evidence['mean before']:.4g}"
        self.alarm = Alarm(
            name=f"drift of {self.of}", at_row=self._n, because=because, evidence=evidence
        )
        for call in self._on_alarm:
            call(self.alarm)


def _find_class(name: object) -> Any:
    """Return the class of a detector by its name."""
    found = {
        key: kind
        for module in (drift, drift.binary)
        for key, kind in vars(module).items()
        if isinstance(kind, type)
        and issubclass(kind, base.DriftDetector | base.BinaryDriftDetector)
    }
    if name not in found:
        near = find_closest(str(name), sorted(found))
        hint = f"did you mean {near!r}? " if near else ""
        raise LifecycleError(f"river has no detector {name!r}; {hint}there are {sorted(found)}")
    return found[name]
