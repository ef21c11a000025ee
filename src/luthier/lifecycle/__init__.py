"""From a finished search to a model that stays good: roll-outs, monitors, retuning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Actions",
    "Alarm",
    "Choice",
    "Decision",
    "ErrorEstimator",
    "Estimate",
    "Gate",
    "Measured",
    "Metric",
    "Monitor",
    "Outcomes",
    "Policy",
    "Reference",
    "Retuner",
    "Rollout",
    "Router",
    "Trained",
    "advance_rollout",
    "begin_rollout",
    "check_calibration",
    "check_champion",
    "check_cost",
    "check_golden_rows",
    "check_quality",
    "check_repeats",
    "check_schema",
    "check_slices",
    "give_verdict",
    "log_alarm",
    "post_alarm",
    "record_gates",
    "run_command",
    "stop_rollout",
    "write_metrics",
]

_FILES = {
    "Actions": "retuning",
    "Alarm": "monitor",
    "Choice": "router",
    "Decision": "rollout",
    "ErrorEstimator": "estimate",
    "Estimate": "estimate",
    "Gate": "gates",
    "Measured": "retuning",
    "Metric": "rollout",
    "Monitor": "monitor",
    "Outcomes": "rollout",
    "Policy": "policy",
    "Reference": "reference",
    "Retuner": "retuning",
    "Rollout": "rollout",
    "Router": "router",
    "Trained": "retuning",
    "advance_rollout": "rolling_out",
    "begin_rollout": "rolling_out",
    "check_calibration": "gates",
    "check_champion": "gates",
    "check_cost": "gates",
    "check_golden_rows": "gates",
    "check_quality": "gates",
    "check_repeats": "gates",
    "check_schema": "gates",
    "check_slices": "gates",
    "give_verdict": "rolling_out",
    "log_alarm": "alerts",
    "post_alarm": "alerts",
    "record_gates": "gates",
    "run_command": "alerts",
    "stop_rollout": "rolling_out",
    "write_metrics": "alerts",
}

if TYPE_CHECKING:
    from .alerts import log_alarm as log_alarm
    from .alerts import post_alarm as post_alarm
    from .alerts import run_command as run_command
    from .alerts import write_metrics as write_metrics
    from .estimate import ErrorEstimator as ErrorEstimator
    from .estimate import Estimate as Estimate
    from .gates import Gate as Gate
    from .gates import check_calibration as check_calibration
    from .gates import check_champion as check_champion
    from .gates import check_cost as check_cost
    from .gates import check_golden_rows as check_golden_rows
    from .gates import check_quality as check_quality
    from .gates import check_repeats as check_repeats
    from .gates import check_schema as check_schema
    from .gates import check_slices as check_slices
    from .gates import record_gates as record_gates
    from .monitor import Alarm as Alarm
    from .monitor import Monitor as Monitor
    from .policy import Policy as Policy
    from .reference import Reference as Reference
    from .retuning import Actions as Actions
    from .retuning import Measured as Measured
    from .retuning import Retuner as Retuner
    from .retuning import Trained as Trained
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
