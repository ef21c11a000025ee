"""What is called during a search."""

from __future__ import annotations

from .callback import Callback
from .metadata_callback import MetadataCallback

__all__ = ["Callback", "MetadataCallback"]
