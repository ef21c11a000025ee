"""`Checkpoint`: a folder that a trial goes on from."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ....checkpoints.packing import pack, unpack

_DICT = "dict_checkpoint.npz"
_METADATA = ".metadata.json"


class Checkpoint:
    """A folder of files, written by a trial.

    Args:
        path: The folder.
        filesystem: Of Ray's other places; only None is known here.

    Raises:
        ValueError: The place is none of this machine.
    """

    def __init__(self, path: str | os.PathLike[str], filesystem: Any = None) -> None:
        text = os.fspath(path)
        if filesystem is not None or "://" in text:
            raise ValueError(f"a checkpoint is a folder of this machine, got {text!r}")
        self.path = os.path.abspath(os.path.expanduser(text))
        self.filesystem = None

    @classmethod
    def from_directory(cls, path: str | os.PathLike[str]) -> Checkpoint:
        """Return the checkpoint that is in a folder."""
        return cls(path)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Checkpoint:
        """Return a checkpoint of a dict, in a folder of its own.

        Raises:
            CheckpointError: It has other things than dicts, lists, text, numbers, arrays and
                tensors: write those to files.
        """
        folder = tempfile.mkdtemp(prefix="checkpoint_")
        Path(folder, _DICT).write_bytes(pack(dict(data)))
        return cls(folder)

    def to_dict(self) -> dict[str, Any]:
        """Return the dict that `from_dict` was given.

        Raises:
            ValueError: The checkpoint was made of a folder.
        """
        file = Path(self.path, _DICT)
        if not file.exists():
            raise ValueError(f"{self!r} was not made by from_dict; use as_directory()")
        data: dict[str, Any] = unpack(file.read_bytes())
        return data

    def to_directory(self, path: str | os.PathLike[str] | None = None) -> str:
        """Copy the files to a folder; return it."""
        folder = tempfile.mkdtemp(prefix="checkpoint_") if path is None else os.fspath(path)
        shutil.copytree(self.path, folder, dirs_exist_ok=True)
        return folder

    @contextlib.contextmanager
    def as_directory(self) -> Iterator[str]:
        """Give the folder, to be read."""
        yield self.path

    def get_metadata(self) -> dict[str, Any]:
        """Return the notes that `set_metadata` was given."""
        file = Path(self.path, _METADATA)
        notes: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return notes

    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Keep notes in JSON's types beside the files."""
        Path(self.path, _METADATA).write_text(json.dumps(dict(metadata)))

    def update_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add notes to those that are kept."""
        self.set_metadata(self.get_metadata() | dict(metadata))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checkpoint) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"Checkpoint(filesystem=local, path={self.path})"
