"""The Gaussian process of scikit-learn, with noise and gradients of its predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessRegressor as PlainProcess

from .....typing import Array
from .kernels import RBF, ConstantKernel, Sum, WhiteKernel

_STEP = 1e-6  # of the differences that gradients are taken from


class GaussianProcessRegressor(PlainProcess):  # type: ignore[misc]  # scikit-learn has no types
    """Gaussian process of scikit-learn.

    Args:
        kernel: The kernel; None for an amplitude times RBF.
        alpha: Added to the diagonal.
        optimizer: See scikit-learn's.
        n_restarts_optimizer: See scikit-learn's.
        normalize_y: Whether targets are standardised.
        copy_X_train: See scikit-learn's.
        random_state: Seed or generator.
        noise: "gaussian" for noise that is fitted, or its variance; None for none.
    """

    def __init__(
        self,
        kernel: Any = None,
        alpha: Any = 1e-10,
        optimizer: Any = "fmin_l_bfgs_b",
        n_restarts_optimizer: int = 0,
        normalize_y: bool = False,
        copy_X_train: bool = True,
        random_state: Any = None,
        noise: Any = None,
    ) -> None:
        self.noise = noise
        self.kernel: Any = kernel
        super().__init__(
            kernel=kernel,
            alpha=alpha,
            optimizer=optimizer,
            n_restarts_optimizer=n_restarts_optimizer,
            normalize_y=normalize_y,
            copy_X_train=copy_X_train,
            random_state=random_state,
        )

    def fit(self, X: Any, y: Any) -> GaussianProcessRegressor:
        """Fit the hyperparameters; noise is fitted with them, and left out of predictions."""
        given: Any = self.kernel
        kernel = ConstantKernel(1.0, "fixed") * RBF(1.0, "fixed") if given is None else clone(given)
        if self.noise is not None:
            variance = 1.0 if isinstance(self.noise, str) else float(self.noise)
            bounds = (1e-10, 1e5) if isinstance(self.noise, str) else "fixed"
            kernel = Sum(kernel, WhiteKernel(variance, bounds))
        self.kernel = kernel
        try:
            super().fit(X, y)
        finally:
            self.kernel = given
        self.noise_ = _silence(self.kernel_) if self.noise is not None else None
        self.y_train_std_ = np.squeeze(self._y_train_std)
        self.y_train_mean_ = np.squeeze(self._y_train_mean)
        return self

    def predict(
        self,
        X: Any,
        return_std: bool = False,
        return_cov: bool = False,
        return_mean_grad: bool = False,
        return_std_grad: bool = False,
    ) -> Any:
        """Return predictions (n,), and what else is asked for.

        Args:
            X: (n, d) points.
            return_std: Standard deviations (n,) too.
            return_cov: Covariances (n, n) too.
            return_mean_grad: The gradient (d,) of the prediction at one point too.
            return_std_grad: That of the standard deviation too.

        Raises:
            ValueError: Gradients of several points, or without what they are of.
        """
        if return_std_grad and not return_mean_grad:
            raise ValueError("Not returning std_gradient without returning the mean_gradient.")
        points = np.asarray(X, dtype=float)
        found = super().predict(points, return_std=return_std, return_cov=return_cov)
        if not return_mean_grad:
            return found
        if len(points) != 1:
            raise ValueError(f"gradients are of one point, got {len(points)}")
        mean_by, std_by = self._differentiate(points[0])
        return (*found, mean_by, std_by) if return_std_grad else (*found, mean_by)

    def _differentiate(self, x: Array) -> tuple[Array, Array]:
        """Return the gradients (d,) of mean and standard deviation, by central differences."""
        steps = np.eye(len(x)) * _STEP
        mean, std = super().predict(np.concatenate([x + steps, x - steps]), return_std=True)
        d = len(x)
        return (mean[:d] - mean[d:]) / (2 * _STEP), (std[:d] - std[d:]) / (2 * _STEP)


def find_noise(kernel: Any, path: str = "") -> tuple[bool, str]:
    """Return whether a sum has a WhiteKernel, and the name of that argument.

    Args:
        kernel: The kernel.
        path: Name of the kernel itself.
    """
    if isinstance(kernel, Sum):
        for name, part in kernel.get_params(deep=False).items():
            whole = f"{path}__{name}" if path else name
            found = (True, whole) if isinstance(part, WhiteKernel) else find_noise(part, whole)
            if found[0]:
                return found
    return False, "_"


def _silence(kernel: Any) -> float:
    """Return the variance of the noise in a fitted kernel, and take it out."""
    has_noise, name = find_noise(kernel)
    if not has_noise:
        return 0.0
    variance = float(kernel.get_params()[name].noise_level)
    kernel.set_params(**{name: WhiteKernel(noise_level=0.0)})
    return variance


_param_for_white_kernel_in_Sum = find_noise  # its name in scikit-optimize
