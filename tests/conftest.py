import functools
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import uuid
from pathlib import Path

import hypothesis
import psutil
import pytest
from tests.support import servers

LONG_S = 300.0  # in which what a test waits for happens on a loaded machine as well

# A loaded machine is slow: that is no fault of what is tested.
hypothesis.settings.register_profile(
    "luthier", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("luthier")


def pytest_configure(config):
    for ignored in (
        ("SIGINT", "SIGHUP") if os.name == "posix" else ()
    ):  # as whoever runs the tests in the background does
        if signal.getsignal(getattr(signal, ignored)) is signal.SIG_IGN:
            default = signal.default_int_handler if ignored == "SIGINT" else signal.SIG_DFL
            signal.signal(getattr(signal, ignored), default)
    if not hasattr(config, "workerinput"):  # the first process of the run, which sees its end
        os.environ[servers.RUN] = tempfile.mkdtemp(prefix="luthier-tests-")


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        servers.end_all(Path(os.environ[servers.RUN]))


def pytest_collection_modifyitems(items):
    """Skips what needs a program or a package that is not here; `external` names them."""

    @functools.cache
    def is_here(name):
        return servers.find(name) is not None or importlib.util.find_spec(name) is not None

    for item in items:
        for mark in item.iter_markers("external"):
            for name in mark.args:
                if not is_here(name):
                    reason = f"needs {name}, which `make test-all` installs where it can"
                    item.add_marker(pytest.mark.skip(reason=reason))


class Scripts:
    """Runs Python scripts in processes of their own; all carry one mark in their environment."""

    def __init__(self, folder):
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.n = 0
        self.started = []

    def start(self, code, *args, **options):
        """Begins a script; its standard output and error can be read."""
        self.n += 1
        file = self.folder / f"script_{self.n}.py"
        file.write_text(textwrap.dedent(code))
        env = {
            **os.environ,
            "LUTHIER_MARK": self.mark,
            "OPENBLAS_NUM_THREADS": "1",
            **options.pop("env", {}),
        }
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(file), *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=env,
            **options,
        )
        self.started.append(process)
        return process

    def __call__(self, code, *args, **options):
        """Runs a script to its end and returns what it printed; it must succeed."""
        process = self.start(code, *args, **options)
        out, _ = process.communicate()
        assert process.returncode == 0, out
        return out

    def alive(self):
        """The processes that carry the mark."""
        found = []
        for p in psutil.process_iter():
            try:
                if (
                    p.environ().get("LUTHIER_MARK") == self.mark
                    and p.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(p)
            except psutil.Error:
                continue
        return found

    def all_end(self, timeout_s=LONG_S):
        """Whether no process with the mark is left, in a while."""
        deadline = time.monotonic() + timeout_s
        while self.alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.alive()


@pytest.fixture
def script(tmp_path):
    scripts = Scripts(tmp_path)
    yield scripts
    for p in scripts.alive():
        p.kill()
    for process in scripts.started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def eventually():
    """Waits until a condition holds; its last answer."""

    def wait(condition, timeout_s=LONG_S):
        deadline = time.monotonic() + timeout_s
        while not (found := condition()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    return wait
