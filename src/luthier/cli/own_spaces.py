"""Calls of Hyperopt's `fmin` and scikit-optimize's `gp_minimize` in luthier's own words."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .program_text import Edit, Imports, NoExactWordError, Program

_ALGORITHMS = {"hyperopt.tpe.suggest": "TPE", "hyperopt.rand.suggest": "Random"}
_LOGS = ("np.log", "numpy.log", "math.log", "log")
_MINIMIZERS = {
    "skopt.gp_minimize": "GP",
    "skopt.forest_minimize": "Forest",
    "skopt.dummy_minimize": "Random",
}
_OF_RESULT = {"x": "list({study}.best_params.values())", "fun": "{study}.best_value"}


class _Call:
    """A call that is the value of an assignment, and is all that a program has of a library.

    Args:
        program: The program.
        imports: What it imports.
        names: The functions that are understood.

    Attributes:
        call: The call.
        name: What is called.
        target: The name that gets the result.
        statement: The assignment.

    Raises:
        NoExactWordError: There is no such call, or more than one.
    """

    def __init__(self, program: Program, imports: Imports, names: tuple[str, ...]) -> None:
        self._program = program
        uses = [(node, name) for node, name in imports.uses() if name in names]
        if len(uses) != 1:
            raise NoExactWordError(f"a file with {len(uses)} searches has no exact word")
        func, self.name = uses[0]
        call = program.parent(func)
        statement = program.parent(call)
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        target = targets[0] if len(targets) == 1 else None
        if not (isinstance(call, ast.Call) and isinstance(target, ast.Name)):
            raise NoExactWordError.at(func, "a result that gets no name")
        if not isinstance(statement, ast.Assign) or program.indent(statement).strip():
            raise NoExactWordError.at(func, "a call that is not alone in its line")
        self.call = call
        self.target = target.id
        self.statement = statement
        taken = {n.id for n in program.nodes if isinstance(n, ast.Name)}
        self.study = next(n for n in ("study", "search", "luthier_study") if n not in taken)

    def read(self, order: tuple[str, ...], plain: dict[str, object]) -> dict[str, ast.expr]:
        """Return the arguments by their names.

        Args:
            order: Those that may be given by position, and all others that are understood.
            plain: Those that change nothing where they have this value.

        Raises:
            NoExactWordError: There is another.
        """
        given = dict(zip(order, self.call.args, strict=False))
        for keyword in self.call.keywords:
            value = keyword.value
            is_constant = isinstance(value, ast.Constant) and keyword.arg in plain
            if is_constant and ast.literal_eval(value) == plain[keyword.arg or ""]:
                continue
            if keyword.arg not in order:
                raise NoExactWordError.at(keyword, f"the argument {keyword.arg}=")
            given[keyword.arg] = value
        return given

    def write(self, create: str, objective: str, optimize: str, *last: str) -> Edit:
        """Return the edit that puts a study in place of the assignment."""
        lines = [
            f"{self.study} = luthier.create_study({create})",
            f"{self.study}.optimize({objective}, {optimize})",
            *last,
        ]
        indent = self._program.indent(self.statement)
        return self._program.replace(self.statement, f"\n{indent}".join(lines))


def _uses_of(program: Program, name: str) -> list[ast.Name]:
    return [
        n
        for n in program.nodes
        if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
    ]


def _find_value(program: Program, node: ast.expr) -> ast.expr:
    """Return what an expression is: itself, or what its name was assigned, for this use alone."""
    if not isinstance(node, ast.Name):
        return node
    assigned = [
        n.value
        for n in program.nodes
        if isinstance(n, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == node.id for t in n.targets)
    ]
    if len(assigned) != 1 or len(_uses_of(program, node.id)) != 1:
        raise NoExactWordError.at(node, f"the space {node.id}, which is used elsewhere,")
    return assigned[0]


def _require_number(program: Program, function: ast.expr) -> None:
    """Require that an objective is a function of this file, or a lambda, that returns no dict."""
    name = function.id if isinstance(function, ast.Name) else None
    found = [n for n in program.nodes if isinstance(n, ast.FunctionDef) and n.name == name]
    if isinstance(function, ast.Lambda):
        returned = [function.body]
    elif len(found) == 1 and not found[0].decorator_list:
        returned = [
            n.value for n in ast.walk(found[0]) if isinstance(n, ast.Return) and n.value is not None
        ]
    else:
        raise NoExactWordError.at(function, "an objective that is no plain function of this file")
    for value in returned:
        if isinstance(value, ast.Dict | ast.Name) and not isinstance(value, ast.Constant):
            kind = "a dict" if isinstance(value, ast.Dict) else "a name, which may be a dict,"
            if isinstance(value, ast.Dict) or _may_be_dict(found, value):
                raise NoExactWordError.at(value, f"an objective that returns {kind}")


def _may_be_dict(functions: list[ast.FunctionDef], name: ast.expr) -> bool:
    """Whether a name that a function returns is assigned a dict there."""
    assigned = [n for f in functions for n in ast.walk(f) if isinstance(n, ast.Assign)]
    dicts = [n for n in assigned if isinstance(n.value, ast.Dict | ast.DictComp)]
    return any(ast.unparse(t) == ast.unparse(name) for n in dicts for t in n.targets)


def _numbers(nodes: list[ast.expr]) -> list[float] | None:
    try:
        found = [ast.literal_eval(node) for node in nodes]
    except ValueError:
        return None
    return found if all(type(n) in (int, float) for n in found) else None


# -- Hyperopt -----------------------------------------------------------------------------------


def translate_hyperopt(program: Program) -> list[Edit]:
    """Return the edits of a program with one `fmin` of a flat space.

    Args:
        program: The program, which imports hyperopt.

    Raises:
        NoExactWordError: It has something else of Hyperopt's.
    """
    imports = Imports(program, "hyperopt")
    found = _Call(program, imports, ("hyperopt.fmin", "hyperopt.fmin.fmin"))
    given = found.read(
        ("fn", "space", "algo", "max_evals"),
        {"verbose": True, "show_progressbar": True, "return_argmin": True},
    )
    for name in ("fn", "space", "algo", "max_evals"):
        if name not in given:
            raise NoExactWordError.at(found.call, f"fmin without {name}=")
    sampler = _ALGORITHMS.get(imports.read(given["algo"]) or "")
    if sampler is None:
        raise NoExactWordError.at(given["algo"], f"algo={program.text(given['algo'])}")
    _require_number(program, given["fn"])
    space = _find_value(program, given["space"])
    if not isinstance(space, ast.Dict):
        raise NoExactWordError.at(space, "a space that is no dict")
    known = {found.call.func, given["algo"]}
    edits = list(_edit_hyperopt(program, imports, space, known))
    for node, name in imports.uses():
        if node not in known:
            raise NoExactWordError.at(node, name)
    if space is given["space"]:  # it stands within the call that is replaced
        inner = _within(program, space, edits)
        edits = []
    else:
        inner = program.text(given["space"])
    function = program.text(given["fn"])
    function = f"({function})" if isinstance(given["fn"], ast.Lambda) else function
    call = found.write(
        f'space={inner}, sampler="{sampler}"',
        f"lambda trial: {function}(trial.params)",
        f"n_trials={program.text(given['max_evals'])}",
        f"{found.target} = {found.study}.best_params",
    )
    return [*edits, call, *imports.replace_by("import luthier")]


def _within(program: Program, node: ast.expr, edits: list[Edit]) -> str:
    """Return the text of an expression after edits of its parts."""
    begin = program.begin(node)
    text = program.text(node).encode()
    for edit in sorted(edits, reverse=True):
        text = text[: edit.begin - begin] + edit.text.encode() + text[edit.end - begin :]
    return text.decode()


def _edit_hyperopt(
    program: Program, imports: Imports, space: ast.Dict, known: set[ast.expr]
) -> Iterator[Edit]:
    """Yield the edits of a flat space; what they replace is added to `known`."""
    for key, value in zip(space.keys, space.values, strict=True):
        name = imports.read(value.func) if isinstance(value, ast.Call) else None
        if not isinstance(value, ast.Call) or name is None or key is None:
            raise NoExactWordError.at(value, f"{program.text(value)} in the space")
        label, *numbers = value.args or [value]
        if value.keywords or ast.unparse(label) != ast.unparse(key):
            raise NoExactWordError.at(value, "a label that is not its key")
        own = _read_hp(program, name.removeprefix("hyperopt.hp."), numbers)
        if own is None:
            raise NoExactWordError.at(value, program.text(value))
        known.add(value.func)
        yield program.replace(value, own)


def _read_hp(program: Program, name: str, nodes: list[ast.expr]) -> str | None:
    """Return the distribution of `hp.<name>(label, ...)`; None where none is exact."""
    texts = [program.text(node) for node in nodes]
    joined = ", ".join(texts)
    numbers = _numbers(nodes)
    if name == "uniform" and len(nodes) == 2:
        return f"luthier.Float({joined})"
    if name == "normal" and len(nodes) == 2:
        return f"luthier.Normal({joined})"
    if name == "uniformint" and len(nodes) == 2:
        return f"luthier.Int({joined})"
    if name == "randint" and numbers and all(type(n) is int for n in numbers):
        low, high = [0, *numbers][-2:]
        return f"luthier.Int({low}, {high - 1})"
    if name == "quniform" and numbers and len(numbers) == 3:
        low, high, q = numbers
        is_exact = q > 0 and low % q == 0 and high % q == 0
        return f"luthier.Float({texts[0]}, {texts[1]}, step={texts[2]})" if is_exact else None
    if name == "loguniform" and len(nodes) == 2:
        ends = [
            program.text(n.args[0])
            for n in nodes
            if isinstance(n, ast.Call) and ast.unparse(n.func) in _LOGS and len(n.args) == 1
        ]
        return f'luthier.Float({", ".join(ends)}, scale="log")' if len(ends) == 2 else None
    return None


# -- scikit-optimize ----------------------------------------------------------------------------


def translate_skopt(program: Program) -> list[Edit]:
    """Return the edits of a program with one `gp_minimize` or its kin.

    Args:
        program: The program, which imports skopt.

    Raises:
        NoExactWordError: It has something else of scikit-optimize's.
    """
    imports = Imports(program, "skopt")
    found = _Call(program, imports, tuple(_MINIMIZERS))
    order = ("func", "dimensions", "n_calls", "random_state")
    if len(found.call.args) > 2:
        raise NoExactWordError.at(found.call, "an argument by position")
    given = found.read(order, {"verbose": False, "n_jobs": 1})
    for name in order[:3]:
        if name not in given:
            raise NoExactWordError.at(found.call, f"{found.name} without {name}=")
    _require_number(program, given["func"])
    dimensions = _find_value(program, given["dimensions"])
    if not isinstance(dimensions, ast.List):
        raise NoExactWordError.at(dimensions, "a space that is no list")
    known = {found.call.func}
    parts = [_read_dimension(program, imports, d, known) for d in dimensions.elts]
    for node, name in imports.uses():
        if node not in known:
            raise NoExactWordError.at(node, name)
    edits = list(_edit_results(program, found))
    space = ", ".join(f'"x{i}": {part}' for i, part in enumerate(parts))
    seed = f", seed={program.text(given['random_state'])}" if "random_state" in given else ""
    if dimensions is not given["dimensions"]:
        edits.append(program.replace(dimensions, f"{{{space}}}"))
        space = program.text(given["dimensions"])
    else:
        space = f"{{{space}}}"
    function = program.text(given["func"])
    function = f"({function})" if isinstance(given["func"], ast.Lambda) else function
    call = found.write(
        f'space={space}, sampler="{_MINIMIZERS[found.name]}"{seed}',
        f"lambda trial: {function}(list(trial.params.values()))",
        f"n_trials={program.text(given['n_calls'])}",
    )
    return [*edits, call, *imports.replace_by("import luthier")]


def _read_dimension(
    program: Program, imports: Imports, node: ast.expr, known: set[ast.expr]
) -> str:
    """Return the distribution of a dimension."""
    name = imports.read(node.func) if isinstance(node, ast.Call) else None
    if isinstance(node, ast.Call) and name is not None:
        kind = name.rpartition(".")[2]
        prior = [k.value for k in node.keywords if k.arg == "prior"]
        if kind in ("Real", "Integer", "Categorical") and len(prior) == len(node.keywords):
            known.add(node.func)
            own = _write_dimension(program, kind, [*node.args, *prior])
            if own is not None:
                return own
    elif isinstance(node, ast.Tuple):
        numbers = _numbers(node.elts[:2])
        if numbers and len(numbers) == 2:
            kind = "Integer" if all(type(n) is int for n in numbers) else "Real"
            own = _write_dimension(program, kind, node.elts)
            if own is not None:
                return own
    raise NoExactWordError.at(node, f"the dimension {program.text(node)}")


def _write_dimension(program: Program, kind: str, nodes: list[ast.expr]) -> str | None:
    texts = [program.text(node) for node in nodes]
    if kind == "Categorical":
        return f"luthier.Categorical({texts[0]})" if len(texts) == 1 else None
    own = "Int" if kind == "Integer" else "Float"
    priors = {"uniform": "", "log-uniform": ', scale="log"'}
    prior = texts[2].strip("\"'") if len(texts) == 3 else "uniform"
    if len(texts) not in (2, 3) or prior not in priors:
        return None
    return f"luthier.{own}({texts[0]}, {texts[1]}{priors[prior]})"


def _edit_results(program: Program, found: _Call) -> Iterator[Edit]:
    """Yield the edits of what is asked of the result."""
    for name in _uses_of(program, found.target):
        parent = program.parent(name)
        own = _OF_RESULT.get(parent.attr) if isinstance(parent, ast.Attribute) else None
        if own is None or not isinstance(parent, ast.Attribute):
            raise NoExactWordError.at(name, f"what is asked of {found.target}")
        yield program.replace(parent, own.format(study=found.study))
