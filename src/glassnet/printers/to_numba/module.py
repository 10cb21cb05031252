"""A whole compiled program: the step, and the loop that feeds it with batches."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glassnet.graph.dims import has_batch
from glassnet.graph.graph import Graph, input_place
from glassnet.graph.node import Node
from glassnet.passes.storage import Home, elements
from glassnet.printers.layout import wrap
from glassnet.printers.to_numba.step import (
    ARGUMENTS,
    ONE_ROW_ARGUMENTS,
    SHARED_ARGUMENTS,
    CompiledText,
    print_numba,
)
from glassnet.printers.to_numba.values import tuple_text

_KERNELS = (
    "HELD", "INNER", "OPTIONS", "array", "barrier", "column_sums", "cos", "exp", "expm1",
    "flush_denormals", "gather", "gather_few", "gather_few_int", "gather_int", "gemm_at", "hash_keys",
    "log", "log1p", "matmul", "matmul_ta", "matmul_ta_then", "matmul_then", "maximum", "minimum", "plus",
    "row", "share", "shuffle", "sign", "sin", "sqrt", "tanh", "transpose", "uniform",
)  # fmt: skip

FEW = 16  # numbers in a row that a small network copies one by one

TRAIN = '''

@njit(**OPTIONS)
def train(steps, progress, rows, size, shuffled, order, scratch, sources, sums, history, {arguments}):
    """Take up to so many steps; progress holds epoch, row, steps done, epochs completed."""
    epoch, first, t, completed = progress[0], progress[1], progress[2], 0
    taken = 0
    flushing = flush_denormals(True)
    while taken < steps:
        if first == 0:
{beginning}
        n = min(size, rows - first)
{gathering}
        if not {step}:
            break
        t += 1
        taken += 1
        first += n
{adding}
        if first == rows:
{ending}
            completed += 1
            epoch += 1
            first = 0
{finishing}
    flush_denormals(flushing)
    return taken
'''
BEGINNING = """if shuffled:
    shuffle(order, scratch, seed, epoch)
for k in range(sums.size):
    sums[k] = 0.0"""
ADDING = """for k in range(sums.size - 1):
    sums[k] += results[k] * weight
sums[sums.size - 1] += weight"""
ENDING = """for k in range(sums.size - 1):
    history[completed, k] = sums[k] / (sums[sums.size - 1] if sums[sums.size - 1] != 0 else 1.0)"""
FINISHING = "progress[0], progress[1], progress[2], progress[3] = epoch, first, t, completed"

RUN = '''

@njit(**OPTIONS)
def run(rows, size, t, order, sources, sums, plain, out, {arguments}):
    """Compute all rows, so many at a time."""
    for k in range(sums.size):
        sums[k] = 0.0
    for k in range(plain.size):
        plain[k] = 0.0
    for first in range(0, rows, size):
        n = min(size, rows - first)
{gathering}
        {step}
{weight}
        for k in range(plain.size):
            plain[k] += results[k]
            sums[k] += results[k] * weight
        sums[sums.size - 1] += weight
{copying}
'''

ROW = '''

@njit(**HELD)
def predict_row({arguments}, x):
    """The network's output for one row."""
    if x.size != {width}:
        raise ValueError("one row of {width} numbers is needed")
    given = array(x, 0, ({width},))
    inside = array({source}, {source_start}, ({width},))
    for j in range({width}):
        inside[j] = given[j]
    {name}({arguments})
    answer = array({home}, {home_start}, ({count},))
    out = np.empty({shape}, {kind})
    flat = array(out, 0, ({count},))
    for j in range({count}):
        flat[j] = answer[j]
    return out
