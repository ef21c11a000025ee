"""Dimensions and spaces of scikit-optimize."""

from .dimensions import Categorical, Dimension, Integer, Real, check_dimension
from .space import Space
from .transformers import (
    CategoricalEncoder,
    Identity,
    LabelEncoder,
    LogN,
    Normalize,
    Pipeline,
    StringEncoder,
)

__all__ = [
    "Categorical",
    "CategoricalEncoder",
    "Dimension",
    "Identity",
    "Integer",
    "LabelEncoder",
    "LogN",
    "Normalize",
    "Pipeline",
    "Real",
    "Space",
    "StringEncoder",
    "check_dimension",
]
