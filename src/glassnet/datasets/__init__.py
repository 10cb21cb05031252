"""Small data sets to try a network on: five that ship with scikit-learn, and two made by a formula."""

from __future__ import annotations

from glassnet.datasets.dataset import Dataset as Dataset
from glassnet.datasets.generated import spiral as spiral
from glassnet.datasets.generated import tutorial as tutorial
from glassnet.datasets.named import load as load
from glassnet.datasets.named import names as names

__all__ = ["Dataset", "load", "names", "spiral", "tutorial"]
