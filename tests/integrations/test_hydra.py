"""Hydra's sweeper: its override syntax, and real programs that are run with -m."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import luthier
from luthier import Categorical, Float, Int
from luthier.errors import SpaceError, StudyError

pytestmark = [pytest.mark.external("hydra"), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "integrations" / "hydra.md"
APP = """
import hydra
from omegaconf import OmegaConf


@hydra.main(version_base=None, config_path="conf", config_name="config")
def train(cfg):
    if cfg.depth == 3:
        raise ValueError("too deep")
    print(OmegaConf.to_yaml(cfg.words))
    return (cfg.optimizer.lr - 0.01) ** 2 + cfg.depth + len(cfg.optimizer.name)


if __name__ == "__main__":
    train()
"""
CONFIG = """
defaults: [_self_, {optimizer: sgd}, {override hydra/sweeper: luthier}]
depth: 1
words: {a: "x y"}
hydra: {sweep: {dir: multirun}, sweeper: {n_trials: 6, seed: 0}}
"""


@pytest.fixture
def read():
    pytest.importorskip("hydra")
    from luthier.integrations.hydra import read_overrides

    return read_overrides


@pytest.mark.parametrize(
    ("override", "distribution"),
    [
        ("x=interval(0,1)", Float(0, 1)),
        ("x=tag(log,interval(1e-5,1))", Float(1e-5, 1, scale="log")),
        ("x=tag(reverse_log,interval(0.5,0.999))", Float(0.5, 0.999, scale="reverse_log")),
        ("x=int(interval(1,5))", Int(1, 5)),
        ("x=tag(log,int(interval(1,100)))", Int(1, 100, scale="log")),
        ("x=range(5)", Int(0, 4)),
        ("x=range(1,10,2)", Int(1, 9, step=2)),
        ("x=range(9,1,-2)", Int(3, 9, step=2)),
        ("x=shuffle(range(3))", Int(0, 2)),
        ("x=range(0,1,0.25)", Float(0, 0.75, step=0.25)),
        ("x=choice(a,b)", Categorical(["a", "b"])),
        ("x=1,2.5,true,a", Categorical([1, 2.5, True, "a"])),
        ("x=tag(ordered,choice(1,2))", Categorical([1, 2], ordered=True)),
        ("x=range(1)", Categorical([0])),
        ("+x=choice(a,b)", Categorical(["a", "b"])),
    ],
)
def test_ranges_and_choices_are_distributions(read, override, distribution):
    fixed, searched = read([override, "y=3", "z.w='a b'", "~q"])
    assert searched["x"].distribution == distribution
    assert fixed == ["y=3", "z.w='a b'", "~q"]


def test_values_are_written_as_hydra_reads_them(read):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    _, searched = read(
        [
            "+x=choice('a b',\"c'd\",[1,2],{k: v},1.5,true,plain,'null')",
            "y=interval(0,1)",
            "z=range(3)",
        ]
    )
    parse = OverridesParser.create().parse_override
    written = [searched["x"].write(v) for v in searched["x"].distribution.choices]
    assert all(text.startswith("+x=") for text in written)
    values = [parse(text).value() for text in written]
    assert [getattr(v, "text", v) for v in values] == [
        "a b",
        "c'd",
        [1, 2],
        {"k": "v"},
        1.5,
        True,
        "plain",
        "null",
    ]
    for value in (1e-5, 0.1 + 0.2, 1e-300):
        assert parse(searched["y"].write(value)).value() == value
    assert searched["z"].write(2) == "z=2"


def test_later_overrides_replace_earlier_ones(read):
    fixed, searched = read(["x=interval(0,1)", "y=choice(1,2)", "x=3", "y=choice(3,4)"])
    assert fixed == ["x=3"]
    assert searched["y"].distribution.choices == (3, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x=3"], "nothing is searched"),
        (["x=tag(lg,interval(0,1))"], "x: expected tags of .*, got 'lg'"),
        (["x=tag(log,choice(1,2))"], "the tag 'log' is for interval and range"),
        (["x=tag(log,interval(0,1))"], "low"),
    ],
)
def test_what_cannot_be_searched_is_refused(read, arguments, message):
    with pytest.raises(SpaceError, match=message):
        read(arguments)


def test_a_trial_is_there_in_jobs_alone(read):
    from luthier.integrations.hydra import current_trial, is_sweep

    assert not is_sweep()
    with pytest.raises(StudyError, match="no job of luthier's sweeper"):
        current_trial()


@pytest.fixture
def app(tmp_path):
    """Runs the program with overrides, in a folder with its config."""
    pytest.importorskip("hydra")
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "conf" / "optimizer").mkdir(parents=True)
    (tmp_path / "conf" / "config.yaml").write_text(CONFIG)
    for name in ("sgd", "adam"):
        (tmp_path / "conf" / "optimizer" / f"{name}.yaml").write_text(f"name: {name}\nlr: 0.1\n")

    def run(*overrides, program="app.py"):
        done = subprocess.run(
            [sys.executable, program, "-m", *overrides],
            cwd=tmp_path,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "HYDRA_FULL_ERROR": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return tmp_path, run


SEARCH = ("optimizer.lr=tag(log,interval(1e-5,1))", "depth=range(1,4)", "optimizer=glob(*)")


def test_a_sweep_is_a_study_that_goes_on(app):
    folder, run = app
    storage = "hydra.sweeper.storage=sqlite:///s.db"
    status, out = run(*SEARCH, storage, "hydra.sweeper.n_jobs=2")
    assert status == 0, out
    study = luthier.load_study("app", f"sqlite:///{folder}/s.db")
    assert len(study.trials) == 6
    for row in study.trials:
        assert row.state == (
            luthier.State.FAILED if row.params["depth"] == 3 else luthier.State.COMPLETE
        )
        overrides = yaml.safe_load(
            (folder / f"multirun/{row.number}/.hydra/overrides.yaml").read_text()
        )
        assert set(overrides) == {
            f"optimizer.lr={row.params['optimizer.lr']!r}",
            f"depth={row.params['depth']}",
            f"optimizer={row.params['optimizer']}",
        }
    best = yaml.safe_load((folder / "multirun" / "optimization_results.yaml").read_text())["best"]
    assert best == [
        {
            "trial": study.best_trial.number,
            "params": study.best_params,
            "values": {"value": study.best_value},
        }
    ]

    status, out = run(*SEARCH, storage, "hydra.sweeper.n_trials=7")
    assert status == 0, out
    assert len(study.trials) == 7


@pytest.mark.parametrize("wrong", [{"n_trials": 0}, {"n_jobs": 0}, {"n_jobs": 1.5}])
def test_numbers_of_trials_and_jobs_are_whole(read, wrong):
    from luthier.integrations.hydra import sweep

    settings = dict.fromkeys(("storage", "scheduler", "seed"))
    settings |= {"n_trials": 5, "n_jobs": 1, "direction": "minimize", "name": "s", "params": {}}
    settings |= {"sampler": "auto", "strict": False}
    with pytest.raises(ValueError, match="must be a whole number >= 1"):
        sweep(None, ["x=1,2"], **settings | wrong)


def test_a_job_that_fails_ends_a_strict_sweep(app):
    folder, run = app
    status, out = run("optimizer.lr=interval(0,1)", "depth=3", "hydra.sweeper.strict=true")
    assert status == 1
    assert "ValueError: too deep" in out
    study = luthier.load_study("app", f"sqlite:///{folder}/multirun/luthier.db")
    assert [row.state for row in study.trials] == [luthier.State.FAILED]


def test_a_sweep_runs_what_waits_and_ends_with_a_finite_space(app):
    folder, run = app
    url = f"sqlite:///{folder}/s.db"
    space = luthier.Space({"depth": Int(1, 2)})
    luthier.create_study("app", url, space=space, sampler="grid").enqueue({"depth": 2})
    settings = ("hydra.sweeper.storage=sqlite:///s.db", "hydra.sweeper.sampler=grid")
    for n_trials, found in ((1, [2]), (6, [2, 1])):
        status, out = run("depth=range(1,3)", *settings, f"hydra.sweeper.n_trials={n_trials}")
        assert status == 0, out
        rows = luthier.load_study("app", url).trials
        assert [row.params["depth"] for row in rows] == found
        assert {row.state for row in rows} == {luthier.State.COMPLETE}


def test_the_program_of_the_page_is_pruned(app):
    folder, run = app
    (folder / "conf").rename(folder / "other")
    code = re.findall(r"```py\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    config = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    (folder / "train.py").write_text(code)
    (folder / "config.yaml").write_text(config.replace("n_trials: 50", "n_trials: 12"))
    status, out = run("hydra.sweeper.storage=sqlite:///s.db", program="train.py")
    assert status == 0, out
    study = luthier.load_study("train", f"sqlite:///{folder}/s.db")
    assert len(study.trials) == 12
    assert {row.state for row in study.trials} == {luthier.State.COMPLETE, luthier.State.PRUNED}
    assert all(
        len(row.reports) == 10 for row in study.trials if row.state == luthier.State.COMPLETE
    )
    assert any(len(row.reports) < 10 for row in study.trials)
