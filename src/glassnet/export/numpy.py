"""NumPy: one module with the printed program and its weights, which needs nothing else."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet import passes
from glassnet.errors import InputError, InputTypeError
from glassnet.export.inference import Inference, inference_of
from glassnet.export.preparation import Preparation, TableColumn
from glassnet.export.writing import write_bytes
from glassnet.files.format import Path
from glassnet.graph.graph import Graph
from glassnet.nn.specs import Spec
from glassnet.printers.to_numpy import PrintedProgram, print_numpy

ROWS = 4096  # computed at a time, as in predict()
_DOC = '"""Predictions of a trained network, printed by glassnet: this module needs NumPy only."""'
_OWN = (
    "array", "checked", "column", "decision_function", "features", "in_parts", "numbers", "predict",
    "predict_proba", "transform",
)  # fmt: skip
_ARRAY = '''\
def array(dtype, shape, text):
    """An array from the bytes that a text stands for."""
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape).copy()'''
_IN_PARTS = '''\
def in_parts(*inputs):
    """The network's answers, ROWS rows at a time."""
    with np.errstate(over="ignore"):
        starts = range(0, max(len(inputs[0]), 1), ROWS)
        parts = [network(*(x[i : i + ROWS] for x in inputs), **WEIGHTS) for i in starts]
    if isinstance(parts[0], tuple):
        return [np.concatenate(part) for part in zip(*parts)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)'''
_CHECKED = '''\
def checked(X, dtype, shape, below=None):
    """X as an array of the right type and shape, or an error."""
    x = np.asarray(X)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"the data are of type {x.dtype}; numbers are needed.")
    if x.shape[1:] != shape or not x.ndim:
        wanted = ", ".join(["n", *map(str, shape)])
        raise ValueError(f"the data have shape {x.shape}; ({wanted}) is needed.")
    if below is not None and x.size and not 0 <= x.min() <= x.max() < below:
        raise ValueError(f"the data must be whole numbers from 0 to {below - 1}.")
    return x.astype(dtype, copy=False)'''


_UNITS = 'UNITS = {"date": 86400e6, "duration": 1e6}  # microseconds of a day, of a second'
_COLUMN = '''\
def column(values, kind, codes):
    """A column as numbers: the place of a known category, from 1, 0 for others, NaN for a missing value."""
    values = [values] if isinstance(values, str) else np.atleast_1d(values)
    if kind in UNITS:
        times = np.asarray(values, "M8[us]" if kind == "date" else "m8[us]")
        return np.where(np.isnat(times), np.nan, times.astype(np.int64) / UNITS[kind])
    if not codes and kind != "text":
        return np.asarray(values, np.float64)
    places = {value: place for place, value in enumerate(codes, 1)}
    return np.array([np.nan if v is None or v != v else places.get(v, 0) for v in values], np.float64)'''
_NUMBERS = '''\
def numbers(table):
    """The columns of a table as numbers: a data frame, or a dict of columns, or of the values of one row."""
    if isinstance(table, np.ndarray | list | tuple):
        raise TypeError("predictions are made for a data frame, or a dict of columns by their names.")
    columns = [column(table[name], *about) for name, about in COLUMNS.items()]
    return np.stack(columns, axis=1)'''


def to_numpy(thing: object, path: Path) -> Path:
    """A model or an estimator as one Python module that needs NumPy only.

    Parameters
    ----------
    thing : Model or estimator
        Built, or fitted.
    path : str or path
        Ends with ``.py``. An old file is replaced.

    Returns
    -------
    path

    Raises
    ------
    InputError, InputTypeError, NotBuiltError
        What is given cannot become a module.
    ModelFileError
        The file cannot be written.

    Notes
    -----
    The module holds the text of ``model.source("predict")`` as it stands, under the name ``network``, and
    the weights as text in base64: one file to copy, and no code in it but what can be read. Its
    ``predict(X)`` answers what the model's does, bit for bit. That of a classifier answers labels, and beside
    it stands ``predict_proba(X)`` (``decision_function(X)`` where the loss knows no probabilities); that of a
    regressor answers numbers. Probabilities are computed in the network's float type.

    Estimators with ``columns="auto"`` become modules that take a table: a data frame of any library, or a
    dict of columns, or of the values of one row.

    Examples
    --------
    >>> import pathlib, runpy, tempfile, numpy as np, glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(2, "relu")])
    >>> model.build((None, 3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     module = runpy.run_path(gn.export.to_numpy(model, str(pathlib.Path(folder, "small.py"))))
    >>> X = np.eye(3)
    >>> bool((module["predict"](X) == model.predict(X)).all())
    True
    """
    if not isinstance(path, str | os.PathLike):
        raise InputTypeError(f"a path is a text or a pathlib.Path; got {path!r}.")
    name = pathlib.Path(path).name
    if not re.fullmatch(r"[^\W\d]\w*\.py", name):
        raise InputError(
            f"to_numpy() cannot name a module {name!r}.\n"
            "Its name must end with .py, be of letters, digits and _, and not begin with a digit."
        )
    write_bytes(path, module_text(inference_of(thing)).encode())
    return path


def module_text(inference: Inference) -> str:
    """The module's text."""
    graph = passes.run(_network(inference.graph), "numpy")
    program = print_numpy(graph)
    defined = re.findall(r"^def (\w+)", program.text, flags=re.MULTILINE)
    for name in _OWN:
        if name in defined:
            raise InputError(
                f"to_numpy(): a function of the network is called {name!r}, as one of the module's own.\n"
                "Give your composite another name."
            )
    top, numpy_import, rest = program.text.partition("import numpy as np\n")
    imports = f"import base64\n{top.strip()}".rstrip()
    parts = [
        f"{_DOC}\n\n{imports}\n\n{numpy_import}{rest}".rstrip(),
        _ARRAY,
        _CHECKED,
        _IN_PARTS.replace("ROWS", str(ROWS)),
        *([] if inference.preparation is None else _table_functions(inference.preparation)),
        *_functions(inference, [place[1] for place in graph.places]),
        "\n".join(_weights(program, graph)),
    ]
    return "\n\n\n".join(parts) + "\n"


def _table_functions(preparation: Preparation) -> Iterator[str]:
    """What reads a table and makes features of it, before the network."""
    yield _columns(preparation.columns)
    yield _COLUMN
    yield _NUMBERS
    doc = "The columns as the features of the network."
    graph = passes.run(replace(preparation.graph, name="features", doc=doc), "numpy")
    program = print_numpy(graph)
    yield program.text.partition("import numpy as np\n")[2].strip()
    arrays = [
        (name, graph.values[place]) for name, place in program.arguments.items() if place in graph.values
    ]
    yield "\n".join(["FEATURES = {", *(f'    "{name}": np.array({a.tolist()}),' for name, a in arrays), "}"])


def _columns(columns: Sequence[TableColumn]) -> str:
    """What is read: the name, the kind and the known categories of each column."""
    lines = [f"    {column.name!a}: ({column.kind!a}, {list(column.codes)!a})," for column in columns]
    return "\n".join(["COLUMNS = {", *lines, "}", _UNITS])


def _network(graph: Graph) -> Graph:
    doc = graph.doc
    if graph.places != (("return", "scores"),):
        doc = f"What the network says of the inputs: {', '.join(key for _, key in graph.places)}."
    return replace(graph, name="network", doc=doc)


# ------------------------------------------------------------------------------------------ functions
def _functions(inference: Inference, outputs: list[str]) -> Iterator[str]:
    """The module's own functions."""
    names = ["X"] if len(inference.inputs) == 1 else [f"x{i + 1}" for i in range(len(inference.inputs))]
    pairs = list(zip(names, inference.inputs, strict=True))
    if inference.preparation is not None:
        names = ["table"]
        pairs = [("features(numbers(table), **FEATURES)", inference.inputs[0])]
    given = ", ".join(_read(name, spec, inference.dtype) for name, spec in pairs)
    arguments, call = ", ".join(names), f"in_parts({given})"
    if outputs[0] != "label":
        yield _numbers(inference, outputs[0], arguments, call)
        return
    yield _function("predict", arguments, "The likeliest class of each row.", _labels(inference, call))
    likely = outputs[1].startswith("probabilities")
    name, doc = ("predict_proba", "The probability of each class.") if likely else (
        "decision_function", "The score of each class.")  # fmt: skip
    answer = f"{call}[1]" if len(outputs) == 2 else f"{call}[1:]"
    yield _function(name, arguments, doc, [f"return {answer}"])


def _function(name: str, arguments: str, doc: str, lines: list[str]) -> str:
    return "\n".join([f"def {name}({arguments}):", f'    """{doc}"""', *(f"    {line}" for line in lines)])


def _read(name: str, spec: Spec, dtype: np.dtype[Any]) -> str:
    """The call that checks an argument."""
    if spec.kind == "int":
        return f'checked({name}, "int64", {spec.shape}, below={spec.below})'
    return f'checked({name}, "{dtype.name}", {spec.shape})'


def _numbers(inference: Inference, output: str, arguments: str, call: str) -> str:
    if output == "scores":
        return _function("predict", arguments, "The network's output for each row.", [f"return {call}"])
    if inference.title == "HiddenFeatures":
        return _function("transform", arguments, "The features of each row.", [f"return {call}"])
    lines = [f"y = {call}", "return y[:, 0] if y.shape[1] == 1 else y"]
    return _function("predict", arguments, "The predicted numbers of each row.", lines)


def _labels(inference: Inference, call: str) -> list[str]:
    if not inference.classes:
        return [f"return {call}[0]"]
    if len(inference.classes) == 1:
        return [f"return {_array_text(inference.classes[0])}[{call}[0]]"]
    tables = [f"    {_array_text(labels)}," for labels in inference.classes]
    lines = [f"numbers = {call}[0]", "classes = [", *tables, "]"]
    return [*lines, "return np.stack([c[numbers[:, i]] for i, c in enumerate(classes)], axis=1)"]


def _array_text(labels: np.ndarray) -> str:
    """Labels as a call of ``np.array``."""
    values = labels.tolist()
    if not all(isinstance(value, str | bool | int | float) for value in values):
        raise InputError(
            f"labels of type {type(values[0]).__name__} cannot stand in a module.\n"
            "Train with labels that are texts or numbers."
        )
    kind = ", object" if labels.dtype == object else "" if labels.dtype.kind == "U" else f', "{labels.dtype}"'
    return f"np.array({values!a}{kind})"


# ------------------------------------------------------------------------------------------ weights
def _weights(program: PrintedProgram, graph: Graph) -> Iterator[str]:
    """The arguments of ``network`` besides the data."""
    yield "WEIGHTS = {"
    for name, place in program.arguments.items():
        if place is None:
            entries = {key: value for (container, key), value in graph.values.items() if container == name}
            yield f'    "{name}": {{'
            for key, value in entries.items():
                yield from _entry(json.dumps(key), value, 8)
            yield "    },"
        elif place in graph.values:
            yield from _entry(f'"{name}"', graph.values[place], 4)
    yield "}"


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    array = np.ascontiguousarray(value)
    stored = array.astype(array.dtype.newbyteorder("<"), copy=False)
    text = base64.b64encode(stored.tobytes()).decode("ascii")
    space = " " * indent
    head = f'{space}{key}: array("{stored.dtype.str}", {np.shape(value)}, '
    if len(head) + len(text) + 4 <= 110:
        yield f'{head}"{text}"),'
        return
    yield f'{head}"""'
    yield from textwrap.wrap(text, 100)
    yield f'{space}"""),'
