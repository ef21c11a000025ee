"""The automatic choice of a scheduler."""

from __future__ import annotations

from typing import NamedTuple

from ..history.history import History
from ..history.resources import full_resource
from ..models.learning_curves import fit_curves
from ..trial.record import Decision
from ..validation import check_real
from ..wording import count_of
from .asha import ASHA
from .base import Next, Resume, Scheduler
from .freeze_thaw import FreezeThaw

# Beyond these the model knows too little of running trials, or takes too long.
_MANY_WORKERS = 16
_MANY_TRIALS = 1000
# Kendall's tau of early and late losses below which they disagree, once so many trials have ended.
_POOR = 0.25
_N_ENDED = 12


class Choice(NamedTuple):
    """The scheduler that decides, and the reason.

    Attributes:
        name: Of the scheduler; "none" where all trials are trained to their end.
        why: The reason in words.
    """

    name: str
    why: str


class Auto(Scheduler):
    """Chooses the scheduler by the study, and gives the reason in `study.scheduler.explain()`.

    In this order:

    - no trial has come to its end, and max_resource is not given: none, so that the first one shows
      how long they are;
    - several objectives: ASHA;
    - more than 16 workers, or more than 1,000 trials: ASHA;
    - at no lower rung do losses rank trials as they end, with Kendall's tau of 0.25 at least, among
      12 or more that came to their end: none, since early stopping would then cost more than it
      saves;
    - everything else: FreezeThaw.

    Args:
        max_resource: The step at which trials end; None learns it from the first that ends.

    Raises:
        ValueError: max_resource is not above 0.
    """

    def __init__(self, max_resource: float | None = None) -> None:
        if max_resource is not None:
            check_real("max_resource", max_resource, 0, above=True)
        self.max_resource = max_resource
        self._freeze_thaw = FreezeThaw(max_resource)
        self._asha = ASHA(max_resource=max_resource)
        self._choice = Choice("none", "nothing has been decided yet")

    def explain(self) -> str:
        """Return the scheduler that made the last decision, and the reason."""
        return f"{self._choice.name}: {self._choice.why}"

    def decide(self, history: History, number: int) -> Decision:
        scheduler = self._choose(history)
        verdict = Decision.CONTINUE if scheduler is None else scheduler.decide(history, number)
        if (
            verdict is Decision.PAUSE
            and scheduler is self._freeze_thaw
            and self._distrusts_rungs(history)
        ):
            return Decision.CONTINUE
        return verdict

    def next(self, history: History) -> Next | Resume:
        scheduler = self._choose(history)
        if scheduler is None or (scheduler is self._freeze_thaw and self._distrusts_rungs(history)):
            return Next.START
        return scheduler.next(history)

    def _choose(self, history: History) -> Scheduler | None:
        """Choose by the numbers of objectives, workers and trials; None trains all to their end."""
        resource = self.max_resource or full_resource(history)
        if resource is None:
            self._choice = Choice(
                "none", "no trial has come to its end yet, so nobody knows how long they are"
            )
            return None
        if len(history.directions) > 1:
            self._choice = Choice("ASHA", f"{len(history.directions)} objectives")
            return self._asha
        if len(history.running) > _MANY_WORKERS or history.n > _MANY_TRIALS:
            self._choice = Choice(
                "ASHA",
                f"{count_of(len(history.running), 'trial')} at a time, {history.n} in all",
            )
            return self._asha
        if self._choice.name != "FreezeThaw":
            self._choice = Choice("FreezeThaw", f"trials end at step {resource:g}")
        return self._freeze_thaw

    def _distrusts_rungs(self, history: History) -> bool:
        """Whether early losses rank trials too poorly, by the model that FreezeThaw uses."""
        model = fit_curves(history.space, history, self.max_resource)
        if model is None:
            return False
        tau = (
            f"early and late losses agree with tau = {model.agreement:.2f} among "
            f"{count_of(model.n_ended, 'trial')}"
        )
        if model.n_ended >= _N_ENDED and model.agreement < _POOR:
            self._choice = Choice(
                "none", f"rungs rank trials differently: {tau}, so all are trained to their end"
            )
            return True
        known = f"; {tau}" if model.n_ended > 1 else ""
        self._choice = Choice("FreezeThaw", f"trials end at step {model.levels[-1]:g}{known}")
        return False
