"""Tables of params in CSV."""

import pytest

import luthier
from luthier.errors import SpaceError
from luthier.objectives.table_file import read_table


def test_fields_are_numbers_truth_values_lists_or_text(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(
        '# past bests\nlr,n,flag,shape,word\n1e-3,3,true,"[50, 50]",adam\n,4,false,,\n\n'
    )
    assert read_table(file) == [
        {"lr": 1e-3, "n": 3, "flag": True, "shape": [50, 50], "word": "adam"},
        {"n": 4, "flag": False},
    ]


def test_of_an_exported_study_the_params_are_read(tmp_path):
    from luthier.cli.files import to_csv

    study = luthier.create_study(space={"x": luthier.Float(0, 1), "c": ["a", "b"]}, seed=0)
    study.optimize(lambda trial: trial.params["x"], n_trials=2)
    file = tmp_path / "t.csv"
    file.write_text(to_csv(study))
    assert read_table(file) == [trial.params for trial in study.trials]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs a first line of different names"),
        ("a,b\n", "one line or more of values"),
        ("a,a\n1,2\n", "different names"),
        ("a,b\n1\n", "row 0 of the table .* has 1 fields, and there are 2 names"),
        ('a\n"1\n', "not well-formed"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, message):
    file = tmp_path / "t.csv"
    file.write_text(text)
    with pytest.raises(SpaceError, match=message):
        read_table(file)
    with pytest.raises(SpaceError, match="cannot be read"):
        read_table(tmp_path / "missing.csv")
