"""A composite's own gradient against the one derived from its body."""

# ruff: noqa: PLW0108 - the cases are written as users write

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, NamedTuple

import numpy as np
import pytest

import glassnet as gn
from glassnet.trace.composite import Composite

TOLERANCE = 1e-12  # relative to the largest entry


def every_composite() -> dict[str, Composite]:
    """All composites of the package that bring a gradient of their own, by name."""
    found: dict[int, Composite] = {}
    for module in pkgutil.walk_packages(gn.__path__, "glassnet."):
        if module.name.rpartition(".")[2] != "__main__":
            members = vars(importlib.import_module(module.name)).values()
            found |= {id(member): member for member in members if isinstance(member, Composite)}
    return {c.name: c for c in found.values() if c.gradient is not None}


COMPOSITES = every_composite()


class Row(NamedTuple):
    """Arguments, which of them have a gradient, options."""

    args: tuple[Any, ...]
    argnums: tuple[int, ...] = (0,)
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


def spread(*shape: int, low: float = -2.6, high: float = 2.9) -> np.ndarray:
    """Values over the whole range in which a function bends, none of them at a kink."""
    count = int(np.prod(shape))
    values = np.linspace(low, high, count) + 0.0123
    return np.random.default_rng(count).permutation(values).reshape(shape)


Z, Y = spread(5, 4), np.array([2, 0, 3, 3, 1])
SHARES = np.array(
    [[0.2, 0.3, 0.1, 0.4], [0.1, 0.1, 0.7, 0.1], [0.6, 0.2, 0.1, 0.1], [0.25] * 4, [0.9, 0.05, 0.03, 0.02]]
)
YES = spread(5, 4) > 0.4
COUNTS = np.abs(spread(5, 4)) + 0.2
NUMBER = np.array(0.7)

