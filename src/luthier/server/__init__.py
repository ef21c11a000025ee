"""The service: studies over HTTP, for workers in any language, and as a storage.

`luthier serve` starts it.
"""

from __future__ import annotations

from ..errors import MissingDependencyError

try:
    import prometheus_client  # noqa: F401
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError as e:
    raise MissingDependencyError(
        f"the service needs {e.name}: pip install 'luthier[service]'"
    ) from None

from .app import application
from .limits import Limits
from .run import serve, token_file

__all__ = ["Limits", "application", "serve", "token_file"]
