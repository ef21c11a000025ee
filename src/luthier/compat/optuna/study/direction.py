"""Whether an objective is minimized or maximized, by the numbers that Optuna stores."""

from __future__ import annotations

import enum


class StudyDirection(enum.IntEnum):
    """Direction of an objective."""

    NOT_SET = 0
    MINIMIZE = 1
    MAXIMIZE = 2
