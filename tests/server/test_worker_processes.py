"""Costly requests run in processes that are ended: nobody waits for somebody else's."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psutil
import pytest

import luthier
from luthier.server import Limits
from luthier.storages import SQLite, http


@pytest.fixture
def serve_hard(serve, tmp_path, monkeypatch):
    """Starts services over a file, in whose processes some samplers never end or need too much."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'luthier.server.worker_loop' in ' '.join(sys.orig_argv):\n"
        "    from luthier.samplers.grid import Grid\n"
        "    from luthier.samplers.nsga2 import NSGA2\n"
        "    from luthier.samplers.nsga3 import NSGA3\n"
        "    def endless(*args, **kwargs):\n"
        "        while True: pass\n"
        "    def large(*args, **kwargs): return [bytearray(2**26) for _ in range(1000)]\n"
        "    def deadly(*args, **kwargs): import os; os.abort()\n"
        "    Grid.sample, NSGA2.sample, NSGA3.sample = endless, large, deadly\n"
        "    from luthier.study.engine import Engine\n"
        "    check = Engine.check_params\n"
        "    def check_hard(self, params):\n"
        "        {0.25: large, 0.125: deadly}.get(params['x'], bool)()\n"
        "        return check(self, params)\n"
        "    Engine.check_params = check_hard\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))

    def start(**limits):
        return serve(SQLite(tmp_path / "s.db"), limits=Limits(**limits))

    return start


def children():
    return [p for p in psutil.Process().children() if "worker_loop" in " ".join(p.cmdline())]


@pytest.mark.slow
def test_whoever_computes_for_ever_is_ended_and_others_are_served(serve_hard):
    service = serve_hard(processes=3, turn_s=1.0, work_s=120.0)
    quick = service.study(sampler="random")
    assert service("POST", f"{quick}/ask", {})[0] == 200
    hostile = [service.study(sampler="grid", space={"x": [1, 2]}) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(service, "POST", f"{study}/ask", {}) for study in hostile]
        while not any(f.done() for f in asked):
            assert service("GET", "/v1/studies")[0] == 200
            assert service("POST", f"{quick}/ask", {})[0] == 200
        ended = next(f.result() for f in asked if f.done())
        assert (ended[0], ended[1]["error"]["type"]) == (503, "Timeout")
        new = service.study(sampler="random")  # it waits for a turn, and no longer
        assert service("POST", f"{new}/ask", {})[0] == 200
        assert len(children()) <= 3
        service.stop()  # whatever is computed then
        assert {f.exception() is not None or f.result()[0] == 503 for f in asked} == {True}
    assert children() == []


@pytest.mark.slow
def test_no_request_takes_longer_than_it_may(serve_hard):
    service = serve_hard(processes=1, work_s=2.0)
    study = service.study(sampler="grid", space={"x": [1, 2]})
    answers = [service("POST", f"{study}/ask", {}) for _ in range(2)]
    assert [status for status, _ in answers] == [504, 504]
    assert service("GET", study)[1]["n_trials"] == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux")
def test_what_needs_too_much_memory_is_refused_and_goes_nowhere_else(serve_hard):
    service = serve_hard(processes=1, max_memory=2**30)
    study = service.study(sampler="nsga2", space={"x": [1, 2]})
    quick = service.study(sampler="random")
    assert service("POST", f"{quick}/ask", {})[0] == 200
    status, answer = service("POST", f"{study}/ask", {})
    assert (status, answer["error"]["type"]) == (422, "TooExpensive")
    assert service("POST", f"{quick}/ask", {})[0] == 200


@pytest.mark.slow
def test_a_process_that_dies_is_replaced_and_nothing_is_done_twice(serve_hard):
    service = serve_hard(processes=2)
    study = service.study(sampler="nsga3", space={"x": [1, 2]}, objectives=["minimize"] * 2)
    status, answer = service("POST", f"{study}/ask", {}, Idempotency_Key="k")
    assert (status, answer["error"]["type"]) == (503, "ProcessDied")
    quick = service.study(sampler="random")
    first = service("POST", f"{quick}/ask", {}, Idempotency_Key="k")
    for child in children():
        child.kill()
        child.wait()
    while (again := service("POST", f"{quick}/ask", {}, Idempotency_Key="other"))[0] == 503:
        time.sleep(0.1)
    assert again[1]["number"] == 1
    assert service("POST", f"{quick}/ask", {}, Idempotency_Key="k") == first


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hard", "expected"), [(0.25, (422, "TooExpensive")), (0.125, (503, "ProcessDied"))]
)
def test_of_many_requests_of_a_study_only_the_one_that_ends_its_process_fails(
    serve_hard, hard, expected
):
    if hard == 0.25 and sys.platform != "linux":
        pytest.skip("memory is bounded on Linux")
    service = serve_hard(processes=1, max_memory=2**30)
    study = service.study(sampler="random")

    def enqueue(i):
        return service("POST", f"{study}/enqueue", {"params": {"x": hard if i == 9 else 0.5}})

    for _ in range(10):  # it is quick
        assert enqueue(0)[0] == 200
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(enqueue, range(30)))
    status, answer = answers.pop(9)
    assert (status, answer["error"]["type"]) == expected
    assert {status for status, _ in answers} == {200}
    assert sorted(answer["number"] for _, answer in answers) == list(range(10, 39))
    assert service("GET", study)[1]["n_trials"] == 39


