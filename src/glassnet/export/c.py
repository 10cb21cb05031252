"""C99: a source file and its header, for machines that have nothing else."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from glassnet.errors import InputError, InputTypeError
from glassnet.export.inference import Inference, inference_of
from glassnet.export.writing import write_bytes
from glassnet.files.format import Path
from glassnet.graph.graph import Graph, copy_nodes, input_node, input_place
from glassnet.graph.node import Builder, Node
from glassnet.nn.network import float_dtype
from glassnet.printers.to_c import CProgram, Function, Words, function_name, print_c
from glassnet.printers.to_c.names import HEADERS
from glassnet.programs.one_row import row_graph

MOST_NAMES = 100  # names of features that a header lists
_FILE_NAME = re.compile(r"[A-Za-z0-9_. +-]+\.c")
_C_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}")
_DOCS = {
    "label": "The number of the likeliest class, the first one being 0: a position in {name}_classes.",
    "labels": "For each target, the number of its likeliest class.",
    "answers": "For each answer, 1 for yes and 0 for no.",
    "probabilities": "The probability of each class, in the order of {name}_classes.",
    "yes": "For each answer, the probability of yes.",
}


def to_c(thing: object, path: Path, name: str | None = None, *, dtype: str | None = None) -> Path:
    """A model or an estimator as C99: ``path``, and its header beside it.

    Parameters
    ----------
    thing : Model or estimator
        Built, or fitted.
    path : str or path
        Ends with ``.c``; the header has the same name with ``.h``. Old files are replaced.
    name : str, optional
        What the names of the functions begin with; by default the file's name.
    dtype : {"float32", "float64"}, optional
        ``float`` or ``double``; by default what the network computes in, ``double`` for tables with
        dates. (Estimators choose float64 for small tables, unless they are given ``dtype="float32"``.)

    Returns
    -------
    path

    Raises
    ------
    InputError, InputTypeError, NotBuiltError
        What is given cannot become a program for one row, or names that C does not allow.
    ModelFileError
        A file cannot be written.

    Notes
    -----
    ``NAME_predict(x, y)`` writes the network's output for one example to ``y``: the same graph as
    ``model.source("predict")``, scaling and batch normalization folded into the dense layers beside them.
    ``NAME_predict_rows(x, y, n)`` does it for n. Classifiers have ``NAME_label(x)``, ``NAME_probabilities(x,
    y)`` and the array of strings ``NAME_classes``.

    Estimators with ``columns="auto"`` take the columns of a table that they use, in their order: numbers as
    they are, booleans as 0 and 1, dates as days since 1970, a category as its place in the array
    ``NAME_values_I``, counted from 1, and 0 for others; NAN is a missing value. The header says so for each.

    The program needs only ``math.h``, allocates nothing and has no variables that outlive a call, so that
    several threads may use it. Values between layers are on the stack; where they are more than 16 KiB, the
    functions take room for ``NAME_SCRATCH`` numbers as their last argument. Arrays may not overlap. Whole
    numbers, as an ``Embedding`` takes them, are ``long``; beyond a table the nearest row is read.

    Examples
    --------
    >>> import pathlib, tempfile, glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(2, "relu")])
    >>> model.build((None, 3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = gn.export.to_c(model, pathlib.Path(folder, "small.c"))
    ...     text = path.with_suffix(".h").read_text()
    >>> print(text[text.index("void") :].split(";")[0])
    void small_predict(const float *x, float *y)
    """
    source, own = _checked(path, name)
    inference = inference_of(thing)
    inference = in_c(inference) if dtype is None else inference.as_type(float_dtype(dtype))
    program = c_program(inference, own, source.with_suffix(".h").name)
    write_bytes(source.with_suffix(".h"), program.header.encode())
    write_bytes(source, program.source.encode())
    return path


def in_c(inference: Inference) -> Inference:
    """The same in the type that C computes in unless it is told: a float is too short for dates."""
    columns = () if inference.preparation is None else inference.preparation.columns
    return inference.as_type("float64") if any(c.kind == "date" for c in columns) else inference


def _checked(path: Path, name: Any) -> tuple[pathlib.Path, str]:
    """The source's path and the name of the functions, or an error for those that C cannot have."""
    if not isinstance(path, str | os.PathLike):
        raise InputTypeError(f"a path is a text or a pathlib.Path; got {path!r}.")
    source = pathlib.Path(path)
    if not _FILE_NAME.fullmatch(source.name) or source.stem in HEADERS:
        raise InputError(
            f"to_c() cannot name a file {source.name!r}.\n"
            "Its name must end with .c, be of letters, digits, _ and -, and not be one of C's own (math.h)."
        )
    if name is None:
        return source, function_name(source.stem)
    if not isinstance(name, str) or not _C_IDENTIFIER.fullmatch(name):
        raise InputError(
            f"to_c() cannot name functions {name!r}.\n"
            "The name must begin with a letter, and be of at most 31 letters, digits and _."
        )
    return source, name


def c_program(inference: Inference, name: str, include: str | None = None) -> CProgram:
    """The texts of header and source.

    Parameters
    ----------
    inference : Inference
    name : str
        What the names of the functions begin with.
    include : str, optional
        The header's file name; without one, the source stands for itself.
    """
    whole = inference.whole()
    graph = row_graph(whole, whole.values, inference.dtype)
    words = [Words(*part) for part in _classes(inference)]
    functions = list(_functions(graph, inference, name))
    return print_c(name, functions, inference.dtype, words, include, _features(inference))


def _classes(inference: Inference) -> Iterator[tuple[str, list[str], str]]:
    for number, labels in enumerate(inference.classes, 1):
        several = len(inference.classes) > 1
        suffix, of = (f"classes_{number}", f" of target {number}") if several else ("classes", "")
        yield suffix, [str(label) for label in labels.tolist()], f"The names of the classes{of}."
    columns = () if inference.preparation is None else inference.preparation.columns
    for number, column in enumerate(columns):
        if column.codes:
            doc = f"The values of X[{number}], {column.name}: their places, counted from 1, stand for them."
            yield f"values_{number}", [str(value) for value in column.codes], doc


def _features(inference: Inference) -> list[str]:
    names = _names(inference)
    more = len(names) - MOST_NAMES
    listed = [f"X[{i}]: {name}" for i, name in enumerate(names[:MOST_NAMES])]
    missing = [] if inference.preparation is None else ["NAN stands for a missing value."]
    return [*listed, *([f"and {more} more"] if more > 0 else []), *missing]


def _names(inference: Inference) -> list[str]:
    """What is said of each number of a row."""
    if inference.preparation is None:
        return list(inference.feature_names)
    return [column.words() for column in inference.preparation.columns]


# ------------------------------------------------------------------------------------------ functions
def _functions(graph: Graph, inference: Inference, name: str) -> Iterator[Function]:
    """What the program offers: the network's output, and what is made of it."""
    outputs = dict(zip([key for _, key in graph.places], graph.outputs, strict=True))
    if "label" not in outputs:
        yield Function("predict", graph)
        return
    cut = last_bottleneck(graph)
    yield Function("predict", _up_to(graph, cut))
    for key, node in outputs.items():
        if key != "scores":
            suffix, doc = _described(key, node, inference)
            returns = suffix == "label"
            yield Function(suffix, _from(graph, cut, node), doc.format(name=name), "predict", returns)


def _described(key: str, node: Node, inference: Inference) -> tuple[str, str]:
    """A function's name and its sentence."""
    if key == "label":
        several = node.shape not in ((1,), (1, 1))
        kind = "answers" if not inference.classes else "labels" if several else "label"
        return ("label" if kind == "label" else "labels"), _DOCS[kind]
    if key == "probabilities":
        return key, _DOCS["probabilities" if inference.classes else "yes"]
    kind, _, target = key.rpartition("_")
    what = "probability" if kind == "probabilities" else "score"
    return key, f"The {what} of each class of target {target}."


def _up_to(graph: Graph, node: Node) -> Graph:
    part = Graph((), (node,), (("return", "scores"),), titles=graph.titles)
    return _with_inputs(part, [x for x in graph.inputs if input_place(x) not in graph.values], graph)


def _from(graph: Graph, cut: Node, node: Node) -> Graph:
    """What is made of the cut: a graph with the cut as its data."""
    needed, stack = {cut}, [node]
    while stack:
        x = stack.pop()
        if x not in needed:
            needed.add(x)
            stack.extend(x.inputs)
    with Builder():
        scores = input_node("scores", cut.shape, cut.kind)
        rest = sorted(needed - {cut}, key=lambda x: x.id)
        new = copy_nodes(rest, {cut: scores})
    return _with_inputs(Graph((), (new[node],), (("return", "y"),)), [scores], graph)


def _with_inputs(part: Graph, data: Sequence[Node], whole: Graph) -> Graph:
    read = [x for x in part.nodes() if x.op == "input" and input_place(x) in whole.values]
    values = {input_place(x): whole.values[input_place(x)] for x in read}
    return Graph((*data, *read), part.outputs, part.places, titles=part.titles, values=values)


def last_bottleneck(graph: Graph) -> Node:
    """The last value that everything between data and outputs goes through: a network's scores.

    Parameters
    ----------
    graph : Graph
        Its constants are in ``values``.

    Returns
    -------
    Node
        One of its float values; the data, if there is no other.
    """
    nodes = graph.nodes()
    data = {x for x in nodes if x.op == "input" and input_place(x) not in graph.values}
    for node in sorted(nodes, key=lambda x: -x.id):
        if node.kind == "float" and not _reaches(graph.outputs, data, node):
            return node
    raise InputError("the outputs have nothing in common.\nExport the networks one by one.")


def _reaches(outputs: Sequence[Node], data: set[Node], without: Node) -> bool:
    """Whether some output depends on the data otherwise than through a node."""
    seen, stack = {without}, [x for x in outputs if x is not without]
    while stack:
        node = stack.pop()
        if node in data and node is not without:
            return True
        if node not in seen:
            seen.add(node)
            stack.extend(node.inputs)
    return False
