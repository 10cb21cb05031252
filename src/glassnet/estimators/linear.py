"""The linear classifier: scores ``X @ W + b``, with the softmax's loss or the hinge."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.estimators.described import describe
from glassnet.estimators.mlp_classifier import MLPClassifier

__all__ = ["LinearClassifier"]


@describe(
    "solver", "alpha", "l1", "batch_size", "learning_rate", "learning_rate_init", "max_iter", "shuffle",
    "random_state", "tol", "verbose", "warm_start", "early_stopping", "validation_fraction",
    "n_iter_no_change", "kernel_initializer", "class_weight", "columns", "missing", "callbacks", "dtype",
    "backend", "threads",
    solver="adam", rate=0.01, max_iter=500,
)  # fmt: skip
class LinearClassifier(MLPClassifier):
    """A linear classifier: one score per class, ``X @ W + b``.

    Parameters
    ----------
    loss : str, Loss or callable, default "softmax_cross_entropy"
        Or ``"multiclass_hinge"`` (the multiclass support vector machine of Weston and Watkins), any loss of
        classes of :mod:`glassnet.losses`, or a NumPy function of (y, scores).
    {arguments}

    Attributes
    ----------
    classes_ : ndarray
        The labels, in order.
    coef_ : ndarray (classes, features)
        A row is the template of its class.
    intercept_ : ndarray (classes,)
    {attributes}

    Examples
    --------
    >>> import glassnet as gn
    >>> iris = gn.datasets.load("iris")
    >>> classifier = gn.LinearClassifier("multiclass_hinge", learning_rate_init=0.05, random_state=0)
    >>> classifier.fit(iris.data, iris.target).coef_.shape
    (3, 4)
    >>> classifier.score(iris.data, iris.target) > 0.9
    True
    """

    # What a linear classifier has no use for.
    hidden_layer_sizes: Any = ()
    activation = "identity"
    momentum, nesterovs_momentum, power_t = 0.9, True, 0.5
    beta_1, beta_2, epsilon, max_fun = 0.9, 0.999, 1e-8, 15000
    dropout, batch_norm, max_norm, n_ensemble = 0.0, False, None, 1
    _max_one_hot = None  # vectors for categories would make it a product of two matrices

    def __init__(
        self,
        loss: Any = "softmax_cross_entropy",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        l1: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.01,
        max_iter: int = 500,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int | str = False,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        kernel_initializer: Any = None,
        class_weight: Any = None,
        columns: Any = None,
        missing: str = "error",
        callbacks: Any = None,
        dtype: str = "auto",
        backend: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.l1 = l1
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.kernel_initializer = kernel_initializer
        self.class_weight = class_weight
        self.columns = columns
        self.missing = missing
        self.callbacks = callbacks
        self.dtype = dtype
        self.backend = backend
        self.threads = threads

    @property
    def coef_(self) -> np.ndarray:
        """The kernel, one row per class."""
        return self.coefs_[0].T

    @property
    def intercept_(self) -> np.ndarray:
        """The bias of each class."""
        return self.intercepts_[0]
