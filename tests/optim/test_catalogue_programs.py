"""The printed programs of optimizers and schedules: every character, and what the interpreter computes."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.programs import interpret
from golden.optim.regenerate import GOLDEN, OPTIMIZERS, model

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(0, 1, (9, 4)), RNG.integers(0, 3, 9)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_stored_text_is_what_is_printed(name):
    remedy = "if this change is meant, run: python tests/golden/optim/regenerate.py"
    assert (GOLDEN / name).read_text(encoding="utf-8") == model(name).source(), remedy


def test_nothing_else_is_stored():
    assert {path.name for path in GOLDEN.glob("*.py")} == {*OPTIMIZERS, "regenerate.py"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_program_and_interpreter_agree_bit_for_bit(name, dtype):
    """At the first steps and late ones, with a memory that is not zero."""
    made = model(name).astype(dtype)
    data = made._dataset(X, LABELS, "fit()")
    program = made._training_program(data)
    for t in (1, 2, 200, 2500):
        values = {**made._shelf.training_values(program, 0, t - 1), ("argument", "t"): t}
        for place, value in values.items():
            if place[0] == "argument" and isinstance(value, np.ndarray) and place[1] != "w":
                values[place] = np.asarray(RNG.random(value.shape), dtype)
        values.update({("argument", key): array for key, array in data.arrays().items()})
        found, expected = program(dict(values)), interpret(program.graph, dict(values))
        assert list(found) == list(expected)
        for place, value in expected.items():
            assert np.asarray(found[place]).dtype == np.dtype(dtype)
            np.testing.assert_array_equal(found[place], value, err_msg=str(place))
