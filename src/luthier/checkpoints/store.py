"""Checkpoints: saved under a name of their own, found by a reference, checked when loaded."""

from __future__ import annotations

import contextlib
import copy as copying
import errno
import functools
import math
import os
import re
import tempfile
import weakref
import zlib
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..attempts import Attempts, is_exhausted
from ..errors import CheckpointError, CheckpointPlaceError, MissingDependencyError
from ..passwords import hide_password
from .attachments import Attachments
from .folder import Folder, copy, discard_own, make_file, measure
from .ownership import Owner, Ownership
from .packing import flatten, restore, unpack, write
from .places import UnnamedPlace, check_url, is_url, to_folder

if TYPE_CHECKING:
    from .ownership import Place
    from .remote import Remote

Keep = Literal["best", "last", "all"]

_SMALL = 2_000  # characters of JSON that a trial's row bears
# Number, step, mark of the study, at random, suffix.
_NAME = re.compile(r"[0-9]+-[-+.a-z0-9]+-[0-9a-f]{8}(\.\w+)?")
_OURS = re.compile(r"\.?" + _NAME.pattern)  # and what is being written, or was cut off


class Checkpoints:
    """A place for checkpoints.

    It can be pickled, to travel to worker processes, and be used by any number of threads and
    processes at once. Nothing is ever pickled or unpickled on behalf of the user. A URL is opened
    by `open` or the first use.

    Args:
        url: A folder, which is made by the first `save`, or a URL for fsspec: "s3://bucket/folder".
            Its scheme is one of `places.SCHEMES`. Within it each study has a part of its own: see
            `Ownership`.
        keep: What the study deletes. "best": all but the last of each trial, and of finished trials
            all but the best's. "last": all but the last of each trial. "all": nothing. See
            `find_superseded` for what goes within a trial.

    Attributes:
        url: The folder's absolute path, or the URL without its password.
        keep: As given.
        owner: The study whose they are; None for those that belong to no study.
        attempts: For how long a place that is full or away is tried again.

    Raises:
        CheckpointError: No such kind of place, or of `keep`.
    """

    def __init__(self, url: str | os.PathLike[str], keep: Keep = "best") -> None:
        if not isinstance(url, str | os.PathLike) or not (text := os.fspath(url)):
            raise CheckpointError(
                f"expected a folder or a URL such as 's3://bucket/folder', got {url!r}"
            )
        if keep not in get_args(Keep):
            raise CheckpointError(f"keep is 'best', 'last' or 'all', got {keep!r}")
        self.keep = keep
        self.owner: Owner | None = None
        self._lender: Checkpoints | None = None  # with which a temporary folder goes
        self.attempts = Attempts()
        if is_url(text):
            check_url(text)
            self._address = text
            self.url = hide_password(text)
        else:
            self._address = self.url = str(to_folder(text))

    def __repr__(self) -> str:
        return f"Checkpoints({hide_password(self.url)!r}, keep={self.keep!r})"

    @functools.cached_property
    def place(self) -> Folder | Remote | UnnamedPlace:
        """The folder or URL, with its verbs.

        Raises:
            MissingDependencyError: A URL needs fsspec.

        :meta private:
        """
        if not is_url(self._address):
            return Folder(Path(self._address))
        from .remote import Remote

        return Remote(self._address)

    def open(self) -> None:
        """Open the place, so that what is missing is known before a trial needs it.

        Raises:
            CheckpointError: It does not answer, or a study names it and nobody here does.
            MissingDependencyError: The URL needs a package that is not installed.
        """
        self.place.open()

    @property
    def is_unnamed(self) -> bool:
        """Whether it is a place that a study names and nobody in this process: see `open`."""
        return isinstance(vars(self).get("place"), UnnamedPlace)  # without opening another

    def belonging_to(self, owner: Owner) -> Checkpoints:
        """Return the checkpoints of one study at this place."""
        made = copying.copy(self)
        made.owner = owner
        made.__dict__.pop("ownership", None)
        made._lender = self
        return made

    @functools.cached_property
    def ownership(self) -> Ownership | None:
        """The part of the place that is the study's; None for checkpoints of no study.

        :meta private:
        """
        return None if self.owner is None else Ownership(self.place, self.owner)

    @property
    def own_part(self) -> Place | None:
        """The part of the place that is the study's; None where it has stored nothing yet.

        :meta private:
        """
        return self.place if self.ownership is None else self.ownership.own

    def claim_part(self) -> Place:
        """Take possession of the study's part of the place, and return it.

        :meta private:
        """
        return self.place if self.ownership is None else self.ownership.claim()

    @property
    def attachments(self) -> Attachments:
        """Files that belong to trials, beside the checkpoints."""
        return Attachments(self)

    def save(self, number: int, step: float, checkpoint: Any) -> dict[str, Any]:
        """Store a checkpoint; once this returns, it survives a crash.

        Args:
            number: The trial's.
            step: The step after which it was made.
            checkpoint: A dict, list or number, with numpy arrays in it or not, which is packed (see
                `packing`); or the path of a file or folder, which is copied, so that the original
                may be overwritten or removed.

        Returns:
            A reference for the trial's row, in JSON's types: {"step", "value"} where the checkpoint
            is small enough to stand in it, as JSON text; otherwise {"step", "file", "bytes",
            "crc32", "kind"}.

        Raises:
            CheckpointError: The path is empty, does not exist or cannot be read, the value cannot
                be packed, or it is larger than a file may be.
            CheckpointPlaceError: The place cannot be written. Where it is full, or does not answer,
                it is tried again for a while before.
        """
        step = float(step)
        if isinstance(checkpoint, str | os.PathLike):
            if not os.fspath(checkpoint):  # which a Path takes for the working folder
                raise CheckpointError(
                    "a checkpoint is a value or the path of a file or folder, got an empty text"
                )
            source = Path(checkpoint)
            kind = _kind(source)
            suffix = source.suffix if re.fullmatch(r"\.\w+", source.suffix) else ""
        else:
            text, arrays = flatten(checkpoint)
            if not arrays and len(text) <= _SMALL:
                return {"step": step, "value": text}
            kind, suffix = "packed", ".npz"
        mark = "" if self.owner is None else f"-{self.owner.mark}"
        name = f"{number}-{step:.10g}{mark}-{os.urandom(4).hex()}{suffix}"

        def put() -> tuple[int, int]:
            given = None if kind == "packed" else source
            with self.translate_errors(f"cannot store {name}", given):
                place = self.claim_part()
                with place.staging(name) as staged:
                    if given is None:
                        make_file(staged)
                        with staged.open("wb") as file:
                            write(file, text, arrays)
                    else:
                        copy(given, staged)
                    measured = measure(staged)
                    place.put(staged, name)
                    return measured

        size, crc = self.attempts.run(put, _may_pass, self)
        return {"step": step, "file": name, "bytes": size, "crc32": crc, "kind": kind}

    def load(self, reference: Mapping[str, Any]) -> Any:
        """Load a checkpoint.

        Returns:
            The value that was packed; or the path of the file or folder, to be read and never
            changed. From a URL it is downloaded, and the download lives as long as this object.

        Raises:
            CheckpointError: The file was deleted, truncated or changed, or this is no reference.
            CheckpointPlaceError: The place cannot be read. Where it does not answer, it is tried
                again for a while before.
        """
        match reference:
            case {"value": str(text)}:
                return restore(text)
            case {
                "file": str(name),
                "bytes": int(size),
                "crc32": int(crc),
                "kind": "packed" | "file" | "folder" as kind,
            } if size >= 0:
                _check_name(name, _NAME)
            case _:
                raise CheckpointError(
                    f"expected a reference that Checkpoints.save returned, got {reference!r:.200}"
                )

        def fetch() -> tuple[bytes, Path | None, tuple[int, int]]:
            with self.translate_errors(f"cannot load {name}"):
                for place in [self.place] if self.ownership is None else self.ownership.readable:
                    with contextlib.suppress(FileNotFoundError):
                        data = place.read(name, size + 1) if kind == "packed" else b""
                        path = None if kind == "packed" else place.fetch(name)
                        found = (len(data), zlib.crc32(data)) if path is None else measure(path)
                        return data, path, found
                raise CheckpointError(
                    f"checkpoint {name} is not in {self.url}: expected a {kind} of {size} bytes, "
                    "found nothing; it was deleted, or the place was moved. Put it back, or let "
                    "the trial begin afresh"
                )

        data, path, found = self.attempts.run(fetch, _may_pass, self)
        if found != (size, crc):
            more = " or more" if found[0] > size else ""
            raise CheckpointError(
                f"checkpoint {name} in {self.url} is damaged: expected {size} bytes with CRC-32 "
                f"{crc:08x}, found {found[0]}{more} bytes with {found[1]:08x}. Put a copy back, or "
                "let the trial begin afresh"
            )
        return unpack(data) if path is None else path

    def find_newest(
        self,
        number: int,
        lost: Mapping[str, Any],
        known: Collection[Mapping[str, Any]],
    ) -> list[dict[str, Any]]:
        """Find files of a trial that its row does not refer to, as it is older than they are.

        Args:
            number: The trial's.
            lost: A reference of the row, to a file of the trial's own that cannot be read.
            known: All references of the row.

        Returns:
            References to files of the same kind, the newest first, and none older than those of
            `known` that come before the lost one.
        """
        names = {r.get("file") for r in known}
        own = f"{number}-"
        if self.ownership is None or not str(lost.get("file", "")).startswith(own):
            return []
        earlier = [r["step"] for r in known if r["step"] < lost["step"]]
        steps = {
            file: float(file.removeprefix(own).rsplit("-", 2)[0])
            for file in self.files()
            if file.startswith(own) and file not in names
        }
        newest = sorted(
            (file for file in steps if steps[file] > max(earlier, default=-math.inf)),
            key=steps.__getitem__,
            reverse=True,
        )
        return [r for file in newest if (r := self._measure(file, steps[file], lost["kind"]))]

    def _measure(self, file: str, step: float, kind: str) -> dict[str, Any] | None:
        """Return a reference to a file as it is now; None where it is of another kind or gone."""
        place = None if self.ownership is None else self.ownership.own
        if place is None:
            return None
        with self.translate_errors(f"cannot load {file}"), contextlib.suppress(FileNotFoundError):
            path = place.fetch(file)
            if path.is_dir() == (kind == "folder"):
                size, crc = measure(path)
                return {"step": step, "file": file, "bytes": size, "crc32": crc, "kind": kind}
        return None

    def delete(self, references_or_files: Iterable[Mapping[str, Any] | str | None]) -> None:
        """Remove checkpoints, by reference or by name.

        Those that are gone already, have no file, or are in a place of another study, are passed
        over.

        Raises:
            CheckpointError: A name is none of ours, or the place cannot be written.
        """
        given = [r.get("file") if isinstance(r, Mapping) else r for r in references_or_files]
        names = [_check_name(name, _OURS) for name in given if name is not None]
        if not names:
            return
        with self.translate_errors(f"cannot delete {names[0]}"):
            place = self.place if self.ownership is None else self.ownership.deletable
            if place is not None:
                for name in names:
                    place.remove(name)

    def files(self) -> dict[str, float]:
        """List the files, for a sweep: name to time of change, in seconds since 1970.

        Names that start with a dot are being written, or were cut off by a kill; as a file is
        stored before its reference is recorded, only what has been there for long may be swept.
        What luthier did not name, or another study has written, is not listed.
        """
        with self.translate_errors("cannot list the checkpoints"):
            place = self.own_part
            found = {} if place is None else place.files()
        return {name: time_s for name, time_s in found.items() if self._is_ours(name)}

    def has_unmarked_files(self) -> bool:
        """Whether there are files that earlier versions wrote, which do not say whose they are."""
        with self.translate_errors("cannot list the checkpoints"):
            place = self.place if self.ownership is None else self.ownership.deletable
            names = () if place is None else place.files()
        return any(_OURS.fullmatch(name) and not self._is_ours(name) for name in names)

    def clear(self, references: Iterable[Mapping[str, Any]] = ()) -> None:
        """Remove all that the study has written, and leave the place to others.

        Its attachments are removed as well.

        Args:
            references: Those of its trials: earlier versions wrote files that do not say whose
                they are.

        Raises:
            CheckpointError: The place cannot be written.
        """
        self.attachments.clear()
        self.delete([*self.files(), *references])
        if self.ownership is not None:
            with self.translate_errors("cannot delete the checkpoints"):
                self.ownership.give_up()

    def adopt(self, source: Checkpoints, references: Iterable[Mapping[str, Any]]) -> set[str]:
        """Copy files from another place, under their names; return those that were whole.

        The study gets a part of its own here, also where the two places are one.

        Raises:
            CheckpointError: The place cannot be written.
        """
        adopted: set[str] = set()
        with self.translate_errors("cannot copy checkpoints"):
            is_same = self.url == source.url
            place = self.place
            if self.ownership is not None:
                place = self.ownership.claim(apart=is_same)
            parts = [source.place] if source.ownership is None else source.ownership.readable
            there = [(part, part.files().keys()) for part in parts]
            for reference in references:
                name = reference["file"]
                part = next((part for part, names in there if name in names), None)
                if part is None:
                    continue
                with contextlib.suppress(FileNotFoundError), place.staging(name) as staged:
                    copy(part.fetch(name), staged)
                    if measure(staged) == (reference["bytes"], reference["crc32"]):
                        place.put(staged, name)
                        adopted.add(name)
        return adopted

    def _is_ours(self, name: str) -> bool:
        mark = "" if self.owner is None else f"-{self.owner.mark}"
        return (
            re.fullmatch(rf"\.?[0-9]+-[-+.a-z0-9]+{mark}-[0-9a-f]{{8}}(\.\w+)?", name) is not None
        )

    @contextlib.contextmanager
    def translate_errors(self, what: str, source: Path | None = None) -> Iterator[None]:
        """Raise errors of the system as luthier's; those of a source are no fault of the place.

        :meta private:
        """
        try:
            yield
        except MissingDependencyError as e:
            raise CheckpointPlaceError(str(e)) from e
        except OSError as e:
            may_pass = is_exhausted(e)
            if source is not None and not may_pass and _is_within(e.filename, source):
                raise CheckpointError(f"{source} cannot be read: {e}") from e
            if e.errno == errno.EFBIG:
                raise CheckpointError(
                    f"{what} in {self.url}: {e}; it is larger than a file of that place may be, or "
                    "than this process may write (ulimit -f)"
                ) from e
            raise CheckpointPlaceError(
                f"{what} in {self.url}: {e}; check that it exists, its rights and its space",
                may_pass,
            ) from e


