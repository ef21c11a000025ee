"""The service: studies over HTTP, for workers in any language, and as a storage.

`luthier serve` starts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = ["Limits", "application", "serve", "token_file"]

if TYPE_CHECKING:
    from .app import application as application
    from .limits import Limits as Limits
    from .run import serve as serve
    from .tokens import token_file as token_file
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Limits": "limits",
            "application": "app",
            "serve": "run",
            "token_file": "tokens",
        },
        extras={"application": "service", "serve": "service"},
    )
