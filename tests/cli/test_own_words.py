"""Programs for Optuna, Hyperopt and scikit-optimize, put in own words by `luthier migrate`."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from luthier.cli.migrate import migrate, translate
from luthier.cli.own_spaces import translate_hyperopt
from luthier.cli.own_words import translate as translate_optuna
from luthier.cli.program_text import NoExactWordError, Program

OPTUNA = '''"""A program."""
import os, optuna
from optuna.samplers import (
    TPESampler,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)


def width(trial, name):
    return trial.suggest_int(name, 1, 8)  # é


def objective(trial: optuna.Trial):
    x = trial.suggest_uniform("x", -10, 10)
    lr = trial.suggest_loguniform("lr", 1e-5, 1)
    q = trial.suggest_discrete_uniform("q", 0, 1, 0.25)
    trial.set_user_attr("kind", "é")
    if x > 9:
        raise optuna.TrialPruned()
    return (x - 2) ** 2 + lr + q + width(trial, "w")


study = optuna.create_study(
    study_name="mine",
    direction="minimize",  # small
    sampler=TPESampler(seed=1),
)
study.optimize(objective, n_trials=20, timeout=600, n_jobs=1)
trial = study.best_trial
print(f"{study.best_value < 50} {sorted(study.best_params)} {trial.user_attrs} {study.study_name}")
print(len(study.trials), [t.number for t in study.trials[:2]], os.sep)
'''

OPTUNA_NATIVE = '''"""A program."""
import os
import logging

import luthier

logging.getLogger("luthier").setLevel(logging.WARNING)


def width(trial, name):
    return trial.suggest_int(name, 1, 8)  # é


def objective(trial: luthier.Trial):
    x = trial.suggest_float("x", -10, 10)
    lr = trial.suggest_float("lr", 1e-5, 1, log=True)
    q = trial.suggest_float("q", 0, 1, step=0.25)
    trial.set_tag("kind", "é")
    if x > 9:
        raise luthier.TrialPruned()
    return (x - 2) ** 2 + lr + q + width(trial, "w")


study = luthier.create_study(
    name="mine",
    direction="minimize",  # small
    sampler="TPE", seed=1,
)
study.optimize(objective, n_trials=20, timeout_s=600, n_jobs=1)
trial = study.best_trial
print(f"{study.best_value < 50} {sorted(study.best_params)} {trial.tags} {study.name}")
print(len(study.trials), [t.number for t in study.trials[:2]], os.sep)
'''

HYPEROPT = """
import numpy as np
from hyperopt import fmin, hp, tpe

space = {
    "x": hp.uniform("x", -5, 5),
    "lr": hp.loguniform("lr", np.log(1e-4), np.log(1)),  # a rate
    "q": hp.quniform("q", 0, 4, 2),
    "n": hp.randint("n", 4), "z": hp.normal("z", 0, 1),
}


def objective(params):
    params["x"] = params["x"] - 1
    return params["x"] ** 2 + params["lr"] + params["q"] + params["n"] + params["z"] ** 2


best = fmin(fn=objective, space=space, algo=tpe.suggest, max_evals=25)
print(sorted(best), best["q"] % 2, 0 <= best["n"] < 4)
"""

SKOPT = """
import skopt
from skopt.space import Real

def f(x):
    return (x[0] - 1) ** 2 + abs(x[1]) + (x[2] == "b") + x[3]

def main():
    res = skopt.gp_minimize(f, [(-5.0, 5.0), Real(1e-3, 10, prior="log-uniform"),
                                skopt.space.Categorical(["a", "b"]), (0, 3)],
                            n_calls=12, random_state=3)
    print(len(res.x), res.x[3] in range(4), res.fun < 40)

