"""luthier's own worker processes: what travels, what ends them, what they may use."""

import concurrent.futures as cf
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

import psutil
import pytest
from tests.support.processes import is_alive

from luthier.errors import (
    LeaseLostError,
    PlatformError,
    ResourceError,
    TrialMemoryError,
    TrialTimeoutError,
    WorkerDiedError,
)
from luthier.executors import Processes, child_process
from luthier.executors.worker import call

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


@pytest.fixture(scope="module")
def pool():
    made = Processes(2)
    yield made
    made.shutdown()


@pytest.fixture
def one():
    """One worker, so that what comes after goes where something happened before."""
    made = Processes(1)
    yield made
    made.shutdown(wait=False)


def goes_on(pool):
    return pool.submit(lambda: "on").result() == "on"


# -- what travels
# ----------------------------------------------------------------------------------------------


def test_closures_lambdas_and_local_classes_travel(pool):
    class Point:
        def __init__(self, x):
            self.x = x

        def __eq__(self, other):
            return type(other) is Point and self.x == other.x

    offset = Point(40)

    def add(x):
        return Point(offset.x + x)

    assert pool.submit(add, 2).result() == Point(42)
    assert pool.submit(lambda p: p.x, Point(7)).result() == 7
    assert list(pool.map(lambda x, y: x * y, [1, 2, 3], [4, 5, 6])) == [4, 10, 18]
    assert pool.submit(os.getpid).result() != os.getpid()


def test_a_script_needs_no_guard(script):
    out = script(
        """
        import os, sys
        from luthier.executors import Processes

        factor = 3
        class Thing:
            pass

        def times(x):
            assert sys.argv[1:] == ["--flag", "v"], sys.argv
            assert isinstance(thing, Thing)
            return factor * x

        print("begin")
        thing = Thing()
        with Processes(2) as pool:
            print(sum(pool.map(times, range(5))), type(pool.submit(Thing).result()) is Thing)
        """,
        "--flag",
        "v",
    )
    assert out == "begin\n30 True\n"


def test_a_folder_of_the_scripts_own_is_found(script, tmp_path):
    (tmp_path / "beside.py").write_text("def f(x):\n    return x + 1\n")
    out = script(
        """
        import beside
        from luthier.executors import Processes

        with Processes(1) as pool:
            print(pool.submit(beside.f, 1).result())
        """
    )
    assert out == "2\n"


def test_an_exception_travels_with_its_class_and_says_where_it_was_raised(pool):
    class MyError(Exception):
        def __init__(self, text, code):
            super().__init__(text, code)
            self.code = code

    def deep_inside():
        raise MyError("bad", 7)

    with pytest.raises(MyError) as e:
        pool.submit(deep_inside).result()
    assert (e.value.args, e.value.code) == (("bad", 7), 7)
    assert "in deep_inside" in e.value.__notes__[0]


def test_an_exception_that_cannot_travel_keeps_its_class_and_text(pool):
    class HoldsLock(ValueError):
        def __init__(self):
            super().__init__("locked")
            self.lock = threading.Lock()

    class NeedsTwo(Exception):
        def __init__(self, a, b):
            super().__init__(f"{a} and {b}")

    class NoText(Exception):
        def __str__(self):
            raise RuntimeError

    def fail(kind, *args):
        raise kind(*args)

    with pytest.raises(HoldsLock, match="locked") as e:
        pool.submit(fail, HoldsLock).result()
    assert "in fail" in e.value.__notes__[0]
    with pytest.raises(NeedsTwo, match="1 and 2"):
        pool.submit(fail, NeedsTwo, 1, 2).result()
    with pytest.raises(NoText):
        pool.submit(fail, NoText).result()
    assert goes_on(pool)


@pytest.mark.parametrize(
    "e", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopIteration(1), MemoryError()]
)
def test_whatever_is_raised_reaches_the_future(pool, e):
    def fail():
        raise e

    found = pool.submit(fail).exception(60)
    assert (type(found), found.args) == (type(e), e.args)
    assert goes_on(pool)


class Unreadable:
    """Can be sent, and not be read."""

    def __reduce__(self):
        return int, ("no number",)


@pytest.mark.parametrize("make", [lambda: (x for x in ()), lambda: threading.Lock()])
def test_a_result_that_cannot_be_sent_says_so(pool, make):
    with pytest.raises(RuntimeError, match="cannot be sent back: TypeError"):
        pool.submit(make).result()
    assert goes_on(pool)


