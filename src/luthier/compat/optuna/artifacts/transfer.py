"""Artifacts of trials and studies: kept, listed, read again."""

from __future__ import annotations

import dataclasses
import json
import mimetypes
import os
import shutil
import uuid
from dataclasses import dataclass

from ..marks import taken_by_position
from ..storages.base import BaseStorage
from ..study.search import Study
from ..trial.frozen import FrozenTrial
from ..trial.live import Trial
from .stores import ArtifactStore

_PREFIX = "artifacts:"
_UNKNOWN = "application/octet-stream"

Owner = Trial | FrozenTrial | Study


@dataclass
class ArtifactMeta:
    """What is known of an artifact.

    Attributes:
        artifact_id: Its id in the store.
        filename: Name of the file that it was.
        mimetype: What kind of file.
        encoding: How it is packed; None for not at all.
    """

    artifact_id: str
    filename: str
    mimetype: str
    encoding: str | None


def _find_storage(owner: Owner, storage: BaseStorage | None) -> BaseStorage:
    if storage is not None:
        return storage
    if isinstance(owner, FrozenTrial):
        raise ValueError("storage is required for FrozenTrial.")
    return owner.storage


@taken_by_position(["study_or_trial", "file_path", "artifact_store"], since="4.0.0")
def upload_artifact(
    *,
    artifact_store: ArtifactStore,
    file_path: str,
    study_or_trial: Owner,
    storage: BaseStorage | None = None,
    mimetype: str | None = None,
    encoding: str | None = None,
) -> str:
    """Keep a file with a trial or a study, and return its id.

    Raises:
        ValueError: The storage of a frozen trial is not named.
    """
    home = _find_storage(study_or_trial, storage)
    name = os.path.basename(file_path)
    guessed, packed = mimetypes.guess_type(name)
    meta = ArtifactMeta(
        artifact_id=str(uuid.uuid4()),
        filename=name,
        mimetype=mimetype or guessed or _UNKNOWN,
        encoding=encoding or packed,
    )
    key, text = f"{_PREFIX}{meta.artifact_id}", json.dumps(dataclasses.asdict(meta))
    if isinstance(study_or_trial, Study):
        home.set_study_system_attr(study_or_trial.study_id, key, text)
    else:
        home.set_trial_system_attr(study_or_trial.trial_id, key, text)
    with open(file_path, "rb") as file:
        artifact_store.write(meta.artifact_id, file)
    return meta.artifact_id


def download_artifact(*, artifact_store: ArtifactStore, file_path: str, artifact_id: str) -> None:
    """Write an artifact to a file.

    Raises:
        FileExistsError: The file exists.
        ArtifactNotFound: There is no such artifact.
    """
    if os.path.exists(file_path):
        raise FileExistsError(f"File already exists: {file_path}")
    with artifact_store.open_reader(artifact_id) as source, open(file_path, "wb") as target:
        shutil.copyfileobj(source, target)


def get_all_artifact_meta(
    study_or_trial: Owner, *, storage: BaseStorage | None = None
) -> list[ArtifactMeta]:
    """Return what is known of the artifacts of a trial or a study.

    Raises:
        ValueError: The storage of a frozen trial is not named.
    """
    home = _find_storage(study_or_trial, storage)
    if isinstance(study_or_trial, Study):
        attrs = home.get_study_system_attrs(study_or_trial.study_id)
    else:
        attrs = home.get_trial_system_attrs(study_or_trial.trial_id)
    texts = [text for key, text in attrs.items() if key.startswith(_PREFIX)]
    return [ArtifactMeta(**json.loads(text)) for text in texts]
