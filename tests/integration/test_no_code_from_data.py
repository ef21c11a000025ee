"""What a study, a storage, a service or a checkpoint holds is data.

It never makes luthier open, import, render, run or connect to anything that the user of this
process has not named, and does nothing to a terminal, a spreadsheet or the memory.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
import os
import pickle
import pty
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import traceback
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import fsspec
import numpy as np
import pytest
from click.testing import CliRunner
from tests.support.service import Service

import luthier
from luthier.checkpoints import Checkpoints
from luthier.checkpoints.places import ALLOWED
from luthier.cli import cli
from luthier.cli.files import to_csv
from luthier.errors import (
    CheckpointError,
    CommandError,
    RuleError,
    SpaceError,
    UnknownNameError,
)
from luthier.objectives import Program, read_space
from luthier.storages import SQLite
from luthier.trial.csv_text import make_inert
from luthier.trial.record import State, TrialRow

SPACE = {"params": {"x": {"type": "float", "low": 0.0, "high": 1.0}}}
FLOAT = {"x": luthier.Float(0, 1)}
SPEC = {"directions": ["minimize"], "seed": 1, "space": SPACE, "declared": True}
TEMPLATE = "file:///{{ cycler.__init__.__globals__.os.popen('id > PWNED').read() }}"
REFERENCES = json.dumps({"version": 1, "templates": {"a": TEMPLATE}, "refs": {"k": "x"}})
RENDERED = (
    "reference://::data:application/json;base64," + base64.b64encode(REFERENCES.encode()).decode()
)
OBJECTIVE = """
def objective(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    trial.report(x, 1, checkpoint={"w": list(range(5_000))})
    return x
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUTHIER_STORAGE", raising=False)
    monkeypatch.delenv(ALLOWED, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "train.py").write_text(OBJECTIVE)
    return tmp_path


def call(*args, status=0):
    """Runs a command in this process."""
    result = CliRunner().invoke(cli, [*map(str, args)], prog_name="luthier")
    assert result.exit_code == status, (result.output, result.exception)
    return result


def gift(name, url, keep="best", file="gift.db"):
    """A study as somebody else has made it, with a trial that refers to a checkpoint."""
    reference = {"step": 1.0, "file": "0-1-abcdef12.npz", "bytes": 9, "crc32": 0, "kind": "packed"}
    row = TrialRow(
        number=-1,
        state=State.COMPLETE,
        params={"x": 0.5},
        values=(0.5,),
        checkpoints=(reference,),
    )
    storage = SQLite(file)
    study = storage.create_study(name, SPEC | {"checkpoints": {"url": url, "keep": keep}}).id
    storage.add_trials(study, [row])
    storage.close()
    return f"sqlite:///{file}"


# -- places of checkpoints ----------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch):
    """The URLs that fsspec was asked to open."""
    urls = []
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda url, **_: urls.append(url) or 1 / 0)
    return urls


@pytest.mark.parametrize(
    "url",
    [
        RENDERED,
        "ftp://user:hunter2@127.0.0.1:9/x",
        "simplecache::s3://bucket/x",
        "s3://bucket/x",
        "memory://x",
        "no scheme at all",
        {"url": ["s3://bucket"]},
        "\x1b[2J\x00s3://bucket",
    ],
    ids=str,
)
def test_a_study_of_somebody_else_is_looked_at_without_opening_its_place(url, opened):
    """All but checkpoints can be read, copied and deleted."""
    place = gift("gift", url)
    at = ("--storage", place)
    shown = call("show", "gift", *at).stdout
    assert "checkpoints" in shown
    assert not {"\x1b", "\x00"} & set(shown)
    assert "hunter2" not in shown
    for command in ("best", "trials", "export", "watch"):
        call(command, "gift", *at)
    call("choose", "gift", "smallest value", *at)
    call("studies", *at)
    call("storage", "copy", place, "sqlite:///copy.db")
    call("delete", "gift", "--yes", *at)
    call("show", "gift", "--storage", "sqlite:///copy.db")
    assert opened == []
    assert not os.path.exists("PWNED")


def test_without_fsspec_all_but_checkpoints_can_be_read(monkeypatch):
    monkeypatch.delitem(sys.modules, "luthier.checkpoints.remote", raising=False)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    place = gift("gift", "s3://bucket/x")
    monkeypatch.setenv(ALLOWED, "s3://bucket")
    for command in ("show", "best", "export"):
        call(command, "gift", "--storage", place)
    with pytest.raises(CheckpointError, match=r"pip install 'luthier\[remote\]'"):
        luthier.load_study("gift", place).load_checkpoint(0)
    call("storage", "copy", place, "copy.db")
    call("delete", "gift", "--yes", "--storage", place)


