"""Facts about a search, in its folder."""

from __future__ import annotations

import datetime
import json
import platform
from pathlib import Path
from typing import Any

from ..utils.numpyencoder import NumpyEncoder
from ..version import __version__
from .callback import Callback


class MetadataCallback(Callback):
    """Writes `metadata.json` to the folder of the scenario as the search begins.

    Args:
        **kwargs: What is written besides time, system and version; in JSON's types.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.kwargs = kwargs

    def on_start(self, smbo: Any) -> None:
        folder = Path(smbo.scenario.output_directory)
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "utc_time": str(datetime.datetime.now(datetime.UTC)),
            "os": platform.platform(),
            "smac_version": __version__,
            **self.kwargs,
        }
        text = json.dumps(facts, indent=2, cls=NumpyEncoder)
        (folder / "metadata.json").write_text(text, encoding="utf-8")
