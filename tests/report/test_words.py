"""Sentences of a report say what the records hold."""

from dataclasses import replace

import numpy as np
import pytest

from luthier.analysis import Finding, Importance
from luthier.analysis.model_quality import ModelQuality
from luthier.report.words import list_evidence, say_findings, say_importance, say_quality


def importance(names=("lr", "C", "x"), among=0.1, index="total", note=""):
    k = len(names)
    return Importance(
        method="gp",
        index=index,
        objective="loss",
        names=tuple(names),
        values=np.array([0.61, 0.2, 0.001])[:k],
        low=np.array([0.52, 0.1, 0.0])[:k],
        high=np.array([0.70, 0.3, 0.004])[:k],
        first_order=np.full(k, np.nan),
        p_value=np.full(k, 0.001),
        important=np.array([True, True, False])[:k],
        interactions=(),
        quality=ModelQuality(0.8, 0.9, 100),
        n=100,
        left_out={},
        level=0.9,
        among=among,
        note=note,
    )


BOUND = Finding(
    name="optimum-at-bound",
    severity="advice",
    title="9 of the best 10 values lie at the upper bound of C, 10: the optimum may lie beyond",
    advice="widen it (up to 100) and start from these trials",
    subject="C",
    evidence={"bound": 10.0},
    p=0.003,
    doubt="best trials that lie within",
)


def test_the_summary_in_words():
    assert say_importance(importance(), [BOUND]) == (
        "lr explains 61 % (52 to 70) of what is left among the best tenth, C 20 % (10 to 30). "
        "1 other cannot be told from a parameter without effect. 9 of the best 10 values lie at "
        "the upper bound of C, 10: the optimum may lie beyond. Widen it (up to 100) and start from "
        "these trials."
    )


def test_chance_is_no_importance():
    record = replace(importance(), important=np.zeros(3, dtype=bool))
    said = say_importance(record, [])
    assert said == (
        "From 100 trials no parameter can be told from one without effect, among the best tenth."
    )


def test_what_the_share_is_of():
    assert "of the variance in the whole space" in say_importance(importance(among=None), [])
    assert "lr alone explains" in say_importance(importance(index="first order"), [])


def test_nothing_is_ranked_where_no_model_predicts():
    silent = importance(names=(), note="not enough to say: too few")
    said = say_importance(silent, [])
    assert said == "What matters among the best tenth cannot be said: too few."


def test_the_quality_of_the_model_is_said():
    said = say_quality(importance())
    assert "R2 0.90" in said
    assert "0.80" in said
    assert "90 %" in said


@pytest.mark.parametrize(("n", "words"), [(1, "1 advice"), (2, "2 advice")])
def test_the_worst_finding_is_told(n, words):
    said = say_findings([BOUND] * n)
    assert words in said
    assert "9 of the best 10" in said
    assert "nothing" in say_findings([])


def test_a_finding_has_its_evidence_and_its_doubt():
    advice, evidence = list_evidence(BOUND)
    assert advice.startswith("Widen it")
    assert "bound 10 (p = 0.003)" in evidence
    assert "best trials that lie within" in evidence
