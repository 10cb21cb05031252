"""The multilayer perceptron for classes: scikit-learn's arguments, and what has been asked for since."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from glassnet.errors import InputError
from glassnet.estimators import objectives
from glassnet.estimators.base import BaseMLP, is_stochastic
from glassnet.estimators.classification import Classification, learn_labels
from glassnet.estimators.contract import available_if, with_callbacks
from glassnet.estimators.described import describe
from glassnet.estimators.labels import read_labels

__all__ = ["MLPClassifier"]


@describe(
    "hidden_layer_sizes", "activation", "solver", "alpha", "batch_size", "learning_rate",
    "learning_rate_init", "power_t", "max_iter", "shuffle", "random_state", "tol", "verbose",
    "warm_start", "momentum", "nesterovs_momentum", "early_stopping", "validation_fraction", "beta_1",
    "beta_2", "epsilon", "n_iter_no_change", "max_fun", "dropout", "batch_norm", "kernel_initializer",
    "l1", "max_norm", "class_weight", "columns", "missing", "callbacks",
    "n_ensemble", "dtype", "backend", "threads",
    solver="adam", rate=0.001, max_iter=200,
)  # fmt: skip
class MLPClassifier(Classification, BaseMLP):
    """A multilayer perceptron that classifies: scikit-learn's, faster, with what was asked for since.

    Every argument, attribute and method of :class:`sklearn.neural_network.MLPClassifier` is here, with its
    meaning and its default; changing the import is enough.

    Parameters
    ----------
    {arguments}
    loss : str, Loss or callable, default "log_loss"
        ``"log_loss"``, ``"hinge"`` (the support vector machine's), any of :mod:`glassnet.losses`, or a NumPy
        function of (y, scores).

    Attributes
    ----------
    classes_ : ndarray, or list of ndarray
        The labels, in order; a list where y has several columns of them.
    {attributes}

    Examples
    --------
    >>> import glassnet as gn
    >>> iris = gn.datasets.load("iris")
    >>> classifier = gn.MLPClassifier(dropout=0.1, learning_rate_init=0.01, tol=1e-2, random_state=0)
    >>> classifier.fit(iris.data, iris.target).score(iris.data, iris.target) > 0.9
    True
    >>> classifier.predict(iris.data[:3])
    array([0, 0, 0])
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int | str = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        dropout: Any = 0.0,
        batch_norm: bool = False,
        kernel_initializer: Any = None,
        l1: float = 0.0,
        max_norm: float | None = None,
        class_weight: Any = None,
        columns: Any = None,
        missing: str = "error",
        callbacks: Any = None,
        n_ensemble: int = 1,
        dtype: str = "auto",
        backend: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.kernel_initializer = kernel_initializer
        self.l1 = l1
        self.max_norm = max_norm
        self.class_weight = class_weight
        self.columns = columns
        self.missing = missing
        self.callbacks = callbacks
        self.n_ensemble = n_ensemble
        self.dtype = dtype
        self.backend = backend
        self.threads = threads

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
            A sparse matrix is made dense: rows × columns × 4 bytes of memory, 8 where ``dtype`` is float64.
        y : array (n,) or (n, targets)
            Labels of any kind, one or several per example, or 0 and 1 for several yes or no.
        sample_weight : array (n,), optional
        X_val, y_val : arrays, optional
            To validate with: for ``validation_loss_curve_``, and for early stopping.
        sample_weight_val : array, optional

        Returns
        -------
        self

        Raises
        ------
        InputError, InputTypeError, ShapeError
            Data or arguments that cannot be used.
        """
        given = {
            "sample_weight": sample_weight,
            "X_val": X_val,
            "y_val": y_val,
            "sample_weight_val": sample_weight_val,
        }
        return self._fit(X, y, "fit()", given)

    @available_if(is_stochastic)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on these examples.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array (n,) or (n, targets)
        sample_weight : array (n,), optional
        classes : array, optional
            All labels there are; needed at the first call.

        Returns
        -------
        self

        Raises
        ------
        InputError, InputTypeError, ShapeError
            Data or arguments that cannot be used.
        """
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            raise InputError(
                f"class_weight={self.class_weight!r} needs all examples; partial_fit() sees a part of them.\n"
                "Pass a dict of weights."
            )
        given = {"sample_weight": sample_weight, "classes": classes}
        return self._fit(X, y, "partial_fit()", given, incremental=True)

    def _read_target(
        self, y: Any, table: np.ndarray, where: str, classes: Any, first: bool, incremental: bool
    ) -> np.ndarray:
        encoded = learn_labels(self, y, where, classes, first, incremental)
        if first:
            self._goal = objectives.for_classes(self.loss, self._labels, type(self).__name__)
        return encoded

    def _encode(self, y: Any, name: str, where: str) -> np.ndarray:
        return self._labels.encode(read_labels(y, type(self).__name__, where, name), name, where)
