"""ONNX: one file that onnxruntime and its like run, without Python if need be."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet import optional
from glassnet.errors import InputError
from glassnet.export.inference import Inference, inference_of
from glassnet.export.onnx_check import compare
from glassnet.export.onnx_columns import prepare
from glassnet.export.onnx_operators import natives
from glassnet.export.writing import write_bytes
from glassnet.files.format import Path
from glassnet.nn.network import float_dtype
from glassnet.printers.layout import plain
from glassnet.printers.to_onnx import OPSET, OnnxGraph, OnnxNode, OnnxValue, Operator, print_onnx
from glassnet.trace.names import unused

IR_VERSION = 9  # of the file's own format: what came with OPSET
LARGEST = 2**31 - 1  # bytes in a file of protocol buffers


def to_onnx(thing: Any, path: Path | None = None, *, dtype: str | None = None) -> Any:
    """A model or an estimator as ONNX: checked, and compared with ``predict`` where onnxruntime is installed.

    Parameters
    ----------
    thing : Model or estimator
        Built, or fitted.
    path : str or path, optional
        By custom it ends with ``.onnx``. The old file, if there is one, is replaced in one step.
    dtype : {"float32", "float64"}, optional
        The type of the inputs and of everything computed; by default the one that the network has.
        (Estimators choose float64 for small tables, unless they are given ``dtype="float32"``.)

    Returns
    -------
    path, or onnx.ModelProto if there is none

    Raises
    ------
    GlassnetError
        The package onnx is not installed, or onnxruntime answers something else than ``predict``.
    InputTypeError, InputError, NotBuiltError
        What is given cannot be exported.
    ModelFileError
        The file cannot be written.

    Notes
    -----
    A model has its inputs ``x`` (``x1``, ``x2``, ...) and the output ``scores``. An estimator has the input
    ``X``; a classifier answers ``label``, and ``probabilities`` if its loss knows any (else ``scores``), a
    regressor ``variable`` of shape (n, targets), as skl2onnx has it. Where y has several columns of labels,
    each has its own ``probabilities_1``, ``probabilities_2``, .... The number of rows is free.

    Estimators with ``columns="auto"`` take the columns of a table: an input (n, 1) for each that they use,
    under its name. Texts are strings, of which the empty one is a missing value unless it is a category; all
    others are float64: booleans 0 and 1, dates days since 1970, durations seconds, NaN a missing value.

    Normalization and batch normalization beside a dense layer are folded into it, weights bear their keys,
    activations are ONNX's own operators where there are such, and the names of classes and features stand
    in the file's metadata, as JSON. Operators are those of version 20; onnxruntime reads them since 1.17.

    Examples
    --------
    >>> import glassnet as gn
    >>> model = gn.Sequential([gn.layers.Normalization(), gn.layers.Dense(4, "relu"), gn.layers.Dense(2)])
    >>> model.build((None, 3))
    >>> [node.op_type for node in gn.export.to_onnx(model).graph.node]
    ['Gemm', 'Relu', 'Gemm']
    """
    onnx = optional.onnx("to_onnx()")
    inference = inference_of(thing)
    if dtype is not None:
        inference = inference.as_type(float_dtype(dtype))
    model = model_proto(onnx, inference)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    compare(inference, data)
    if path is None:
        return model
    write_bytes(path, data)
    return path


def model_proto(onnx: Any, inference: Inference) -> Any:
    """The file as onnx's own object."""
    printed = operators_of(inference)
    size = sum(array.nbytes for array in printed.constants.values())
    if size > LARGEST:
        raise InputError(
            f"{inference.title} has {size:,} bytes of weights; an ONNX file holds at most {LARGEST:,}.\n"
            'Export it with dtype="float32", or use save().'
        )
    helper, tensors = onnx.helper, onnx.numpy_helper
    graph = helper.make_graph(
        [_node(helper, node) for node in printed.nodes],
        printed.name,
        [_value(helper, value) for value in printed.inputs],
        [_value(helper, value) for value in printed.outputs],
        [tensors.from_array(array, name) for name, array in printed.constants.items()],
    )
    model = helper.make_model(
        graph,
        producer_name="glassnet",
        producer_version=sys.modules["glassnet"].__version__,
        doc_string=_summary(inference, printed),
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, _metadata(inference))
    return model


