"""Failed trials by their error."""

from luthier import State, TrialRow
from luthier.analysis.failure_groups import group_failures


def failed(number, error, **more):
    return TrialRow(number=number, state=State.FAILED, error=error, **more)


def test_errors_that_differ_in_numbers_are_one_group():
    rows = [
        failed(0, "ValueError: loss is nan at step 3\n  File x", finished_s=5.0, worker="a#key"),
        failed(4, "MemoryError: 3.5e9 bytes at 0x7f21"),
        TrialRow(number=5, state=State.COMPLETE, error="ValueError: 1"),
        failed(9, "ValueError: loss is nan at step 12\n  File y", finished_s=9.0, worker="b"),
        failed(7, None),
    ]
    first, *others = group_failures(rows)
    assert first.error == "ValueError: loss is nan at step 12"
    assert (first.n, first.number, first.worker) == (2, (9, 0), ("b", "a"))
    assert (first.first_s, first.last_s) == (5.0, 9.0)
    assert [(g.error, g.number) for g in others] == [
        ("no error was noted", (7,)),
        ("MemoryError: 3.5e9 bytes at 0x7f21", (4,)),
    ]
    assert others[0].first_s is None


def test_of_many_only_the_latest_are_named():
    [group] = group_failures(failed(i, f"E: {i}", worker=f"w{i}") for i in range(80))
    assert (group.n, len(group.number), group.number[0]) == (80, 50, 79)
    assert len(group.worker) == 10
