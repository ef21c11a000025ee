"""Objectives that are not Python functions: programs and scripts, with spaces from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Command",
    "Script",
    "read_space",
]

if TYPE_CHECKING:
    from .command import Command as Command
    from .command import Script as Script
    from .command import read_space as read_space
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Command": "command",
            "Script": "command",
            "read_space": "command",
        },
    )
