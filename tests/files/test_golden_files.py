"""One golden file per kind of model and format version: each is read for ever."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glassnet as gn
from glassnet.files.header import FORMAT
from golden.files.regenerate import HERE, MODELS, data

FILES = sorted(path.name for path in HERE.glob("*.safetensors"))


def test_every_version_has_its_files():
    expected = {f"format_{version}_{name}.safetensors" for version in range(1, FORMAT + 1) for name in MODELS}
    assert set(FILES) == expected


@pytest.mark.parametrize("name", FILES)
def test_golden_files(name):
    known = json.loads((HERE / name).with_suffix(".json").read_text(encoding="utf-8"))
    _, shapes, classes = MODELS[name.removesuffix(".safetensors").split("_")[2]]()
    model = gn.load(HERE / name)
    X, y = data(model, shapes, classes)
    # Another BLAS may round otherwise: the parameters are equal bit for bit, what is computed nearly so.
    close = {"rtol": 1e-9 if model.dtype == np.float64 else 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(model.predict(X), known["predictions"], **close)
    assert (model.history.history, model.step) == (known["history"], known["step"])
    again = model.fit(X, y, batch_size=5, epochs=2, verbose=0)
    np.testing.assert_allclose(again.history["loss"], known["next_losses"], **close)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(f"format_{FORMAT}_")])
def test_the_present_version_is_written_as_ever(name, tmp_path):
    gn.load(HERE / name).save(tmp_path / name)
    assert (tmp_path / name).read_bytes() == (HERE / name).read_bytes()
