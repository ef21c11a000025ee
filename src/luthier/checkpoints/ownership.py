"""Ownership of places of checkpoints: each belongs to one study of one database."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from ..errors import CheckpointPlaceError
from ..terminal import logger

if TYPE_CHECKING:
    from .folder import Folder
    from .places import UnnamedPlace
    from .remote import Remote

    Place = Folder | Remote | UnnamedPlace


_FILE = "study.json"  # says in a place whose it is
_LONGEST = 100_000  # bytes of it


class Owner(msgspec.Struct, frozen=True):
    """The study that a place of checkpoints belongs to.

    Attributes:
        identity: 16 hexadecimal digits that no other study of any database has.
        study: Its name, for people.
        database: The path of the file that it is in; "" where there is none, as on a server.
        server: What tells the database on its server from others; "" where nothing does.
    """

    identity: str
    study: str
    database: str = ""
    server: str = ""

    @property
    def mark(self) -> str:
        """What the names of its files bear."""
        return self.identity[:8]

    @property
    def folders(self) -> tuple[str, str]:
        """Names of folders of its own in a place of others; the second where copies meet."""
        where = hashlib.sha256(f"{self.server} {self.database}".encode()).hexdigest()[:8]
        return self.identity, f"{self.identity}-{where}"

    def is_same(self, other: Owner) -> bool:
        """Whether two are one study.

        A file that was moved is the same database; a copy of it is another, as long as the first is
        still there. So is any copy on another server, or under another name, as the first may be
        there.
        """
        return (
            self.identity == other.identity
            and not _are_two(self.database, other.database)
            and (self.server == other.server or not self.server or not other.server)
        )


class Ownership:
    """The part of a place that belongs to one study.

    It is the place itself where that is the study's or nobody's, and otherwise a folder in it that
    is named by the study's identity, and by its database where copies of that meet. The first
    checkpoint that is saved claims it, by a file that says whose it is.

    Args:
        place: The place that was named for the study, which others may have been given too.
        owner: The study.
    """

    def __init__(self, place: Place, owner: Owner) -> None:
        self.place = place
        self.owner = owner
        self.inner = tuple(place.inner(name) for name in owner.folders)
        self._own: Place | None = None

    @property
    def own(self) -> Place | None:
        """The part that belongs to the study; None where none does so far."""
        if self._own is None:
            found = (p for p in (*self.inner, self.place) if self._is_own(p))
            self._own = next(found, None)
        return self._own

    @property
    def deletable(self) -> Place | None:
        """The part in which the study may delete what its trials refer to.

        That is its own, or a place that is nobody's, as those are that earlier versions made.
        """
        return self.own or (self.place if _read_owner(self.place) is None else None)

    @property
    def readable(self) -> Iterator[Place]:
        """The parts in which its checkpoints may be, the likeliest first.

        After a database was moved to another server, those are in parts that are not its own.
        """
        own = self.own
        if own is not None and own is not self.place:
            yield own
        yield self.place
        for name in sorted(self.place.files()):
            if name.startswith(self.owner.identity):
                yield self.place.inner(name)

    def claim(self, apart: bool = False) -> Place:
        """Return the part that belongs to the study, which takes possession of it if need be.

        Args:
            apart: Whether to take the folder that is named by its identity in any case.

        Raises:
            CheckpointPlaceError: All of the place belongs to others.
        """
        if self.own is not None:
            return self.own
        for part in self.inner if apart else (self.place, *self.inner):
            if part.create(_FILE, msgspec.json.encode(self.owner)) or self._is_own(part):
                self._own = part
                if part is not self.place and not apart:
                    logger.warning(
                        "the place of the checkpoints of study %r belongs to another study, or to "
                        "a copy of it; they are kept apart, in the folder %s... within it",
                        self.owner.study,
                        self.owner.identity,
                    )
                return part
        other = _read_owner(self.inner[-1])
        raise CheckpointPlaceError(
            f"the checkpoints there belong to study {other and other.study!r} of another database, "
            f"{other and other.database!r}, and study {self.owner.study!r} would mix its own with "
            "them; give each study a place of its own: load_study(..., checkpoints=...)"
        )

    def give_up(self) -> None:
        """Leave the place to others."""
        if self.own is not None:
            self.own.remove(_FILE)
        self._own = None

    def _is_own(self, part: Place) -> bool:
        owner = _read_owner(part)
        return owner is not None and self.owner.is_same(owner)


def _read_owner(part: Place) -> Owner | None:
    """The study to which a place belongs; None for nobody.

    What cannot be read as one is somebody's, whom nobody is the same as.
    """
    try:
        return msgspec.json.decode(part.read(_FILE, _LONGEST), type=Owner)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (msgspec.DecodeError, RecursionError):
        return Owner("", "?")


def _are_two(mine: str, other: str) -> bool:
    """Whether two paths are those of two files that are both there."""
    if not mine or not other:
        return False
    with contextlib.suppress(OSError):
        return not os.path.samefile(mine, other)
    return False