def test_a_result_that_cannot_be_read_says_so(pool):
    with pytest.raises(RuntimeError, match="Unreadable cannot be read here: ValueError"):
        pool.submit(Unreadable).result()
    assert goes_on(pool)


def test_arguments_that_cannot_be_sent_or_read_say_so(pool):
    with pytest.raises(TypeError, match="pickle"):
        pool.submit(id, threading.Lock()).result()
    with pytest.raises(ValueError, match="no number"):
        pool.submit(id, Unreadable()).result()
    with pytest.raises(TypeError, match=r"functools\.partial"):
        pool.submit(dict, a=1)
    assert goes_on(pool)


def test_large_arguments_and_results_travel(pool):
    big = os.urandom(30_000_000)
    assert pool.submit(lambda b: b[::-1], big).result() == big[::-1]


def test_what_is_shared_is_sent_to_each_worker_once(one, monkeypatch, eventually):
    sent = []
    give = Connection.send_bytes
    monkeypatch.setattr(
        Connection, "send_bytes", lambda self, b: (sent.append(len(b)), give(self, b))[1]
    )
    data = one.put(b"x" * 1_000_000)
    for i in range(5):
        assert one.submit(lambda d, i: (len(d), i), data, i).result() == (1_000_000, i)
    assert sum(n > 900_000 for n in sent) == 1
    assert one.submit(lambda a, b: a is b, data, data).result()
    os.kill(one.submit(os.getpid).result(), signal.SIGKILL)  # a new worker knows nothing yet

    def length():
        try:
            return one.submit(len, data).result()
        except WorkerDiedError:
            return None

    assert eventually(length) == 1_000_000
    assert sum(n > 900_000 for n in sent) == 2


def test_a_task_may_call_back(pool):
    heard = []

    def refuse():
        raise LeaseLostError("too late")

    def strange():
        class Local(Exception):
            def __init__(self, a, b):
                super().__init__(a)

        raise Local(1, 2)

    def task():
        answers = [call("tell", i, str(i)) for i in range(3)]
        try:
            call("refuse")
        except LeaseLostError as e:
            answers.append(str(e))
        for name in ("strange", "unknown"):
            try:
                call(name)
            except Exception as e:
                answers.append(type(e).__name__)
        return answers

    calls = {
        "tell": lambda i, s: heard.append((i, s)) or 10 * i,
        "refuse": refuse,
        "strange": strange,
    }
    future = pool.submit_with_calls(calls, task)
    assert future.result() == [0, 10, 20, "too late", "RuntimeError", "KeyError"]
    assert heard == [(0, "0"), (1, "1"), (2, "2")]


def test_threads_of_a_task_may_call_back_at_the_same_time(pool):
    def task():
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(lambda i: call("double", i), range(200)))

    assert pool.submit_with_calls({"double": lambda i: 2 * i}, task).result() == [
        2 * i for i in range(200)
    ]


def test_a_task_has_no_standard_input_to_wait_for(pool):
    def read():
        import subprocess
        import sys

        return sys.stdin.read(), subprocess.run(["cat"], capture_output=True, check=True).stdout

    assert pool.submit(read).result() == ("", b"")


def test_workers_start_where_the_parent_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Processes(1) as pool:
        assert pool.submit(os.getcwd).result() == str(tmp_path)


# -- limits
# ----------------------------------------------------------------------------------------------


def test_a_task_beyond_its_seconds_is_ended_with_all_it_started(tmp_path, eventually):
    def hang(file):
        import os
        import subprocess
        import time

        child = subprocess.Popen(["sleep", "1000"])
        with open(file, "w") as f:
            print(child.pid, os.getpid(), file=f)
        time.sleep(1000)

    with Processes(1, limits={"time_s": 1}) as pool:
        assert goes_on(pool)
        with pytest.raises(TrialTimeoutError, match="ran longer than its limit of 1 s"):
            pool.submit(hang, tmp_path / "pids").result()
        pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
        assert eventually(lambda: not any(is_alive(p) for p in pids))
        assert goes_on(pool)


def test_the_clock_of_a_task_starts_when_it_runs():
    import time

    with Processes(1, limits={"time_s": 3}) as pool:  # which are longer together
        assert [f.result() for f in [pool.submit(time.sleep, 1.0) for _ in range(4)]] == [None] * 4