main()
"""


def run(source, folder):
    """Returns what a program prints, and what it prints once it is migrated."""
    shown = []
    for name, text in (("switched", translate_imports(source)), ("native", translate(source)[0])):
        file = folder / f"{name}.py"
        file.write_text(text)
        argv = [sys.executable, "-W", "ignore", str(file)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder)
        assert done.returncode == 0, done.stderr
        shown.append(done.stdout)
    return shown


def translate_imports(source):
    from luthier.cli.migrate import switch_imports

    return switch_imports(source)[0]


def test_a_program_for_optuna_is_put_in_own_words_and_nothing_else_changes():
    assert translate(OPTUNA) == (OPTUNA_NATIVE, [])


def test_the_program_prints_the_same_once_it_is_in_own_words(tmp_path):
    switched, native = run(OPTUNA, tmp_path)
    assert native == switched
    assert native.startswith("True ['lr', 'q', 'w', 'x'] {'kind': 'é'} mine\n20 [0, 1]")


@pytest.mark.slow
@pytest.mark.parametrize("source", [HYPEROPT, SKOPT], ids=["hyperopt", "skopt"])
def test_results_have_the_same_shape(source, tmp_path):
    switched, native = run(source, tmp_path)
    assert native == switched


def test_spaces_are_rewritten_in_place():
    native = translate(HYPEROPT)[0]
    assert '"lr": luthier.Float(1e-4, 1, scale="log"),  # a rate' in native
    assert '"n": luthier.Int(0, 3), "z": luthier.Normal(0, 1),' in native
    assert "hyperopt" not in native
    native = translate(SKOPT)[0]
    assert '"x2": luthier.Categorical(["a", "b"]), "x3": luthier.Int(0, 3)' in native
    assert "    study.optimize(lambda trial: f(list(trial.params.values())), n_trials=12)" in native
    assert "skopt" not in native


def test_a_space_and_a_function_within_the_call_go_along():
    source = (
        "from hyperopt import fmin, hp, tpe\n"
        "study = 1\n"
        'best = fmin(lambda p: p["x"], {"x": hp.uniform("x", 0, 1)}, tpe.suggest, 9)\n'
    )
    assert translate(source)[0].splitlines()[2:] == [
        'search = luthier.create_study(space={"x": luthier.Float(0, 1)}, sampler="TPE")',
        'search.optimize(lambda trial: (lambda p: p["x"])(trial.params), n_trials=9)',
        "best = search.best_params",
    ]


STUDY = "import optuna\ns = optuna.create_study()\n"
FMIN = "from hyperopt import fmin, hp, tpe\n"
GP = "from skopt import gp_minimize\nf = lambda x: 1\n"
INEXACT = {
    "import optuna\noptuna.create_study(storage='a.db')": "storage=",
    "import optuna\noptuna.create_study(pruner=optuna.pruners.MedianPruner())": "pruner=",
    "import optuna\noptuna.create_study(sampler=optuna.samplers.TPESampler(gamma=len))": "setting",
    "import optuna\noptuna.create_study('sqlite://')": "by position",
    "import optuna\ndef f(optuna): pass": "bound twice",
    "import optuna\noptuna.visualization.plot_slice(1)": "plot_slice",
    STUDY + "s.optimize(lambda t: t.report(1, 2), n_trials=1)": "trial.report",
    STUDY + "s.optimize(lambda t: 1, n_jobs=2)": "n_jobs",
    STUDY + "s.optimize(abs)": "no function of this file",
    STUDY + "s.trials_dataframe()": "study.trials_dataframe",
    STUDY + "pickle(s)": "pickle(study)",
    STUDY + "x = [s]": "what becomes of a study",
    STUDY + "print(s.best_trial.state)": "row.state",
    "from hyperopt import hp": "0 searches",
    FMIN + "fmin(lambda p: 1, {}, tpe.suggest, 9)": "no name",
    FMIN + "b = fmin(lambda p: {'loss': 1}, {}, tpe.suggest, 9)": "returns a dict",
    FMIN + "b = fmin(lambda p: 1, hp.uniform('x', 0, 1), tpe.suggest, 9)": "no dict",
    FMIN + "b = fmin(lambda p: 1, {'x': hp.uniform('y', 0, 1)}, tpe.suggest, 9)": "its key",
    FMIN + "b = fmin(lambda p: 1, {'x': hp.choice('x', [1])}, tpe.suggest, 9)": "hp.choice",
    FMIN + "b = fmin(lambda p: 1, {'x': hp.quniform('x', 0, 5, 2)}, tpe.suggest, 9)": "quniform",
    FMIN + "b = fmin(lambda p: 1, {}, tpe.suggest, 9, trials=None)": "trials=",
    FMIN + "b = fmin(lambda p: 1, {}, algo=1, max_evals=9)": "algo=1",
    FMIN + "s = {}\nb = fmin(lambda p: 1, s, tpe.suggest, 9)\nprint(s)": "used elsewhere",
    GP + "r = gp_minimize(f, [(0, 1)], n_calls=9, acq_func='EI')": "acq_func",
    GP + "r = gp_minimize(lambda x: 1, [(0, 1)], n_calls=9)\nprint(r.models)": "asked of r",
    GP + "r = gp_minimize(lambda x: 1, [(a, 1)], n_calls=9)": "the dimension (a, 1)",
}


@pytest.mark.parametrize("source", INEXACT, ids=range(len(INEXACT)))
def test_what_is_not_exact_stays_with_a_comment_that_says_why(source):
    native, _ = translate(source)
    comment, line, *rest = native.splitlines()
    assert comment.startswith("# Stays on luthier.compat: ")
    assert comment.endswith("exact word.")
    assert INEXACT[source] in comment
    assert line.partition(" as ")[0] in translate_imports(source)
    assert rest == source.splitlines()[1:]


def test_one_library_may_stay_while_another_goes_on():
    source = STUDY + "def g():\n    " + "import optuna\n    from hyperopt import hp\n"
    native = translate(source)[0]
    assert native == (
        'import luthier\ns = luthier.create_study(sampler="TPE")\ndef g():\n'
        "    # Stays on luthier.compat: a file with 0 searches has no exact word.\n"
        "    from luthier.compat.hyperopt import hp\n"
    )
    native = translate("import optuna, hyperopt\n" + STUDY)[0]
    why = "an import of hyperopt and optuna (line 1) has no exact word."
    assert native.startswith(
        2 * f"# Stays on luthier.compat: {why}\n"
        + "import luthier.compat.optuna as optuna, luthier.compat.hyperopt as hyperopt\n"
    )


def test_a_translator_names_the_line_that_has_no_exact_word():
    for translator, source in ((translate_optuna, STUDY + "\ns.x"), (translate_hyperopt, FMIN)):
        with pytest.raises(NoExactWordError, match=r"\(line 4\)|searches"):
            translator(Program(source))


def test_the_command_prints_the_diff(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(OPTUNA)
    done = CliRunner().invoke(migrate, ["--native", str(file)])
    assert done.exit_code == 0, done.output
    assert '+study = luthier.create_study(\n+    name="mine",\n' in done.output
    assert file.read_text() == OPTUNA
