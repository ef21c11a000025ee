"""Each fault once, briefly; `make soak` runs many of them.

See faults.py for what is checked after each.
"""

import contextlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support import faults, servers

import luthier
from luthier.errors import LeaseLostError, StorageFullError, StorageUnreachableError
from luthier.storages import from_url
from luthier.trial.record import State, TrialRow

# Every fault, and every kind of storage, at least once; the soak does them all.
QUICK_RUNS = [
    ("postgresql", faults.worker_killed, faults.server_killed),
    ("redis", faults.network_cut, faults.server_restarted),
    ("sqlite", faults.worker_killed, faults.worker_hangs),
]
SLOW_RUNS = [
    ("postgresql", faults.network_cut, faults.worker_hangs),
    ("mysql", faults.server_killed, faults.worker_killed),
    ("mysql", faults.network_cut, faults.server_restarted),
    ("redis", faults.server_killed, faults.worker_killed),
    ("http", faults.server_killed, faults.worker_killed),
    ("http", faults.network_cut, faults.worker_hangs),
]


def seen(counts, record_property):
    for what, n in counts.items():
        record_property(what, n)
    assert (
        counts["acknowledged"] >= 24 - counts["killed"]
    )  # between the storage's yes and the worker's note of it


@pytest.mark.parametrize(
    "kind_and_faults",
    servers.parameters(*QUICK_RUNS, *SLOW_RUNS, slow=SLOW_RUNS),
    ids=lambda r: "-".join([r[0], *(f.__name__ for f in r[1:])]),
)
def test_a_study_survives(kind_and_faults, tmp_path, record_property):
    kind, *happen = kind_and_faults
    seen(
        faults.survive(kind, happen, tmp_path / "run", seed=1, n_trials=24, n_workers=3),
        record_property,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_a_server_may_be_away_for_ten_seconds(kind, tmp_path, record_property):
    happen = [faults.server_away_for_ten_seconds]
    seen(
        faults.survive(kind, happen, tmp_path / "run", seed=2, n_trials=24, n_workers=2),
        record_property,
    )


@pytest.mark.slow
def test_a_slow_database_makes_a_study_slow_and_nothing_else(tmp_path, record_property):
    counts = faults.survive(
        "postgresql", [faults.slow], tmp_path / "run", seed=3, n_trials=24, n_workers=3
    )
    seen(counts, record_property)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_clocks_of_workers_may_jump_by_an_hour(kind, tmp_path, record_property):
    """With a server its clock counts.

    With a file a trial may be run twice, and is finished once.
    """
    counts = faults.survive(
        kind, [], tmp_path / "run", seed=4, n_trials=24, n_workers=3, jump_s=3_600.0
    )
    seen(counts, record_property)


CROWD = """
import sys, time
from luthier import load_study
while time.time() < float(sys.argv[2]):
    time.sleep(0.01)
study = load_study("s", sys.argv[1], sampler="Random")
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1, progress=False)
study.storage.close()
"""


@pytest.mark.parametrize(
    "kind",
    servers.parameters(
        "sqlite",
        "postgresql",
        "mysql",
        "redis",
        "http",
        slow={"postgresql", "mysql", "redis", "http"},
    ),
)
def test_sixty_four_workers_open_a_study_at_once(kind, tmp_path):
    run = faults.Run(kind, tmp_path / "run", 0)
    url = run._option(run.direct, lease_s="60")  # nobody dies, however busy the machine
    luthier.create_study("s", url).storage.close()
    begin = time.time() + 3
    code = f"import threading\n{CROWD}"
    try:
        with ThreadPoolExecutor(
            8
        ) as pool:  # eight processes of eight threads each: the machine has few cores
            threads = (
                f"import sys, threading\ndef work():\n    exec(compile({code!r}, 'crowd', "
                "'exec'), "
                f"{{}})\n"
            )
            threads += (
                "ts = [threading.Thread(target=work) for _ in range(8)]\n[t.start() for t in ts]\n"
            )
            threads += "[t.join() for t in ts]\n"
            args = [sys.executable, "-c", threads, url, str(begin)]
            done = list(
                pool.map(lambda _: subprocess.run(args, capture_output=True, text=True), range(8))
            )
        assert [d.stderr for d in done if d.stderr] == []
        rows = run._rows()
    finally:
        run.close()
    assert [r.number for r in rows] == list(range(64))
    assert {r.state for r in rows} == {State.COMPLETE}


@pytest.mark.parametrize(
    "kind", servers.parameters("sqlite", "postgresql", "mysql", "redis", "http")
)
def test_two_workers_finish_the_same_trial_and_one_is_told_so(kind, tmp_path):
    run = faults.Run(kind, tmp_path / "run", 0)
    url = run._option(run.direct)
    try:
        first, second = from_url(url), from_url(url)
        study = first.create_study("s", {}).id
        first.add_trials(study, [TrialRow(number=-1, state=State.RUNNING, worker="first")])
        time.sleep(float(faults.OPTIONS["lease_s"]) + 0.2)
        taken, _ = second.claim(study, 0, "second")
        barrier, outcomes = threading.Barrier(2), {}

        def finish(storage, name, token):
            row = TrialRow(
                number=0, state=State.COMPLETE, values=(float(token),), token=token, worker=name
            )
            barrier.wait()
            try:
                storage.finish(study, row)
                outcomes[name] = "accepted"
            except LeaseLostError:
                outcomes[name] = "refused"

        threads = [
            threading.Thread(target=finish, args=(first, "first", 1)),
            threading.Thread(target=finish, args=(second, "second", taken.token)),
        ]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        [row] = second.rows(study)
        first.close()
        second.close()
    finally:
        run.close()
    assert outcomes == {"first": "refused", "second": "accepted"}
    assert (row.values, row.worker, row.retries) == ((2.0,), "second", 1)


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A disk of its own, where this machine lets us have one."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder)],
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", servers.parameters("postgresql", "mysql"))
def test_a_full_disk_on_the_server_says_so_and_loses_nothing(kind, tmp_path):
    for path in (tmp_path, *tmp_path.parents):
        with contextlib.suppress(OSError):
            path.chmod(path.stat().st_mode | 0o011)
    with small_disk(tmp_path / "disk", 220) as disk, faults.KINDS[kind](disk / "server") as server:
        url = f"{server.fresh()}?reconnect_s=5"
        storage = from_url(url)
        study = storage.create_study("s", {}).id
        kept = [
            storage.add_trials(
                study, [TrialRow(number=-1, state=State.COMPLETE, values=(float(i),))]
            )[0]
            for i in range(20)
        ]
        ballast = disk / "ballast"
        with ballast.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(2**16))
                file.flush()
        large = TrialRow(number=-1, state=State.COMPLETE, values=(0.0,), tags={"t": "x" * 2**20})

        def fill():
            while len(kept) < 300:
                kept.append(storage.add_trials(study, [large])[0])

        with pytest.raises(
            (StorageFullError, StorageUnreachableError)
        ) as e:  # MariaDB ends itself, on some disks
            fill()
        ballast.unlink()
        if isinstance(e.value, StorageFullError):
            assert "finished trials are safe" in str(e.value)
        else:
            server.process.wait()
            server.start()
        storage.close()
        again = from_url(url)  # the first leaves a server alone for a moment that has hung
        kept.append(again.add_trials(study, [large])[0])
        assert [r.number for r in again.rows(study)] == kept
        again.close()
