"""Write the golden model files of the present format version, each only once: an old file is never changed.

    python tests/golden/files/regenerate.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet import layers
from glassnet.files.header import FORMAT

HERE = Path(__file__).parent


def tabular():
    """Preprocessing, statistics, penalties, constraints, a schedule, metrics."""
    model = gn.Sequential(
        [
            layers.Normalization(),
            layers.Dense(6, "relu", kernel_initializer="he_normal", kernel_regularizer=gn.regularizers.L2(0.01)),
            layers.BatchNormalization(momentum=0.9),
            layers.Dropout(0.2),
            layers.Dense(3, kernel_constraint=gn.constraints.MaxNorm(2.0), name="scores"),
        ],
        seed=1,
    )
    rate = gn.schedules.CosineDecay(0.01, 20)
    optimizer = gn.optimizers.AdamW(rate, decay_exclusions=["bias", "gamma", "beta"], multipliers={"scores": 2.0})
    model.compile(optimizer, gn.losses.SoftmaxCrossEntropy(label_smoothing=0.1), ["accuracy", "f1_macro"])
    return model, [(4,)], 3


def functional():
    """Two inputs, a shared layer, plain NumPy, an embedding, frozen weights, float64."""
    a, b = gn.Input((2, 2)), gn.Input((3,), dtype="int32")
    dense = layers.Dense(4, "tanh")
    words = layers.Flatten()(layers.Embedding(5, 4, trainable=False)(b))
    h = np.maximum(dense(layers.Flatten()(a)), 0.1) + words[:, ::3].mean(axis=1, keepdims=True)
    joined = np.concatenate([gn.activations.softmax(dense(h)), h[:, :2] / 3], axis=1)
    model = gn.Model([a, b], layers.Dense(1)(joined), seed=2, dtype="float64")
    model.compile(gn.optimizers.SGD(0.1, momentum=0.9, nesterov=True), gn.losses.Huber(0.5), ["mae"])
    return model, [(2, 2), (3,)], None


MODELS = {"tabular": tabular, "functional": functional}


def data(model, shapes, classes):
    """A few examples, the same for ever."""
    generator = np.random.default_rng(0)
    kinds = [spec.kind for spec in model.input_specs] or ["float"]
    X = [
        generator.integers(0, 5, (12, *shape)) if kind == "int" else generator.normal(0, 1, (12, *shape)).round(3)
        for shape, kind in zip(shapes, kinds, strict=True)
    ]
    y = generator.integers(0, classes, 12) if classes else generator.normal(0, 1, (12, 1)).round(3)
    return (X if len(X) > 1 else X[0]), y


def write(name: str) -> None:
    model, shapes, classes = MODELS[name]()
    X, y = data(model, shapes, classes)
    model.fit(X, y, batch_size=5, epochs=3, verbose=0)
    path = HERE / f"format_{FORMAT}_{name}.safetensors"
    model.save(path)
    known = {"predictions": model.predict(X).tolist(), "history": model.history.history, "step": model.step}
    known["next_losses"] = model.fit(X, y, batch_size=5, epochs=2, verbose=0).history["loss"]
    path.with_suffix(".json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    print(path.name)


if __name__ == "__main__":
    for each in MODELS:
        if not (HERE / f"format_{FORMAT}_{each}.safetensors").exists():
            write(each)
