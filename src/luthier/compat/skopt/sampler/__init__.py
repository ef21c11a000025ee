"""Points that cover a space, for the start of a search."""

from .base import InitialPointGenerator
from .grid import Grid
from .halton import Halton
from .hammersly import Hammersly
from .lhs import Lhs
from .sobol import Sobol

__all__ = ["Grid", "Halton", "Hammersly", "InitialPointGenerator", "Lhs", "Sobol"]
