"""What is special to a Redis server.

Round trips, keys, secrets, forks, and what its settings let it forget.
"""

import contextlib
import os
import pickle
import re
import socket
import threading
import time
import uuid

import pytest
import redis
from tests.support.servers import RedisServer, shared

import luthier
from luthier.errors import (
    StorageDamagedError,
    StorageDeniedError,
    StorageError,
    StorageFullError,
    StorageUnreachableError,
    StorageVersionError,
    StudyNotFoundError,
)
from luthier.storages import from_url
from luthier.storages import redis as module
from luthier.storages.base import SCHEMA
from luthier.storages.redis import Redis
from luthier.trial.record import State, TrialRow, Turn


def row(state=State.RUNNING, **fields):
    return TrialRow(number=-1, state=state, **fields)


def finished(number, token=1, value=0.5, **fields):
    return TrialRow(number=number, state=State.COMPLETE, values=(value,), token=token, **fields)


@pytest.fixture
def url():
    return shared("redis").fresh()


@pytest.fixture
def storage(url):
    made = Redis(url)
    yield made
    made.close()


@pytest.fixture
def study(storage):
    return storage.create_study("s", {}).id


@pytest.fixture
def server(tmp_path):
    """A server of the test's own, with options."""
    with contextlib.ExitStack() as stack:
        yield lambda *options: stack.enter_context(RedisServer(tmp_path / "server", *options))


@pytest.fixture
def client(url):
    with redis.Redis.from_url(url, protocol=2) as made:
        yield made


@contextlib.contextmanager
def heard(url):
    """The commands that clients send to one database meanwhile."""
    database = int(url.rpartition("/")[2])
    with redis.Redis.from_url(url, protocol=2) as client, client.monitor() as monitor:
        said, mark = [], uuid.uuid4().hex  # other tests use the server too
        client.echo(mark)
        while mark not in monitor.next_command()["command"]:
            pass
        yield said
        client.echo(mark)
        while mark not in (command := monitor.next_command())["command"]:
            if command["db"] == database and command["client_type"] != "lua":
                said.append(command["command"].split()[0])


# -- what goes over the network
# ----------------------------------------------------------------------------------------

