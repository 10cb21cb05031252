"""Whether onnxruntime answers what ``predict`` answers, asked before a file is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet import optional
from glassnet.errors import GlassnetError
from glassnet.export.inference import Inference
from glassnet.graph.graph import input_place
from glassnet.nn.specs import Spec
from glassnet.printers.layout import plain
from glassnet.programs.interpret import interpret

ROWS = 5
CLOSE = 1e-5  # of the largest answer, or of 1
OWN_ERRORS = 4  # as far from the truth as so many times predict()'s own rounding


def run(session: Any, arrays: list[np.ndarray]) -> dict[str, Any]:
    """Output's name → array."""
    names = [value.name for value in session.get_inputs()]
    outputs = [value.name for value in session.get_outputs()]
    return dict(zip(outputs, session.run(outputs, dict(zip(names, arrays, strict=True))), strict=True))


def example(spec: Spec, dtype: Any) -> np.ndarray:
    """A few rows that fit an input, always the same: from 0 to 1, which are indices, too, where cut off."""
    generator = np.random.default_rng(0)
    if spec.kind == "int":
        return generator.integers(0, spec.below or 2, (ROWS, *spec.shape))
    return generator.random((ROWS, *spec.shape)).astype(dtype)


def compare(inference: Inference, data: bytes) -> None:
    """Run a file on a few rows, if onnxruntime is installed, and compare with the model or estimator.

    Parameters
    ----------
    inference : Inference
    data : bytes
        The file.

    Raises
    ------
    GlassnetError
        onnxruntime answers something else.
    """
    runtime = optional.onnxruntime()
    if runtime is None:
        return
    arrays = [example(spec, inference.dtype) for spec in inference.inputs]
    options = runtime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    try:
        session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        found = run(session, arrays)
    except Exception as error:
        raise GlassnetError(
            f"onnxruntime {runtime.__version__} cannot run {inference.title} in {inference.dtype}: "
            f"{plain(str(error).strip())}\nInstall a newer one, or export with the other dtype."
        ) from error
    expected = inference.answer(arrays)
    truth = _in_float64(inference, arrays)
    for name, answer in expected.items():
        if np.asarray(answer).dtype.kind == "f":
            _check_numbers(inference, name, found[name], np.asarray(answer), truth[name])
        else:
            _check_labels(inference, name, found[name], np.asarray(answer), truth[name])


def _in_float64(inference: Inference, arrays: list[np.ndarray]) -> Mapping[str, Any]:
    """The graph's answers with the least rounding; labels as numbers."""
    graph = inference.graph
    exact = {place: _double(value) for place, value in graph.values.items()}
    data = [node for node in graph.inputs if input_place(node) not in graph.values]
    exact.update({input_place(x): _double(array) for x, array in zip(data, arrays, strict=True)})
    with np.errstate(all="ignore"):
        return {name: value for (_, name), value in interpret(graph, exact).items()}


def _double(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else value


def _check_numbers(inference: Inference, name: str, found: Any, answer: np.ndarray, truth: Any) -> None:
    with np.errstate(invalid="ignore", over="ignore"):
        held = np.isfinite(answer.astype(inference.dtype))
        scale = max(1.0, float(np.abs(answer).max(initial=0.0, where=held)))
        limit = CLOSE * scale + OWN_ERRORS * np.abs(answer - np.reshape(truth, answer.shape))
        error = np.abs(np.reshape(found, answer.shape) - answer)
        wrong = held & ~(error <= limit)
    if wrong.any():
        worst = np.unravel_index(int(np.where(wrong, error, -1.0).argmax()), answer.shape)
        raise _difference(inference, name, np.reshape(found, answer.shape)[worst], answer[worst])


def _check_labels(inference: Inference, name: str, found: Any, answer: np.ndarray, truth: Any) -> None:
    """Where rounding decides between two labels, in float64 another may win: such rows do not count."""
    clear = inference.decoded(np.asarray(truth)) == answer
    wrong = clear & (np.asarray(found) != answer)
    if wrong.any():
        worst = np.unravel_index(int(wrong.argmax()), answer.shape)
        raise _difference(inference, name, np.asarray(found)[worst], answer[worst])


def _difference(inference: Inference, name: str, found: Any, answer: Any) -> GlassnetError:
    return GlassnetError(
        f"{inference.title}: onnxruntime answers {found} for {name!r} where predict() answers {answer}.\n"
        "No file has been written. Please report this, with the model's layers."
    )
