"""Checkpoints at a URL that fsspec reaches: object stores, SFTP, HDFS.

The one file that imports fsspec.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import traceback
import weakref
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import (
    CheckpointError,
    CheckpointPlaceError,
    LuthierError,
    MissingDependencyError,
    explain_missing,
)
from ..passwords import find_secrets, hide_password, hide_secrets
from .folder import discard, discard_own, members
from .places import check_url

try:
    import fsspec
except ImportError:
    raise explain_missing("a URL of checkpoints", "fsspec", "remote") from None

_TIMES = (
    "mtime",
    "LastModified",
    "last_modified",
    "created",
)  # what the file systems call it, the best first


class Remote:
    """A place for checkpoints at a URL, with the verbs of `Folder`.

    Objects are put under their final names. That is atomic enough: a name is used once, and nobody
    knows it before the put is over and the trial's row refers to it. A put that was cut off is
    never read, only swept.

    Credentials are fsspec's business: its config files, and the variables and files that each
    provider defines.

    Nothing is opened before the first verb. No message has a password of the URL.

    Args:
        url: As fsspec spells it: "s3://bucket/folder", "gs://...", "sftp://...". "memory://..." is
            seen by one process.

    Raises:
        CheckpointError: It could open something else than it names.
    """

    def __init__(self, url: str) -> None:
        check_url(url)
        self._url = url
        self._shown = hide_password(url)
        self._downloads: tuple[int, Path] | None = None  # a process, and its folder

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_downloads": None}

    def open(self) -> None:
        """Open the file system, so that what is missing is known before it is needed.

        Raises:
            CheckpointError: fsspec knows no such kind of URL, or it does not answer.
            MissingDependencyError: The package for this kind of URL is not installed.
        """
        with self._translate_errors():
            self._file_system()

    def inner(self, name: str) -> Remote:
        """Return a folder in this one."""
        return Remote(f"{self._url.rstrip('/')}/{name}")

    def create(self, name: str, content: bytes) -> bool:
        """Make a small file; False where there is one of that name, which is left as it is.

        Of two that do so at the same moment the later one is true, and both read that.
        """
        with self._translate_errors():
            fs, root = self._file_system()
            fs.invalidate_cache()
            if fs.exists(f"{root}/{name}"):
                return False
            fs.makedirs(root, exist_ok=True)
            fs.pipe_file(f"{root}/{name}", content)
            return bool(fs.cat_file(f"{root}/{name}") == content)

    @contextlib.contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """A local path at which to write what `put` will then take; removed at the end."""
        with tempfile.TemporaryDirectory(prefix="luthier-") as folder:
            yield Path(folder, name)

    def put(self, staged: Path, name: str) -> None:
        """Upload what was staged."""
        with self._translate_errors():
            fs, root = self._file_system()
            files = members(staged) if staged.is_dir() else [("", staged)]
            for inner, path in files:
                target = f"{root}/{name}/{inner}".rstrip("/")
                fs.makedirs(target.rpartition("/")[0], exist_ok=True)
                fs.put_file(str(path), target)

    def fetch(self, name: str) -> Path:
        """Download a file or folder; the path is good for as long as this object lives.

        Raises:
            FileNotFoundError: There is nothing of that name.
        """
        with self._translate_errors():
            fs, root = self._file_system()
            here = self._folder()
            if (here / name).exists():  # a name never gets another content
                return here / name
            top = f"{root}/{name}"
            fs.invalidate_cache()
            found = fs.find(top)
            if not found:
                raise FileNotFoundError(top)
            arriving = Path(tempfile.mkdtemp(dir=here)) / name
            for path in found:
                target = Path(os.path.normpath(f"{arriving}/{path.removeprefix(top)}"))
                if not target.is_relative_to(arriving):
                    raise CheckpointError(
                        f"{path} would be downloaded to outside of its folder; it is not luthier's"
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                fs.get_file(path, str(target))
            with contextlib.suppress(OSError):  # another thread was faster
                arriving.rename(here / name)
            discard(arriving.parent)
            return here / name

    def read(self, name: str, n_bytes: int) -> bytes:
        """The first bytes of a file, up to a number of them.

        Raises:
            FileNotFoundError: There is nothing of that name.
        """
        with self._translate_errors():
            fs, root = self._file_system()
            return bytes(fs.cat_file(f"{root}/{name}", start=0, end=n_bytes))

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it is there, and the copies that this process has of it."""
        if self._downloads is not None:
            discard(self._folder() / name)
        with self._translate_errors(), contextlib.suppress(FileNotFoundError):
            fs, root = self._file_system()
            fs.invalidate_cache()
            fs.rm(f"{root}/{name}", recursive=True)

    def files(self) -> dict[str, float]:
        """List the files: name to time of change, in seconds since 1970.

        The present where the provider tells none.
        """
        found: dict[str, float] = {}
        with self._translate_errors(), contextlib.suppress(FileNotFoundError):
            fs, root = self._file_system()
            fs.invalidate_cache()
            for path, info in fs.find(root, detail=True).items():
                name = path.removeprefix(root).lstrip("/").partition("/")[0]
                found[name] = max(found.get(name, 0.0), _modification_time(info))
        return found

    def _file_system(self) -> tuple[Any, str]:
        """The file system, one in each process and thread, and the path in it."""
        fs, root = fsspec.core.url_to_fs(self._url)
        return fs, root.rstrip("/")

    def _folder(self) -> Path:
        """Folder in which this process keeps its downloads."""
        if self._downloads is None or self._downloads[0] != os.getpid():
            folder = Path(tempfile.mkdtemp(prefix="luthier-"))
            weakref.finalize(self, discard_own, folder, os.getpid())
            self._downloads = os.getpid(), folder
        return self._downloads[1]

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (LuthierError, FileNotFoundError):
            raise
        except ImportError as e:
            raise MissingDependencyError(
                f"{self._shown} needs another package: {self._hide(str(e))}"
            ) from self._cause(e)
        except Exception as e:  # every provider has its own
            raise CheckpointPlaceError(
                f"{self._shown} does not answer as it should "
                f"({type(e).__name__}: {self._hide(str(e))})",
                may_pass=not isinstance(e, PermissionError),
            ) from self._cause(e)

    def _hide(self, text: str) -> str:
        return hide_secrets(text, find_secrets(self._url))

    def _cause(self, e: Exception) -> Exception | None:
        """The exception as a cause; None where its text, or that of its own cause, has a secret."""
        text = "".join(traceback.format_exception(e))
        return e if self._hide(text) == text else None


def _modification_time(info: dict[str, Any]) -> float:
    for key in _TIMES:
        match info.get(key):
            case datetime() as when:
                return when.timestamp()
            case int() | float() as seconds:
                return float(seconds)
    return time.time()
