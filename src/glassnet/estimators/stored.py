"""Estimators as model files: the arguments, what `fit` learned, the networks; nothing that could run.

A file of an estimator says its class, by a name of a closed table, its arguments, its classes and records as
plain values, and its networks as :mod:`glassnet.files` describes them. Callbacks and random generators are
not kept: they belong to a run, and not to what it learned.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet import files
from glassnet.estimators import objectives, tables
from glassnet.estimators.base import BaseMLP
from glassnet.estimators.frame_encoder import FrameEncoder
from glassnet.estimators.hidden import HiddenFeatures
from glassnet.estimators.labels import Labels
from glassnet.estimators.linear import LinearClassifier
from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.estimators.network import NetworkClassifier, NetworkRegressor
from glassnet.estimators.network_base import BaseNetwork
from glassnet.estimators.treatments import TREATMENTS, Treatment
from glassnet.files import packing, registry, unpacking
from glassnet.files.refused import guarded, items, one_of, record, refuse, shown, text, whole
from glassnet.model import Model, Sequential
from glassnet.nn.embedding import ColumnEmbedding

CLASSES: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        FrameEncoder, HiddenFeatures, LinearClassifier, MLPClassifier, MLPRegressor, NetworkClassifier,
        NetworkRegressor,
    )
}  # fmt: skip
RUN = ("callbacks",)  # arguments that belong to a run
NUMBERS = ("loss_", "best_loss_", "best_validation_score_", "n_iter_", "t_", "_no_improvement_count")
CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_")
RECORDS = (*NUMBERS, *CURVES)


# ------------------------------------------------------------------------------------------ describing
def describe(packer: files.Packer, estimator: Any, key: str) -> dict[str, Any]:
    """A fitted or unfitted estimator as JSON; its arrays go to the packer."""
    name = type(estimator).__name__
    if CLASSES.get(name) is not type(estimator):
        refuse(key, f"cannot be stored: {name} is a class of its own.")
    parameters = {n: _argument(n, v) for n, v in estimator.get_params(deep=False).items()}
    fitted = _describe_fitted(packer, estimator, key) if "n_features_in_" in vars(estimator) else None
    packed = {n: packer.pack(value, f"{key}.{n}") for n, value in parameters.items()}
    return {"name": name, "parameters": packed, "fitted": fitted}


def _argument(name: str, value: Any) -> Any:
    generator = isinstance(value, np.random.RandomState | np.random.Generator)
    return None if name in RUN or generator else value


def _describe_fitted(packer: files.Packer, estimator: Any, key: str) -> dict[str, Any]:
    names = getattr(estimator, "feature_names_in_", None)
    common = {
        "features": int(estimator.n_features_in_),
        "names": None if names is None else [str(name) for name in names],
    }
    if isinstance(estimator, HiddenFeatures):
        return {**common, "estimator": packer.pack(estimator.estimator_, f"{key}.estimator_")}
    if isinstance(estimator, FrameEncoder):
        return {**common, "treatments": packer.pack(estimator.treatments_, f"{key}.treatments_")}
    labels = vars(estimator).get("_labels")
    return {
        **common,
        "labels": None if labels is None else _describe_labels(packer, labels, f"{key}.classes_"),
        "targets": vars(estimator).get("_targets"),
        "float": vars(estimator).get("_float", np.dtype(float)).name,
        **_described_columns(packer, estimator, key),
        "networks": [_network(packer, one, key) for one in (estimator, *_members(estimator))],
    }


def _described_columns(packer: files.Packer, estimator: Any, key: str) -> dict[str, Any]:
    """What became of the columns of X, and the name and the units of y, where there are such."""
    found: dict[str, Any] = {}
    if tables.is_encoded(estimator):
        found["encoder"] = packer.pack(estimator.encoder_, f"{key}.encoder_")
    if "target_name_" in vars(estimator):
        found["target"] = str(estimator.target_name_)
    if estimator._goal.spread:
        found["units"] = [list(estimator._goal.center), list(estimator._goal.spread)]
    return found


def _members(estimator: Any) -> list[Any]:
    found: list[Any] = vars(estimator).get("estimators_", [])
    return found


def _describe_labels(packer: files.Packer, labels: Labels, key: str) -> dict[str, Any]:
    classes = [packer.pack(found, key) for found in labels.classes]
    return {"kind": labels.kind, "classes": classes, "dtype": str(np.dtype(labels.dtype))}


def _network(packer: files.Packer, estimator: Any, key: str) -> dict[str, Any]:
    """One network with the records of its training."""
    records = {name: packer.pack(vars(estimator)[name], key) for name in RECORDS if name in vars(estimator)}
    return {"model": packer.pack(estimator.model_, f"{key}.model_"), "records": records}


# ------------------------------------------------------------------------------------------ making
def rebuild(unpacker: files.Unpacker, value: Any, key: str) -> Any:
    """An estimator from its description."""
    record(value, key, ("name", "parameters", "fitted"))
    cls = CLASSES[one_of(value["name"], f"{key}.name", CLASSES)]
    record(value["parameters"], f"{key}.parameters", (), value["parameters"])
    arguments = {
        text(name, key): unpacker.unpack(packed, f"{key}.{name:.60}")
        for name, packed in value["parameters"].items()
    }
    with guarded(f"{key}.parameters"):
        estimator = cls(**arguments)
    if value["fitted"] is not None:
        _fill(estimator, value["fitted"], unpacker, key)
    return estimator


def _fill(estimator: Any, value: Any, unpacker: files.Unpacker, key: str) -> None:
    hidden, encodes = isinstance(estimator, HiddenFeatures), isinstance(estimator, FrameEncoder)
    own = ("estimator",) if hidden else ("treatments",) if encodes else _own_parts(estimator)
    optional: tuple[str, ...] = () if hidden or encodes else ("target",)
    optional += ("units",) if isinstance(estimator, MLPRegressor) else ()
    record(value, key, ("features", "names", *own), optional)
    estimator.n_features_in_ = whole(value["features"], f"{key}.features", low=1)
    _set_names(estimator, value["names"], f"{key}.names")
    if hidden:
        _fill_hidden(estimator, unpacker.unpack(value["estimator"], f"{key}.estimator_"), key)
        return
    if encodes:
        _fill_encoder(estimator, unpacker.unpack(value["treatments"], f"{key}.treatments_"), key)
        return
    _fill_predictor(estimator, value, unpacker, key)


def _fill_predictor(estimator: Any, value: Any, unpacker: files.Unpacker, key: str) -> None:
    """A classifier or regressor: encoder, labels, networks."""
    if "encoder" in value:
        estimator.encoder_ = _encoder(estimator, unpacker.unpack(value["encoder"], key), f"{key}.encoder_")
    if "target" in value:
        estimator.target_name_ = text(value["target"], f"{key}.target")
    classifier = hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    if classifier:
        estimator._labels = _labels(value["labels"], unpacker, f"{key}.classes_")
        estimator.classes_ = estimator._labels.attribute
    else:
        estimator._targets = whole(value["targets"], f"{key}.targets", low=1)
    estimator._float = np.dtype(one_of(value["float"], f"{key}.float", ("float32", "float64")))
    networks = items(value["networks"], f"{key}.networks")
    if not networks:
        refuse(f"{key}.networks", "must hold at least one network.")
    _fill_network(estimator, networks[0], unpacker, f"{key}.networks[0]")
    if isinstance(estimator, BaseMLP):
        estimator.estimators_ = []
        for i, described in enumerate(networks[1:], 1):
            member = estimator._member()
            _fill_network(member, described, unpacker, f"{key}.networks[{i}]")
            estimator.estimators_ = [*estimator.estimators_, member]
    elif len(networks) > 1:
        refuse(f"{key}.networks", "must hold one network.")
    if "units" in value:
        center, spread = _units(value["units"], estimator._targets, f"{key}.units")
        for one in (estimator, *_members(estimator)):
            one._goal = replace(one._goal, center=center, spread=spread)


def _own_parts(estimator: Any) -> tuple[str, ...]:
    encoder = ("encoder",) if tables.is_encoded(estimator) else ()
    return ("labels", "targets", "float", "networks", *encoder)


def _fill_encoder(encoder: FrameEncoder, found: Any, key: str) -> None:
    fits = isinstance(found, list) and all(isinstance(one, Treatment) for one in found)
    if not fits or len(found) != encoder.n_features_in_:
        refuse(f"{key}.treatments_", f"must be {encoder.n_features_in_} treatments; got {shown(found)}.")
    encoder.set_fitted(found, getattr(encoder, "feature_names_in_", None))
    if not len(encoder.get_feature_names_out()):
        refuse(f"{key}.treatments_", "must answer at least one feature.")


def _encoder(estimator: Any, found: Any, key: str) -> FrameEncoder:
    """The encoder of an estimator, of the same columns."""
    if not isinstance(found, FrameEncoder) or "treatments_" not in vars(found):
        refuse(key, f"must be a fitted FrameEncoder; got {shown(found)}.")
    names = [getattr(one, "feature_names_in_", np.array([])).tolist() for one in (estimator, found)]
    if found.n_features_in_ != estimator.n_features_in_ or names[0] != names[1]:
        refuse(key, "must be of the columns that the estimator takes.")
    return found


def _units(value: Any, targets: int, key: str) -> tuple[tuple[float, ...], ...]:
    """Centers and spreads of the columns of y."""
    found = tuple(tuple(items(part, key)) for part in items(value, key))
    numbers = [number for part in found for number in part]
    if not all(type(number) is float and math.isfinite(number) for number in numbers):
        refuse(key, "must be finite numbers.")
    if [len(part) for part in found] != [targets, targets] or min(found[1]) <= 0:
        refuse(key, f"must be {targets} centers and {targets} spreads above 0; got {shown(value)}.")
    return found


def _set_names(estimator: Any, names: Any, key: str) -> None:
    if names is None:
        return
    found = [text(name, key) for name in items(names, key)]
    if len(found) != estimator.n_features_in_:
        refuse(key, f"must be {estimator.n_features_in_} texts; got {len(found)}.")
    estimator.feature_names_in_ = np.array(found, object)


def _fill_hidden(estimator: HiddenFeatures, trained: Any, key: str) -> None:
    inside = (
        getattr(trained, "estimator", trained) if type(trained).__name__ == "FrozenEstimator" else trained
    )
    if not isinstance(inside, BaseMLP | BaseNetwork) or "model_" not in vars(inside):
        refuse(f"{key}.estimator_", f"must be a trained estimator of glassnet; got {shown(trained)}.")
    estimator.estimator_ = trained
    with guarded(f"{key}.layer"):
        estimator._model = estimator._part()
    estimator._n_features_out = math.prod(estimator._model.output_shape)


def _labels(value: Any, unpacker: files.Unpacker, key: str) -> Labels:
    record(value, key, ("kind", "classes", "dtype"))
    kind: Any = one_of(value["kind"], f"{key}.kind", ("single", "multilabel", "several"))
    classes = tuple(unpacker.unpack(found, key) for found in items(value["classes"], key))
    for found in classes:
        if not isinstance(found, np.ndarray) or found.ndim != 1 or not len(found):
            refuse(key, "must be arrays of labels.")
        with guarded(key):
            rising = bool(np.all(found[:-1] < found[1:]))
        if not rising:
            refuse(key, "must be in ascending order.")
    if not classes or (kind != "several" and len(classes) != 1):
        refuse(key, f"must be one array; got {len(classes)}.")
    with guarded(f"{key}.dtype"):
        dtype = np.dtype(text(value["dtype"], key))
    return Labels(kind, classes, dtype)


def _fill_network(estimator: Any, value: Any, unpacker: files.Unpacker, key: str) -> None:
    record(value, key, ("model", "records"))
    model = unpacker.unpack(value["model"], f"{key}.model")
    wanted = Sequential if isinstance(estimator, BaseMLP) else Model
    if not isinstance(model, wanted) or model.loss_function is None or model.optimizer is None:
        refuse(f"{key}.model", f"must be a compiled model; got {shown(model)}.")
    features = estimator.n_features_in_
    if tables.is_encoded(estimator):
        features = len(estimator.encoder_.get_feature_names_out())
    if [spec.shape for spec in model.input_specs] != [(features,)]:
        refuse(f"{key}.model", f"must take {features} features.")
    _check_embeddings(estimator, model, f"{key}.model")
    estimator.model_ = model
    with guarded(f"{key}.model"):
        estimator._goal = _objective(estimator)
    if model.output_shape != (estimator._goal.outputs,):
        refuse(f"{key}.model", f"must have {estimator._goal.outputs} outputs.")
    _set_records(estimator, value["records"], unpacker, f"{key}.records")


def _check_embeddings(estimator: Any, model: Any, key: str) -> None:
    """An MLP's tables of vectors have a row for each index that its encoder may answer."""
    if not isinstance(estimator, BaseMLP):
        return
    found = [
        size for layer in model.layers if isinstance(layer, ColumnEmbedding) for size in layer.input_dims
    ]
    if found != tables.embedding_sizes(estimator):
        refuse(key, f"must have vectors for {tables.embedding_sizes(estimator)}; has them for {found}.")


