"""What cannot be traced: each error names the user's line, what is wrong, and what to write instead."""

# ruff: noqa: PLW0108, RUF059 - the cases are written as users write

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from scipy import sparse

import glassnet as gn
from glassnet.errors import GlassnetError, ShapeError, TraceError
from glassnet.trace.tracer import FUNCTIONS, UFUNCS, TracedArray

BOX = ("n", 3)
IN_PLACE = ["traced arrays are never changed in place.", "Write x = x + 1 instead of x += 1 (or out=x)."]
NUMBERS = (
    "Use NumPy functions of arrays: "
    "np.stack([a, b]) for np.array([a, b]), np.take(table, i, axis=0) for table[i]."
)
UNKNOWN_N = [
    "the number of examples is not known while tracing.",
    "Write np.zeros_like(x) for np.zeros(x.shape), gn.pick(z, y) for z[np.arange(n), y].",
]
ASSIGNED = [
    "traced arrays are never changed in place.",
    "Write np.where(mask, new, x) instead of x[mask] = new.",
]
BOOLEAN = ["a boolean index gives a result whose shape depends on values.", "Write np.where(mask, x, 0)."]
NO_BATCH_INDEX = [
    "the batch dimension n cannot be indexed while tracing.",
    "Each example must be computed from its own row.",
]
ARRAY_INDEX = [
    "this array index cannot be traced.",
    "Supported: table[indices], gn.pick(scores, labels), np.take_along_axis.",
]


def unknown_value(op, shape):
    return [
        f"the value of a traced array ({op}, shape {shape}) is not known while tracing.",
        "Write np.where(condition, a, b) instead of if, and, or, while.",
    ]


def needs_numbers(op, shape):
    return [f"a traced array ({op}, shape {shape}) reached a function that needs numbers.", NUMBERS]


# Each function breaks at the line that ends in "# here".
def branches(x):
    z = x.sum()
    if z > 0:  # here
        return z
    return -z


def loops(x):
    while (x < 1).max():  # here
        x = x * 2
    return x


def combines(x):
    return x > 0 and x < 1  # here


def negates(x):
    return not x  # here


def chains(x):
    return 0 < x < 1  # here


def asserts(x):
    assert (x > 0).min()  # here
    return x


def takes_python_s_max(x):
    return max(x.sum(), 0)  # here


def finds_the_largest(x):
    return max(x.T, key=np.sum)  # here


def converts_to_float(x):
    return float(x.mean())  # here


def converts_to_int(x):
    return int(x.mean())  # here


def rounds(x):
    return round(x.mean())  # here


def uses_math(x):
    return math.exp(x.sum())  # here


def counts_rows(x):
    return x / len(x)  # here


def loops_over_rows(x):
    return [row for row in x]  # noqa: C416  # here


def unpacks_rows(x):
    a, b = x  # here
    return a


def counts_to_n(x):
    return sum(i * x for i in range(x.shape[0]))  # here


def allocates(x):
    out = np.zeros(x.shape)  # here
    return out + x


def asks_for_n(x):
    if x.shape[0] > 10:  # here
        return x
    return -x


def indexes_by_arange(x):
    return x[np.arange(x.shape[0]), 0]  # here


def adds_in_place(x):
    x += 1  # here
    return x


def multiplies_in_place(x):
    x *= x  # here
    return x


def changes_an_array(x):
    w = np.ones(3)
    w += x[:, 0]  # here
    return w


def writes_to_out(x):
    return np.exp(x, out=x)  # here


def assigns_items(x):
    x[0] = 1  # here
    return x


def assigns_where(x):
    x[x < 0] = 0  # here
    return x


def indexes_by_mask(x):
    return x[x > 0]  # here


def indexes_by_plain_mask(x):
    return x.T[np.array([True, False, True])]  # here


def indexes_the_batch(x):
    return x[0]  # here


def slices_the_batch(x):
    return x[:10]  # here


def reverses_the_batch(x):
    return x[::-1]  # here


def indexes_too_far(x):
    return x[:, 3]  # here


