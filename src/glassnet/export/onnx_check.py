"""Whether onnxruntime answers what ``predict`` answers, asked before a file is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import optional
from glassnet.errors import GlassnetError
from glassnet.export.inference import Inference
from glassnet.export.preparation import TableColumn
from glassnet.nn.specs import Spec
from glassnet.printers.layout import plain

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
    arrays, rows = _examples(inference)
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
    expected, truth = inference.answer(rows), inference.truth(rows)
    for name, answer in expected.items():
        if np.asarray(answer).dtype.kind == "f":
            _check_numbers(inference, name, found[name], np.asarray(answer), truth[name])
        else:
            _check_labels(inference, name, found[name], np.asarray(answer), truth[name])


def _examples(inference: Inference) -> tuple[list[np.ndarray], Any]:
    """A few rows as the file takes them, and as the model or estimator does."""
    if inference.preparation is None:
        arrays = [example(spec, inference.dtype) for spec in inference.inputs]
        return arrays, arrays
    columns = inference.preparation.columns
    return [as_input(column, column.examples) for column in columns], inference.preparation.examples()


def as_input(column: TableColumn, values: Sequence[Any]) -> np.ndarray:
    """The values of a column as the file takes them: strings or float64 (n, 1)."""
    if column.kind == "text":
        return np.array(["" if value is None else value for value in values], object)[:, None]
    return np.array([np.nan if value is None else value for value in values], np.float64)[:, None]


def _check_numbers(inference: Inference, name: str, found: Any, answer: np.ndarray, truth: Any) -> None:
    """As near as rounding lets them be; how much predict() itself rounds, its networks in float64 tell."""
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
    clear = np.asarray(truth) == answer
    wrong = clear & (np.asarray(found) != answer)
    if wrong.any():
        worst = np.unravel_index(int(wrong.argmax()), answer.shape)
        raise _difference(inference, name, np.asarray(found)[worst], answer[worst])


def _difference(inference: Inference, name: str, found: Any, answer: Any) -> GlassnetError:
    return GlassnetError(
        f"{inference.title}: onnxruntime answers {found} for {name!r} where predict() answers {answer}.\n"
        "No file has been written. Please report this, with the model's layers."
    )
