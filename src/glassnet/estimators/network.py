"""Any network behind scikit-learn's contract: searches, pipelines and cross-validation work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from glassnet.errors import InputError
from glassnet.model import Model


class _NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share: parameters, building, fitting."""

    def __init__(
        self,
        build: Callable[..., Model] | None = None,
        *,
        epochs: int = 10,
        batch_size: int = 32,
        validation_split: float = 0.0,
        callbacks: Any = None,
        verbose: Any = 0,
        **options: Any,
    ) -> None:
        self.build, self.epochs, self.batch_size = build, epochs, batch_size
        self.validation_split, self.callbacks, self.verbose = validation_split, callbacks, verbose
        self.options = options

    # scikit-learn reads parameters from the signature of __init__; the network's own come in as **options.
    @classmethod
    def _get_param_names(cls) -> list[str]:
        return ["batch_size", "build", "callbacks", "epochs", "validation_split", "verbose"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, those of the network included.

        Parameters
        ----------
        deep : bool, default True
            Kept for scikit-learn; there are no nested estimators.

        Returns
        -------
        dict
        """
        return {**{name: getattr(self, name) for name in self._get_param_names()}, **self.options}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; names that are not the estimator's own go to ``build``.

        Parameters
        ----------
        **params
            Name and value.

        Returns
        -------
        self
        """
        own = set(self._get_param_names())
        for name, value in params.items():
            if name in own:
                setattr(self, name, value)
            else:
                self.options = {**self.options, name: value}
        return self

    def _fit(self, X: Any, y: np.ndarray, outputs: int, sample_weight: Any) -> Self:
        if self.build is None:
            raise InputError(
                "build is not given.\n"
                "Pass a function that answers a compiled model: build(inputs, outputs, **options)."
            )
        model = self.build(inputs=X.shape[1], outputs=outputs, **self.options)
        if getattr(model, "loss_function", None) is None:
            raise InputError(f"build answered {type(model).__name__}; it must answer a compiled model.")
        history = model.fit(
            X,
            y,
            batch_size=self.batch_size,
            epochs=self.epochs,
            verbose=self.verbose,
            callbacks=self.callbacks,
            validation_split=self.validation_split,
            sample_weight=sample_weight,
        )
        self.model_: Any = model
        self.history_ = history
        return self

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(self.model_.predict(validate_data(self, X, reset=False)))


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):  # type: ignore[misc]
    """A network as a scikit-learn classifier.

    Parameters
    ----------
    build : callable
        ``build(inputs, outputs, **options)`` answers a compiled :class:`~glassnet.Model` for that many input
        columns and classes (one output unit is allowed for two classes).
    epochs : int, default 10
    batch_size : int, default 32
    validation_split : float, default 0
    callbacks : list of Callback, optional
    verbose : default 0
    **options
        Handed to ``build``; searches see them as parameters of the estimator.

    Attributes
    ----------
    classes_ : ndarray
    model_ : Model
    history_ : History

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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Build and train the network.

        Parameters
        ----------
        X : array (n, features)
        y : array (n,)
            Labels of any kind.
        sample_weight : array (n,), optional

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y)
        self._encoder = LabelEncoder().fit(y)
        self.classes_ = self._encoder.classes_
        return self._fit(X, self._encoder.transform(y), len(self.classes_), sample_weight)

    def decision_function(self, X: Any) -> np.ndarray:
        """The network's scores.

        Parameters
        ----------
        X : array (n, features)

        Returns
        -------
        ndarray (n, classes), or (n,) for a network with one output
        """
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array (n, features)

        Returns
        -------
        ndarray (n, classes)
        """
        scores = self._scores(X).astype(float)
        likely = self.model_.loss_function.probabilities(scores)
        if likely is None:
            raise InputError(
                f"{self.model_.loss_function.name} knows no probabilities.\n"
                "Use decision_function(), or a loss such as 'softmax_cross_entropy'."
            )
        return np.hstack([1 - likely, likely]) if scores.shape[1] == 1 else np.asarray(likely)

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row.

        Parameters
        ----------
        X : array (n, features)

        Returns
        -------
        ndarray (n,)
        """
        decided = np.asarray(self.model_.loss_function.decide(self._scores(X)))
        return np.asarray(self.classes_[decided.astype(int).ravel()])


class NetworkRegressor(RegressorMixin, _NetworkEstimator):  # type: ignore[misc]
    """A network as a scikit-learn regressor.

    Parameters
    ----------
    build : callable
        ``build(inputs, outputs, **options)`` answers a compiled :class:`~glassnet.Model`.
    epochs : int, default 10
    batch_size : int, default 32
    validation_split : float, default 0
    callbacks : list of Callback, optional
    verbose : default 0
    **options
        Handed to ``build``; searches see them as parameters of the estimator.

    Attributes
    ----------
    model_ : Model
    history_ : History

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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Build and train the network.

        Parameters
        ----------
        X : array (n, features)
        y : array (n,) or (n, outputs)
        sample_weight : array (n,), optional

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True)
        return self._fit(X, y, 1 if y.ndim == 1 else y.shape[1], sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The network's answer.

        Parameters
        ----------
        X : array (n, features)

        Returns
        -------
        ndarray (n,) or (n, outputs)
        """
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores
