"""Ownership of places of checkpoints: each belongs to one study of one database."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING

import msgspec

from ..errors import CheckpointPlaceError

if TYPE_CHECKING:
    from .folder import Folder
    from .places import UnnamedPlace
    from .remote import Remote

    Place = Folder | Remote | UnnamedPlace

logger = logging.getLogger("luthier")

_FILE = "study.json"  # says in a place whose it is
_LONGEST = 100_000  # bytes of it


class Owner(msgspec.Struct, frozen=True):
    """The study that a place of checkpoints belongs to.

    Attributes:
        identity: 16 hexadecimal digits that no other study of any database has.
        study: Its name, for people.
        database: The path of the file that it is in; "" where there is none, as on a server.
    """

    identity: str
    study: str
    database: str = ""

    @property
    def mark(self) -> str:
        """What the names of its files bear."""
        return self.identity[:8]

    def is_same(self, other: Owner) -> bool:
        """Whether two are one study.

        A database that was moved is the same one; a copy of it is another, as long as the first is
        still there.
        """
        return self.identity == other.identity and not _are_two(self.database, other.database)


class Ownership:
    """The part of a place that belongs to one study.

    It is the place itself where that is the study's or nobody's, and otherwise a folder in it that
    is named by the study's identity. The first checkpoint that is saved claims it, by a file that
    says whose it is.

    Args:
        place: The place that was named for the study, which others may have been given too.
        owner: The study.
    """

    def __init__(self, place: Place, owner: Owner) -> None:
        self.place = place
        self.owner = owner
        self.inner = place.inner(owner.identity)
        self._own: Place | None = None

    @property
    def own(self) -> Place | None:
        """The part that belongs to the study; None where none does so far."""
        if self._own is None:
            found = (p for p in (self.inner, self.place) if self._is_own(p))
            self._own = next(found, None)
        return self._own

    @property
    def deletable(self) -> Place | None:
        """The part in which the study may delete what its trials refer to.

        That is its own, or a place that is nobody's, as those are that earlier versions made.
        """
        return self.own or (self.place if _read_owner(self.place) is None else None)

    @property
    def readable(self) -> list[Place]:
        """The parts in which its checkpoints may be, the likeliest first."""
        own = self.own
        return [self.place] if own is None or own is self.place else [own, self.place]

    def claim(self, apart: bool = False) -> Place:
        """Return the part that belongs to the study, which takes possession of it if need be.

        Args:
            apart: Whether to take the folder that is named by its identity in any case.

        Raises:
            CheckpointPlaceError: All of the place belongs to others.
        """
        if self.own is not None:
            return self.own
        for part in (self.inner,) if apart else (self.place, self.inner):
            if part.create(_FILE, msgspec.json.encode(self.owner)) or self._is_own(part):
                self._own = part
                if part is self.inner and not apart:
                    logger.warning(
                        "the place of the checkpoints of study %r belongs to another study; they "
                        "are kept apart, in the folder %s within it",
                        self.owner.study,
                        self.owner.identity,
                    )
                return part
        other = _read_owner(self.inner)
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
    except msgspec.DecodeError:
        return Owner("", "?")


def _are_two(mine: str, other: str) -> bool:
    """Whether two paths are those of two files that are both there."""
    if not mine or not other:
        return False
    with contextlib.suppress(OSError):
        return not os.path.samefile(mine, other)
    return False
