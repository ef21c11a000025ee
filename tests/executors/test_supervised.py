"""Processes with a supervisor: what they start ends with them, however anything ends."""

import os
import signal
import subprocess
import sys
import textwrap

import psutil
import pytest

from luthier.errors import PlatformError
from luthier.executors import supervised
from luthier.executors.supervised import Supervised, require_supervisors

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")

# What a program starts, before it prints a line and goes on or ends.
STARTS = {
    "a child": "subprocess.Popen(['sleep', '1000'])",
    "a session of its own": "subprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "a child of an ended shell": "subprocess.run(['sh', '-c', '(sleep 1000 &) &'])",
    "a daemon": """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print(flush=True)
                time.sleep(1000)
            os._exit(0)
        os.wait()
    """,
    "one after the other": """
        if os.fork() == 0:
            os.setsid()
            while True:
                subprocess.Popen(['sleep', '1000'], start_new_session=True)
                time.sleep(0.005)
    """,
    "a child that ignores all": """
        if os.fork() == 0:
            for number in signal.valid_signals() - {9, 19}:
                signal.signal(number, signal.SIG_IGN)
            time.sleep(1000)
    """,
}
each_start = pytest.mark.parametrize("start", STARTS)


def code(start, then):
    lines = ["import os, signal, subprocess, time", textwrap.dedent(STARTS[start]).strip()]
    return "\n".join([*lines, "os.write(1, b'began\\n')", then])


@pytest.fixture
def begin(script):
    """Starts a program with a supervisor, and waits until it has started what it starts."""
    begun = []

    def run(start, then="time.sleep(1000)", **options):
        env = {**os.environ, "LUTHIER_MARK": script.mark}
        argv = [sys.executable, "-c", code(start, then)]
        begun.append(Supervised(argv, env, is_read=True, **options))
        wait_for_line(begun[-1].stdout)
        return begun[-1]

    yield run
    for process in begun:
        process.end()
        process.stdout.close()
        process.stderr.close()


def wait_for_line(stream):
    line = None
    while line != "began\n":
        line = stream.readline()
        assert line, "it ended"


# -- what ends them
# ----------------------------------------------------------------------------------------------


@each_start
def test_what_a_program_leaves_behind_ends_with_it(begin, script, start):
    process = begin(start, "raise SystemExit(3)")
    assert process.wait() == 3
    assert script.alive() == []


@each_start
def test_all_end_when_it_is_ended(begin, script, start):
    begin(start).end()
    assert script.alive() == []


@each_start
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_all_end_when_it_is_killed(begin, script, start, number):
    process = begin(start)
    process.family()[0].send_signal(number)
    assert process.wait() == -number
    assert script.alive() == []


@each_start
def test_all_end_when_its_supervisor_is_killed(begin, script, start):
    process = begin(start)
    process.family()[0].parent().kill()
    process.end()
    assert script.alive() == []


@pytest.mark.slow  # as long as a supervisor tries
def test_all_end_when_its_supervisor_cannot_look_for_them(begin, script, monkeypatch):
    monkeypatch.setattr(supervised.psutil, "__file__", "/no/psutil/__init__.py")
    begin("a daemon").end()
    assert script.alive() == []


MAIN = """
import os, sys
from luthier.executors.supervised import Supervised
{setup}
process = Supervised([sys.executable, "-c", {code!r}], os.environ)
process.wait()
"""


def main_code(start, setup=""):
    return MAIN.format(code=code(start, "time.sleep(1000)"), setup=setup)


@each_start
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_all_end_when_their_parent_has_ended(script, start, number):
    main = script.start(main_code(start))
    wait_for_line(main.stdout)
    main.send_signal(getattr(signal, number))
    main.wait()
    assert script.all_end()


@pytest.mark.skipif(sys.platform != "linux", reason="the system wakes nobody")
def test_all_end_with_their_parent_though_they_are_stopped(script):
    main = script.start(main_code("a daemon"))
    wait_for_line(main.stdout)
    for process in psutil.Process(main.pid).children(recursive=True):
        process.suspend()
    main.kill()
    main.wait()
    assert script.all_end()


