"""Workers that train trials under a scheduler in random order.

A pure driver for histories, without a study.
"""

import pickle

import numpy as np

from luthier.history.history import History
from luthier.schedulers import Decision
from luthier.schedulers.base import Next, Resume
from luthier.space.distributions import Float
from luthier.space.space import Space
from luthier.trial.record import State, TrialRow, Turn

SPACE = Space({"x": Float(0, 1)})


class Workers:
    """Some workers on one study; `run` works until nothing is left to do.

    Args:
        scheduler: Who decides.
        rng: Who acts next, and what goes wrong.
        n_trials: How many trials the study has.
        n: How many workers.
        curve: Number and step -> loss, or a tuple of them.
        end: Steps of a whole trial.
        checkpoints: Whether a trial goes on where it was; otherwise it begins again each time.
        crash, fail, early: How likely a worker dies, a trial fails or completes, at each report.
        stride: Number of a trial -> steps between its reports.
        checked: How likely an answer is compared with those of a copy of the scheduler and of the
            history rebuilt.
        seen: Called with the workers, "promote" or "go on", and the number of the trial, before
            that is done.
    """

    def __init__(
        self,
        scheduler,
        rng,
        n_trials,
        n,
        curve,
        end=81,
        checkpoints=True,
        crash=0.0,
        fail=0.0,
        early=0.0,
        stride=lambda i: 1,
        checked=0.0,
        seen=lambda *_: None,
        directions=("minimize",),
    ):
        self.scheduler = scheduler
        self.rng = rng
        self.curve = curve
        self.end = end
        self.stride = stride
        self.seen = seen
        self.checkpoints = checkpoints
        self.crash = crash
        self.fail = fail
        self.early = early
        self.checked = checked
        self.rows = []
        self.at = {}
        self.history = History(SPACE, directions)
        self.history.update_info(budget=n_trials)
        self.idle = n
        self.busy = []
        self.steps_run = 0

    def put(self, number, **changes):
        row = TrialRow(number=number, state=State.RUNNING, params={"x": 0.5})
        known = self.rows[number] if number < len(self.rows) else row
        row = TrialRow(**{**{f: getattr(known, f) for f in TrialRow.__struct_fields__}, **changes})
        self.rows[number : number + 1] = [row]
        self.history.put([row])

    def rebuilt(self):
        h = History(SPACE, self.history.directions)
        h.update_info(budget=self.history.budget)
        h.put(self.rows)
        for i in reversed(range(h.n)):
            steps, values = self.history.reports.of(i)
            for s, v in reversed(list(zip(steps.tolist(), values.tolist(), strict=True))):
                h.put_report(i, s, tuple(v))
        return h

    def ask(self, verb, *args):
        answer = getattr(self.scheduler, verb)(self.history, *args)
        if self.rng.random() < self.checked:
            fresh = pickle.loads(pickle.dumps(self.scheduler))
            assert getattr(fresh, verb)(self.rebuilt(), *args) == answer
            assert getattr(self.scheduler, verb)(self.history, *args) == answer
        return answer

    def begin(self, number, **changes):
        token = self.rows[number].token if number < len(self.rows) else 0
        self.put(number, state=State.RUNNING, token=token + 1, **changes)
        last = self.history.last_step[number]
        self.at[number] = float(last) if self.checkpoints and last > 0 else 0.0
        self.busy.append(number)
        self.idle -= 1

    def take(self):
        """A free worker's turn; False where it must wait, None where all is over."""
        h = self.history
        if h.waiting:
            self.begin(min(h.waiting))
            return True
        move = self.ask("next")
        if isinstance(move, Resume):
            assert move.number in h.paused
            self.seen(self, "promote", move.number)
            step = float(h.last_step[move.number])
            self.begin(move.number, turns=(*self.rows[move.number].turns, Turn(step, {"x": 0.5})))
            return True
        if move is Next.START and h.n < h.budget:
            self.begin(h.n)
            return True
        assert move is not Next.WAIT or h.running, "it waits for nobody"
        return False if h.running else None

    def leave(self, number, state):
        reports = self.history.reports.last(number)
        self.put(
            number, state=state, values=reports if state in (State.PAUSED, State.COMPLETE) else None
        )
        self.busy.remove(number)
        self.idle += 1

    def step(self, number):
        """A busy worker's next report, and what comes of it."""
        h, chance = self.history, self.rng.random()
        self.at[number] = min(self.at[number] + self.stride(number), self.end)
        self.steps_run += 1
        h.put_report(number, self.at[number], self.curve(number, self.at[number]))
        if chance < self.crash:
            return self.leave(number, State.WAITING)
        if chance < self.crash + self.fail:
            return self.leave(number, State.FAILED)
        decision = self.ask("decide", number)
        if decision is Decision.PAUSE:
            return self.leave(number, State.PAUSED)
        if decision is Decision.STOP:
            return self.leave(number, State.PRUNED)
        self.seen(self, "go on", number)
        if self.at[number] >= self.end or chance > 1 - self.early:
            return self.leave(number, State.COMPLETE)
        return None

    def run(self, most=100_000):
        for _ in range(most):
            if self.idle and (not self.busy or self.rng.random() < 0.5):
                taken = self.take()
                if taken is None and not self.busy:
                    return self.history
                if taken:
                    continue
            if self.busy:
                self.step(self.busy[self.rng.integers(len(self.busy))])
        raise AssertionError(f"it never ends: {self.history!r}")


def levels_reached(history, numbers, steps):
    """How many of some trials have come to each step."""
    return [int((history.last_step[numbers] >= s).sum()) for s in steps]


def noisy(seed):
    """Curves that fall, each to a level of its own, with noise, ties and NaN.

    The same whenever asked for.
    """

    def curve(number, step):
        rng = np.random.default_rng([seed, number, int(1000 * step)])
        if rng.random() < 0.02:
            return float("nan")
        level = np.random.default_rng([seed, number]).integers(0, 8)
        return float(round(level + 5 / (step + 1) + rng.normal(), 1))

    return curve
