"""When answers to the page are made again."""

import pytest

from luthier import State
from luthier.server.page_answers import Kept, each_change, many_changes, some_changes
from luthier.testing import history, trial


def versions(version, n, revisions):
    """How many versions there are over some changes of a study of n trials."""
    table = history(*[trial({"x": 0.5}, 1.0, State.COMPLETE)] * n)
    found = set()
    for revision in range(1000, 1000 + revisions):
        table.set_revision(revision)
        found.add(version(table))
    return len(found)


@pytest.mark.parametrize(
    ("version", "small", "large"),
    [(each_change, 100, 100), (some_changes, 100, 10), (many_changes, 10, 1)],
)
def test_the_larger_a_study_the_more_changes_are_waited_for(version, small, large):
    assert versions(version, 20, 100) == small
    assert versions(version, 2000, 100) == large


def test_a_result_is_kept_until_its_tag_changes_or_there_are_many():
    kept = Kept()
    kept.keep("a", 1, "first")
    assert kept.find("a", 1) == "first"
    assert kept.find("a", 2) is None
    for i in range(64):
        kept.keep(i, 1, "more")
    assert kept.find("a", 1) is None
    assert kept.find(0, 1) == "more"
