import errno
import json
import sys

import pytest
from tests.support.processes import is_alive

import luthier
from luthier.attempts import Attempts
from luthier.errors import CommandError, MachineError, TrialPruned, WorkerDiedError
from luthier.objectives import Program, process
from luthier.schedulers import Decision, Scheduler

SPACE = {
    "lr": luthier.Float(1e-5, 1.0, scale="log"),
    "kernel": luthier.Categorical(["rbf", "poly"]),
    "degree": luthier.Int(2, 5, when={"kernel": "poly"}),
}


def trial(params=None, *, scheduler=None, space=SPACE, directions=("minimize",)):
    study = luthier.create_study(space=space, scheduler=scheduler, objectives=directions, seed=0)
    if params:
        study.enqueue(params)
    return study.ask()


def python(code):
    return [sys.executable, "-c", code]


def says(tmp_path, text, **options):
    (tmp_path / "out").write_text(text)
    return Program(["cat", str(tmp_path / "out")], **options)


@pytest.fixture
def gone(eventually):
    return lambda pid: eventually(lambda: not is_alive(pid))


# -- arguments
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arg", "value", "filled"),
    [
        ("{x}", 0.1 + 0.2, "0.30000000000000004"),
        ("{x}", 1e-5, "1e-05"),
        ("{x}", 2**53, "9007199254740992"),
        ("--x={x}!", "a b", "--x=a b!"),
        ("{x}", True, "true"),
        ("{x}", None, "null"),
        ("{x}", (1, "a"), '[1, "a"]'),
        ("{{x}}", 1, "{x}"),
        ('{{"lr": {x}}}', 1, '{"lr": 1}'),
        ('{"lr": {x}}', 1, '{"lr": 1}'),
        ("{x}{x}", 1, "11"),
        ("{}", 1, "{}"),
    ],
)
def test_placeholders_are_filled_without_loss(arg, value, filled):
    assert Program(["p", arg]).fill({"x": value}) == ["p", filled]


@pytest.mark.parametrize(
    ("argv", "left"),
    [
        (["p", "--degree", "{d}", "--lr", "{x}"], ["p", "--lr", "1"]),
        (["p", "-d", "{d}", "end"], ["p", "end"]),
        (["p", "--degree={d}", "end"], ["p", "end"]),
        (["p", "{d}", "end"], ["p", "end"]),
        (["p", "--lr={x}", "{d}"], ["p"]),
        (["p", "--both", "{x}-{d}"], ["p", "--both"]),
        (["p", "--", "{d}"], ["p", "--"]),
        (["p", "-1", "{d}"], ["p", "-1"]),
        (["p", "--a", "{d}", "{d}"], ["p"]),
    ],
)
def test_inactive_parameters_are_dropped(argv, left):
    assert Program(argv).fill({"x": 1}) == left


def test_unknown_placeholder_names_the_params():
    with pytest.raises(CommandError, match=r"no parameter for \{degre\}; did you mean \{degree\}"):
        Program(["p", "{degre}"]).check(SPACE)
    with pytest.raises(
        CommandError, match=r"the space has \['lr', 'kernel', 'degree'\].*\{\{print\}\}"
    ):
        Program(["awk", "{print}"])(trial())


@pytest.mark.parametrize("argv", ["./train --lr {lr}", []])
def test_argv_is_a_list(argv):
    with pytest.raises(CommandError, match="expected a list"):
        Program(argv)


def test_conditional_parameter_in_a_real_program(tmp_path):
    code = "import sys, json; print(json.dumps({'value': len(sys.argv) - 1}))"
    program = Program([*python(code), "--lr", "{lr}", "--degree", "{degree}", "--kernel={kernel}"])
    assert program(trial({"lr": 0.1, "kernel": "rbf"})) == 3
    assert program(trial({"lr": 0.1, "kernel": "poly", "degree": 3})) == 5


