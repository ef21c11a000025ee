"""Draws docs/_static/dashboard-*.jpg: the page of `luthier dashboard`, with a real study.

python scripts/draw_dashboard.py

It needs playwright and Chromium, which scripts/install_browser.sh installs.
"""

from __future__ import annotations

import math
import shutil
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import luthier
from luthier.server import Limits, application
from luthier.server.run import make_server
from luthier.storages import InMemory

FOLDER = Path(__file__).parents[1] / "docs" / "_static"
SIZE = {"width": 1100, "height": 720}
VIEWS = {
    "history": "#/s/1/history",
    "parallel": "#/s/1/parallel?f=param.0:0.0003:0.003",
    "surface": "#/s/1/surface?x=0&y=4&around=best",
}
STEERED = {  # once somebody has taken notes
    "controls": "#/s/1/controls",
    "trial": "#/s/1/trials/{best}",
}
SPACE = {
    "learning rate": luthier.Float(1e-5, 1e-1, log=True),
    "layers": luthier.Int(1, 4),
    "optimizer": luthier.Categorical(("adam", "sgd")),
    "momentum": luthier.Float(0.5, 0.999, scale="reverse_log", when={"optimizer": "sgd"}),
    "width": luthier.Int(16, 256, log=True),
}


def train(trial: luthier.Trial) -> float:
    """A loss with an optimum, and curves that are stopped early where they are bad."""
    p = trial.params
    loss = (math.log10(p["learning rate"]) + 3) ** 2 / 4 + 0.1 * abs(p["layers"] - 2)
    loss += 0.2 if p["optimizer"] == "adam" else 0.3 * (0.95 - p["momentum"]) ** 2
    loss += 0.05 * abs(math.log2(p["width"]) - 6) + 0.03 * math.sin(99 * trial.number)
    for epoch in range(1, 10):
        trial.report(loss + 1 / epoch, epoch)
        trial.log(f"epoch {epoch}  loss {loss + 1 / epoch:.4f}")
        if epoch == 3 and loss > 0.8:
            raise luthier.TrialPruned
    return loss + 0.1


def steer(study: luthier.Study) -> None:
    """Take notes on the best trial, ask for more like it, and let two trials run."""
    best = study.best_trial
    study.controls.star(best)
    study.controls.note(best, "The candidate for the release.")
    study.controls.tag(best, "reviewed", True)
    study.controls.enqueue_nearby(best, n=2, radius=0.05, seed=0)
    for _ in range(2):
        study.ask().report(1.2, 1)


def draw(page: Page, address: str, views: Mapping[str, str]) -> None:
    """Take the pictures."""
    for name, view in views.items():
        page.goto(f"{address}{view}")
        page.locator("main:not([aria-busy]) h1").wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=FOLDER / f"dashboard-{name}.jpg", type="jpeg", quality=85)


def main() -> None:
    """Run the study, serve it, and look at it."""
    storage = InMemory()
    study = luthier.create_study(
        space=SPACE, storage=storage, name="image classifier", seed=0, sampler="random"
    )
    study.optimize(train, n_trials=120, progress=False)
    study.sampler = luthier.samplers.TPE()
    study.optimize(train, n_trials=120, progress=False)
    line = socket.create_server(("127.0.0.1", 0))
    limits = Limits(processes=0)
    server = make_server(application(storage, "", limits), limits)
    thread = threading.Thread(target=server.run, args=([line],))
    thread.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(viewport=SIZE, color_scheme="light")
            address = f"http://127.0.0.1:{line.getsockname()[1]}/"
            draw(page, address, VIEWS)
            steer(study)
            best = study.best_trial.number
            draw(page, address, {name: view.format(best=best) for name, view in STEERED.items()})
            browser.close()
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
