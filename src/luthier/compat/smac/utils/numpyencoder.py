"""NumPy's numbers and arrays as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


class NumpyEncoder(json.JSONEncoder):
    """Writes numbers and arrays of NumPy; complex ones as real and imag, what is void as null."""

    def default(self, o: Any) -> Any:
        """Return a value in JSON's types.

        Raises:
            TypeError: It is of no known type.
        """
        if isinstance(o, np.complexfloating):
            return {"real": float(o.real), "imag": float(o.imag)}
        if isinstance(o, np.void):
            return None
        if isinstance(o, np.generic | np.ndarray):
            return o.tolist()
        return super().default(o)
