"""A day with the dashboard: log in, watch, enqueue, stop, and the service killed meanwhile."""

import re
import signal
import socket
import subprocess
import sys

import pytest
from tests.support.browser import RECORD, Visit, open_browser

import luthier
from luthier import State

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]

TOKEN = "a-token-for-tests-only"
WORKER = """
    import time
    import luthier

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(1, 6):
            time.sleep(0.02)
            trial.report(x + 1 / step, step)
            if trial.should_stop():
                raise luthier.TrialPruned
        trial.log(f"x = {x}")
        return x

    luthier.load_study("train", "sqlite:///a.db").optimize(objective, progress=False)
"""


class Dashboard:
    """`luthier dashboard` in a process of its own, always on the same port."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "token").write_text(TOKEN)
        (folder / "token").chmod(0o600)
        with socket.create_server(("127.0.0.1", 0)) as line:
            self.port = line.getsockname()[1]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "luthier.cli", "dashboard", "a.db"),
                *("--port", str(self.port), "--token-file", "token"),
            ],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for line in self.process.stdout:
            if "open in a browser" in line:
                return

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def dashboard(tmp_path):
    dashboard = Dashboard(tmp_path)
    yield dashboard
    dashboard.kill()


def count(page):
    """How many trials the summary says that there are."""
    return int(re.search(r"(\d+) trials", page.locator("main").inner_text())[1])


def test_a_day_with_the_dashboard(tmp_path, script, dashboard, eventually):
    url = f"sqlite:///{tmp_path}/a.db"
    study = luthier.create_study(name="train", storage=url, sampler="random", seed=0)
    worker = script.start(WORKER)
    assert eventually(lambda: study.engine.refresh() or study.history.n > 2)
    dashboard.start()
    with open_browser() as browser:
        visit = Visit(browser, dashboard)
        page = visit.page
        page.add_init_script(RECORD)

        # Log in, and find the study.
        visit.log_in(TOKEN)
        page.get_by_role("link", name="train").click()
        page.get_by_role("heading", name="In words").wait_for()

        # Watch: trials come by themselves.
        n = count(page)
        assert eventually(lambda: count(page) > n + 3)

        # Enqueue params; the worker runs them next.
        page.get_by_role("link", name="Controls").click()
        page.get_by_label("x", exact=True).fill("0.0625")
        page.get_by_role("button", name="Enqueue").click()
        said = page.get_by_text(re.compile(r"Trial \d+ is run next"))
        said.wait_for()
        enqueued = int(re.search(r"\d+", said.inner_text())[0])
        assert eventually(lambda: study.trials[enqueued].state == State.COMPLETE)
        assert study.trials[enqueued].params == {"x": 0.0625}

        # The service is killed while the page looks on, and trials go on.
        page.get_by_role("link", name="Summary").click()
        page.get_by_role("heading", name="In words").wait_for()
        page.evaluate("window.heard.length = 0")
        assert eventually(lambda: page.evaluate("window.heard.length") > 2)
        dashboard.kill()
        before = study.engine.refresh() or study.history.n
        assert eventually(lambda: (study.engine.refresh() or study.history.n) > before + 5)
        dashboard.start()

        # The session outlives the service: the page goes on by itself where it was.
        assert eventually(lambda: count(page) > before + 5)

        # Stop the study: the worker ends.
        page.get_by_role("link", name="Controls").click()
        page.get_by_role("button", name="Stop", exact=True).first.click()
        page.get_by_role("button", name="Really stop the study?").click()
        page.get_by_text("The study is stopped.").wait_for()
        out, _ = worker.communicate()
        assert worker.returncode == 0, out

        # No gap and no double: the page heard each change once, and its table is the study.
        study.engine.refresh()
        page.get_by_role("link", name="Results").click()
        page.get_by_role("link", name="Trials", exact=True).click()
        page.get_by_text(f"of {study.history.n}").wait_for()
        numbers = []
        page.get_by_role("button", name=re.compile("^Trial")).click()
        while True:
            page.wait_for_timeout(200)
            numbers += page.locator("tbody tr td:first-child").all_inner_texts()
            if page.get_by_role("button", name="Next").is_disabled():
                break
            page.get_by_role("button", name="Next").click()
        assert sorted(map(int, numbers)) == list(range(study.history.n))
        revisions = page.evaluate("window.heard.map((change) => change.revision)")
        assert revisions == sorted(set(revisions))

        # Who has logged out stays so, also where somebody kept the cookie.
        cookies = visit.context.cookies()
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Token of the service").wait_for()
        dashboard.kill()
        dashboard.start()
        visit.context.add_cookies(cookies)
        page.reload()
        page.get_by_label("Token of the service").wait_for()
        page.close()
