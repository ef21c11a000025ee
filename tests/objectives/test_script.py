import contextlib
import json
import pickle
import sys
from pathlib import Path

import pytest

import luthier
from luthier.errors import CommandError
from luthier.objectives import Script


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name, module in list(sys.modules.items()):
        with contextlib.suppress(TypeError, AttributeError):
            if Path(module.__file__).parent == tmp_path:
                del sys.modules[name]


def test_script_imports_its_neighbours_and_travels_as_its_address(folder):
    (folder / "neighbour_of_study.py").write_text("TWO = 2\n")
    (folder / "my-study.v1.py").write_text(
        "import threading\nfrom neighbour_of_study import TWO\nLOCK = threading.Lock()\n"
        "class Model:\n    @staticmethod\n    def objective(trial):\n"
        "        with LOCK:\n            return TWO * trial.params['lr']\n"
    )
    script = pickle.loads(pickle.dumps(Script(folder / "my-study.v1.py", "Model.objective")))
    study = luthier.create_study(space={"lr": luthier.Float(1e-5, 1.0, scale="log")})
    study.optimize(script, n_trials=2, n_jobs=2)
    assert [t.value for t in study.trials] == [2 * t.params["lr"] for t in study.trials]


def test_script_whose_name_is_taken(folder):
    (folder / "json.py").write_text("def objective(trial):\n    return 1.0\n")
    script = Script(folder / "json.py")
    assert script.module == "luthier_script_json"
    assert sys.modules["json"] is json
    assert pickle.loads(pickle.dumps(script))(None) == 1.0


@pytest.mark.parametrize(
    ("file", "attribute", "message"),
    [
        ("good_study.py", "objectiv", "good_study.py has no 'objectiv'; did you mean 'objective'"),
        ("good_study.py", "xyz", r"good_study.py has no 'xyz'; it has \['objective'\]"),
        ("good_study.py", "number", "number in good_study.py is no function of a trial: 3"),
        (
            "god_study.py",
            "objective",
            "there is no file .*god_study.py; did you mean 'good_study.py'",
        ),
        (
            "bad_study.py",
            "objective",
            r"bad_study.py could not be loaded: ZeroDivisionError: .* \(line 2\)",
        ),
        ("exits_study.py", "objective", "could not be loaded: SystemExit: 2"),
        ("syntax_study.py", "objective", "could not be loaded: SyntaxError"),
    ],
)
def test_script_errors(folder, file, attribute, message):
    (folder / "good_study.py").write_text("number = 3\ndef objective(trial):\n    return 1.0\n")
    (folder / "bad_study.py").write_text("x = 1\nx / 0\n")
    (folder / "exits_study.py").write_text("import sys\nsys.exit(2)\n")
    (folder / "syntax_study.py").write_text("def objective(:\n")
    with pytest.raises(CommandError, match=message):
        Script(folder / file, attribute)
