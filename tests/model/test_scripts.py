"""Standalone programs: NumPy only, and the losses of fit, bit for bit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import InputError, NotBuiltError
from glassnet.layers import Activation, BatchNormalization, Dense, Dropout, Normalization

RNG = np.random.default_rng(0)
X = RNG.normal(2, 3, (40, 4))
LABELS, NUMBERS, WEIGHTS = RNG.integers(0, 3, 40), RNG.normal(0, 1, 40), RNG.integers(0, 3, 40)

# Before the program runs, every import of anything but NumPy and the standard library is made to fail.
GUARD = """
import runpy, sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top != "numpy" and top not in sys.stdlib_module_names:
            raise ImportError("the program imports " + name)
sys.meta_path.insert(0, Guard())
runpy.run_path(sys.argv[1], run_name="__main__")
assert not any(name.partition(".")[0] == "glassnet" for name in sys.modules)
"""


def run(path):
    """The losses that a program prints, one per epoch."""
    command = [sys.executable, "-I", "-c", GUARD, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    return [int(words[1].rstrip(":")) for words in lines], [float(words[-1]) for words in lines]


def test_the_guard_guards(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import glassnet")
    result = subprocess.run(
        [sys.executable, "-I", "-c", GUARD, program], capture_output=True, text=True, check=False
    )
    assert result.stderr.endswith("ImportError: the program imports glassnet\n")


def two_layers():
    return gn.Sequential([Dense(6, "sigmoid"), Dense(3)]), "sgd", "softmax_cross_entropy", LABELS


def everything():
    layers = [
        Normalization(),
        Dense(
            8, kernel_regularizer=gn.regularizers.HalfL2(1e-3), kernel_constraint=gn.constraints.MaxNorm(1.0)
        ),
        BatchNormalization(),
        Activation("relu"),
        Dropout(0.4),
        Dense(3),
    ]
    return gn.Sequential(layers, seed=11), gn.optimizers.Adam(0.02), "softmax_cross_entropy", LABELS


def many_arrays():
    layers = [Dense(4, "tanh") for _ in range(5)]
    optimizer = gn.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    return gn.Sequential([*layers, Dense(1)], dtype="float64"), optimizer, "squared_error", NUMBERS


def binary():
    return gn.Sequential([Dense(1)]), gn.optimizers.SGD(0.1, momentum=0.5), "binary_cross_entropy", LABELS % 2


def summed():
    return gn.Sequential([Dense(3, "tanh"), Dense(1)]), gn.optimizers.SGD(1e-3), "sum_of_squares", NUMBERS


def frozen():
    layers = [Dense(5, "tanh", trainable=False), BatchNormalization(trainable=False), Dense(3)]
    return gn.Sequential(layers), "adam", "softmax_cross_entropy", np.eye(3)[LABELS]


def own_functions():
    mixing = RNG.normal(0, 1, (4, 4))

    def mix(x):
        return np.sin(x @ mixing)

    return gn.Sequential([mix, Dense(1)]), "adam", lambda y, scores: np.abs(scores - y) ** 1.5, NUMBERS


def two_inputs():
    a, b = gn.Input((4,)), gn.Input((4,))
    gate = 1 / (1 + np.exp(-Dense(4)(a)))
    return gn.Model([a, b], Dense(3)(gate * b)), "adam", "softmax_cross_entropy", LABELS


NETWORKS = {
    make.__name__: make
    for make in (two_layers, everything, many_arrays, binary, summed, frozen, own_functions, two_inputs)
}


def compiled(name):
    model, optimizer, loss, y = NETWORKS[name]()
    model.compile(optimizer, loss)
    return model, [X, X[::-1].copy()] if name == "two_inputs" else X, y


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_losses_of_fit_bit_for_bit(name, weighted, tmp_path):
    model, inputs, y = compiled(name)
    options = {"batch_size": 7, "epochs": 3, "sample_weight": WEIGHTS if weighted else None}
    program = model.script(tmp_path, inputs, y, **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.npz", "program.py"]
    assert program == tmp_path / "program.py"
    assert "glassnet" not in "".join(program.read_text().splitlines()[1:])
    losses = model.fit(inputs, y, verbose=0, **options).history["loss"]
    assert run(program) == ([1, 2, 3], losses)


@pytest.mark.parametrize("name", ["two_layers", "everything", "many_arrays"])
def test_a_script_goes_on_where_the_model_stands(name, tmp_path):
    model, inputs, y = compiled(name)
    model.fit(inputs, y, batch_size=9, epochs=2, verbose=0)
    program = model.script(tmp_path, inputs, y, batch_size=9, epochs=2)
    assert run(program) == ([3, 4], model.fit(inputs, y, batch_size=9, epochs=2, verbose=0).history["loss"])


def test_without_shuffling(tmp_path):
    model, inputs, y = compiled("everything")
    program = model.script(tmp_path, inputs, y, batch_size=9, epochs=2, shuffle=False)
    losses = model.fit(inputs, y, batch_size=9, epochs=2, shuffle=False, verbose=0).history["loss"]
    assert run(program) == ([1, 2], losses)


def test_writing_a_script_does_not_train(tmp_path):
    model, inputs, y = compiled("everything")
    model.build((None, 4))
    before = {key: value.copy() for key, value in model.parameters.items()}
    model.script(tmp_path / "deep" / "folder", inputs, y)
    assert (tmp_path / "deep" / "folder" / "program.py").exists()
    assert (model.step, model.epoch) == (0, 0)
    for key, value in model.parameters.items():
        np.testing.assert_array_equal(value, before[key])


def test_changed_hyper_parameters_are_written(tmp_path):
    model, inputs, y = compiled("everything")
    model.fit(inputs, y, verbose=0)
    model.optimizer.learning_rate, model.layers[4].rate = 0.5, 0.25
    program = model.script(tmp_path, inputs, y)
    assert "\nlearning_rate = 0.5  # adam\n" in program.read_text()
    assert "\ndropout_rate = 0.25  # dropout_1\n" in program.read_text()
    assert run(program)[1] == model.fit(inputs, y, verbose=0).history["loss"]


def test_bad_arguments(tmp_path):
    model, inputs, y = compiled("two_layers")
    cases = [
        ({"epochs": -1}, "epochs must be a whole number of at least 0; got -1."),
        ({"batch_size": 0}, "script(): batch_size must be a whole number of at least 1; got 0."),
    ]
    for options, message in cases:
        with pytest.raises(InputError) as caught:
            model.script(tmp_path, inputs, y, **options)
        assert str(caught.value) == message
    with pytest.raises(NotBuiltError) as caught:
        gn.Sequential([Dense(1)]).script(tmp_path, X, NUMBERS)
    assert str(caught.value) == "script() needs a loss: call model.compile(optimizer=..., loss=...) first."
    assert not list(tmp_path.iterdir())
