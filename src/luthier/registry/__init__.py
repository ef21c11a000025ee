"""Models that searches have found: versions, aliases, and who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Artifact",
    "Content",
    "Damage",
    "Draft",
    "Event",
    "Log",
    "Registry",
    "Source",
    "Version",
    "fingerprint_data",
]

_FILES = {
    "Artifact": "version",
    "Content": "version",
    "Damage": "log",
    "Draft": "log",
    "Event": "log",
    "Log": "log",
    "Registry": "registry",
    "Source": "version",
    "Version": "version",
    "fingerprint_data": "version",
}

if TYPE_CHECKING:
    from .log import Damage as Damage
    from .log import Draft as Draft
    from .log import Event as Event
    from .log import Log as Log
    from .registry import Registry as Registry
    from .version import Artifact as Artifact
    from .version import Content as Content
    from .version import Source as Source
    from .version import Version as Version
    from .version import fingerprint_data as fingerprint_data
else:
    __getattr__, __dir__ = attach(__name__, _FILES)
