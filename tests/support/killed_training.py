"""Scripts of the pages on integrations: run, killed while they train, and run again."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import luthier

LEASE_S = 1
PAGES = Path(__file__).parents[2] / "docs" / "integrations"

# Notes each report; the process ends by SIGKILL after the one that is named, the first time.
_RUNNER = """
import os, signal, sys
import luthier

dies_at = sys.argv[1]
report = luthier.Trial.report

def report_and_note(self, value, step, checkpoint=None):
    report(self, value, step, checkpoint=checkpoint)
    note = f"{self.number}:{step:g}"
    with open("reports", "a") as file:
        print(note, file=file)
    if note == dies_at:
        os.kill(os.getpid(), signal.SIGKILL)

luthier.Trial.report = report_and_note
del sys.argv[1:]
exec(compile(open("script.py").read(), "script.py", "exec"), {"__name__": "__main__"})
"""


def run_page(page, folder, dies_at, *changes):
    """Run the first script of a page, which is killed, and run it again.

    Args:
        page: Name of the page.
        folder: Where it runs.
        dies_at: "number:step" of the report after which it is killed.
        *changes: Pairs of what is replaced in the script, and by what.

    Returns:
        The study, and what was reported, as "number:step", by each run.
    """
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    script, *_ = re.findall(r"```py\n(.*?)```", text, re.DOTALL)
    (storage,) = re.findall(r'storage="(sqlite:///\w+\.db)"', script)
    for old, new in (*changes, (storage, f"{storage}?lease_s={LEASE_S}")):
        assert old in script, old
        script = script.replace(old, new)
    (folder / "script.py").write_text(script, encoding="utf-8")

    reports = []
    for n, last_words in enumerate((dies_at, "")):
        done = subprocess.run(
            [sys.executable, "-c", _RUNNER, last_words],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == (0 if n else -signal.SIGKILL), done.stdout
        time.sleep(0 if n else LEASE_S)  # until the killed trial may be taken over
        reports.append((folder / "reports").read_text().split())
        (folder / "reports").unlink()
    name = re.search(r'create_study\(\s*"(\w+)"', script)[1]
    return luthier.load_study(name, storage.replace(":///", f":///{folder}/")), reports
