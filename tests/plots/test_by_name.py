import inspect
import re

import numpy as np
import pytest
from click.testing import CliRunner

import luthier
from luthier import plots
from luthier.cli import cli
from luthier.cli.plot import OF_SEVERAL
from luthier.cli.plot import plot as plot_command
from luthier.errors import TooFewResultsError, UnknownNameError
from luthier.plots.by_name import find_figure, list_figures
from luthier.plots.optuna_names import OPTUNA_NAMES


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = luthier.create_study(name="train", storage="sqlite:///luthier.db", seed=0)
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("n", 1, 3), n_trials=12)
    return study


def test_a_study_plots_by_name(study):
    figure = study.plot("history", backend="svg", log=False)
    assert figure.svg == plots.history(study, backend="svg", log=False).svg


@pytest.mark.parametrize("name", ["history", "plot_optimization_history", "Optimization-History"])
def test_names_of_optuna_are_understood(name):
    assert find_figure(name) == "history"


def test_functions_of_optuna_are_found():
    from luthier.plots import plot_slice

    assert plot_slice is plots.slices
    with pytest.raises(AttributeError, match="it has"):
        plots.plot_nothing


@pytest.mark.parametrize("name", OPTUNA_NAMES)
def test_every_name_of_optuna_leads_to_a_figure(name):
    assert find_figure(name) in list_figures()
    assert getattr(plots, name) is getattr(plots, OPTUNA_NAMES[name])


def test_an_unknown_figure_is_refused_with_a_hint(study):
    with pytest.raises(UnknownNameError, match="did you mean 'history'"):
        study.plot("histroy")


def test_a_study_without_results_says_so():
    with pytest.raises(TooFewResultsError):
        luthier.create_study().plot("history")


def call(*args, status=0):
    result = CliRunner().invoke(cli, [*map(str, args)], prog_name="luthier")
    assert result.exit_code == status, (result.output, result.exception)
    return result


@pytest.mark.parametrize(
    ("ending", "begin"),
    [("svg", b"<?xml"), ("html", b"<!doctype html>"), ("png", b"\x89PNG"), ("pdf", b"%PDF")],
)
def test_a_command_draws_files(study, tmp_path, ending, begin):
    call("plot", "slices", "train", "--param", "x", "--output", f"slices.{ending}")
    assert (tmp_path / f"slices.{ending}").read_bytes().startswith(begin)


def test_the_only_study_is_drawn_where_none_is_named(study, tmp_path):
    call("plot", "history", "--by", "time", "-o", "h.svg", "--theme", "dark", "--log")
    assert "time since the start" in (tmp_path / "h.svg").read_text()


def test_the_model_and_the_params_of_a_figure_are_chosen(study, tmp_path):
    call("plot", "importance", "--method", "ped", "-o", "i.svg")
    assert "(ped)" in (tmp_path / "i.svg").read_text()
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("n", 1, 3), n_trials=20)
    call("plot", "contour", "--x", "n", "--y", "x", "-o", "c.svg")
    assert (tmp_path / "c.svg").exists()


@pytest.mark.parametrize("figure", sorted(OF_SEVERAL - {"attainment"}))
def test_several_studies_are_drawn_together(study, tmp_path, figure):
    other = luthier.create_study(name="other", storage="sqlite:///luthier.db", seed=1)
    other.optimize(lambda t: t.suggest_float("x", 0, 1) + 1, n_trials=8)
    call("plot", figure, "train", "other", "-o", "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert ">train<" in text
    assert ">other<" in text


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["histroy", "-o", "a.svg"], 1, "did you mean 'history'"),
        (["history", "-o", "a.gif"], 2, "expected a file that ends in .svg, .html, .png, .pdf"),
        (["timeline", "--param", "x", "-o", "a.svg"], 2, "timeline has no --param"),
        (["slices", "--param", "y", "-o", "a.svg"], 2, "no parameter 'y'"),
        (["history", "--by", "moon", "-o", "a.svg"], 2, "by must be one of"),
        (["history", "-o", "none/a.svg"], 1, "Could not open file 'none/a.svg': No such file"),
        (["history", "-o", "none/a.png"], 1, "Could not open file 'none/a.png': No such file"),
        (["history"], 2, "Missing option"),
        (["slices", "--method", "ped", "-o", "a.svg"], 2, "slices has no --method"),
        (["importance", "--method", "moon", "-o", "a.svg"], 2, "method is one of"),
        (["slices", "train", "train", "-o", "a.svg"], 2, "slices shows one study, got 2"),
    ],
)
def test_wrong_words_are_refused(study, tmp_path, args, status, message):
    result = call("plot", *args, status=status)
    assert message in re.sub(r"\s+", " ", result.output)
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize("figure", list_figures())
def test_every_option_of_a_figure_can_be_given_to_the_command(figure):
    options = set(inspect.signature(getattr(plots, figure)).parameters)
    assert options - {"study", "studies", "backend"} <= {o.name for o in plot_command.params}


def test_numbers_are_given_to_figures(study, tmp_path):
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("n", 1, 3), n_trials=20)
    call("plot", "ablation", "--baseline", "3", "-o", "a.svg")
    assert "From trial 3 to the best" in (tmp_path / "a.svg").read_text()
    call("plot", "importance", "--among", "0.5", "--level", "0.8", "-o", "i.svg")
    assert "80 % intervals" in (tmp_path / "i.svg").read_text()
    call("plot", "effects", "--around", "good", "-o", "e.svg")
    assert "(good)" in (tmp_path / "e.svg").read_text()


def test_the_help_names_all_figures(study):
    text = re.sub(r"\s+", " ", call("plot", "--help").output)
    assert all(name in text for name in list_figures())


def test_a_figure_of_your_own_is_drawn_from_public_parts():
    bars = plots.Bars(at=np.arange(2.0), start=np.zeros(2), end=np.array([0.25, 0.5]))
    axis = plots.PanelAxis(scale="category", categories=("old", "new"))
    panel = plots.Panel(layers=(bars,), x=axis, y=plots.PanelAxis(label="error"))
    svg = plots.draw(plots.Figure(title="Errors", panels=(panel,)), "svg").svg
    assert all(f">{text}<" in svg for text in ("Errors", "old", "new", "error"))
    assert not any(part in list_figures() for part in ("Bars", "Figure", "draw"))