def test_a_worker_says_what_to_pass_and_blames_no_trial(opened):
    place = gift("gift", RENDERED)
    told = call("worker", "gift", "train.py:objective", "--trials", 1, "--storage", place, status=1)
    assert "--checkpoints" in told.stderr
    assert ALLOWED in told.stderr
    assert [t.state for t in luthier.load_study("gift", place).trials] == [State.COMPLETE]

    study = luthier.load_study("gift", place)
    trial = study.ask()
    for use in (
        lambda: trial.report(1.0, 1, checkpoint={"w": list(range(5_000))}),
        lambda: study.load_checkpoint(0),
        lambda: study.optimize(lambda trial: 0.0, n_trials=1),
    ):
        with pytest.raises(CheckpointError, match=r"not opened unasked.*load_study\(checkpoints="):
            use()
    assert opened == []


def test_the_place_is_opened_where_the_user_names_or_allows_it(folder, monkeypatch):
    place = gift("named", str(folder / "theirs"))
    run = ("worker", "named", "train.py:objective", "--trials", 1, "--storage", place)
    call(*run, status=1)
    call(*run, "--checkpoints", folder / "mine")
    assert list((folder / "mine").iterdir())
    monkeypatch.setenv(ALLOWED, f"s3://bucket, {folder}")
    call(*run)
    assert (folder / "theirs").exists()


def test_who_has_created_a_study_need_not_name_its_place_again(folder):
    luthier.create_study("own", "own.db", space=FLOAT, checkpoints=folder / "place")
    study = luthier.load_study("own", "own.db")
    study.ask().report(1.0, 1, checkpoint={"w": list(range(5_000))})
    assert len(list((folder / "place").glob("*.npz"))) == 1


def test_another_process_that_joins_says_what_is_missing(script, folder):
    luthier.create_study("own", "own.db", space=FLOAT, checkpoints=folder / "place")
    code = """
        import luthier, sys
        from train import objective
        try:
            luthier.load_study("own", "own.db").optimize(objective, n_trials=1, progress=False)
        except luthier.errors.CheckpointError as e:
            assert "load_study(checkpoints=...)" in str(e), e
        luthier.load_study("own", "own.db", checkpoints=sys.argv[1]).optimize(
            objective, n_trials=2, n_jobs=2, progress=False
        )
    """
    script(code, folder / "place")
    states = [t.state for t in luthier.load_study("own", "own.db").trials]
    assert states == [State.COMPLETE] * 2
    assert list((folder / "place").glob("*.npz"))


def test_a_folder_of_others_is_neither_written_to_nor_emptied(folder):
    theirs = folder / "theirs"
    theirs.mkdir()
    file = theirs / "0-1-abcdef12.npz"
    file.write_bytes(b"precious!")
    os.utime(file, (0, 0))
    place = gift("gift", str(theirs), keep="last")
    call("delete", "gift", "--yes", "--storage", place)
    place = gift("gift", str(theirs), keep="last")
    study = luthier.load_study("gift", place)
    trial = study.ask()
    study.tell(trial, 1.0)
    with pytest.raises(CheckpointError):
        study.optimize(lambda trial: 0.0, n_trials=1, progress=False)
    call("storage", "copy", place, "copy.db")
    luthier.delete_study("gift", place)
    assert [p.name for p in theirs.iterdir()] == [file.name]

    place = gift("gift", str(theirs), keep="last")
    luthier.delete_study("gift", place, checkpoints=theirs)  # who names it may
    assert not file.exists()


def test_what_a_service_says_of_a_study_is_not_opened_by_its_clients(opened):
    service = Service(SQLite("s.db"))
    try:
        body = {"name": "gift", "spec": SPEC | {"checkpoints": {"url": RENDERED, "keep": "best"}}}
        assert service("POST", "/v1/storage/create_study", body)[0] == 200
        at = ("--storage", service.url)
        call("show", "gift", *at)
        call("worker", "gift", "train.py:objective", "--trials", 1, *at, status=1)

        honest = luthier.create_study("honest", service.url, space=FLOAT)
        changed = {"study": honest.engine.id, "spec": body["spec"]}
        assert service("POST", "/v1/storage/update_study", changed)[0] == 200
        call("worker", "honest", "train.py:objective", "--trials", 1, *at, status=1)
        honest.storage.close()
    finally:
        service.stop()
    assert opened == []