def test_params_are_in_the_environment():
    code = (
        "import json, os; e = os.environ; print(json.loads(e['LUTHIER_PARAMS'])['lr'] + "
        "int(e['LUTHIER_TRIAL']))"
    )
    assert Program(python(code))(trial({"lr": 0.1 + 0.2, "kernel": "rbf"})) == 0.1 + 0.2


# -- output
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("0.5\n", 0.5),
        ("epoch 1 0.3\n0.5\nbye\n", 0.5),
        ("1\n2\n3", 3.0),
        (" -1e-3 \n", -1e-3),
        ("inf\n", float("inf")),
        ('0.5\n{"value": 0.25, "more": [1]}\n{"other": 3}\n', 0.25),
        ('{"values": [1, 2]}\n', [1.0, 2.0]),
        ('{"value": [1, 2]}\n', [1.0, 2.0]),
        ("[1, 2.5]\n", [1.0, 2.5]),
        ('{"step": 1, "value": 3}\n{"step": 2, "value": 2}\n', 2.0),
        ('{"step": 1, "value": 3}\n0.125\n', 0.125),
        ("10%\r20%\r0.5\r\n", 0.5),
        ('0.5\ntrue\n"7"\n1_000\nnull\n[]\n{}\n["a"]\n', 0.5),
        ("0.5\n\xff\x00\x1b[31m\n", 0.5),
    ],
)
def test_the_result_is_the_last_value(tmp_path, output, value):
    assert says(tmp_path, output)(trial()) == value


def test_nan_is_passed_on_and_recorded_as_a_failure(tmp_path):
    study = luthier.create_study(space=SPACE)
    study.optimize(says(tmp_path, "nan\n"), n_trials=1)
    assert study.trials[0].state == luthier.State.FAILED
    assert "NaN is no result" in study.trials[0].error


def test_metric_names_the_value(tmp_path):
    output = (
        '{"step": 1, "loss": 3, "accuracy": 0.5}\n{"value": 9}\n{"loss": 2, "accuracy": 0.75}\n'
    )
    assert says(tmp_path, output, metric="accuracy")(trial()) == 0.75
    several = luthier.create_study(space=SPACE, objectives=["minimize", "maximize"])
    several.optimize(says(tmp_path, output, metric=("loss", "accuracy")), n_trials=1)
    assert several.trials[0].values == (2.0, 0.75)
    assert several.trials[0].reports == ((1.0, (3.0, 0.5)),)


def test_several_objectives(tmp_path):
    study = luthier.create_study(space=SPACE, objectives=["minimize", "maximize"])
    study.optimize(says(tmp_path, '{"value": [1, 2]}\n'), n_trials=1)
    assert study.trials[0].values == (1.0, 2.0)


AIMS = {"accuracy": "maximize", "latency_ms": "minimize"}


@pytest.mark.parametrize(
    "output",
    [
        '{"latency_ms": 12, "accuracy": 0.9}\n',
        '{"values": {"latency_ms": 12, "accuracy": 0.9}}\n',
        '{"value": {"latency_ms": 12, "accuracy": 0.9}, "more": 1}\n',
        '{"values": [0.9, 12]}\n',
        "[0.9, 12]\n",
        '[1, 2]\n{"latency_ms": 12, "accuracy": 0.9}\n{"accuracy": 0.5}\n{"values": {"accuracy": '
        '1, "speed": 2}}\n',
    ],
)
def test_objectives_with_names_are_given_by_name_or_in_order(tmp_path, output):
    study = luthier.create_study(space=SPACE, objectives=AIMS)
    study.optimize(says(tmp_path, output), n_trials=1)
    assert study.trials[0].values == (0.9, 12.0)


def test_reports_by_name_and_names_in_processes(tmp_path):
    study = luthier.create_study(space=SPACE, objectives=AIMS)
    output = (
        '{"step": 1, "accuracy": 0.5, "latency_ms": 9}\n{"step": 2, "values": {"accuracy": '
        "0.6, "
        '"latency_ms": 8}}\n'
    )
    study.optimize(says(tmp_path, output), n_trials=2, n_jobs=2)
    assert [t.reports for t in study.trials] == [((1.0, (0.5, 9.0)), (2.0, (0.6, 8.0)))] * 2
    assert [t.values for t in study.trials] == [(0.6, 8.0)] * 2


