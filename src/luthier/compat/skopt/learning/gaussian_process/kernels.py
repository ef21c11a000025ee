"""The kernels of scikit-learn, and one for categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.gaussian_process import kernels as plain

from .....typing import Array

_STEP = 1e-6  # of the differences that gradients are taken from


class _Differentiable:
    """Kernels whose sums, products and powers have gradients too."""

    def __call__(self, X: Any, Y: Any = None, eval_gradient: bool = False) -> Any:
        """Return the kernel (n, m), and with eval_gradient its gradient (n, n, k)."""
        return super().__call__(X, Y, eval_gradient)  # type: ignore[misc]

    def gradient_x(self, x: Any, X_train: Any) -> Array:
        """Return the gradients (n, d) of the kernel of a point and each of n others, by the point.

        Args:
            x: (d,) the point.
            X_train: (n, d) the others.
        """
        point = np.asarray(x, dtype=float)
        points = np.concatenate([point[None], point + _STEP * np.eye(len(point))])
        K = self(points, np.asarray(X_train, dtype=float))
        return np.asarray((K[1:] - K[0]).T / _STEP)

    def __add__(self, other: Any) -> Any:
        return Sum(self, _to_kernel(other))

    def __radd__(self, other: Any) -> Any:
        return Sum(_to_kernel(other), self)

    def __mul__(self, other: Any) -> Any:
        return Product(self, _to_kernel(other))

    def __rmul__(self, other: Any) -> Any:
        return Product(_to_kernel(other), self)

    def __pow__(self, exponent: float) -> Any:
        return Exponentiation(self, exponent)


class RBF(_Differentiable, plain.RBF):  # type: ignore[misc]  # scikit-learn has no types
    """See `sklearn.gaussian_process.kernels.RBF`."""


class Matern(_Differentiable, plain.Matern):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.Matern`."""


class RationalQuadratic(_Differentiable, plain.RationalQuadratic):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.RationalQuadratic`."""


class ExpSineSquared(_Differentiable, plain.ExpSineSquared):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.ExpSineSquared`."""


class ConstantKernel(_Differentiable, plain.ConstantKernel):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.ConstantKernel`."""


class WhiteKernel(_Differentiable, plain.WhiteKernel):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.WhiteKernel`."""


class DotProduct(_Differentiable, plain.DotProduct):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.DotProduct`."""


class Exponentiation(_Differentiable, plain.Exponentiation):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.Exponentiation`."""


class Sum(_Differentiable, plain.Sum):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.Sum`."""


class Product(_Differentiable, plain.Product):  # type: ignore[misc]
    """See `sklearn.gaussian_process.kernels.Product`."""


def _to_kernel(value: Any) -> Any:
    return value if isinstance(value, plain.Kernel) else ConstantKernel(value)


class HammingKernel(
    _Differentiable,
    plain.StationaryKernelMixin,  # type: ignore[misc]
    plain.NormalizedKernelMixin,  # type: ignore[misc]
    plain.Kernel,  # type: ignore[misc]
):
    """exp(-sum of the lengths of the columns in which two points differ).

    Args:
        length_scale: Weight of a column, or one for each.
        length_scale_bounds: Within which it is fitted.

    Source: Hutter 2009, section 4.3.
    """

    def __init__(self, length_scale: Any = 1.0, length_scale_bounds: Any = (1e-5, 1e5)) -> None:
        self.length_scale = length_scale
        self.length_scale_bounds = length_scale_bounds

    @property
    def hyperparameter_length_scale(self) -> Any:
        """What is fitted."""
        n = np.size(self.length_scale)
        if np.iterable(self.length_scale):
            return plain.Hyperparameter("length_scale", "numeric", self.length_scale_bounds, n)
        return plain.Hyperparameter("length_scale", "numeric", self.length_scale_bounds)

    def __call__(self, X: Any, Y: Any = None, eval_gradient: bool = False) -> Any:
        """Return the kernel (n, m), and with eval_gradient its gradient (n, n, k)."""
        A = np.asarray(X, dtype=object)
        B = A if Y is None else np.asarray(Y, dtype=object)
        apart = (A[:, None, :] != B[None, :, :]).astype(float)
        length = np.asarray(self.length_scale, dtype=float)
        K = np.exp(-(apart * length).sum(axis=2))
        if not eval_gradient:
            return K
        by_column = -K[:, :, None] * apart * length  # by the logarithm of the length
        if length.ndim == 0 or length.size == 1:
            by_column = by_column.sum(axis=2, keepdims=True)
        return K, by_column
