"""What trackers are told of a study: it begins, a trial ends, it ends.

One mechanism for all of them: a tracker goes into `callbacks` of `Study.optimize`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Self

from ..errors import LuthierError
from ..study.study import Study
from ..terminal import logger
from ..trial.record import State, TrialRow
from .outbox import Outbox


class StudyInfo(NamedTuple):
    """A study, for those who write it down.

    Attributes:
        name: Its name.
        objectives: Names of its objectives, in order.
        directions: "minimize" or "maximize" for each.
        sampler: Its sampler, in words.
        scheduler: Its scheduler, in words; None without one.
    """

    name: str
    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    sampler: str
    scheduler: str | None


class Ending(NamedTuple):
    """How the run of a study ended.

    Attributes:
        counts: Number of trials in each state.
        best: The best trials: one, or the front of several objectives; none where none is complete.
        error: What ended it, in words; None where it ended by itself.
        reason: The stop rule that ended it, "Ctrl-C", or "interrupted" where the program was
            stopped; None without one.
    """

    counts: Mapping[State, int]
    best: tuple[TrialRow, ...]
    error: str | None
    reason: str | None


class Tracker(ABC):
    """A callback that tells something else of a study, in a thread of its own.

    It never blocks or fails the study. Use it in a `with` block, which tells that the study ended,
    and waits for what was not sent yet:

        with Tracker(...) as tracker:
            study.optimize(objective, n_trials=100, callbacks=[tracker])

    Args:
        name: Where it goes, for the log. It holds no secret.
        may_pass: Whether work is worth another attempt after an exception.
        within_s: For how long work is tried again, in seconds.
        wait_s: How long the end waits for what is left, in seconds.
    """

    def __init__(
        self,
        name: str,
        may_pass: Callable[[Exception], bool] = lambda e: False,
        within_s: float = 60.0,
        wait_s: float = 10.0,
    ) -> None:
        self._outbox = Outbox(name, may_pass, within_s, wait_s)
        self._studies: dict[str, Study] = {}
        self._unbegun: set[str] = set()  # studies whose begin could not be written down

    @property
    def n_failed(self) -> int:
        """How many messages could not be sent: they failed, or the end did not wait for them.

        Where the begin of a study cannot be written down, all of its messages are left out.
        """
        return self._outbox.n_failed

    def __call__(self, study: Study, row: TrialRow) -> None:
        """Take a trial in that ended; `Study.optimize` calls this."""
        try:
            info = _describe(study)
            if study.name not in self._studies:
                self._outbox.put(partial(self._begin, info))
            self._studies[study.name] = study
            [row] = study.engine.rows([row.number])  # with its reports
            self._outbox.put(
                partial(self._go_on, info, partial(self.write, info, row, _is_best(study, row)))
            )
        except LuthierError as e:  # such as a storage that is away
            logger.warning("%s: trial %d is left out: %s", self._outbox.name, row.number, e)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(error)

    def close(self, error: BaseException | None = None) -> None:
        """Tell that the studies ended, and wait for what was not sent yet.

        Args:
            error: What ended them; None where they ended by themselves.
        """
        for study in self._studies.values():
            try:
                info = _describe(study)
                self._outbox.put(
                    partial(self._go_on, info, partial(self.end, info, _end_of(study, error)))
                )
            except LuthierError as e:
                logger.warning("%s: the end is left out: %s", self._outbox.name, e)
        self._studies.clear()
        self._outbox.close()

    def _begin(self, info: StudyInfo) -> None:
        self._unbegun.add(info.name)
        self.begin(info)
        self._unbegun.discard(info.name)

    def _go_on(self, info: StudyInfo, work: Callable[[], None]) -> None:
        """Do work that needs the begin of its study; without it, why is said already."""
        if info.name in self._unbegun:
            self._outbox.leave_out(None)
        else:
            work()

    @abstractmethod
    def begin(self, info: StudyInfo) -> None:
        """Write down that a study begins, or goes on; in the tracker's thread."""

    @abstractmethod
    def write(self, info: StudyInfo, row: TrialRow, is_best: bool) -> None:
        """Write down a trial that ended; in the tracker's thread."""

    @abstractmethod
    def end(self, info: StudyInfo, ending: Ending) -> None:
        """Write down that the run of a study ended; in the tracker's thread."""


def name_values(row: TrialRow, info: StudyInfo) -> dict[str, float]:
    """The values of a trial by the names of the objectives; none where it has none."""
    return dict(zip(info.objectives, row.values or (), strict=False))


def name_reports(row: TrialRow, info: StudyInfo) -> list[tuple[float, dict[str, float]]]:
    """The reports of a trial: (step, values by "report/" and the names of the objectives).

    A name of their own keeps them apart from the trial's values, which need not be the last report.
    """
    found = []
    for step, value in row.reports:
        values = value if isinstance(value, tuple) else (value,)
        names = [f"report/{name}" for name in info.objectives]
        found.append((step, dict(zip(names, values, strict=False))))
    return found


def number_steps(
    reports: Sequence[tuple[float, dict[str, float]]],
) -> list[tuple[int, dict[str, float]]]:
    """Reports at whole steps, which is all that trackers know: their own, or else their positions.

    Where they are positions, the steps come along as "step".
    """
    if all(float(step).is_integer() for step, _ in reports):
        return [(int(step), values) for step, values in reports]
    return [(i, {**values, "step": step}) for i, (step, values) in enumerate(reports)]


def first_line(row: TrialRow) -> str | None:
    """Why a trial failed, in one line; None where it did not."""
    return None if row.error is None else row.error.split("\n", 1)[0]


def _describe(study: Study) -> StudyInfo:
    scheduler: Any = study.scheduler
    return StudyInfo(
        study.name,
        tuple(study.objectives),
        study.directions,
        repr(study.sampler),
        None if scheduler is None else repr(scheduler),
    )


def _is_best(study: Study, row: TrialRow) -> bool:
    """Whether a trial is the best so far, or on the front."""
    if row.state != State.COMPLETE:
        return False
    with study.engine.reading() as history:
        if len(study.directions) > 1:
            return row.number in history.front
        return history.best() == row.number


def _end_of(study: Study, error: BaseException | None) -> Ending:
    with study.engine.reading() as history:
        states = history.state[: history.n]
        counts = {state: int((states == state).sum()) for state in State}
        best = history.front.tolist() if len(study.directions) > 1 else [history.best()]
    rows = study.engine.rows([number for number in best if number is not None])
    is_stop = isinstance(error, KeyboardInterrupt | SystemExit)
    text = None if error is None or is_stop else f"{type(error).__name__}: {error}".rstrip(": ")
    reason = study.stop_reason or ("interrupted" if is_stop else None)
    return Ending(counts, tuple(rows), text, reason)
