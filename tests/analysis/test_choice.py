"""Choosing one of several good trials.

Every way, on studies whose answer can be worked out on paper.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import luthier
from luthier import State, TrialRow
from luthier.analysis.choice import Choice
from luthier.analysis.rule_language import parse
from luthier.cli import cli
from luthier.errors import (
    NoCompletedTrialsError,
    NoFeasibleTrialsError,
    NothingFitsError,
    RuleError,
)
from luthier.wording import count_of

AIMS = {"accuracy": "maximize", "latency_ms": "minimize"}


def study(rows, objectives=None, **kwargs) -> luthier.Study:
    """Trials given as (values, what else a TrialRow holds)."""
    made = luthier.create_study(objectives=objectives or AIMS, seed=0, **kwargs)
    made.add_trials(
        TrialRow(number=-1, state=State.COMPLETE, values=values, **more) for values, more in rows
    )
    return made


def plain(values, objectives=None) -> luthier.Study:
    return study([(v, {"params": {"i": i}}) for i, v in enumerate(values)], objectives)


def losses(values) -> luthier.Study:
    """Several objectives a, b, ..., all of them losses."""
    return plain(values, {name: "minimize" for name, _ in zip("abcd", values[0], strict=False)})


def shop() -> luthier.Study:
    """Five models, of which none beats another in both objectives.

    The larger the better and the slower.
    """
    rows = [
        (
            (0.80, 5.0),
            {"params": {"depth": 2, "model": "tree"}, "tags": {"size_mb": 1}, "cost": 1.0},
        ),
        (
            (0.90, 20.0),
            {"params": {"depth": 4, "model": "tree"}, "tags": {"size_mb": 6}, "cost": 2.0},
        ),
        (
            (0.93, 45.0),
            {"params": {"depth": 6, "model": "forest"}, "tags": {"size_mb": 48}, "cost": 9.0},
        ),
        (
            (0.94, 70.0),
            {"params": {"depth": 8, "model": "forest"}, "tags": {"size_mb": 12}, "cost": 9.0},
        ),
        (
            (0.95, 200.0),
            {"params": {"depth": 12, "model": "forest"}, "tags": {"size_mb": 90}, "cost": 30.0},
        ),
    ]
    return study(rows)


# -- by a rule
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "number"),
    [
        ("accuracy >= 0.92 and latency_ms <= 100, then smallest tags.size_mb", 3),
        ("accuracy >= 0.92, latency_ms <= 100, then smallest size_mb", 3),
        ("accuracy >= 0.92 and latency_ms <= 50, then smallest size_mb", 2),
        ("accuracy > 0.93 and latency_ms < 200, then lowest cost", 3),
        ("10 <= latency_ms < 70, then largest accuracy", 2),
        ("70 >= latency_ms >= 10 then highest accuracy", 3),
        ("0.92 <= accuracy, smallest latency_ms", 2),
        ("smallest depth", 0),
        ("Largest params.depth", 4),
        ("model == 'forest', then smallest latency_ms", 2),
        ('"forest" = model AND size_mb < 48, then smallest depth', 3),
        ("model != 'forest' and depth != 2, smallest cost", 1),
        ("latency_ms ≤ 45 and accuracy ≥ 0.9 then largest `latency_ms`", 2),
        ("largest accuracy within 0.02, then smallest size_mb", 3),
        (
            "largest accuracy within 0.02, then smallest size_mb within 36, then smallest "
            "latency_ms",
            2,
        ),
        ("largest accuracy within 1.1 %, then smallest latency_ms", 3),
        ("\n  accuracy >= 0.92\n  and latency_ms <= 50,\n  then smallest size_mb\n", 2),
    ],
)
def test_a_rule_chooses(rule, number) -> None:
    choice = shop().choose(rule)
    assert (choice.number, choice.way) == (number, "rule")
    assert choice.trial.number == number


def test_a_choice_says_what_was_chosen_why_and_what_each_rule_cost() -> None:
    choice = shop().choose("accuracy >= 0.92 and latency_ms <= 50, then smallest size_mb")
    assert choice.values == {"accuracy": 0.93, "latency_ms": 45.0}
    assert choice.params == {"depth": 6, "model": "forest"}
    accuracy, latency = choice.rules
    assert (accuracy.rule, accuracy.n, accuracy.n_excluded, accuracy.n_alone) == (
        "accuracy >= 0.92",
        5,
        2,
        2,
    )
    assert (accuracy.without.number, accuracy.without.values) == (0, {"size_mb": (1.0, 48.0)})
    assert (latency.rule, latency.n_excluded, latency.n_alone) == ("latency_ms <= 50", 2, 2)
    assert (latency.without.number, latency.without.values) == (3, {"size_mb": (12.0, 48.0)})
    assert choice.runner_up is None
    cost = "excludes 2 of 5, 2 of which pass all else; without it"
    assert str(choice).splitlines() == [
        "Trial 2: accuracy=0.93, latency_ms=45",
        "Params: depth=6, model='forest'",
        "Why: 1 of 5 trials may be chosen; 1 of these with the smallest size_mb, 48.",
        f"Rule: accuracy >= 0.92 {cost} (at 0.8) trial 0: size_mb 1 instead of 48.",
        f"Rule: latency_ms <= 50 {cost} (at 70) trial 3: size_mb 12 instead of 48.",
        "Otherwise: nothing else may be chosen.",
    ]
    assert "&gt;= 0.92" in choice._repr_html_()
    assert "<= 50" not in choice._repr_html_()


def test_a_rule_that_excludes_nothing_alone_costs_nothing() -> None:
    choice = shop().choose(
        "accuracy >= 0.92 and depth > 5 and latency_ms > 1, then smallest latency_ms"
    )
    assert [(r.n_excluded, r.n_alone, r.without) for r in choice.rules] == [
        (2, 0, None),
        (2, 0, None),
        (0, 0, None),
    ]
    assert "depth > 5 excludes 2 of 5, none of which pass all else; it costs nothing" in str(choice)
    assert (choice.runner_up.number, choice.runner_up.values) == (3, {"latency_ms": (70.0, 45.0)})


def test_what_a_rule_costs_is_told_for_all_that_is_sought() -> None:
    [rule] = (
        shop()
        .choose("latency_ms <= 50, then largest accuracy within 0.01, then smallest size_mb")
        .rules
    )
    assert rule.without.number == 3
    assert rule.without.values == {"accuracy": (0.94, 0.93), "size_mb": (12.0, 48.0)}
    assert rule.at == 70
    assert str(rule).endswith(
        "without it (at 70) trial 3: accuracy 0.94 instead of 0.93, size_mb 12 instead of 48"
    )


def test_tolerances_include_what_lies_exactly_on_them() -> None:
    for best, tolerance in [
        (0.95, 0.05),
        (0.7, 0.1),
        (0.3, 0.1),
        (1e9, 0.1),
        (1e-6, 1e-7),
        (0.3, 0.3),
    ]:
        chosen = plain([(best, 2.0), (best - tolerance, 1.0)])
        assert (
            chosen.choose(f"largest accuracy within {tolerance}, then smallest latency_ms").number
            == 1
        )
        assert chosen.choose(lexicographic=[("accuracy", tolerance), "latency_ms"]).number == 1


def test_of_equals_it_is_what_no_other_beats_then_the_first() -> None:
    rows = [
        ((0.8, 5.0), {"tags": {"n": 1}}),
        ((0.9, 5.0), {"tags": {"n": 1}}),
        ((0.9, 5.0), {"tags": {"n": 1}}),
    ]
    choice = study(rows).choose("smallest n")
    assert choice.number == 1
    assert choice.runner_up.number == 2
    assert "no different in what is sought" in str(choice)


def test_a_rule_without_an_order_takes_the_best_or_the_knee() -> None:
    assert plain([(3.0,), (1.0,), (2.0,)], {"loss": "minimize"}).choose("loss > 1").number == 2
    assert losses([(0, 1), (0.2, 0.2), (1, 0)]).choose("a <= 1").number == 1
    assert (
        losses([(0, 1), (0.2, 0.2), (0.4, 0.1), (0.5, 0.01), (1, 0)]).choose("a >= 0.2").number == 3
    )


def test_names_that_are_not_plain_and_equal_names() -> None:
    more = {
        "params": {"cost": 3, "top-1": 7, "smallest": 1},
        "tags": {"a b": 2, "cost": 5},
        "cost": 9.0,
    }
    one = study([((0.5, 1.0), {}), ((0.6, 2.0), more)])
    for condition in (
        "cost == 9",
        "params.cost == 3",
        "tags.cost == 5",
        "top-1 == 7",
        "`top-1` == 7",
        "`a b` == 2",
        "`tags.a b` == 2",
        "`smallest` == 1",
    ):
        assert one.choose(f"{condition}, then largest accuracy").number == 1
    both = study(
        [((0.5, 80.0), {"constraints": {"latency_ms": -1.0}, "params": {"i": i}}) for i in range(2)]
    )
    assert both.choose("latency_ms == 80 and constraints.latency_ms == -1, smallest i").number == 0


def test_what_a_trial_does_not_have_satisfies_nothing_and_comes_last() -> None:
    rows = [
        ((0.5, 1.0), {"params": {"kernel": "rbf"}}),
        ((0.6, 2.0), {"params": {"kernel": "poly", "degree": 3}}),
        (
            (0.7, 3.0),
            {"params": {"kernel": "poly", "degree": 2}, "tags": {"ok": True, "note": None}},
        ),
    ]
    chosen = study(rows)
    assert chosen.choose("smallest degree").number == 2
    assert chosen.choose("degree != 2, then smallest latency_ms").number == 1
    assert chosen.choose("degree <= 9, then smallest latency_ms").number == 1
    assert chosen.choose("ok == 'True' and tags.note == 'None', smallest degree").number == 2
    with pytest.raises(
        NothingFitsError, match="none of the 1 that fit has a number for 'degree', which is sought"
    ):
        chosen.choose("kernel == 'rbf', then smallest degree")
    with pytest.raises(
        NothingFitsError, match="none of the 1 that fit so far has a number for 'degree'"
    ):
        chosen.choose("smallest accuracy, then largest degree")
    assert chosen.choose("degree > 0, then smallest accuracy, then largest degree").number == 1
    with pytest.raises(RuleError, match="'ok' holds no numbers, but values like True"):
        chosen.choose("smallest ok")
    with pytest.raises(RuleError, match="'kernel' holds no numbers, but values like 'rbf'"):
        chosen.choose("kernel > 3")


def test_what_has_no_number_is_behind_infinity_and_no_runner_up() -> None:
    told = [({}, {}), ({}, {}), ({"flops": 1}, {"slack": -math.inf})]
    chosen = study(
        [
            ((0.9, 1.0), {"params": p, "constraints": c, "tags": {"i": i}})
            for i, (p, c) in enumerate(told)
        ]
    )
    for rule in (
        "smallest flops",
        "largest flops within 1e308",
        "largest constraints.slack",
        "i > 0, smallest flops",
    ):
        choice = chosen.choose(rule)
        assert (choice.number, choice.runner_up) == (2, None)
        assert all(cost.without is None for cost in choice.rules)


def test_alternatives_without_a_number_are_not_different_in_it() -> None:
    runs = [((v, 1.0), {"params": {"x": x}}) for x in (1, 2) for v in (math.inf, -math.inf)]
    choice = study(runs, {"a": "minimize", "b": "minimize"}).choose("x > 1")
    assert math.isnan(choice.values["a"])
    assert choice.rules[0].without is None
    both = study(runs, {"a": "minimize", "b": "minimize"}).choose(knee=True)
    assert str(both.runner_up) == "trial 2: no different in what is sought"


def test_duration_is_told_by_name() -> None:
    rows = [
        ((0.5, 1.0), {"started_s": 100.0, "finished_s": 100.0 + s, "params": {"i": s}})
        for s in (9, 4, 6)
    ]
    assert study(rows).choose("duration_s > 5, then smallest duration_s").number == 2


# -- rules that cannot be read
# -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "at", "says"),
    [
        ("accuracy >=", 12, "expected a name, a number or text, got the end"),
        ("accuracy >= and latency_ms < 3", 13, "expected a name, a number or text, got 'and'"),
        ("accuracy > 0.9 or latency_ms < 3", 16, "for either-or"),
        ("accuracy > 0.9 latency_ms < 3", 16, "expected 'and', a comma or 'then'"),
        ("accuracy > 0.9,", 16, "got the end"),
        ("accuracy > 0.9 then", 20, "expected smallest or largest after 'then', got the end"),
        (
            "accuracy > 0.9, then latency_ms < 3",
            22,
            "expected smallest or largest after 'then', got 'latency_ms'",
        ),
        ("smallest accuracy, latency_ms < 3", 20, "conditions come before"),
        ("smallest", 9, "expected a name, got the end"),
        ("smallest accuracy within 1e-2 ms", 31, "expected 'and', a comma or 'then', got 'ms'"),
        ("largest accuracy within -1", 25, "expected a number >= 0 after 'within'"),
        ("largest accuracy within", 24, "expected a number >= 0 after 'within', got the end"),
        ("latency_ms < 50ms", 14, "cannot read '50ms'; numbers have no unit"),
        ("latency_ms < 5 and model == 'a", 29, 'cannot read "\'"; it does not end'),
        ("latency_ms ! 5", 12, "cannot read '!'"),
        ("latency_ms < 1e999", 14, "the number 1e999 is too large"),
        ("__import__('os').system('x') < 1", 11, "cannot read '('"),
        ("accuracy < latency_ms", 1, "got 'accuracy < latency_ms'; text stands in quotes"),
        ("1 < 2", 1, "one name and a number or text"),
        ("accuracy < 1 < latency_ms", 1, "a number, a name and a number"),
        ("0 < accuracy > 1", 1, "both signs of a chain point the same way"),
        ("0 != accuracy != 1", 1, "both signs of a chain point the same way"),
        ("depth == 2 and model < 'forest'", 16, "text is compared by == and !="),
        (
            "acuracy > 0.5",
            1,
            "unknown name 'acuracy'; did you mean 'accuracy'? there are accuracy, latency_ms",
        ),
        ("depth > 2, then smallest sizemb", 26, "did you mean 'size_mb'?"),
        (
            "depth > 99, then smallest nonsense",
            27,
            "unknown name 'nonsense'; there are accuracy, latency_ms, cost",
        ),
    ],
)
def test_a_rule_that_cannot_be_read_is_pointed_to(rule, at, says) -> None:
    with pytest.raises(RuleError) as caught:
        shop().choose(rule)
    message = str(caught.value)
    assert says in message
    assert f"at character {at} of the rule" in message
    assert message.splitlines()[-1] == " " * (at + 1) + "^"


@pytest.mark.parametrize("rule", ["", "  ", 3, ["a"], "x < 1 and " * 300])
def test_what_is_no_rule(rule) -> None:
    with pytest.raises(RuleError, match=r"a rule (is text|has at most 2,000 characters)"):
        shop().choose(rule)


@settings(max_examples=200)
@given(st.text(alphabet="ab1.5<=>!,%'`\" \n()and then smallest within", max_size=40))
def test_any_text_is_read_or_refused(text) -> None:
    try:
        rule = parse(text)
    except RuleError:
        return
    again = parse(rule.text)
    assert again == rule
    assert again.conditions or again.orders
    assert all(c.text in rule.text for c in [*rule.conditions, *rule.orders])


# -- by weights, an aspiration, the knee, one after another
# ------------------------------------------------------------


def test_weights_are_of_objectives_scaled_over_the_front() -> None:
    chosen = losses(
        [(0, 10), (2, 4), (5, 2), (10, 0), (10, 10), (1000, 1000)]
    )  # the last two are beaten
    # scaled: (0, 1), (.2, .4), (.5, .2), (1, 0)
    assert chosen.choose(weights={"a": 1, "b": 1}).number == 1  # .5, .3, .35, .5
    assert chosen.choose(weights={"a": 1, "b": 3}).number == 3  # .75, .35, .275, .25
    assert chosen.choose(weights={"a": 1, "b": 2}).number == 2  # .67, .33, .3, .33
    assert (
        chosen.choose(weights={"a": 2, "b": 4}).number == 2
    )  # only what they are to each other counts
    assert chosen.choose(weights={"b": 0.1}).number == 3
    assert "0.5 * 0.2 (a) + 0.5 * 0.4 (b) = 0.3" in chosen.choose(weights={"a": 1, "b": 1}).why
    assert chosen.choose(weights={"a": 5e-324, "b": 1e308}).number == 3


def test_weights_do_not_depend_on_units_and_directions() -> None:
    values = np.array([(0, 10), (2, 4), (5, 2), (10, 0)], dtype=float)
    mirrored = plain(list(map(tuple, np.c_[-1000 * values[:, 0], values[:, 1] / 60])))
    for weights in ((1, 1), (1, 2), (1, 3), (5, 1)):
        by_loss = losses(values.tolist()).choose(weights=dict(zip("ab", weights, strict=True)))
        assert (
            mirrored.choose(weights=dict(zip(AIMS, weights, strict=True))).number == by_loss.number
        )


def test_an_aspiration_is_come_close_to_even_in_a_dent_of_the_front() -> None:
    chosen = losses([(0, 10), (6, 6), (10, 0)])
    assert chosen.choose(aspiration={"a": 5, "b": 5}).number == 1
    assert chosen.choose(aspiration={"a": 10, "b": 1}).number == 2
    assert {chosen.choose(weights={"a": w, "b": 10 - w}).number for w in range(11)} == {0, 2}
    choice = chosen.choose(aspiration={"a": 5, "b": 7})
    assert "a 5 is missed by 1, b 7 is reached" in choice.why


def test_an_aspiration_that_can_be_exceeded_is_exceeded() -> None:
    # the front is scaled by 10 in both; the largest of (a - 8, b - 8) / 10 is -.2 for (6, 1) and
    # -.4 for (4, 4)
    assert (
        losses([(0, 10), (6, 1), (4, 4), (10, 0)]).choose(aspiration={"a": 8, "b": 8}).number == 2
    )


def test_an_aspiration_counts_only_what_it_names() -> None:
    chosen = losses([(0, 10, 3), (5, 5, 0), (10, 0, 7)])
    assert chosen.choose(aspiration={"a": 9}).number == 0
    assert chosen.choose(aspiration={"b": -100, "c": 7}).number == 2
    assert losses([(0, 10, 3), (5, 5, 3), (10, 0, 3)]).choose(aspiration={"c": 1}).number == 0


def test_equal_worst_objectives_are_decided_by_the_others() -> None:
    # scaled distances to (0, 5, 5): (.5, .4, 0), (.5, -.4, .4), (0, .5, .5), (1, -.5, -.5)
    assert (
        losses([(5, 9, 5), (5, 1, 9), (0, 10, 10), (10, 0, 0)])
        .choose(aspiration={"a": 0, "b": 5, "c": 5})
        .number
        == 1
    )


@pytest.mark.parametrize("n", [5, 20, 101])
def test_the_knee_of_a_hyperbola_is_where_its_slope_is_that_of_the_chord(n) -> None:
    x = np.geomspace(0.1, 10, n)  # y = 1/x has slope -1, that of the chord, at x = 1
    assert x[n // 2] == pytest.approx(1) or n % 2 == 0
    choice = losses(np.c_[x, 1 / x].tolist()).choose(knee=True)
    assert choice.values["a"] == pytest.approx(x[np.argmin(x + 1 / x)])
    scaled = losses(np.c_[1e6 * x, 1e-3 / x].tolist()).choose(knee=True)
    assert scaled.number == choice.number
    assert f"through the extremes, trials 0 and {n - 1}" in choice.why


def test_the_knee_of_three_objectives() -> None:
    corners = [(0, 1, 1), (1, 0, 1), (1, 1, 0)]  # in the plane a + b + c = 2
    assert losses([*corners, (0.5, 0.5, 0.6), (0.4, 0.5, 0.5)]).choose(knee=True).number == 4
    axes = [(0, 0, 1), (0, 1, 0), (1, 0, 0)]  # in the plane a + b + c = 1
    assert (
        losses([*axes, (0.4, 0.4, 0.4), (0.3, 0.3, 0.3), (0.05, 0.5, 0.3)]).choose(knee=True).number
        == 5
    )
    assert (
        "0.0866 before" in losses([*axes, (0.05, 0.5, 0.3)]).choose(knee=True).why
    )  # 0.15 / sqrt(3)


def test_a_front_without_a_knee() -> None:
    bulge = losses([(0, 1), (0.8, 0.8), (1, 0), (0.7, 0.9)])
    assert bulge.choose(knee=True).number == 0
    assert "there is no knee" in bulge.choose(knee=True).why
    assert losses([(3, 4), (4, 3)]).choose(knee=True).number == 0
    assert losses([(3, 4), (4, 4)]).choose(knee=True).number == 0
    assert losses([(0, 1, 5), (0.2, 0.3, 5), (1, 0, 5)]).choose(knee=True).number == 1


def test_one_after_another_with_tolerances() -> None:
    chosen = study(
        [
            ((0.950, 200.0, 90.0), {}),
            ((0.945, 70.0, 12.0), {}),
            ((0.942, 72.0, 6.0), {}),
            ((0.930, 45.0, 48.0), {}),
        ],
        {**AIMS, "size": "minimize"},
    )
    assert chosen.choose(lexicographic=["accuracy", "size"]).number == 0
    assert chosen.choose(lexicographic=[("accuracy", 0.01), ("latency_ms", 0), "size"]).number == 1
    assert chosen.choose(lexicographic=[("accuracy", 0.01), ("latency_ms", 5), "size"]).number == 2
    assert chosen.choose(lexicographic=[("accuracy", 0.02), "latency_ms"]).number == 3
    assert chosen.choose(lexicographic=["latency_ms"]).number == 3
    choice = chosen.choose(lexicographic=[("accuracy", 0.01), ("latency_ms", 5), "size"])
    assert (
        "3 of these within 0.01 of the largest accuracy, 0.95, 2 of these within 5 of the smallest"
        in choice.why
    )


@pytest.mark.parametrize(
    ("ways", "says"),
    [
        (
            {},
            r"5 of 5 trials are beaten by no other in all of accuracy, latency_ms; choose by a "
            r"rule \('accuracy",
        ),
        ({"rule": "smallest cost", "knee": True}, "takes one way, got rule and knee"),
        ({"weights": {"accuracy": 1}, "aspiration": {"accuracy": 1}}, "got weights and aspiration"),
        (
            {"weights": {"acc": 1}},
            "weights: unknown objective 'acc'; there are accuracy, latency_ms",
        ),
        ({"weights": {"latency": 1}}, "did you mean 'latency_ms'"),
        (
            {"weights": {"accuracy": -1, "latency_ms": 2}},
            "weights are numbers >= 0, not all of them 0",
        ),
        ({"weights": {"accuracy": 0}}, "not all of them 0"),
        ({"weights": {"accuracy": math.nan}}, "expected a finite number for 'accuracy', got nan"),
        ({"weights": {"accuracy": math.inf}}, "expected a finite number"),
        ({"weights": {"accuracy": "much"}}, "expected a finite number for 'accuracy', got 'much'"),
        ({"weights": {"accuracy": True}}, "expected a finite number"),
        ({"weights": [0.5, 0.5]}, "weights is a dict of objective to number"),
        ({"weights": {}}, "weights is a dict"),
        ({"aspiration": {"size": 1}}, "aspiration: unknown objective 'size'"),
        ({"aspiration": {"accuracy": math.nan}}, "expected a finite number"),
        ({"aspiration": {}}, "aspiration is a dict"),
        ({"lexicographic": "accuracy"}, "lexicographic is a list"),
        ({"lexicographic": []}, "lexicographic is a list"),
        ({"lexicographic": ["acc"]}, "unknown objective 'acc'"),
        (
            {"lexicographic": [("accuracy", -0.1)]},
            "expected a tolerance >= 0 for 'accuracy', got -0.1",
        ),
        ({"lexicographic": [("accuracy", math.nan)]}, "expected a tolerance"),
        ({"lexicographic": [("accuracy", 1, 2)]}, "unknown objective"),
        ({"lexicographic": [3]}, "unknown objective 3"),
    ],
)
def test_a_way_that_cannot_be_used(ways, says) -> None:
    with pytest.raises(RuleError, match=says):
        shop().choose(**ways)


def test_the_command_names_its_options(tmp_path) -> None:
    path = str(tmp_path / "s.db")
    made = luthier.create_study("s", path, objectives=AIMS, seed=0)
    made.add_trials(shop().trials)
    for args in ([], ["--knee", "--weight", "accuracy=1"]):
        found = CliRunner().invoke(cli, ["choose", "s", "--storage", path, *args])
        assert found.exit_code == 2
        assert "--weight, --aspiration, --knee or --lexicographic" in found.stderr
        assert "knee=True" not in found.stderr
    assert CliRunner().invoke(cli, ["choose", "s", "--storage", path, "--knee"]).exit_code == 0


def test_no_way_is_needed_where_one_is_best() -> None:
    one = plain([(0.9, 5.0), (0.8, 6.0), (0.9, 5.0)])
    assert (one.choose().number, one.choose().way) == (0, "best")
    single = plain([(3.0,), (1.0,), (2.0,)], {"loss": "minimize"})
    assert single.choose().number == 1
    assert single.choose().runner_up.values == {"loss": (2.0, 1.0)}
    assert "the smallest loss, 1" in single.choose().why


def test_studies_with_one_objective_can_be_chosen_from_in_every_way() -> None:
    rows = [
        ((0.4,), {"params": {"depth": 1}}),
        ((0.3,), {"params": {"depth": 2}}),
        ((0.1,), {"params": {"depth": 9}}),
    ]
    single = study(rows, {"loss": "minimize"})
    assert single.choose("loss <= 0.3, then smallest params.depth").number == 1
    for ways in (
        {"weights": {"loss": 1}},
        {"aspiration": {"loss": 0}},
        {"knee": True},
        {"lexicographic": ["loss"]},
    ):
        assert single.choose(**ways).number == 2
    unnamed = luthier.create_study(direction="maximize", seed=0)
    unnamed.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=5)
    assert unnamed.choose("value < 2").number == unnamed.best_trial.number


# -- what may be chosen
# ------------------------------------------------------------------------------------------------


def test_only_complete_feasible_trials_are_chosen() -> None:
    chosen = study(
        [
            ((0.99, 1.0), {"params": {"i": 0}, "constraints": {"memory": 3.0, "power": 1.0}}),
            ((0.95, 2.0), {"params": {"i": 1}, "constraints": {"memory": 2.0, "power": -1.0}}),
            ((0.90, 3.0), {"params": {"i": 2}, "constraints": {"memory": 0.0, "power": -1.0}}),
            ((0.85, 4.0), {"params": {"i": 3}}),
        ]
    )
    chosen.add_trials(
        [TrialRow(number=-1, state=State.FAILED), TrialRow(number=-1, state=State.PRUNED)]
    )
    choice = chosen.choose("largest accuracy")
    assert choice.number == 2
    memory, power = choice.rules
    assert (memory.rule, memory.n, memory.n_excluded, memory.n_alone) == (
        "constraint memory <= 0",
        4,
        2,
        1,
    )
    assert memory.without.values == {"accuracy": (0.95, 0.90)}
    assert (power.n_excluded, power.n_alone, power.without) == (1, 0, None)
    assert chosen.choose().number == 2
    assert chosen.choose(knee=True).number == 2


@pytest.mark.parametrize(("catch_as", "x"), [("failed", 3), ("infeasible", 2)])
def test_what_crashed_once_is_not_chosen_where_that_counts_as_infeasible(catch_as, x) -> None:
    def objective(trial):
        if trial.params["x"] == 3 and trial.number > 2:
            raise MemoryError
        return float(trial.params["x"])

    made = luthier.create_study(
        objectives={"gain": "maximize"},
        space={"x": [1, 2, 3]},
        sampler="random",
        seed=0,
        catch_as=catch_as,
    )
    for value in (1, 2, 3, 3):
        made.enqueue({"x": value})
    made.optimize(objective, n_trials=4, catch=MemoryError)
    assert [t.state for t in made.trials] == [State.COMPLETE] * 3 + [State.FAILED]
    choice = made.choose("largest gain")
    assert choice.params == {"x": x}
    assert [rule.rule for rule in choice.rules] == ["constraint crash <= 0"] * (
        catch_as == "infeasible"
    )


def test_nothing_complete() -> None:
    empty = luthier.create_study(objectives=AIMS, seed=0)
    for ways in ({"rule": "smallest x"}, {"knee": True}, {}):
        with pytest.raises(NoCompletedTrialsError, match="no trial is complete yet"):
            empty.choose(**ways)


def test_no_feasible_trial_says_which_constraint_excludes_most() -> None:
    chosen = study(
        [
            ((0.9, 1.0), {"params": {"i": 0}, "constraints": {"memory": 5.0, "power": 1.0}}),
            ((0.9, 2.0), {"params": {"i": 1}, "constraints": {"memory": 1.0, "power": -1.0}}),
            ((0.9, 3.0), {"params": {"i": 2}, "constraints": {"memory": 10.0, "power": -1.0}}),
        ]
    )
    with pytest.raises(NoFeasibleTrialsError) as caught:
        chosen.choose("smallest i")
    assert str(caught.value).splitlines() == [
        "none of 3 trials is feasible",
        "  constraint memory <= 0: 0 of 3 pass, the closest has 1",
        "  constraint power <= 0: 2 of 3 pass",
        "  nothing satisfies constraint memory <= 0",
        "  nearest is trial 1, which misses constraint memory <= 0 (it has 1, 1 off)",
    ]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            "accuracy >= 0.97 and latency_ms <= 100, then smallest cost",
            [
                "accuracy >= 0.97: 0 of 5 pass, the closest has 0.95",
                "latency_ms <= 100: 4 of 5 pass",
                "nothing satisfies accuracy >= 0.97",
                "nearest is trial 3, which misses accuracy >= 0.97 (it has 0.94, 0.03 off)",
            ],
        ),
        (
            "accuracy >= 0.92 and model == 'tree' and depth > 1",
            [
                "accuracy >= 0.92: 3 of 5 pass",
                "model == 'tree': 2 of 5 pass",
                "depth > 1: 5 of 5 pass",
                "nothing satisfies accuracy >= 0.92 and model == 'tree' together",
                "nearest is trial 1, which misses accuracy >= 0.92 (it has 0.9, 0.02 off)",
            ],
        ),
        (
            "latency_ms <= 50 and size_mb >= 6 and depth != 4 and cost < 9",
            [
                "latency_ms <= 50: 3 of 5 pass",
                "size_mb >= 6: 4 of 5 pass",
                "depth != 4: 4 of 5 pass",
                "cost < 9: 2 of 5 pass",
                "nothing satisfies size_mb >= 6 and depth != 4 and cost < 9 together",
                "nearest is trial 1, which misses depth != 4 (it has 4)",
            ],
        ),
        (
            "model == 'svm'",
            [
                "model == 'svm': 0 of 5 pass",
                "nothing satisfies model == 'svm'",
                "nearest is trial 0, which misses model == 'svm' (it has 'tree')",
            ],
        ),
    ],
)
def test_when_nothing_fits_the_rules_to_blame_are_named(rule, says) -> None:
    with pytest.raises(NothingFitsError) as caught:
        shop().choose(rule)
    head, *lines = str(caught.value).splitlines()
    assert head == f"none of 5 trials satisfies {rule!r}"
    assert [line.strip() for line in lines] == says


def test_a_constraint_may_be_to_blame_that_nothing_fits() -> None:
    chosen = study(
        [
            ((0.9, 1.0), {"params": {"i": 0}, "constraints": {"memory": 5.0}}),
            ((0.8, 2.0), {"params": {"i": 1}, "constraints": {"memory": -5.0}}),
        ]
    )
    with pytest.raises(
        NothingFitsError,
        match=r"nothing satisfies constraint memory <= 0 and accuracy > 0.8 together",
    ):
        chosen.choose("accuracy > 0.8")


def test_runs_of_one_configuration_count_as_one() -> None:
    lucky = {"params": {"x": 0.1}, "constraints": {"memory": -1.0}, "tags": {"size": 3.0}}
    steady = {"params": {"x": 0.2}, "tags": {"size": 2.0}}
    again = {
        "params": {"x": 0.1},
        "constraints": {"memory": -3.0},
        "tags": {"size": 4.0, "confirms": 0, "repeat": 0},
    }
    chosen = study(
        [
            ((0.97, 10.0), lucky),
            ((0.95, 10.0), steady),
            ((0.91, 10.0), again),
            ((0.95, 10.0), steady),
        ]
    )
    choice = chosen.choose("largest accuracy")
    assert (choice.number, choice.numbers) == (1, (1, 3))
    assert (choice.values["accuracy"], choice.runner_up.values["accuracy"][0]) == (
        0.95,
        pytest.approx(0.94),
    )
    assert "(mean of 2 runs)" in str(choice)
    assert "2 of 2 configurations may be chosen" in choice.why
    assert chosen.choose("accuracy < 0.945 and size == 3.5 and memory == -1").numbers == (0, 2)


@pytest.mark.parametrize(
    "told",
    [
        [-10.0, 2.0],
        [2.0, -10.0],
        [-math.inf, math.inf],
        [-1.0, None, 0.5],
    ],
)
def test_one_run_that_breaks_a_constraint_excludes_its_configuration(told) -> None:
    runs = [(0.1, c) for c in told] + [(0.2, -1.0), (0.2, 0.0), (0.2, None)]
    chosen = study(
        [
            ((0.9, x), {"params": {"x": x}, "constraints": {} if c is None else {"memory": c}})
            for x, c in runs
        ]
    )
    for ways in ({"rule": "smallest x"}, {"knee": True}, {}):
        choice = chosen.choose(**ways)
        assert choice.params == {"x": 0.2}
        assert choice.trial.feasible
    [rule] = choice.rules
    assert rule.at == max(c for c in told if c is not None)
    assert chosen.choose("memory >= 0, smallest x").params == {"x": 0.2}


def test_runs_that_came_to_no_end_can_break_a_constraint_too() -> None:
    rows = [((0.9, x), {"params": {"x": x}, "constraints": {"memory": -1.0}}) for x in range(5)]
    chosen = study(rows)
    chosen.add_trials(
        [
            TrialRow(
                number=-1, state=State.FAILED, params={"x": 0}, constraints={"memory": math.nan}
            ),
            TrialRow(number=-1, state=State.FAILED, params={"x": 1}, constraints={"memory": 5.0}),
            TrialRow(number=-1, state=State.PRUNED, params={"x": 2}, constraints={"memory": 0.1}),
            TrialRow(number=-1, state=State.FAILED, params={"x": 3}, constraints={"memory": -0.1}),
            TrialRow(number=-1, state=State.FAILED, params={"x": 9}, constraints={"memory": 5.0}),
        ]
    )
    choice = chosen.choose("smallest x")
    assert (choice.number, choice.numbers, choice.rules[0].n_excluded) == (3, (3,), 3)


def test_what_confirm_finds_to_break_a_constraint_is_not_chosen() -> None:
    def objective(trial):
        x = trial.suggest_int("x", 1, 4)
        trial.set_constraint("memory", 1.0 if x == 1 and trial.tags.get("repeat") == 1 else -1.0)
        return float(x)

    made = luthier.create_study(seed=0, sampler="grid")
    made.optimize(objective, n_trials=4)
    assert made.choose().params == {"x": 1}
    made.confirm(k=1, repeats=3)
    assert made.choose().params == {"x": 2}


def test_repeats_of_confirm_are_taken_in_and_never_chosen() -> None:
    made = luthier.create_study(seed=0, sampler="random")
    made.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.rng.normal(), n_trials=8)
    made.confirm(k=2, repeats=3)
    choice = made.choose("smallest value")
    assert choice.trial.confirms is None
    means = {}
    for row in made.trials:
        means.setdefault(row.params["x"], []).append(row.value)
    assert choice.values["value"] == pytest.approx(min(map(np.mean, means.values())))


def test_trials_without_params_stand_for_themselves() -> None:
    assert study([((0.8, 2.0), {}), ((0.9, 1.0), {})]).choose("largest accuracy").numbers == (1,)


def test_infinite_values_are_behind_all_others() -> None:
    chosen = losses([(math.inf, 0), (1, 3), (2, 2.5), (4, 1), (-math.inf, 9)])
    assert chosen.choose(weights={"b": 1}).number == 3
    assert chosen.choose(aspiration={"a": 1, "b": 3}).number == 1
    assert chosen.choose(knee=True).number in (1, 2, 3)
    assert chosen.choose("smallest b").number == 0
    assert chosen.choose("smallest a within 10 %, then smallest b").number == 4
    assert losses([(math.inf, 0), (math.inf, 1)]).choose(weights={"a": 1, "b": 1}).number == 0
    assert losses([(-math.inf, 0), (0, -math.inf)]).choose(knee=True).number in (0, 1)


def test_numbers_at_the_end_of_the_range() -> None:
    values = [(1.0, 2.0), (-math.inf, 3.0), (math.inf, 9.0), (1e308, 1.0), (-1e308, 0.5)]
    chosen = plain(values, {"a": "minimize", "b": "maximize"})
    assert chosen.choose("a > -1e308, then smallest a within 1e308, then largest b").number == 0
    assert chosen.choose("smallest a within 5 %, then largest b").number == 1
    assert chosen.choose("largest a within 3").number == 2
    for ways in ({"weights": {"a": 1}}, {"aspiration": {"a": 1e308, "b": -1e308}}, {"knee": True}):
        choice = chosen.choose(**ways)
        assert choice.number == 1, "it beats all that are finite, and 2 is behind"
        assert "none that is finite is better in any objective" in choice.why


def test_what_an_infinite_trial_beats_is_not_on_the_front() -> None:
    chosen = losses([(-math.inf, 2), (1, 3), (2, 1), (0, 5), (3, 0)])  # the first beats 1 and 3
    for ways in ({"weights": {"a": 1}}, {"aspiration": {"a": 0, "b": 9}}):
        choice = chosen.choose(**ways)
        assert choice.number == 2
        assert choice.number in {row.number for row in chosen.best_trials}
    assert chosen.choose(knee=True).number in (2, 4)


def test_a_choice_can_be_stored() -> None:
    choice = shop().choose("accuracy >= 0.92, then smallest size_mb")
    assert msgspec.json.decode(msgspec.json.encode(choice), type=Choice) == choice


# -- against brute force
# -----------------------------------------------------------------------------------------------

COARSE = st.integers(0, 6)
TRIALS = st.lists(st.tuples(COARSE, COARSE, COARSE, COARSE), min_size=1, max_size=15)
HOLDS = {
    "<=": lambda x, y: x <= y,
    ">=": lambda x, y: x >= y,
    "<": lambda x, y: x < y,
    ">": lambda x, y: x > y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}
NAMES = ["accuracy", "latency_ms", "depth", "size"]
CONDITION = st.tuples(st.sampled_from(NAMES), st.sampled_from(list(HOLDS)), COARSE)
ORDER = st.tuples(st.sampled_from(NAMES), st.booleans(), st.integers(0, 2))


def coarse(trials, **more) -> luthier.Study:
    rows = [
        ((a, b), {"params": {"depth": c, "i": i}, "tags": {"size": d}})
        for i, (a, b, c, d) in enumerate(trials)
    ]
    return study(rows, **more)


@settings(max_examples=150)
@given(TRIALS, st.lists(CONDITION, max_size=3), st.lists(ORDER, min_size=1, max_size=3))
def test_what_a_rule_chooses_satisfies_it_and_is_the_best_that_does(
    trials, conditions, orders
) -> None:
    rule = " and ".join(f"{name} {sign} {bound}" for name, sign, bound in conditions)
    order = ", then ".join(
        f"{'largest' if up else 'smallest'} {name} within {w}" for name, up, w in orders
    )
    rows = [dict(zip(NAMES, t, strict=True)) for t in trials]
    left = [
        i
        for i, row in enumerate(rows)
        if all(HOLDS[sign](row[name], bound) for name, sign, bound in conditions)
    ]
    n_left = len(left)
    chosen = coarse(trials)
    rule = f"{rule}, then {order}" if rule else order
    if not left:
        with pytest.raises(NothingFitsError):
            chosen.choose(rule)
        return
    for name, up, within in orders:
        sign = -1 if up else 1
        best = min(sign * rows[i][name] for i in left)
        left = [i for i in left if sign * rows[i][name] <= best + within]

    def beaten(i):
        mine = (-rows[i]["accuracy"], rows[i]["latency_ms"])
        others = [(-rows[j]["accuracy"], rows[j]["latency_ms"]) for j in left]
        return any(o != mine and o[0] <= mine[0] and o[1] <= mine[1] for o in others)

    choice = chosen.choose(rule)
    assert choice.number == min(i for i in left if not beaten(i))
    assert all(HOLDS[sign](rows[choice.number][name], bound) for name, sign, bound in conditions)
    assert choice.why.startswith(f"{n_left} of {count_of(len(trials), 'trial')} may be chosen")
    for told, (name, sign, bound) in zip(choice.rules, conditions, strict=True):
        assert told.n_excluded == sum(not HOLDS[sign](row[name], bound) for row in rows)
        assert told.n_alone <= told.n_excluded


@settings(max_examples=80)
@given(TRIALS, st.tuples(COARSE, COARSE).filter(any), st.tuples(COARSE, COARSE))
def test_what_other_ways_choose_is_beaten_by_none(trials, weights, aspiration) -> None:
    chosen = coarse(trials)
    front = {row.number for row in chosen.best_trials}
    for ways in (
        {"weights": dict(zip(AIMS, weights, strict=True))},
        {"aspiration": dict(zip(AIMS, aspiration, strict=True))},
        {"knee": True},
        {"lexicographic": ["accuracy", "latency_ms"]},
        {"lexicographic": [("latency_ms", 2), "accuracy"]},
    ):
        assert chosen.choose(**ways).number in front


def test_a_name_of_two_things_is_refused_and_a_prefix_says_which() -> None:
    """A limit and what is limited, by one name."""
    limited = study(
        [
            ((i / 10, 0.0), {"constraints": {"size": 100.0 * i - 600}, "tags": {"size": 100 * i}})
            for i in range(1, 8)
        ]
    )
    with pytest.raises(RuleError, match=r"write constraints\.size or tags\.size"):
        limited.choose("size <= 300, then largest accuracy")
    with pytest.raises(RuleError, match="'size' stands for 2 things"):
        limited.choose("largest accuracy, then smallest size")
    assert limited.choose("tags.size <= 300, then largest accuracy").number == 2
    assert limited.choose("constraints.size <= -500, then largest accuracy").number == 0


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"params": {"n": 1}}, {"tags": {"n": 2}}, r"params\.n or tags\.n"),
        ({"constraints": {"n": -1.0}}, {"params": {"n": 2}}, r"constraints\.n or params\.n"),
        ({"constraints": {"cost": -1.0}}, {"cost": 2.0}, r"constraints\.cost or trial\.cost"),
    ],
)
def test_any_two_things_of_one_name_are_told_apart(first, second, said) -> None:
    both = study([((0.5, 1.0), first | second)])
    name = said.split(".")[1].split(" ")[0].rstrip("\\")
    with pytest.raises(RuleError, match=said):
        both.choose(f"smallest {name}")
    for full in said.replace("\\", "").split(" or "):
        assert both.choose(f"smallest {full}").number == 0


def test_a_tag_that_repeats_a_param_is_the_same_thing() -> None:
    same = study([((0.5, 1.0), {"params": {"n": i}, "tags": {"n": i}}) for i in (3, 2)])
    assert same.choose("smallest n").number == 1
