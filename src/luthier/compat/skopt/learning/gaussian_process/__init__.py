"""Gaussian processes, on scikit-learn's."""

from . import kernels
from .gpr import GaussianProcessRegressor

__all__ = ("GaussianProcessRegressor", "kernels")
