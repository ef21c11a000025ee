"""Results as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MAP_KEY = "step"
_COLUMNS = ("trial_index", "arm_name", "metric_name", "metric_signature", "mean", "sem", MAP_KEY)


@dataclass(frozen=True)
class Measurement:
    """One result of one metric.

    Args:
        trial_index: Index of the trial.
        arm_name: Name of its arm.
        metric_name: Name of the metric.
        mean: The result.
        sem: Standard error of it; NaN where it is not known.
        step: How far the trial had come; NaN at its end.
    """

    trial_index: int
    arm_name: str
    metric_name: str
    mean: float
    sem: float = float("nan")
    step: float = float("nan")


class Data:
    """Results of trials.

    Args:
        df: Table with the columns trial_index, arm_name, metric_name, mean and sem, and perhaps
            metric_signature and step.
    """

    def __init__(self, df: pd.DataFrame | None = None) -> None:
        import pandas as pd

        table = pd.DataFrame(columns=list(_COLUMNS)) if df is None else df.copy()
        if "metric_signature" not in table:
            table["metric_signature"] = table["metric_name"]
        if MAP_KEY not in table:
            table[MAP_KEY] = float("nan")
        self.full_df: pd.DataFrame = table[[c for c in _COLUMNS if c in table]]

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> Data:
        """Return the table of measurements."""
        import pandas as pd

        rows: list[dict[str, Any]] = [
            {
                "trial_index": m.trial_index,
                "arm_name": m.arm_name,
                "metric_name": m.metric_name,
                "metric_signature": m.metric_name,
                "mean": m.mean,
                "sem": m.sem,
                MAP_KEY: m.step,
            }
            for m in measurements
        ]
        return cls(pd.DataFrame(rows) if rows else None)

    @property
    def df(self) -> pd.DataFrame:
        """The latest result of each metric of each trial."""
        keys = ["trial_index", "metric_name"]
        return self.full_df.drop_duplicates(keys, keep="last")

    @property
    def has_step_column(self) -> bool:
        """Whether some results have a step."""
        return bool(self.full_df[MAP_KEY].notna().any())

    @property
    def metric_names(self) -> set[str]:
        """Names of metrics with results."""
        return set(self.full_df["metric_name"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Data):
            return NotImplemented
        return bool(self.full_df.equals(other.full_df))

    __hash__ = None  # type: ignore[assignment]
