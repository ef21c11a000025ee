"""Trees of calls that are evaluated later, and the table of the functions that they may call."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...remarks import refuse, refuse_space

Function = Callable[..., Any]
_FOREIGN = ("hyperopt.", "luthier.space.")  # modules whose objects would be taken for constants


class MissingArgument:
    """Stands for an argument that a call leaves to its default."""


class GarbageCollected:
    """Stands for the value of a parameter that is not active."""


class Apply:
    """A call of a function of the table, with arguments that are calls or constants.

    Args:
        name: Name of the function in `scope`.
        pos_args: Its positional arguments.
        named_args: Its arguments by name, as pairs.
        o_len: Length of what it returns, where that is known: then it can be unpacked.
        pure: Whether it has no side effects; kept, and not used.
    """

    def __init__(
        self,
        name: str,
        pos_args: Sequence[Apply],
        named_args: Sequence[Sequence[Any]] | Mapping[str, Apply] = (),
        o_len: int | None = None,
        pure: bool = False,
    ) -> None:
        pairs = named_args.items() if isinstance(named_args, Mapping) else named_args
        self.name = name
        self.pos_args = list(pos_args)
        self.named_args: list[tuple[str, Apply]] = [(key, value) for key, value in pairs]
        self.o_len = o_len
        self.pure = pure

    def inputs(self) -> list[Apply]:
        """Return all arguments: the positional ones, then those by name."""
        return [*self.pos_args, *(value for _, value in self.named_args)]

    @property
    def arg(self) -> dict[str, Any]:
        """The arguments by the names of the function's parameters."""
        names = _name_parameters(scope.find(self.name))
        found: dict[str, Any] = dict(zip(names, self.pos_args, strict=False))
        found |= dict(self.named_args)
        return {name: found.get(name, MissingArgument) for name in names} | found

    def set_kwarg(self, name: str, value: Any) -> None:
        """Set an argument by its name."""
        self.named_args = [pair for pair in self.named_args if pair[0] != name]
        self.named_args.append((name, as_apply(value)))

    def eval(self, memo: dict[Any, Any] | None = None) -> Any:
        """Return the value of the call."""
        return rec_eval(self, memo=memo)

    def clone_from_inputs(self, inputs: Sequence[Apply]) -> Apply:
        """Return the same call with other arguments, in the order of `inputs`."""
        k = len(self.pos_args)
        named = [(key, new) for (key, _), new in zip(self.named_args, inputs[k:], strict=True)]
        return Apply(self.name, inputs[:k], named, self.o_len, self.pure)

    def __getitem__(self, index: Any) -> Apply:
        if self.o_len is not None and isinstance(index, int) and index >= self.o_len:
            raise IndexError(f"{self.name} has {self.o_len} values, got the index {index}")
        return scope.getitem(self, index)

    def __len__(self) -> int:
        if self.o_len is None:
            raise TypeError(f"the length of {self.name!r} is known once it is evaluated")
        return self.o_len

    def __iter__(self) -> Iterator[Apply]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return True

    def __neg__(self) -> Apply:
        return scope.neg(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Apply:
        return scope.call(self, args, kwargs)

    def __hash__(self) -> int:
        return id(self)

    def __str__(self) -> str:
        return "\n".join(self.lines(0))

    def lines(self, depth: int) -> Iterator[str]:
        """Yield the lines of a text that shows the call."""
        yield f"{'  ' * depth}{self.name}"
        for value in self.pos_args:
            yield from value.lines(depth + 1)
        for key, value in self.named_args:
            yield f"{'  ' * depth} {key} ="
            yield from value.lines(depth + 1)


class Literal(Apply):
    """A constant.

    Args:
        obj: The value.
    """

    def __init__(self, obj: Any = None) -> None:
        try:
            o_len = len(obj)
        except (TypeError, AttributeError):
            o_len = None
        super().__init__("literal", [], [], o_len, pure=True)
        self.obj = obj

    @property
    def arg(self) -> dict[str, Any]:
        return {}

    def clone_from_inputs(self, inputs: Sequence[Apply]) -> Apply:
        return Literal(self.obj)

    def lines(self, depth: int) -> Iterator[str]:
        """Yield one line, with the value."""
        yield f"{'  ' * depth}Literal{{{self.obj}}}"


class SymbolTable:
    """The functions that expressions may call; each is an attribute that makes such a call."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._lengths: dict[str, int | None] = {}

    def find(self, name: str) -> Function:
        """Return the function of a name.

        Raises:
            AttributeError: There is none.
        """
        try:
            return self._functions[name]
        except KeyError:
            raise AttributeError(
                f"scope has no function {name!r}; define it with @scope.define"
            ) from None

    def __getattr__(self, name: str) -> Callable[..., Apply]:
        if name.startswith("_"):
            raise AttributeError(name)
        self.find(name)

        def call(*args: Any, **kwargs: Any) -> Apply:
            named = [(key, as_apply(value)) for key, value in sorted(kwargs.items())]
            return Apply(name, [as_apply(a) for a in args], named, self._lengths.get(name))

        call.__name__ = name
        return call

    def define(self, f: Function, o_len: int | None = None, pure: bool = False) -> Function:
        """Make a function available to expressions, as a decorator.

        Raises:
            ValueError: There is one of that name.
        """
        if f.__name__ in self._functions:
            raise ValueError(f"scope has a function {f.__name__!r} already")
        return self.define_if_new(f, o_len, pure)

    def define_if_new(self, f: Function, o_len: int | None = None, pure: bool = False) -> Function:
        """Make a function available, which may be there already.

        Raises:
            ValueError: There is another one of that name.
        """
        if self._functions.setdefault(f.__name__, f) is not f:
            raise ValueError(f"scope has another function {f.__name__!r}")
        self._lengths[f.__name__] = o_len
        return f

    def define_pure(self, f: Function) -> Function:
        """Make a function without side effects available."""
        return self.define(f, pure=True)

    def define_info(
        self, o_len: int | None = None, pure: bool = False
    ) -> Callable[[Function], Function]:
        """Return a decorator that makes functions available whose results have a known length."""
        return lambda f: self.define(f, o_len, pure)

    def undefine(self, f: Function | str) -> None:
        """Remove a function, or the one of a name."""
        del self._functions[f if isinstance(f, str) else f.__name__]


scope = SymbolTable()


@lru_cache(maxsize=256)
def _name_parameters(function: Function) -> tuple[str, ...]:
    """Return the names of a function's parameters, without those that take any number."""
    parameters = inspect.signature(function).parameters.values()
    many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return tuple(p.name for p in parameters if p.kind not in many)


def as_apply(obj: Any) -> Apply:
    """Return an expression of anything: containers are searched for expressions.

    Raises:
        CompatError: It is an expression of Hyperopt itself, or a distribution of luthier.
    """
    if isinstance(obj, Apply):
        return obj
    if type(obj).__module__.startswith(_FOREIGN):
        raise refuse(
            f"{type(obj).__module__}.{type(obj).__name__} in a space of luthier.compat.hyperopt",
            "Import hp, scope and fmin from one place: luthier.compat.hyperopt.",
        )
    refuse_space(obj, "luthier.compat.hyperopt")
    if isinstance(obj, list | tuple):
        length = len(obj) if isinstance(obj, tuple) else None
        return Apply("pos_args", [as_apply(value) for value in obj], o_len=length)
    if isinstance(obj, dict):
        if all(isinstance(key, str) for key in obj):
            named = [(key, as_apply(obj[key])) for key in sorted(obj)]
            return Apply("dict", [], named, len(named))
        return Apply("dict", [as_apply([(key, value) for key, value in obj.items()])])
    return Literal(obj)


def dfs(expr: Apply) -> list[Apply]:
    """Return the nodes of an expression, each once, after its arguments."""
    found: dict[Apply, None] = {}
    todo: list[tuple[Apply, bool]] = [(expr, False)]
    while todo:
        node, is_left = todo.pop()
        if node in found:
            continue
        if is_left:
            found[node] = None
            continue
        todo.append((node, True))
        todo.extend((below, False) for below in reversed(node.inputs()))
    return list(found)


def toposort(expr: Apply) -> list[Apply]:
    """Return the nodes of an expression, each after its arguments."""
    return dfs(expr)


def clone(expr: Apply, memo: dict[Apply, Apply] | None = None) -> Apply:
    """Return a copy of an expression; `memo` has nodes that others stand for, and gets the rest."""
    memo = {} if memo is None else memo
    for node in dfs(expr):
        if node not in memo:
            memo[node] = node.clone_from_inputs([memo[below] for below in node.inputs()])
    return memo[expr]


def rec_eval(
    expr: Any,
    deepcopy_inputs: bool = False,
    memo: Mapping[Any, Any] | None = None,
    rng: np.random.Generator | None = None,
    **settings: Any,
) -> Any:
    """Return the value of an expression; of a switch only the branch that is taken is evaluated.

    Args:
        expr: The expression, or containers of expressions.
        deepcopy_inputs: For Hyperopt's own debugging; without effect.
        memo: Values of nodes that are known.
        rng: Source of the random nodes that have none; None for a new one.
        **settings: For Hyperopt's own debugging; without effect.
    """
    del deepcopy_inputs, settings
    known = dict(memo or {})
    return _evaluate(as_apply(expr), known, rng)


def _evaluate(node: Apply, known: dict[Any, Any], rng: np.random.Generator | None) -> Any:
    if node not in known:
        known[node] = _compute(node, known, rng)
    value = known[node]
    if value is GarbageCollected:
        raise ValueError(f"a parameter that the point does not have is needed:\n{node}")
    return value


def _compute(node: Apply, known: dict[Any, Any], rng: np.random.Generator | None) -> Any:
    if isinstance(node, Literal):
        return node.obj
    if node.name == "switch":
        chosen = np.asarray(_evaluate(node.pos_args[0], known, rng)).item()
        if not isinstance(chosen, int) or not 0 <= chosen < len(node.pos_args) - 1:
            raise ValueError(
                f"a switch between {len(node.pos_args) - 1} branches got {chosen!r}; a point gives "
                "hp.choice the index of a branch"
            )
        return _evaluate(node.pos_args[1 + chosen], known, rng)
    args = [_evaluate(value, known, rng) for value in node.pos_args]
    kwargs = {key: _evaluate(value, known, rng) for key, value in node.named_args}
    if node.name in random_names and kwargs.get("rng") is None:
        kwargs["rng"] = np.random.default_rng() if rng is None else rng
    value = scope.find(node.name)(*args, **kwargs)
    return _evaluate(value, known, rng) if isinstance(value, Apply) else value


random_names: set[str] = set()  # functions that draw


def _hyperopt_param(label: str, obj: Any) -> Any:
    del label
    return obj


_hyperopt_param.__name__ = "hyperopt_param"


def _make(name: str, function: Function) -> None:
    """Define a function under a name that is not its own."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    call.__name__ = name
    scope.define(call)


def pos_args(*args: Any) -> tuple[Any, ...]:
    """Return the arguments as a tuple."""
    return args


def switch(index: int, *branches: Any) -> Any:
    """Return one of the branches."""
    return branches[index]


def call(fn: Function, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
    """Call a function."""
    return fn(*args, **(kwargs or {}))


def identity(obj: Any) -> Any:
    """Return the argument."""
    return obj


def repeat(n_times: int, obj: Any) -> list[Any]:
    """Return a list of one value, many times."""
    return [obj] * n_times


def call_method(obj: Any, methodname: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of an object."""
    return getattr(obj, methodname)(*args, **kwargs)


for _function in (pos_args, switch, call, identity, repeat, call_method, _hyperopt_param):
    scope.define(_function)
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "neg", "pow", "getitem", "eq"):
    _make(_name, getattr(operator, _name))
for _name in ("lt", "le", "gt", "ge"):
    _make(_name, getattr(operator, _name))
for _name in ("exp", "log", "sin", "cos", "tan", "sqrt", "sum", "minimum", "maximum", "asarray"):
    _make(_name, getattr(np, _name))
for _builtin in (list, dict, range, len, int, float, map, max, min, getattr):
    _make(_builtin.__name__, _builtin)


def _add_operators() -> None:
    """Give expressions the operators of numbers."""
    symbols = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")

    def forward(name: str) -> Function:
        return lambda self, other: getattr(scope, name)(self, other)

    def backward(name: str) -> Function:
        return lambda self, other: getattr(scope, name)(other, self)

    for name in (*symbols, "lt", "le", "gt", "ge"):
        setattr(Apply, f"__{name}__", forward(name))
    for name in symbols:
        setattr(Apply, f"__r{name}__", backward(name))


_add_operators()
