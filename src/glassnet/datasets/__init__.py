"""Data sets to try a network on: from scikit-learn, made by a formula, or read from the official archives."""

from __future__ import annotations

from glassnet.datasets.dataset import Dataset as Dataset
from glassnet.datasets.generated import spiral as spiral
from glassnet.datasets.generated import tutorial as tutorial
from glassnet.datasets.images import Images as Images
from glassnet.datasets.images import cifar10 as cifar10
from glassnet.datasets.images import mnist as mnist
from glassnet.datasets.named import load as load
from glassnet.datasets.named import names as names

__all__ = ["Dataset", "Images", "cifar10", "load", "mnist", "names", "spiral", "tutorial"]