def eat_slowly():
    import time

    held = []
    for _ in range(10_000):
        held.append(bytearray(b"x" * 2_000_000))
        time.sleep(0.002)


def eat_in_a_child():
    import subprocess
    import sys

    subprocess.run(
        [sys.executable, "-c", "import time; x = bytearray(b'x' * 400_000_000); time.sleep(1000)"],
        check=True,
    )


@posix
@pytest.mark.parametrize(
    "eat", [eat_slowly, lambda: bytearray(10**11), eat_in_a_child], ids=["slow", "at once", "child"]
)
def test_a_task_beyond_its_memory_is_ended(eat):
    with Processes(1, limits={"memory_mb": 150}) as pool:
        assert goes_on(pool)  # it was idle when the task came
        with pytest.raises(TrialMemoryError, match=r"more .*than its limit of 150 MB"):
            pool.submit(eat).result()
        assert goes_on(pool)


MEMORY = {"memory_mb": 200}


def keep(n_mb):
    """Keep memory beyond the end of the task, as a cache or a leak does."""
    import builtins

    builtins.__dict__.setdefault("kept", []).append(bytearray(b"x" * (n_mb * 2**20)))
    return os.getpid()


def leave_a_child(n_mb):
    import subprocess
    import sys

    code = f"import time; x = bytearray(b'x' * {n_mb * 2**20}); print(flush=True); time.sleep(1000)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child.stdout.readline()
    return os.getpid()


@posix
@pytest.mark.parametrize("leave", [keep, leave_a_child])
def test_what_earlier_tasks_have_left_does_not_count(leave):
    with Processes(1, limits=MEMORY) as pool:
        pids = [pool.submit(leave, 60).result() for _ in range(3)]
    assert pids[0] == pids[1]  # two leave more than half of the limit: another process takes over
    assert pids[1] != pids[2]


@posix
def test_beside_what_earlier_tasks_have_left_the_limit_is_kept():
    with Processes(1, limits=MEMORY) as pool:
        pool.submit(keep, 80).result()
        says = (
            r"more than its limit of 200 MB, and was ended \(beside 1\d\d MB that its worker held"
        )
        with pytest.raises(TrialMemoryError, match=says):
            pool.submit(eat_slowly).result()


@posix
def test_memory_that_forks_share_counts_once():
    def fork():
        import time

        mine = bytearray(b"x" * 100 * 2**20)
        for _ in range(4):
            if os.fork() == 0:
                time.sleep(1000)
        time.sleep(0.5)  # several looks
        return len(mine)

    with Processes(1, limits=MEMORY) as pool:
        assert pool.submit(fork).result() == 100 * 2**20


def test_a_task_within_its_limits_is_left_alone():
    with Processes(2, limits={"memory_mb": 300, "time_s": 600}) as pool:
        assert list(pool.map(lambda n: len(bytearray(n)), [50_000_000] * 6)) == [50_000_000] * 6


@pytest.mark.parametrize("n", [0, -1])
def test_there_is_at_least_one_worker(n):
    with pytest.raises(ValueError, match="n_workers must be a whole number >= 1"):
        Processes(n)


# -- death
# ----------------------------------------------------------------------------------------------


def segfault():
    import ctypes
    import faulthandler

    faulthandler.disable()
    ctypes.string_at(0)


DEATHS = {
    "os._exit": (lambda: os._exit(3), "exit code 3; did the objective call os._exit", False),
    "exit 0": (lambda: os._exit(0), "exit code 0", False),
    "segfault": (segfault, "ended by SIGSEGV", False),
    "abort": (lambda: os.abort(), "ended by SIGABRT", False),
    "kill": (lambda: os.kill(os.getpid(), signal.SIGKILL), "ended by SIGKILL", True),
    "term": (lambda: os.kill(os.getpid(), signal.SIGTERM), "ended by SIGTERM", True),
    "closes everything": (
        lambda: os.closerange(3, 1000),
        "exit code 0|closed its connection",
        False,
    ),
}


@posix
@pytest.mark.parametrize("death", DEATHS)
def test_a_worker_that_dies_fails_its_task_only(one, death):
    die, says, killed = DEATHS[death]
    assert goes_on(one)
    before = one.submit(lambda: 1)
    dying = one.submit(die)
    after = one.submit(lambda: 2)
    with pytest.raises(WorkerDiedError, match=says) as e:
        dying.result()
    assert e.value.killed is killed
    assert (before.result(), after.result()) == (1, 2)


