"""Loss functions of (y, scores): one value per example, on plain and traced arrays alike.

Each is a function and a class of the same name with options: ``squared_error`` and ``SquaredError``. Over
the outputs of one example elementwise losses average, as Keras does, or add up (``over_outputs="sum"``);
over the examples a training step averages, or adds up (``reduction="sum"``). Any NumPy function of
(y, scores) is a loss, too.

Ours take scores: any real numbers. Keras's keep Keras's names and meaning: those that end in
``crossentropy``, and ``kl_divergence``, take probabilities unless ``from_logits=True``.
"""

from __future__ import annotations

from typing import Any

from glassnet.errors import InputError
from glassnet.nn.losses.base import FunctionLoss, Loss
from glassnet.nn.losses.binary import BinaryCrossEntropy, BinaryHinge, binary_cross_entropy, binary_hinge
from glassnet.nn.losses.keras_classes import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
)
from glassnet.nn.losses.keras_errors import (
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    SquaredHinge,
    categorical_hinge,
    cosine_similarity,
    hinge,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    squared_hinge,
)
from glassnet.nn.losses.keras_probabilities import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from glassnet.nn.losses.likelihoods import (
    Gamma,
    GaussianNLL,
    Poisson,
    Tweedie,
    gamma,
    gaussian_nll,
    poisson,
    tweedie,
)
from glassnet.nn.losses.margins import MulticlassHinge, multiclass_hinge
from glassnet.nn.losses.ordinal import Bins, Ordinal, ordinal
from glassnet.nn.losses.regression import (
    AbsoluteError,
    Huber,
    L1Regression,
    L2Regression,
    LogCosh,
    Quantile,
    SquaredError,
    SumOfSquares,
    absolute_error,
    huber,
    l1_regression,
    l2_regression,
    log_cosh,
    quantile,
    squared_error,
    sum_of_squares,
)
from glassnet.nn.losses.softmax import Focal, SoftmaxCrossEntropy, entropy, focal, softmax_cross_entropy
from glassnet.nn.losses.tree import HierarchicalSoftmax, Tree, hierarchical_softmax
from glassnet.nn.registry import lookup

__all__ = [
    "AbsoluteError",
    "BinaryCrossEntropy",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "BinaryHinge",
    "Bins",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Focal",
    "Gamma",
    "GaussianNLL",
    "HierarchicalSoftmax",
    "Hinge",
    "Huber",
    "KLDivergence",
    "L1Regression",
    "L2Regression",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MulticlassHinge",
    "Ordinal",
    "Poisson",
    "Quantile",
    "SoftmaxCrossEntropy",
    "SparseCategoricalCrossentropy",
    "SquaredError",
    "SquaredHinge",
    "SumOfSquares",
    "Tree",
    "Tweedie",
    "absolute_error",
    "binary_cross_entropy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "binary_hinge",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "entropy",
    "focal",
    "gamma",
    "gaussian_nll",
    "get",
    "hierarchical_softmax",
    "hinge",
    "huber",
    "kl_divergence",
    "l1_regression",
    "l2_regression",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "multiclass_hinge",
    "ordinal",
    "poisson",
    "quantile",
    "softmax_cross_entropy",
    "sparse_categorical_crossentropy",
    "squared_error",
    "squared_hinge",
    "sum_of_squares",
    "tweedie",
]

CLASSES: tuple[type[Loss], ...] = (
    SoftmaxCrossEntropy,
    MulticlassHinge,
    BinaryCrossEntropy,
    BinaryHinge,
    SquaredError,
    AbsoluteError,
    SumOfSquares,
    L2Regression,
    L1Regression,
    Huber,
    LogCosh,
    Quantile,
    GaussianNLL,
    Poisson,
    Gamma,
    Tweedie,
    Ordinal,
    HierarchicalSoftmax,
    Focal,
    MeanSquaredError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    CosineSimilarity,
    Hinge,
    SquaredHinge,
    CategoricalHinge,
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
    KLDivergence,
)
# Keras's other names, and what snake case cannot guess.
ALIASES: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "kldivergence": KLDivergence,
    "logcosh": LogCosh,
    "gaussiannll": GaussianNLL,
}
LOSSES: dict[str, type[Loss]] = {cls.function.__name__: cls for cls in CLASSES} | ALIASES
_BY_FUNCTION = {cls.function: cls for cls in CLASSES}


def get(identifier: Any) -> Loss:
    """The loss for a name, an object, a class, or a NumPy function of (y, scores).

    Parameters
    ----------
    identifier : str, Loss or callable

    Returns
    -------
    Loss

    Raises
    ------
    UnknownNameError
        A name that nobody knows.

    Examples
    --------
    >>> get("squared_error"), get("mse")
    (SquaredError(), MeanSquaredError())
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        return lookup("loss", LOSSES, identifier)()  # type: ignore[no-any-return]
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier):
        known = _BY_FUNCTION.get(identifier)
        return FunctionLoss(identifier) if known is None else known()
    raise InputError(
        f"{identifier!r} is not a loss: give a name, a loss object, or a NumPy function of (y, scores)."
    )
