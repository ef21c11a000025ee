"""A model as a program of plain scikit-learn that people can read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.preprocessing import FunctionTransformer

from . import steps
from .run import Found

_PRIVATE = "._"


def write_program(
    found: Found,
    data: str = "train.csv",
    target: str = "y",
    unused: Sequence[str] = (),
    reading: Mapping[str, Any] | None = None,
) -> str:
    """Return the source of a program that makes the model and fits it.

    Args:
        found: What came of a run.
        data: CSV file that the program reads.
        target: Column of that file that is predicted.
        unused: Further columns of that file that the model was not fitted on.
        reading: Arguments of `pandas.read_csv` that the file needs.
    """
    writer = _Writer()
    recipe = found.material.recipe
    n = len(found.material.y)
    threads = found.material.n_threads
    pipelines = [recipe.make(m.tried.params, threads, n) for m in found.members]
    names = [f"trial_{max(m.tried.number, 0)}" for m in found.members]
    functions = [writer.write(pipeline, 1) for pipeline in pipelines]
    voter = "VotingClassifier" if found.classes is not None else "VotingRegressor"
    writer.imports.add(("sklearn.ensemble", voter))
    weights = [round(m.weight, 6) for m in found.members]
    voting = '\n        voting="soft",' if found.classes is not None else ""
    estimators = "".join(f'\n            ("{name}", {name}()),' for name in names)
    options = "".join(f", {name}={value!r}" for name, value in (reading or {}).items())
    parts = [
        f'"""A model found by luthier: {_say_score(found)}"""',
        "import sys\n\nimport numpy as np\nimport pandas as pd\n" + writer.write_imports(),
        *(inspect.getsource(getattr(steps, name)).rstrip() for name in sorted(writer.steps)),
        *(f"def {name}():\n    return {text}" for name, text in zip(names, functions, strict=True)),
        f"def make_model():\n    return {voter}(\n        estimators=[{estimators}\n        ],"
        f"{voting}\n        weights={weights},\n    )",
        'if __name__ == "__main__":\n'
        f"    path = sys.argv[1] if len(sys.argv) > 1 else {data!r}\n"
        f"    data = pd.read_csv(path{options})\n"
        f"    data = data.dropna(subset=[{target!r}])\n"
        f"    X = data.drop(columns={[target, *unused]!r})\n"
        f"    model = make_model().fit(X, data[{target!r}])\n"
        "    print(model)",
    ]
    text = "\n\n\n".join(part for part in parts if part)
    return text.replace(" -> Any:", ":").replace(": Any)", ")") + "\n"


def _say_score(found: Found) -> str:
    if found.look is not None:
        return f"{found.look}."
    scores = [m.tried.loss for m in found.members if m.tried.state == "complete"]
    if not scores:
        return "no score is known."
    return f"{found.metric.name} {found.metric.sign() * min(scores):.5g} out of fold."


class _Writer:
    """Writes estimators as expressions.

    Attributes:
        imports: Modules and names that the expressions need.
        steps: Names of functions of `steps` that they need.
    """

    def __init__(self) -> None:
        self.imports: set[tuple[str, str]] = set()
        self.steps: set[str] = set()

    def write(self, value: Any, depth: int) -> str:
        """Return an expression, indented for its depth."""
        if isinstance(value, FunctionTransformer):
            self.imports.add(("sklearn.preprocessing", "FunctionTransformer"))
            self.steps.add(value.func.__name__)
            return f"FunctionTransformer({value.func.__name__})"
        if hasattr(value, "get_params"):
            return self._write_estimator(value, depth)
        if hasattr(value, "get_n_splits"):
            self.imports.add(("sklearn.model_selection", type(value).__name__))
        if isinstance(value, float) and value != value:
            return "np.nan"
        if isinstance(value, list | tuple) and any(_is_nested(item) for item in value):
            inner = "".join(f"\n{'    ' * (depth + 1)}{self.write(v, depth + 1)}," for v in value)
            left, right = "[]" if isinstance(value, list) else "()"
            return f"{left}{inner}\n{'    ' * depth}{right}"
        return repr(value)

    def _write_estimator(self, estimator: Any, depth: int) -> str:
        kind = type(estimator)
        self.imports.add((kind.__module__.partition(_PRIVATE)[0], kind.__name__))
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(kind).parameters.items()
        }
        changed = {
            name: value
            for name, value in estimator.get_params(deep=False).items()
            if value is not None and not _is_same(value, defaults.get(name))
        }
        if not changed:
            return f"{kind.__name__}()"
        pad = "    " * (depth + 1)
        inner = "".join(f"\n{pad}{n}={self.write(v, depth + 1)}," for n, v in changed.items())
        return f"{kind.__name__}({inner}\n{'    ' * depth})"

    def write_imports(self) -> str:
        """Return the lines of imports, in order."""
        modules: dict[str, list[str]] = {}
        for module, name in sorted(self.imports):
            modules.setdefault(_shorten(module), []).append(name)
        return "\n".join(
            f"from {module} import {', '.join(names)}" for module, names in sorted(modules.items())
        )


def _shorten(module: str) -> str:
    """Return the public module of a class: that of the package, for boosters."""
    return module.split(".")[0] if not module.startswith("sklearn") else module


def _is_nested(value: Any) -> bool:
    return isinstance(value, tuple | list) or hasattr(value, "get_params")


def _is_same(value: Any, default: Any) -> bool:
    if isinstance(value, float) and isinstance(default, float) and value != value:
        return default != default
    return type(value) is type(default) and value == default
