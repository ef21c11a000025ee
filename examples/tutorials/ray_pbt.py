"""Ray Tune trains a population: PBT with a function and a list as mutations.

The calls are Ray Tune's; only the import lines name luthier.
"""

import random
import tempfile

from luthier.compat.ray import tune
from luthier.compat.ray.tune.schedulers import PopulationBasedTraining


class Descent(tune.Trainable):
    """Steps down a bowl, by a rate and a momentum that may change on the way."""

    def setup(self, config):
        self.x, self.velocity = 8.0, 0.0

    def step(self):
        self.velocity = self.config["momentum"] * self.velocity - self.config["lr"] * 2 * self.x
        self.x += self.velocity
        return {"loss": min(self.x**2, 1e6)}

    def save_checkpoint(self, checkpoint_dir):
        return {"x": self.x, "velocity": self.velocity}

    def load_checkpoint(self, checkpoint):
        self.x, self.velocity = checkpoint["x"], checkpoint["velocity"]

    def reset_config(self, new_config):
        self.config = new_config
        return True


scheduler = PopulationBasedTraining(
    time_attr="training_iteration",
    metric="loss",
    mode="min",
    perturbation_interval=4,
    hyperparam_mutations={"lr": lambda: random.uniform(0.01, 0.5), "momentum": [0.0, 0.5, 0.9]},
)

with tempfile.TemporaryDirectory() as folder:
    analysis = tune.run(
        Descent,
        config={"lr": tune.loguniform(1e-4, 1e-1), "momentum": tune.choice([0.0, 0.5, 0.9])},
        num_samples=4,
        stop={"training_iteration": 16},
        scheduler=scheduler,
        local_dir=folder,
        verbose=0,
    )
    print("best loss:", f"{analysis.best_result['loss']:.3g}")
    print("its config now:", analysis.best_config)
