"""What estimators ship: from X to labels and probabilities, or to numbers, as one graph."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from glassnet import export
from glassnet.errors import InputError
from glassnet.estimators import prepared_columns
from glassnet.estimators.classification import Classification
from glassnet.estimators.labels import Labels
from glassnet.estimators.objectives import Objective
from glassnet.estimators.regression import Regression
from glassnet.export import inference
from glassnet.export.inference import Inference, extended, known_graph
from glassnet.files.format import Path
from glassnet.nn import losses
from glassnet.nn.losses.several import SeveralLabels

Traced = Any  # a traced array
Outputs = dict[str, Traced]


class Exporting:
    """Estimators that can be written to files that run without glassnet."""

    def export(self, path: Path, **options: Any) -> None:
        """Write what ``predict`` does to a file that runs without glassnet; the suffix names the format.

        Parameters
        ----------
        path : str or path
            Ending with ``.onnx``, ``.c``, ``.py`` or ``.safetensors``: see :mod:`glassnet.export`.
        **options
            Of the format's own function.

        Raises
        ------
        InputError
            Another suffix, or something that cannot be exported.
        ModelFileError
            The file cannot be written.

        Examples
        --------
        >>> import pathlib, tempfile, numpy as np, glassnet as gn
        >>> classifier = gn.LinearClassifier(max_iter=5, tol=1e9, n_iter_no_change=1, random_state=0)
        >>> classifier = classifier.fit(np.eye(2), ["no", "yes"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "classifier.onnx")
        ...     classifier.export(path)
        ...     path.stat().st_size > 0
        True
        """
        export.write_by_suffix(self, path, options)

    def _inference(self, raw_scores: bool = False) -> Inference:
        """What is shipped; for classifiers scores of all classes instead of probabilities, if asked."""
        check_is_fitted(self)
        _refuse_encoders(self)
        models = networks(self)
        head, classes = _meaning(self, raw_scores)
        return Inference(
            type(self).__name__,
            extended([known_graph(model) for model in models], "X", head),
            models[0].dtype,
            models[0].input_specs,
            partial(answers, self),
            lambda data: answers(in_float64(self), data),
            classes,
            tuple(map(str, getattr(self, "feature_names_in_", ()))),
            prepared_columns.preparation_of(self),
        )


def _refuse_encoders(estimator: Any) -> None:
    """An error for what answers no prediction."""
    if type(estimator).__name__ == "FrameEncoder":
        raise InputError(
            "FrameEncoder alone is not exported, but an estimator with columns=FrameEncoder(...) is,\n"
            "with what the encoder does. Or keep it in a model file: save()."
        )


def networks(estimator: Any) -> list[Any]:
    """The networks of an estimator: one, or those of all members."""
    if "_model" in vars(estimator):  # a part of one, for a transformer
        return [estimator._model]
    return [estimator.model_, *(member.model_ for member in getattr(estimator, "estimators_", ()))]


def in_float64(estimator: Any) -> Any:
    """The same estimator with networks that compute in float64."""
    found = copy.copy(estimator)
    for name in vars(found).keys() & {"model_", "_model"}:
        setattr(found, name, inference.in_float64(getattr(found, name)))
    if "estimators_" in vars(found):
        found.estimators_ = [in_float64(member) for member in found.estimators_]
    return found


def answers(estimator: Any, arrays: Sequence[Any]) -> Mapping[str, Any]:
    """What the estimator itself answers, by output."""
    encoder = prepared_columns.encoder_of(estimator)
    X = arrays[0] if encoder is None else prepared_columns.table_of(encoder, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the rows have no names
        if isinstance(estimator, Regression):
            return {"variable": estimator.predict(X)}
        if not isinstance(estimator, Classification):
            return {"variable": estimator.transform(X)}
        found = {"label": estimator.predict(X)}
        likely = hasattr(estimator, "predict_proba")
        parts = estimator.predict_proba(X) if likely else estimator.decision_function(X)
        return {**found, **_by_name("probabilities" if likely else "scores", parts)}


def _by_name(name: str, parts: Any) -> Outputs:
    """One output, or one for each of several targets."""
    if not isinstance(parts, list):
        return {name: parts}
    return {f"{name}_{number}": part for number, part in enumerate(parts, 1)}


def _meaning(estimator: Any, raw: bool) -> tuple[Callable[[list[Traced]], Outputs], tuple[np.ndarray, ...]]:
    """What makes outputs of scores, and the labels."""
    if isinstance(estimator, Classification):
        labels = estimator._labels
        classes = () if labels.kind == "multilabel" else labels.classes
        return partial(classify, estimator._goal, labels, raw), classes
    if isinstance(estimator, Regression):
        return partial(regress, estimator._goal, estimator._targets), ()
    return lambda scores: {"variable": scores[0].reshape(scores[0].shape[0], -1)}, ()


# ------------------------------------------------------------------------------------------ classes
def classify(goal: Objective, labels: Labels, raw: bool, scores: list[Traced]) -> Outputs:
    """The number of the label, and probabilities; scores where the loss knows none, or if they are wanted."""
    likely = [probabilities(goal, labels, one) for one in scores]
    if raw or likely[0] is None:
        mean = _mean(scores)
        sure = confidence(goal, labels, mean)
        if raw and not isinstance(sure, list) and sure.ndim == 1:  # a column for each of two classes
            sure = np.stack([-sure, sure], axis=1)
        return {"label": numbers(goal, labels, mean), **_by_name("scores", sure)}
    if len(scores) == 1:
        return {"label": numbers(goal, labels, scores[0]), **_by_name("probabilities", likely[0])}
    if isinstance(likely[0], list):  # of all targets side by side, so that C computes them once
        p = _mean([np.concatenate(parts, axis=1) for parts in likely])
        stops = np.cumsum(labels.sizes).tolist()
        members = [p[:, stop - size : stop] for stop, size in zip(stops, labels.sizes, strict=True)]
        label = np.stack([part.argmax(axis=1) for part in members], axis=1)
        return {"label": label, **_by_name("probabilities", members)}
    p = _mean(likely)
    label = (p > 0.5).astype(int) if labels.kind == "multilabel" else p.argmax(axis=1)
    return {"label": label, "probabilities": p}


def _mean(parts: list[Traced]) -> Traced:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / len(parts) if len(parts) > 1 else total


def numbers(goal: Objective, labels: Labels, scores: Traced) -> Traced:
    """The encoded labels that scores say, as in ``predict``."""
    loss = goal.loss
    if isinstance(loss, SeveralLabels):
        decided = [loss.label_loss.decide(part).astype(int) for part in loss.parts(scores)]
        return np.stack([_known(c, s) for c, s in zip(decided, labels.sizes, strict=True)], axis=1)
    if labels.kind == "multilabel":
        return loss.decide(scores).astype(int).reshape(scores.shape)
    found = scores.argmax(axis=1) if goal.one_hot else loss.decide(scores).astype(int)
    return _known(found.reshape(-1), labels.sizes[0])


def _known(numbers: Traced, size: int) -> Traced:
    """Of a single class there are two scores: both mean that class."""
    return numbers if size > 1 else np.minimum(numbers, size - 1)


def probabilities(goal: Objective, labels: Labels, scores: Traced) -> Any:
    """The probability of each class, a list for several targets; None if the loss knows none."""
    loss = goal.loss
    if isinstance(loss, SeveralLabels):
        parts = [loss.label_loss.probabilities(part) for part in loss.parts(scores)]
        return None if parts[0] is None else [p[:, :s] for p, s in zip(parts, labels.sizes, strict=True)]
    likely = loss.probabilities(scores)
    if likely is None or labels.kind == "multilabel":
        return likely
    if labels.sizes[0] == 1:
        return np.ones_like(scores[:, :1])
    if likely.shape[1] == 1:
        return np.concatenate([1 - likely, likely], axis=1)
    if isinstance(loss, losses.SoftmaxCrossEntropy):
        return likely  # adds up to 1 as it is
    return likely / np.maximum(likely.sum(axis=1, keepdims=True), 1e-300)


def confidence(goal: Objective, labels: Labels, scores: Traced) -> Any:
    """Scores as ``decision_function`` gives them."""
    if isinstance(goal.loss, SeveralLabels):
        return goal.loss.parts(scores)
    if labels.kind == "multilabel" or labels.sizes[0] > 2:
        return scores
    return scores[:, 0] if scores.shape[1] == 1 else scores[:, 1] - scores[:, 0]


# ------------------------------------------------------------------------------------------ numbers
def regress(goal: Objective, targets: int, scores: list[Traced]) -> Outputs:
    """What ``predict`` answers without options."""
    return {"variable": _mean([central(goal, targets, one) for one in scores])}


def central(goal: Objective, targets: int, scores: Traced) -> Traced:
    """What one network predicts, (n, targets)."""
    levels = getattr(goal.loss, "quantiles", None) if isinstance(goal.loss, losses.Quantile) else None
    if isinstance(levels, tuple):
        return goal.in_units(in_order(scores)[int(np.argmin(np.abs(np.array(levels) - 0.5)))])
    if isinstance(goal.loss, losses.GaussianNLL):
        return scores[:, :targets]
    return np.exp(scores) if goal.out_activation == "exp" else goal.in_units(scores)


def in_order(scores: Traced) -> list[Traced]:
    """The columns with each row sorted, by comparing neighbours: quantiles are few, and never cross."""
    columns = [scores[:, i : i + 1] for i in range(scores.shape[1])]
    for last in range(len(columns) - 1, 0, -1):
        for i in range(last):
            low, high = columns[i], columns[i + 1]
            columns[i], columns[i + 1] = np.minimum(low, high), np.maximum(low, high)
    return columns