def operators_of(inference: Inference) -> OnnxGraph:
    """The operators of a prediction, labels decoded."""
    known = natives(inference.dtype)
    graph = inference.folded(known.keys())
    printed = print_onnx(graph, inference.dtype, known)
    if inference.classes:
        _decode_labels(printed, inference.classes)
    if inference.preparation is not None:
        prepare(printed, inference.preparation)
    return printed


def _decode_labels(printed: OnnxGraph, classes: tuple[np.ndarray, ...]) -> None:
    """Let the output ``label`` hold the user's labels instead of their numbers."""
    labels = [label_array(column) for column in classes]
    if all(array.dtype == np.int64 and np.array_equal(array, np.arange(len(array))) for array in labels):
        return
    taken = printed.names()
    position = next(i for i, value in enumerate(printed.outputs) if value.name == "label")
    old = printed.outputs[position]
    number = unused("label_number", taken)
    printed.nodes[:] = [_renamed(node, old.name, number) for node in printed.nodes]
    if len(labels) > 1:  # one table for all targets, one after the other
        first = np.cumsum([0, *map(len, labels[:-1])])
        start, shifted = unused("first_label", taken), unused("label_position", taken)
        printed.constants[start] = first.astype(np.int64)
        printed.nodes.append(OnnxNode(Operator("Add", (number, start)), shifted, "label/Add"))
        number = shifted
    table = np.concatenate(labels)
    printed.constants["classes"] = table
    printed.nodes.append(OnnxNode(Operator("Gather", ("classes", number)), old.name, "label/Gather"))
    printed.outputs[position] = OnnxValue(old.name, table.dtype, old.shape)


def _renamed(node: OnnxNode, old: str, new: str) -> OnnxNode:
    inputs = tuple(new if name == old else name for name in node.operator.inputs)
    operator = Operator(node.operator.name, inputs, node.operator.attributes)
    return OnnxNode(operator, new if node.output == old else node.output, node.name)


def label_array(classes: np.ndarray) -> np.ndarray:
    """Labels in a type that ONNX knows: texts, whole numbers, booleans, float64."""
    values = classes.tolist()
    if all(isinstance(value, str) for value in values):
        return np.array(values, object)
    kind = np.asarray(values).dtype.kind
    types = {"b": bool, "i": np.int64, "u": np.int64, "f": np.float64}
    if kind not in types:
        raise InputError(
            f"labels of type {type(values[0]).__name__} cannot stand in an ONNX file.\n"
            "Train with labels that are texts or numbers."
        )
    return np.asarray(values, types[kind])


# ------------------------------------------------------------------------------------- objects of onnx
def _node(helper: Any, node: OnnxNode) -> Any:
    operator = node.operator
    return helper.make_node(
        operator.name, list(operator.inputs), [node.output], name=node.name, **operator.attributes
    )


def _value(helper: Any, value: OnnxValue) -> Any:
    shape = [extent if isinstance(extent, int) else str(extent).replace(" ", "") for extent in value.shape]
    return helper.make_tensor_value_info(value.name, helper.np_dtype_to_tensor_dtype(value.dtype), shape)


def _summary(inference: Inference, printed: OnnxGraph) -> str:
    """What Netron and its like show first."""
    described = [f"{x.name} {x.shape} {x.dtype.name.replace('object', 'text')}" for x in printed.inputs]
    answers = [f"{x.name} {x.shape} {x.dtype.name.replace('object', 'text')}" for x in printed.outputs]
    return f"{inference.title} of glassnet: {', '.join(described)} -> {', '.join(answers)}"


def _metadata(inference: Inference) -> Mapping[str, str]:
    found: dict[str, Any] = {"glassnet.class": inference.title}
    if inference.classes:
        labels = [label_array(column).tolist() for column in inference.classes]
        found["classes"] = json.dumps(labels[0] if len(labels) == 1 else labels)
    if inference.feature_names:
        found["feature_names"] = json.dumps(list(inference.feature_names))
    layers = {key: plain(title) for key, title in inference.graph.titles.items()}
    return {**found, "layers": json.dumps(layers)}
