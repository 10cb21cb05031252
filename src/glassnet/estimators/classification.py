"""Classifiers: labels in, labels and probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight

from glassnet.errors import InputError
from glassnet.estimators import inputs
from glassnet.estimators.contract import available_if
from glassnet.estimators.labels import Labels, read_labels
from glassnet.estimators.objectives import Objective
from glassnet.estimators.stopping import accuracy
from glassnet.nn.losses.several import SeveralLabels
from glassnet.train import checks
from glassnet.train.wording import some


# ------------------------------------------------------------------------------------------ what scores mean
def numbers_of(scores: np.ndarray, objective: Objective, labels: Labels) -> np.ndarray:
    """The encoded labels that scores say."""
    loss = objective.loss
    if isinstance(loss, SeveralLabels):
        columns = [np.asarray(loss.label_loss.decide(part)).astype(int) for part in loss.parts(scores)]
        return np.stack([np.minimum(c, s - 1) for c, s in zip(columns, labels.sizes, strict=True)], axis=1)
    if labels.kind == "multilabel":
        return np.asarray(loss.decide(scores)).astype(int).reshape(scores.shape)
    found = scores.argmax(axis=1) if objective.one_hot else np.asarray(loss.decide(scores)).astype(int)
    numbers: np.ndarray = np.minimum(found.reshape(len(scores)), labels.sizes[0] - 1)
    return numbers


def probabilities_of(scores: np.ndarray, objective: Objective, labels: Labels) -> Any:
    """The probability of each class, or None if the loss knows none; a list for several targets."""
    loss, scores = objective.loss, scores.astype(np.float64)
    if isinstance(loss, SeveralLabels):
        parts = [loss.label_loss.probabilities(part) for part in loss.parts(scores)]
        return None if parts[0] is None else [p[:, :s] for p, s in zip(parts, labels.sizes, strict=True)]
    likely = loss.probabilities(scores)
    if likely is None or labels.kind == "multilabel":
        return likely
    if labels.sizes[0] == 1:
        return np.ones((len(scores), 1))
    if likely.shape[1] == 1:
        return np.hstack([1 - likely, likely])
    return likely / np.maximum(likely.sum(axis=1, keepdims=True), 1e-300)


def confidence_of(scores: np.ndarray, objective: Objective, labels: Labels) -> Any:
    """Scores as ``decision_function`` gives them: (n,) for two classes, else one column per class."""
    if isinstance(objective.loss, SeveralLabels):
        return objective.loss.parts(scores)
    if labels.kind == "multilabel" or labels.sizes[0] > 2:
        fewer = labels.kind == "single" and scores.shape[1] < labels.sizes[0]
        return np.log(np.maximum(probabilities_of(scores, objective, labels), 1e-300)) if fewer else scores
    return scores[:, 0] if scores.shape[1] == 1 else scores[:, 1] - scores[:, 0]


def numbers_from_probabilities(likely: Any, labels: Labels) -> np.ndarray:
    """The encoded labels that probabilities say."""
    if labels.kind == "several":
        return np.stack([part.argmax(axis=1) for part in likely], axis=1)
    found: np.ndarray = (likely > 0.5).astype(int) if labels.kind == "multilabel" else likely.argmax(axis=1)
    return found


def mean_of(parts: Sequence[Any]) -> Any:
    """The mean over the members of an ensemble; of lists, entry by entry."""
    if isinstance(parts[0], list):
        return [np.mean(entries, axis=0) for entries in zip(*parts, strict=True)]
    return parts[0] if len(parts) == 1 else np.mean(parts, axis=0)


def class_factors(class_weight: Any, labels: Labels, encoded: np.ndarray) -> np.ndarray | None:
    """The weight of each example by its class."""
    if class_weight is None:
        return None
    if labels.kind != "single":
        return np.asarray(compute_sample_weight(class_weight, labels.decode(encoded)), float)
    classes = labels.classes[0].tolist()
    if isinstance(class_weight, dict):
        strange = [label for label in class_weight if label not in classes]
        if strange:
            raise InputError(
                f"class_weight has labels that y does not have: {some(strange)}.\n"
                f"Labels of y: {some(classes)}."
            )
        present = np.unique(encoded).tolist()
        class_weight = {i: class_weight.get(classes[i], 1.0) for i in present}
    return checks.class_weights(class_weight, encoded)


def knows_probabilities(estimator: Any) -> bool:
    """Whether ``predict_proba`` exists: by the fitted objective, else by the name of the loss."""
    goal, loss = vars(estimator).get("_goal"), getattr(estimator, "loss", "")
    known = goal.out_activation != "identity" if goal else "hinge" not in str(loss).lower()
    if not known:
        raise AttributeError(
            f"{goal.loss.name if goal else loss} knows no probabilities.\n"
            'Use decision_function(), loss="log_loss", or sklearn.calibration.CalibratedClassifierCV.'
        )
    return True


# ------------------------------------------------------------------------------------------ the mixin
class Classification(ClassifierMixin):  # type: ignore[misc]
    """What all classifiers of this package can do once they have scores.

    A subclass offers ``_all_scores(X, where)``, and after fit ``_goal`` and ``_labels``.
    """

    _labels: Labels
    _goal: Objective

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)

        Returns
        -------
        ndarray (n,), or (n, targets) where several are predicted
            Labels as ``fit`` got them.
        """
        return self._predicted(X, "predict()")

    def _predicted(self, X: Any, where: str) -> np.ndarray:
        scores = self._all_scores(X, where)
        likely = (
            [probabilities_of(s, self._goal, self._labels) for s in scores] if len(scores) > 1 else [None]
        )
        if likely[0] is not None:
            return self._labels.decode(numbers_from_probabilities(mean_of(likely), self._labels))
        return self._labels.decode(numbers_of(mean_of(scores), self._goal, self._labels))

    def decision_function(self, X: Any) -> Any:
        """The network's scores, before the softmax or sigmoid.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)

        Returns
        -------
        ndarray (n,) for two classes, (n, classes) for more
            A list of them, one per target, where y has several columns of labels.
        """
        mean = mean_of(self._all_scores(X, "decision_function()"))
        found = confidence_of(mean, self._goal, self._labels)
        dtype = inputs.float_type(X)
        return [part.astype(dtype) for part in found] if isinstance(found, list) else found.astype(dtype)

    @available_if(knows_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """The probability of each class.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)

        Returns
        -------
        ndarray (n, classes)
            In the order of ``classes_``. For several yes or no per example the probability of each yes; for
            several columns of labels a list with one such array per column.
        """
        return self._probabilities(X, "predict_proba()")

    def _probabilities(self, X: Any, where: str) -> Any:
        parts = [probabilities_of(s, self._goal, self._labels) for s in self._all_scores(X, where)]
        if parts[0] is None:
            knows_probabilities(self)
        mean, dtype = mean_of(parts), inputs.float_type(X)
        return [part.astype(dtype) for part in mean] if isinstance(mean, list) else mean.astype(dtype)

    @available_if(knows_probabilities)
    def predict_log_proba(self, X: Any) -> Any:
        """The logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)

        Returns
        -------
        ndarray (n, classes), or a list of them
        """
        likely = self._probabilities(X, "predict_log_proba()")
        with np.errstate(divide="ignore"):
            return [np.log(part) for part in likely] if isinstance(likely, list) else np.log(likely)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows that are predicted right; of rows with several targets, right in all of them.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n, features)
        y : array (n,) or (n, targets)
            A label that ``fit`` has not seen counts as wrong.
        sample_weight : array (n,), optional

        Returns
        -------
        float

        Raises
        ------
        InputError
            Data that cannot be used; a y without a single known label.
        """
        predicted = self._predicted(X, "score()")
        true = read_labels(y, type(self).__name__, "score()")
        weights = inputs.read_weights(sample_weight, "score()", X=predicted, y=true)
        self._refuse_strangers(true)
        return accuracy(true, predicted, weights)

    def _refuse_strangers(self, true: np.ndarray) -> None:
        """An error for a y that speaks of other classes altogether: other types, other spellings."""
        if self._labels.kind != "single" or true.ndim > 1:
            self._labels.encode(true, "y", "score()")
            return
        found = sorted(set(true.tolist()), key=str)
        if set(self._labels.classes[0].tolist()).isdisjoint(found):
            raise InputError(
                f"y has none of the labels seen at fit: it holds {some(found, limit=5)}.\n"
                f"score() knows {some(self._labels.classes[0])}."
            )

    # ------------------------------------------------------------------------------------ for fit
    def _stratification(self, encoded: np.ndarray) -> np.ndarray | None:
        """Two classes are held out in their proportion, as in scikit-learn."""
        two = self._labels.kind == "single" and self._labels.sizes[0] <= 2
        return encoded.astype(bool)[:, None] if two else None

    def _score_encoded(self, scores: np.ndarray, encoded: np.ndarray, weights: np.ndarray | None) -> float:
        if not np.isfinite(scores).all():
            return float("nan")
        return accuracy(encoded, numbers_of(scores, self._goal, self._labels), weights)

    def _class_factors(self, target: np.ndarray) -> np.ndarray | None:
        return class_factors(self.class_weight, self._labels, target)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def learn_labels(
    estimator: Any, y: Any, where: str, classes: Any, first: bool, incremental: bool
) -> np.ndarray:
    """Read y for ``fit`` or ``partial_fit``, remember its classes where that is due, and answer it encoded.

    Parameters
    ----------
    estimator : Classification
        Gets ``classes_``.
    y : array
    where : str
    classes : array, optional
        All classes, at the first ``partial_fit``.
    first : bool
        Whether training starts anew.
    incremental : bool
        Whether this is ``partial_fit``.

    Returns
    -------
    ndarray
        Encoded labels.
    """
    owner = type(estimator).__name__
    found = read_labels(y, owner, where)
    if first:
        estimator._labels = _first_labels(estimator, found, classes, incremental, where, owner)
        estimator.classes_ = estimator._labels.attribute
    else:
        _check_same_classes(estimator, found, classes, incremental)
    encoded: np.ndarray = estimator._labels.encode(found, "y", where)
    return encoded


def _first_labels(
    estimator: Any, found: np.ndarray, classes: Any, incremental: bool, where: str, owner: str
) -> Labels:
    if not incremental:
        return Labels.of(found, owner)
    if classes is None:
        raise InputError(
            "classes must be passed on the first call to partial_fit.\n"
            "Later batches may hold labels that this one lacks: partial_fit(X, y, classes=np.unique(all_y))."
        )
    if isinstance(classes, list | tuple) and np.ndim(classes[0]):  # one array of labels per column
        return Labels("several", tuple(np.unique(np.asarray(part)) for part in classes), found.dtype)
    from_batch = Labels.of(found, owner)
    if from_batch.kind != "single":
        return from_batch
    return Labels("single", (np.unique(np.asarray(classes)),), found.dtype)


def _check_same_classes(estimator: Any, found: np.ndarray, classes: Any, incremental: bool) -> None:
    if estimator._labels.kind != "single":
        return
    known = estimator._labels.classes[0]
    if incremental:
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise InputError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}"
            )
        return
    present = np.unique(found)
    if set(present.tolist()) != set(known.tolist()):
        raise InputError(
            "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
            f"Previously got {known}, `y` has {present}"
        )
