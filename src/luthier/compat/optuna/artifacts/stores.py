"""Where artifacts are kept."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from ....errors import explain_missing
from ...remarks import refuse
from ..logging import get_logger
from .exceptions import ArtifactNotFound

_logger = get_logger("optuna.artifacts")

T = TypeVar("T")


class ArtifactStore(Protocol):
    """What keeps artifacts, by their ids."""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact.

        Raises:
            ArtifactNotFound: There is none.
        """

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep an artifact."""

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact."""


class FileSystemArtifactStore:
    """Artifacts as files of a folder.

    Args:
        base_path: The folder, which exists.
    """

    def __init__(self, base_path: str | Path) -> None:
        self._base_path = Path(base_path)

    def _path(self, artifact_id: str) -> Path:
        base = self._base_path.absolute()
        path = Path(os.path.normpath(base / artifact_id))
        if os.path.isabs(artifact_id) or not path.is_relative_to(os.path.normpath(base)):
            raise ValueError(f"Invalid artifact_id: {artifact_id}")
        return path

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact.

        Raises:
            ArtifactNotFound: There is none.
            ValueError: The id leads out of the folder.
        """
        try:
            return open(self._path(artifact_id), "rb")
        except FileNotFoundError as e:
            raise ArtifactNotFound("not found") from e

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep an artifact."""
        with open(self._path(artifact_id), "wb") as file:
            shutil.copyfileobj(content_body, file)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact.

        Raises:
            ArtifactNotFound: There is none.
        """
        try:
            os.remove(self._path(artifact_id))
        except FileNotFoundError as e:
            raise ArtifactNotFound("not found") from e


class Backoff:
    """Tries another store again when it fails, after longer and longer pauses.

    Args:
        backend: The store.
        max_retries: How often.
        multiplier: By how much a pause is longer than the one before.
        min_delay: The first pause, in seconds.
        max_delay: The longest, in seconds.
    """

    def __init__(
        self,
        backend: ArtifactStore,
        *,
        max_retries: int = 10,
        multiplier: float = 2,
        min_delay: float = 0.1,
        max_delay: float = 30,
    ) -> None:
        assert max_retries > 0
        assert multiplier > 0
        assert min_delay > 0
        assert max_delay > min_delay
        self._backend = backend
        self._max_retries = max_retries
        self._multiplier = multiplier
        self._min_delay = min_delay
        self._max_delay = max_delay

    def _try(self, verb: Callable[[], T]) -> T:
        i = 0
        while True:
            try:
                return verb()
            except ArtifactNotFound:
                raise
            except Exception as e:
                i += 1
                if i >= self._max_retries:
                    raise
                _logger.error(f"an artifact store failed; it is tried again ({i})", exc_info=e)
            time.sleep(min(self._min_delay * self._multiplier ** (i - 1), self._max_delay))

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact."""
        return self._try(lambda: self._backend.open_reader(artifact_id))

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep an artifact."""

        def write() -> None:
            content_body.seek(0)
            self._backend.write(artifact_id, content_body)

        self._try(write)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact."""
        self._try(lambda: self._backend.remove(artifact_id))


class Boto3ArtifactStore:
    """Artifacts in a bucket of S3.

    Args:
        bucket_name: The bucket.
        client: boto3's client; None for `boto3.client("s3")`.
        avoid_buf_copy: Whether boto3 may close the file that it is given.

    Raises:
        MissingDependencyError: boto3 is not installed.
    """

    def __init__(
        self, bucket_name: str, client: Any = None, *, avoid_buf_copy: bool = False
    ) -> None:
        self.bucket = bucket_name
        if client is None:
            try:
                import boto3
            except ImportError as e:
                raise explain_missing("Boto3ArtifactStore", "boto3", "fsspec") from e
            client = boto3.client("s3")
        self.client = client
        self._avoid_buf_copy = avoid_buf_copy

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact.

        Raises:
            ArtifactNotFound: There is none.
        """
        try:
            body: BinaryIO = self.client.get_object(Bucket=self.bucket, Key=artifact_id)["Body"]
        except Exception as e:
            answer = getattr(e, "response", {})
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if answer.get("Error", {}).get("Code") == "NoSuchKey" or status == 404:
                raise ArtifactNotFound(f"{artifact_id} is not in bucket {self.bucket}") from e
            raise
        return body

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep an artifact."""
        if not self._avoid_buf_copy:
            content_body = io.BytesIO(content_body.read())
        self.client.upload_fileobj(content_body, self.bucket, artifact_id)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact."""
        self.client.delete_object(Bucket=self.bucket, Key=artifact_id)


class GCSArtifactStore:
    """Artifacts in Google's storage, which luthier reaches by fsspec.

    Raises:
        CompatError: Always.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        raise refuse(
            "optuna.artifacts.GCSArtifactStore",
            "Use luthier.create_study(checkpoints='gs://bucket/folder') and trial.attach(...).",
        )
