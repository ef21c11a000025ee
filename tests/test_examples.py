"""Every example runs, and leaves nothing behind in the folder where it was started."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import luthier

EXAMPLES = Path(__file__).parents[1] / "examples"
USED = {"cli_train.sh", "cli_space.yaml", "digits.py", "README.md"}  # by others, or by people
USED |= {"model.py", "page.py"}
SCRIPTS = sorted(file for file in EXAMPLES.glob("*.py") if file.name not in USED)
SCRIPTS += sorted((EXAMPLES / "tutorials").glob("*.py"))
PRODUCTION = EXAMPLES / "production" / "demo.py"
SHELL = [EXAMPLES / "cli_program.sh", EXAMPLES / "curl_worker.sh"]


def run(argv: list[object], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a folder, with `luthier` on its PATH."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LUTHIER_")}
    kept |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"}
    kept |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        list(map(str, argv)),
        capture_output=True,
        text=True,
        cwd=folder,
        env=kept | env,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return done


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path):
    """Neither in the folder where the example was started nor beside it."""
    before = set(EXAMPLES.rglob("*"))
    yield
    assert list(tmp_path.iterdir()) == []
    assert {p for p in set(EXAMPLES.rglob("*")) - before if "__pycache__" not in p.parts} == set()


# Scripts that need packages beyond the extra `test`, and those that `make test` runs.
NEEDS = {
    "asha_torch.py": "torch",
    "dask_cluster.py": "distributed",
    "nas_torch.py": "torch",
    "optuna_lightgbm.py": "lightgbm",
    "optuna_torch.py": "torch",
    "optuna_xgboost.py": "xgboost",
    "pbt_torch.py": "torch",
    "ray_cluster.py": "ray",
    "ray_torch.py": "torch",
    "ray_xgboost.py": "xgboost",
    "smac_racing.py": "ConfigSpace",
}
# Scripts of which a page shows what they print; the numbers may be others on another machine.
SHOWN = {"meta_learning.py": EXAMPLES.parent / "docs" / "memory.md"}
QUICK = {"ask_and_tell.py", "curl_worker.sh", "first_study.py", "reproducible.py"}


def mask(text: str) -> str:
    """A text in which all numbers are the same."""
    return re.sub(r"\d+(\.\d+)?(e-?\d+)?", "#", text)


def marked(script: Path) -> object:
    external = [pytest.mark.external(NEEDS[script.name])] if script.name in NEEDS else []
    return pytest.param(script, marks=external + [pytest.mark.slow] * (script.name not in QUICK))


@pytest.mark.parametrize("script", [marked(s) for s in SCRIPTS], ids=lambda script: script.name)
def test_script(script, tmp_path):
    done = run([sys.executable, "-W", "error", script], tmp_path)
    assert done.stdout or script.name == "cli_python.py"
    if script.name in SHOWN:
        assert mask(done.stdout) in mask(SHOWN[script.name].read_text())
    if script.name == "meta_learning.py":
        best = re.findall(r": (0\.\d+) without memory, (0\.\d+) with it", done.stdout)
        assert len(best) == 3
        assert all(alone < helped for alone, helped in best[:2])  # as its page says


@pytest.mark.parametrize("script", [marked(s) for s in SHELL], ids=lambda script: script.name)
def test_shell_script(script, tmp_path):
    assert '"value"' in run(["sh", script], tmp_path).stdout


@pytest.mark.slow
def test_production(tmp_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("production") / "new"
    done = run([sys.executable, "-W", "error", PRODUCTION, folder, 12], tmp_path)
    page = (folder / "production.html").read_text(encoding="utf-8")
    for said in ("alarm, harm", "promoted: ", "rolled back: correct is worse"):
        assert said in done.stdout
        assert said in page
    assert "Every event fits its hash" in page
    assert re.findall(r"(?:src|href)=|url\(|@import", page) == []  # nothing is loaded


def test_python_objective_on_the_command_line(tmp_path, tmp_path_factory):
    storage = f"sqlite:///{tmp_path_factory.mktemp('storage')}/luthier.db"
    argv = [
        "luthier",
        "run",
        f"{EXAMPLES / 'cli_python.py'}:objective",
        "--trials",
        20,
        "--jobs",
        2,
    ]
    done = run([*argv, "--scheduler", "median", "--strict"], tmp_path, LUTHIER_STORAGE=storage)
    assert done.stdout.startswith("best: ")
    assert (
        "study cli_python"
        in run(["luthier", "show", "cli_python"], tmp_path, LUTHIER_STORAGE=storage).stdout
    )


def test_every_file_is_run():
    known = {p.name for p in (*SCRIPTS, *SHELL, PRODUCTION)} | USED
    files = [p for p in EXAMPLES.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    assert {p.name for p in files} == known


def test_the_index_lists_every_example_once():
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w.]+)\]\((?:\w+/)?\1\) \|", index, flags=re.MULTILINE)
    assert sorted(listed) == sorted(p.name for p in (*SCRIPTS, *SHELL, PRODUCTION))


def test_examples_use_public_names_only():
    sources = {p.name: p.read_text(encoding="utf-8") for p in EXAMPLES.glob("*.py")}
    names = {
        (file, room)
        for file, source in sources.items()
        for room in re.findall(r"^\s*(?:from|import) luthier\.([\w.]+)", source, flags=re.MULTILINE)
    }
    public = {*luthier.__all__, "nas.torch"}  # which loads PyTorch, so it is imported by its name
    assert {(file, room) for file, room in names if room not in public} == set()
    assert [file for file, source in sources.items() if re.search(r"\w\._[a-z]", source)] == []
