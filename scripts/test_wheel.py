"""Tests a built wheel as a user gets it: in a fresh environment, away from the clone.

    python -m build                                     # writes dist/luthier-*.whl
    python scripts/test_wheel.py dist/*.whl             # in an environment of this Python
    python scripts/test_wheel.py dist/*.whl --python python3.12 --version 0.1.0

It looks at the content of the wheel, installs it with its dependencies, asks the command line for
its version, and runs a study in a SQLite file, which is then continued by another process.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

STUDY = """
import importlib.metadata
import sys
from pathlib import Path

import luthier

assert Path(luthier.__file__).is_relative_to(sys.prefix), luthier.__file__
assert importlib.metadata.version("luthier") == luthier.__version__


def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    for step in range(3):
        trial.report(x**2 + 1 / (step + 1), step)
        if trial.should_stop():
            raise luthier.TrialPruned
    return x**2 + trial.suggest_int("k", 1, 4) + (trial.suggest_categorical("c", ["a", "b"]) == "a")


if __name__ == "__main__":
    study = luthier.create_study("wheel", "sqlite:///wheel.db", seed=0, load_if_exists=True)
    study.optimize(objective, n_trials=20, n_jobs=int(sys.argv[1]), progress=False)
    print(len(study.trials), study.best_value)
"""


def check_content(wheel: Path) -> str:
    """Check the files of a wheel and return the version that it claims.

    Raises:
        ValueError: A file is missing, or one is there that has no business in a wheel.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata_name = next(n for n in names if n.endswith(".dist-info/METADATA"))
        metadata = archive.read(metadata_name).decode()
        source = archive.read("luthier/__init__.py").decode()

    roots = {name.partition("/")[0] for name in names}
    folder = metadata_name.partition("/")[0]
    if roots != {"luthier", folder}:
        raise ValueError(f"expected luthier and {folder} in the wheel, got {sorted(roots)}")
    if "luthier/py.typed" not in names:
        raise ValueError("luthier/py.typed is missing, so type checkers would ignore all types")
    if not any(name.endswith("LICENSE") for name in names):
        raise ValueError("the LICENSE is missing")
    tests = [n for n in names if re.search(r"(^|/)(tests?|conftest|benchmarks)(/|\.py)", n)]
    if tests:
        raise ValueError(f"tests do not belong into the wheel: {tests}")

    version = _first(r"^Version: (.+)$", metadata)
    own = _first(r'^__version__ = "(.+)"$', source)
    if not (version == own == wheel.name.split("-")[1]):
        raise ValueError(f"{wheel.name} claims version {version}, the package {own}")
    return version


def check_installed(wheel: Path, python: str, version: str, folder: Path) -> None:
    """Install a wheel in a new environment and use it.

    Raises:
        subprocess.CalledProcessError: A step failed.
        ValueError: A step printed something unexpected.
    """
    environment = folder / "env"
    run([python, "-m", "venv", environment], folder)
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    installed = binaries / "python"
    run([installed, "-m", "pip", "install", "--quiet", wheel.resolve()], folder)

    expect(run([binaries / "luthier", "--version"], folder), f"luthier {version}")
    (folder / "study.py").write_text(STUDY, encoding="utf-8")
    expect(run([installed, "-W", "error", "study.py", 1], folder), r"20 [\d.]+")
    expect(run([installed, "-W", "error", "study.py", 2], folder), r"40 [\d.]+")
    best = [binaries / "luthier", "best", "wheel", "--storage", "sqlite:///wheel.db", "--json"]
    expect(run(best, folder), r'(?s)\{.*"value".*\}')


def run(argv: list[object], folder: Path) -> str:
    """Run a program in a folder, without the clone on its path; return what it printed."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    words = [str(word) for word in argv]
    print("$", *words, flush=True)
    done = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


def expect(text: str, pattern: str) -> None:
    """Check what a program printed."""
    print(text)
    if not re.fullmatch(pattern, text):
        raise ValueError(f"expected {pattern!r}, got {text!r}")


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, flags=re.MULTILINE)
    if found is None:
        raise ValueError(f"expected a line like {pattern!r}, there is none")
    return found[1]


def main() -> None:
    """Test the wheel that was named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", default=sys.executable, help="to test it with")
    parser.add_argument("--version", help="that it must have, as in a tag without its v")
    args = parser.parse_args()

    version = check_content(args.wheel)
    if args.version and version != args.version:
        sys.exit(f"expected version {args.version}, the wheel has {version}")
    with tempfile.TemporaryDirectory() as folder:
        check_installed(args.wheel, args.python, version, Path(folder))
    print(f"{args.wheel.name} works")


if __name__ == "__main__":
    main()
