"""Any network behind scikit-learn's contract: searches, pipelines and cross-validation work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from glassnet.errors import InputError
from glassnet.estimators.classification import Classification, learn_labels
from glassnet.estimators.labels import read_labels
from glassnet.estimators.network_base import BaseNetwork
from glassnet.estimators.objectives import Objective
from glassnet.estimators.regression import Regression, learn_numbers, read_numbers
from glassnet.model import Model
from glassnet.nn import losses
from glassnet.nn.losses.base import FunctionLoss

__all__ = ["NetworkClassifier", "NetworkRegressor"]


class NetworkClassifier(Classification, BaseNetwork):
    """A network of your own as a scikit-learn classifier.

    Parameters
    ----------
    build : callable or Model, optional
        ``build(inputs, outputs, **options)`` answers a compiled :class:`~glassnet.Model` for that many input
        columns and classes (one output unit is allowed for two classes); or a compiled model, of which each
        fit trains a copy. By default a network with one hidden layer of 100 units.
    epochs : int, default 10
    batch_size : int or "auto", default 32
        ``"auto"`` is 200, or all if there are fewer.
    validation_split : float, default 0
    shuffle : bool, default True
    random_state : int, RandomState or None, default None
        The model's seed; None leaves the one that it was built with.
    warm_start : bool, default False
        ``fit`` goes on with the network of the last one.
    class_weight : dict, "balanced" or None, default None
    columns : {"auto"}, FrameEncoder or None, default None
        How the columns of a data frame become numbers; ``"auto"`` is a :class:`FrameEncoder` that gives each
        category a column. None takes numbers as they are.
    missing : {"error", "median", "mean"}, default "error"
        What ``columns="auto"`` does with missing values; see :class:`FrameEncoder`.
    callbacks : list of Callback, optional
    verbose : default 0
    **options
        Handed to ``build``; searches see them as parameters of the estimator.

    Attributes
    ----------
    classes_ : ndarray
    model_ : Model
    history_ : History
        Of the last call.
    loss_curve_ : list of float
    loss_ : float
    n_iter_ : int
        Epochs of the last call.

    Examples
    --------
    >>> import glassnet as gn
    >>> def build(inputs, outputs, units=8, learning_rate=0.01):
    ...     model = gn.Sequential([gn.layers.Dense(units, "relu"), gn.layers.Dense(outputs)])
    ...     model.compile(gn.optimizers.Adam(learning_rate), "softmax_cross_entropy")
    ...     return model
    >>> iris = gn.datasets.load("iris")
    >>> classifier = gn.NetworkClassifier(build, epochs=30, units=16).fit(iris.data, iris.target)
    >>> bool(classifier.score(iris.data, iris.target) > 0.9)
    True
    """

    def __init__(
        self,
        build: Callable[..., Model] | Model | None = None,
        *,
        epochs: int = 10,
        batch_size: int | str = 32,
        validation_split: float = 0.0,
        shuffle: bool = True,
        random_state: Any = None,
        warm_start: bool = False,
        class_weight: Any = None,
        columns: Any = None,
        missing: str = "error",
        callbacks: Any = None,
        verbose: Any = 0,
        **options: Any,
    ) -> None:
        super().__init__(
            build,
            epochs=epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            shuffle=shuffle,
            random_state=random_state,
            warm_start=warm_start,
            columns=columns,
            missing=missing,
            callbacks=callbacks,
            verbose=verbose,
            **options,
        )
        self.class_weight = class_weight

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Build and train the network.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array (n,), or 0 and 1 (n, k)
            Labels of any kind.
        sample_weight : array (n,), optional
        X_val, y_val, sample_weight_val : arrays, optional
            To validate with.

        Returns
        -------
        self
        """
        given = {"sample_weight": sample_weight, "X_val": X_val, "y_val": y_val}
        return self._fit(X, y, "fit()", {**given, "sample_weight_val": sample_weight_val})

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on these examples.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array (n,)
        sample_weight : array (n,), optional
        classes : array, optional
            All labels there are; needed at the first call.

        Returns
        -------
        self
        """
        given = {"sample_weight": sample_weight, "classes": classes}
        return self._fit(X, y, "partial_fit()", given, incremental=True)

    def _default_loss(self) -> losses.Loss:
        single = self._labels.kind == "single"
        return losses.SoftmaxCrossEntropy() if single else losses.BinaryCrossEntropy(over_outputs="sum")

    def _outputs(self, target: np.ndarray) -> int:
        return max(self._labels.sizes[0], 2) if self._labels.kind == "single" else self._labels.sizes[0]

    def _objective(self, model: Model) -> Objective:
        """What the user's loss and output make of the classes."""
        loss, width = model.loss_function, model.output_shape[0]
        assert loss is not None
        likely = loss.probabilities(np.zeros((1, width))) is not None
        activation = "identity" if not likely else "softmax" if loss.task == "labels" else "logistic"
        free = loss.task == "labels" or isinstance(loss, FunctionLoss)
        one_hot = 0 if free or width == 1 or self._labels.kind != "single" else width
        return Objective(loss, width, activation, one_hot=one_hot)

    def _read_target(self, y: Any, where: str, classes: Any, first: bool, incremental: bool) -> np.ndarray:
        encoded = learn_labels(self, y, where, classes, first, incremental)
        if self._labels.kind == "several":
            raise InputError(
                f"{type(self).__name__}: y has several labels per example.\n"
                "Use MLPClassifier, or one classifier per column (sklearn.multioutput.MultiOutputClassifier)."
            )
        return encoded

    def _encode(self, y: Any, name: str, where: str) -> np.ndarray:
        return self._labels.encode(read_labels(y, type(self).__name__, where, name), name, where)


