"""Checkpoints in a folder of this machine; copying and measuring of files and folders."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import CheckpointError

_CHUNK_BYTES = 1 << 20  # of a file that is read at a time
_OF_THE_PROCESS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # whatever is opened


class Folder:
    """A place for checkpoints on a local disk or a mounted one.

    A checkpoint appears under its name whole and on the disk, or not at all: it is written under a
    name that starts with a dot, synced, and renamed. What a kill leaves behind starts with a dot.

    Nobody but its owner can change what is made here, whatever the umask.

    Args:
        path: The folder; it is made when it is first written to.
        mode: The rights it is made with.
    """

    def __init__(self, path: Path, mode: int = 0o755) -> None:
        self._path = path
        self._mode = mode

    def open(self) -> None:
        """Do nothing: the folder is made when it is first written to."""

    def inner(self, name: str) -> Folder:
        """Return a folder in this one."""
        return Folder(self._path / name, self._mode)

    def create(self, name: str, content: bytes) -> bool:
        """Make a small file; False where there is one of that name, which is left as it is."""
        with self.staging(f"{name}-{os.urandom(4).hex()}") as staged:
            make_file(staged)
            staged.write_bytes(content)
            sync([staged])
            try:
                os.link(staged, self._path / name)
            except FileExistsError:
                return False
            except OSError:  # a file system without links
                with (
                    contextlib.suppress(FileExistsError),
                    open(self._path / name, "xb", opener=_open_for_owner) as file,
                ):
                    file.write(content)
                    return True
                return False
            sync([self._path])
        return True

    @contextlib.contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """A path at which to write what `put` will then take.

        What is left there at the end is removed.
        """
        make_folder(self._path, self._mode)
        staged = self._path / f".{name}"
        try:
            yield staged
        finally:
            discard(staged)

    def put(self, staged: Path, name: str) -> None:
        """Make a staged file or folder visible under its name."""
        if staged.is_dir():
            for inner, _, files in os.walk(staged):
                sync(Path(inner, f) for f in files)
                sync([Path(inner)])
        else:
            sync([staged])
        staged.replace(self._path / name)
        sync([self._path])

    def fetch(self, name: str) -> Path:
        """A local path to read from.

        Raises:
            FileNotFoundError: There is nothing of that name.
            CheckpointError: It is a link, or neither a file nor a folder.
        """
        path = self._path / name
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            what = "a symbolic link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
            raise CheckpointError(f"{path} is {what}; expected a file or folder that luthier wrote")
        return path

    def read(self, name: str, n_bytes: int) -> bytes:
        """The first bytes of a file, up to a number of them; errors as `fetch`."""
        with self.fetch(name).open("rb") as file:
            return file.read(n_bytes)

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it is there."""
        path = self._path / name
        if path.is_dir() and not name.startswith(
            "."
        ):  # out of sight first: nobody shall meet half of it
            hidden = self._path / f".{name}"
            with contextlib.suppress(FileNotFoundError):
                path.rename(hidden)
            path = hidden
        discard(path)

    def files(self) -> dict[str, float]:
        """List the files: name to time of change, in seconds since 1970."""
        found = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self._path) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    found[entry.name] = entry.stat(follow_symlinks=False).st_mtime
        return found


def discard(path: Path) -> None:
    """Remove a file, or a folder with its content, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def discard_own(path: Path, pid: int) -> None:
    """Remove a path if this is the process of that id, and not a fork of it."""
    if os.getpid() == pid:
        discard(path)


def sync(paths: Iterable[Path]) -> None:
    """Wait until files and folders are on the disk."""
    for path in paths:
        folder = path.is_dir()
        if folder and os.name != "posix":
            continue
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder, and those above it, if it is not there; its owner alone may change it."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file, in place of one that is there; its owner alone may change it."""
    path.unlink(missing_ok=True)
    os.close(_open_for_owner(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def _open_for_owner(path: str | Path, flags: int) -> int:
    return os.open(path, flags, 0o644)


def copy(source: Path, target: Path) -> None:
    """Copy a file, or the files of a folder.

    Links become what they point at, subfolders without a file are left out.

    Raises:
        CheckpointError: The folder holds no file, or what `members` refuses, or the place it is
            copied to; or the source cannot be read, as its disk or server is away, say.
    """
    if not source.is_dir():
        copy_file(source, target)
        return
    if target.resolve().is_relative_to(source.resolve()):
        raise CheckpointError(
            f"{source} holds the folder of the checkpoints itself; pass a folder of its own"
        )
    with _reading(source):
        found = members(source)
    if not found:
        raise CheckpointError(f"the folder {source} holds no file; write the checkpoint first")
    for name, path in found:
        make_folder((target / name).parent)
        copy_file(path, target / name)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; errors as `copy`."""
    make_file(target)
    with contextlib.ExitStack() as files:
        with _reading(source):
            read_from = files.enter_context(source.open("rb"))
        write_to = files.enter_context(target.open("wb"))
        while True:
            with _reading(source):
                chunk = read_from.read(_CHUNK_BYTES)
            if not chunk:
                return
            write_to.write(chunk)


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    """A block that only reads a source: what fails there is no fault of the place.

    Raises:
        CheckpointError: It cannot be read.
        OSError: It has gone meanwhile, or the process has no more files or memory.
    """
    try:
        yield
    except OSError as e:
        if isinstance(e, FileNotFoundError) or e.errno in _OF_THE_PROCESS:
            raise
        raise CheckpointError(f"{source} cannot be read: {e}") from e


def members(folder: Path) -> list[tuple[str, Path]]:
    """The files of a folder and its subfolders: (relative name with slashes, path), by name.

    Raises:
        CheckpointError: A link points out of the folder or in a circle, or something is no file.
    """
    root = Path(os.path.realpath(folder))
    found: list[tuple[str, Path]] = []

    def walk(inner: Path, above: frozenset[Path]) -> None:
        for path in inner.iterdir():
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(root):
                raise CheckpointError(
                    f"{path} is a link out of {folder}; copy what it points at into the folder"
                )
            if real in above:
                raise CheckpointError(
                    f"{path} is a link to a folder that it stands in; remove the link"
                )
            if real.is_dir():
                walk(path, above | {real})
            elif real.is_file():
                found.append((path.relative_to(folder).as_posix(), path))
            else:
                raise CheckpointError(
                    f"{path} is neither a file nor a folder, or a link to nothing; remove it"
                )

    walk(folder, frozenset([root]))
    return sorted(found)


def measure(path: Path) -> tuple[int, int]:
    """Bytes and CRC-32 of a file; of a folder, over the names, sizes and contents of its files.

    Raises:
        FileNotFoundError: It is not there.
        CheckpointError: As `members` says.
    """
    if not path.is_dir():
        return _measure_file(path, 0)
    total, crc = 0, 0
    for name, file in members(path):
        size, crc = _measure_file(file, zlib.crc32(os.fsencode(name) + b"\0", crc))
        crc = zlib.crc32(b"%d" % size, crc)
        total += size
    return total, crc


def _measure_file(path: Path, crc: int) -> tuple[int, int]:
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
    return size, crc
