"""Attachments: files that belong to a trial, beside the checkpoints of its study.

Each stands in a folder of its trial under a name that says what it holds: SHA-256, size and the
name that it was given. So nothing else has to be stored, and what is read is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from ..errors import CheckpointError, CheckpointPlaceError
from .folder import make_file

if TYPE_CHECKING:
    from .ownership import Place

MAX_BYTES = 16 * 2**20  # of one attachment
MAX_FILES = 100  # of one trial
MAX_ALL_BYTES = 64 * 2**20  # of all attachments of a trial
LOG = "log.txt"  # the name of what `Trial.log` writes

_FOLDER = "attachments"
# What every system takes for the name of a file, and no address or header for anything else.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .,()+=-]{0,99}(?<![. ])")
_STORED = re.compile(rf"([0-9a-f]{{64}})-([0-9]{{1,12}})-({_NAME.pattern})")


class Home(Protocol):
    """The place of a study's checkpoints, beside which its attachments are."""

    @property
    def own_part(self) -> Place | None:
        """The part that is the study's; None where it has stored nothing yet."""

    def claim_part(self) -> Place:
        """Take possession of the study's part, and return it."""

    def translate_errors(self, what: str) -> AbstractContextManager[None]:
        """Raise errors of the system as luthier's."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that belongs to a trial.

    Attributes:
        name: As it was given.
        n_bytes: Its size.
        sha256: Of its content, in hexadecimal digits.
        time_s: When it was stored, in seconds since 1970.
    """

    name: str
    n_bytes: int
    sha256: str
    time_s: float = 0.0

    @property
    def file(self) -> str:
        """The name of the file that holds it."""
        return f"{self.sha256}-{self.n_bytes}-{self.name}"


