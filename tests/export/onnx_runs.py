"""ONNX files run by onnxruntime."""

from __future__ import annotations

import numpy as np
import onnxruntime


def session(model):
    """onnxruntime's session of a model or a file's path."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    data = model if isinstance(model, str) else model.SerializeToString()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def run(opened, *arrays):
    """Output's name → array; inputs in their order, in the types that the file asks for."""
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    types |= {"tensor(bool)": np.bool_}
    inputs = opened.get_inputs()
    given = {x.name: np.asarray(a, types[x.type]) for x, a in zip(inputs, arrays, strict=True)}
    names = [x.name for x in opened.get_outputs()]
    return dict(zip(names, opened.run(names, given), strict=True))


def operators(model):
    """The names of a model's operators, in order."""
    return [node.op_type for node in model.graph.node]


def assert_near(found, expected, name=""):
    """Within 1e-5 of the largest number, or of 1."""
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale, err_msg=name)
