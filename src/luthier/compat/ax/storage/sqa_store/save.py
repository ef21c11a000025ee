"""Ax's database: each name says on use what to do instead."""

from __future__ import annotations

from ...inside import refuse_names

__getattr__ = refuse_names(
    "ax.storage.sqa_store.save",
    "Use save_to_json_file, or a study in a database: luthier.create_study(storage='sqlite:///a.db').",
)
