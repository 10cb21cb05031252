"""Estimators inside scikit-learn's pipelines and ensembles, for skl2onnx."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from glassnet import optional
from glassnet.errors import InputError
from glassnet.export.inference import Inference, inference_of
from glassnet.export.onnx import label_array, operators_of
from glassnet.printers.to_onnx import OPSET, OnnxValue
from glassnet.printers.to_onnx.operators import ELEMENT_TYPES
from glassnet.random import same_random_state

STRING = 8  # ONNX's number of the type of texts
# What skl2onnx may ask of a classifier. It wants a ZipMap unless told otherwise; probabilities are a plain
# array in any case. Calibrated classifiers want raw scores.
OPTIONS = {"zipmap": [True, False], "raw_scores": [True, False]}


def register_skl2onnx() -> None:
    """Teach skl2onnx the estimators of this package, alone and inside pipelines, searches and ensembles.

    Call it once, before :func:`skl2onnx.to_onnx` or ``convert_sklearn``.

    Raises
    ------
    GlassnetError
        skl2onnx is not installed.

    Notes
    -----
    What is converted computes in the float type that comes in: float32 for most pipelines. Classifiers answer
    ``label`` and ``probabilities``, a plain array (no ZipMap). ``target_opset`` must be 20 or more.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> gn.export.register_skl2onnx()
    >>> classifier = gn.LinearClassifier(max_iter=5, tol=1e9, n_iter_no_change=1, random_state=0)
    >>> X = np.eye(2, dtype=np.float32)
    >>> pipeline = make_pipeline(StandardScaler(), classifier).fit(X, ["no", "yes"])
    >>> import skl2onnx
    >>> [output.name for output in skl2onnx.to_onnx(pipeline, X).graph.output]
    ['label', 'probabilities']
    """
    skl2onnx = optional.skl2onnx("register_skl2onnx()")
    with same_random_state():  # loading scikit-learn draws numbers
        classes = importlib.import_module("glassnet.estimators").CLASSES
    for cls in classes.values():
        options = OPTIONS if hasattr(cls, "decision_function") else None
        skl2onnx.update_registered_converter(
            cls, f"Glassnet{cls.__name__}", set_types, convert, parser=declare, options=options
        )


def declare(scope: Any, estimator: Any, inputs: Any, custom_parsers: Any = None) -> list[Any]:
    """The operator that an estimator is, with its outputs.

    Parameters
    ----------
    scope : skl2onnx.common._topology.Scope
    estimator : estimator
    inputs : list of skl2onnx.common._topology.Variable
    custom_parsers
        Not needed.

    Returns
    -------
    list of Variable
    """
    operator = scope.declare_local_operator(f"Glassnet{type(estimator).__name__}", estimator)
    operator.inputs = inputs
    for value in _outputs(_inference(estimator, inputs, scope)):
        operator.outputs.append(scope.declare_local_variable(value.name, _type_of(value)))
    found: list[Any] = operator.outputs
    return found


def set_types(operator: Any) -> None:
    """Types and shapes of an operator's outputs, whoever has declared them."""
    inference = _inference(operator.raw_operator, operator.inputs, operator.scope_inst)
    for value, variable in zip(_outputs(inference), operator.outputs, strict=False):
        variable.type = _type_of(value)


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Write an estimator's operators into a pipeline's graph.

    Parameters
    ----------
    scope : skl2onnx.common._topology.Scope
    operator : skl2onnx.common._topology.Operator
    container : skl2onnx.common._container.ModelComponentContainer

    Raises
    ------
    InputError
        The pipeline is converted to older operators than these.
    """
    estimator = operator.raw_operator
    if container.target_opset < OPSET:
        raise InputError(
            f"{type(estimator).__name__} is written in operators of version {OPSET}; "
            f"got target_opset={container.target_opset}.\nConvert with target_opset={OPSET} or more."
        )
    inference = _inference(estimator, operator.inputs, scope)
    printed = operators_of(inference)
    pairs = zip(printed.outputs, operator.outputs, strict=False)  # some ask for the label alone
    names = {value.name: variable.full_name for value, variable in pairs}
    for name in sorted(printed.names() - names.keys()):
        names[name] = scope.get_unique_variable_name(name)
    for name, array in printed.constants.items():
        kind = STRING if array.dtype == object else ELEMENT_TYPES[array.dtype.name]
        container.add_initializer(names[name], kind, list(array.shape), array.ravel().tolist())
    _join_inputs(operator, container, names[printed.inputs[0].name], printed.inputs[0].dtype)
    for node in printed.nodes:
        container.add_node(
            node.operator.name,
            [names[name] for name in node.operator.inputs],
            [names[node.output]],
            name=scope.get_unique_operator_name(node.name),
            **node.operator.attributes,
        )


def _join_inputs(operator: Any, container: Any, name: str, dtype: np.dtype[Any]) -> None:
    """One table of one type, of what comes in."""
    parts = [variable.full_name for variable in operator.inputs]
    if len(parts) > 1:
        cast = [f"{name}_{number}" for number in range(len(parts))]
        for part, target in zip(parts, cast, strict=True):
            container.add_node("Cast", [part], [target], to=ELEMENT_TYPES[dtype.name])
        container.add_node("Concat", cast, [name], axis=1)
        return
    container.add_node("Cast", parts, [name], to=ELEMENT_TYPES[dtype.name])


def _inference(estimator: Any, inputs: Any, scope: Any) -> Inference:
    """What is shipped, in the float type that comes in; scores instead of probabilities, if asked."""
    from skl2onnx.common.data_types import DoubleTensorType

    double = any(isinstance(variable.type, DoubleTensorType) for variable in inputs)
    raw = hasattr(estimator, "decision_function") and scope.get_options(estimator, {"raw_scores": False})
    inference: Inference = (
        estimator._inference(raw_scores=True) if raw and raw["raw_scores"] else inference_of(estimator)
    )
    if inference.preparation is not None:
        raise InputError(
            f"{type(estimator).__name__} with columns=... reads a table, which skl2onnx cannot hand it.\n"
            "Export it alone: gn.export.to_onnx(estimator, path)."
        )
    return inference.as_type(np.float64 if double else np.float32)


def _outputs(inference: Inference) -> list[OnnxValue]:
    """The outputs, with labels in the type that the user has given them."""
    values = []
    for node, (_, name) in zip(inference.graph.outputs, inference.graph.places, strict=True):
        dtype = inference.dtype if node.kind == "float" else np.dtype(np.int64)
        if name == "label" and inference.classes:
            dtype = label_array(inference.classes[0]).dtype
        values.append(OnnxValue(name, dtype, node.shape))
    return values


def _type_of(value: OnnxValue) -> Any:
    """skl2onnx's own type of an array."""
    from skl2onnx.common import data_types as types

    known = {
        "float32": types.FloatTensorType,
        "float64": types.DoubleTensorType,
        "int64": types.Int64TensorType,
        "bool": types.BooleanTensorType,
    }
    shape = [extent if isinstance(extent, int) else None for extent in value.shape]
    return known.get(value.dtype.name, types.StringTensorType)(shape)
