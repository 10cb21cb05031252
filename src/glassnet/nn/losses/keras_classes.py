"""The classes of :mod:`glassnet.nn.losses.keras_probabilities`, with Keras's arguments in Keras's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.errors import InputError
from glassnet.nn.activations import sigmoid, softmax
from glassnet.nn.losses.base import BinaryLoss, ClassLoss, LabelLoss, check_axis
from glassnet.nn.losses.keras_probabilities import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from glassnet.nn.registry import fraction, non_negative, positive, share


class BinaryCrossentropy(BinaryLoss):
    """See :func:`binary_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default False
    label_smoothing : float, default 0
    axis : int, default -1
        Always the last one.
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> import numpy as np
    >>> float(BinaryCrossentropy()(np.array([1.0]), np.array([0.5])).round(4))
    0.6931
    """

    function: Callable[..., Any] = staticmethod(binary_crossentropy)
    hypers: tuple[str, ...] = ("label_smoothing",)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.from_logits, self.axis = bool(from_logits), check_axis(axis, type(self).__name__)
        self.label_smoothing = fraction(label_smoothing, "label_smoothing", type(self).__name__)

    @property
    def threshold(self) -> float:  # type: ignore[override]
        """0 for real-valued scores, one half for probabilities."""
        return 0.0 if self.from_logits else 0.5

    def probabilities(self, scores: Any) -> Any:
        return sigmoid(scores) if self.from_logits else scores


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """See :func:`binary_focal_crossentropy`.

    Parameters
    ----------
    apply_class_balancing : bool, default False
    alpha : float, default 0.25
    gamma : float, default 2
    from_logits : bool, default False
    label_smoothing : float, default 0
    axis : int, default -1
        Always the last one.
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> import numpy as np
    >>> float(BinaryFocalCrossentropy()(np.array([1.0]), np.array([0.5])).round(4))
    0.1733
    """

    function = staticmethod(binary_focal_crossentropy)
    hypers = ("label_smoothing", "alpha", "gamma")

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "mean",
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction)
        self.apply_class_balancing = bool(apply_class_balancing)
        self.alpha = share(alpha, "alpha", "BinaryFocalCrossentropy")
        self.gamma = non_negative(gamma, "gamma", "BinaryFocalCrossentropy")


class CategoricalCrossentropy(LabelLoss):
    """See :func:`categorical_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default False
    label_smoothing : float, default 0
    axis : int, default -1
        Always the last one.
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> import numpy as np
    >>> float(CategoricalCrossentropy()(np.array([[0, 1]]), np.array([[0.5, 0.5]])).round(4))
    0.6931
    """

    function: Callable[..., Any] = staticmethod(categorical_crossentropy)
    hypers: tuple[str, ...] = ("label_smoothing",)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.from_logits, self.axis = bool(from_logits), check_axis(axis, type(self).__name__)
        self.label_smoothing = fraction(label_smoothing, "label_smoothing", type(self).__name__)

    def probabilities(self, scores: Any) -> Any:
        return softmax(scores) if self.from_logits else scores


class CategoricalFocalCrossentropy(CategoricalCrossentropy):
    """See :func:`categorical_focal_crossentropy`.

    Parameters
    ----------
    alpha : float, default 0.25
    gamma : float, default 2
    from_logits : bool, default False
    label_smoothing : float, default 0
    axis : int, default -1
        Always the last one.
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> import numpy as np
    >>> float(CategoricalFocalCrossentropy()(np.array([[0, 1]]), np.array([[0.5, 0.5]])).round(4))
    0.0433
    """

    function = staticmethod(categorical_focal_crossentropy)
    hypers = ("label_smoothing", "alpha", "gamma")

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "mean",
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction)
        self.alpha = non_negative(alpha, "alpha", "CategoricalFocalCrossentropy")
        self.gamma = non_negative(gamma, "gamma", "CategoricalFocalCrossentropy")


class SparseCategoricalCrossentropy(ClassLoss):
    """See :func:`sparse_categorical_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default False
    ignore_class : None
        Not supported: give those examples the ``sample_weight`` 0.
    reduction : {"mean", "sum"}, default "mean"
    axis : int, default -1
        Always the last one.

    Examples
    --------
    >>> import numpy as np
    >>> float(SparseCategoricalCrossentropy()(np.array([1]), np.array([[0.5, 0.5]])).round(4))
    0.6931
    """

    function = staticmethod(sparse_categorical_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: None = None,
        reduction: str = "mean",
        axis: int = -1,
    ) -> None:
        super().__init__(reduction)
        if ignore_class is not None:
            raise InputError(
                f"SparseCategoricalCrossentropy: ignore_class={ignore_class!r} is not supported.\n"
                "Give the examples to be ignored a sample_weight of 0 and any label."
            )
        self.ignore_class = ignore_class
        self.from_logits, self.axis = bool(from_logits), check_axis(axis, "SparseCategoricalCrossentropy")

    def probabilities(self, scores: Any) -> Any:
        return softmax(scores) if self.from_logits else scores


class CategoricalGeneralizedCrossEntropy(ClassLoss):
    """See :func:`categorical_generalized_cross_entropy`.

    Parameters
    ----------
    q : float, default 0.5
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> import numpy as np
    >>> float(CategoricalGeneralizedCrossEntropy()(np.array([1]), np.array([[0.75, 0.25]])))
    1.0
    """

    function = staticmethod(categorical_generalized_cross_entropy)
    hypers = ("q",)

    def __init__(self, q: float = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        positive(q, "q", "CategoricalGeneralizedCrossEntropy")
        self.q = share(q, "q", "CategoricalGeneralizedCrossEntropy")

    def probabilities(self, scores: Any) -> Any:
        return scores


class KLDivergence(LabelLoss):
    """See :func:`kl_divergence`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"
    from_logits : bool, default False

    Examples
    --------
    >>> import numpy as np
    >>> float(KLDivergence()(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]])))
    0.0
    """

    function = staticmethod(kl_divergence)

    def __init__(self, reduction: str = "mean", from_logits: bool = False) -> None:
        super().__init__(reduction)
        self.from_logits = bool(from_logits)

    def probabilities(self, scores: Any) -> Any:
        return softmax(scores) if self.from_logits else scores
