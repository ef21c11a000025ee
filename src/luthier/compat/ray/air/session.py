"""`session`, as Ray 2.0 to 2.6 had it."""

from __future__ import annotations

from ..tune.session import (
    get_checkpoint,
    get_context,
    get_trial_dir,
    get_trial_id,
    get_trial_name,
    get_trial_resources,
    report,
)

get_experiment_name = get_context().get_experiment_name
get_world_rank = get_context().get_world_rank
get_local_rank = get_context().get_local_rank
get_world_size = get_context().get_world_size

__all__ = [
    "get_checkpoint",
    "get_context",
    "get_experiment_name",
    "get_local_rank",
    "get_trial_dir",
    "get_trial_id",
    "get_trial_name",
    "get_trial_resources",
    "get_world_rank",
    "get_world_size",
    "report",
]