def _objective(estimator: Any) -> Any:
    if isinstance(estimator, BaseNetwork):
        return estimator._objective(estimator.model_)
    owner = type(estimator).__name__
    if isinstance(estimator, MLPRegressor):
        return objectives.for_numbers(estimator.loss, estimator.quantiles, estimator._targets, owner)
    return objectives.for_classes(estimator.loss, estimator._labels, owner)


def _set_records(estimator: Any, value: Any, unpacker: files.Unpacker, key: str) -> None:
    record(value, key, (), RECORDS)
    for name, packed in value.items():
        found = unpacker.unpack(packed, f"{key}.{name}")
        numbers = found if name in CURVES and isinstance(found, list) else [found]
        if not all(x is None or (isinstance(x, int | float) and not isinstance(x, bool)) for x in numbers):
            refuse(f"{key}.{name}", f"must be numbers; got {shown(found)}.")
        setattr(estimator, name, found)
    if isinstance(estimator, BaseMLP):
        objective = estimator._goal
        estimator.n_layers_ = sum(hasattr(layer, "kernel") for layer in estimator.model_.layers) + 1
        estimator.n_outputs_, estimator.out_activation_ = objective.outputs, objective.out_activation
    else:
        estimator.history_ = estimator.model_.history


def _restore(document: dict[str, Any], unpacker: files.Unpacker) -> Any:
    """The estimator of a file."""
    return rebuild(unpacker, record(document, "the description", ("estimator",))["estimator"], "estimator")


registry.add("treatment", *TREATMENTS)
for _cls in (BaseMLP, BaseNetwork, FrameEncoder, HiddenFeatures):
    packing.EXTENSIONS[_cls] = ("estimator", describe)
unpacking.EXTENSIONS["estimator"] = rebuild
files.RESTORE["estimator"] = _restore
