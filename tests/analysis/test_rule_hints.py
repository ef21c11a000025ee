"""What people write in rules by habit is answered with what to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.analysis.rule_hints import find_hint
from luthier.analysis.rule_language import parse
from luthier.errors import RuleError


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("accuracy >= 90%", "write a share as a number, 0.9 for 90%"),
        ("accuracy >= 50 %, then largest accuracy", "write a share as a number"),
        ("latency_ms <= 50 ms", "numbers have no unit"),
        ("latency_ms <= 50ms", "numbers have no unit"),
        ("accuracy => 0.9", "write >="),
        ("accuracy =< 0.9", "write <="),
        ("accuracy <> 0.9", "write !="),
        ("max accuracy", "write largest"),
        ("maximise accuracy", "write largest"),
        ("best accuracy", "write largest"),
        ("accuracy > 0.5, then maximize accuracy", "write largest"),
        ("minimize latency_ms subject to accuracy > 0.5", "write smallest"),
        ("smallest latency_ms subject to accuracy > 0.5", "conditions come first"),
        ("model in ['svm', 'rf']", "for one of several values, choose by two rules"),
        ("model not in ('svm', 'rf')", "for one of several values"),
        ("not model == 'svm'", "write != for not equal"),
        ("!model", "write != for not equal"),
        ("accuracy > 0.5 && latency_ms < 90", "write and"),
        ("accuracy > 0.5 | latency_ms < 3", "for either-or, choose by two rules and compare"),
        ("accuracy > 0.5 or latency_ms < 3", "for either-or, choose by two rules and compare"),
        ("size_kb*2 < 3", "a rule does not compute"),
        ("(accuracy) < 3", ""),
        ("model is 'svm'", "write == for equal"),
        ("accuracy between 0.1 and 0.5", "write 0.1 <= accuracy <= 0.5"),
        ("accuracy >= 0,5", "numbers have a point"),
        ("model == 'svm", "it does not end"),
    ],
)
def test_a_habit_is_answered(rule, hint) -> None:
    with pytest.raises(RuleError) as raised:
        parse(rule)
    assert hint in str(raised.value).splitlines()[0]


@given(st.text(), st.integers(0, 50))
def test_any_text_has_a_hint_or_none(text, at) -> None:
    assert isinstance(find_hint(text, min(at, len(text))), str)
