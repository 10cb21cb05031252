"""scikit-learn's scorers, computed on all predictions of held-out data at once."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from glassnet.errors import InputError
from glassnet.nn.losses.base import Loss, labels_from
from glassnet.nn.metrics.streaming import Metric
from glassnet.nn.registry import known_name
from glassnet.random import same_random_state


def scorer_names() -> list[str]:
    """The names that scikit-learn knows."""
    with same_random_state():  # the first call loads more
        from sklearn.metrics import get_scorer_names

        return list(get_scorer_names())


class Scorer(Metric):
    """A scorer of scikit-learn's: ``"roc_auc"``, ``"f1_macro"``, ``"r2"``, ``"neg_log_loss"``, ...

    Larger is better, for every one of them. A model computes it on ``validation_data`` after each epoch and
    in ``evaluate``, not in training: most are no averages over batches.

    Parameters
    ----------
    name : str
        One of ``sklearn.metrics.get_scorer_names()``, or a name for ``scorer``.
    scorer : callable, optional
        From ``sklearn.metrics.make_scorer``.

    Examples
    --------
    >>> from glassnet.nn.losses import BinaryCrossEntropy
    >>> scores = np.array([[-2.0], [0.5], [-1.0], [3.0]])
    >>> Scorer("roc_auc").score(np.array([[0.0], [0.0], [1.0], [1.0]]), scores, BinaryCrossEntropy())
    0.75
    """

    held_out = True

    def __init__(self, name: str, scorer: Any = None) -> None:
        self.name, self.given = name, scorer
        super().__init__(name, self.scorer)

    @classmethod
    def unchecked(cls, name: str) -> Scorer:
        """One of scikit-learn's by its name, which is looked up when a score is first computed."""
        scorer = cls.__new__(cls)
        scorer.name, scorer.given = name, None
        return scorer

    @functools.cached_property
    def scorer(self) -> Any:
        """What scikit-learn calls a scorer."""
        if self.given is not None:
            return self.given
        known_name(self.name, scorer_names(), "scorer")
        from sklearn.metrics import get_scorer

        return get_scorer(self.name)

    def __call__(self, y: Any, scores: Any, loss: Loss | None = None) -> Any:
        """The score of plain arrays."""
        return self.score(y, scores, loss or Loss())

    def score(self, y: Any, scores: Any, loss: Loss, sample_weight: Any = None) -> float:
        """The score of predictions.

        Parameters
        ----------
        y : array
            Targets as the loss has prepared them.
        scores : array
            The network's output.
        loss : Loss
            Says what the scores mean: labels, probabilities, numbers.
        sample_weight : array (n,), optional
            Passed to scorers that take it.

        Returns
        -------
        float

        Raises
        ------
        InputError
            The scorer cannot be computed on such targets and predictions.
        """
        targets, answers = answers_of(np.asarray(y), np.asarray(scores), loss)
        weights = {"sample_weight": sample_weight} if sample_weight is not None and self._weighted() else {}
        try:
            return float(self.scorer(answers, None, targets, **weights))
        except (ValueError, AttributeError, TypeError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"metric {self.name!r} cannot be computed with the loss {loss.name}: {reason}\n"
                "Choose another, or compute it yourself from model.predict(X)."
            ) from None

    def _weighted(self) -> bool:
        function = getattr(self.scorer, "_score_func", self.scorer)
        return "sample_weight" in inspect.signature(function).parameters

    def __repr__(self) -> str:
        return f"Scorer({self.name!r})"


class Answers:
    """Predictions that have been made, in the clothes of a fitted estimator.

    Parameters
    ----------
    kind : {"classifier", "regressor"}
    classes : array or None
    **predictions : array
        Method → what it answers.
    """

    def __init__(self, kind: str, classes: Any, **predictions: Any) -> None:
        self.kind = self._estimator_type = kind
        if classes is not None:
            self.classes_ = classes
        for method, answer in predictions.items():
            if answer is not None:
                setattr(self, method, _method(method, answer))

    def fit(self, X: Any, y: Any) -> Answers:
        """Nothing to do."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type=self.kind,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if self.kind == "classifier" else None,
            regressor_tags=RegressorTags() if self.kind == "regressor" else None,
        )


def _method(name: str, answer: Any) -> Any:
    def method(X: Any) -> Any:
        return answer

    method.__name__ = name  # scikit-learn looks methods up by it
    return method


def answers_of(y: np.ndarray, scores: np.ndarray, loss: Loss) -> tuple[np.ndarray, Answers]:
    """Targets and predictions as scikit-learn's metrics want them."""
    if loss.task == "binary":
        return _yes_or_no(y, scores, loss)
    named = y.ndim == 1 and y.dtype.kind in "iub" and scores.ndim == 2 and scores.shape[1] > 1
    if loss.task == "labels" or named:
        return _classes(labels_from(y), scores, loss)
    return _column(y), Answers("regressor", None, predict=_column(scores).astype(float))


def _column(values: np.ndarray) -> np.ndarray:
    """A single output as one axis."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _yes_or_no(y: np.ndarray, scores: np.ndarray, loss: Loss) -> tuple[np.ndarray, Answers]:
    targets, decided = (_column(y) > 0.5).astype(int), _column(np.asarray(loss.decide(scores))).astype(int)
    p = loss.probabilities(scores)
    chances = None if p is None else _column(np.asarray(p, float))
    if decided.ndim == 1 and chances is not None:
        chances = np.stack([1 - chances, chances], axis=1)
    decision = _column(scores).astype(float)
    answers = {"predict": decided, "predict_proba": chances, "decision_function": decision}
    return targets, Answers("classifier", np.arange(2), **answers)


def _classes(labels: np.ndarray, scores: np.ndarray, loss: Loss) -> tuple[np.ndarray, Answers]:
    count = loss.class_count(scores.shape[1:])
    p = loss.probabilities(scores)
    chances = None if p is None else np.asarray(p, float)
    if chances is not None:
        chances = chances / chances.sum(axis=1, keepdims=True)
    decision = scores.astype(float) if scores.shape[1] == count else None
    if decision is not None and count == 2:
        decision = decision[:, 1] - decision[:, 0]
    answers = {"predict": loss.decide(scores), "predict_proba": chances, "decision_function": decision}
    return labels, Answers("classifier", np.arange(count), **answers)
