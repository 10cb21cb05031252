"""What every test of model files asks of a model."""

from __future__ import annotations

import pytest
from stored_models import data_for

import glassnet as gn


@pytest.fixture
def round_trip(tmp_path, capsys):
    """Save, load, and demand that the two cannot be told apart, now or after more training."""

    def summary(model):
        capsys.readouterr()
        model.summary()
        return capsys.readouterr().out

    def check(model, custom=None, epochs=2):
        first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
        model.save(first)
        found = gn.load(first, custom)
        found.save(second)
        assert first.read_bytes() == second.read_bytes()
        assert type(found) is type(model)
        assert summary(found) == summary(model)
        X, y = data_for(model, seed=2)
        assert model.predict(X).tobytes() == found.predict(X).tobytes()
        if model.loss_function is not None and epochs:
            again = {"batch_size": 8, "epochs": epochs, "verbose": 0}
            assert found.fit(X, y, **again).history == model.fit(X, y, **again).history
            assert [a.tobytes() for a in found.get_snapshot().values()] == [
                a.tobytes() for a in model.get_snapshot().values()
            ]
            assert (found.step, found.epoch) == (model.step, model.epoch)
        return found

    return check