def indexes_too_deep(x):
    return x[:, 0, 0]  # here


def indexes_by_floats(x):
    return x[x]  # here


def takes_floats(x):
    return np.take(x.T, [0.5], axis=0)  # here


def indexes_by_text(x):
    return x["a"]  # here


def indexes_columns_by_list(x):
    return x[:, [0, 2]]  # here


def indexes_two_arrays(x):
    return x.T[[0, 1], [1, 2]]  # here


def indexes_a_table(x):
    return np.arange(5.0)[np.argmax(x, axis=1)]  # here


def calls_numpy_array(x):
    return np.array([x.sum(), x.max()])  # here


def calls_asarray(x):
    return np.asarray(x)  # here


def where_without_choices(x):
    return np.where(x > 0)  # here


def takes_columns(x):
    return np.take(x, [0], axis=1)  # here


def takes_many_along_axis(x):
    return np.take_along_axis(x, np.argmax(x, axis=1)[:, None] * [[1, 1]], axis=1)  # here


def takes_matrix_norms(x):
    return np.linalg.norm(x, 1)  # here


def takes_an_unknown_norm(x):
    return np.linalg.norm(x, 3, axis=0)  # here


def contracts_a_diagonal(x):
    return np.einsum("ii->i", x)  # here


def contracts_without_arrow(x):
    return np.einsum("ij", x)  # here


def contracts_unknown_axes(x):
    return np.einsum("ij->ik", x)  # here


def contracts_wrong_rank(x):
    return np.einsum("ijk->k", x)  # here


def contracts_three(x):
    return np.einsum("ij,j,j->i", x, np.ones(3), np.ones(3))  # here


def sums_an_unknown_axis(x):
    return x.sum(axis=2)  # here


def sums_an_axis_twice(x):
    return np.sum(x, axis=(0, -2))  # here


def transposes_unknown_axes(x):
    return x.transpose(0, 2)  # here


def expands_too_far(x):
    return np.expand_dims(x, 5)  # here


def squeezes_a_wide_axis(x):
    return np.squeeze(x, axis=1)  # here


def passes_an_unknown_option(x):
    return x.std(axis=0, ddof=1)  # here


def passes_an_unknown_option_to_numpy(x):
    return np.mean(x, axis=0, dtype=np.float32)  # here


def passes_too_much(x):
    return x.squeeze(0, 1)  # here


def reshapes_in_fortran_order(x):
    return x.reshape(-1, order="F")  # here


def uses_an_unknown_dtype(x):
    return x.astype(complex)  # here


def adds_text(x):
    return x + "one"  # here


def adds_none(x):
    return x + None  # here


def adds_objects(x):
    return x + np.array([1, None, 2])  # here


def multiplies_scalars_as_matrices(x):
    return x @ 2.0  # here


def uses_bits_of_ints(x):
    return np.argmax(x, axis=1) & 1  # here


def inverts_floats(x):
    return ~x  # here


def concatenates_scalars(x):
    return np.concatenate([x.sum(), 1.0])  # here


def takes_dot_of_tensors(x):
    return np.dot(x, np.ones((2, 3, 4)))  # here


def takes_inner_of_tensors(x):
    return np.inner(x, np.ones((2, 4, 3)))  # here


ERRORS = {
    branches: unknown_value("greater", "()"),
    loops: unknown_value("max", "()"),
    combines: unknown_value("greater", "(n, 3)"),
    negates: unknown_value("input", "(n, 3)"),
    chains: unknown_value("greater", "(n, 3)"),
    asserts: unknown_value("min", "()"),
    takes_python_s_max: unknown_value("less", "()"),
    finds_the_largest: unknown_value("greater", "()"),
    converts_to_float: needs_numbers("mean", "()"),
    converts_to_int: needs_numbers("mean", "()"),
    rounds: needs_numbers("mean", "()"),
    uses_math: needs_numbers("sum", "()"),
    counts_rows: ["len() of the batch is not known while tracing.", "Write x.shape[0]."],
    loops_over_rows: [
        "the rows of a batch cannot be looped over while tracing.",
        "Write array operations on all rows at once.",
    ],
    unpacks_rows: [
        "the rows of a batch cannot be looped over while tracing.",
        "Write array operations on all rows at once.",
    ],
    counts_to_n: UNKNOWN_N,
    allocates: UNKNOWN_N,
    asks_for_n: UNKNOWN_N,
    indexes_by_arange: UNKNOWN_N,
    adds_in_place: IN_PLACE,
    multiplies_in_place: IN_PLACE,
    changes_an_array: IN_PLACE,
    writes_to_out: IN_PLACE,
    assigns_items: ASSIGNED,
    assigns_where: ASSIGNED,
    indexes_by_mask: BOOLEAN,
    indexes_by_plain_mask: BOOLEAN,
    indexes_the_batch: NO_BATCH_INDEX,
    slices_the_batch: NO_BATCH_INDEX,
    reverses_the_batch: NO_BATCH_INDEX,
    indexes_too_far: ["index 3 is out of bounds for an axis of size 3."],
    indexes_too_deep: ["too many indices: 3 for an array of 2 dimensions."],
    indexes_by_floats: ["an index must hold integers; this one holds floats.", "Write index.astype(int)."],
    takes_floats: ["an index must hold integers; this one holds floats.", "Write index.astype(int)."],
    indexes_by_text: NO_BATCH_INDEX,
    indexes_columns_by_list: ARRAY_INDEX,
    indexes_two_arrays: ARRAY_INDEX,
    indexes_a_table: needs_numbers("argmax", "(n,)"),
    calls_numpy_array: needs_numbers("sum", "()"),
    calls_asarray: needs_numbers("input", "(n, 3)"),
    where_without_choices: [
        "np.where with one argument gives a result whose shape depends on values.",
        "Give all three.",
    ],
    takes_columns: ["np.take can be traced along axis 0 only.", "Transpose first."],
    takes_many_along_axis: ["np.take_along_axis can be traced for one element along the last axis only."],
    takes_matrix_norms: ["np.linalg.norm with ord=1 cannot be traced.", "Use ord=None, 1 or np.inf."],
    takes_an_unknown_norm: ["np.linalg.norm with ord=3 cannot be traced.", "Use ord=None, 1 or np.inf."],
    contracts_a_diagonal: [
        "np.einsum('ii->i') cannot be traced.",
        "Supported: one or two operands, '->' given, no index twice in one operand.",
    ],
    contracts_without_arrow: [
        "np.einsum('ij') cannot be traced.",
        "Supported: one or two operands, '->' given, no index twice in one operand.",
    ],
    contracts_three: [
        "np.einsum('ij,j,j->i') cannot be traced.",
        "Supported: one or two operands, '->' given, no index twice in one operand.",
    ],
    contracts_unknown_axes: ["np.einsum('ij->ik'): no operand has the index 'k'."],
    contracts_wrong_rank: ["np.einsum: 'ijk' names 3 axes of an array of shape (n, 3)."],
    sums_an_unknown_axis: ["axis 2 is out of bounds for an array of shape (n, 3)."],
    sums_an_axis_twice: ["axis (0, -2) names an axis twice."],
    transposes_unknown_axes: ["axis 2 is out of bounds for an array of shape (n, 3)."],
    expands_too_far: ["axis 5 is out of bounds for an array of shape (n, 3)."],
    squeezes_a_wide_axis: ["cannot squeeze axis 1 of shape (n, 3): its size is not 1."],
    passes_an_unknown_option: ["the method std: got an unexpected keyword argument 'ddof'."],
    passes_an_unknown_option_to_numpy: ["np.mean: got an unexpected keyword argument 'dtype'."],
    passes_too_much: ["the method squeeze: takes from 1 to 2 positional arguments but 3 were given."],
    reshapes_in_fortran_order: ["reshape with order='F' cannot be traced.", "Transpose first."],
    uses_an_unknown_dtype: ["arrays of complex128 cannot be traced.", "Use floats, integers or booleans."],
    adds_text: ["str 'one' cannot meet a traced array.", "Use numbers or arrays."],
    adds_none: ["NoneType None cannot meet a traced array.", "Use numbers or arrays."],
    adds_objects: [
        "ndarray array([1, None, 2], dtype=object) cannot meet a traced array.",
        "Use numbers or arrays.",
    ],
    multiplies_scalars_as_matrices: ["@ needs arrays; a scalar multiplies with *."],
    uses_bits_of_ints: [
        "&, |, ^ and ~ can be traced for booleans only.",
        "Write np.logical_and, or compare first.",
    ],
    inverts_floats: [
        "&, |, ^ and ~ can be traced for booleans only.",
        "Write np.logical_and, or compare first.",
    ],
    concatenates_scalars: ["axis 0 is out of bounds for an array of shape ()."],
    takes_dot_of_tensors: ["np.dot with more than two dimensions on the right cannot be traced.", "Use @."],
    takes_inner_of_tensors: [
        "np.inner with more than two dimensions on the right cannot be traced.",
        "Use @.",
    ],
}


