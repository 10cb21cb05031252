"""What the documentation's table says of Keras's arguments is what an installed Keras of that version has."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="needs keras")

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]
DOCS = Path(__file__).parents[2] / "docs"


def test_the_recorded_arguments_are_those_of_keras(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    import keras_facts

    text = keras_facts.FILE.read_text(encoding="utf-8")
    recorded = json.loads(text)
    if recorded["keras"] != keras.__version__:
        pytest.skip(f"the table is that of Keras {recorded['keras']}; run docs/keras_facts.py")
    assert keras_facts.recorded(keras) == recorded
    assert keras_facts.as_text(recorded) == text