@pytest.mark.slow
def test_who_reads_a_study_waits_for_no_analysis_and_for_no_process(serve, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'luthier.server.worker_loop' in ' '.join(sys.orig_argv):\n"
        "    import os, pathlib, time\n"
        "    from luthier.study.study import Study\n"
        "    began = pathlib.Path(__file__).with_name('began')\n"
        "    def diagnose(self):\n"
        "        (began / str(os.getpid())).mkdir(parents=True)\n"
        "        while not (began / 'end').exists(): time.sleep(0.01)\n"
        "        return []\n"
        "    Study.diagnose = diagnose\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    study = luthier.create_study("s", SQLite(tmp_path / "s.db"), sampler="random", seed=0)
    service = serve(SQLite(tmp_path / "s.db"), limits=Limits(processes=2))
    summary = partial(service, "GET", "/ui/studies/1/summary")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1, progress=False)
    assert summary()[1]["counts"] == {"complete": 1}
    readers = {p.pid for p in children()}
    with ThreadPoolExecutor(1) as pool:
        findings = pool.submit(service, "GET", "/ui/studies/1/findings")
        while not (began := [*(tmp_path / "began").glob("*")]):
            time.sleep(0.01)
        try:
            for n in (2, 3):
                study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1, progress=False)
                assert summary()[1]["counts"] == {"complete": n}
            assert {p.pid for p in children()} - readers == {int(path.name) for path in began}
            assert not findings.done()
        finally:
            (tmp_path / "began" / "end").mkdir()
        assert findings.result() == (200, {"findings": []})


@pytest.mark.slow
def test_it_answers_as_threads_do(serve, tmp_path):
    """Everything that a worker sends goes through a process and back."""
    service = serve(SQLite(tmp_path / "s.db"), limits=Limits(processes=2))
    study = service.study(name="s", objectives={"a": "minimize", "b": "maximize"}, seed=1)
    for i in range(4):
        asked = service("POST", f"{study}/ask", {"worker": "w"})[1]
        trial = f"{study}/trials/{asked['number']}"
        told = {"token": asked["token"], "step": 1, "values": [i, 0.5]}
        assert service("POST", f"{trial}/report", told) == (200, {"decision": "continue"})
        assert service("POST", f"{trial}/heartbeat", {"token": asked["token"]})[0] == 200
        told = {"token": asked["token"], "values": {"a": i, "b": 0.5}, "tags": {"t": "ü\x00"}}
        status, ended = service("POST", f"{trial}/tell", told)
        assert (status, ended["values"], ended["tags"]) == (200, [i, 0.5], {"t": "ü\x00"})
    assert service("POST", f"{study}/enqueue", {"params": {"x": 0.5}})[1] == {"number": 4}
    assert [t["number"] for t in service("GET", f"{study}/best")[1]["trials"]] == [0]
    assert service("POST", f"{study}/choose", {"knee": True})[1]["trial"]["number"] == 0
    assert service("POST", f"{study}/ask", {"worker": "#"})[0] == 422
    assert service("POST", f"{study}/ask", b"{")[0] == 400
    assert service("DELETE", study)[0] == 200
    assert service("POST", f"{study}/ask", {})[0] == 404


def start_serving(url):
    argv = [sys.executable, "-m", "luthier.cli", "serve", "--storage", url, "--port", "0"]
    process = subprocess.Popen(
        [*argv, "--no-token"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return process, int(process.stdout.readline().rpartition(":")[2])


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_it_ends_whatever_is_computed(serve_hard, tmp_path, how, kind):
    url = "memory://" if kind == "memory" else f"sqlite:///{tmp_path}/s.db"
    if kind == "memory":  # its threads compute themselves
        site = (tmp_path / "sitecustomize.py").read_text()
        (tmp_path / "sitecustomize.py").write_text(
            site.replace("'luthier.server.worker_loop'", "'serve'")
        )
    process, port = start_serving(url)
    try:
        storage = http.HTTP(f"http://127.0.0.1:{port}")
        space = {"params": {"x": {"type": "categorical", "choices": [1, 2]}}}
        spec = {"directions": ["minimize"], "seed": 0, "declared": True, "sampler": "grid"}
        for i in range(3):
            storage.create_study(f"s{i}", spec | {"space": space})
        asking = [threading.Thread(target=_ask, args=(port, i + 1), daemon=True) for i in range(3)]
        for thread in asking:
            thread.start()
        computing = [psutil.Process(process.pid)]
        deadline = time.monotonic() + 60
        while kind == "sqlite" and len(computing) < 3 and time.monotonic() < deadline:
            computing = [*computing[:1], *computing[0].children()]
            time.sleep(0.05)
        time.sleep(1.0)
        process.send_signal(how)
        process.wait(60)
        psutil.wait_procs(computing[1:], 60)
        assert not any(p.is_running() for p in computing[1:])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _ask(port, study):
    from http.client import HTTPConnection, HTTPException

    line = HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.suppress(OSError, HTTPException), contextlib.closing(line):
        line.request(
            "POST", f"/v1/studies/{study}/ask", b"{}", {"Content-Type": "application/json"}
        )
        line.getresponse().read()


def test_a_summary_needs_no_scipy(tmp_path):
    """Which takes as long to load as all else that a process of the service needs."""
    code = f"""if True:
        import sys, luthier
        from luthier.server.routes import make_routes
        from luthier.server.handling import Job, run_handler
        study = luthier.create_study(storage="sqlite:///{tmp_path}/s.db")
        study.add_trials([luthier.TrialRow(number=0, state=luthier.State.COMPLETE, values=(1.0,))])
        routes = {{route.name: route for route in make_routes(study.storage, None, 1000)}}
        job = Job("page_summary", {{"study": "1"}}, b"", b"", "")
        answer = run_handler(routes["page_summary"], job)
        print(answer.status, "scipy" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["200", "False"]
