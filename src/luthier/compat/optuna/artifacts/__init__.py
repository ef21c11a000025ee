"""Files of trials and studies, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "ArtifactMeta",
    "ArtifactStore",
    "Backoff",
    "Boto3ArtifactStore",
    "FileSystemArtifactStore",
    "GCSArtifactStore",
    "download_artifact",
    "get_all_artifact_meta",
    "upload_artifact",
]

if TYPE_CHECKING:
    from .stores import ArtifactStore as ArtifactStore
    from .stores import Backoff as Backoff
    from .stores import Boto3ArtifactStore as Boto3ArtifactStore
    from .stores import FileSystemArtifactStore as FileSystemArtifactStore
    from .stores import GCSArtifactStore as GCSArtifactStore
    from .transfer import ArtifactMeta as ArtifactMeta
    from .transfer import download_artifact as download_artifact
    from .transfer import get_all_artifact_meta as get_all_artifact_meta
    from .transfer import upload_artifact as upload_artifact
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "ArtifactStore": "stores",
            "Backoff": "stores",
            "Boto3ArtifactStore": "stores",
            "FileSystemArtifactStore": "stores",
            "GCSArtifactStore": "stores",
            "ArtifactMeta": "transfer",
            "download_artifact": "transfer",
            "get_all_artifact_meta": "transfer",
            "upload_artifact": "transfer",
        },
    )