class Attachments:
    """The attachments of one study; any number of threads and processes may use them at once.

    Args:
        home: The place of the study's checkpoints.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    def attach(self, number: int, name: str, source: Any) -> Attachment:
        """Store a file of a trial, in place of one of the same name.

        Args:
            number: The trial's.
            name: At most 100 letters, digits and `_ .,()+=-`, not at its end a full stop.
            source: Its bytes, or the path of a file, which is copied.

        Raises:
            CheckpointError: The name is none, it is too large, or the trial has too many.
            CheckpointPlaceError: The place cannot be written.
        """
        check_name(name)
        content = _read_source(name, source)
        made = Attachment(
            name=name,
            n_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            time_s=time.time(),
        )
        known = self._list(number)
        others = [a for a in known.values() if a.name != name]
        total = len(content) + sum(a.n_bytes for a in others)
        if len(others) >= MAX_FILES or total > MAX_ALL_BYTES:
            raise CheckpointError(
                f"a trial has at most {MAX_FILES} attachments of {MAX_ALL_BYTES} bytes in all; "
                f"with {name!r}, trial {number} would have {len(others) + 1} of {total}"
            )
        with self._home.translate_errors(f"cannot store attachment {name}"):
            place = self._home.claim_part().inner(_FOLDER).inner(str(number))
            with place.staging(made.file) as staged:
                make_file(staged)
                staged.write_bytes(content)
                place.put(staged, made.file)
            for file, attachment in known.items():
                if attachment.name == name and file != made.file:
                    place.remove(file)
        return made

    def of(self, number: int) -> list[Attachment]:
        """List the attachments of a trial, by name; the latest of each."""
        latest: dict[str, Attachment] = {}
        for attachment in sorted(self._list(number).values(), key=lambda a: a.time_s):
            latest[attachment.name] = attachment
        return [latest[name] for name in sorted(latest)]

    def read(self, number: int, name: str) -> bytes:
        """The content of an attachment.

        Raises:
            CheckpointError: There is none of that name, or it is damaged.
        """
        check_name(name)
        found = next((a for a in self.of(number) if a.name == name), None)
        part = self._part(number)
        content = None
        if found is not None and part is not None:
            what = f"cannot load attachment {name}"
            with self._home.translate_errors(what), contextlib.suppress(FileNotFoundError):
                content = part.read(found.file, found.n_bytes + 1)
        if found is None or content is None:
            names = ", ".join(a.name for a in self.of(number)) or "none"
            raise CheckpointError(f"trial {number} has no attachment {name!r}; it has {names:.500}")
        if (len(content), hashlib.sha256(content).hexdigest()) != (found.n_bytes, found.sha256):
            raise CheckpointError(
                f"attachment {name} of trial {number} is damaged: its content is not what was "
                "stored. Put a copy back, or attach it again"
            )
        return content

    def numbers(self) -> list[int]:
        """Numbers of the trials that have attachments, ascending."""
        part = self._home.own_part
        if part is None:
            return []
        with self._home.translate_errors("cannot list the attachments"):
            return sorted(int(name) for name in part.inner(_FOLDER).files() if name.isdecimal())

    def adopt(self, source: Attachments, n_trials: int) -> tuple[int, int]:
        """Copy the attachments of the first trials of another study to trials of these numbers.

        Args:
            source: Those of the other study.
            n_trials: Of how many trials.

        Returns:
            How many were copied, and how many were damaged, which are left out.

        Raises:
            CheckpointPlaceError: The place cannot be written.
        """
        n_copied = n_damaged = 0
        for number in source.numbers():
            for attachment in source.of(number) if number < n_trials else ():
                try:
                    content = source.read(number, attachment.name)
                except CheckpointPlaceError:
                    raise
                except CheckpointError:
                    n_damaged += 1
                    continue
                self.attach(number, attachment.name, content)
                n_copied += 1
        return n_copied, n_damaged

    def clear(self) -> None:
        """Remove all attachments of the study."""
        part = self._home.own_part
        if part is not None:
            with self._home.translate_errors("cannot delete the attachments"):
                part.remove(_FOLDER)

    def _part(self, number: int) -> Place | None:
        """The folder of a trial; None where the study has stored nothing yet."""
        part = self._home.own_part
        return None if part is None else part.inner(_FOLDER).inner(str(number))

    def _list(self, number: int) -> dict[str, Attachment]:
        """The attachments of a trial, by their files; what luthier did not name is left out."""
        part = self._part(number)
        if part is None:
            return {}
        with self._home.translate_errors("cannot list the attachments"):
            files = part.files()
        return {
            file: Attachment(name=m[3], n_bytes=int(m[2]), sha256=m[1], time_s=time_s)
            for file, time_s in files.items()
            if (m := _STORED.fullmatch(file)) is not None
        }


def check_name(name: Any) -> None:
    """Refuse what is no name of an attachment.

    Raises:
        CheckpointError: It is none.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CheckpointError(
            "an attachment has a name such as 'confusion.png': a letter or digit, then at most 99 "
            f"of these or of '_ .,()+=-', and no full stop or space at its end; got {name!r:.200}"
        )


def _read_source(name: str, source: Any) -> bytes:
    """The content that is to be attached.

    Raises:
        CheckpointError: It is neither bytes nor the path of a file, or it is too large.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
    elif isinstance(source, str | os.PathLike) and os.fspath(source):
        path = Path(source)
        if not path.is_file():
            raise CheckpointError(
                f"attachment {name!r} is to come from {str(path)!r:.300}, which is no file; write "
                "it first, or pass its bytes"
            )
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as e:
            raise CheckpointError(f"{path} cannot be read: {e}") from e
    else:
        raise CheckpointError(
            f"attachment {name!r} comes from bytes, or from the path of a file, got "
            f"{source!r:.200} ({type(source).__name__})"
        )
    if len(content) > MAX_BYTES:
        raise CheckpointError(
            f"an attachment has at most {MAX_BYTES} bytes, and {name!r} has more; attach a part of "
            "it, or its address as a tag"
        )
    return content
