"""Markdown that a pull request shows as it is meant."""

import re

from tests.support.reports import HOSTILE, tuned

import luthier


def test_the_twin_has_the_same_sections():
    made = tuned(40).report()
    titles = re.findall(r"^## (.*)$", made.markdown, re.M)
    assert titles == [section.title for section in made.page.sections]


def test_tables_have_as_many_cells_in_each_row():
    lines = tuned(40).report().markdown.split("\n")
    heads = [i for i, line in enumerate(lines) if re.fullmatch(r"\|(---\|)+", line)]
    assert heads
    for i in heads:
        n = lines[i].count("|")
        for row in lines[i - 1 :]:
            if not row.startswith("|"):
                break
            assert len(re.findall(r"(?<!\\)\|", row)) == n


def test_names_make_nothing_of_the_page():
    names = [HOSTILE, "@everybody", "[x](http://a.b)", "#12", "<b>x", "*x*", "_x_", "- x", "1. x"]
    study = luthier.create_study(name="# x", seed=0)
    study.optimize(lambda t: sum(t.suggest_float(n, 0, 1) for n in names), n_trials=8)
    outside = re.sub(r"```python.*?```", "", study.report().markdown, flags=re.S)
    assert "<b>" not in outside
    assert "<script" not in outside
    assert "@everybody" not in outside
    assert "http://" not in outside
    assert not re.search(r"(?<!\\)\[", outside)
    assert not re.search(r"(?<!\\)\*x", outside)
    assert not re.search(r"^#[^# ]", outside, re.M)
    assert outside.count("\n# ") == 0


def test_code_cannot_leave_its_fence():
    study = luthier.create_study(name="```\n# out", seed=0)
    study.optimize(lambda t: len(t.suggest_categorical("````", ["```", "b"])), n_trials=2)
    fences = re.findall(r"^(`{3,})(python)?$", study.report().markdown, re.M)
    assert fences
    for opened, closed in zip(fences[::2], fences[1::2], strict=True):
        assert opened == (closed[0], "python")
        assert closed[1] == ""