def test_all_end_though_they_are_stopped(begin, script):
    process = begin("a daemon")
    for member in [process.family()[0].parent(), *process.family()]:
        member.suspend()
    process.end()
    assert script.alive() == []


def test_a_supervisor_within_another(begin, script):
    then = "\n".join(
        [
            "import sys",
            f"sys.path[:] = {sys.path!r}",
            "from luthier.executors.supervised import Supervised",
            f"Supervised([sys.executable, '-c', {code('a daemon', 'time.sleep(1000)')!r}], "
            "os.environ)",
            "time.sleep(1000)",
        ]
    )
    process = begin("a child", then)
    wait_for_line(process.stdout)
    process.family()[0].kill()
    assert process.wait() == -signal.SIGKILL
    assert script.alive() == []


def test_others_are_left_alone(begin):
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as other:
        begin("a daemon").end()
        assert other.poll() is None
        other.kill()


# -- how they end
# ----------------------------------------------------------------------------------------------


def test_each_has_the_grace_after_sigterm(begin, tmp_path):
    says_goodbye = f"""
        if os.fork() == 0:
            def end(*_):
                time.sleep(0.2)  # its parent has ended meanwhile
                open({str(tmp_path / "ended")!r}, "w").close()
                os._exit(0)

            os.setsid()
            signal.signal(signal.SIGTERM, end)
            os.write(1, b"began\\n")
            time.sleep(1000)
    """
    STARTS["says goodbye"] = says_goodbye
    try:
        process = begin("says goodbye", grace_s=60)
    finally:
        del STARTS["says goodbye"]
    wait_for_line(process.stdout)
    process.end()
    assert (tmp_path / "ended").exists()


def test_what_does_not_end_after_sigterm_is_killed(begin, script):
    begin("a child that ignores all", grace_s=0.2).end()
    assert script.alive() == []


@pytest.mark.parametrize("status", [0, 3, 127, -9, -6, -15, -1])
def test_the_status_is_the_processes_own(status):
    end = f"exit({status})" if status >= 0 else f"os.kill(os.getpid(), {-status})"
    assert Supervised([sys.executable, "-c", f"import os; {end}"], os.environ).wait() == status


@pytest.mark.parametrize(
    ("name", "mode", "error"),
    [
        ("absent", None, FileNotFoundError),
        ("closed", 0o600, PermissionError),
        ("odd", 0o755, OSError),
    ],
)
def test_what_cannot_be_run(tmp_path, name, mode, error):
    if mode is not None:
        (tmp_path / name).write_bytes(b"\x7fnothing")
        (tmp_path / name).chmod(mode)
    with pytest.raises(error):
        Supervised([str(tmp_path / name)], os.environ, is_read=True)


# -- systems
# ----------------------------------------------------------------------------------------------


@each_start
@pytest.mark.parametrize("end", ["itself", "end", "supervisor"])
def test_where_nobody_adopts_orphans_they_are_found_by_their_mark(
    begin, script, start, end, monkeypatch
):
    monkeypatch.setattr(supervised.sys, "platform", "darwin")
    process = begin(start, "raise SystemExit(3)" if end == "itself" else "time.sleep(1000)")
    if end == "itself":
        assert process.wait() == 3
    elif end == "end":
        process.end()
    else:
        process.family()[0].parent().kill()
        process.end()
    assert script.alive() == []


def test_where_nobody_is_told_of_its_parents_end_it_is_looked_at(script):
    main = script.start(main_code("a daemon", setup="sys.platform = 'darwin'"))
    wait_for_line(main.stdout)
    main.kill()
    main.wait()
    assert script.all_end()


@pytest.mark.parametrize("platform", ["linux", "darwin", "freebsd14"])
def test_systems_with_supervisors(platform):
    require_supervisors(platform)


@pytest.mark.parametrize("platform", ["win32", "cygwin", "emscripten"])
def test_systems_without_supervisors_are_refused(platform, monkeypatch):
    with pytest.raises(PlatformError, match=f"has on Linux and macOS; this is '{platform}'"):
        require_supervisors(platform)
    monkeypatch.setattr(supervised.sys, "platform", platform)
    with pytest.raises(PlatformError, match="leave them out"):
        Supervised(["true"], os.environ)
