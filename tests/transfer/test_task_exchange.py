"""Files of tasks: nothing of the data goes out, and nothing bad comes in."""

import json
import re

import numpy as np
import pytest
from tests.transfer.cases import make

from luthier import Float, Space
from luthier.errors import LuthierError, TaskError
from luthier.transfer.task_exchange import FILE_FORM, check_task, read_tasks, write_tasks
from luthier.transfer.task_log import Entry


def write(path, **changed):
    facts = {"name": "secret", "family": "svm", "tags": {"owner": "secret"}, "data_hash": "d" * 32}
    context = {"log_rows": 9.0, "secret_number": 7.0}
    task = make(12, **({"context": context} | facts | changed))
    write_tasks(path, [Entry(task, "s", True, False)])
    return task


def test_a_file_holds_ranks_and_nothing_of_data(tmp_path):
    task = write(tmp_path / "a.json")
    assert "secret" not in (tmp_path / "a.json").read_text()
    [entry] = read_tasks(tmp_path / "a.json")
    assert entry.task.name == "svm 1"
    assert entry.task.context == {"log_rows": 9.0}
    assert (entry.task.X == task.X).all()
    assert entry.task.losses[:, 0].tolist() == np.argsort(np.argsort(task.losses[:, 0])).tolist()
    assert (entry.source, entry.task.data_hash, entry.task.family) == ("s", "d" * 32, "svm")


def test_priors_and_defaults_of_a_space_stay_at_home(tmp_path):
    x = Float(0, 1, default=0.123456, prior=(0.654321, 0.1))
    write(tmp_path / "a.json", space=Space(dict.fromkeys("xyz", x)))
    assert not re.search("0.123456|0.654321", (tmp_path / "a.json").read_text())


def test_equal_losses_keep_equal_ranks(tmp_path):
    write(tmp_path / "a.json", X=make(4).X, losses=np.array([[5.0], [2.0], [5.0], [9.0]]))
    [entry] = read_tasks(tmp_path / "a.json")
    assert entry.task.losses[:, 0].tolist() == [1, 0, 1, 2]


def change(path, **fields):
    content = json.loads(path.read_text())
    content["tasks"][0]["task"].update(fields)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "fields",
    [
        {"context": {"log_rows": "9"}},
        {"context": {"log_rows": None}},
        {"name": "x" * 20_000},
        {"n": 10**9},
        {"n": 11},
        {"losses": "####"},
        {"objectives": []},
        {"format": 99},
        {"space": {"params": {"x": {"type": "float", "low": 2, "high": 1}}}},
        {"tags": {"big": "x" * 10**7}},
        {"directions": ["up"]},
    ],
    ids=range(11),
)
def test_a_bad_task_is_refused_with_its_place(tmp_path, fields):
    write(tmp_path / "a.json")
    change(tmp_path / "a.json", **fields)
    with pytest.raises(TaskError, match=r"task 0 of .*a.json"):
        read_tasks(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "is no file of tasks"),
        ("[" * 10**5, "is no JSON"),
        ('{"luthier_memory": 1}', "is no file of tasks"),
        ('{"luthier_memory": 1, "tasks": [3]}', "expected a task"),
        (f'{{"luthier_memory": {FILE_FORM + 1}, "tasks": []}}', "a newer one wrote it"),
        ('{"luthier_memory": 1, "tasks": [{"source": 3, "task": {}}]}', "a hash of a study"),
    ],
    ids=range(7),
)
def test_what_is_no_file_of_tasks_is_refused(tmp_path, text, said):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(TaskError, match=said):
        read_tasks(tmp_path / "a.json")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(TaskError, match="cannot be read"):
        read_tasks(tmp_path / "none.json")


def test_what_can_never_help_is_refused():
    with pytest.raises(TaskError, match="no complete trial"):
        check_task(make(0))
    with pytest.raises(TaskError, match="all losses of task 'task 0' are the same"):
        check_task(make(9, losses=np.full((9, 1), 3.0)))
    with pytest.raises(LuthierError, match="tag"):
        check_task(make(9, tags={"x": object()}))


def test_a_task_is_kept_with_a_hundred_rows():
    assert check_task(make(500)).n == 100