class NetworkRegressor(Regression, BaseNetwork):
    """A network of your own as a scikit-learn regressor.

    Parameters
    ----------
    build : callable or Model, optional
        ``build(inputs, outputs, **options)`` answers a compiled :class:`~glassnet.Model`; or a compiled
        model, of which each fit trains a copy. By default a network with one hidden layer of 100 units.
    epochs : int, default 10
    batch_size : int or "auto", default 32
        ``"auto"`` is 200, or all if there are fewer.
    validation_split : float, default 0
    shuffle : bool, default True
    random_state : int, RandomState or None, default None
        The model's seed; None leaves the one that it was built with.
    warm_start : bool, default False
        ``fit`` goes on with the network of the last one.
    columns : {"auto"}, FrameEncoder or None, default None
        How the columns of a data frame become numbers; ``"auto"`` is a :class:`FrameEncoder` that gives each
        category a column. None takes numbers as they are.
    missing : {"error", "median", "mean"}, default "error"
        What ``columns="auto"`` does with missing values; see :class:`FrameEncoder`.
    callbacks : list of Callback, optional
    verbose : default 0
    **options
        Handed to ``build``; searches see them as parameters of the estimator.

    Attributes
    ----------
    model_ : Model
    history_ : History
        Of the last call.
    loss_curve_ : list of float
    loss_ : float
    n_iter_ : int
        Epochs of the last call.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> def build(inputs, outputs, learning_rate=0.1):
    ...     model = gn.Sequential([gn.layers.Dense(outputs)])
    ...     model.compile(gn.optimizers.SGD(learning_rate), "squared_error")
    ...     return model
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> round(gn.NetworkRegressor(build, epochs=50).fit(X, 2 * X[:, 0]).score(X, 2 * X[:, 0]), 3)
    1.0
    """

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Build and train the network.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array (n,) or (n, outputs)
        sample_weight : array (n,), optional
        X_val, y_val, sample_weight_val : arrays, optional
            To validate with.

        Returns
        -------
        self
        """
        given = {"sample_weight": sample_weight, "X_val": X_val, "y_val": y_val}
        return self._fit(X, y, "fit()", {**given, "sample_weight_val": sample_weight_val})

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
        """
        return self._fit(X, y, "partial_fit()", {"sample_weight": sample_weight}, incremental=True)

    def _default_loss(self) -> losses.Loss:
        return losses.SquaredError()

    def _outputs(self, target: np.ndarray) -> int:
        return self._targets

    def _objective(self, model: Model) -> Objective:
        loss = model.loss_function
        assert loss is not None
        logarithmic = isinstance(loss, losses.Gamma | losses.Tweedie) or getattr(loss, "from_log", False)
        return Objective(loss, model.output_shape[0], "exp" if logarithmic else "identity")

    def _read_target(self, y: Any, where: str, classes: Any, first: bool, incremental: bool) -> np.ndarray:
        return learn_numbers(self, y, where, first)

    def _encode(self, y: Any, name: str, where: str) -> np.ndarray:
        return read_numbers(y, type(self).__name__, where, name)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