POINT = ({"step": 1.0, "file": "a"},)
VERBS = {  # name -> the verb, and its round trips
    "study": (lambda s, i: s.study("s"), 1),
    "studies": (lambda s, i: s.studies(), 1),
    "create_study": (lambda s, i: s.create_study("t", {}), 1),
    "update_study": (lambda s, i: s.update_study(i, {"a": 1}), 1),
    "delete_study": (lambda s, i: s.delete_study(i), 1),
    "add_trials": (lambda s, i: s.add_trials(i, [row(reports=((1.0, 2.0),))] * 9, 3, "call"), 1),
    "extend": (lambda s, i: s.extend(i, {0: 1, 1: 0}), 1),
    "report": (lambda s, i: s.report(i, 0, 1, 1.0, 2.0, None, {}), 1),
    "report with the same params in another order": (
        lambda s, i: s.report(i, 0, 1, 1.0, 2.0, None, {"y": 2, "x": 1.0}),
        1,
    ),
    "report with a checkpoint": (
        lambda s, i: s.report(i, 0, 1, 1.0, 2.0, POINT, {"x": 1.0, "y": 2}),
        2,
    ),
    "finish": (lambda s, i: s.finish(i, finished(0)), 1),
    "changes": (lambda s, i: s.changes(i, 0), 1),
    "no changes": (lambda s, i: s.changes(i, 1), 1),
    "rows": (lambda s, i: s.rows(i), 1),
    "some rows": (lambda s, i: s.rows(i, [2, 0]), 1),
    "claim": (lambda s, i: s.claim(i, 1, "me"), 2),
    "claim in vain": (lambda s, i: s.claim(i, 0, "me"), 1),
    "release": (lambda s, i: s.release(i, 0, 1, True), 2),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_one_round_trip_or_two(url, storage, study, verb):
    do, n = VERBS[verb]
    storage.add_trials(
        study, [row(params={"x": 1.0, "y": 2}), row(State.WAITING), row(State.PAUSED)]
    )
    do(storage, study) if verb in ("study", "studies", "changes", "rows") else None
    with heard(url) as said:
        do(storage, study)
    assert [command for command in said if command != "EVAL"] == ["EVALSHA"] * n


def test_a_server_that_was_restarted_learns_the_scripts_again(storage, study, client):
    storage.add_trials(study, [row()])
    client.script_flush()
    assert storage.add_trials(study, [row()]) == (1, 2)
    assert len(storage.rows(study)) == 2


def test_keys_hold_no_text_of_users(storage, client):
    text = "user's\n{text} * "
    study = storage.create_study(text, {text: text}).id
    storage.add_trials(study, [row(params={text: text}, tags={text: text}, worker=text)], 0, text)
    storage.report(study, 0, 1, 0.5, 1.0, ({text: text},), {text: 1})
    keys = {key.decode() for key in client.scan_iter()}
    assert all(
        re.fullmatch(
            r"luthier:(schema|studies(:(last|\d+(:(rows|log|reports:\d+|call:[0-9a-f]{40}))?))?)", k
        )
        for k in keys
    )
    assert "luthier:studies:1:reports:0" in keys
    storage.delete_study(study)
    left = {key.decode() for key in client.scan_iter()} - {"luthier:schema", "luthier:studies:last"}
    assert [client.ttl(key) > 0 for key in left] == [True]  # the call is forgotten in a day


def test_two_prefixes_are_two_storages(url, storage, study):
    other = Redis(url, {"prefix": "Team_2.a-b"})
    assert other.studies() == []
    assert other.create_study("mine", {}).id == study
    assert [s.name for s in storage.studies()] == ["s"]
    assert other.folder != storage.folder
    assert [s.name for s in from_url(other.url).studies()] == ["mine"]


def test_a_study_is_read_in_pages_of_one_moment(storage, study, monkeypatch):
    monkeypatch.setattr(module, "_PAGE", 3)
    n, ended = 60, threading.Event()

    def write():
        for i in range(n):
            storage.add_trials(study, [row()])
            storage.report(study, i, 1, 1.0, float(i), None, {})
            storage.finish(study, finished(i))
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not ended.is_set() or seen < n:
        new = storage.changes(study, 0)
        states = [r.state for r in new.rows]
        assert [r.number for r in new.rows] == list(range(len(states)))
        n_ended = states.count(State.COMPLETE)
        assert new.revision == len(states) + len(new.reports) + n_ended
        assert n_ended <= len(new.reports) <= len(states) <= n_ended + 1
        seen = n_ended
    writer.join()
    assert [r.reports for r in storage.rows(study)] == [((1.0, float(i)),) for i in range(n)]


# -- who may come in
# ----------------------------------------------------------------------------------------------


def test_the_url_brings_another_process_to_the_same_storage(url, storage, study):
    made = Redis(
        f"{url}?socket_timeout=7.5",
        {"prefix": "p"},
        lease_s=3.0,
        max_retries=7,
        checkpoints="/data/a b",
    )
    made.create_study("here", {})
    for same in (from_url(made.url).inner, pickle.loads(pickle.dumps(made))):
        assert (same.url, same.lease_s, same.max_retries, same.folder) == (
            made.url,
            3.0,
            7,
            "/data/a b",
        )
        assert [s.name for s in same.studies()] == ["here"]
    assert Redis(url).folder == storage.folder


def test_passwords_are_used_and_never_shown(server, caplog):
    password = "p/w@d:1"
    running = server("--requirepass", password, "--appendonly", "no")
    url = f"redis://:p%2Fw%40d%3A1@127.0.0.1:{running.port}/0"
    storage = Redis(url)
    storage.create_study("s", {})
    assert [s.name for s in from_url(storage.url).studies()] == ["s"]
    shown = [repr(storage), repr(from_url(storage.url)), caplog.text]
    for wrong in (
        url.replace("1@", "2@"),
        url.replace(":p%2Fw%40d%3A1@", ""),
        url.replace("redis://", "redis://bob"),
    ):
        with pytest.raises(StorageDeniedError, match="check user, password") as e:
            Redis(wrong).studies()
        shown.append(str(e.value))
    with pytest.raises(StorageError, match="special characters of the password") as e:
        Redis(f"redis://:{password}@127.0.0.1:{running.port}/0")
    for text in (*shown, str(e.value)):
        assert not any(part in text for part in ("p%2Fw", "p/w", "w@d", "w%40d"))


def test_a_user_needs_no_more_than_the_keys_and_is_told_what_is_forbidden(server):
    running = server()
    with redis.Redis(port=running.port, protocol=2) as client:
        client.execute_command(
            "ACL", "SETUSER", "eve", "on", ">pw", "~luthier:*", "+@all", "-@dangerous", "-@admin"
        )
        storage = Redis(f"redis://eve:pw@127.0.0.1:{running.port}/0")
        study = storage.create_study("s", {}).id
        assert storage.add_trials(study, [row()]) == (0, 1)
        for rule in ("-rpush", "-evalsha", "resetkeys"):
            client.execute_command("ACL", "SETUSER", "eve", rule)
            with pytest.raises(StorageDeniedError, match="rights"):
                storage.finish(study, finished(0))


@pytest.mark.parametrize(
    ("url", "options", "match"),
    [
        ("redis://localhost:port/0", {}, "expected a URL such as 'redis://"),
        ("redis://localhost/zero", {}, "expected a URL such as 'redis://"),
        ("redis+sentinel://localhost/0", {}, "expected a URL such as 'redis://"),
        (
            "redis://localhost/0",
            {"decode_responses": "1"},
            "expected an option among .*got 'decode_responses'",
        ),
        ("redis://localhost/0", {"ssl_nonsense": "1"}, "ssl_nonsense"),
        ("redis://localhost/0", {"socket_timeout": "soon"}, "socket_timeout"),
        ("redis://localhost/0", {"prefix": "a:b*"}, "prefix is made of .*got 'a:b\\*'"),
    ],
)
def test_urls_and_options_must_make_sense(url, options, match):
    with pytest.raises(StorageError, match=match):
        Redis(url, options)


def test_a_socket_file_is_a_way_in(server, tmp_path):
    path = tmp_path / "server" / "s"
    server("--unixsocket", str(path), "--unixsocketperm", "777")
    storage = from_url(f"unix://{path}?db=2&reconnect_s=1")
    storage.create_study("s", {})
    assert [s.name for s in from_url(storage.url).studies()] == ["s"]
    storage.close()


# -- what the server says
# ----------------------------------------------------------------------------------------------


def test_a_newer_layout_or_another_programs_is_refused(url, client):
    Redis(url).studies()
    assert client.get("luthier:schema") == b"%d" % SCHEMA
    for found, error in ((b"99", StorageVersionError), (b"theirs", StorageDamagedError)):
        client.set("luthier:schema", found)
        with pytest.raises(error, match=r"upgrade luthier|another program"):
            Redis(url).studies()


def test_what_an_older_luthier_wrote_is_marked_so_that_it_says_what_it_cannot_read(url, client):
    study = luthier.create_study("s", url, sampler="random", seed=0)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3, progress=False)
    client.set("luthier:schema", b"3")
    assert len(Redis(url, read_only=True).rows(1)) == 3
    assert client.get("luthier:schema") == b"3"
    assert Redis(url).upgrade() == (3, SCHEMA)
    assert client.get("luthier:schema") == b"%d" % SCHEMA
    assert Redis(url).upgrade() == (SCHEMA, SCHEMA)
    assert len(luthier.load_study("s", url).trials) == 3


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (("--appendonly", "no"), "append-only"),
        (("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"), "noeviction"),
        (("--maxmemory", "50mb", "--maxmemory-policy", "volatile-lru"), None),
    ],
)
def test_a_server_that_may_forget_is_named_once(server, caplog, options, match):
    running = server(*options)
    for _ in range(2):
        storage = Redis(running.url)
        storage.studies()
        storage.close()
    said = [record.getMessage() for record in caplog.records if record.name == "luthier"]
    assert len(said) == (match is not None)
    assert match is None or match in said[0]


