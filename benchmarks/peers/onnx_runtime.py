"""onnxruntime, for predictions alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from benchmarks.networks import Network, Weights

OPTIONS = onnxruntime.SessionOptions()
OPTIONS.inter_op_num_threads = 1


def set_threads(number: int) -> None:
    """Of the sessions made from now on."""
    OPTIONS.intra_op_num_threads = number


def exported(network: Network, weights: Weights) -> bytes:
    """The network in the ONNX format."""
    nodes, constants, x = [], [], "x"
    for i, (kernel, bias) in enumerate(weights):
        constants += [numpy_helper.from_array(kernel, f"W{i}"), numpy_helper.from_array(bias, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [x, f"W{i}", f"b{i}"], [f"z{i}"]))
        x = f"z{i}"
        if i < len(weights) - 1:
            nodes.append(helper.make_node("Relu", [x], [f"a{i}"]))
            x = f"a{i}"
    places = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in (("x", network.sizes[0]), (x, network.sizes[-1]))
    ]
    graph = helper.make_graph(nodes, "network", places[:1], places[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def predictor(
    network: Network, weights: Weights, X: np.ndarray, variant: str
) -> tuple[Callable[[Any], Any], np.ndarray]:
    """A session's ``run``."""
    session = onnxruntime.InferenceSession(exported(network, weights), OPTIONS)
    return (lambda x: session.run(None, {"x": x})[0]), X