def line_of(f):
    """``file:line: text`` of the line marked "# here"."""
    lines, start = inspect.getsourcelines(f)
    at = next(i for i, line in enumerate(lines) if "# here" in line)
    return f"test_trace_errors.py:{start + at}: {lines[at].strip()}"


@pytest.mark.parametrize("f", ERRORS, ids=lambda f: f.__name__)
def test_errors_name_the_line_the_problem_and_the_remedy(f):
    with pytest.raises(TraceError) as caught:
        gn.trace(f, BOX)
    assert str(caught.value).split("\n") == [line_of(f), *ERRORS[f]]
    assert isinstance(caught.value, GlassnetError)
    assert isinstance(caught.value, TypeError)


def test_every_function_above_is_in_the_table():
    own = {f for f in globals().values() if inspect.isfunction(f) and f.__module__ == __name__}
    marked = {f for f in own if not f.__name__.startswith("test_") and "# here" in inspect.getsource(f)}
    assert marked - {line_of} == set(ERRORS) | {adds_in_a_helper, fails_in_a_gradient}


# ------------------------------------------------------------------------------------------ unknown NumPy
LISTED = {
    "np.arctan": (lambda x: np.arctan(x), UFUNCS),
    "np.remainder": (lambda x: x % 2, UFUNCS),
    "np.floor_divide": (lambda x: x // 2, UFUNCS),
    "np.isnan": (lambda x: np.isnan(x), UFUNCS),
    "np.add.reduce": (lambda x: np.add.reduce(x), UFUNCS),
    "np.multiply.outer": (lambda x: np.multiply.outer(x, x), UFUNCS),
    "np.add with where=": (lambda x: np.add(x, 1, where=True), UFUNCS),
    "np.linalg.svd": (lambda x: np.linalg.svd(x), FUNCTIONS),
    "np.linalg.inv": (lambda x: np.linalg.inv(x[:, None, :3]), FUNCTIONS),
    "np.sort": (lambda x: np.sort(x), FUNCTIONS),
    "np.cumsum": (lambda x: np.cumsum(x, axis=1), FUNCTIONS),
    "np.fft.fft": (lambda x: np.fft.fft(x), FUNCTIONS),
    "np.unique": (lambda x: np.unique(x), FUNCTIONS),
    "np.apply_along_axis": (lambda x: np.apply_along_axis(np.sum, 1, x), FUNCTIONS),
}


@pytest.mark.parametrize("name", LISTED)
def test_unknown_numpy_functions_are_listed_with_the_known_ones(name):
    f, table = LISTED[name]
    with pytest.raises(TraceError) as caught:
        gn.trace(f, BOX)
    line, problem, supported = str(caught.value).split("\n")
    assert line.startswith("test_trace_errors.py:")
    assert problem == f"{name} cannot be traced."
    assert supported == f"Supported: {', '.join(sorted({g.__name__ for g in table}))}."


def test_unknown_methods_are_listed_with_the_known_ones():
    def f(x):
        return x.cumsum(axis=1)

    with pytest.raises(TraceError) as caught:
        gn.trace(f, BOX)
    assert str(caught.value).split("\n", 1)[1] == (
        "traced arrays have no attribute 'cumsum'.\n"
        "Methods: argmax, argmin, astype, clip, copy, dot, flatten, max, mean, min, ravel, reshape, squeeze, "
        "std, sum, swapaxes, take, transpose, var."
    )
    assert isinstance(caught.value, AttributeError)


def test_probing_for_attributes_is_answered_quietly():
    found = []
    gn.trace(
        lambda x: (
            found.append((hasattr(x, "toarray"), hasattr(x, "__array_interface__"), hasattr(x, "sum"))) or x
        ),
        BOX,
    )
    assert found == [(False, False, True)]


def test_sparse_matrices_are_refused_from_both_sides():
    matrix = sparse.csr_array(np.eye(3))
    with pytest.raises(TraceError) as right:
        gn.trace(lambda x: x @ matrix, BOX)
    assert str(right.value).split("\n")[1].startswith("csr_array <")
    assert str(right.value).endswith("cannot meet a traced array.\nUse numbers or arrays.")
    with pytest.raises(TraceError):
        gn.trace(lambda x: matrix @ x.T, BOX)


# ------------------------------------------------------------------------------------------ lines
def helper(a, b):
    return a @ b  # the line below is not to blame


def adds_in_a_helper(x):
    z = x * 2
    return helper(z, np.ones((4, 2)))  # here


def fails_in_a_gradient(x):
    return gn.grad(lambda z: (z + np.ones(5)).sum())(x)  # here


def test_the_innermost_line_of_the_user_is_named():
    with pytest.raises(ShapeError) as caught:
        gn.trace(adds_in_a_helper, BOX)
    start = inspect.getsourcelines(helper)[1]
    assert str(caught.value) == (
        f"test_trace_errors.py:{start + 1}: return a @ b  # the line below is not to blame\n"
        "matmul: (n, 3) @ (4, 2) do not match"
    )
    with pytest.raises(ShapeError) as inside:
        gn.trace(fails_in_a_gradient, BOX)
    assert str(inside.value) == (
        f"{line_of(fails_in_a_gradient)}\nadd: shapes (n, 3) and (5,) do not broadcast together"
    )


def test_the_same_line_with_plain_arrays_is_numpy_s_own_business():
    with pytest.raises(ShapeError) as caught:
        gn.grad(lambda x: (x @ np.ones((4, 2))).sum())(np.ones((2, 3)))
    assert str(caught.value).split("\n")[1] == "matmul: (2, 3) @ (4, 2) do not match"


def test_a_line_without_source_is_named_by_number():
    namespace = {}
    exec(compile("def f(x):\n    return x if x.sum() > 0 else -x\n", "<nowhere>", "exec"), namespace)
    with pytest.raises(TraceError) as caught:
        gn.trace(namespace["f"], BOX)
    assert str(caught.value).split("\n")[0] == "<nowhere>:2"


def test_messages_have_at_most_three_lines():
    for f in ERRORS:
        with pytest.raises(TraceError) as caught:
            gn.trace(f, BOX)
        assert len(str(caught.value).split("\n")) <= 3


def test_what_a_traced_array_shows_of_itself():
    shown = []
    gn.trace(lambda x: shown.append((repr(x), x.shape, x.ndim, x.dtype, x.kind, x.size, x.T.shape)) or x, BOX)
    text, shape, ndim, dtype, kind, size, turned = shown[0]
    assert (text, ndim, dtype, kind) == ("TracedArray((n, 3), float)", 2, "float", "float")
    assert (repr(shape), repr(size), repr(turned)) == ("(n, 3)", "3 * n", "(3, n)")


def test_arrays_outside_a_trace_have_no_graph():
    x = gn.Input((3,))
    assert isinstance(x, TracedArray)
    with pytest.raises(TraceError) as caught:
        x + np.ones(3)
    assert str(caught.value).split("\n")[1:] == [
        "an array was mixed with gn.Input.",
        "Put it into a layer's weights, or inside a function or layer.",
    ]
