"""Findings of one kind about several parameters are told together."""

from luthier import Finding
from luthier.analysis.findings.groups import describe_group, group_alike


def make(name, subject="", severity="note", **more):
    return Finding(name=name, severity=severity, title="t", advice="a", subject=subject, **more)


def test_three_of_a_kind_stand_together_where_the_first_stood():
    noise, flat = make("noise"), [make("flat-parameter", name) for name in "abc"]
    groups = group_alike([flat[0], noise, flat[1], flat[2]])
    assert groups == [tuple(flat), (noise,)]
    assert describe_group(groups[0]) == "note: flat-parameter, of 3 parameters"


def test_two_of_a_kind_and_those_of_the_study_stand_alone():
    found = [make("flat-parameter", "a"), make("flat-parameter", "b"), *[make("noise")] * 3]
    assert group_alike(found) == [(finding,) for finding in found]


def test_another_severity_and_what_is_dismissed_stand_alone():
    found = [
        make("optimum-at-bound", "a"),
        make("optimum-at-bound", "b"),
        make("optimum-at-bound", "c", "advice"),
        make("optimum-at-bound", "d", dismissed=True),
    ]
    assert [len(group) for group in group_alike(found)] == [1, 1, 1, 1]
