"""Writes keras_arguments.json: what the installed Keras's constructors and methods take.

Run it where Keras and one of its backends are installed: ``python docs/keras_facts.py``. The documentation
and its tests read the file and need no Keras; ``pytest -m peers`` compares the file with an installed Keras
of the same version.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("keras_arguments.json")
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
GROUPS = (
    "layers", "optimizers", "schedules", "losses", "metrics", "callbacks", "initializers", "regularizers",
    "constraints", "activations",
)  # fmt: skip
NO_ACTIVATIONS = ("get", "serialize", "deserialize")
METHODS = (
    "compile", "fit", "evaluate", "predict", "train_on_batch", "predict_on_batch", "summary", "save",
    "save_weights", "load_weights", "get_weights", "set_weights", "get_layer", "count_params", "export",
)  # fmt: skip


def arguments(function: Any) -> dict[str, str | None]:
    """Argument → how its default is written; None where it has none."""
    parameters = inspect.signature(function).parameters.values()
    return {
        p.name: None if p.default is p.empty else repr(p.default)
        for p in parameters
        if p.name != "self" and p.kind not in VARIADIC
    }


def of_module(module: Any) -> dict[str, dict[str, str | None]]:
    """The classes of a module by their own names (others are aliases), or its functions if it has none."""
    public = {name: value for name, value in sorted(vars(module).items()) if name[0] != "_"}
    own = {name: value for name, value in public.items() if getattr(value, "__name__", "") == name}
    classes = {name: value for name, value in own.items() if inspect.isclass(value)}
    functions = {
        name: value for name, value in own.items() if inspect.isfunction(value) and name not in NO_ACTIVATIONS
    }
    return {name: arguments(value) for name, value in (classes or functions).items()}


def of_models(keras: Any) -> dict[str, dict[str, str | None]]:
    """What makes models and what they do."""
    x = keras.Input((1,))
    functions = {
        "Input": keras.Input,
        "Sequential": keras.Sequential.__init__,
        "Model": type(keras.Model(x, x)).__init__,
        "Layer": keras.layers.Layer.__init__,
        "Layer.add_weight": keras.layers.Layer.add_weight,
        **{f"Model.{name}": getattr(keras.Model, name) for name in METHODS},
        "saving.load_model": keras.saving.load_model,
        "utils.to_categorical": keras.utils.to_categorical,
        "utils.set_random_seed": keras.utils.set_random_seed,
    }
    return {name: arguments(function) for name, function in functions.items()}


def recorded(keras: Any) -> dict[str, Any]:
    """All that the table needs of Keras."""
    modules = {name: getattr(keras, name) for name in GROUPS if name != "schedules"}
    modules["schedules"] = keras.optimizers.schedules
    groups = {name: of_module(modules[name]) for name in GROUPS}
    del groups["layers"]["Layer"]  # stands among the models
    del groups["optimizers"]["Optimizer"]  # another base class for each of Keras's backends
    return {"keras": keras.__version__, "models": of_models(keras), **groups}


def as_text(facts: dict[str, Any]) -> str:
    """The file: JSON with a line for each class or function."""
    parts = []
    for group, entries in facts.items():
        if isinstance(entries, dict):
            lines = [f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in entries.items()]
            entries_text = "{\n" + ",\n".join(lines) + "\n }"
        else:
            entries_text = json.dumps(entries)
        parts.append(f" {json.dumps(group)}: {entries_text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    import keras

    FILE.write_text(as_text(recorded(keras)), encoding="utf-8")
