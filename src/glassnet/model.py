"""Models: networks that can be trained, and explained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from glassnet import export, files
from glassnet.errors import InputError
from glassnet.explain.derivation import Derivation, derive
from glassnet.explain.drawing import Drawing, draw_graph, draw_layers
from glassnet.explain.network import layer_columns
from glassnet.files import packing, unpacking
from glassnet.files.format import Path
from glassnet.files.refused import record, refuse
from glassnet.graph.graph import Graph
from glassnet.nn.core import Activation
from glassnet.nn.layer import Layer
from glassnet.nn.network import Fill, FunctionalNetwork, Network
from glassnet.nn.registry import known_name
from glassnet.nn.specs import Spec
from glassnet.trace.tracer import TracedArray
from glassnet.train import graphs, prepare, stored
from glassnet.train.shelf import Shelf
from glassnet.train.trainable import LossValue, Trainable

__all__ = ["LossValue", "Model", "Sequential"]


class Model(Trainable, FunctionalNetwork):
    """A network made of layers and NumPy, as a function of ``gn.Input``.

    Parameters
    ----------
    inputs : TracedArray or list of TracedArray
        From :func:`glassnet.Input`.
    outputs : TracedArray
        What layers and NumPy made of them.
    seed : int, default 0
        Decides the initial weights, the order of examples, dropout.
    dtype : {"float32", "float64"}, default "float32"

    Attributes
    ----------
    layers : list of Layer
    parameters : dict
        Key → array: ``"dense_1.kernel"``, ``"dense_1.bias"``, ...
    state : dict
        Key → array: running statistics.
    step, epoch : int
        Training steps and epochs done.
    history : History or None
        Of the last ``fit``.
    stop_training : bool
        Set it (in a callback) to stop after the current epoch.

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> x = gn.Input((2,))
    >>> h = np.tanh(gn.layers.Dense(3)(x))
    >>> model = gn.Model(x, gn.layers.Dense(1)(h))
    >>> list(model.parameters)
    ['dense_1.kernel', 'dense_1.bias', 'dense_2.kernel', 'dense_2.bias']
    """

    def __init__(self, inputs: Any, outputs: Any, seed: int = 0, dtype: str = "float32") -> None:
        FunctionalNetwork.__init__(self, inputs, outputs, seed, dtype)
        self._shelf = Shelf(self)

    def __call__(self, X: Any) -> Any:
        """Apply the model: to arrays (as :meth:`predict`), or to ``gn.Input`` and inside other networks."""
        return self.forward(X) if isinstance(X, TracedArray) else self.predict(X)

    def save(self, path: Path) -> None:
        """Write the model to a file: architecture, weights, and the state of its training.

        A ``.safetensors`` file with one JSON document, which names no code: :func:`glassnet.load` reads it,
        and so does any reader of safetensors. The old file, if there is one, is replaced in one step, after
        the new one has been written and checked.

        Parameters
        ----------
        path : str or path
            By custom it ends with ``.safetensors``.

        Raises
        ------
        NotBuiltError
            The model has no weights yet.
        ModelFileError
            Something in it cannot be stored, such as a lambda, or the file cannot be written.

        Examples
        --------
        >>> import pathlib, tempfile, glassnet as gn
        >>> model = gn.Sequential([gn.layers.Dense(2)], seed=7)
        >>> model.build((None, 3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "model.safetensors")
        ...     model.save(path)
        ...     gn.load(path).seed
        7
        """
        self.require_built("save()")
        files.save(path, "model", lambda packer: {"model": packer.pack(self, "model")["model"]})

    def export(self, path: Path, **options: Any) -> None:
        """Write the network to a file that runs without glassnet; the suffix names the format.

        Parameters
        ----------
        path : str or path
            Ending with ``.onnx``, ``.c``, ``.py`` or ``.safetensors``: see :mod:`glassnet.export`.
        **options
            Of the format's own function.

        Raises
        ------
        NotBuiltError
            The model has no weights yet.
        InputError
            Another suffix, or something that cannot be exported.
        ModelFileError
            The file cannot be written.

        Examples
        --------
        >>> import pathlib, tempfile, glassnet as gn
        >>> model = gn.Sequential([gn.layers.Dense(2)])
        >>> model.build((None, 3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "model.onnx")
        ...     model.export(path)
        ...     path.stat().st_size > 0
        True
        """
        self.require_built("export()")
        export.write_by_suffix(self, path, options)

    def derivation(self, X: Any = None, y: Any = None, weight: str | None = None) -> Derivation:
        """The chain rule for one weight, link by link: in words, NumPy and LaTeX, each link checked.

        Parameters
        ----------
        X, y : arrays, optional
            A small batch to check the links on; four random examples by default.
        weight : str, optional
            Its key; the first trained weight by default.

        Returns
        -------
        Derivation
            Prints as text; a notebook shows the formulas.

        Examples
        --------
        >>> import glassnet as gn
        >>> model = gn.Sequential([gn.layers.Dense(2, "sigmoid", use_bias=False), gn.layers.Dense(1)])
        >>> model.build((None, 3))
        >>> model.compile(loss="squared_error")
        >>> print(model.derivation().links[-1].numpy)
        dW1 = x.T @ dz1
        """
        graph, values = self._explained(X, y, 4, "derivation()")
        keys = [key for container, key in graph.places if container == "gradients"]
        return derive(graph, values, weight or keys[0])

    def draw(self, kind: str = "layers", X: Any = None, y: Any = None) -> Drawing:
        """A picture: the layers with their connections, or the operations with values and gradients.

        Parameters
        ----------
        kind : {"layers", "graph"}, default "layers"
            ``"graph"`` shows every operation of the forward pass and the loss with its value (green) and the
            gradient of the loss with respect to it (red).
        X, y : arrays, optional
            The example for ``"graph"``; a random one by default.

        Returns
        -------
        Drawing
            Shown by notebooks; ``.save("network.svg")``.

        Examples
        --------
        >>> import glassnet as gn
        >>> model = gn.Sequential([gn.layers.Dense(2)])
        >>> model.build((None, 3))
        >>> model.draw().svg.count("<circle")
        5
        """
        known_name(kind, ("layers", "graph"), "kind of drawing")
        self.require_built("draw()")
        if kind == "layers":
            return draw_layers(layer_columns(self))
        return draw_graph(*self._explained(X, y, 1, "draw()"))

    def _explained(self, X: Any, y: Any, rows: int, where: str) -> tuple[Graph, dict[Any, Any]]:
        """Loss and gradients as a graph, and float64 values for a small batch."""
        self.require_built(where)
        loss, _ = self._compiled(where)
        if X is None:
            X, y = prepare.example(self, loss, rows)
        data = prepare.prepare(self, loss, X, y, where)
        graph = graphs.gradients_graph(self, prepare.target_spec(data), False, False, with_loss=True)
        values = self._shelf.batch_values(graph, data, self.seed, self.step)
        return graph, {place: _double(value) for place, value in values.items()}


class Sequential(Model):
    """A network of layers, one after the other.

    Parameters
    ----------
    layers : iterable of Layer
        A NumPy function of one array counts as a layer, too.
    seed : int, default 0
        Decides the initial weights, the order of examples, dropout.
    dtype : {"float32", "float64"}, default "float32"

    Examples
    --------
    >>> import numpy as np, glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(4, activation="tanh"), gn.layers.Dense(1)])
    >>> model.compile(optimizer="adam", loss="squared_error")
    >>> history = model.fit(np.zeros((8, 3)), np.ones(8), epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2
    """

    def __init__(self, layers: Iterable[Any] = (), seed: int = 0, dtype: str = "float32") -> None:
        if callable(layers) or not isinstance(layers, Iterable):
            raise InputError(
                f"Sequential takes a list of layers, such as [layers.Dense(10)]; got {layers!r}."
            )
        Network.__init__(self, map(_as_layer, layers), seed, dtype)
        self._shelf = Shelf(self)

    def add(self, layer: Any) -> None:
        """Append a layer.

        Parameters
        ----------
        layer : Layer or callable
        """
        if self.built:
            raise InputError("layers cannot be added to a built model; make a new Sequential.")
        self.layers.append(_as_layer(layer))

    def forward(self, *inputs: Any) -> Any:
        if not self.layers:
            raise InputError("the model has no layers; add some: model.add(gn.layers.Dense(10)).")
        x = inputs[0]
        for layer in self.layers:
            x = layer(x)
        return x


def _as_layer(layer: Any) -> Layer:
    if isinstance(layer, TracedArray):
        raise InputError("Sequential takes layers; gn.Input belongs to gn.Model(inputs, outputs).")
    if isinstance(layer, type) or not callable(layer):
        raise InputError(
            f"{layer!r} is not a layer: give an object such as layers.Dense(10), or a NumPy function."
        )
    return layer if isinstance(layer, Layer) else Activation(layer)


def _double(value: Any) -> Any:
    """Floats as float64."""
    return value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


# ------------------------------------------------------------------------------------------ model files
def _describe(packer: files.Packer, model: Model, key: str) -> Any:
    """A model as JSON."""
    if type(model) not in (Model, Sequential):
        name = type(model).__name__
        refuse(
            key,
            f"cannot be stored: {name} is a class of its own. Keep a gn.Model or gn.Sequential inside it.",
        )
    model.require_built("save()")
    return stored.describe(model, packer, key)


def _sequential(layers: list[Layer], shape: tuple[int, ...], seed: int, dtype: str, fill: Fill) -> Sequential:
    model = Sequential(layers, seed, dtype)
    model._set_specs([Spec(shape, model.input_kind())], fill)
    return model


def _functional(inputs: Any, output: Any, seed: int, dtype: str, fill: Fill) -> Model:
    model = Model.__new__(Model)
    FunctionalNetwork.__init__(model, inputs, output, seed, dtype, fill)
    model._shelf = Shelf(model)
    return model


def _rebuild(unpacker: files.Unpacker, value: Any, key: str) -> Any:
    """A model from its description."""
    return stored.rebuild(value, unpacker, key, {"Sequential": _sequential, "Model": _functional})


def _restore(document: dict[str, Any], unpacker: files.Unpacker) -> Any:
    """The model of a file."""
    return _rebuild(unpacker, record(document, "the description", ("model",))["model"], "model")


packing.EXTENSIONS[Model] = ("model", _describe)
unpacking.EXTENSIONS["model"] = _rebuild
files.RESTORE["model"] = _restore
