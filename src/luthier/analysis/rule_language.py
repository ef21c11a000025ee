"""Rules for choosing a trial, as text.

"accuracy >= 0.9 and latency_ms <= 50, then smallest size".
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from ..errors import RuleError
from .rule_hints import find_hint

_LONGEST = 2_000  # characters
_TOKEN = re.compile(
    r"""(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<text>'[^']*'|"[^"]*")
    | (?P<name>`[^`]+`|[^\W\d](?:[\w./-]*\w)?)
    | (?P<sign><=|>=|==|!=|<|>|=|≤|≥|≠)
    | (?P<other>[,%])""",
    re.VERBOSE,
)
_SPELLINGS = {"=": "==", "≤": "<=", "≥": ">=", "≠": "!="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_ORDERS = {"smallest": False, "lowest": False, "largest": True, "highest": True}
_LINKS = {"and", "then"}
_RESERVED = _LINKS | _ORDERS.keys() | {"within", "or"}
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Name(NamedTuple):
    """A name in a rule, and the character at which it stands."""

    text: str
    at: int


class Comparison(NamedTuple):
    """One condition.

    Attributes:
        name: Of what is compared.
        bounds: (sign, number or text), one or two.
        text: As it was written.
    """

    name: Name
    bounds: tuple[tuple[str, float | str], ...]
    text: str


class Order(NamedTuple):
    """A quantity that is sought.

    Attributes:
        name: Of what is to be small or large.
        largest: Rather than smallest.
        tolerance: How much worse than the best counts as equal.
        relative: Whether the tolerance is a share of the best instead of in its unit.
        text: As it was written.
    """

    name: Name
    largest: bool
    tolerance: float
    relative: bool
    text: str


class Rule(NamedTuple):
    """A rule as it was read: conditions, then the quantities that are sought, in this order."""

    text: str
    conditions: tuple[Comparison, ...]
    orders: tuple[Order, ...]


class _Token(NamedTuple):
    kind: str
    text: str
    at: int
    end: int


def parse(text: Any) -> Rule:
    """Read a rule.

    Args:
        text: Conditions, joined by `and` or a comma: "accuracy >= 0.9 and 10 <= latency_ms <= 50",
            "model == 'mlp'". Then what is sought of what they leave: "then largest accuracy within
            0.01, then smallest size", where `within` says how much worse counts as equal, in the
            unit or in %. Either part may be absent. Names with blanks, or that are words of a rule,
            stand in backticks.

    Raises:
        RuleError: It cannot be read; the message points to where.
    """
    if not isinstance(text, str) or not text.strip():
        raise RuleError(
            f"a rule is text like 'accuracy >= 0.9, then smallest size', got {text!r:.100}"
        )
    if len(text) > _LONGEST:
        raise RuleError(f"a rule has at most {_LONGEST:,} characters, got {len(text):,}")
    return _Reader(re.sub(r"\s", " ", text.strip())).rule()


def refuse(text: str, at: int, message: str) -> NoReturn:
    """Raise the RuleError that points to a character of a rule."""
    raise RuleError(f"{message}, at character {at + 1} of the rule\n  {text}\n  {' ' * at}^")


def _hint(text: str, at: int) -> str:
    hint = find_hint(text, at)
    return f"; {hint}" if hint else ""


class _Reader:
    """Recursive descent over the tokens of one rule; every method reads what it is named after."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.i = 0
        self.tokens: list[_Token] = []
        at = 0
        while at < len(text):
            if text[at] == " ":
                at += 1
                continue
            found = _TOKEN.match(text, at)
            if found is None:
                word = re.match(r"[\w.]+|.", text[at:])
                odd = word[0] if word else text[at]
                refuse(text, at, f"cannot read {odd!r}{_hint(text, at)}")
            if found.lastgroup == "number" and math.isinf(float(found[0])):
                refuse(text, at, f"the number {found[0]} is too large")
            self.tokens.append(_Token(str(found.lastgroup), found[0], at, found.end()))
            at = found.end()
        self.tokens.append(_Token("end", "", len(text), len(text)))

    @property
    def here(self) -> _Token:
        return self.tokens[self.i]

    @property
    def word(self) -> str:
        """The token here, if it may be a word of the rule itself."""
        return self.here.text.lower() if self.here.kind in ("name", "other") else ""

    def take(self) -> _Token:
        self.i += 1
        return self.tokens[self.i - 1]

    def expected(self, what: str) -> NoReturn:
        got = repr(self.here.text) if self.here.text else "the end"
        refuse(
            self.text, self.here.at, f"expected {what}, got {got}{_hint(self.text, self.here.at)}"
        )

    def since(self, first: _Token) -> str:
        """The text from a token up to here."""
        return self.text[first.at : self.tokens[self.i - 1].end]

    def rule(self) -> Rule:
        conditions: list[Comparison] = []
        orders: list[Order] = []
        then = False
        while True:
            if self.word in _ORDERS:
                orders.append(self.order())
            elif orders:
                self.expected("smallest or largest (conditions come before the first of them)")
            elif then:
                self.expected("smallest or largest after 'then'")
            else:
                conditions.append(self.comparison())
            if self.here.kind == "end":
                return Rule(self.text, tuple(conditions), tuple(orders))
            then = self.link()

    def link(self) -> bool:
        """Read the separator of two parts; return whether it is `then`."""
        first, then = self.i, False
        if self.word == ",":
            self.take()
        while self.word in _LINKS:
            then = self.take().text.lower() == "then" or then
        if self.i == first:
            self.expected("'and', a comma or 'then'")
        return then

    def order(self) -> Order:
        first = self.take()
        name = self.name()
        tolerance = 0.0
        relative = False
        if self.word == "within":
            self.take()
            if self.here.kind != "number" or self.here.text.startswith("-"):
                self.expected("a number >= 0 after 'within'")
            tolerance = float(self.take().text)
            if self.word == "%":
                self.take()
                tolerance, relative = tolerance / 100, True
        return Order(name, _ORDERS[first.text.lower()], tolerance, relative, self.since(first))

    def comparison(self) -> Comparison:
        first = self.here
        parts, signs = [self.operand()], [self.sign()]
        parts.append(self.operand())
        if self.here.kind == "sign":
            signs.append(self.sign())
            parts.append(self.operand())
        text = self.since(first)
        names = [part for part in parts if isinstance(part, Name)]
        if len(names) != 1 or (len(parts) == 3 and parts[1] is not names[0]):
            what = (
                "a number, a name and a number"
                if len(parts) == 3
                else "one name and a number or text"
            )
            hint = (
                "; text stands in quotes, a name with blanks in backticks" if len(names) > 1 else ""
            )
            refuse(self.text, first.at, f"expected a comparison of {what}, got {text!r}{hint}")
        if len(signs) == 2 and (signs[0][0] != signs[1][0] or signs[0][0] not in "<>"):
            refuse(self.text, first.at, f"both signs of a chain point the same way, got {text!r}")
        if not isinstance(parts[0], Name):
            signs[0] = _MIRRORED[signs[0]]
        bounds = tuple(
            zip(signs, (part for part in parts if not isinstance(part, Name)), strict=True)
        )
        if any(isinstance(bound, str) and sign not in ("==", "!=") for sign, bound in bounds):
            refuse(self.text, first.at, f"text is compared by == and !=, got {text!r}")
        return Comparison(names[0], bounds, text)

    def operand(self) -> Name | float | str:
        if self.here.kind == "number":
            return float(self.take().text)
        if self.here.kind == "text":
            return self.take().text[1:-1]
        return self.name("a name, a number or text")

    def sign(self) -> str:
        if self.here.kind != "sign":
            self.expected("<, <=, >, >=, == or !=")
        text = self.take().text
        return _SPELLINGS.get(text, text)

    def name(self, what: str = "a name") -> Name:
        if self.here.kind != "name" or self.word in _RESERVED:
            self.expected(what)
        token = self.take()
        return Name(token.text.strip("`"), token.at)
