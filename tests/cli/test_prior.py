"""The command prior fit."""

from click.testing import CliRunner

from luthier.cli import cli
from luthier.objectives.space_file import read_space

TABLE = "lr,layers,opt,score\n0.001,3,adam,0.9\n0.003,4,adam,0.8\n0.02,2,sgd,0.85\n"


def call(*args, status=0):
    result = CliRunner().invoke(cli, ["prior", "fit", *map(str, args)], prog_name="luthier")
    assert result.exit_code == status, result.output
    return result


def write(folder, text=TABLE, name="bests.csv"):
    (folder / name).write_text(text)
    return folder / name


def test_it_prints_python_that_makes_the_space(tmp_path):
    code = call(write(tmp_path), "--without", "score").stdout
    names = {}
    exec(code, names)
    assert list(names["space"].params) == ["lr", "layers", "opt"]
    assert names["space"].params["opt"].prior == (2.0, 1.0)


def test_it_prints_a_space_file(tmp_path):
    space = write(tmp_path, "params:\n  lr: {low: 1e-5, high: 1, log: true}\n", "space.yaml")
    result = call(write(tmp_path), "--space", space, "--format", "yaml")
    again = read_space(write(tmp_path, result.stdout, "prior.yaml"))
    assert again.params["lr"].low == 1e-5
    assert 0.001 < again.params["lr"].prior[0] < 0.02
    assert result.stderr == "['layers', 'opt', 'score'] are no parameters of the space\n"


def test_bad_tables_and_names_are_refused(tmp_path):
    assert "cannot be read" in call(tmp_path / "none.csv", status=1).stderr
    assert "has no column 'scores'" in call(write(tmp_path), "--without", "scores", status=1).stderr


def test_names_from_a_table_do_nothing_to_a_terminal(tmp_path):
    table = write(tmp_path, "lr,\x1b[2Jx\n1,\x1b[31mred\n2,b\n")
    assert "\x1b" not in call(table).stdout
