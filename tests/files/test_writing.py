"""What cannot be stored, and the words for it; faults at every step of writing; other readers."""

# ruff: noqa: E501 - one message, one line

from __future__ import annotations

import functools
import os
import threading

import numpy as np
import pytest
from safetensors.numpy import load_file
from stored_models import trained

import glassnet as gn
from glassnet import activations, layers
from glassnet.errors import InputTypeError, ModelFileError, NotBuiltError
from glassnet.files import Packer, header, writing
from glassnet.files.refused import Refused


def small(seed=0):
    model = gn.Sequential([layers.Dense(2)], seed=seed)
    model.build((None, 2))
    model.compile("adam", "squared_error")
    return model


# -------------------------------------------------------------------------------------- what cannot be stored
class Careless(gn.Layer):
    def __init__(self, factor):
        super().__init__()
        self.kept_elsewhere = factor

    def call(self, x):
        return x


class MyModel(gn.Sequential):
    pass


class Owner:
    def bend(self, x):
        return x


def with_layer(layer):
    model = gn.Sequential([layer])
    model.build((None, 2))
    return model


def compiled(**options):
    model = small()
    model.compile(**{"loss": "squared_error", **options})
    return model


def twice_inside():
    inner = layers.Dense(2)
    model = gn.Sequential([Holder(inner), Holder(inner)])
    model.build((None, 2))
    return model


class Holder(gn.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x) if isinstance(self.inner, gn.Layer) else x


def own_class():
    model = MyModel([layers.Dense(1)])
    model.build((None, 1))
    return model