def test_one_objective_with_a_name(tmp_path):
    study = luthier.create_study(space=SPACE, objectives={"loss": "minimize"})
    for output in ('{"loss": 2}', '{"value": 2}', "2"):
        study.optimize(says(tmp_path, output + "\n"), n_trials=1)
    assert [t.values for t in study.trials] == [(2.0,)] * 3
    several = luthier.create_study(space=SPACE, objectives=AIMS)
    several.optimize(says(tmp_path, '{"acc": 1, "ms": 2}\n', metric=("acc", "ms")), n_trials=1)
    assert several.trials[0].values == (1.0, 2.0)


def test_constraints_may_have_a_line_of_their_own(tmp_path):
    study = luthier.create_study(space=SPACE)
    output = (
        '{"constraints": {"memory": 9, "size": 1}}\n{"tags": {"a": 1, "b": 1}, "cost": 1}\n'
        '{"constraints": {"memory": 2}}\n{"tags": {"b": 2}, "cost": 3}\n0.5\n{"cost": 4}\n'
    )
    study.optimize(says(tmp_path, output), n_trials=1)
    [row] = study.trials
    assert (row.value, row.constraints) == (0.5, {"memory": 2.0, "size": 1.0})
    assert (row.tags, row.cost) == ({"a": 1, "b": 2}, 4.0)


@pytest.mark.parametrize(
    "beside", ['"tags": ["a"]', '"tags": "fast"', '"cost": "3 EUR"', '"cost": true', '"cost": [1]']
)
def test_what_only_looks_like_tags_or_a_cost_passes_by(tmp_path, beside):
    study = luthier.create_study(space=SPACE)
    study.optimize(says(tmp_path, f'{{{beside}}}\n{{"value": 1, {beside}}}\n'), n_trials=1)
    [row] = study.trials
    assert (row.value, row.tags, row.cost) == (1.0, {}, None)


def test_what_stands_beside_a_value_is_noted(tmp_path):
    study = luthier.create_study(
        space=SPACE, objectives={"accuracy": "maximize", "cost": "minimize"}
    )
    output = (
        '{"cost": "nothing yet", "constraints": {"memory": 9}}\n'
        '{"step": 1, "accuracy": 0.5, "cost": -1, "constraints": {"memory": 2.5, "size": -1}}\n'
        '{"accuracy": 0.9, "cost": -2, "constraints": {"memory": -3.5}, "tags": {"kind": ["a", '
        "1]}}\n"
    )
    study.optimize(says(tmp_path, output), n_trials=1)
    [row] = study.trials
    assert (row.values, row.constraints, row.tags) == (
        (0.9, -2.0),
        {"memory": -3.5, "size": -1.0},
        {"kind": ["a", 1]},
    )
    assert row.cost is None, "it is an objective"
    plain = luthier.create_study(space=SPACE)
    plain.optimize(says(tmp_path, '{"value": 1, "cost": 2}\n'), n_trials=1)
    assert plain.trials[0].cost == 2.0


@pytest.mark.parametrize(
    ("beside", "says_so"),
    [
        (
            '"constraints": [1]',
            'such as "constraints": {"size": -1.5}, got [1]; print anything else under another '
            "name",
        ),
        ('"constraints": "few"', "got 'few'"),
        ('"constraints": {"memory": "much"}', "constraint 'memory' is a number"),
        ('"cost": -1', "a cost is a finite number >= 0"),
    ],
)
def test_what_cannot_be_noted_fails_the_trial(tmp_path, beside, says_so):
    study = luthier.create_study(space=SPACE)
    for output in (f'{{"value": 1, {beside}}}\n', f"{{{beside}}}\n1\n"):
        study.optimize(says(tmp_path, output), n_trials=1, catch=Exception)
    assert [row.state for row in study.trials] == [luthier.State.FAILED] * 2
    assert all(says_so in row.error for row in study.trials)


