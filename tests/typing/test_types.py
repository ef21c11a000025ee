"""What type checkers see of an installed luthier: `api.py` beside this file, checked by two.

`mypy` and `basedpyright` check the same file against the source when called without arguments.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

import luthier

ROOT = Path(__file__).parents[2]
API = Path(__file__).with_name("api.py")
ROOMS = [
    "analysis",
    "automl",
    "checkpoints",
    "evaluation",
    "executors",
    "lifecycle",
    "measure",
    "nas",
    "registry",
    "samplers",
    "schedulers",
    "stopping",
    "storages",
    "testing",
]


def run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints; it must succeed."""
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A user's folder: a file, and an environment in which the wheel of luthier is installed."""
    folder = tmp_path_factory.mktemp("project")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    packages = next((folder / "env/lib").glob("python3.*/site-packages"))
    (wheel,) = folder.glob("luthier-*.whl")
    zipfile.ZipFile(wheel).extractall(packages)
    for name in ("msgspec", "numpy"):  # whose types stand in ours; what else there is takes minutes
        (packages / name).symlink_to(Path(sysconfig.get_path("platlib")) / name)
    shutil.copy(API, folder / "api.py")
    return folder


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_every_public_name_is_checked(room):
    """`api.py` mentions it; not `luthier.sklearn`, whose base classes have no types."""
    module = getattr(luthier, room) if room else luthier
    text = API.read_text()
    for name in module.__all__:
        if name not in (*ROOMS, "errors", "history", "sklearn", "__version__"):
            assert re.search(rf"\b{room or 'luthier'}\.{name}\b", text), name


def test_the_wheel_says_that_it_is_typed(project):
    (wheel,) = project.glob("luthier-*.whl")
    assert "luthier/py.typed" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.external("mypy")
def test_mypy_sees_the_installed_package(project):
    python = project / "env/bin/python"
    run(
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        python,
        "api.py",
        cwd=project,
    )


@pytest.mark.external("basedpyright")
def test_pyright_sees_the_installed_package(project):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    rows = {**settings, "include": ["api.py"]}
    text = "\n".join(
        f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in rows.items()
    )
    (project / "pyproject.toml").write_text(f"[tool.pyright]\n{text}\n")
    python = project / "env/bin/python"
    out = run(sys.executable, "-m", "basedpyright", "--pythonpath", python, cwd=project)
    assert "0 errors, 0 warnings" in out