REMEDY = "Write it with def or class in a module, and hand it to gn.load(path, custom={...})."
REFUSED = {
    "lambda": (lambda: with_layer(layers.Dense(2, lambda x: 2 * x)), "model.layers[0].activation cannot be stored: <function"),
    "method": (lambda: with_layer(layers.Activation(Owner().bend)), "model.layers[0].activation cannot be stored: <bound method"),
    "model as a function": (lambda: with_layer(layers.Activation(small())), "model.layers[0].activation cannot be {'model': {'class': 'Sequential', 'seed': 0,"),
    "positional option": (
        lambda: with_layer(layers.Activation(functools.partial(np.maximum, 0.0))),
        "model.layers[0].activation cannot be stored: functools.partial(<ufunc 'maximum'>, 0.0) has positional arguments. Give them by name.",
    ),
    "forgotten argument": (
        lambda: with_layer(Careless(2)),
        "model.layers[0] cannot be stored: Careless keeps no attribute 'factor', its __init__'s argument.",
    ),
    "layer in two layers": (twice_inside, "model.layers[1].inner cannot be stored: <layer Dense(2)> stands inside two layers."),
    "a class of its own": (own_class, "model cannot be stored: MyModel is a class of its own. Keep a gn.Model or gn.Sequential inside it."),
    "expression": (
        lambda: compiled(optimizer=gn.optimizers.AdamW(decay_exclusions=["(a|b)+$"])),
        "model.training.optimizer.decay_exclusions holds '(a|b)+$'. In files: names, such as 'bias', or expressions without groups.",
    ),
    "lambda as a metric": (lambda: compiled(metrics=[gn.metrics.Metric("odd", lambda y, s: s)]), "model.training.metrics[0].function cannot be stored: <function"),
    "complex array": (lambda: with_layer(Holder(np.array([1j]))), "model.layers[0].inner cannot be stored: an array of complex128 and 1 dimensions."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_stored(name, tmp_path):
    make, message = REFUSED[name]
    path = tmp_path / "m"
    model = make()
    with pytest.raises(ModelFileError) as caught:
        model.save(path)
    text = str(caught.value).removeprefix(f"{path}: ")
    assert text.startswith(message)
    if text.endswith(("...}).", "gn.load(path, custom={...}).")):
        assert text.endswith(REMEDY)
    assert os.listdir(tmp_path) == []


def test_the_model_has_to_be_built(tmp_path):
    with pytest.raises(NotBuiltError, match=r"^save\(\) needs a built model"):
        gn.Sequential([layers.Dense(1)]).save(tmp_path / "m")
    with pytest.raises(InputTypeError, match=r"^a path is a text or a pathlib.Path; got 3\.$"):
        small().save(3)


def test_packing_has_its_limits():
    endless = []
    endless.append(endless)
    for value, message in ((endless, "nested deeper than 16"), (2**63, "does not fit 64 bits")):
        with pytest.raises(Refused, match=message):
            Packer().pack(value, "x")


LIMITS = {
    "document": ({"kind": "x" * 8_000_000}, {}, "its description has 8,000,0"),
    "tensors": ({}, {f"t{i}": np.zeros(0) for i in range(65_537)}, "it has 65,537 tensors; at most 65,536 are allowed."),
    "rank": ({}, {"t": np.zeros((1,) * 9)}, "t is an array of float64 of 9 dimensions, which files do not hold."),
    "NaN": ({"kind": float("nan")}, {}, "cannot be used: Out of range float values are not JSON compliant"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_limits_of_files(name, tmp_path):
    document, tensors, message = LIMITS[name]
    with pytest.raises(ModelFileError) as caught:
        gn.files.write(tmp_path / "m", document, tensors)
    assert str(caught.value).removeprefix(f"{tmp_path / 'm'}: ").startswith(message)


# -------------------------------------------------------------------------------------- faults
OPERATIONS = ("open", "write", "fsync", "close", "replace", "stat", "fstat", "urandom")


class Faults:
    """Every call of ``os`` that writing makes, one of which fails."""

    def __init__(self, monkeypatch, failing, error):
        self.calls, self.failing, self.error = 0, failing, error
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self.counted(getattr(os, name), name))

    def counted(self, function, name):
        def call(*arguments, **options):
            self.calls += 1
            if self.calls == self.failing:
                if name == "close":  # what really happens: the descriptor is gone, and so may be the data
                    function(*arguments, **options)
                if name == "write":  # a part has arrived
                    function(arguments[0], bytes(arguments[1])[:7])
                raise self.error
            return function(*arguments, **options)

        return call


def contents(folder):
    return {name: (folder / name).read_bytes() for name in os.listdir(folder)}


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "Ctrl-C"]
)
def test_a_fault_anywhere_leaves_the_old_or_the_new_file(error, tmp_path, monkeypatch):
    path, states = tmp_path / "m", []
    for model in (trained(small(1)), trained(small(2))):
        model.save(path)
        states.append(path.read_bytes())
    for failing in range(1, 100):
        path.write_bytes(states[0])
        with monkeypatch.context() as patch:
            faults = Faults(patch, failing, error)
            try:
                model.save(path)
                failed = None
            except (ModelFileError, KeyboardInterrupt) as caught:
                failed = caught
        if faults.calls < failing:
            break
        assert failed is not None
        if isinstance(failed, ModelFileError):
            assert str(failed) == f"{path}: no space left on device."
        found = contents(tmp_path)
        assert found in ({"m": states[0]}, {"m": states[1]})
    assert 10 < failing < 99
    assert contents(tmp_path) == {"m": states[1]}


def test_what_is_not_on_the_disk_as_written_does_not_replace(tmp_path, monkeypatch):
    path = tmp_path / "m"
    small(1).save(path)
    before = path.read_bytes()

    def write(descriptor, view):
        changed = bytearray(view)
        changed[-1] ^= 1
        return real(descriptor, changed)

    real = os.write
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(ModelFileError):
        small(2).save(path)
    assert contents(tmp_path) == {"m": before}


def test_eight_writers_at_once(tmp_path):
    path = tmp_path / "m"
    models = [small(seed) for seed in range(8)]
    threads = [threading.Thread(target=model.save, args=(path,)) for model in models for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gn.load(path).seed in range(8)
    assert os.listdir(tmp_path) == ["m"]


def test_places(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real" / "m", tmp_path / "link")
    small().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    monkeypatch.chdir(tmp_path / "real")
    small(3).save("m")
    assert gn.load(str(tmp_path / "link")).seed == 3
    with pytest.raises(ModelFileError, match="no such file or directory"):
        small().save(tmp_path / "missing" / "m")


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    small().save(tmp_path / "m")
    assert (tmp_path / "m").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_systems_without_folders_to_synchronize(tmp_path, monkeypatch):
    monkeypatch.setattr(writing.os, "name", "nt")
    writing._synchronize(str(tmp_path / "not even there"))


# -------------------------------------------------------------------------------------- other readers
def test_any_reader_of_safetensors_finds_the_weights(tmp_path):
    model = trained(small())
    model.save(tmp_path / "m.safetensors")
    found = load_file(tmp_path / "m.safetensors")
    assert set(found) == {"dense_1.kernel", "dense_1.bias", "optimizer/m", "optimizer/v"}
    np.testing.assert_array_equal(found["dense_1.kernel"], model.parameters["dense_1.kernel"])


def test_the_data_are_aligned(tmp_path):
    arrays = {"a": np.zeros(3, np.int8), "b": np.zeros(2), "c": np.zeros(1, np.float32)}
    gn.files.write(tmp_path / "m", {"kind": "test"}, arrays)
    data = (tmp_path / "m").read_bytes()
    length = int.from_bytes(data[:8], "little")
    _, _, entries = header.take_apart(data[8 : 8 + length], len(data) - 8 - length)
    assert [(entry.name, length % 8) for entry in entries] == [("b", 0), ("c", 0), ("a", 0)]


def test_equal_models_make_equal_files(tmp_path):
    for name in "ab":
        trained(small()).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_activations_shared_by_layers_are_no_obstacle(tmp_path):
    regularizer = gn.regularizers.L2(0.1)
    model = gn.Sequential([layers.Dense(2, activations.relu, kernel_regularizer=regularizer) for _ in "ab"])
    model.build((None, 2))
    model.save(tmp_path / "m")
    assert gn.load(tmp_path / "m").layers[1].kernel_regularizer.l2 == 0.1