def test_no_result_names_the_objectives(tmp_path):
    study = luthier.create_study(space=SPACE, objectives=AIMS)
    with pytest.raises(
        CommandError, match=r'list of numbers, or JSON such as {"accuracy": ..., "latency_ms": ...}'
    ):
        study.optimize(says(tmp_path, '{"accuracy": 0.9}\n[[1], [2]]\n'), n_trials=1)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("", "printed no result.*it printed nothing"),
        ("almost 0.5\n\n", "printed no result.*number.*its last line was 'almost 0.5'"),
        ('{"value": "0.5"}\n', r"its last line was '\{\"value\": \"0.5\"\}'"),
    ],
)
def test_no_result(tmp_path, output, message):
    with pytest.raises(CommandError, match=message):
        says(tmp_path, output)(trial())


def test_failing_program_says_its_last_words():
    code = (
        "import sys; print(0.5); [print('line', i, file=sys.stderr) for i in range(50)]; "
        "sys.exit(3)"
    )
    with pytest.raises(CommandError) as e:
        Program(python(code))(trial())
    first, *rest = str(e.value).splitlines()
    assert first.endswith("ended with exit status 3: line 49")
    assert rest == [f"line {i}" for i in range(30, 49)]


def test_failing_program_without_stderr():
    with pytest.raises(CommandError, match="exit status 1: oh no"):
        Program(["sh", "-c", "echo oh no; exit 1"])(trial())
    with pytest.raises(CommandError, match="was ended by SIGSEGV"):
        Program(["sh", "-c", "kill -11 $$"])(trial())


@pytest.mark.parametrize("code", ["kill -9 $$", "exit 137"])
def test_a_program_that_was_killed_is_not_taken_for_one_that_failed(code):
    with pytest.raises(WorkerDiedError, match="was ended by SIGKILL: out of luck") as e:
        Program(["sh", "-c", f"echo out of luck; {code}"])(trial())
    assert e.value.killed


def test_a_program_for_which_there_is_no_process_left_is_waited_for(monkeypatch, caplog):
    start = process.Supervised
    lacking = [errno.EAGAIN, errno.EMFILE]

    def start_later(*args, **options):
        if lacking:
            raise OSError(lacking.pop(), "none left")
        return start(*args, **options)

    monkeypatch.setattr(process, "Supervised", start_later)
    assert Program(["echo", "0.5"])(trial()) == 0.5
    assert "none left" in caplog.text


def test_a_program_for_which_there_is_no_process_left_for_long_is_the_machines(monkeypatch):
    def fail(*args, **options):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(process, "Supervised", fail)
    monkeypatch.setattr(Attempts, "_goes_on", lambda *_: False)
    with pytest.raises(MachineError, match="'echo' cannot be run: Too many open files"):
        Program(["echo", "0.5"])(trial())


@pytest.mark.parametrize("program", ["./does-not-exist", "/", "a\0b"])
def test_program_that_cannot_be_run(program):
    with pytest.raises(CommandError, match="cannot be run"):
        Program([program])(trial())


def test_much_stderr_does_not_block():
    code = "import sys; [sys.stderr.write('x' * 100 + '\\n') for _ in range(20000)]; print(1)"
    assert Program(python(code))(trial()) == 1.0


def test_a_child_left_behind_ends_with_the_program(tmp_path, gone):
    program = Program(["sh", "-c", f"sleep 3600 & echo $! > {tmp_path}/pid; echo 0.5"])
    assert program(trial()) == 0.5
    assert gone(int((tmp_path / "pid").read_text()))


# -- intermediate values
# -----------------------------------------------------------------------------------------------


class StopAt(Scheduler):
    def __init__(self, step):
        self.step = step

    def decide(self, history, number):
        return (
            Decision.STOP if history.reports_of(number)[0][-1] >= self.step else Decision.CONTINUE
        )