DEFAULT = Row((Z,))
ROWS: dict[str, Row] = {
    "leak": Row((Z, spread(4, low=0.1, high=0.4)), (0, 1)),
    "rectify": Row((Z,), options={"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}),
    "clip_from_zero": Row((Z,), options={"max_value": 1.5}),
    "standardize": Row((Z,), options={"axis": (0,), "epsilon": 1e-3}),
    "divide_by_norm": Row((Z,), options={"axis": (1,)}),
    "divide_by_rms": Row((Z,), options={"axis": (1,), "epsilon": 1e-3}),
    "cross_entropy": Row((Z, Y)),
    "smooth_cross_entropy": Row((Z, Y, np.array(0.1)), (0, 2)),
    "distribution_cross_entropy": Row((Z, SHARES), (0, 1)),
    "softmax_focal": Row((Z, SHARES, np.array(2.0)), (0, 1, 2)),
    "generalized": Row((Z, Y, NUMBER), (0, 2)),
    "logistic_loss": Row((Z, SHARES), (0, 1)),
    "logistic_focal": Row((Z, SHARES, np.array(2.0)), (0, 1, 2)),
    "path_loss": Row((Z, np.sign(np.round(spread(5, 4, low=-1.4, high=1.4))))),
    "weston_watkins": Row((Z, Y, np.array(1.0)), (0, 2)),
    "weston_watkins_squared": Row((Z, Y, np.array(1.0)), (0, 2)),
    "crammer_singer": Row((Z, Y, np.array(1.0)), (0, 2)),
    "hinge": Row((Z, YES, np.array(1.0)), (0, 2)),
    "squared_hinge": Row((Z, YES, np.array(1.0)), (0, 2)),
    "huber": Row((Z, np.array(1.1)), (0, 1)),
    "pinball": Row((Z, Z[::-1] + 0.1, NUMBER), (0, 1, 2)),
    "poisson": Row((COUNTS, SHARES), (0, 1)),
    "poisson_of_log": Row((Z, SHARES), (0, 1)),
    "gamma": Row((Z, COUNTS), (0, 1)),
    "gaussian": Row((Z, spread(5, 2)), (0, 1)),
    "tweedie": Row((Z, COUNTS, np.array(1.5)), (0, 1, 2)),
}


def gradients(function: Any, row: Row) -> list[np.ndarray]:
    shape = np.shape(function(*row.args, **row.options))
    weights = np.cos(3.0 * np.arange(np.prod(shape))).reshape(shape)

    def weighted(*args: Any) -> Any:
        return (function(*args, **row.options) * weights).sum()

    return [np.asarray(g) for g in gn.grad(weighted, row.argnums)(*row.args)]


@pytest.mark.parametrize("name", sorted(COMPOSITES))
def test_own_gradient_equals_the_body_s(name):
    composite, row = COMPOSITES[name], ROWS.get(name, DEFAULT)
    assert len(row.args) == len(composite.parameters), f"add a row for {composite} with its arguments"
    for own, derived in zip(gradients(composite, row), gradients(composite.function, row), strict=True):
        scale = np.abs(derived).max()
        assert scale > 1e-3, "nothing is compared"
        assert np.abs(own - derived).max() <= TOLERANCE * scale


def test_rows_belong_to_composites():
    assert set(ROWS) <= set(COMPOSITES)


@pytest.mark.parametrize("name", sorted(COMPOSITES))
def test_own_gradient_follows_float32(name):
    row = ROWS.get(name, DEFAULT)
    narrow = Row(tuple(x.astype(np.float32) if x.dtype.kind == "f" else x for x in row.args), *row[1:])
    for wide, g in zip(gradients(COMPOSITES[name], row), gradients(COMPOSITES[name], narrow), strict=True):
        assert g.dtype == np.float32
        assert np.linalg.norm(np.ravel(g - wide)) <= 1e-5 * np.linalg.norm(np.ravel(wide)) + 1e-6


# ------------------------------------------------------------------------------------------ the protocol
def test_a_wrong_number_of_gradients_is_named():
    @gn.composite
    def area(a, b):
        return (a * b).sum()

    @area.defgradient
    def _(g, result, a, b):
        return (g * b,)

    with pytest.raises(gn.errors.TraceError) as caught:
        gn.grad(area)(np.ones(2), np.ones(2))
    assert str(caught.value) == (
        "the gradient of composite area must answer a tuple of 2.\n"
        "Answer None for an input without a gradient."
    )


def test_none_stops_the_gradient_of_one_input():
    @gn.composite
    def one_sided(a, b):
        return a * b

    one_sided.defgradient(lambda g, result, a, b: (g * b, None))
    da, db = gn.grad(lambda a, b: one_sided(a, b).sum(), (0, 1))(np.ones(2), np.full(2, 3.0))
    assert (da.tolist(), db.tolist()) == ([3, 3], [0, 0])


def test_a_composite_without_its_own_gradient_is_opened_only_where_a_gradient_passes():
    @gn.composite
    def doubled(a):
        return 2 * a

    def f(a, b):
        return (doubled(a) * doubled(b)).sum() + gn.stop_gradient(doubled(a)).sum()

    assert gn.grad(f, (0, 1))(np.ones(2), np.ones(2))[0].tolist() == [4, 4]
    assert gn.grad(gn.grad(lambda a: doubled(a) ** 3))(1.0) == 48.0
    # An index that depends on an opened composite is made again with it.
    found = gn.grad(lambda a: gn.pick(doubled(a), np.argmax(doubled(a), axis=1)).sum())(
        np.array([[1.0, 3.0]])
    )
    assert found.tolist() == [[0, 2]]


def test_the_gradient_of_a_second_result_after_an_integer_one():
    @gn.composite
    def where_and_what(a):
        return np.argmax(a), a.max()

    assert gn.grad(lambda a: where_and_what(a)[1] * 2)(np.array([1.0, 5.0])).tolist() == [0, 2]


def test_composites_take_their_arrays_as_arguments():
    table = np.ones(3)

    @gn.composite
    def looks_around(a):
        return a * table

    with pytest.raises(gn.errors.TraceError) as caught:
        gn.trace(lambda x: looks_around(x), (3,))
    assert str(caught.value).splitlines()[1:] == [
        "composite looks_around uses an array from around it (table).",
        "Pass it as an argument.",
    ]
    assert looks_around(np.full(3, 2.0)).tolist() == [2, 2, 2]
