import sys
from types import SimpleNamespace

from luthier.notebook import find_notebook


def test_a_plain_program_is_no_notebook():
    assert find_notebook() is None


def test_a_shell_with_a_kernel_is_one(monkeypatch):
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert find_notebook() is shell


def test_a_terminal_of_ipython_is_none(monkeypatch):
    shell = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert find_notebook() is None
