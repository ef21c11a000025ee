import csv
import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from tests.support.processes import is_alive

import luthier
from luthier import State, TrialRow
from luthier.cli import cli
from luthier.cli.hints import OTHER_COMMANDS, OTHER_OPTIONS

OBJECTIVE = """
def objective(trial):
    x = trial.suggest_float("x", -1, 1)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    return x * x
"""
SPACE = """
lr: {low: 1e-5, high: 0.1, scale: log}
kernel: [rbf, poly]
degree: {low: 2, high: 5, when: {kernel: poly}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUTHIER_STORAGE", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "train.py").write_text(OBJECTIVE)
    (tmp_path / "space.yaml").write_text(SPACE)
    return tmp_path


def call(*args, status=0, **kwargs):
    """Runs a command in this process."""
    result = CliRunner().invoke(cli, [*map(str, args)], prog_name="luthier", **kwargs)
    assert result.exit_code == status, (result.output, result.exception)
    return result


def start(*args, **kwargs):
    """Runs a command in a process of its own, in a process group as a shell would."""
    return subprocess.Popen(
        [sys.executable, "-m", "luthier.cli", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        **kwargs,
    )


def study(name="train"):
    return luthier.load_study(name, "luthier.db")


def made(name="train", rows=(), space=None, **kwargs):
    study = luthier.create_study(
        name, "luthier.db", space=space or {"x": luthier.Float(0, 1)}, **kwargs
    )
    study.add_trials(rows)
    return study


def row(value=None, state=State.COMPLETE, **kwargs):
    values = None if value is None else value if isinstance(value, tuple) else (value,)
    fields = {"params": {"x": 0.5}, "started_s": 100.0, "finished_s": 101.5, **kwargs}
    return TrialRow(number=-1, state=state, values=values, **fields)


# -- help and exit statuses
# --------------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "luthier.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(re.findall(r"\| +(\w+)", done.stderr))
    assert "click" in loaded
    assert not loaded & {"numpy", "scipy", "rich", "msgspec", "psutil", "cloudpickle", "yaml"}
    assert "luthier run train.py:objective" in done.stdout


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_help_has_examples(command):
    text = call(command, "--help").output
    assert f"luthier {command}" in text.split("Examples:")[1]


def test_help_lists_each_command_with_its_summary():
    text = " ".join(call("--help").output.split())
    for name, command in cli.commands.items():
        summary = command.get_short_help_str(limit=200)
        assert f" {name} {summary.removesuffix('.')}" in text


def test_version():
    assert call("--version").output == f"luthier {luthier.__version__}\n"


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["run", "trian.py:objective"], 1, "there is no file .*trian.py; did you mean 'train.py'"),
        (["run", "train.py:objectiv"], 1, "train.py has no 'objectiv'; did you mean 'objective'"),
        (["run", "train.py"], 2, "expected FILE.py:OBJECTIVE, got 'train.py'"),
        (["run"], 2, "expected FILE.py:OBJECTIVE, or --"),
        (["run", "train.py:objective", "--", "./train"], 2, "expected FILE.py:OBJECTIVE, or --"),
        (
            ["run", "train.py:objective", "--sampler", "tp"],
            2,
            "expected a sampler or one of .*'TPE'.*got 'tp'",
        ),
        (
            ["run", "train.py:objective", "--scheduler", "x"],
            2,
            "expected a scheduler.*'Median'.*got 'x'",
        ),
        (["run", "train.py:objective", "--jobs", "0"], 2, "expected a number >= 1, or -1"),
        (["run", "train.py:objective", "--timeout", "0"], 2, "'--timeout'"),
        (["run", "train.py:objective", "--stop-at", "nan"], 2, "--stop-at.*finite number, got nan"),
        (["run", "train.py:objective", "--patience", "0"], 2, "'--patience'"),
        (
            ["run", "train.py:objective", "--objective", "acc"],
            2,
            "'--objective'.*NAME=minimize or maximize.*got 'acc'",
        ),
        (
            ["run", "train.py:objective", "--objective", "=maximize"],
            2,
            "'--objective'.*got '=maximize'",
        ),
        (
            ["run", "train.py:objective", "--objective", "a=up"],
            2,
            "expected minimize or maximize after a=, got 'up'",
        ),
        (["run", "train.py:objective", *["--objective", "a=minimize"] * 2], 2, "each name once"),
        (
            ["run", "train.py:objective", "--objective", "a=minimize", "--direction", "minimize"],
            2,
            "leave out --dir",
        ),
        (
            ["run", "train.py:objective", "--catch-as", "lost"],
            2,
            "'--catch-as'.*'lost' is not one of",
        ),
        (["choose"], 1, "there is no file luthier.db"),
        (["choose", "x", "--weight", "a=b"], 2, "'--weight'.*expected a number after a=, got 'b'"),
        (["run", "train.py:objective", "--cpu", "4096"], 1, "4096"),
        (["run", "train.py:objective", "--storage", "foo://x"], 1, "no storage 'foo'"),
        (["run", "--", "./train"], 2, "a program needs --space"),
        (
            ["run", "obj.py:f", "--params", "c.yaml"],
            2,
            "a Python objective reads its own",
        ),
        (
            ["run", "--space", "space.yaml", "--params", "space.yaml", "--", "echo", "{x}"],
            1,
            "no parameter for {x}",
        ),
        (
            ["run", "--executor", "ray", "--", "./train"],
            2,
            "--executor ray takes FILE.py:OBJECTIVE",
        ),
        (
            ["run", "train.py:objective", "--executor", "ray", "--reproducible", "--jobs", "-1"],
            2,
            "--jobs in numbers",
        ),
        (["serve", "--threads", "0"], 2, "'--threads'"),
        (
            ["run", "--space", "space.yaml", "--", "echo", "{lrr}"],
            1,
            "no parameter for {lrr}; did you mean {lr}",
        ),
        (["run", "--space", "space.yaml", "--", "./train"], 1, "there is no program './train'"),
        (["run", "--space", "spice.yaml", "--", "echo"], 1, "spice.yaml cannot be read"),
        (["delete"], 1, "there is no file luthier.db"),
        (["best", "luthier.db"], 2, "expected the NAME .*write --storage luthier.db"),
        (["delete", "sqlite:///luthier.db"], 2, "write --storage sqlite:///luthier.db"),
        (["worker", "train.py:objective", "--wait", "3"], 2, "--wait needs the NAME"),
        (["run", "train:objective"], 2, "did you mean train.py:objective?"),
        (["run", "train"], 2, "did you mean train.py:objective?"),
        (["run", "trian"], 2, "got 'trian'; a program comes after --"),
        (["shwo"], 2, "No such command 'shwo'. Did you mean 'show'"),
        (["list"], 2, "No such command 'list'; write luthier studies."),
        (["create_study"], 2, "write luthier run FILE.py:OBJECTIVE, which creates the study"),
        (["best", "--db", "x.db"], 2, "No such option '--db'; write --storage."),
        (["run", "train.py:objective", "--maximize"], 2, "write --direction maximize."),
        (["run", "train.py:objective", "-n", "3"], 2, "No such option '-n'; write --trials."),
        (["best", "-n", "3"], 2, "No such option '-n'.$"),
        (["best", "--storage", "sqlite:/a.db"], 1, "did you mean 'sqlite:///a.db'?"),
        (["storage", "check", "redis"], 1, "a path ending in .db, got 'redis'"),
        (["studies", "--storage", "SQLITE://a.db"], 1, "did you mean sqlite://?"),
    ],
)
def test_errors_are_one_line_and_a_status(args, status, message):
    result = call(*args, status=status)
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert re.search(message, last)
    assert result.stdout == ""
    if status == 1:
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["studies", "show x", "best x", "choose x", "trials x", "export x", "delete x --yes"]
)
@pytest.mark.parametrize(
    "storage", ["none.db", "sqlite:///none.db", "sqlite:///{folder}/none.db?lease_s=5"]
)
def test_looking_makes_no_file(folder, command, storage):
    result = call(*command.split(), "--storage", storage.format(folder=folder), status=1)
    assert re.fullmatch(
        r"Error: there is no file \S*none.db; begin a study with 'luthier run', or pass "
        r"--storage\n",
        result.stderr,
    )
    assert not list(folder.glob("none.db*"))


def test_a_name_that_is_not_utf8():
    made("mine")
    assert r"Error: expected text in UTF-8, got '\udcff'" in call("show", "\udcff", status=1).stderr


@pytest.mark.parametrize("command", ["show", "best", "choose", "trials", "export", "delete"])
def test_unknown_study_names_those_there_are(command):
    made("mine")
    assert "no study 'main' in" in call(command, "main", status=1).stderr
    assert "['mine']" in call(command, "main", status=1).stderr


# -- running Python
# ----------------------------------------------------------------------------------------------


def test_python_objective_with_two_jobs_goes_on(folder):
    (folder / "neighbour.py").write_text("def square(x):\n    return x * x\n")
    (folder / "train.py").write_text(
        "from neighbour import square\n" + OBJECTIVE.replace("x * x", "square(x)")
    )
    first = start("run", "train.py:objective", "--trials", 4, "--jobs", 2, "--seed", 1)
    out, err = first.communicate()
    assert first.returncode == 0, err
    assert "Going on" not in err
    assert "luthier show train" in err
    best = study().best_trial
    assert out.splitlines()[0] == f"best: {best.value!r} in trial {best.number}"
    assert repr(best.params["x"]) in out
    again = call("run", "train.py:objective", "--trials", 3)
    assert "Going on with study train: 4 trials so far." in again.stderr
    assert [t.state for t in study().trials] == [State.COMPLETE] * 7


def test_options_reach_the_study(folder):
    (folder / "two.py").write_text("def f(trial):\n    return trial.params['lr'], 1.0\n")
    call(
        "run",
        "two.py:f",
        "--name",
        "other",
        "--storage",
        "sqlite:///other.db",
        "--space",
        "space.yaml",
        "--seed",
        7,
        "--trials",
        3,
        "--direction",
        "maximize",
        "--direction",
        "minimize",
        "--sampler",
        "random",
    )
    found = luthier.load_study("other", "other.db")
    assert found.directions == ("maximize", "minimize")
    assert found.engine.seed == 7
    assert [t.values for t in found.trials] == [(t.params["lr"], 1.0) for t in found.trials]


def test_a_run_stops_at_its_target_or_when_nothing_gets_better():
    random = ["--sampler", "random", "--seed", 1]
    found = call("run", "train.py:objective", "--name", "a", *random, "--stop-at", 0.2)
    assert re.search(r"Stopped: trial \d+ reached 0\.\d+, and 0\.2 was the target\.", found.stderr)
    assert study("a").best_value <= 0.2
    assert sum(t.value <= 0.2 for t in study("a").trials) == 1
    found = call("run", "train.py:objective", "--name", "b", *random, "--patience", 5)
    assert "Stopped: the last 5 trials did not better" in found.stderr
    values = [t.value for t in study("b").trials]
    assert min(values) == min(values[:-5])
    two = ["--direction", "minimize", "--direction", "minimize"]
    assert (
        "needs one objective"
        in call("run", "train.py:objective", "--name", "c", "--stop-at", 0, *two, status=1).stderr
    )


def test_storage_from_the_environment(monkeypatch):
    monkeypatch.setenv("LUTHIER_STORAGE", "sqlite:///env.db")
    assert "--storage sqlite:///env.db" in call("run", "train.py:objective", "--trials", 1).stderr
    assert call("studies").output.splitlines()[1].startswith("train")


def test_a_failing_trial_is_recorded_and_the_study_goes_on(folder):
    (folder / "some.py").write_text(
        "import sys\ndef f(trial):\n    if trial.number == 1: raise KeyError('\\x1b[31m')\n"
        "    if trial.number == 2: sys.exit(5)\n    return 1.0\n"
    )
    result = call("run", "some.py:f", "--trials", 4)
    assert "4 (2 complete, 2 failed)" in result.stderr
    assert "trial 1 failed: KeyError: '\\x1b[31m'" in result.stderr
    assert "KeyError" in call("trials", "some", "--state", "failed").output


def test_strict_stops_at_the_first_failure_with_its_traceback(folder):
    (folder / "some.py").write_text("def f(trial):\n    raise KeyError('oh')\n")
    result = call("run", "some.py:f", "--trials", 4, "--strict", status=1)
    assert "some.py" in result.stderr
    assert "line 2, in f" in result.stderr
    assert result.stderr.splitlines()[-1] == "Error: trial 0 failed, and --strict was asked for"
    assert len(study("some").trials) == 1


def test_a_run_that_only_fails_is_given_up(folder):
    (folder / "some.py").write_text("def f(trial):\n    raise KeyError('oh')\n")
    assert (
        "all trials of this run failed" in call("run", "some.py:f", "--trials", 3, status=1).stderr
    )
    assert (
        "the first 10 trials all failed"
        in call("run", "some.py:f", "--trials", 50, status=1).stderr
    )
    assert len(study("some").trials) == 13


def test_limits(folder):
    (folder / "slow.py").write_text("import time\ndef f(trial):\n    time.sleep(3600)\n")
    result = call(
        "run",
        "slow.py:f",
        "--trials",
        1,
        "--limit-seconds",
        0.5,
        "--limit-memory-mb",
        4000,
        status=1,
    )
    assert "longer than its limit of 0.5 s" in result.stderr


def test_timeout_alone_bounds_the_run():
    begun = time.monotonic()
    call("run", "train.py:objective", "--timeout", 0.3)
    assert time.monotonic() - begun >= 0.3


# -- running programs
# --------------------------------------------------------------------------------------------------


def test_program_with_inactive_parameters(folder):
    (folder / "train.sh").write_text('echo "working on $*" >> log.txt\necho 0.5\n')
    call(
        "run",
        "--space",
        "space.yaml",
        "--trials",
        6,
        "--seed",
        0,
        "--",
        "sh",
        "train.sh",
        "--lr",
        "{lr}",
        "--degree",
        "{degree}",
        "--kernel={kernel}",
    )
    lines = (folder / "log.txt").read_text().splitlines()
    trials = study().trials
    assert len({t.params["kernel"] for t in trials}) == 2
    for line, t in zip(lines, trials, strict=True):
        degree = f" --degree {t.params['degree']}" if "degree" in t.params else ""
        assert line == f"working on --lr {t.params['lr']!r}{degree} --kernel={t.params['kernel']}"


def test_program_is_pruned_by_a_scheduler(folder):
    (folder / "train.py").write_text(
        "import json, os, time\nx = json.loads(os.environ['LUTHIER_PARAMS'])['x']\n"
        "for step in range(1, 4):\n    print(json.dumps({'step': step, 'loss': x}))\n"
        "if os.environ['LUTHIER_TRIAL'] == '6': time.sleep(3600)\n"
    )
    (folder / "space.json").write_text('{"x": {"low": 0.0, "high": 1.0}}')
    made(rows=[row(0.1, reports=((1.0, 0.1),), params={"x": 0.1}) for _ in range(6)])
    study().enqueue({"x": 0.9})
    result = call(
        "run",
        "--space",
        "space.json",
        "--scheduler",
        "median",
        "--metric",
        "loss",
        "--trials",
        1,
        "--",
        sys.executable,
        "train.py",
    )
    assert "1 (1 pruned)" in result.stderr
    last = study().trials[-1]
    assert last.state == State.PRUNED
    assert last.reports == ((1.0, 0.9),)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo broken >&2; exit 3", "ended with exit status 3: broken"),
        ("echo nearly", "printed no result; expected .* its last line was 'nearly'"),
    ],
)
def test_program_that_fails(script, message):
    result = call(
        "run",
        "--space",
        "space.yaml",
        "--trials",
        2,
        "--jobs",
        2,
        "--",
        "sh",
        "-c",
        script,
        status=1,
    )
    assert len(re.findall(f"trial [01] failed: CommandError: .*{message}", result.stderr)) == 2
    assert all(re.search(message, t.error) for t in study("sh").trials)


def test_forgotten_parameters_are_mentioned():
    result = call(
        "run", "--space", "space.yaml", "--trials", 1, "--name", "n", "--", "echo", "{lr}"
    )
    assert "Note: not in the command, only in LUTHIER_PARAMS: kernel, degree" in result.stderr


# -- stopping
# ----------------------------------------------------------------------------------------------


def finished(name="train"):
    try:
        return sum(t.state.finished for t in study(name).trials)
    except luthier.LuthierError:
        return 0


@pytest.mark.parametrize(
    ("number", "jobs", "status"), [(signal.SIGINT, 2, 130), (signal.SIGTERM, 1, 143)]
)
def test_stopping_loses_nothing_and_says_how_to_go_on(folder, eventually, number, jobs, status):
    (folder / "train.py").write_text(
        "import time\ndef objective(trial):\n    x = trial.suggest_float('x', 0, 1)\n"
        "    time.sleep(3600 if trial.number == 5 else 0.02)\n"
        "    print(trial.number, file=open('done', 'a'))\n    return x\n"
    )
    args = ["run", "train.py:objective", f"--jobs={jobs}", "--trials", "8"]
    process = start(*args)
    assert eventually(lambda: finished() >= 5)
    time.sleep(0.3)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == status
    done = [int(n) for n in (folder / "done").read_text().split()]
    trials = study().trials
    assert sorted(t.number for t in trials if t.state == State.COMPLETE) == sorted(done)
    assert trials[5].state == State.WAITING
    assert f"Stopped after {len(done)} trials" in err
    command = err.splitlines()[-1].strip()
    assert command == f"luthier run train.py:objective --jobs={jobs} --trials {8 - len(done)}"
    (folder / "train.py").write_text(OBJECTIVE)
    call(*command.split()[1:])
    assert [t.state for t in study().trials] == [State.COMPLETE] * 8


def test_a_program_ends_when_luthier_is_killed(folder, eventually):
    process = start(
        "run", "--space", "space.yaml", "--", "sh", "-c", "echo $$ > pid; sleep 3600; echo {lr}"
    )
    assert eventually(lambda: (folder / "pid").exists() and (folder / "pid").read_text().strip())
    program = int((folder / "pid").read_text())
    process.kill()
    process.communicate()
    assert eventually(lambda: not is_alive(program))


# -- looking
# ----------------------------------------------------------------------------------------------


def test_studies():
    made("first", [row(1.0), row(state=State.FAILED)])
    made("second", objectives=["minimize", "maximize"])
    header, first, second = call("studies").output.splitlines()
    assert (
        re.sub(" +", " ", header)
        == "name direction trials waiting running paused complete pruned failed created"
    )
    assert first.split()[:9] == ["first", "minimize", "2", "0", "0", "0", "1", "0", "1"]
    assert second.split()[:4] == ["second", "minimize,", "maximize", "0"]


def test_show():
    space = {
        "x": luthier.Float(0, 1),
        "n": luthier.Int(1, 64, scale="log"),
        "k": luthier.Categorical(["a", None], when={"n": 1}),
    }
    tags = {"table": "a  1\nb  2", "seconds": 3}
    made(
        rows=[
            row(0.123456789, tags=tags, params={"x": 0.1, "n": 2}),
            row(0.5),
            row(state=State.FAILED),
        ],
        space=space,
    )
    text = call("show", "train", "--last", 2).output
    assert "trials     3 (2 complete, 1 failed)" in text
    assert "best: 0.123457 in trial 0\n  x  0.1\n  n  2\n" in text
    assert "  table\n    a  1\n    b  2\n  seconds  3\n" in text
    assert "  x  float 0 .. 1\n  n  int 1 .. 64, log\n  k  a | null, when n = 1\n" in text
    assert (
        "last 2 trials\nnumber  state     value  duration_s    x\n     1  complete    0.5         "
        "1.5  0.5\n" in text
    )


def test_costs_are_shown_and_exported(folder):
    (folder / "costly.py").write_text(
        OBJECTIVE.replace("return x * x", "trial.set_cost(trial.number); return x * x")
    )
    call("run", "costly.py:objective", "--trials", 3)
    assert re.search(r"cost +3 in 3 trials", call("show", "costly").stdout)
    assert [r["cost"] for r in csv.DictReader(io.StringIO(call("export", "costly").stdout))] == [
        "0.0",
        "1.0",
        "2.0",
    ]
    data = json.loads(call("export", "costly", "--format", "json").stdout)
    assert [t["cost"] for t in data["trials"]] == [0, 1, 2]


def test_show_of_an_empty_study_and_of_several_objectives():
    made("empty")
    assert "trials     none" in call("show", "empty").output
    made(
        "two",
        [row((1.0, 2.0)), row((2.0, 1.0)), row((2.0, 2.0))],
        objectives=["minimize", "minimize"],
    )
    assert "best: 2 trials that no other beats" in call("show", "two").output
    assert [t["values"] for t in json.loads(call("best", "two", "--json").output)] == [
        [1.0, 2.0],
        [2.0, 1.0],
    ]


# -- several objectives, with names and constraints
# ------------------------------------------------------------------

AIMS = {"accuracy": "maximize", "latency_ms": "minimize"}
DONE = [
    (0.7, 1.0, 0.0),
    (0.9, 2.0, 0.5),
    (0.95, 40.0, -1.0),
    (0.6, 50.0, -2.0),
    (0.99, 1.0, float("inf")),
]


def aimed():
    """A study in which trials 0 and 2 are the front of what keeps the constraint."""
    rows = [
        row((a, b), constraints={"memory": c}, tags={"size": b}, params={"x": i / 8})
        for i, (a, b, c) in enumerate(DONE)
    ]
    return made("aims", [*rows, row(state=State.FAILED, error="E")], objectives=AIMS)


OBJECTIVES = """
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.set_constraint("memory", x - 0.9)
    trial.report({"latency_ms": 2.0, "accuracy": 0.5}, 1)
    if trial.number == 1:
        raise MemoryError("too much")
    return {"latency_ms": 10 * x, "accuracy": x}
