"""Who is told of an alarm: functions for `Monitor(on_alarm=...)`."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from ..errors import LifecycleError
from ..posting import Poster, PostError
from .monitor import Alarm

_log = logging.getLogger("luthier")


def log_alarm(alarm: Alarm) -> None:
    """Write an alarm into the log of the process, as a warning."""
    _log.warning("%s, after %d rows: %s", alarm.name, alarm.at_row, alarm.because)


def run_command(argv: Sequence[str], timeout_s: float = 60.0) -> Callable[[Alarm], None]:
    """Return a function that runs a program, such as one that sends a message.

    The program gets the alarm as JSON on its standard input, and no shell reads it. Where it fails
    or takes too long, the log says so, and the monitor goes on.

    Args:
        argv: The program and its arguments.
        timeout_s: After so many seconds it is ended.

    Raises:
        LifecycleError: `argv` is a text or empty.
    """
    if isinstance(argv, str) or not argv:
        raise LifecycleError(
            f"expected a program and its arguments as a list, such as ['notify', 'ops'], got "
            f"{argv!r}"
        )

    def tell(alarm: Alarm) -> None:
        try:
            subprocess.run(
                list(argv),
                input=msgspec.json.encode(alarm),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=timeout_s,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as e:
            _log.warning("%s was not told of %s: %s", argv[0], alarm.name, type(e).__name__)

    return tell


def post_alarm(
    url: str, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0
) -> Callable[[Alarm], None]:
    """Return a function that sends an alarm to a URL, as JSON by POST.

    The message holds the attributes of the alarm, "event" ("alarm") and "text", which Slack,
    Mattermost and Teams show. It is sent once, to the host in the URL and no other; where it is not
    taken, the log says so, and the monitor goes on.

    Args:
        url: Where to, with http or https.
        headers: Headers of the request, such as {"Authorization": "Bearer ..."}.
        timeout_s: How long an answer is waited for, in seconds.

    Raises:
        LifecycleError: The URL is none of http or https, or holds a password.
    """
    try:
        poster = Poster(url, headers, timeout_s)
    except ValueError as e:
        raise LifecycleError(str(e)) from None

    def tell(alarm: Alarm) -> None:
        said = {"event": "alarm", "text": f"{alarm.name}: {alarm.because}"}
        try:
            poster.post(msgspec.json.encode(msgspec.to_builtins(alarm) | said))
        except PostError as e:
            _log.warning("nobody was told of %s: %s", alarm.name, e)

    return tell


def write_metrics(path: str | os.PathLike[str], model: str) -> Callable[[Alarm], None]:
    """Return a function that counts alarms in a file, for the textfile collector of Prometheus.

    Args:
        path: The file, which ends in .prom; it is replaced at once at each alarm.
        model: Name of the model, a label of the metric.
    """
    target = Path(path)
    counts: dict[str, int] = {}

    def tell(alarm: Alarm) -> None:
        counts[alarm.name] = counts.get(alarm.name, 0) + 1
        lines = ["# TYPE luthier_alarms_total counter"]
        lines += [
            f'luthier_alarms_total{{model="{_quote(model)}",alarm="{_quote(name)}"}} {n}'
            for name, n in counts.items()
        ]
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
        part.replace(target)

    return tell


def _quote(text: str) -> str:
    """Return a text as the value of a label."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