def test_no_process_loads_fsspec_for_a_place_that_is_not_named(folder):
    """Its file systems are the code that a place could run."""
    fake = folder / "fake" / "fsspec"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text("open('PWNED', 'w')")
    place = gift("gift", RENDERED)
    path = os.pathsep.join([str(fake.parent), *sys.path])
    for args in (["show", "gift"], ["worker", "gift", "train.py:objective"]):
        subprocess.run(
            [sys.executable, "-m", "luthier.cli", *args, "--storage", place],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            check=args[0] == "show",
        )
    assert not Path("PWNED").exists()


def test_nobody_is_connected_to(folder):
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def listen():
            with server.accept()[0] as line:
                heard.append(line.recv(1000))

        thread = threading.Thread(target=listen)
        thread.start()
        place = gift("gift", f"ftp://user:hunter2@127.0.0.1:{port}/x")
        call("show", "gift", "--storage", place)
        call("delete", "gift", "--yes", "--storage", place)
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()
    assert heard == [b""]


# -- passwords ----------------------------------------------------------------------------------


def test_the_password_of_a_place_is_nowhere(folder, caplog, monkeypatch):
    url = "memory://KEY:hunter2@bucket/x"
    study = luthier.create_study("s", "s.db", space=FLOAT, checkpoints=url)
    trial = study.ask()
    trial.report(1.0, 1, checkpoint={"w": np.zeros(5_000)})
    study.tell(trial, 1.0)
    assert study.load_checkpoint(0)["w"].shape == (5_000,)

    store = study.engine.checkpoints
    assert "hunter2" not in f"{store!r} {store.url} {store.place!r} {study!r} {study.engine.spec}"
    assert b"hunter2" not in b"".join(p.read_bytes() for p in folder.glob("s.db*") if p.is_file())
    for command in ("show", "export", "watch"):
        assert "hunter2" not in call(command, "s", "--storage", "s.db").output

    def refuse(*_, **__):
        try:
            raise PermissionError("login of KEY with 'hunter2' failed at memory://KEY:hunter2@x")
        except PermissionError as e:
            raise ValueError("cannot log in") from e

    monkeypatch.setattr(fsspec.core, "url_to_fs", refuse)
    store.attempts.end_soon(0.1)
    with pytest.raises(CheckpointError, match=r"KEY:\*\*\*@bucket") as caught:
        store.save(0, 1, {"w": np.zeros(5_000)})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(CheckpointError) as caught:
        Checkpoints("nosuch://KEY:hunter2@bucket")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in caplog.text


# -- files of checkpoints -----------------------------------------------------------------------


