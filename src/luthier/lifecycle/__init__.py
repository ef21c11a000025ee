"""From a finished search to a model that stays good: roll-outs, monitors, retuning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Choice",
    "Decision",
    "Metric",
    "Outcomes",
    "Rollout",
    "Router",
    "advance_rollout",
    "begin_rollout",
    "give_verdict",
    "stop_rollout",
]

_FILES = {
    "Choice": "router",
    "Decision": "rollout",
    "Metric": "rollout",
    "Outcomes": "rollout",
    "Rollout": "rollout",
    "Router": "router",
    "advance_rollout": "rolling_out",
    "begin_rollout": "rolling_out",
    "give_verdict": "rolling_out",
    "stop_rollout": "rolling_out",
}

if TYPE_CHECKING:
    from .rolling_out import advance_rollout as advance_rollout
    from .rolling_out import begin_rollout as begin_rollout
    from .rolling_out import give_verdict as give_verdict
    from .rolling_out import stop_rollout as stop_rollout
    from .rollout import Decision as Decision
    from .rollout import Metric as Metric
    from .rollout import Outcomes as Outcomes
    from .rollout import Rollout as Rollout
    from .router import Choice as Choice
    from .router import Router as Router
else:
    __getattr__, __dir__ = attach(__name__, _FILES)
