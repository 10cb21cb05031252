"""PyTorch loads the states that to_pytorch() makes, and then answers the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import glassnet as gn
from glassnet import layers

pytestmark = pytest.mark.peers


def test_a_sequential(tmp_path):
    model = gn.Sequential(
        [layers.Dense(8, "relu"), layers.BatchNormalization(), layers.LayerNormalization(), layers.Dense(3)]
    )
    X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    model.compile("adam", "squared_error")
    model.fit(X, X[:, :3], epochs=3, verbose=0)
    peer = torch.nn.Sequential(
        torch.nn.Linear(4, 8),
        torch.nn.ReLU(),
        torch.nn.BatchNorm1d(8, eps=1e-3),
        torch.nn.LayerNorm(8, eps=1e-3),
        torch.nn.Linear(8, 3),
    )
    path = gn.export.to_pytorch(model, tmp_path / "state.safetensors", keys="sequential")
    peer.load_state_dict(load_file(path), strict=True)
    peer.eval()
    with torch.no_grad():
        answer = peer(torch.tensor(X)).numpy()
    np.testing.assert_allclose(answer, model.predict(X), rtol=1e-5, atol=1e-6)