"""


def test_a_run_of_objectives_with_names(folder):
    (folder / "aims.py").write_text(OBJECTIVES)
    sought = [x for name, where in AIMS.items() for x in ("--objective", f"{name}={where}")]
    done = call("run", "aims.py:objective", *sought, "--trials", 6, "--catch-as", "infeasible")
    assert "trials that no other beats in all objectives" in done.stdout
    assert "See more: luthier show aims, luthier choose aims --knee" in done.stderr
    found = study("aims")
    assert (found.objectives, found.directions) == (tuple(AIMS), tuple(AIMS.values()))
    assert found.history.constraint_names == ("memory", "crash")
    assert all(t.values == (t.params["x"], 10 * t.params["x"]) for t in found.trials if t.values)
    call("run", "aims.py:objective", "--trials", 1)
    others = [sought[0], "f1=maximize", *sought[2:]]
    assert "has objectives" in call("run", "aims.py:objective", *others, status=1).stderr
    call("run", "aims.py:objective", "--trials", 1, "--catch-as", "failed")
    assert study("aims").history.constraint_names == ("memory",)


def test_a_program_gives_its_objectives_by_name(folder):
    (folder / "space.yaml").write_text("lr: {low: 0.1, high: 1.0}\n")
    line = '{{"accuracy": {lr}, "latency_ms": 2, "constraints": {{"memory": -1}}}}'
    sought = ["--objective", "accuracy=maximize", "--objective", "latency_ms=minimize"]
    call("run", "--space", "space.yaml", "--trials", 2, *sought, "--", "echo", line)
    call("worker", "echo", "--storage", "luthier.db", "--total", 4, "--", "echo", line)
    trials = study("echo").trials
    assert [t.values for t in trials] == [(t.params["lr"], 2.0) for t in trials]
    assert [t.constraints for t in trials] == [{"memory": -1.0}] * 4


def test_events_have_values_by_name_and_constraints(folder):
    (folder / "aims.py").write_text(OBJECTIVES)
    sought = [x for name, where in AIMS.items() for x in ("--objective", f"{name}={where}")]
    lines = call(
        "run", "aims.py:objective", *sought, "--trials", 2, "--log-json"
    ).stderr.splitlines()
    first, second = [
        event for event in map(json.loads, lines) if "trial" in event and "duration_s" in event
    ]
    trials = study("aims").trials
    assert first["values"] == dict(zip(AIMS, trials[0].values, strict=True))
    assert first["value"] == list(trials[0].values)
    assert first["message"].startswith(
        f"trial 0 complete: accuracy {trials[0].values[0]:.6g}, latency_ms "
    )
    assert first["constraints"] == trials[0].constraints
    assert (second["state"], second["constraints"], "values" in second) == (
        "failed",
        trials[1].constraints,
        False,
    )


def test_show_and_best_of_objectives_with_names():
    aimed()
    text = call("show", "aims").output
    assert "objectives   maximize accuracy, minimize latency_ms\n" in text
    assert "constraints  kept by 3 of 5 complete trials (memory by 3)\n" in text
    assert "best: 2 trials that no other beats in all objectives\n" in text
    assert re.search(
        r"number +state +accuracy +latency_ms +duration_s +constraints\.memory +x\n", text
    )
    assert call("best", "aims").output.startswith(
        "trial 0: accuracy 0.7, latency_ms 1.0\n  x  0.0\ntrial 2: "
    )
    assert [t["values"] for t in json.loads(call("best", "aims", "--json").output)] == [
        {"accuracy": 0.7, "latency_ms": 1.0},
        {"accuracy": 0.95, "latency_ms": 40.0},
    ]
    assert "aims  maximize accuracy, minimize latency_ms " in call("studies").output


def test_one_objective_with_a_name_and_constraints():
    rows = [row(1.0, constraints={"size": 1.0}), row(2.0, constraints={"size": 0.0}), row(3.0)]
    made("one", rows, objectives={"loss": "minimize"})
    assert call("best", "one").output == "trial 1: loss 2.0\n  x  0.5\n"
    text = call("show", "one").output
    assert "best: loss 2 in trial 1" in text
    assert "constraints  kept by 2 of 3 complete trials (size by 1)\n" in text, (
        "one told nothing of it"
    )
    last = call("trials", "one", "--sort", "loss").output.splitlines()[1:]
    assert [int(line.split()[0]) for line in last] == [0, 2, 1]
    best = json.loads(call("best", "one", "--json").output)
    assert (best["value"], best["values"]) == (2.0, {"loss": 2.0})


@pytest.mark.parametrize("aims", [{"loss": "minimize"}, AIMS])
def test_a_study_without_a_feasible_trial_says_so(folder, aims):
    broken = [row((1.0,) * len(aims), constraints={"size": 1.0, "memory": -1.0})]
    made("none", broken, objectives=aims)
    text = call("show", "none").output
    assert "constraints  kept by 0 of 1 complete trial (memory by 1, size by 0)" in text
    assert "best: none of 1 complete trial keeps all constraints" in text
    for args in (["best", "none"], ["best", "none", "--json"], ["choose", "none", "--knee"]):
        assert re.search(
            "Error: none of 1 .*(keeps all constraints|is feasible)", call(*args, status=1).stderr
        )
    for args in (["trials", "none"], ["export", "none"], ["watch", "none"], ["studies"]):
        call(*args)
    code = "def f(trial):\n    trial.set_constraint('size', 1)\n    return [1.0] * %d\n"
    (folder / "none.py").write_text(
        code % len(aims) if len(aims) > 1 else code.replace("[1.0] * %d", "1.0")
    )
    done = call("run", "none.py:f", "--trials", 1, "--patience", 50)
    assert "No trial is the best: none of 2 complete trials keeps all constraints" in done.stderr


def test_trials_are_sorted_by_any_objective():
    aimed()

    def numbers(*args):
        return [
            int(line.split()[0]) for line in call("trials", "aims", *args).output.splitlines()[1:]
        ]

    assert numbers("--sort", "accuracy") == numbers("--sort", "value") == [5, 1, 4, 3, 0, 2]
    assert numbers("--sort", "latency_ms") == [5, 1, 4, 3, 2, 0]
    wrong = call("trials", "aims", "--sort", "speed", status=2).stderr
    assert "expected one of number, duration, value, accuracy, latency_ms, got 'speed'" in wrong


def test_exports_have_names_and_constraints():
    aimed()
    rows = list(csv.DictReader(io.StringIO(call("export", "aims").output)))
    assert [r["values.latency_ms"] for r in rows] == ["1.0", "2.0", "40.0", "50.0", "1.0", ""]
    assert [r["constraints.memory"] for r in rows] == ["0.0", "0.5", "-1.0", "-2.0", "inf", ""]
    data = json.loads(call("export", "aims", "--format", "json").output)
    assert data["objectives"] == list(AIMS)
    assert data["trials"][4]["values"] == {"accuracy": 0.99, "latency_ms": 1.0}
    assert data["trials"][4]["constraints"] == {"memory": "inf"}


def test_energy_is_summed_up():
    made(
        rows=[
            row(1.0, tags={"energy_kwh": 0.25, "co2_kg": 0.1}),
            row(2.0, tags={"energy_kwh": 0.5, "co2_kg": 0.1}),
        ]
    )
    assert "energy     0.75 kWh and 0.2 kg CO2 in 2 trials\n" in call("show", "train").output


@pytest.mark.parametrize(
    ("args", "number"),
    [
        (["accuracy >= 0.65 and size <= 10, then largest accuracy"], 0),
        (["largest accuracy"], 2),
        (["--weight", "accuracy=1", "--weight", "latency_ms=0"], 2),
        (["--aspiration", "latency_ms=1", "--aspiration", "accuracy=0.8"], 0),
        (["--knee"], 0),
        (["--lexicographic", "accuracy:0.3", "--lexicographic", "latency_ms"], 0),
        (["--lexicographic", "accuracy", "--lexicographic", "latency_ms"], 2),
    ],
)
def test_one_of_several_is_chosen(args, number):
    found = aimed().choose(f"x == {number / 8}")
    text = call("choose", "aims", *args).output
    assert text.startswith(str(found).split("\nWhy")[0])
    data = json.loads(call("choose", "aims", *args, "--json").output)
    assert (data["trial"]["number"], data["numbers"]) == (number, [number])
    assert data["values"] == data["trial"]["values"] == found.values
    assert data["why"] in text
    assert {rule["rule"] for rule in data["rules"]} >= {"constraint memory <= 0"}


def test_a_choice_that_cannot_be_made_says_why():
    aimed()
    result = call("choose", "aims", "accuracy >= 0.99", status=1)
    first, *rest = result.stderr.splitlines()
    assert first == "Error: none of 5 trials satisfies 'accuracy >= 0.99'"
    assert any("nearest is trial" in line for line in rest)
    assert result.stdout == ""
    pointed = call("choose", "aims", "accuracy >", status=2).stderr.splitlines()
    assert pointed[-1].strip() == "^"
    for args in (
        [],
        ["--knee", "--weight", "accuracy=1"],
        ["speed <= 3"],
        ["--lexicographic", "accuracy:x"],
    ):
        assert "Error: " in call("choose", "aims", *args, status=2).stderr
    made("empty")
    assert "no trial is complete yet" in call("choose", "empty", "--knee", status=1).stderr


def test_best():
    made(rows=[row(0.5), row(0.1 + 0.2, params={"x": 1 / 3})])
    assert call("best", "train").output == "trial 1: 0.30000000000000004\n  x  0.3333333333333333\n"
    best = json.loads(call("best", "train", "--json").output)
    assert (best["number"], best["value"], best["params"], best["state"]) == (
        1,
        0.1 + 0.2,
        {"x": 1 / 3},
        "complete",
    )
    made("none")
    assert "no trial is complete yet" in call("best", "none", status=1).stderr
    made("two", objectives=["minimize"] * 2)
    assert "no trial is complete yet" in call("best", "two", status=1).stderr


def test_trials():
    made(
        rows=[
            row(2.0),
            row(1.0),
            row(3.0),
            row(state=State.FAILED, error="KeyError: 'a'\nTraceback ..."),
        ],
        direction="maximize",
    )

    def numbers(*args):
        return [
            int(line.split()[0]) for line in call("trials", "train", *args).output.splitlines()[1:]
        ]

    assert numbers() == [0, 1, 2, 3]
    assert numbers("--last", 2) == [2, 3]
    assert numbers("--last", 0) == []
    assert numbers("--sort", "value") == [3, 1, 0, 2]
    assert numbers("--sort", "value", "--state", "complete", "--last", 1) == [2]
    assert numbers("--state", "failed", "--state", "pruned") == [3]
    assert (
        call("trials", "train", "--state", "failed")
        .output.splitlines()[1]
        .endswith("KeyError: 'a'")
    )


ROWS = [
    row(
        0.1 + 0.2,
        params={"x": 1e-5, "k": 'a,"b"\n'},
        reports=((1.0, 0.5), (2.0, float("inf"))),
        tags={"t": [1, "ü"]},
    ),
    row(float("inf"), params={"x": 1.0, "k": None}, worker="w"),
    row(
        state=State.FAILED,
        error="E\nT",
        params={"x": 0.25, "k": True},
        checkpoints=({"step": 1.0, "value": "1"},),
    ),
    row(0.5, state=State.PRUNED, params={"x": 0.5}),
]


def test_export_json_round_trip(folder):
    old = made(rows=ROWS)
    assert "4 trials written to out.json" in call("export", "train", "--output", "out.json").stderr
    data = json.loads((folder / "out.json").read_text())
    rows = [
        TrialRow(
            **{
                k: v
                for k, v in t.items()
                if k not in ("value", "values", "state", "reports", "checkpoints", "turns")
            },
            state=State[t["state"].upper()],
            values=tuple(map(float, t["values"])) if "values" in t else None,
            reports=tuple((s, float(v)) for s, v in t["reports"]),
            checkpoints=tuple(t.get("checkpoints", ())),
            turns=(),
        )
        for t in data["trials"]
    ]
    assert rows == old.trials
    assert luthier.Space.from_json(data["space"]).params == old.space.params
    assert json.loads(call("export", "train", "--format", "json").output) == data


def test_export_csv_round_trip(folder):
    made(rows=ROWS)
    call("export", "train", "--output", "out.csv")
    assert call("export", "train").output == (folder / "out.csv").read_bytes().decode()
    with open("out.csv", newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    assert [r["state"] for r in rows] == ["complete", "complete", "failed", "pruned"]
    assert [r["value"] for r in rows] == ["0.30000000000000004", "inf", "", "0.5"]
    assert [r["params.k"] for r in rows] == ['a,"b"\n', "null", "true", ""]
    assert [float(r["params.x"]) for r in rows] == [1e-5, 1.0, 0.25, 0.5]
    assert json.loads(rows[0]["tags.t"]) == [1, "ü"]


def test_export_of_nothing_and_to_nowhere():
    made()
    assert list(csv.reader(io.StringIO(call("export", "train").output))) == [
        ["number", "state", "value", "duration_s"]
    ]
    assert (
        "Could not open file"
        in call("export", "train", "--output", "no/such/folder", status=1).stderr
    )


def test_delete():
    made(rows=[row(1.0)])
    assert "Delete train and its 1 trial?" in call("delete", "train", input="n\n", status=1).stderr
    call("delete", "train", input="", status=1)
    call("delete", "train", input="y\n")
    made()
    call("delete", "train", "--yes")
    assert luthier.list_studies("luthier.db") == []


# -- what a terminal sees
# ----------------------------------------------------------------------------------------------

EVIL = "[red]x[/red] \x1b[31m\x9b31m\r\u202e"


def on_terminal(*args, **env):
    """Runs a command with stdout on a pseudo-terminal; stderr apart."""
    outside, inside = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")} | {
        "TERM": "xterm",
        **env,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "luthier.cli", *args], stdout=inside, stderr=subprocess.PIPE, env=env
    )
    os.close(inside)
    seen = b""
    try:
        while chunk := os.read(outside, 65536):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    os.close(outside)
    _, err = process.communicate()
    assert process.returncode == 0, err
    return seen.decode()


def test_user_text_is_inert():
    good = row(1.0, params={EVIL: EVIL}, tags={EVIL: "a\n" + EVIL}, constraints={EVIL: -1.0})
    bad = row(state=State.FAILED, error=EVIL, params={})
    made(EVIL, [good, bad], space={EVIL: [EVIL, "b"]}, objectives={EVIL: "minimize"})
    shown = r"[red]x[/red] \x1b[31m\x9b31m\r\u202e"
    for command in ("studies", "show", "trials", "best", "choose", "delete"):
        text = call(
            command, *[EVIL] * (command != "studies"), *["--yes"] * (command == "delete")
        ).output
        assert shown in text
        assert not re.search(r"[\x1b\x9b\r\u202e]", text)


def test_tables_on_a_terminal_and_without_colours():
    made(
        "[red]x", [row(1.0, params={"[b]p": "[red]v\x1b[35m"})], space={"[b]p": ["[red]v\x1b[35m"]}
    )
    bright = on_terminal("trials", "[red]x")
    assert "\x1b[1m" in bright
    assert "─" in bright
    assert r"[red]v\x1b[35m" in bright
    assert "[b]p" in bright
    assert "\x1b[35m" not in bright
    assert "\x1b" not in on_terminal("trials", "[red]x", NO_COLOR="1")
    assert "\x1b" not in on_terminal("export", "[red]x")


def test_progress_goes_to_stderr(folder):
    (folder / "slow.py").write_text(
        "import time\ndef f(trial):\n    time.sleep(0.05)\n    return 1.0\n"
    )
    seen = on_terminal("run", "slow.py:f", "--trials", "2")
    assert seen.replace("\r", "") == "best: 1.0 in trial 0\n"


def test_lines_of_progress_without_a_terminal(monkeypatch):
    monkeypatch.setattr("luthier.cli.run_monitor.RunMonitor.__init__.__defaults__", (0.0,))
    result = call("run", "train.py:objective", "--trials", 2)
    assert re.search(r"^1 of 2 trials, best [\d.e-]+ in trial 0$", result.stderr, re.MULTILINE)


@pytest.mark.parametrize("command", [*OTHER_COMMANDS.values()])
def test_other_words_lead_to_commands_that_there_are(command):
    for part in re.findall(r"luthier ([a-z]+)", command):
        assert part in cli.commands


@pytest.mark.parametrize("option", [*OTHER_OPTIONS.values()])
def test_other_words_lead_to_options_that_there_are(option):
    known = {name for command in cli.commands.values() for p in command.params for name in p.opts}
    assert option.split()[0] in known


READING = {
    "show": "last 2 trials",
    "best": "trial 1: 0.25",
    "trials": "complete",
    "export": "number,state,value",
    "export -o out.csv": "2 trials written to out.csv",
    "choose": "Trial 1",
    "choose 'smallest value'": "Trial 1",
    "watch --once": "2 complete",
    "diagnose --quick": "Nothing was found",
    "report -o out.html": "Wrote out.html.",
    "plot history -o out.svg": "Wrote out.svg.",
    "retry --all": "No trial has failed.",
    "worker train.py:objective --trials 1": "joins study",
    "worker --trials 0 -- echo 1": "a program needs a study with a declared space",
}


@pytest.mark.parametrize("line", READING)
def test_no_command_asks_for_the_name_of_the_only_study(line):
    luthier.create_study("two words", "luthier.db").add_trials(
        [row(1.0), row(0.25, params={"x": 0.25})]
    )
    result = CliRunner().invoke(cli, shlex.split(line))
    assert READING[line] in result.output
    assert isinstance(result.exception, SystemExit | None)


@pytest.mark.parametrize("line", READING)
def test_commands_say_which_of_several_studies_there_are(line):
    made("first")
    made("second")
    error = call(*shlex.split(line), status=2).stderr.splitlines()[-1]
    assert error == "Error: give the NAME of a study; there are first, second"


@pytest.mark.parametrize("line", READING)
def test_commands_say_that_a_storage_has_no_study(line):
    made("first")
    luthier.delete_study("first", "luthier.db")
    error = call(*shlex.split(line), status=2).stderr.splitlines()[-1]
    assert re.search("there is no study in .*luthier.db.*; 'luthier run' begins one", error)


def test_a_name_that_reads_as_a_rule_or_a_number_is_a_name_where_there_is_such_a_study():
    made("a < b", [row(1.0)])
    made("7", [row(state=State.FAILED, error="lost")])
    assert "Trial 0" in call("choose", "a < b").output
    assert "expected the numbers" in call("retry", "7", status=2).stderr
    assert "trial 0 waits" in call("retry", "7", "0").output


def test_the_only_study_is_not_deleted_unnamed():
    made("first")
    assert "the study to delete; there are first" in call("delete", "--yes", status=2).stderr
    assert luthier.load_study("first", "luthier.db").name == "first"


def test_looking_into_an_empty_storage_says_so():
    made("first")
    assert call("trials").stderr == "There is no such trial.\n"
    assert call("export").output == "number,state,value,duration_s\n"
    assert call("plot", "history", "-o", "out.svg", status=1).stderr == (
        "Error: no trial is complete yet (the study has no trials)\n"
    )
    luthier.delete_study("first", "luthier.db")
    assert call("studies").stderr == "There is no study in sqlite:///luthier.db.\n"


def test_an_export_says_why_trials_failed():
    rows = [row(1.0), row(state=State.FAILED, error="out of memory\ntraceback"), row(2.0)]
    made(rows=rows)
    read = list(csv.DictReader(io.StringIO(call("export").output)))
    assert [r["error"] for r in read] == ["", "out of memory", ""]
    assert list(read[0])[-1] == "error"


def test_the_package_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "luthier", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"luthier {luthier.__version__}\n"


def test_the_only_study_needs_no_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = luthier.create_study("only", "luthier.db", seed=0)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2)
    for command in ("best", "show", "trials", "export"):
        assert call(command).stdout == call(command, "only").stdout
    luthier.create_study("other", "luthier.db")
    for command in ("best", "show", "trials", "export"):
        refused = call(command, status=2)
        assert "give the NAME of a study; there are only, other" in refused.stderr


def test_an_export_is_what_its_ending_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    luthier.create_study("s", "luthier.db").optimize(lambda t: 1.0, n_trials=1)
    for ending in (".parquet", ".jsonl", ".xlsx"):
        assert (
            "ends in .csv or .json"
            in call("export", "s", "--output", f"a{ending}", status=2).stderr
        )
    call("export", "s", "--output", "a.txt", "--format", "csv")
    call("export", "s", "--output", "A.JSON")
    call("export", "s", "--output", "a")
    assert [(tmp_path / name).read_text()[0] for name in ("a.txt", "A.JSON", "a")] == [
        "n",
        "{",
        "n",
    ]
    assert not list(tmp_path.glob("a.parquet"))
