"""Ask and tell: write the loop yourself. Ask for trials, measure them, tell their results.

For experiments that no function can run: a robot, a batch job, a person with a stopwatch.
"""

import luthier

study = luthier.create_study(
    direction="maximize",
    space={"temperature": luthier.Float(20, 90), "minutes": luthier.Int(1, 12)},
    seed=0,
)


def measure(temperature: float, minutes: int) -> float | None:
    """The quality of the tea, or None if the kettle failed."""
    return None if temperature < 25 else 10 - abs(temperature - 80) / 10 - abs(minutes - 4) / 2


for _ in range(10):
    batch = [study.ask() for _ in range(4)]  # each proposal takes the open ones into account
    for trial in batch:
        quality = measure(**trial.params)
        if quality is None:
            study.tell(trial, state="failed")
        else:
            study.tell(trial, quality)

print(study)
print(study.best_trial)
assert len(study.trials) == 40
