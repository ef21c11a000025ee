"""A model in production: searched for, tested, watched, retuned, rolled out, and taken back.

A search finds a model, which becomes the champion. It answers simulated users until a new scanner
comes, whose images are dim and grainy. A monitor raises an alarm; a refit does not help enough; a
search that remembers the first one does, and its model is rolled out step by step. Then somebody
rolls out a model that is good on old images only, and it is taken back. A page tells the story.

    python examples/production/demo.py [NEW FOLDER [TRIALS]]

Needs scikit-learn and about a minute; no network.
"""

import sys
from pathlib import Path

import numpy as np
from model import MODEL, SPACE, Actions, Scanner, describe, load_parts, scan_dimly, scan_well
from page import Story, write_page

import luthier
from luthier.lifecycle import (
    Monitor,
    Policy,
    Reference,
    Retuner,
    Router,
    advance_rollout,
    begin_rollout,
    record_gates,
)
from luthier.registry import Registry

BLOCK = 500  # users between two looks
POLICY = Policy(regain=0.95, n_trials=30, cooldown_s=0.0)
STEPS = {"bake_s": 0.0, "min_units": 100, "planned_units": 10_000}
TURNS = ("canary", "promoted")
SHARES = (0.05, 0.25, 0.5)


def main(folder: Path, n_trials: int = 40) -> Path:
    """Live the story, and return the path of its page."""
    registry = Registry(folder / "models.db")
    studies = luthier.storages.from_url(f"sqlite:///{folder / 'studies.db'}")
    story = Story()

    # 1. Search, and make the best model the champion, if it is no worse than the defaults.
    actions = Actions(registry, studies)
    default = actions.train({"C": 1.0, "gamma": 0.001}, why="the params that we had")
    registry.promote(default.version.name, reason="the first model")
    search = actions.search("search", n_trials, luthier.Space(SPACE))
    found = actions.train_best(search)
    record_gates(registry, found.version.name, actions.check(found.version))
    registry.promote(found.version.name, reason="it passed its gates")
    story.tell(f"{found.version.name} is the champion")

    # 2. Serve. A new scanner comes, and the monitor notices.
    users = Users(registry, story)
    monitor = Monitor(
        Reference.of(describe(actions.archive.X), losses=actions.losses(found.version)),
        window=BLOCK,
        rows_a_day=BLOCK,
        on_alarm=[lambda alarm: story.tell(f"alarm, {alarm.name}: {alarm.because}")],
    )
    for _ in range(4):
        users.come(actions, monitor)
    users.scan = scan_dimly
    story.tell("a new scanner comes", turn="new scanner")
    while "harm" not in monitor.alarms:
        users.come(actions, monitor)

    # 3. Refit, retune, test and roll out, one state after the other.
    actions = Actions(registry, studies, scan_dimly)
    retuner = Retuner(registry, MODEL, actions, POLICY, STEPS | {"shares": (0.0, *SHARES)})
    retuner.suspect(monitor.alarms["harm"].because)
    state = retuner.row.state
    while state not in ("ok", "incident"):
        row = retuner.step()
        if row.state != state:
            story.tell(f"{row.state}: {row.because}", turn=row.state if row.state in TURNS else "")
        state = row.state
        if state in ("shadow", "canary"):
            users.come(actions)

    # 4. Somebody rolls out a model that is good on old images only, and skips the shadow step.
    stale = Actions(registry, studies).train(found.version.params | {"C": 3.0}, why="looks good")
    begin_rollout(registry, stale.version.name, actions.metrics, shares=SHARES, **STEPS)
    story.tell(f"{stale.version.name} is rolled out by mistake", turn="bad challenger")
    decision = None
    while decision is None or decision.action in ("wait", "step"):
        users.come(actions, n=100)
        rollout, decision = advance_rollout(registry, MODEL)
    story.tell(f"{rollout.state}: {decision.because}", turn=rollout.state)

    for _ in range(2):
        users.come(actions)
    searches = [search, luthier.load_study("retuning 1", studies)]
    return write_page(folder / "production.html", story, registry, searches)


class Users:
    """Simulated users. Each sends one image; which digit it was is known at once.

    Args:
        registry: Of the versions that answer them.
        story: What became of it is noted there.
    """

    def __init__(self, registry: Registry, story: Story) -> None:
        self.registry = registry
        self.story = story
        self.scan: Scanner = scan_well
        self._images = load_parts()[2]
        self._rng = np.random.default_rng(1)

    def come(self, actions: Actions, monitor: Monitor | None = None, n: int = BLOCK) -> None:
        """Answer n users, as a service does that holds a router."""
        router = Router(self.registry, MODEL)
        rows = self._rng.integers(len(self._images.y), size=n)
        X, digits = self.scan(self._images.X)[rows], self._images.y[rows]
        watched = describe(X)
        models = {}

        def is_correct(version: int, i: int) -> float:
            if version not in models:
                models[version] = actions.load(self.registry.version(f"{MODEL}:{version}"))
            return float(models[version].predict(X[i : i + 1])[0] == digits[i])

        for i in range(n):
            key = f"user {self.story.n_users}"
            choice = router.choose(key)
            correct = is_correct(choice.version, i)
            if choice.shadow is not None:
                other = is_correct(choice.shadow, i)
                router.observe_shadow({"correct": correct}, {"correct": other})
            else:
                router.expose(key, choice)
                router.observe(key, {"correct": correct})
            self.story.note(choice.arm == "challenger", 1 - correct)
            if monitor is not None:
                monitor.observe({name: column[i] for name, column in watched.items()})
                monitor.observe_losses([1 - correct])
        router.flush()


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "production")
    out.mkdir(parents=True)
    n = [int(n) for n in sys.argv[2:]]
    print(f"the page is {main(out, *n)}")
