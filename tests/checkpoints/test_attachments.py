"""Files that belong to trials: stored, checked, bounded; served so that they run nowhere."""

import base64
import contextlib
import hashlib
import os
import re

import pytest
from tests.support.service import Service

import luthier
from luthier.checkpoints import Checkpoints
from luthier.checkpoints.attachments import MAX_BYTES, MAX_FILES
from luthier.errors import CheckpointError
from luthier.storages import InMemory

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(2)</script>"


@pytest.fixture
def place(tmp_path):
    return Checkpoints(tmp_path / "place").attachments


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_bytes_and_files_come_back_as_they_were(place, tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    place.attach(3, "table.csv", tmp_path / "table.csv")
    place.attach(3, "confusion.png", PNG)
    place.attach(4, "confusion.png", b"another")
    assert [a.name for a in place.of(3)] == ["confusion.png", "table.csv"]
    assert place.read(3, "table.csv") == b"a,b\n1,2\n"
    assert place.read(4, "confusion.png") == b"another"
    [found] = place.of(4)
    assert (found.n_bytes, found.sha256) == (7, hashlib.sha256(b"another").hexdigest())
    assert place.of(5) == []


def test_a_file_of_the_same_name_takes_the_place_of_the_one_before(place, tmp_path):
    place.attach(0, "a.txt", b"one")
    place.attach(0, "a.txt", b"two")
    place.attach(0, "a.txt", b"two")
    assert place.read(0, "a.txt") == b"two"
    assert len(files(tmp_path / "place")) == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "a\\b",
        "/etc/passwd",
        ".hidden",
        "a.",
        "a\0b",
        "a\nb",
        'a"b',
        "a;b",
        "a%2fb",
        "ü.png",
        "x" * 101,
        3,
        None,
        b"a",
    ],
)
def test_what_is_no_plain_name_is_refused(place, tmp_path, name):
    for verb in (lambda: place.attach(0, name, b""), lambda: place.read(0, name)):
        with pytest.raises(CheckpointError, match="an attachment has a name such as"):
            verb()
    assert files(tmp_path) == []


def test_what_is_huge_is_refused_before_it_is_stored(place, tmp_path):
    with pytest.raises(CheckpointError, match=f"at most {MAX_BYTES} bytes, and 'big' has more"):
        place.attach(0, "big", bytes(MAX_BYTES + 1))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)  # of which only what is read takes memory
    with pytest.raises(CheckpointError, match="at most"):
        place.attach(0, "big", tmp_path / "sparse")
    for i in range(4):
        place.attach(1, f"part {i}", bytes(MAX_BYTES))
    with pytest.raises(CheckpointError, match="trial 1 would have 5 of"):
        place.attach(1, "one more", b"x")
    assert len(place.of(1)) == 4


def test_a_trial_has_so_many_files_and_no_more(place):
    for i in range(MAX_FILES):
        place.attach(0, str(i), b"")
    with pytest.raises(CheckpointError, match="would have 101"):
        place.attach(0, "one more", b"")
    place.attach(0, "7", b"in its place")


@pytest.mark.parametrize("source", [None, 3, "", ["a"], object()])
def test_what_is_no_content_is_refused(place, source):
    with pytest.raises(CheckpointError, match="comes from bytes, or from the path of a file"):
        place.attach(0, "a", source)


def test_a_path_of_no_file_is_refused(place, tmp_path):
    for path in (tmp_path / "absent", tmp_path, os.devnull):
        with pytest.raises(CheckpointError, match="which is no file"):
            place.attach(0, "a", path)


def test_a_changed_file_is_found_out(place, tmp_path):
    place.attach(0, "a", b"whole")
    [path] = [path for path in tmp_path.rglob("*-a") if path.is_file()]
    for content in (b"other", b"", b"whole and more"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="attachment a of trial 0 is damaged"):
            place.read(0, "a")
    path.unlink()
    with pytest.raises(CheckpointError, match="has no attachment 'a'; it has none"):
        place.read(0, "a")


def test_a_link_in_its_place_is_not_followed(place, tmp_path):
    (tmp_path / "secret").write_bytes(b"whole")
    place.attach(0, "a", b"whole")
    [path] = [path for path in tmp_path.rglob("*-a") if path.is_file()]
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(CheckpointError, match="is a symbolic link"):
        place.read(0, "a")


# -- of a trial -----------------------------------------------------------------------------------


def objective(trial):
    trial.attach("answer.txt", str(trial.number).encode())
    for i in range(3):
        trial.log(f"line {i}")
    return trial.suggest_float("x", 0, 1)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_trial_leaves_files_and_its_log(tmp_path, n_jobs):
    study = luthier.create_study(name="s", storage=f"sqlite:///{tmp_path}/a.db", sampler="random")
    study.optimize(objective, n_trials=3, n_jobs=n_jobs)
    for row in study.trials:
        assert [a.name for a in study.attachments(row)] == ["answer.txt", "log.txt"]
        assert study.load_attachment(row, "answer.txt") == str(row.number).encode()
        assert study.load_attachment(row, "log.txt") == b"line 0\nline 1\nline 2\n"
    luthier.delete_study("s", f"sqlite:///{tmp_path}/a.db")
    assert [name for name in files(tmp_path) if "answer" in name or "log" in name] == []


