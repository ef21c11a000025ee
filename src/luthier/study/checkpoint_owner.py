"""A study as the owner of a place of checkpoints."""

from __future__ import annotations

import hashlib
import json

from ..checkpoints.ownership import Owner
from ..storages import Storage
from ..storages.base import StudyRecord


def find_owner(storage: Storage, record: StudyRecord) -> Owner:
    """The study as the owner of a place of checkpoints.

    Its identity follows from what a storage gives a study once: backups keep it, and a copy that
    luthier makes in another storage has another.
    """
    facts = json.dumps([record.name, record.created_s, record.spec.get("seed")])
    identity = hashlib.sha256(facts.encode()).hexdigest()[:16]
    return Owner(identity, record.name, storage.file or "", storage.database or "")
