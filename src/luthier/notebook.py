"""Whether this process is the kernel of a notebook."""

from __future__ import annotations

import sys
from typing import Any


def find_notebook() -> Any:
    """Return IPython's shell if this process is the kernel of a notebook; else None."""
    ipython = sys.modules.get("IPython")  # whoever is in a notebook has loaded it
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None