def test_a_full_server_refuses_and_keeps_what_it_has(server):
    running = server("--maxmemory-policy", "noeviction")
    storage = Redis(running.url)
    study = storage.create_study("s", {}).id
    storage.add_trials(study, [row()])
    before = storage.changes(study, 0)
    with redis.Redis(port=running.port, protocol=2) as client:
        client.config_set("maxmemory", 1)
        for verb in (
            lambda: storage.add_trials(study, [row()]),
            lambda: storage.finish(study, finished(0)),
        ):
            with pytest.raises(StorageFullError, match="no room"):
                verb()
        assert storage.changes(study, 0) == Redis(running.url).changes(study, 0) == before
        client.config_set("maxmemory", 0)
    assert storage.finish(study, finished(0)) == 2


def test_a_server_that_is_away_or_not_the_master_is_unreachable(server):
    running = server()
    storage = Redis(running.url)
    study = storage.create_study("s", {}).id
    with redis.Redis(port=running.port, protocol=2) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        for made in (storage, Redis(running.url, {"prefix": "new"})):
            with pytest.raises(StorageUnreachableError, match="read only"):
                made.create_study("t", {})
        client.execute_command("REPLICAOF", "NO", "ONE")
    assert storage.add_trials(study, [row()]) == (0, 1)
    now = storage.now()
    running.kill()
    with pytest.raises(StorageUnreachableError, match="does not answer"):
        storage.rows(study)
    assert storage.now() >= now  # goes on
    with pytest.raises(StorageUnreachableError):
        Redis(running.url).now()


