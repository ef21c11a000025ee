"""The same seeds give the same studies as when they were recorded; see `record.py`."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import pytest

from luthier import samplers, schedulers

HERE = Path(__file__).parent
SPEC = importlib.util.spec_from_file_location("recorded_studies", HERE / "record.py")
assert SPEC is not None
assert SPEC.loader is not None
record = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(record)

RECORDED = json.loads(record.FILE.read_text())
STUDIES = record.studies()


def differences(expected: Any, got: Any, where: str = "") -> list[str]:
    """Places where two recordings differ; floats may differ by a relative 1e-9."""
    if isinstance(expected, dict) and isinstance(got, dict):
        if list(expected) != list(got):
            return [f"{where}: names {list(expected)} became {list(got)}"]
        inner = [differences(expected[name], got[name], f"{where}.{name}") for name in expected]
        return [line for lines in inner for line in lines]
    if isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            return [f"{where}: {len(expected)} entries became {len(got)}"]
        pairs = enumerate(zip(expected, got, strict=True))
        return [line for i, pair in pairs for line in differences(*pair, f"{where}[{i}]")]
    if isinstance(expected, float) and isinstance(got, float):
        same = math.isclose(expected, got, rel_tol=1e-9, abs_tol=1e-12)
    else:
        same = type(expected) is type(got) and expected == got
    return [] if same else [f"{where}: {expected!r} became {got!r}"]


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_is_the_one_that_was_recorded(name: str) -> None:
    got = json.loads(json.dumps(STUDIES[name]()))
    found = differences(RECORDED[name], got)
    assert not found, "\n".join(found[:5])


def test_every_sampler_and_scheduler_is_recorded() -> None:
    assert set(RECORDED) == set(STUDIES)
    used = {part.split("-")[0] for name in STUDIES for part in name.split("/")[1:]}
    for room, base in ((samplers, samplers.Sampler), (schedulers, schedulers.Scheduler)):
        public = [getattr(room, name) for name in room.__all__]
        offered = {c.__name__ for c in public if issubclass(c, base) and c is not base}
        assert offered - used <= {"Replay"}, "record these too"  # Replay is recorded as "replayed"