'''


@dataclass(frozen=True)
class CompiledModule:
    """The text of a compiled program and what a caller has to know about it.

    Attributes
    ----------
    text : str
    step : CompiledText
    batch_inputs : tuple of Node
        Inputs that the loop gathers row by row, in the order of ``sources``.
    output : Home or None
        Where the step leaves the array that ``run`` copies to ``out``.
    """

    text: str
    step: CompiledText
    batch_inputs: tuple[Node, ...]
    output: tuple[Home, Node] | None


def print_module(
    graph: Graph,
    batch: int,
    dtype: str,
    first_lines: Sequence[str] = (),
    constant: bool = False,
    parts: int = 1,
    tiles: bool = True,
    driver: str = "step",
) -> CompiledModule:
    """Print a graph as a compiled program.

    Parameters
    ----------
    graph : Graph
        After the ``compiled`` pipeline.
    batch : int
        Rows of a batch.
    dtype : {"float32", "float64"}
    first_lines : sequence of str
        Comments for the top.
    constant : bool
        The size of a full batch becomes a constant of the program: worth it for small networks.
    parts : int
        Into how many parts the work of a step is cut.
    tiles : bool
        Whether there are register tiles, which also finish products. Without, large products go to the BLAS,
        and loops finish all of them.
    driver : {"step", "train", "run", "row"}
        What is called from Python: the step, many training steps, a prediction of many rows, or of one.

    Returns
    -------
    CompiledModule
    """
    step = print_numba(graph, batch, parts, tiles, one_row=driver == "row")
    inputs = tuple(node for node in graph.inputs if has_batch(node.shape))
    pairs = zip(graph.outputs, graph.places, strict=True)
    arrays = [step.homes[place] for node, place in pairs if has_batch(node.shape) and place in step.homes]
    output = arrays[0] if arrays else None
    call = _step_call(graph.name, batch, constant, "t + 1" if driver == "train" else "t", parts)
    feeding: dict[str, Callable[[], str]] = {
        "step": lambda: "",
        "train": lambda: _train_text(step, inputs, call, constant),
        "run": lambda: _run_text(step, inputs, output, call),
        "row": lambda: _row_text(graph.name, step, inputs, output),
    }
    options = "OPTIONS" if driver == "step" else "INNER"
    decorator = f"@njit(forceinline=True, **{options})" if constant else f"@njit(**{options})"
    body = f"{decorator}\n{step.text}{feeding[driver]()}"
    used = [name for name in _KERNELS if re.search(rf"\b{name}\(|\*\*{name}\b", body)]
    sizes = [f"SIZE = {batch}  # rows of a full batch"] if constant else []
    lines = [
        *first_lines,
        *(["import math", ""] if re.search(r"\bmath\.", body) else []),
        "import numpy as np",
        "from numba import njit",
        "",
        "from glassnet.kernels import (",
        *(f"    {name}," for name in used),
        ")",
        "",
        f"f = np.{dtype}",
        "single = np.float32",
        *sizes,
        *([f"PARTS = {parts}  # of a step's work, for as many threads or fewer"] if parts > 1 else []),
        "",
        "",
    ]
    return CompiledModule(_wrapped("\n".join(lines) + "\n" + body), step, inputs, output)


def _wrapped(text: str) -> str:
    """The text with its long lines broken, as the NumPy printer breaks them."""
    return "\n".join(part for line in text.splitlines() for part in wrap(line)) + "\n"


def _arguments(parts: int) -> str:
    return ARGUMENTS if parts == 1 else SHARED_ARGUMENTS


def _indented(text: str, depth: int) -> str:
    return "\n".join("    " * depth + line for line in text.splitlines())


def _by_first(text: str, shared: bool, depth: int) -> str:
    """Lines that only one thread runs."""
    return _indented(f"if first_part == 0:\n{_indented(text, 1)}" if shared else text, depth)


def _train_text(step: CompiledText, inputs: Sequence[Node], call: str, constant: bool) -> str:
    shared = "first_part" in call
    weight = _indented(_weight_lines(inputs), 2)
    return TRAIN.format(
        arguments=SHARED_ARGUMENTS if shared else ARGUMENTS,
        beginning=_by_first(BEGINNING, shared, 3)
        + ("\n            barrier(cells, threads)" if shared else ""),
        gathering=_gathering(inputs, step, shared, constant),
        step=call,
        adding=f"{weight}\n{_by_first(ADDING, shared, 2)}",
        ending=_by_first(ENDING, shared, 3),
        finishing=_by_first(FINISHING, shared, 1),
    )


def _run_text(step: CompiledText, inputs: Sequence[Node], output: tuple[Home, Node] | None, call: str) -> str:
    return RUN.format(
        arguments=ARGUMENTS,
        gathering=_gathering(inputs, step, shared=False),
        step=call,
        weight=_indented(_weight_lines(inputs), 2),
        copying=_copy_lines(output, step),
    )


def _row_text(name: str, step: CompiledText, inputs: Sequence[Node], output: tuple[Home, Node] | None) -> str:
    assert output is not None
    (home, node), (source, x) = output, step.homes[input_place(inputs[0])]
    width, count = elements(x.shape), elements(node.shape)
    shape = tuple(extent for extent in node.shape[1:])
    kinds = {"floats": "f", "integers": "np.int64", "booleans": "np.bool_"}
    return ROW.format(
        arguments=ONE_ROW_ARGUMENTS,
        name=name,
        width=width,
        count=count,
        source=source.arena,
        source_start=step.storage.begin(source, step.room),
        home=home.arena,
        home_start=step.storage.begin(home, step.room),
        shape=tuple_text(shape),
        kind=kinds[home.arena],
    )


def _step_call(name: str, batch: int, constant: bool, t: str, parts: int) -> str:
    call = f"{name}(n, {t}, {_arguments(parts)})"
    if not constant:
        return call
    full = f"{name}(SIZE, {t}, {_arguments(parts)})"
    return f"({full} if n == SIZE else {call})"


def _gathering(inputs: Sequence[Node], step: CompiledText, shared: bool, small: bool = False) -> str:
    """Bring a batch's rows together; each thread those of its parts."""
    views, gathers = [], []
    for number, node in enumerate(inputs):
        home, _ = step.homes[input_place(node)]
        name = node.attrs["name"]
        few = "_few" if small and elements(node.shape) <= FEW else ""
        called = f"gather{few}" if home.arena == "floats" else f"gather{few}_int"
        rows = ("[low:high]", "first + low, high - low") if shared else ("", "first, n")
        text = tuple_text(node.shape)
        views.append(f"{name} = array({home.arena}, {step.storage.begin(home, step.room)}, {text})")
        gathers.append(f"{called}({name}{rows[0]}, sources[{number}], order, {rows[1]})")
    if shared and gathers:
        gathers = [f"    {line}" for line in ("low, high = share(n, part, PARTS)", *gathers)]
        gathers = ["for part in range(first_part, last_part):", *gathers]
    return _indented("\n".join([*views, *gathers]), 2)


def _weight_lines(inputs: Sequence[Node]) -> str:
    if not any(input_place(node) == ("argument", "sample_weight") for node in inputs):
        return "weight = float(n)"
    return "weight = 0.0\nfor i in range(n):\n    weight += sample_weight[i]"


def _copy_lines(output: tuple[Home, Node] | None, step: CompiledText) -> str:
    if output is None:
        return ""
    home, node = output
    indices = ("i", "j", "k", "p", "q", "r")[: node.ndim]
    start, shape = step.storage.begin(home, step.room), tuple_text(node.shape)
    rows = [f"        answer = array({home.arena}, {start}, {shape})"]
    for depth, (index, extent) in enumerate(zip(indices, node.shape, strict=True)):
        rows.append("    " * (2 + depth) + f"for {index} in range({extent}):")
    at = ", ".join(indices)
    rows.append("    " * (2 + node.ndim) + f"out[first + {at}] = answer[{at}]")
    return "\n".join(rows)
