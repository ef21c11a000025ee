"""AutoML: from a table to a good model in minutes, as an ordinary study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "AutoClassifier",
    "AutoForecaster",
    "AutoRegressor",
    "AutoReport",
    "Column",
    "Leaderboard",
    "Learner",
    "pipeline_space",
    "ready_learners",
]

if TYPE_CHECKING:
    from .columns import Column as Column
    from .estimators import AutoClassifier as AutoClassifier
    from .estimators import AutoRegressor as AutoRegressor
    from .forecaster import AutoForecaster as AutoForecaster
    from .joint_space import pipeline_space as pipeline_space
    from .leaderboard import Leaderboard as Leaderboard
    from .learners import Learner as Learner
    from .learners import ready_learners as ready_learners
    from .page import AutoReport as AutoReport
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AutoClassifier": "estimators",
            "AutoForecaster": "forecaster",
            "AutoRegressor": "estimators",
            "AutoReport": "page",
            "Column": "columns",
            "Leaderboard": "leaderboard",
            "Learner": "learners",
            "pipeline_space": "joint_space",
            "ready_learners": "learners",
        },
        {
            "AutoClassifier": "sklearn",
            "AutoForecaster": "sklearn",
            "AutoRegressor": "sklearn",
            "AutoReport": "sklearn",
        },
    )