ENDLESS = """
i=0
sleep 60 & echo $! > {folder}/child
echo $$ > {folder}/pid
while true; do i=$((i+1)); echo "{{\\"step\\": $i, \\"value\\": 0.$i}}"; sleep 0.02; done
"""


def endless(tmp_path, before=""):
    (tmp_path / "endless.sh").write_text(before + ENDLESS.format(folder=tmp_path))
    return Program(["sh", str(tmp_path / "endless.sh")], grace_s=0.3)


def pids(tmp_path):
    return [int((tmp_path / name).read_text()) for name in ("pid", "child")]


def test_reports_arrive_while_the_program_runs_and_pruning_ends_it(tmp_path, gone):
    study = luthier.create_study(space=SPACE, scheduler=StopAt(3))
    study.optimize(endless(tmp_path), n_trials=1)
    row = study.trials[0]
    assert row.state == luthier.State.PRUNED
    assert row.reports == ((1.0, 0.1), (2.0, 0.2), (3.0, 0.3))
    assert row.value == 0.3
    assert all(gone(pid) for pid in pids(tmp_path))


def test_a_program_that_ignores_sigterm_is_killed(tmp_path, gone):
    with pytest.raises(TrialPruned):
        endless(tmp_path, "trap '' TERM\n")(trial(scheduler=StopAt(2)))
    assert all(gone(pid) for pid in pids(tmp_path))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_program_does_not_outlive_an_exception(tmp_path, gone, error):
    class Broken(StopAt):
        def decide(self, history, number):
            if super().decide(history, number) == Decision.STOP:
                raise error
            return Decision.CONTINUE

    with pytest.raises(error):
        endless(tmp_path)(trial(scheduler=Broken(2)))
    assert all(gone(pid) for pid in pids(tmp_path))


def test_the_program_may_end_itself_when_asked(tmp_path):
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[1], 'w').close(), sys.exit()))\n"
        'print(\'{"step": 1, "value": 1}\')\ntime.sleep(3600)'
    )
    with pytest.raises(TrialPruned):
        Program([*python(code), str(tmp_path / "asked")], grace_s=3600)(trial(scheduler=StopAt(1)))
    assert (tmp_path / "asked").exists()


def test_checkpoints_come_back(tmp_path):
    study = luthier.create_study(space=SPACE)
    first = study.ask()
    (tmp_path / "a b").write_text("so far")
    says(
        tmp_path,
        json.dumps({"step": 3, "value": 0.5, "checkpoint": str(tmp_path / "a b")}) + "\n1\n",
    )(first)
    (tmp_path / "a b").write_text("overwritten")
    study.engine.release(first.number, first.ticket.token, retried=True)
    again = study.ask()
    assert again.number == first.number
    code = (
        "import os; e = os.environ; assert open(e['LUTHIER_CHECKPOINT']).read() == 'so far'; "
        "print(e['LUTHIER_STEP'])"
    )
    assert Program(python(code))(again) == 3


def test_a_checkpoint_may_be_an_object(tmp_path):
    study = luthier.create_study(space=SPACE)
    first = study.ask()
    says(tmp_path, '{"step": 1, "value": 0.5, "checkpoint": {"at": [1, 2]}}\n1\n')(first)
    study.engine.release(first.number, first.ticket.token, retried=True)
    code = "import json, os; print(json.loads(os.environ['LUTHIER_CHECKPOINT'])['at'][1])"
    assert Program(python(code))(study.ask()) == 2


def test_a_step_without_value_passes_by(tmp_path):
    study = luthier.create_study(space=SPACE)
    study.optimize(
        says(tmp_path, '{"step": 1}\n{"step": "a", "value": 2}\n{"step": true, "value": 3}\n4\n'),
        n_trials=1,
    )
    assert study.trials[0].reports == ()
    assert study.trials[0].value == 4


def test_in_processes():
    study = luthier.create_study(space=SPACE, seed=1)
    study.optimize(Program(["echo", "{lr}"]), n_trials=4, n_jobs=2)
    assert [t.value for t in study.trials] == [t.params["lr"] for t in study.trials]
