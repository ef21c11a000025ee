"""Programs for other libraries, whose imports `luthier migrate` switches."""

import shutil
import subprocess

import pytest
from click.testing import CliRunner

from luthier.cli.migrate import migrate, switch_imports

CASES = {
    "import optuna": "import luthier.compat.optuna as optuna",
    "import optuna as o  # why": "import luthier.compat.optuna as o  # why",
    "import os, optuna, sys": "import os, luthier.compat.optuna as optuna, sys",
    "import optuna.samplers": (
        "import luthier.compat.optuna as optuna, luthier.compat.optuna.samplers"
    ),
    "import optuna.visualization as v": "import luthier.compat.optuna.visualization as v",
    "from optuna.samplers import (\n    TPESampler,\n)": (
        "from luthier.compat.optuna.samplers import (\n    TPESampler,\n)"
    ),
    "def f():\n\tx = 'é'; from hyperopt import hp": (
        "def f():\n\tx = 'é'; from luthier.compat.hyperopt import hp"
    ),
    "import ray\nfrom ray import tune": (
        "import luthier.compat.ray as ray\nfrom luthier.compat.ray import tune"
    ),
    "from ray.tune.schedulers import PB2": "from luthier.compat.ray.tune.schedulers import PB2",
    "import optuna_integration": "import luthier.compat.optuna.integration as optuna_integration",
    "import optuna_integration.lightgbm as lgb": (
        "import luthier.compat.optuna.integration.lightgbm as lgb"
    ),
    "from optuna_integration import OptunaSearchCV": (
        "from luthier.compat.optuna.integration import OptunaSearchCV"
    ),
    "from skopt import gp_minimize": "from luthier.compat.skopt import gp_minimize",
}
LEFT = [
    "import numpy",
    "from .optuna import x",
    "from . import optuna",
    "text = 'import optuna'  # import optuna",
    "import optunahub",
]


@pytest.mark.parametrize("before", CASES)
def test_imports_are_switched_and_nothing_else(before):
    assert switch_imports(before) == (CASES[before], [])
    assert switch_imports(f"x = 1\r\n{before}")[0] == f"x = 1\r\n{CASES[before]}"


@pytest.mark.parametrize("source", LEFT)
def test_other_text_stays(source):
    assert switch_imports(source) == (source, [])


@pytest.mark.parametrize(
    "source", ["import ray\nray.get(1)", "from ray import tune, serve", "from ray.rllib import x"]
)
def test_what_is_not_of_ray_tune_stays_and_is_said(source):
    switched, [remark] = switch_imports(source)
    assert switched == source
    assert "not of Ray Tune" in remark


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs the program patch")
def test_the_diff_can_be_applied_and_the_program_runs(tmp_path):
    file = tmp_path / "program.py"
    before = "import optuna\n\ns = optuna.create_study()\ns.optimize(lambda t: 1.0, n_trials=2)"
    file.write_text(before)
    done = CliRunner().invoke(migrate, [str(file)])
    assert done.exit_code == 0
    assert file.read_text() == before
    assert "-import optuna\n+import luthier.compat.optuna as optuna\n" in done.output
    patch = ["patch", "-s", str(file)]
    subprocess.run(patch, input=done.output, text=True, check=True)
    assert file.read_text() == before.replace(
        "import optuna", "import luthier.compat.optuna as optuna"
    )


def test_what_is_no_program_is_refused(tmp_path):
    file = tmp_path / "no.py"
    file.write_text("import (")
    done = CliRunner().invoke(migrate, [str(file)])
    assert done.exit_code == 1
    assert "no Python program" in done.output
    file.write_text("import os")
    assert "imports none of" in CliRunner().invoke(migrate, [str(file)]).output


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs the program patch")
@pytest.mark.parametrize(
    "data",
    [
        "# -*- coding: latin-1 -*-\nx = 'é'\nimport optuna\n".encode("latin-1"),
        b"\xef\xbb\xbfimport optuna  # \xc3\xa9\r\n",
    ],
)
def test_a_diff_has_the_encoding_of_its_file(data, tmp_path):
    file = tmp_path / "program.py"
    file.write_bytes(data)
    done = CliRunner().invoke(migrate, [str(file)])
    subprocess.run(["patch", "-s", "--binary", str(file)], input=done.stdout_bytes, check=True)
    expected = data.replace(b"import optuna", b"import luthier.compat.optuna as optuna")
    assert file.read_bytes() == expected


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.py", b"x = '\xe9'\nimport optuna\n", "no Python program"),
        ("a.py", "import optuna".encode("utf-16"), "no Python program"),
        ("a.py", b"# coding: none-such\n", "no Python program"),
        ("a.ipynb", b"{}", "nbconvert"),
    ],
)
def test_what_cannot_be_read_is_said(name, data, says, tmp_path):
    (tmp_path / name).write_bytes(data)
    done = CliRunner().invoke(migrate, [str(tmp_path / name)])
    assert done.exit_code == 1
    assert says in done.output


def test_imports_by_a_call_are_said():
    source = "import importlib\no = importlib.import_module('optuna.samplers')\nimport_module(o)\n"
    assert switch_imports(source) == (
        source,
        ["line 2 stays: it imports optuna.samplers by a call"],
    )


def test_lines_are_counted_as_python_counts_them():
    """A form feed, and the other signs at which `str.splitlines` ends a line, end none."""
    switched, _ = switch_imports('x = "a\x1cb"\n\x0c\nimport optuna\n')
    assert switched == 'x = "a\x1cb"\n\x0c\nimport luthier.compat.optuna as optuna\n'
