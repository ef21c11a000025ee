"""Functions whose variance shares are known, for judging how well importances are estimated.

Notation: S_j is the first-order index of parameter j, ST_j its total index (Sobol 2001). In a space
with conditions every parameter is drawn, and ignored where it is inactive: ST_j is then the share
of the variance that is left where all others are known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from luthier import Categorical, Float, Space


class KnownFunction(NamedTuple):
    """A function of params, and what is known of it.

    Attributes:
        name: For tables.
        space: Of its params.
        loss: Takes params, returns the value.
        first: (d,) first-order indices, of a child where its gate is on, times the gate's share.
        total: (d,) total indices.
    """

    name: str
    space: Space
    loss: Callable[[dict[str, Any]], float]
    first: np.ndarray
    total: np.ndarray


def make_ishigami() -> KnownFunction:
    """Ishigami & Homma 1990 with a fourth parameter that has no effect."""
    a, b = 7.0, 0.1
    by_1 = 0.5 * (1 + b * math.pi**4 / 5) ** 2
    by_2 = a**2 / 8
    by_13 = b**2 * math.pi**8 * (1 / 18 - 1 / 50)
    V = by_1 + by_2 + by_13

    def loss(p: dict[str, Any]) -> float:
        wave = math.sin(p["x1"]) * (1 + b * p["x3"] ** 4)
        return float(wave + a * math.sin(p["x2"]) ** 2)

    space = Space({f"x{j}": Float(-math.pi, math.pi) for j in range(1, 5)})
    first = np.array([by_1, by_2, 0.0, 0.0]) / V
    total = np.array([by_1 + by_13, by_2, by_13, 0.0]) / V
    return KnownFunction("Ishigami", space, loss, first, total)


def make_g_function() -> KnownFunction:
    """Sobol's g-function with a = (0, 1, 4.5, 9, 99) and a sixth parameter without effect."""
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0])
    V_j = 1 / (3 * (1 + a) ** 2)
    V = np.prod(1 + V_j) - 1
    names = [f"x{j}" for j in range(1, 7)]

    def loss(p: dict[str, Any]) -> float:
        x = np.array([p[name] for name in names[:5]])
        return float(np.prod((np.abs(4 * x - 2) + a) / (1 + a)))

    first = np.append(V_j / V, 0.0)
    total = np.append(V_j * np.prod(1 + V_j) / (1 + V_j) / V, 0.0)
    return KnownFunction("g", Space(dict.fromkeys(names, Float(0, 1))), loss, first, total)


def make_linear() -> KnownFunction:
    """4 x1 + 3 x2 + 2 x3 + x4, and a fifth parameter without effect."""
    a = np.array([4.0, 3.0, 2.0, 1.0, 0.0])
    names = [f"x{j}" for j in range(1, 6)]

    def loss(p: dict[str, Any]) -> float:
        return float(a @ [p[name] for name in names])

    share = a**2 / (a**2).sum()
    return KnownFunction("linear", Space(dict.fromkeys(names, Float(0, 1))), loss, share, share)


def make_gate() -> KnownFunction:
    """A choice between two models, one of which has a learning rate: 2 x + (b: 1 + 4 lr).

    A fourth parameter has no effect.
    """
    space = Space(
        {
            "model": Categorical(("a", "b")),
            "lr": Float(0, 1, when={"model": ["b"]}),
            "x": Float(0, 1),
            "nothing": Float(0, 1),
        }
    )

    def loss(p: dict[str, Any]) -> float:
        return float(2 * p["x"] + (1 + 4 * p["lr"] if p["model"] == "b" else 0.0))

    by_gate = 0.25 * 3.0**2  # between the means 0 and 3
    by_lr = 0.5 * 16 / 12  # where it is active, half of the space
    by_x = 4 / 12
    V = by_gate + by_lr + by_x
    first = np.array([by_gate, by_lr, by_x, 0.0]) / V
    # Where all but the model are known: the difference 1 + 4 lr of both, E[(1 + 4 lr)²] / 4.
    total = np.array([(1 + 4 + 16 / 3) / 4, by_lr, by_x, 0.0]) / V
    return KnownFunction("gate", space, loss, first, total)


def make_two_gates() -> KnownFunction:
    """Three models with parameters of their own, one of them two levels deep.

    svm: c; net: rate and, where its layers are 2 or 3, drop; tree: depth, without effect.
    """
    space = Space(
        {
            "model": Categorical(("svm", "net", "tree")),
            "c": Float(1e-3, 1e3, scale="log", when={"model": ["svm"]}),
            "rate": Float(0, 1, when={"model": ["net"]}),
            "layers": Categorical((1, 2, 3), ordered=True, when={"model": ["net"]}),
            "drop": Float(0, 1, when={"layers": [2, 3]}),
            "depth": Float(0, 1, when={"model": ["tree"]}),
            "share": Float(0, 1),
        }
    )

    def loss(p: dict[str, Any]) -> float:
        value = 1.5 * p["share"]
        if p["model"] == "svm":
            return float(value + abs(math.log10(p["c"])) - 0.5)
        if p["model"] == "net":
            value += 3 * (p["rate"] - 0.5) + 0.5 * p["layers"]
            return float(value + (4 * (p["drop"] - 0.5) if p["layers"] > 1 else 0.0))
        return float(value + 2.0)

    # Means of the models: svm 1 (|u| of u uniform in -3..3 has mean 1.5), net 1, tree 2.
    by_model = np.var([1.0, 1.0, 2.0])
    by_c = 0.75 / 3  # var |u| = 9 / 12
    by_rate = 0.75 / 3
    by_layers = 0.25 * np.var([1.0, 2.0, 3.0]) / 3
    by_drop = (16 / 12) * (2 / 3) / 3
    by_share = 1.5**2 / 12
    V = by_model + by_c + by_rate + by_layers + by_drop + by_share
    first = np.array([by_model, by_c, by_rate, by_layers, by_drop, 0.0, by_share]) / V
    # All but the model known: svm s, net t, tree 2; E of their variance is that of the means and
    # two thirds of a third of the variance that each has within.
    within = 0.75 + 0.75 + 0.25 * np.var([1.0, 2.0, 3.0]) + (16 / 12) * (2 / 3)
    of_model = by_model + (2 / 9) * within
    # All but the layers known, in a third of the space: 0.5, 1 + w, 1.5 + w with w = 4 drop - 2.
    of_layers = (0.25 * np.var([1.0, 2.0, 3.0]) + (2 / 9) * (16 / 12)) / 3
    total = np.array([of_model, by_c, by_rate, of_layers, by_drop, 0.0, by_share]) / V
    return KnownFunction("two gates", space, loss, first, total)


KNOWN_FUNCTIONS = (make_ishigami, make_g_function, make_linear, make_gate, make_two_gates)
