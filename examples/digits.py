"""Handwritten digits as PyTorch tensors, and other parts that the PyTorch examples share."""

from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn


class Images(NamedTuple):
    """Images (n, 64) and their labels (n,)."""

    X: torch.Tensor
    y: torch.Tensor


def split_digits(n_train: int, n_valid: int) -> list[Images]:
    """Images to train on, to validate with, and the rest, which no trial sees."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    sizes = [n_train, n_valid, len(labels) - n_train - n_valid]
    X = torch.tensor(images[order] / 16, dtype=torch.float32).split(sizes)
    y = torch.tensor(labels[order]).split(sizes)
    return [Images(*pair) for pair in zip(X, y, strict=True)]


def train_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, images: Images) -> None:
    """Train a network on all images once, in batches of 32."""
    model.train()
    for batch in torch.randperm(len(images.X)).split(32):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images.X[batch]), images.y[batch]).backward()
        optimizer.step()


def accuracy(model: nn.Module, images: Images) -> float:
    """The share of images that a network gets right."""
    model.eval()
    with torch.no_grad():
        return (model(images.X).argmax(dim=1) == images.y).float().mean().item()
