"""What a trial leaves beside its values: files, and a log of its own."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from ..checkpoints.attachments import LOG
from ..errors import CheckpointError, MachineError
from ..terminal import logger
from ..validation import to_plain_text
from .ticket import CheckpointKeeper, Ticket

_MAX_LOG = 2**20  # bytes of a trial's log, whose beginning goes when it is longer
_WRITE_S = 2.0  # between two writes of a log
_CUT = b"(the beginning is left out)\n"


class TrialLog:
    """The log of a trial, which is written now and then.

    Args:
        keeper: Where it is kept.
        number: The trial's.
    """

    def __init__(self, keeper: CheckpointKeeper, number: int) -> None:
        self._keeper = keeper
        self._number = number
        self._text = b""
        self._written = b""
        self._written_s = -_WRITE_S
        if any(a.name == LOG for a in keeper.attachments.of(number)):  # of an earlier turn
            self._text = self._written = keeper.attachments.read(number, LOG)

    def add(self, text: str) -> None:
        """Add a line."""
        self._text += to_plain_text(text).encode() + b"\n"
        if len(self._text) > _MAX_LOG:
            self._text = _CUT + self._text[-_MAX_LOG // 2 :].partition(b"\n")[2]
        if time.monotonic() >= self._written_s + _WRITE_S:
            self.write()

    def write(self) -> None:
        """Store what is not stored yet."""
        if self._text != self._written:
            self._keeper.attachments.attach(self._number, LOG, self._text)
            self._written = self._text
            self._written_s = time.monotonic()


class Attaching(ABC):
    """The part of a trial's handle by which it leaves files and a log."""

    _log: TrialLog | None = None

    @property
    @abstractmethod
    def ticket(self) -> Ticket:
        """The trial as it was begun."""

    @abstractmethod
    def noting_excuses(self) -> AbstractContextManager[None]:
        """A block of luthier's own work for the trial."""

    def attach(self, name: str, source: bytes | str | os.PathLike[str]) -> None:
        """Keep a file with the trial: a figure, a table, predictions.

        It is stored at once, beside the study's checkpoints, in place of one of the same name; see
        `Study.attachments`. 16 MiB at most, 100 files and 64 MiB in all for a trial.

        Args:
            name: "confusion.png": letters, digits and `_ .,()+=-`.
            source: Its bytes, or the path of a file, which is copied.

        Raises:
            CheckpointError: The name is none, or it is too large.
            MachineError: It cannot be stored. Let it pass: the trial is then offered again.
        """
        with self.noting_excuses():
            self._require_keeper().attachments.attach(self.ticket.number, name, source)

    def log(self, text: str) -> None:
        """Add a line to the trial's log, the attachment "log.txt".

        It is written every two seconds, and at the trial's end. Of more than 1 MiB the beginning is
        left out.

        Raises:
            CheckpointError: The text is none.
            MachineError: It cannot be stored.
        """
        if not isinstance(text, str):
            raise CheckpointError(f"a log has lines of text, got {text!r:.200}")
        with self.noting_excuses():
            if self._log is None:
                self._log = TrialLog(self._require_keeper(), self.ticket.number)
            self._log.add(text)

    def write_log(self) -> None:
        """Store what of the log is not stored yet; a place that is away is told in a warning."""
        if self._log is None:
            return
        try:
            self._log.write()
        except (CheckpointError, MachineError) as e:
            logger.warning("the end of the log of trial %d is lost: %s", self.ticket.number, e)

    def _require_keeper(self) -> CheckpointKeeper:
        keeper = self.ticket.keeper
        if keeper is None:
            raise CheckpointError(
                f"trial {self.ticket.number} runs where its study's checkpoints and attachments "
                "cannot be reached"
            )
        return keeper