def npz(arrays, tree, compression=zipfile.ZIP_STORED):
    """An npz file of a hostile writer: name -> header and content of an array."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, (header, content) in {
            "tree": ({"descr": "|u1", "shape": (len(tree),)}, tree),
            **arrays,
        }.items():
            with file.open(f"{name}.npy", "w") as entry:
                text = repr({"fortran_order": False, **header}).encode() + b"\n"
                entry.write(b"\x93NUMPY\x03\x00" + len(text).to_bytes(4, "little") + text)
                entry.write(content)
    return out.getvalue()


def load_foreign(folder, data):
    """Loads what somebody has put into the place of a checkpoint, with a reference that fits."""
    name = "0-1-abcdef12.npz"
    (folder / name).write_bytes(data)
    reference = {"step": 1.0, "file": name, "bytes": len(data), "crc32": zlib.crc32(data)}
    return Checkpoints(folder).load({**reference, "kind": "packed"})


ONE = b'{"w":{"$array":"a0"}}'
MANY = b"[" + b",".join([b'{"$array":"a0"}'] * 10_000) + b"]"
BYTES = {"descr": "|u1", "shape": (2**24,)}


def test_an_npz_file_is_read_as_numpy_writes_it(folder):
    words = np.arange(10, dtype=">i2").reshape(2, 5).T
    loaded = load_foreign(
        folder, npz({"a0": ({"descr": ">i2", "shape": (10,)}, words.tobytes())}, ONE)
    )
    assert loaded["w"].tolist() == words.ravel().tolist()


@pytest.mark.parametrize(
    "data",
    [
        npz({"a0": (BYTES, bytes(2**24))}, ONE, zipfile.ZIP_DEFLATED),
        npz({"a0": (BYTES, bytes(2**24))}, ONE, zipfile.ZIP_LZMA),
        npz({"a0": ({"descr": "|u1", "shape": (10_000,)}, bytes(10_000))}, MANY),
        npz({"a0": ({"descr": "<f8", "shape": (2**40,)}, b"")}, ONE),
        npz({"a0": ({"descr": "<f8", "shape": (2**33, 2**33)}, b"")}, ONE),
        npz({"a0": ({"descr": "|V0", "shape": (2**40,)}, b"")}, ONE),
        npz({"a0": ({"descr": "|O", "shape": (1,)}, pickle.dumps(print))}, ONE),
        npz({"a0": ({"descr": "__import__('os').abort()", "shape": ()}, b"")}, ONE),
        npz({}, b"[" * 100_000),
        npz({}, b'{"$scalar":["|O","00"]}'),
        npz({}, b'{"$scalar":["<U999999999","00"]}'),
        pickle.dumps(print),
    ],
    ids=[
        "deflated",
        "lzma",
        "one array many times",
        "a header of 8 TiB",
        "a header that overflows",
        "items without bytes",
        "a pickle",
        "code as dtype",
        "deep",
        "an address",
        "a long text",
        "no npz",
    ],
)
def test_a_checkpoint_takes_no_more_memory_than_its_file_and_runs_nothing(folder, data):
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=r"no packed checkpoint|damaged"):
            load_foreign(folder, data)
        assert tracemalloc.get_traced_memory()[1] < 2**23 + 8 * len(data)
    finally:
        tracemalloc.stop()


def test_a_file_that_is_larger_than_its_reference_is_not_read_whole(folder):
    with (folder / "0-1-abcdef12.npz").open("wb") as file:
        file.truncate(2**40)
    for size in (9, -1):
        reference = {"file": "0-1-abcdef12.npz", "bytes": size, "crc32": 0, "kind": "packed"}
        with pytest.raises(CheckpointError):
            Checkpoints(folder).load({"step": 1.0, **reference})


@pytest.mark.parametrize("kind", ["packed", "file", "folder"])
def test_a_pipe_in_the_place_of_a_checkpoint_is_not_waited_for(folder, kind):
    os.mkfifo(folder / "0-1-abcdef12")
    reference = {"file": "0-1-abcdef12", "bytes": 9, "crc32": 0, "kind": kind}
    with pytest.raises(CheckpointError, match="neither a file nor a folder"):
        Checkpoints(folder).load({"step": 1.0, **reference})


def test_only_the_owner_can_change_checkpoints_whatever_the_umask(script, folder):
    code = """
        import os, luthier, numpy as np
        from pathlib import Path
        os.umask(0)
        Path("mine/inner").mkdir(parents=True)
        Path("mine/inner/file").write_text("x")
        study = luthier.create_study("s", "s.db", space={"x": luthier.Float(0, 1)})
        luthier.create_study("t", "s.db", checkpoints="deep/er/place")
        for checkpoint in ({"w": np.zeros(5000)}, "mine", "mine/inner/file"):
            study.ask().report(1.0, 1, checkpoint=checkpoint)
            luthier.load_study("t", "s.db").ask().report(1.0, 1, checkpoint=checkpoint)
    """
    script(code)
    made = [*folder.glob("s.db.checkpoints"), *folder.glob("deep")]
    made += [path for top in made for path in top.rglob("*")]
    assert len([path for path in made if path.name != "study.json"]) == 2 + 3 + 2 * 5
    assert [str(path) for path in made if path.stat().st_mode & 0o022] == []


# -- terminals and spreadsheets -----------------------------------------------------------------

EVIL = "\x1b]0;EVIL\x07\x9b31m\u202e\r[red]x[/red]"


def evil_study(file="evil.db", **spec):
    """A study in which all that is text would act on a terminal."""
    storage = SQLite(file)
    space = {
        "params": {
            EVIL: {"type": "categorical", "choices": [EVIL, "b"]},
            "x": {"type": "float", "low": 0.0, "high": 1.0},
        },
        "constraints": [],
        "functions": [EVIL],
    }
    objectives = [EVIL, "other"]
    made = storage.create_study(
        EVIL,
        SPEC
        | {"space": space, "objectives": objectives, "directions": ["minimize"] * 2}
        | {"checkpoints": {"url": EVIL, "keep": EVIL}, **spec},
    )
    rows = [
        TrialRow(
            number=-1,
            state=state,
            params={EVIL: EVIL, "x": 0.5},
            values=(0.5, 0.5) if state == State.COMPLETE else None,
            tags={EVIL: EVIL, "list": [EVIL]},
            constraints={EVIL: -1.0},
            error=None if state == State.COMPLETE else f"ValueError: {EVIL}",
            worker=EVIL,
            started_s=1.0,
            finished_s=2.0,
        )
        for state in (State.COMPLETE, State.FAILED)
    ]
    storage.add_trials(made.id, rows)
    storage.close()
    return file


COMMANDS = [
    ("studies",),
    ("show", EVIL),
    ("best", EVIL),
    ("trials", EVIL),
    ("trials", EVIL, "--sort", "zz"),
    ("trials", EVIL, "--sort", EVIL),
    ("choose", EVIL, "--knee"),
    ("choose", EVIL, f"`{EVIL}` <= 1, then smallest other"),
    ("choose", EVIL, EVIL),
    ("choose", EVIL, "--weight", "zz=1"),
    ("choose", EVIL, "--lexicographic", f"{EVIL}:x"),
    ("watch", EVIL, "--once"),
    ("watch", EVIL, "--json"),
    ("export", EVIL, "--format", "json"),
    ("worker", EVIL, "train.py:objective", "--trials", "1"),
    ("worker", EVIL, "--trials", "1", "--", "true", "{zz}"),
    ("storage", "copy", "evil.db", "copy.db"),
    ("run", "train.py:objective", "--name", EVIL, "--trials", "1"),
    ("run", "train.py:objective", "--name", EVIL, "--sampler", EVIL),
    ("show", EVIL + "?"),
    (EVIL,),
    ("delete", EVIL, "--yes"),
]


def test_no_command_passes_on_what_acts_on_a_terminal(folder):
    """Neither to a pipe, nor in an error, nor in a warning."""
    evil_study()
    for command in COMMANDS:
        at = () if len(command) == 1 or command[0] == "storage" else ("--storage", "evil.db")
        cut = command.index("--") if "--" in command else len(command)
        args = [*command[:cut], *at, *command[cut:]]
        done = CliRunner().invoke(cli, args, prog_name="luthier")
        assert not set(done.output) & {"\x1b", "\x07", "\x9b", "\u202e", "\r"}, command
        assert isinstance(done.exception, SystemExit | None), (command, done.exception)


@pytest.mark.parametrize("command", [("show", EVIL), ("trials", EVIL), ("export", EVIL)])
def test_what_is_printed_on_a_terminal_does_not_act_on_it(command):
    evil_study()
    args = [sys.executable, "-m", "luthier.cli", *command, "--storage", "evil.db"]
    reader, writer = pty.openpty()
    with subprocess.Popen(args, stdin=writer, stdout=writer, stderr=writer) as process:
        os.close(writer)
        out = b""
        with contextlib.suppress(OSError):  # at its end
            while piece := os.read(reader, 65_536):
                out += piece
        os.close(reader)
    assert process.returncode == 0, out
    text = out.decode()
    assert "EVIL" in text
    assert not set(text) & {"\x07", "\x9b", "\u202e"}
    assert "\x1b]0" not in text


def test_an_error_that_nobody_expected_does_not_act_on_a_terminal(script):
    code = """
        import luthier.cli, sys
        from luthier.cli import results
        def load_study(*_):
            raise RuntimeError("\x1b]0;EVIL\x07 at redis://:hunter2@host")
        results.load_study = load_study
        sys.argv = ["luthier", "show", "x"]
        luthier.cli.main()
    """
    process = script.start(code)
    out, _ = process.communicate()
    assert "RuntimeError" in out
    assert "EVIL" in out
    assert not set(out) & {"\x1b", "\x07"}
    assert "hunter2" not in out


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+x", "'+x"),
        ("-x", "'-x"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        (" \x00\ufeff=x", "' \x00\ufeff=x"),
        ("＝x", "'＝x"),
        ("a;=x", "a;'=x"),
        ("a\n  @x", "a\n'  @x"),
        ("\t=x", "'\t'=x"),
        ("-1e-3", "-1e-3"),
        ("+5", "+5"),
        ("a=b", "a=b"),
        ("a - b", "a - b"),
        ("-inf", "'-inf"),
    ],
)
def test_a_spreadsheet_runs_nothing_of_an_export(text, cell):
    study = luthier.create_study(space={"x": luthier.Float(-1, 0), text: [text, 1]})
    row = TrialRow(
        number=-1,
        state=State.COMPLETE,
        params={"x": -0.5, text: text},
        values=(-1.5,),
        tags={text: text, "list": [text], "flag": True},
    )
    study.add_trials([row])
    header, line = csv.reader(io.StringIO(to_csv(study), newline=""))
    found = dict(zip(header, line, strict=True))
    assert found["value"] == "-1.5"
    assert found["params.x"] == "-0.5"
    assert cell in line
    for field in (*header, *line):
        assert re.fullmatch(r"-?[0-9.]+", field) or make_inert(field).count("'") <= field.count("'")


@pytest.mark.parametrize(
    "text", ["\n" * 200_000, ";" * 200_000, "\x1c" * 200_000, ";\x1c" * 100_000]
)
def test_no_text_takes_long_to_be_made_inert(text):
    assert len(make_inert(text)) <= len(text) + 1


# -- names, expressions, files of spaces, programs ------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "../../evil",
        "evil",
        "luthier.samplers.tpe",
        "__doc__",
        "attach",
        "base",
        "\x00",
    ],
)
def test_a_stored_name_of_a_sampler_or_scheduler_imports_nothing(folder, monkeypatch, name):
    (folder / "evil.py").write_text("open('PWNED', 'w')")
    monkeypatch.syspath_prepend(str(folder))
    for kind in ("sampler", "scheduler"):
        storage = SQLite(f"{kind}.db")
        storage.create_study("gift", SPEC | {kind: name})
        storage.close()
        call("show", "gift", "--storage", f"{kind}.db", status=1)
        with pytest.raises(UnknownNameError):
            luthier.load_study("gift", f"{kind}.db")
    assert not Path("PWNED").exists()


HOSTILE_EXPRESSIONS = [
    "__import__('os').system('touch PWNED')",
    "x.__class__.__bases__ == 1",
    "().__class__",
    "[y for y in (1,)] == 1",
    "(lambda: 1)() < 2",
    "f'{x}' == 'a'",
    "(x := 1) < 2",
    "open('PWNED', 'w') == 1",
    "exec('1') == 1",
    "abs(x, key=1) < 2",
    "x[0] < 1",
    "{1: x} == 1",
    "`x` < 1 and __import__('os')",
    "await x",
    "*x, 1",
    "x < 1; import os",
]


@pytest.mark.parametrize("text", HOSTILE_EXPRESSIONS)
def test_a_constraint_or_a_rule_runs_nothing(text):
    described = {**SPACE, "constraints": [text]}
    with pytest.raises(SpaceError):
        luthier.Space.from_json(described)
    study = luthier.create_study(space=FLOAT)
    study.add_trials([TrialRow(number=-1, state=State.COMPLETE, params={"x": 0.5}, values=(0.5,))])
    with pytest.raises(RuleError):
        study.choose(text)
    storage = SQLite("gift.db")
    storage.create_study("gift", SPEC | {"space": described})
    storage.close()
    call("show", "gift", "--storage", "gift.db", status=1)
    assert not Path("PWNED").exists()


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.yaml", "x: !!python/object/apply:os.system ['touch PWNED']"),
        ("s.yaml", "x: !!python/name:os.system"),
        ("s.yaml", "!!python/object/new:os.system [touch PWNED]"),
        ("s.yaml", LAUGHS),
        ("s.yaml", "x: &x [*x]"),
        ("s.yaml", "[" * 1_500),
        ("s.json", "[" * 100_000),
        ("s.toml", "x = " + "[" * 5_000),
    ],
)
def test_a_file_of_a_space_runs_nothing_and_is_bounded(folder, name, text):
    (folder / name).write_text(text)
    with pytest.raises(SpaceError, match=name) as caught:
        read_space(folder / name)
    assert len(str(caught.value)) < 1_000
    assert not Path("PWNED").exists()


def test_the_text_of_a_parameter_is_no_option_of_a_program():
    program = Program(["tar", "{file}", "-{flag}", "--to={file}"])
    with pytest.raises(CommandError, match="file='--checkpoint-action=exec=sh' would be"):
        program.fill({"file": "--checkpoint-action=exec=sh", "flag": "v"})
    with pytest.raises(CommandError, match="would be an option"):
        Program(["p", "{a}{b}"]).fill({"a": "", "b": "-x"})

    assert program.fill({"file": "a", "flag": "-x"}) == ["tar", "a", "--x", "--to=a"]
    assert Program(["p", "{x}"]).fill({"x": -3}) == ["p", "-3"]
    assert Program(["p", "--", "{x}"]).fill({"x": "-3 x"}) == ["p", "--", "-3 x"]


def test_no_parameter_chooses_the_program():
    for first in ("{program}", "./{program}.sh"):
        with pytest.raises(CommandError, match="the program itself is no parameter"):
            Program([first, "x"])


def test_a_worker_gives_no_options_of_a_stored_study_to_a_program():
    storage = SQLite("gift.db")
    for choice in ("--version", "version"):
        space = {"params": {"x": {"type": "categorical", "choices": [choice]}}}
        study = storage.create_study(f"gift{choice}", SPEC | {"space": space}).id
    waiting = TrialRow(number=-1, state=State.WAITING, params={"x": "--version"})
    storage.add_trials(study, [waiting])  # which is not of the space
    storage.close()

    at = ("--trials", 1, "--storage", "gift.db", "--")
    told = call("worker", "gift--version", *at, sys.executable, "{x}", status=1)
    assert "would be an option" in told.stderr
    told = call("worker", "giftversion", *at, "{x}", status=1)
    assert "the program itself is no parameter" in told.stderr
    call("worker", "giftversion", *at, sys.executable, "{x}", status=1)  # its trial fails
    [row] = luthier.load_study("giftversion", "gift.db").trials
    assert row.params == {"x": "version"}
    assert "--version" not in row.error


# -- files of SQLite, pages of notebooks ----------------------------------------------------------

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"


@pytest.mark.parametrize(
    "statement",
    [
        f"ALTER TABLE luthier_studies RENAME TO s; CREATE VIEW luthier_studies AS {ENDLESS}",
        f"CREATE TRIGGER t AFTER INSERT ON luthier_trials BEGIN INSERT INTO x {ENDLESS}; END",
        "CREATE TRIGGER t AFTER UPDATE ON luthier_studies BEGIN DELETE FROM luthier_trials; END",
        "CREATE VIRTUAL TABLE t USING fts4(x)",
        "CREATE INDEX i ON luthier_trials (abs(number))",
        "CREATE INDEX i ON luthier_trials (number) WHERE length(body) > 0",
        'CREATE INDEX "i" ON luthier_trials ((number || body) COLLATE nocase)',
        "CREATE TABLE t (x INTEGER, y AS (length(zeroblob(x))))",
        "CREATE TABLE t (x, y INTEGER GENERATED ALWAYS AS (x + 1) STORED)",
        "CREATE TABLE t (x CHECK (length(zeroblob(x)) > 0))",
        "CREATE TABLE t (x, CONSTRAINT c CHECK /* ( */ (x > abs(x)))",
        "CREATE TABLE t (x DEFAULT (randomblob(1000000000)))",
        "ALTER TABLE luthier_trials ADD COLUMN y AS (upper(body))",
    ],
)
def test_a_file_of_sqlite_runs_no_statements_of_its_own(statement):
    gift("gift", "place", file="gift.db")
    with contextlib.closing(sqlite3.connect("gift.db")) as db:
        db.executescript(statement)
    for command in (("studies",), ("show", "gift"), ("worker", "gift", "train.py:objective")):
        told = call(*command, "--storage", "gift.db", status=1)
        assert "would run what they say" in told.stderr


def test_a_file_with_plain_tables_and_indexes_of_others_is_opened():
    gift("gift", "place", file="gift.db")
    with contextlib.closing(sqlite3.connect("gift.db")) as db:
        db.executescript(
            'CREATE TABLE "notes"(a VARCHAR(20) NOT NULL, b DECIMAL(3, 1) DEFAULT 0, UNIQUE (a));'
            "CREATE INDEX mine ON luthier_trials (state); ANALYZE"
        )
    call("show", "gift", "--storage", "gift.db")


def test_markup_in_a_study_is_text_in_a_notebook():
    markup = "<script>alert(1)</script>"
    space = {markup: [markup, "b"], "x": luthier.Float(0, 1)}
    study = luthier.create_study(
        markup, space=space, objectives={markup: "minimize", "n": "minimize"}
    )
    row = TrialRow(
        number=-1,
        state=State.COMPLETE,
        params={markup: markup, "x": 0.5},
        values=(0.5, 0.5),
        tags={markup: markup},
        error=markup,
        worker=markup,
    )
    study.add_trials([row])
    shown = (study, study.space, study.trials[0], study.choose(knee=True))
    assert all("<script" not in thing._repr_html_() for thing in shown)


# -- passwords of storages ------------------------------------------------------------------------


def test_a_password_in_an_error_of_an_objective_is_not_stored():
    def objective(trial):
        raise ConnectionError("no answer from postgresql://me:hunter2@host/db, sorry")

    study = luthier.create_study("s", "s.db")
    study.optimize(objective, n_trials=1, catch=Exception, progress=False)
    trial = study.ask()
    study.tell(trial, state="failed")
    [row, _] = study.trials
    assert "postgresql://me:***@host/db, sorry" in row.error
    assert "hunter2" not in row.error
    assert b"hunter2" not in b"".join(path.read_bytes() for path in Path().glob("s.db*"))


def test_a_url_whose_scheme_was_forgotten_is_not_shown_by_any_command(folder):
    url = "me:hunter2@host/d"
    for command in (
        ("storage", "check", url),
        ("storage", "repair", url),
        ("storage", "copy", url, "b.db"),
        ("storage", "upgrade", "--storage", url),
        ("studies", "--storage", url),
        ("show", "s", "--storage", url),
        ("worker", "s", "train.py:objective", "--storage", url),
        ("run", "train.py:objective", "--trials", "1", "--storage", url),
        ("serve", "--storage", url, "--no-token", "--port", "0"),
    ):
        done = CliRunner().invoke(cli, command, prog_name="luthier")
        assert done.exit_code != 0, command
        assert "hunter2" not in done.output, command


def test_passwords_that_earlier_versions_stored_are_not_shown(folder, caplog):
    url = "sftp://me:hunter2@host/x"
    for name, place in (("whole", {"url": url, "keep": "best"}), ("odd", [url]), ("none", 5)):
        spec = SPEC | {"checkpoints": place}
        SQLite("s.db").create_study(name, spec | ({} if name != "none" else {"sampler": [url]}))
    SQLite("s.db").create_study("half", SPEC | {"copying": f"SQL({url!r})"})
    for name in ("whole", "odd", "none", "half"):
        for command in (
            ("show", name),
            ("best", name),
            ("trials", name),
            ("watch", name, "--once"),
        ):
            done = CliRunner().invoke(cli, [*command, "--storage", "s.db"], prog_name="luthier")
            assert "hunter2" not in done.output, command
        with contextlib.suppress(luthier.LuthierError):
            assert "hunter2" not in repr(luthier.load_study(name, "s.db").engine.checkpoints)
    done = CliRunner().invoke(cli, ["storage", "check", "s.db"], prog_name="luthier")
    assert "hunter2" not in done.output + caplog.text


@pytest.mark.parametrize("command", ["show", "best", "trials", "export", "studies", "delete"])
def test_no_command_needs_a_url_on_its_command_line(monkeypatch, command):
    """Which every user of the machine can read, while a variable is read by its owner only."""
    study = luthier.create_study("s", "s.db", space=FLOAT)
    study.tell(study.ask(), 1.0)
    monkeypatch.setenv("LUTHIER_STORAGE", "sqlite:///s.db")
    call(command, *([] if command == "studies" else ["s"]), *(["--yes"] * (command == "delete")))


def test_workers_and_copies_need_no_url_on_their_command_lines(monkeypatch):
    luthier.create_study("s", "s.db", space=FLOAT)
    monkeypatch.setenv("LUTHIER_STORAGE", "sqlite:///s.db")
    call("worker", "s", "train.py:objective", "--trials", 1)
    monkeypatch.setenv("LUTHIER_COPY_FROM", "sqlite:///s.db")
    monkeypatch.setenv("LUTHIER_COPY_TO", "sqlite:///t.db")
    call("storage", "copy")
    assert len(luthier.load_study("s", "t.db").trials) == 1


def test_the_processes_of_a_run_show_no_password(folder):
    """Neither in their titles, which every user can read, nor in what they say."""
    url = "sqlite:///s.db"
    storage = f"{url}?lease_s=20&max_retries=1"
    options = ("--trials=2", "--jobs=2", "--checkpoints=memory://KEY:hunter2@bucket/x")
    code = """
def objective(trial):
    import psutil
    me = psutil.Process()
    lines = [" ".join(p.cmdline()) for p in (me, *me.parents())]
    assert any("luthier" in line for line in lines), lines
    assert not any("lease_s=20" in line for line in lines), lines
    return trial.suggest_float("x", 0, 1)
"""
    (folder / "titles.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "luthier.cli", "run", "titles.py:objective", *options],
        env={**os.environ, "LUTHIER_STORAGE": storage},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "hunter2" not in done.stdout + done.stderr
    assert {t.state for t in luthier.load_study("titles", url).trials} == {State.COMPLETE}
