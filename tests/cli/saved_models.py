"""Small trained models in files, and the tables that they read."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris

import glassnet as gn

ROWS = 60
GENERATOR = np.random.default_rng(5)
SIZES = GENERATOR.normal(100, 20, ROWS).round(1)
TABLE = pd.DataFrame(
    {
        "number": np.arange(1, ROWS + 1),
        "size": np.where(np.arange(ROWS) % 9 == 4, np.nan, SIZES),
        "color": np.array(["red", "green", "blue"])[GENERATOR.integers(0, 3, ROWS)],
        "new": GENERATOR.integers(0, 2, ROWS).astype(bool),
        "day": pd.date_range("2024-01-01", periods=ROWS, freq="11D"),
    }
)
PRICE = pd.Series((3 * SIZES + 50 * TABLE["new"]).round(2), name="price")
SOLD = pd.Series(np.where(SIZES + 30 * TABLE["new"] > 110, "yes", "no"), name="sold")
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0}
AUTO = {"columns": gn.FrameEncoder(missing="median", drop=["number"])}
IRIS = load_iris(as_frame=True)
SPECIES = np.array(["setosa", "versicolor", "virginica"])[IRIS.target]


def plain_model():
    """A network that knows nothing of tables."""
    model = gn.Sequential([gn.layers.Dense(5, "relu"), gn.layers.Dense(3)], seed=0)
    model.compile("adam", "softmax_cross_entropy", metrics=["accuracy"])
    model.fit(IRIS.data.to_numpy(), IRIS.target.to_numpy(), epochs=3, verbose=0)
    return model


def models():
    """Name → what is to be saved."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier = gn.MLPClassifier(**SMALL, **AUTO, batch_norm=True)
        return {
            "sold": classifier.fit(TABLE, SOLD),
            "price": gn.MLPRegressor(**SMALL, **AUTO, scale_target=True).fit(TABLE, PRICE),
            "names": gn.MLPClassifier(**SMALL).fit(IRIS.data, SPECIES),
            "array": gn.MLPClassifier(**SMALL).fit(IRIS.data.to_numpy(), IRIS.target),
            "hinge": gn.MLPClassifier(**SMALL, loss="hinge").fit(IRIS.data, SPECIES),
            "several": gn.MLPRegressor(**SMALL).fit(IRIS.data, IRIS.data.iloc[:, :2].to_numpy()),
            "encoder": gn.FrameEncoder(missing="median").fit(TABLE[["size", "color"]]),
            "hidden": gn.HiddenFeatures(gn.MLPClassifier(**SMALL, **AUTO)).fit(TABLE, SOLD),
            "model": plain_model(),
        }


def write(folder):
    """Write every model, and the tables as files."""
    for name, model in models().items():
        model.save(folder / f"{name}.safetensors")
    with_targets = TABLE.assign(price=PRICE, sold=SOLD)
    with_targets.to_csv(folder / "houses.csv", index=False)
    with_targets.to_csv(folder / "houses.tsv", index=False, sep="\t")
    with_targets.to_parquet(folder / "houses.parquet", index=False)
    IRIS.data.to_csv(folder / "flowers.csv", index=False)
    IRIS.data.assign(species=SPECIES, number=IRIS.target).to_csv(folder / "species.csv", index=False)


def read(text):
    """Name of each column → its cells as text."""
    head, *rows = csv.reader(text.splitlines())
    return dict(zip(head, map(list, zip(*rows, strict=True)), strict=True))
