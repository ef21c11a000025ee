"""An objective that is a function in a Python file."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import CommandError, find_closest
from ..trial.handle import Trial


def list_functions(path: Path) -> list[str]:
    """Return the names of a Python file's public functions, without loading it.

    None where it cannot be read.
    """
    try:
        statements = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []
    functions = [s.name for s in statements if isinstance(s, ast.FunctionDef)]
    return [name for name in functions if not name.startswith("_")]


class Script:
    """A function in a Python file, loaded by the file's path.

    It is pickled as the path and the function's name, and each worker loads the file.

    The file's folder comes first on `sys.path`, as for a script, so that its imports work.

    Args:
        path: The file.
        attribute: The function, which takes the trial; dots reach into classes and objects.
        module: The name under which the file is imported; None for the file's stem, unless another
            module has that name.

    Raises:
        CommandError: The file is missing or fails to load, or has no such function.
    """

    def __init__(
        self, path: str | os.PathLike[str], attribute: str = "objective", module: str | None = None
    ) -> None:
        self.path = Path(path).absolute()
        self.attribute = attribute
        self.module = module or self._choose_module_name()
        self.function = self._find_function(self._load_module())

    def _choose_module_name(self) -> str:
        stem = self.path.stem
        if stem not in sys.modules:
            return stem
        file = getattr(sys.modules[stem], "__file__", self.path)
        return stem if Path(str(file)) == self.path else f"luthier_script_{stem}"

    def _load_module(self) -> ModuleType:
        if not self.path.is_file():
            near = find_closest(self.path.name, (p.name for p in self.path.parent.glob("*.py")))
            hint = f"; did you mean {near!r}?" if near else ""
            raise CommandError(f"there is no file {self.path}{hint}")
        if str(self.path.parent) not in sys.path:
            sys.path.insert(0, str(self.path.parent))

        known = sys.modules.get(self.module)
        if known is not None and getattr(known, "__file__", None) == str(self.path):
            return known
        spec = importlib.util.spec_from_file_location(self.module, self.path)
        if spec is None or spec.loader is None:
            raise CommandError(f"expected a Python file, got {self.path.name!r}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.module] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as e:
            del sys.modules[self.module]
            raise CommandError(
                f"{self.path.name} could not be loaded: {type(e).__name__}: {e}{self._line_of(e)}"
            ) from e
        return module

    def _line_of(self, error: BaseException) -> str:
        """The line of the file that raised an error, in words; "" where it was none of them."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self.path)]
        return f" (line {lines[-1]})" if lines else ""

    def _find_function(self, module: ModuleType) -> Callable[[Trial], Any]:
        found: Any = module
        for name in self.attribute.split("."):
            if not hasattr(found, name):
                own = [n for n, v in vars(found).items() if callable(v) and not n.startswith("_")]
                near = find_closest(name, own)
                hint = f"did you mean {near!r}?" if near else f"it has {own}"
                raise CommandError(f"{self.path.name} has no {self.attribute!r}; {hint}")
            found = getattr(found, name)
        if not callable(found):
            raise CommandError(
                f"{self.attribute} in {self.path.name} is no function of a trial: {found!r:.100}"
            )
        function: Callable[[Trial], Any] = found
        return function

    def __call__(self, trial: Trial) -> Any:
        """Call the function."""
        return self.function(trial)

    def __reduce__(self) -> tuple[type[Script], tuple[str, str, str]]:
        return Script, (str(self.path), self.attribute, self.module)
