"""Thousands of damaged files: each is refused by the one error, or holds exactly what it says."""

from __future__ import annotations

import json
import warnings

import mutations
import numpy as np
import pytest
from stored_models import trained

import glassnet as gn
from glassnet import layers
from glassnet.files import packing


class Own(gn.Layer):
    def call(self, x):
        return 2 * x


def sequential():
    model = gn.Sequential(
        [
            layers.Normalization(),
            layers.Dense(
                3, "relu", kernel_regularizer=gn.regularizers.L2(0.01), kernel_constraint="max_norm"
            ),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            Own(),
            layers.Dense(2),
        ]
    )
    model.build((None, 3))
    schedule = gn.schedules.CosineDecay(0.01, 10)
    model.compile(
        gn.optimizers.AdamW(schedule, decay_exclusions=["bias"]), "softmax_cross_entropy", ["accuracy", "f1"]
    )
    return trained(model)


def functional():
    a, b = gn.Input((2, 2)), gn.Input((3,), dtype="int32")
    dense = layers.Dense(4)
    h = np.maximum(dense(layers.Flatten()(a)), 0.1) + layers.Flatten()(layers.Embedding(5, 4)(b))[
        :, ::3
    ].mean(axis=1, keepdims=True)
    model = gn.Model(
        [a, b], layers.Dense(1)(np.concatenate([gn.activations.softmax(dense(h)), h[:, :2] / 3], axis=1))
    )
    model.compile(gn.optimizers.SGD(0.1, momentum=0.9), gn.losses.Huber(0.5), ["mae"])
    return trained(model)


def described(model):
    """What a file says of a model, as JSON, and the arrays."""
    packer = packing.Packer()
    return json.loads(json.dumps(packer.pack(model)["model"])), packer.arrays


def is_part(given, whole):
    """Whether a description says no more than another: what it leaves out has its default."""
    if isinstance(given, dict) and isinstance(whole, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in given.items())
    if isinstance(given, list) and isinstance(whole, list):
        return len(given) == len(whole) and all(map(is_part, given, whole))
    return type(given) is type(whole) and given == whole


def loaded(path):
    """The model, or None if the file is refused."""
    try:
        return gn.load(path, {"Own": Own})
    except gn.errors.ModelFileError as error:
        refusal = error
    assert refusal.path == str(path)
    assert len(str(refusal)) < 5000
    return None


def check(path, data, generator):
    """One mutation: refused, or loaded as what it says."""
    changed, informed = mutations.mutated(data, generator)
    path.write_bytes(changed)
    found = loaded(path)
    if found is None:
        return False
    assert informed, "damage that no sum covers was not noticed"
    parts, rest = mutations.split(changed)
    document = json.loads(parts["__metadata__"]["glassnet"])["model"]
    whole, arrays = described(found)
    # Operations are a graph: equal ones may be written twice in a file, and are one when written again.
    graph = {"operations": None, "output": None, "inputs": None}
    assert is_part({**document, **(graph if "operations" in document else {})}, {**whole, **graph})
    known = {name: array.tobytes() for name, array in arrays.items()}
    for name, entry in parts.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            assert known[name] == rest[begin:end]
    return True


def run(tmp_path, count, seed):
    files = []
    for model in (sequential(), functional()):
        model.save(tmp_path / "good")
        files.append((tmp_path / "good").read_bytes())
    good = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(count):
            generator = np.random.default_rng([seed, i])
            good += check(tmp_path / "changed", files[i % 2], generator)
    return good


def test_twenty_thousand_mutations(tmp_path):
    good = run(tmp_path, 20_000, seed=0)
    assert 1_000 < good < 10_000  # the mutations reach deep: many of them make other, good files


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(1, 51))
def test_a_million_mutations(tmp_path, seed):
    assert run(tmp_path, 20_000, seed) > 1_000
