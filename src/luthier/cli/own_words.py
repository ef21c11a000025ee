"""Programs for Optuna in luthier's own words, where each of their words has an exact one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .program_text import Edit, Imports, NoExactWordError, Program, Scope

# What Optuna's objects have: the same here, or by another name; and what that is in turn.
_STUDY = {
    "best_params": "best_params",
    "best_value": "best_value",
    "best_trial": "best_trial",
    "best_trials": "best_trials",
    "trials": "trials",
    "study_name": "name",
    "optimize": "optimize",
    "stop": "stop",
}
_TRIAL = {
    "suggest_float": "suggest_float",
    "suggest_int": "suggest_int",
    "suggest_categorical": "suggest_categorical",
    "suggest_uniform": "suggest_float",
    "suggest_loguniform": "suggest_float",
    "suggest_discrete_uniform": "suggest_float",
    "number": "number",
    "params": "params",
    "set_user_attr": "set_tag",
    "user_attrs": "tags",
}
_ROW = {
    "params": "params",
    "value": "value",
    "values": "values",
    "number": "number",
    "user_attrs": "tags",
}
_WORDS = {"study": _STUDY, "trial": _TRIAL, "row": _ROW}
_KINDS_OF_ATTRIBUTES = {"best_trial": "row", "best_trials": "rows", "trials": "rows"}
_SAMPLERS = {
    "optuna.samplers.TPESampler": "TPE",
    "optuna.samplers.RandomSampler": "Random",
    "optuna.samplers.GPSampler": "GP",
}
_NAMES = {
    "optuna.TrialPruned": "luthier.TrialPruned",
    "optuna.exceptions.TrialPruned": "luthier.TrialPruned",
    "optuna.Trial": "luthier.Trial",
    "optuna.trial.Trial": "luthier.Trial",
    "optuna.Study": "luthier.Study",
    "optuna.study.Study": "luthier.Study",
}
_ANNOTATIONS = {"luthier.Trial": "trial", "luthier.Study": "study"}
_LEVELS = {f"optuna.logging.{name}": name for name in ("DEBUG", "INFO", "WARNING", "ERROR")}
_CREATE = {"direction": "direction", "directions": "objectives", "study_name": "name"}
_OPTIMIZE = {
    "n_trials": "n_trials",
    "timeout": "timeout_s",
    "catch": "catch",
    "show_progress_bar": "progress",
}
_HARMLESS = ("len", "print", "str", "repr", "sorted", "list", "enumerate", "type")
Told = dict[tuple[Scope, str], str]


def translate(program: Program) -> list[Edit]:
    """Return the edits of a program for Optuna.

    Args:
        program: The program, which imports optuna.

    Raises:
        NoExactWordError: It uses something that has no exact word; the message says what.
    """
    return _Optuna(program, Imports(program, "optuna")).translate()


class _Optuna:
    """A program for Optuna.

    Args:
        program: The program.
        imports: What it imports.
    """

    def __init__(self, program: Program, imports: Imports) -> None:
        self._program = program
        self._imports = imports
        self._functions = {
            node.name: node for node in program.nodes if isinstance(node, ast.FunctionDef)
        }
        self._told: Told = {}
        self._done: set[ast.AST] = set()  # of Optuna's names, those that an edit has replaced
        self._logs = False

    def translate(self) -> list[Edit]:
        """Return the edits.

        Raises:
            NoExactWordError: Something has no exact word.
        """
        n_known = -1
        while n_known < len(self._told):  # a name may get its meaning from another
            n_known = len(self._told)
            for node in self._program.nodes:
                self._learn(node)
        edits = [edit for node in self._program.nodes for edit in self._edit(node)]
        for node, name in self._imports.uses():
            if node not in self._done:
                edits.append(self._program.replace(node, self._own_name(node, name)))
        text = "import logging\n\nimport luthier" if self._logs else "import luthier"
        return edits + self._imports.replace_by(text)

    def _own_name(self, node: ast.expr, name: str) -> str:
        if name not in _NAMES:
            raise NoExactWordError.at(node, name)
        return _NAMES[name]

    # -- what names mean ------------------------------------------------------------------------

    def _find_kind(self, node: ast.AST) -> str | None:
        """Return whether an expression is a "study", a "trial", a "row", or "rows"."""
        if isinstance(node, ast.Name):
            scopes = self._program.scopes(node)
            return next((k for s in scopes if (k := self._told.get((s, node.id)))), None)
        if isinstance(node, ast.Call) and self._imports.read(node.func) == "optuna.create_study":
            return "study"
        if isinstance(node, ast.Attribute) and self._find_kind(node.value) == "study":
            return _KINDS_OF_ATTRIBUTES.get(node.attr)
        if isinstance(node, ast.Subscript) and self._find_kind(node.value) == "rows":
            return "rows" if isinstance(node.slice, ast.Slice) else "row"
        return None

    def _tell(self, target: ast.AST, kind: str | None) -> None:
        if isinstance(target, ast.Name) and kind is not None:
            self._told.setdefault((next(self._program.scopes(target)), target.id), kind)

    def _tell_parameter(
        self, function: ast.FunctionDef | ast.Lambda, position: int, kind: str
    ) -> None:
        parameters = [*function.args.posonlyargs, *function.args.args]
        if position < len(parameters):
            self._told.setdefault((function, parameters[position].arg), kind)

    def _learn(self, node: ast.AST) -> None:
        """Take in what a node tells about the meaning of names."""
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._tell(node.targets[0], self._find_kind(node.value))
        elif isinstance(node, ast.For | ast.comprehension):
            self._tell(node.target, "row" if self._find_kind(node.iter) == "rows" else None)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            kind = _ANNOTATIONS.get(_NAMES.get(self._imports.read(node.annotation) or "", ""))
            if kind is not None:
                self._told.setdefault((next(self._program.scopes(node)), node.arg), kind)
        elif isinstance(node, ast.Call):
            if self._is_optimize(node):
                objective = self._find_objective(node)
                if objective is not None:
                    self._tell_parameter(objective, 0, "trial")
            elif isinstance(node.func, ast.Name) and node.func.id in self._functions:
                for i, argument in enumerate(node.args):
                    kind = self._find_kind(argument)
                    if kind is not None:
                        self._tell_parameter(self._functions[node.func.id], i, kind)

    def _is_optimize(self, node: ast.Call) -> bool:
        return (
            isinstance(node.func, ast.Attribute)
            and node.func.attr == "optimize"
            and self._find_kind(node.func.value) == "study"
        )

    def _find_objective(self, node: ast.Call) -> ast.FunctionDef | ast.Lambda | None:
        named = [k.value for k in node.keywords if k.arg == "func"]
        given = (node.args[:1] + named)[:1]
        if given and isinstance(given[0], ast.Lambda):
            return given[0]
        if given and isinstance(given[0], ast.Name):
            return self._functions.get(given[0].id)
        return None

    # -- edits ----------------------------------------------------------------------------------

    def _edit(self, node: ast.AST) -> Iterator[Edit]:
        """Yield the edits of a node, its parts left aside."""
        if isinstance(node, ast.Attribute | ast.Name | ast.Call | ast.Subscript):
            kind = self._find_kind(node)
            if kind is not None and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                yield from self._edit_use(node, kind)
        if isinstance(node, ast.Call):
            name = self._imports.read(node.func)
            if name == "optuna.create_study":
                yield from self._edit_create(node)
            elif name == "optuna.logging.set_verbosity":
                yield self._edit_verbosity(node)
            elif self._is_optimize(node):
                yield from self._edit_optimize(node)

    def _edit_use(self, node: ast.expr, kind: str) -> Iterator[Edit]:
        """Yield the edit of what is asked of an object; nothing unknown may be done with it."""
        parent = self._program.parent(node)
        if isinstance(parent, ast.Attribute) and kind in _WORDS:
            own = _WORDS[kind].get(parent.attr)
            if own is None:
                raise NoExactWordError.at(node, f"{kind}.{parent.attr}")
            if own != parent.attr:
                yield Edit(self._program.end(node), self._program.end(parent), f".{own}")
            call = self._program.parent(parent)
            if isinstance(call, ast.Call) and call.func is parent:
                yield from self._edit_suggest(call, parent.attr)
        elif isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name):
            known = parent.func.id in self._functions and node in parent.args
            if not known and not (kind == "rows" and parent.func.id in _HARMLESS):
                raise NoExactWordError.at(node, f"{parent.func.id}({kind})")
        elif not (
            (isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name))
            or (isinstance(parent, ast.Subscript | ast.For | ast.comprehension) and kind == "rows")
            or isinstance(parent, ast.Expr)
        ):
            raise NoExactWordError.at(node, f"what becomes of a {kind}")

    def _edit_suggest(self, call: ast.Call, name: str) -> Iterator[Edit]:
        if name == "suggest_loguniform":
            yield self._insert(call, "log=True")
        elif name == "suggest_discrete_uniform":
            steps = [k for k in call.keywords if k.arg == "q"]
            if steps:
                begin = self._program.begin(steps[0])
                yield Edit(begin, begin + 1, "step")
            elif len(call.args) == 4:
                begin = self._program.begin(call.args[3])
                yield Edit(begin, begin, "step=")

    def _insert(self, call: ast.Call, text: str) -> Edit:
        """Return the edit that adds an argument at the end."""
        given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        if not given:
            end = self._program.end(call)
            return Edit(end - 1, end - 1, text)
        end = max(self._program.end(argument) for argument in given)
        return Edit(end, end, f", {text}")

    def _rename(self, call: ast.Call, names: dict[str, str]) -> Iterator[Edit]:
        for keyword in call.keywords:
            if keyword.arg not in names:
                raise NoExactWordError.at(keyword, f"the argument {keyword.arg}=")
            begin = self._program.begin(keyword)
            yield Edit(begin, begin + len(keyword.arg), names[keyword.arg])

    def _edit_create(self, call: ast.Call) -> Iterator[Edit]:
        self._done.add(call.func)
        yield self._program.replace(call.func, "luthier.create_study")
        if call.args:
            raise NoExactWordError.at(call, "an argument by position")
        plain = ast.Call(call.func, [], list(call.keywords))
        sampler = None
        for keyword in call.keywords:
            if keyword.arg in ("sampler", "pruner"):
                plain.keywords.remove(keyword)
            if keyword.arg == "sampler":
                sampler = keyword
            elif keyword.arg == "pruner":
                value = keyword.value
                func = value.func if isinstance(value, ast.Call) else None
                if self._imports.read(func) != "optuna.pruners.NopPruner":
                    raise NoExactWordError.at(keyword, f"pruner={self._program.text(value)}")
                self._done.add(func or value)
                yield self._program.replace(keyword, "scheduler=None")
        yield from self._rename(plain, _CREATE)
        if sampler is None:
            yield self._insert(call, 'sampler="TPE"')
        else:
            yield self._program.replace(sampler, self._own_sampler(sampler.value))

    def _own_sampler(self, value: ast.expr) -> str:
        func = value.func if isinstance(value, ast.Call) else None
        own = _SAMPLERS.get(self._imports.read(func) or "")
        if own is None or not isinstance(value, ast.Call) or func is None:
            raise NoExactWordError.at(value, f"sampler={self._program.text(value)}")
        seeds = [k for k in value.keywords if k.arg == "seed"]
        if value.args or len(seeds) != len(value.keywords):
            raise NoExactWordError.at(value, f"a setting of {self._program.text(func)}")
        self._done.add(func)
        return ", ".join([f'sampler="{own}"', *map(ast.unparse, seeds)])

    def _edit_optimize(self, call: ast.Call) -> Iterator[Edit]:
        if self._find_objective(call) is None:
            raise NoExactWordError.at(call, "an objective that is no function of this file,")
        if len(call.args) > 2:
            raise NoExactWordError.at(call, "an argument by position")
        own = {"func": "objective", **_OPTIMIZE}
        kept = [
            k
            for k in call.keywords
            if not (k.arg == "n_jobs" and isinstance(k.value, ast.Constant) and k.value.value == 1)
        ]
        yield from self._rename(ast.Call(call.func, [], kept), own)

    def _edit_verbosity(self, call: ast.Call) -> Edit:
        level = _LEVELS.get(self._imports.read(call.args[0] if call.args else None) or "")
        if level is None:
            raise NoExactWordError.at(call, self._program.text(call))
        self._done |= {call.func, call.args[0]}
        self._logs = True
        text = f'logging.getLogger("luthier").setLevel(logging.{level})'
        return self._program.replace(call, text)
