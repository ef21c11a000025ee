"""Webhook: messages about a study for a chat or a service of yours."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from ..errors import find_closest
from ..passwords import hide_passwords
from ..posting import Poster, PostError
from ..trial.record import State, TrialRow
from ..validation import to_json_types
from ..wording import count_of, list_params, to_six_digits
from .tracking import Ending, StudyInfo, Tracker, first_line, name_values

Event = Literal["best", "failed", "finished"]
_BROKEN_OFF = "it ended by"


class Webhook(Tracker):
    """Sends a message when a trial is the best so far, when trials fail, and at the end.

    The message is JSON, sent by POST: "event" ("best", "failed" or "finished"), "study", "time",
    "text" in words, and with a trial its "trial", "values" and "params". Slack, Mattermost and
    Teams show the text.

    It is sent in a thread of its own, and again for a minute where the host is away or busy; what
    cannot be sent is logged and left out. The host is the one in the URL: where it refers to
    another, nothing is sent there. Of the URL only the host is logged.

    Failures are told for the 1st, 2nd, 4th, 8th ... failed trial.

    Args:
        url: Where to, with http or https.
        events: What is told: "best", "failed", "finished".
        headers: Headers of the request, such as {"Authorization": "Bearer ..."}.
        shape: Makes another message of it, for services that expect one: a function of the message
            that returns what is sent as JSON.
        within_s: For how long a message is tried again, in seconds.
        wait_s: How long the end waits for messages that are left, in seconds.

    Raises:
        ValueError: The URL is none of http or https, or holds a password; or there is no such
            event.
    """

    def __init__(
        self,
        url: str,
        events: Collection[Event] = get_args(Event),
        headers: Mapping[str, str] | None = None,
        shape: Callable[[dict[str, Any]], Any] | None = None,
        within_s: float = 60.0,
        wait_s: float = 10.0,
    ) -> None:
        self._poster = Poster(url, headers)
        self._events = _check_events(events)
        self._shape = shape
        self._n_failed_trials: dict[str, int] = {}
        super().__init__(f"webhook {self._poster.host}", _may_pass, within_s, wait_s)

    def __repr__(self) -> str:
        return f"Webhook({self._poster.host!r})"

    def begin(self, info: StudyInfo) -> None:
        """Say nothing."""

    def write(self, info: StudyInfo, row: TrialRow, is_best: bool) -> None:
        """Tell of a trial that is the best so far, or has failed."""
        if row.state == State.FAILED:
            n = self._n_failed_trials.get(info.name, 0) + 1
            self._n_failed_trials[info.name] = n
            if n & (n - 1) == 0:
                why = hide_passwords(first_line(row) or "")
                so_far = f" ({n} failures in this run)" if n > 1 else ""
                self._tell("failed", info, f"trial {row.number} failed{so_far}: {why}", row)
        elif is_best:
            self._tell("best", info, f"trial {row.number} is the best so far: {_say(row)}", row)

    def end(self, info: StudyInfo, ending: Ending) -> None:
        """Tell that the run of a study ended."""
        how = "finished"
        if ending.error is not None:
            how = f"{_BROKEN_OFF} {hide_passwords(ending.error)}"
        elif ending.reason is not None:
            how = f"stopped ({ending.reason})"
        counts = [f"{n} {state.name.lower()}" for state, n in ending.counts.items() if n]
        best = ending.best[0] if len(ending.best) == 1 else None
        said = f"; the best is trial {best.number}: {_say(best)}" if best else ""
        if len(ending.best) > 1:
            said = f"; {count_of(len(ending.best), 'trial')} on the front"
        n_trials = count_of(sum(ending.counts.values()), "trial")
        self._tell("finished", info, f"{how}: {n_trials}, {', '.join(counts)}{said}", best)

    def _tell(self, event: Event, info: StudyInfo, text: str, row: TrialRow | None) -> None:
        if event not in self._events:
            return
        message: dict[str, Any] = {
            "event": event,
            "study": info.name,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "text": f"{info.name}: {text}",
        }
        if row is not None:
            message |= {"trial": row.number, "values": name_values(row, info), "params": row.params}
        content = self._shape(message) if self._shape is not None else message
        self._poster.post(json.dumps(to_json_types(content, "a message")).encode())


def _may_pass(e: Exception) -> bool:
    return isinstance(e, PostError) and e.may_pass


def _say(row: TrialRow) -> str:
    values = ", ".join(map(to_six_digits, row.values or ()))
    return f"{values} ({list_params(row.params)})"


def _check_events(events: Any) -> frozenset[str]:
    if isinstance(events, str):
        events = [events]
    known = get_args(Event)
    for event in events:
        if event not in known:
            near = find_closest(str(event), known)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"expected events of {known}, got {event!r:.100}{hint}")
    return frozenset(events)
