"""Shell scripts hold no faults that shellcheck finds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    ROOT / ".ci" / "run",
    *ROOT.glob("scripts/*.sh"),
    *ROOT.glob("examples/*.sh"),
    *ROOT.glob("deploy/*.sh"),
]


@pytest.mark.external("shellcheck")
def test_shellcheck_has_nothing_to_say():
    program = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or "shellcheck"
    done = subprocess.run([program, *SCRIPTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
