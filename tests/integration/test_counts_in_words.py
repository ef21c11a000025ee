"""What people read of a study agrees with its counts, also where there is none or just one."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

import luthier
from luthier import Float, State, TrialRow
from luthier.cli import cli

FIGURES = ("history", "pareto", "timeline", "importance", "edf", "duplicates", "parallel")
KINDS = {
    "complete": {"state": State.COMPLETE, "values": (0.0,)},
    "negative zero": {"state": State.COMPLETE, "values": (-0.0,)},
    "infeasible": {"state": State.COMPLETE, "values": (1.0,), "constraints": {"memory": 1.0}},
    "failed": {"state": State.FAILED, "error": "RuntimeError: lost"},
    "pruned": {"state": State.PRUNED, "values": (1.0,), "reports": ((1.0, 1.0),)},
    "waiting": {"state": State.WAITING},
    "costly": {"state": State.COMPLETE, "values": (2.0,), "cost": 3.0},
}
COMMANDS = [
    "show",
    "show --last 1",
    "best",
    "trials",
    "studies",
    "choose",
    "choose 'value <= 0'",
    "choose --knee",
    "watch --once",
    "diagnose",
    "export -o out.csv",
    "report -o out.md",
    "storage check",
    "storage copy luthier.db copy.db",
    "delete train",
    *(f"plot {figure} -o out.svg" for figure in FIGURES),
]
PLURALS = (
    "trials|workers|reports|runs|points|objectives|rows|studies|parameters|repeats|checkpoints"
    "|configurations|times|steps|failures|lanes|constraints"
)
WRONG = [
    # A plural after one, and "-0" as a number of its own.
    re.compile(rf"(?<![\d.,/:_-])1 (?:[a-z]+ )?(?:{PLURALS})\b"),
    re.compile(r"(?<![\d.,/:_-])1 trial (?:are|have|were|wait|keep|repeat|run)\b"),
    re.compile(r"(?<![\w.])-0(?:\.0)?(?![\w.])"),
    re.compile(r"\bonly 0\b"),
]


def find_wrong(text: str) -> list[str]:
    return [m.group(0) for pattern in WRONG for m in pattern.finditer(text)]


def test_the_sweep_finds_what_is_wrong() -> None:
    assert find_wrong("1 trials; 1 trial are over; best -0; only 0 better, 1 complete trials")
    assert not find_wrong("11 trials, 0.1 trials, 1 trial is over, 2026-01-01, x-0, -0.5, 1:1 runs")


def make(kind: str, n: int, directions: list[str], path) -> luthier.Study:
    fields = KINDS[kind]
    if len(directions) > 1 and "values" in fields:
        fields = {**fields, "values": fields["values"] * 2}
    if len(directions) > 1:
        fields = {name: v for name, v in fields.items() if name != "reports"}
    study = luthier.create_study(
        "train", str(path), space={"x": Float(0, 1)}, objectives=directions, seed=0
    )
    study.add_trials(
        TrialRow(
            number=-1, params={"x": 0.1 + 0.2 * i}, started_s=1e9, finished_s=1e9 + 1, **fields
        )
        for i in range(n)
    )
    return study


@pytest.mark.parametrize(
    "directions", [["minimize"], ["maximize"], ["minimize", "maximize"]], ids=len
)
@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_texts_agree_with_their_counts(kind, n, directions, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = make(kind, n, directions, tmp_path / "luthier.db")
    texts = [repr(study), repr(study.history), str(study.history), *map(repr, study.trials)]
    for line in COMMANDS:
        result = CliRunner().invoke(cli, shlex.split(line), input="n\n")
        assert isinstance(result.exception, SystemExit | None), line
        texts.append(f"{line}: {result.output}")
    pages = [tmp_path / "out.md", tmp_path / "out.svg"]
    texts += [re.sub(r"<[^>]*>", " ", page.read_text()) for page in pages if page.exists()]
    found = {text[:40]: wrong for text in texts if (wrong := find_wrong(text))}
    assert not found
