"""Files of versions, named by the hash of their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from ..checkpoints.folder import Folder, copy, members
from ..checkpoints.places import check_url, is_url, to_folder
from ..errors import RegistryError
from .version import Artifact

_CHUNK_BYTES = 1 << 20


class Artifacts:
    """A folder, or a URL that fsspec knows, with the files of versions.

    A file stands under its hash, whole and on the disk, before a version names it. It is never
    opened here: loading it is the caller's, who trusts it or does not.

    Args:
        place: The folder or URL.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        if is_url(place):
            from ..checkpoints.remote import Remote

            check_url(place)
            self._place: Folder | Remote = Remote(place)
        else:
            self._place = Folder(to_folder(place))

    def add(self, source: str | os.PathLike[str]) -> Artifact:
        """Copy a file or folder, and return what it is called now.

        Raises:
            RegistryError: There is no such file or folder.
        """
        path = Path(source)
        if not path.exists():
            raise RegistryError(f"expected the path of a file or folder, there is none at {path}")
        with self._place.staging(f"new-{os.urandom(8).hex()}") as staged:
            copy(path, staged)
            sha256, n_bytes = measure(staged)
            if sha256 not in self._place.files():
                self._place.put(staged, sha256)
        return Artifact(name=path.name, file=sha256, sha256=sha256, n_bytes=n_bytes)

    def fetch(self, artifact: Artifact) -> Path:
        """Return a local path to read an artifact from, whose content was compared with its hash.

        Raises:
            RegistryError: It is gone, or has changed.
        """
        try:
            path = self._place.fetch(artifact.file)
        except FileNotFoundError:
            raise RegistryError(
                f"{artifact.name} ({artifact.file}) is gone from {self.place}"
            ) from None
        sha256, _ = measure(path)
        if sha256 != artifact.sha256:
            raise RegistryError(
                f"{artifact.name} in {self.place} has changed since it was registered: expected "
                f"SHA-256 {artifact.sha256}, got {sha256}"
            )
        return path


def measure(path: Path) -> tuple[str, int]:
    """SHA-256 and bytes of a file; of a folder, over the names and contents of its files."""
    digest = hashlib.sha256()
    total = 0
    files = members(path) if path.is_dir() else [("", path)]
    for name, file in files:
        if name:
            digest.update(os.fsencode(name) + b"\0")
            digest.update(b"%d\0" % file.stat().st_size)
        with contextlib.closing(file.open("rb")) as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                digest.update(chunk)
                total += len(chunk)
    return digest.hexdigest(), total
