"""The multilayer perceptron for numbers: scikit-learn's arguments, and what has been asked for since."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from glassnet.errors import InputError
from glassnet.estimators import objectives, tables
from glassnet.estimators.base import BaseMLP, is_stochastic
from glassnet.estimators.contract import available_if, with_callbacks
from glassnet.estimators.described import describe
from glassnet.estimators.regression import Regression, is_wide, learn_numbers, read_numbers

__all__ = ["MLPRegressor"]


@describe(
    "hidden_layer_sizes", "activation", "solver", "alpha", "batch_size", "learning_rate",
    "learning_rate_init", "power_t", "max_iter", "shuffle", "random_state", "tol", "verbose",
    "warm_start", "momentum", "nesterovs_momentum", "early_stopping", "validation_fraction", "beta_1",
    "beta_2", "epsilon", "n_iter_no_change", "max_fun", "quantiles", "scale_target", "dropout", "batch_norm",
    "kernel_initializer", "l1", "max_norm", "columns", "missing", "callbacks",
    "n_ensemble", "dtype", "backend", "threads",
    solver="adam", rate=0.001, max_iter=200,
)  # fmt: skip
class MLPRegressor(Regression, BaseMLP):
    """A multilayer perceptron that predicts numbers: scikit-learn's, faster, with what was asked for since.

    Every argument, attribute and method of :class:`sklearn.neural_network.MLPRegressor` is here, with its
    meaning and its default; changing the import is enough.

    Parameters
    ----------
    loss : str, Loss or callable, default "squared_error"
        ``"squared_error"``, ``"poisson"``, ``"absolute_error"``, ``"huber"``, ``"quantile"``, ``"gamma"``,
        ``"gaussian_nll"`` (a mean and a standard deviation), any other of :mod:`glassnet.losses`, or a NumPy
        function of (y, scores).
    {arguments}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> X = np.linspace(-2, 2, 200)[:, None]
    >>> y = np.sin(2 * X[:, 0])
    >>> regressor = gn.MLPRegressor(hidden_layer_sizes=20, solver="lbfgs", random_state=0).fit(X, y)
    >>> bool(regressor.score(X, y) > 0.99)
    True
    """

    def __init__(
        self,
        loss: Any = "squared_error",
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
        quantiles: Any = None,
        scale_target: bool | str = "auto",
        dropout: Any = 0.0,
        batch_norm: bool = False,
        kernel_initializer: Any = None,
        l1: float = 0.0,
        max_norm: float | None = None,
        columns: Any = None,
        missing: str = "error",
        callbacks: Any = None,
        n_ensemble: int = 1,
        dtype: str = "auto",
        backend: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.loss = loss
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
        self.quantiles = quantiles
        self.scale_target = scale_target
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.kernel_initializer = kernel_initializer
        self.l1 = l1
        self.max_norm = max_norm
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
        y : array (n,) or (n, outputs)
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these examples.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array (n,) or (n, outputs)
        sample_weight : array (n,), optional

        Returns
        -------
        self

        Raises
        ------
        InputError, InputTypeError, ShapeError
            Data or arguments that cannot be used.
        """
        return self._fit(X, y, "partial_fit()", {"sample_weight": sample_weight}, incremental=True)

    def _read_target(
        self, y: Any, table: np.ndarray, where: str, classes: Any, first: bool, incremental: bool
    ) -> np.ndarray:
        found = learn_numbers(self, y, where, first)
        if first:
            goal = objectives.for_numbers(self.loss, self.quantiles, self._targets, type(self).__name__)
            self._goal = objectives.standardized(goal, found) if self._standardizes(goal) else goal
        return found

    def _standardizes(self, goal: objectives.Objective) -> bool:
        """Whether the network is trained for y in standard deviations from its mean."""
        possible = objectives.can_be_standardized(goal)
        if self.scale_target is True and not possible:
            raise InputError(
                f"MLPRegressor: {goal.loss.name} depends on the units of y, so scale_target=True cannot be.\n"
                'Leave scale_target out, or use loss="squared_error".'
            )
        wanted = tables.is_encoded(self) if self.scale_target == "auto" else bool(self.scale_target)
        return wanted and possible

    def _encode(self, y: Any, name: str, where: str) -> np.ndarray:
        return read_numbers(y, type(self).__name__, where, name, is_wide(self))