def find_superseded(
    history: Sequence[Mapping[str, Any] | None], keep: Keep, pinned: Container[str] = ()
) -> list[str]:
    """Find the files of one trial that may be deleted.

    The last checkpoint stays, and the one before it, because somebody may just be taking that. What
    other trials refer to stays too: populations copy from each other.

    Args:
        history: The references the trial has made, the oldest first.
        keep: With "all" nothing goes; "best" and "last" differ between trials, not within one.
        pinned: Names of files that rows of other trials refer to.

    Returns:
        Names for `Checkpoints.delete`, the oldest first.
    """
    if keep == "all":
        return []
    made = [r for r in history if r]
    last = {r.get("file") for r in made[-2:]}
    files = dict.fromkeys(r["file"] for r in made[:-2] if "file" in r)
    return [f for f in files if f not in last and f not in pinned]


def temporary_store(keep: Keep = "best") -> Checkpoints:
    """Checkpoints for a study in memory.

    In a folder that goes when this object does, at the latest when Python ends.

    Copies in worker processes of the same machine use the folder and leave its removal to this
    process.
    """
    path = Path(tempfile.gettempdir(), f"luthier-{os.urandom(8).hex()}")
    made = Checkpoints(path, keep)
    made.place = Folder(path, mode=0o700)
    weakref.finalize(made, discard_own, path, os.getpid())
    return made


def unnamed_store(url: str, keep: Keep, why: str) -> Checkpoints:
    """Checkpoints at a place that a study names and nobody in this process: it is not opened.

    Args:
        url: The place, as people may see it.
        keep: What the study deletes.
        why: The message of the CheckpointError of all that would open it.
    """
    made = Checkpoints(os.devnull, keep)
    made.url = url
    made.place = UnnamedPlace(why)
    return made


def _may_pass(e: Exception) -> bool:
    return isinstance(e, CheckpointPlaceError) and e.may_pass


def _is_within(path: Any, folder: Path) -> bool:
    """Whether a path that an error names is a file or folder of the user's, or stands in it."""
    return isinstance(path, str | os.PathLike) and Path(path).is_relative_to(folder)


def _kind(source: Path) -> str:
    """Whether the user's path is a "file" or a "folder"."""
    if source.is_dir():
        return "folder"
    if source.is_file():
        return "file"
    raise CheckpointError(
        f"checkpoint={str(source)!r} is the path of no file or folder; write it before reporting "
        "it, or pass a dict"
    )


def _check_name(name: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise CheckpointError(f"{name!r:.200} is not the plain name of a file that luthier wrote")
    return name