@posix
def test_a_worker_that_dies_while_a_child_of_it_lives_on_is_noticed(one, tmp_path, eventually):
    def leave_a_child(file):
        import os
        import time

        child = os.fork()
        if child == 0:
            time.sleep(1000)
        with open(file, "w") as f:
            f.write(str(child))
        os._exit(5)

    with pytest.raises(WorkerDiedError, match="exit code 5"):
        one.submit(leave_a_child, tmp_path / "pid").result()
    assert eventually(lambda: not is_alive(int((tmp_path / "pid").read_text())))
    assert goes_on(one)


@posix
def test_workers_that_are_killed_while_idle_or_starting_are_replaced(eventually):
    with Processes(2) as pool:
        assert goes_on(pool)
        for _ in range(3):
            for worker in list(pool._workers):
                for process in worker.process.family():
                    process.kill()
            assert eventually(lambda: quietly(goes_on, pool))


def quietly(f, *args):
    try:
        return f(*args)
    except WorkerDiedError:
        return False


def test_workers_that_never_come_up_are_given_up_with_the_reason(monkeypatch):
    monkeypatch.setattr(child_process, "_CODE", "raise SystemExit(9)")
    pool = Processes(2)
    future = pool.submit(os.getpid)
    with pytest.raises(WorkerDiedError, match=r"no worker process can be kept.*exit code 9"):
        future.result()
    with pytest.raises(WorkerDiedError, match="no worker process can be kept"):
        pool.submit(os.getpid)
    pool.shutdown()


# -- the end
# ----------------------------------------------------------------------------------------------


def test_a_queued_task_can_be_cancelled_and_a_running_one_cannot(one, tmp_path, eventually):
    def wait(file):
        import os
        import time

        while not os.path.exists(file):
            time.sleep(0.01)
        return "done"

    assert goes_on(one)
    running = one.submit(wait, tmp_path / "go")
    queued = one.submit(os.getpid)
    last = one.submit(lambda: "last")
    assert eventually(running.running)
    assert not running.cancel()
    assert queued.cancel()
    (tmp_path / "go").touch()
    assert (running.result(), last.result()) == ("done", "last")
    with pytest.raises(cf.CancelledError):
        queued.result()


def test_shutdown_waits_for_what_was_submitted():
    pool = Processes(2)
    futures = [pool.submit(lambda i: i, i) for i in range(10)]
    pool.shutdown()
    assert [f.result(0) for f in futures] == list(range(10))
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(os.getpid)
    pool.shutdown()


def test_shutdown_at_once_ends_the_whole_family_and_leaves_nobody_waiting(tmp_path, eventually):
    def hang(file):
        import os
        import subprocess
        import time

        os.mkdir(f"{file}.{os.getpid()}")
        child = subprocess.Popen(["sh", "-c", "sleep 1000 & sleep 1000"])
        os.mkdir(f"{file}.{child.pid}")
        time.sleep(1000)

    pool = Processes(2)
    running = [pool.submit(hang, tmp_path / "p") for _ in range(2)]
    queued = [pool.submit(os.getpid) for _ in range(3)]
    assert eventually(lambda: len(list(tmp_path.iterdir())) == 4)
    pids = [int(p.suffix[1:]) for p in tmp_path.iterdir()]
    family = [c.pid for p in pids for c in psutil.Process(p).children(recursive=True)]
    pool.shutdown(wait=False)
    _, left = cf.wait([*running, *queued])
    assert not left
    assert all(isinstance(f.exception(), WorkerDiedError) and f.exception().killed for f in running)
    assert all(f.cancelled() or isinstance(f.exception(), cf.CancelledError) for f in queued)
    assert not any(is_alive(p) for p in [*pids, *family])


def test_forgotten_tasks_are_cancelled_and_nobody_waits_for_them(one, tmp_path, eventually):
    def wait(file):
        import os
        import time

        while not os.path.exists(file):
            time.sleep(0.01)

    assert goes_on(one)
    running, queued = one.submit(wait, tmp_path / "go"), one.submit(os.getpid)
    assert eventually(running.running)
    threading.Timer(0.1, (tmp_path / "go").touch).start()
    one.shutdown(cancel_futures=True)
    assert (running.result(0), queued.cancelled()) == (None, True)
    assert not cf.wait([queued]).not_done


