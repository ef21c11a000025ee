"""A trainable for examples and tests: a curve that rises to a height."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from .trainable import Trainable


class MyTrainableClass(Trainable):
    """Reports `height * tanh(steps / width)` as "episode_reward_mean".

    The configuration may have "width", "height", and "sleep", in seconds.
    """

    def setup(self, config: dict[str, Any]) -> None:
        self.timestep = 0

    def step(self) -> dict[str, Any]:
        time.sleep(self.config.get("sleep", 0))
        self.timestep += 1
        height, width = self.config.get("height", 1), self.config.get("width", 1)
        return {"episode_reward_mean": height * math.tanh(self.timestep / (width or 1))}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        Path(checkpoint_dir, "checkpoint").write_text(json.dumps({"timestep": self.timestep}))

    def load_checkpoint(self, checkpoint: Any) -> None:
        self.timestep = json.loads(Path(checkpoint, "checkpoint").read_text())["timestep"]