def test_what_is_no_redis_says_so():
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer():
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(StorageError, match=r"HTTP/1\.1 400"):
            Redis(f"redis://127.0.0.1:{other.getsockname()[1]}/0").studies()
        thread.join()


def test_the_servers_clock_counts(url, storage, monkeypatch):
    before = time.time()
    assert abs(storage.now() - before) < 60
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert before - 60 < Redis(url).now() < before + 60


# -- what is lost, and what is not
# -------------------------------------------------------------------------------------


def test_a_server_that_has_forgotten_is_found_out(storage, study, client):
    for _ in range(3):
        storage.add_trials(study, [row()])
    client.rpop("luthier:studies:1:log")
    with pytest.raises(StorageDamagedError, match=r"revision 2, expected 3"):
        storage.changes(study, 3)
    client.hset("luthier:studies:1:rows", "0", "what is this")
    with pytest.raises(StorageDamagedError, match=r"study .s. in"):
        storage.rows(study, [0])
    client.flushdb()
    with pytest.raises(StudyNotFoundError, match="deleted"):
        storage.changes(study, 3)


def test_killing_the_server_loses_and_doubles_nothing(server):
    running = server()
    storage = from_url(f"{running.url}?reconnect_s=60")
    study = storage.create_study("s", {}).id
    waiting, _ = storage.add_trials(study, [row(State.WAITING) for _ in range(4)])
    told = {}
    problems = []
    stop = threading.Event()

    def work(name):
        try:
            taken, _ = storage.claim(study, waiting + name, f"w{name}")
            storage.report(study, taken.number, taken.token, 1.0, float(name), None, {})
            storage.finish(study, finished(taken.number, taken.token, name))
            told[taken.number] = name
            i = 0
            while not stop.is_set():
                i += 1
                mark = 1000.0 * i + name
                number, _ = storage.add_trials(study, [row(params={"mark": mark})])
                storage.report(study, number, 1, 1.0, mark, None, {"mark": mark})
                storage.finish(study, finished(number, value=mark))
                assert number not in told
                told[number] = mark
        except Exception as e:
            problems.append(e)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        n = len(told)
        while len(told) < n + 20 and not problems:
            time.sleep(0.005)
        running.kill()
        running.start()
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == []
    rows = storage.rows(study)
    assert len(rows) == len(told) > 60
    assert {r.number: r.values[0] for r in rows} == told
    assert all(
        r.state == State.COMPLETE and r.reports == ((1.0, r.values[0]),) and r.retries == 0
        for r in rows
    )