@posix
@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(0)", "sys.exit(0)"])
def test_workers_end_with_their_parent_however_it_ends(script, end):
    out = script.start(
        f"""
        import os, subprocess, sys, time
        from luthier.executors import Processes

        def hang():
            subprocess.Popen(["sleep", "1000"])
            time.sleep(1000)

        pool = Processes(2)
        assert pool.submit(int, 3).result() == 3
        futures = [pool.submit(hang) for _ in range(2)]
        time.sleep(0.2)
        print("began", flush=True)
        {end}
        """
    )
    assert out.stdout.readline() == "began\n"
    out.wait()
    assert script.all_end()


@posix
def test_workers_end_with_their_parent_though_one_call_holds_the_interpreter(script):
    out = script.start(
        """
        import os, re, subprocess
        from luthier.executors import Processes

        def hang():
            subprocess.Popen(["sleep", "1000"], start_new_session=True)
            os.write(1, b"began\\n")
            re.match(r"(a+)+$", "a" * 40 + "b")

        pool = Processes(1)
        pool.submit(hang).result()
        """
    )
    assert out.stdout.readline() == "began\n"
    out.kill()
    assert script.all_end()


@posix
def test_workers_end_with_their_parent_even_if_a_fork_of_it_lives(script, eventually):
    out = script.start(
        """
        import os, time
        from luthier.executors import Processes

        pool = Processes(1)
        pid = pool.submit(os.getpid).result()
        if os.fork() == 0:
            time.sleep(1000)
        print(pid, flush=True)
        os.kill(os.getpid(), 9)
        """
    )
    pid = int(out.stdout.readline())
    out.wait()
    assert eventually(lambda: not is_alive(pid))


# -- resources
# ----------------------------------------------------------------------------------------------


def look():
    import os

    names = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
    return sorted(os.sched_getaffinity(0)), *(os.environ.get(n) for n in names), os.getpid()


def seen(pool, n, eventually):
    """What each of n workers sees, by asking until all have answered."""
    found = {}

    def ask():
        for *what, pid in pool.map(lambda _: look(), range(2 * n)):
            found[pid] = what
        return len(found) == n

    assert eventually(ask)
    return sorted(found.values(), key=repr)


def test_systems_that_cannot_end_or_bind_processes_are_refused_at_once(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        with pytest.raises(PlatformError, match=r"need processes that cannot outlive.*'win32'"):
            Processes(2)
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with pytest.raises(PlatformError, match="binds workers to cores"):
        Processes(1, resources={"cpu": 1})
    Processes(1, resources={"cpu": 0}).shutdown()


linux = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")


@linux
def test_each_worker_has_the_cores_it_was_promised(monkeypatch, eventually):
    cpus = sorted(os.sched_getaffinity(0))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with Processes(len(cpus[:2]), resources={"cpu": 1}) as pool:
        assert [(cpus, threads) for cpus, _, threads in seen(pool, len(cpus[:2]), eventually)] == [
            ([c], "1") for c in cpus[:2]
        ]
    with pytest.raises(ResourceError, match="this machine offers"):
        Processes(len(cpus) + 1, resources={"cpu": 1})


@linux
def test_each_worker_sees_the_gpus_it_was_promised(monkeypatch, eventually):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-abc")
    with Processes(3, resources={"gpu": 0.5}) as pool:
        assert sorted(gpu for _, gpu, _ in seen(pool, 3, eventually)) == ["3", "3", "GPU-abc"]
    with Processes(1, resources={"gpu": 2}) as pool:
        assert seen(pool, 1, eventually)[0][1] == "3,GPU-abc"
    with Processes(1, resources={"gpu": 0}) as pool:
        assert seen(pool, 1, eventually)[0][1] == ""
    with Processes(1) as pool:
        assert seen(pool, 1, eventually)[0][1] == "3,GPU-abc"


@linux
def test_a_replaced_worker_takes_over_the_slot_of_the_dead(monkeypatch, eventually):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "a,b")
    with Processes(2, resources={"gpu": 1}) as pool:
        first = seen(pool, 2, eventually)
        with pytest.raises(WorkerDiedError):
            pool.submit(os._exit, 1).result()
        assert goes_on(pool)
        assert eventually(lambda: all(w.is_ready for w in pool._workers))
        assert seen(pool, 2, eventually) == first
