"""A monitor that the retuner looks at, whose state survives the process.

The state is an event of the model's log. It is written when alarms begin or end, and once a window
of rows or labels; `Monitor.n_rows` and `n_labels` say from where a process that was killed feeds it
again.
"""

from __future__ import annotations

from typing import Any

from ..registry.log import Draft
from ..registry.registry import CHAMPION, Registry
from .monitor import Alarm, Monitor

_SUBJECT = "monitor"


class Watch:
    """Looks at the monitor of one model.

    Args:
        registry: The registry.
        model: Name of the model.
    """

    def __init__(self, registry: Registry, model: str) -> None:
        self.registry = registry
        self.model = model
        self._monitor: Monitor | None = None
        self._event = -1  # the latest that is known
        self._saved: tuple[int, int, set[str]] = (0, 0, set())  # rows, labels, alarms

    def look(self, actions: Any, answered: tuple[int, int] | None) -> tuple[int, Alarm] | None:
        """Feed the monitor, save its state, and return what accuses the model.

        Args:
            actions: May have a `monitor`, and `feed(monitor)`.
            answered: The champion and the label of the alarm that began the latest attempt, which
                is over: that alarm is ended.

        Returns:
            The number of the champion and the alarm that is harm; None for none.

        Raises:
            RegistryConflictError: Another process has saved its monitor meanwhile; the next call
                goes on from there.
            LifecycleError: What was saved is no state of a monitor.
        """
        monitor: Monitor | None = getattr(actions, "monitor", None)
        if monitor is None:
            return None
        champion = self.registry.aliases(self.model).get(CHAMPION, 0)
        self._restore(monitor, champion)
        if feed := getattr(actions, "feed", None):
            feed(monitor)
        for alarm in list(monitor.alarms.values()):
            if alarm.is_harm and (champion, alarm.at_row) == answered:
                monitor.acknowledge(alarm.name)
        self._save(monitor, champion)
        return next(((champion, a) for a in monitor.alarms.values() if a.is_harm), None)

    def _restore(self, monitor: Monitor, champion: int) -> None:
        """Go on from the latest state, where it is another one's and of this champion."""
        event = self.registry.record(self.model, _SUBJECT)
        number = -1 if event is None else event.number
        if monitor is self._monitor and number == self._event:
            return
        if event is not None and event.after["champion"] == champion:
            monitor.restore(event.after["state"])
        self._monitor, self._event = monitor, number
        self._saved = (monitor.n_rows, monitor.n_labels, set(monitor.alarms))

    def _save(self, monitor: Monitor, champion: int) -> None:
        rows, labels, alarms = self._saved
        is_due = max(monitor.n_rows - rows, monitor.n_labels - labels) >= monitor.window
        if alarms == set(monitor.alarms) and not is_due:
            return
        begun = [a for name, a in monitor.alarms.items() if name not in alarms]
        draft = Draft(
            action="alarm" if begun else "watched",
            subject=_SUBJECT,
            after={"champion": champion, "state": monitor.save()},
            reason="; ".join(f"{a.name}: {a.because}" for a in begun),
        )
        self._event = self.registry.note(self.model, draft, expected=self._event).number
        self._saved = (monitor.n_rows, monitor.n_labels, set(monitor.alarms))
