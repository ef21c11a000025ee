"""Objectives that are not Python functions: programs and scripts, with spaces from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Program",
    "Script",
    "read_space",
]

if TYPE_CHECKING:
    from .program import Program as Program
    from .script import Script as Script
    from .space_file import read_space as read_space
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Program": "program",
            "Script": "script",
            "read_space": "space_file",
        },
    )