def test_a_log_is_cut_at_its_beginning(tmp_path):
    study = luthier.create_study(storage=InMemory(), sampler="random")
    trial = study.ask()
    for i in range(1100):
        trial.log(f"{i} " + "x" * 1000)
    study.tell(trial, 1.0)
    lines = study.load_attachment(0, "log.txt").splitlines()
    assert lines[0] == b"(the beginning is left out)"
    assert lines[-1].startswith(b"1099 ")
    assert re.match(rb"[0-9]+ x", lines[1])


def test_a_trial_that_is_offered_again_goes_on_with_its_log(tmp_path):
    study = luthier.create_study(storage=InMemory(), sampler="random")
    trial = study.ask()
    trial.log("first")
    study.tell(trial, error="broken")
    study.retry(0)
    trial = study.ask()
    trial.log("second")
    study.tell(trial, 1.0)
    assert study.load_attachment(0, "log.txt") == b"first\nsecond\n"


def test_a_log_takes_text_alone(tmp_path):
    study = luthier.create_study(storage=InMemory(), sampler="random")
    with pytest.raises(CheckpointError, match="a log has lines of text"):
        study.ask().log(3)


# -- over HTTP ------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path):
    storage = luthier.storages.SQLite(f"{tmp_path}/a.db")
    study = luthier.create_study(
        name="s", storage=storage, sampler="random", space={"x": luthier.Float(0, 1)}
    )
    trial = study.ask()
    for name, content in {"a.png": PNG, "b.svg": SVG, "c.html": HTML, "d.png": HTML}.items():
        trial.attach(name, content)
    study.tell(trial, 1.0)
    with contextlib.closing(storage):
        service = Service(storage)
        yield service
        service.stop()


@pytest.mark.parametrize("root", ["/v1", "/ui"])
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.png", "image/png"),
        ("b.svg", "application/octet-stream"),
        ("c.html", "application/octet-stream"),
        ("d.png", "application/octet-stream"),
    ],
)
def test_a_file_is_served_as_a_download_that_runs_nowhere(served, root, name, media_type):
    token = served.token if root == "/v1" else ""
    headers = {}
    if root == "/ui":
        origin = {"Origin": f"http://127.0.0.1:{served.port}", "X_Luthier": "1"}
        answer = served.raw("POST", "/ui/login", {"token": served.token}, "", **origin)
        headers["Cookie"] = answer[1]["set-cookie"].partition(";")[0]
    path = f"{root}/studies/1/trials/0/attachments/{name}"
    status, got, content = served.raw("GET", path, token=token, **headers)
    assert (status, got["content-type"]) == (200, media_type)
    assert content in (PNG, SVG, HTML)
    assert got["content-disposition"] == f'attachment; filename="{name}"'
    assert got["x-content-type-options"] == "nosniff"
    assert got["cross-origin-resource-policy"] == "same-origin"
    assert "sandbox" in got["content-security-policy"]
    assert served.raw("GET", path, token="")[0] == 401


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fa.db",
        "..%2F..%2F..%2Fa.db",
        "%2e%2e",
        "%2fetc%2fpasswd",
        "..\\a.db",
        "a.png%00.html",
        "../../../a.db",
        "x" * 2000,
        "absent.png",
    ],
)
def test_no_path_leads_elsewhere(served, name):
    status, _, content = served.raw("GET", f"/v1/studies/1/trials/0/attachments/{name}")
    assert status in (404, 422)
    assert b"SQLite" not in content


def test_a_program_attaches_files_of_the_trial_that_it_holds(served):
    study = "/v1/studies/1"
    begun = served("POST", f"{study}/ask", {})[1]
    trial = f"{study}/trials/{begun['number']}"
    body = {"token": begun["token"], "name": "a.txt", "content": base64.b64encode(b"hi").decode()}
    assert served("POST", f"{trial}/attachments", body)[0] == 200
    assert [a["name"] for a in served("GET", f"{trial}/attachments")[1]["attachments"]] == ["a.txt"]
    assert served.raw("GET", f"{trial}/attachments/a.txt")[2] == b"hi"

    for wrong, status in [
        ({"token": 9}, 409),
        ({"name": "../a"}, 422),
        ({"content": "no base64!"}, 422),
        ({"content": base64.b64encode(bytes(MAX_BYTES + 1)).decode()}, 413),
    ]:
        assert served.raw("POST", f"{trial}/attachments", body | wrong)[0] == status, wrong
    assert served("POST", f"{study}/trials/99/attachments", body)[0] == 404


def test_a_study_in_memory_shows_its_files_too():
    study = luthier.create_study(storage=InMemory(), sampler="random")
    trial = study.ask()
    trial.attach("a.txt", b"here")
    service = Service(study.storage)
    try:
        assert service.raw("GET", "/v1/studies/1/trials/0/attachments/a.txt")[2] == b"here"
    finally:
        service.stop()
