"""The printed programs of losses: every character, and what the interpreter computes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.programs import interpret
from golden.losses.regenerate import GOLDEN, PROGRAMS, X, model


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_stored_text_is_what_is_printed(name):
    remedy = "if this change is meant, run: python tests/golden/losses/regenerate.py"
    assert (GOLDEN / name).read_text(encoding="utf-8") == model(name).source(), remedy


def test_nothing_else_is_stored():
    assert {path.name for path in GOLDEN.glob("*.py")} == {*PROGRAMS, "regenerate.py"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_and_interpreter_agree_bit_for_bit(name, weighted, dtype):
    made = model(name).astype(dtype)
    weights = np.linspace(0, 2, len(X)) if weighted else None
    data = made._dataset(X, PROGRAMS[name][3], "fit()", weights)
    program = made._training_program(data)
    values = made._shelf.training_values(program, 0, 0)
    values.update({("argument", key): array for key, array in data.arrays().items()})
    found, expected = program(dict(values)), interpret(program.graph, dict(values))
    assert list(found) == list(expected)
    for place, value in expected.items():
        assert np.asarray(found[place]).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(found[place], value, err_msg=str(place))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "loss, units, y",
    [
        (gn.losses.HierarchicalSoftmax(), 4, np.arange(9) % 5),
        (gn.losses.Quantile([0.1, 0.5, 0.9]), 3, np.linspace(-1, 1, 9)),
        (gn.losses.MulticlassHinge(2.5), 3, np.arange(9) % 3),
    ],
    ids=["a tree", "quantiles", "a margin"],
)
def test_a_script_brings_the_arrays_and_numbers_of_its_loss(loss, units, y, dtype, tmp_path):
    made = gn.Sequential([gn.layers.Dense(units)], dtype=dtype)
    made.compile("sgd", loss)
    program = made.script(tmp_path, X, y, batch_size=4, epochs=2)
    run = subprocess.run([sys.executable, "-I", str(program)], capture_output=True, text=True, check=True)
    history = made.fit(X, y, batch_size=4, epochs=2, verbose=0).history["loss"]
    assert [float(line.split()[-1]) for line in run.stdout.splitlines()] == history