def test_a_call_that_is_made_again_after_other_trials_is_known(storage, study):
    assert storage.add_trials(study, [row(), row()], 0, "first") == (0, 1)
    storage.add_trials(study, [row()] * 50)
    assert storage.add_trials(study, [row(), row()], 0, "first") == (0, 2)
    assert storage.study("s").counts == {State.RUNNING: 52}


def test_who_is_quicker_wins_and_the_other_reads_again(url, storage, study):
    """Claims that a heartbeat, or another claim, comes between."""
    storage.add_trials(study, [row(State.PAUSED)])
    ways = [Redis(url) for _ in range(6)]
    barrier, got = threading.Barrier(len(ways)), []

    def claim(way):
        way.now()
        barrier.wait()
        for token in range(10):
            taken, _ = way.claim(study, 0, "me", turn=Turn(0.0, {"t": token}), token=token)
            if taken is not None:
                got.append(taken.token)
                way.extend(study, {0: taken.token})
                way.finish(
                    study,
                    TrialRow(number=0, state=State.PAUSED, token=taken.token, params=taken.params),
                )
            barrier.wait()

    threads = [threading.Thread(target=claim, args=(way,)) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == list(range(1, 11))
    assert len(storage.rows(study)[0].turns) == 11
    assert storage.changes(study, 0).revision == 21
    for way in ways:
        way.close()


# -- processes
# ----------------------------------------------------------------------------------------------


def test_close_lets_go_of_connections_and_the_next_verb_makes_new_ones(url, client, eventually):
    storage = Redis(url, {"client_name": "closing"})
    for _ in range(2):
        study = storage.create_study(f"s{time.monotonic_ns()}", {}).id
        threads = [threading.Thread(target=storage.rows, args=(study,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [c for c in client.client_list() if c["name"] == "closing"]
        storage.close()
        assert eventually(lambda: not [c for c in client.client_list() if c["name"] == "closing"])


FORK = """
    import os, sys, threading
    from luthier.storages.redis import Redis
    from luthier.trial import State, TrialRow

    storage = Redis(sys.argv[1])
    study = storage.create_study("s", {}).id

    def add(n, mark):
        for i in range(n):
            row = TrialRow(number=-1, state=State.RUNNING, params={"mark": mark + i})
            number, _ = storage.add_trials(study, [row])
            [row] = storage.rows(study, [number])
            assert row.params == {"mark": mark + i}, (row, mark + i)

    add(1, 0)
    beside = threading.Thread(target=add, args=(300, 1_000))
    beside.start()
    children = []
    for k in range(5):
        if (pid := os.fork()) == 0:
            status = 1
            try:
                add(40, 10_000 * (k + 1))
                storage.close()
                status = 0
            finally:
                os._exit(status)
        children.append(pid)
        add(10, 100 * k + 1_000_000)
    beside.join()
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    print(codes, len(storage.rows(study)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forks_share_no_connection(url, script):
    assert script(FORK, url).strip() == f"[0, 0, 0, 0, 0] {1 + 300 + 5 * 40 + 5 * 10}"


INTERRUPTS = """
    import random, signal, sys
    from luthier.storages.redis import Redis
    from luthier.trial import State, TrialRow

    class Stop(BaseException):
        pass

    def stop(*_):
        raise Stop

    storage = Redis(sys.argv[1])
    study = storage.create_study("s", {}).id
    rows = [TrialRow(number=-1, state=State.WAITING, params={"i": i}) for i in range(50)]
    storage.add_trials(study, rows)
    signal.signal(signal.SIGALRM, stop)
    n_stopped = 0
    for i in range(600):
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 5e-4))
            for j in range(50):
                storage.rows(study, [j])
        except Stop:
            n_stopped += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        [row] = storage.rows(study, [i % 50])
        assert (row.number, row.params) == (i % 50, {"i": i % 50})
    assert n_stopped > 100
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals")
def test_an_interrupt_leaves_no_answer_for_the_next_question(url, script):
    script(INTERRUPTS, url)
