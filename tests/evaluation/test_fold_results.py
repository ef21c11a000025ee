import json

import numpy as np
import pytest

from luthier.errors import EvaluationError
from luthier.evaluation.fold_results import FoldResults, kept_rows, pack_rows, unpack_rows


def filled():
    results = FoldResults("abc", 4, ("accuracy", "brier"))
    for test, score in (([0, 1], [1.0, 0.1]), ([2, 3], [0.5, 0.3])):
        results.scores.append(score)
        results.fit_s.append(0.5)
        results.predict_s.append(0.1)
        results.n_steps.append(None)
        results.add_rows(np.array(test), np.array([1.0, 0.0]))
    return results


def test_a_checkpoint_holds_all():
    results = filled()
    again = FoldResults.from_checkpoint(results.to_checkpoint())
    assert again.to_checkpoint().keys() == results.to_checkpoint().keys()
    assert again.scores == results.scores
    assert again.rows.tolist() == results.rows.tolist() == [1, 0, 1, 0]
    assert (len(again), again.mean("brier")) == (2, pytest.approx(0.2))


def test_the_tag_is_json_and_has_the_rows_once_all_are_tested():
    results = filled()
    tag = json.loads(json.dumps(results.to_tag(whole=True)))
    assert tag["scores"] == {"accuracy": [1.0, 0.5], "brier": [0.1, 0.3]}
    assert unpack_rows(tag["rows"]).tolist() == [1, 0, 1, 0]
    assert "rows" not in results.to_tag(whole=False)
    assert "n_steps" not in tag
    results.counts[0] = 0
    assert unpack_rows(results.to_tag(whole=True)["rows"]).tolist() == [0, 1, 0]


@pytest.mark.parametrize("n", [1, 7, 1000])
def test_rows_come_back(n):
    rng = np.random.default_rng(n)
    right = rng.integers(0, 2, n).astype(float)
    assert unpack_rows(pack_rows(right)).tolist() == right.tolist()
    losses = rng.exponential(size=n)
    assert unpack_rows(pack_rows(losses)) == pytest.approx(losses, rel=1e-3)


def test_right_and_wrong_takes_a_bit():
    right = np.random.default_rng(0).integers(0, 2, 8000).astype(float)
    assert len(pack_rows(right)) < 1500


@pytest.mark.parametrize(
    "text", ["", "b3", "b3:###", "h9:" + pack_rows(np.zeros(3))[3:], "nonsense"]
)
def test_what_is_no_pack_of_rows_is_refused(text):
    with pytest.raises(EvaluationError, match="expected packed results of rows"):
        unpack_rows(text)


def test_the_kept_rows_are_all_or_a_fixed_part():
    assert kept_rows(10).tolist() == list(range(10))
    assert len(set(kept_rows(20_000))) == 5_000
    assert kept_rows(20_000).tolist() == kept_rows(20_000).tolist()
