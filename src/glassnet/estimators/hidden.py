"""What a hidden layer makes of the data, as features for another estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from glassnet.errors import InputError, InputTypeError, UnknownNameError, suggest
from glassnet.estimators import inputs, tables
from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.estimators.saving import Saving
from glassnet.model import Sequential
from glassnet.train.wording import a_kind

__all__ = ["HiddenFeatures"]


class HiddenFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Saving, BaseEstimator):  # type: ignore[misc]
    """A transformer: the activations of a network's hidden layer.

    Parameters
    ----------
    estimator : estimator, optional
        An estimator of this package. It is cloned and trained by ``fit``; wrapped in
        :class:`sklearn.frozen.FrozenEstimator` it is used as it is. By default an MLP with its default
        arguments: a classifier where y holds classes, else a regressor.
    layer : int or str, default -1
        Which hidden layer, counted from the input's side, or the key of any layer, such as ``"dense_1"``.
    random_state : int, RandomState or None, default None
        Of the default estimator.

    Attributes
    ----------
    estimator_ : estimator
        Trained.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If X had names.

    Examples
    --------
    >>> import glassnet as gn
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> iris = gn.datasets.load("iris")
    >>> network = gn.MLPClassifier(hidden_layer_sizes=(16, 8), max_iter=300, tol=0.01, random_state=0)
    >>> features = gn.HiddenFeatures(network, layer=0)
    >>> pipeline = make_pipeline(features, LogisticRegression()).fit(iris.data, iris.target)
    >>> features.get_feature_names_out()[:2].tolist()
    ['hiddenfeatures0', 'hiddenfeatures1']
    """

    def __init__(self, estimator: Any = None, layer: int | str = -1, random_state: Any = None) -> None:
        self.estimator = estimator
        self.layer = layer
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array
            As the estimator takes it.
        sample_weight : array (n,), optional

        Returns
        -------
        self
        """
        inputs.read_target(y, type(self).__name__)
        self.estimator_ = self._chosen(y)
        encoded = tables.is_encoded(_unfrozen(self.estimator_))
        if not encoded:
            inputs.read_table(self, X, "fit()", reset=True, dtype=inputs.computing_type("auto", X, False))
        if _unfrozen(self.estimator_) is self.estimator_:
            given = {} if sample_weight is None else {"sample_weight": sample_weight}
            self.estimator_.fit(X, y, **given)
        if encoded:
            tables.remember_columns(self, _unfrozen(self.estimator_).encoder_)
        self._model = self._part()
        self._n_features_out = self._model.output_shape[0]
        return self

    def _chosen(self, y: Any) -> Any:
        if self.estimator is None:
            numbers = type_of_target(np.asarray(y)).startswith("continuous")
            return (MLPRegressor if numbers else MLPClassifier)(random_state=self.random_state)
        if not hasattr(_unfrozen(self.estimator), "_all_scores"):
            raise InputTypeError(
                f"HiddenFeatures: estimator is {a_kind(self.estimator)}.\n"
                "Pass an estimator of glassnet, such as MLPClassifier()."
            )
        return clone(self.estimator)

    def _part(self) -> Any:
        """The network up to the chosen layer."""
        network = _unfrozen(self.estimator_).model_
        if not isinstance(network, Sequential):
            raise InputError(
                "HiddenFeatures needs a Sequential network; this one is made from gn.Input.\n"
                "Make a gn.Model(inputs, hidden) of the same layers, and use its predict()."
            )
        part = Sequential(network.layers[: self._stop(network)], dtype=network.dtype.name)
        part.build((None, *network.input_specs[0].shape))
        return part

    def _stop(self, network: Any) -> int:
        """How many layers are in that part."""
        if isinstance(self.layer, str):
            keys = [layer.key for layer in network.layers]
            if self.layer not in keys:
                raise UnknownNameError(
                    f"HiddenFeatures: unknown layer {self.layer!r}. {suggest(self.layer, keys)}"
                )
            return keys.index(self.layer) + 1
        weighted = [i for i, layer in enumerate(network.layers) if hasattr(layer, "kernel")]
        ends = weighted[1:]
        if not -len(ends) <= self.layer < len(ends):
            raise InputError(
                f"HiddenFeatures: layer is {self.layer!r}; the network has {len(ends)} hidden layers.\n"
                f"Pass a number from {-len(ends)} to {len(ends) - 1}, or a layer's key."
            )
        return ends[self.layer]

    def transform(self, X: Any) -> np.ndarray:
        """The activations of the hidden layer.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)

        Returns
        -------
        ndarray (n, units)
        """
        check_is_fitted(self)
        network = _unfrozen(self.estimator_)
        owner = network if tables.is_encoded(network) else self
        parts = tables.read_parts(owner, X, "transform()", self._model.dtype)
        found = inputs.joined([self._model.predict(table) for table in parts])
        return found.reshape(len(found), -1).astype(inputs.float_type(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _unfrozen(estimator: Any) -> Any:
    """What a FrozenEstimator holds; others as they are."""
    frozen = type(estimator).__name__ == "FrozenEstimator"
    return estimator.estimator if frozen else estimator
