"""Models: layers with an optimizer, a loss, and the programs made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from glassnet import random
from glassnet.errors import DivergenceError, InputError, NotBuiltError, ShapeError, UnknownNameError, suggest
from glassnet.graph.dims import N
from glassnet.graph.graph import Graph, Place, input_node
from glassnet.nn import losses
from glassnet.nn.context import NetworkTrace, Weight
from glassnet.nn.core import Activation
from glassnet.nn.layer import Layer
from glassnet.nn.metrics import Metric
from glassnet.nn.metrics import get as get_metric
from glassnet.nn.norm import Normalization
from glassnet.nn.sizes import whole_number
from glassnet.nn.symbolic import check_connected, layers_of, replay, symbolic_inputs
from glassnet.nn.targets import categorical_targets
from glassnet.optim import optimizers
from glassnet.programs.python import Program, compile_graph
from glassnet.trace.tracer import TracedArray, node_of
from glassnet.train import checks, graphs, loop, script, summary
from glassnet.train.callbacks import CallbackList
from glassnet.train.data import Dataset, batches, validation_split
from glassnet.train.divergence import Diverged
from glassnet.train.graphs import Spec
from glassnet.train.history import History
from glassnet.train.progress import ProgressBar

__all__ = ["LossValue", "Model", "Sequential"]

KINDS = ("train", "predict", "loss", "gradients")
BACKENDS = ("auto", "numpy")


class LossValue(NamedTuple):
    """The two parts of a loss.

    Attributes
    ----------
    data : float
        From the predictions.
    penalty : float
        From the regularizers.
    """

    data: float
    penalty: float


class Model:
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
    step : int
        Training steps done.
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
        self._prepare(seed, dtype)
        self._inputs = symbolic_inputs(inputs)
        if not isinstance(outputs, TracedArray):
            raise InputError(f"Model(inputs, outputs): outputs must be one symbolic array; got {type(outputs).__name__}.")
        self._output = node_of(outputs)
        check_connected(self._output, self._inputs)
        self.layers: list[Layer] = list(layers_of(self._output))
        self._set_specs([Spec(tuple(int(e) for e in node.shape[1:])) for node in self._inputs])  # type: ignore[arg-type]

    def _prepare(self, seed: int, dtype: str) -> None:
        if str(np.dtype(dtype)) not in ("float32", "float64"):
            raise InputError(f"dtype must be 'float32' or 'float64'; got {dtype!r}.")
        self.seed, self.dtype = int(seed), np.dtype(dtype)
        self.input_specs: tuple[Spec, ...] = ()
        self.output_shape: tuple[int, ...] = ()
        self.loss_function: losses.Loss | None = None
        self.optimizer: optimizers.Optimizer | None = None
        self.metrics: tuple[Metric, ...] = ()
        self.backend = "auto"
        self.stop_training = False
        self.history: History | None = None
        self._reset_optimizer()
        self._programs: dict[Any, Program] = {}
        self._target_spec: Spec | None = None

    def _reset_optimizer(self) -> None:
        self.step = self.epoch = 0
        self._slots: dict[str, np.ndarray] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_programs": {}}  # compiled functions are made again from the graph

    # ------------------------------------------------------------------------------------ building
    @property
    def built(self) -> bool:
        """Whether the input shape is known and the weights exist."""
        return bool(self.input_specs)

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Create the weights.

        Parameters
        ----------
        input_shape : tuple of int or None
            With None for the batch: ``(None, 784)``. Not needed for a model made from ``gn.Input``.
        """
        if self.built:
            return
        if input_shape is None or len(input_shape) < 1 or any(e is None for e in input_shape[1:]):
            raise NotBuiltError(f"build() needs the shape of the inputs, such as (None, 784); got {input_shape!r}.")
        self._set_specs([Spec(tuple(whole_number(e, "input_shape", "build()") for e in input_shape[1:]))])

    def _set_specs(self, specs: Sequence[Spec]) -> None:
        self._name_layers()
        with NetworkTrace(training=False):
            inputs = [TracedArray(input_node(f"x{i}", spec.batch, spec.kind)) for i, spec in enumerate(specs)]
            shape = node_of(self.forward(*inputs)).shape
        if not shape or shape[0] != N:
            raise ShapeError(f"the network answers shape {shape}: the first extent must be the batch n.")
        self.output_shape = tuple(int(extent) for extent in shape[1:])  # type: ignore[arg-type]
        self.input_specs = tuple(specs)
        self._name_layers()
        for weight, _ in self._weights():
            if weight.value is None:
                weight.initialize(random.parameter_generator(self.seed, weight.key), self.dtype)
            weight.value = np.asarray(weight.value, self.dtype)

    def _name_layers(self) -> None:
        counts: dict[str, int] = {}
        keys: set[str] = set()
        for layer in self.layers:
            counts[layer.family()] = counts.get(layer.family(), 0) + (layer.name is None)
            key = layer.name or f"{layer.family()}_{counts[layer.family()]}"
            if key in keys:
                raise InputError(f"two layers are called {key!r}; give each layer its own name.")
            keys.add(key)
            layer.set_key(key)

    def forward(self, *inputs: Any) -> Any:
        """The network's function on traced arrays."""
        return replay(self._output, self._inputs, inputs)

    def _weights(self) -> list[tuple[Weight, bool]]:
        return [pair for layer in self.layers for pair in layer.weights()]

    def _require_built(self, what: str) -> None:
        if not self.built:
            raise NotBuiltError(
                f"{what} needs a built model, and this one has not seen an input shape yet.\n"
                "Call model.build((None, features)) or model.fit(X, y) first."
            )

    def _require_compiled(self, what: str) -> tuple[losses.Loss, optimizers.Optimizer]:
        if self.loss_function is None or self.optimizer is None:
            raise NotBuiltError(f"{what} needs a loss: call model.compile(optimizer=..., loss=...) first.")
        return self.loss_function, self.optimizer

    # ------------------------------------------------------------------------------------ parameters
    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """Key → array, in the order of the layers; the arrays themselves, not copies."""
        self._require_built("parameters")
        return {weight.key: np.asarray(weight.value) for weight, _ in self._weights() if weight.trainable}

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Key → array of the statistics that are not trained."""
        self._require_built("state")
        return {weight.key: np.asarray(weight.value) for weight, _ in self._weights() if not weight.trainable}

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Give parameters or statistics new values.

        Parameters
        ----------
        values : mapping of str to array
            Keys of :attr:`parameters` or :attr:`state`; those not named stay as they are.

        Raises
        ------
        UnknownNameError
            A key that the model does not have.
        ShapeError
            An array of another shape. Nothing is changed then.
        """
        self._require_built("set_parameters()")
        known = {weight.key: weight for weight, _ in self._weights()}
        for key, value in values.items():
            if key not in known:
                raise UnknownNameError(f"the model has no parameter {key!r}. {suggest(key, known)}")
            if np.shape(value) != known[key].shape:
                raise ShapeError(f"parameter {key!r} has shape {known[key].shape}; got {np.shape(value)}.")
        for key, value in values.items():
            known[key].value = np.array(value, self.dtype)

    def count_params(self) -> int:
        """The number of trainable numbers.

        Returns
        -------
        int
        """
        return sum(array.size for array in self.parameters.values())

    def get_snapshot(self) -> Any:
        """A copy of parameters and statistics, to be handed to :meth:`set_snapshot`."""
        return {weight.key: np.array(weight.value) for weight, _ in self._weights()}

    def set_snapshot(self, snapshot: Any) -> None:
        """Back to a snapshot."""
        self.set_parameters(snapshot)

    def astype(self, dtype: str) -> Model:
        """Change the float type of the model's arrays, in place.

        Parameters
        ----------
        dtype : {"float32", "float64"}

        Returns
        -------
        Model
            Itself.
        """
        if str(np.dtype(dtype)) not in ("float32", "float64"):
            raise InputError(f"dtype must be 'float32' or 'float64'; got {dtype!r}.")
        self.dtype = np.dtype(dtype)
        for weight, _ in self._weights():
            weight.value = None if weight.value is None else weight.value.astype(dtype)
        self._slots = {name: slot.astype(dtype) for name, slot in self._slots.items()}
        return self

    # ------------------------------------------------------------------------------------ compiling
    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        metrics: Sequence[Any] | str | None = None,  # noqa: A002
        backend: str = "auto",
    ) -> None:
        """Choose optimizer, loss and metrics; the optimizer starts anew.

        Parameters
        ----------
        optimizer : str or Optimizer, default "adam"
        loss : str, Loss or callable
            A NumPy function of (y, scores) works.
        metrics : sequence of str, Metric or callable, optional
        backend : {"auto", "numpy"}, default "auto"
            What runs the training step.
        """
        if loss is None:
            raise InputError("compile() needs a loss, for instance loss='softmax_cross_entropy'.")
        if backend not in BACKENDS:
            raise UnknownNameError(f"unknown backend {backend!r}. {suggest(backend, BACKENDS)}")
        self.optimizer, self.loss_function = optimizers.get(optimizer), losses.get(loss)
        given = [metrics] if isinstance(metrics, str) else metrics or []
        self.metrics = tuple(map(get_metric, given))
        self.backend = backend
        self._target_spec = None
        self._programs.clear()
        self._reset_optimizer()

    # ------------------------------------------------------------------------------------ data
    def _inputs_of(self, X: Any, where: str) -> tuple[np.ndarray, ...]:
        several = self.built and len(self.input_specs) > 1
        given = list(X) if several and isinstance(X, list | tuple) else [X]
        if several and len(given) != len(self.input_specs):
            raise ShapeError(f"the model has {len(self.input_specs)} inputs; got {len(given)}.\nPass a list of arrays.")
        names = ["X"] if len(given) == 1 else [f"X[{i}]" for i in range(len(given))]
        arrays = tuple(checks.as_array(x, n, where=where, dtype=self.dtype) for x, n in zip(given, names, strict=True))
        if not self.built:
            self.build((None, *arrays[0].shape[1:]))
        for array, spec, name in zip(arrays, self.input_specs, names, strict=True):
            if array.shape[1:] != spec.shape:
                expected = ", ".join(map(str, ("n", *spec.shape)))
                raise ShapeError(f"{name} has shape {array.shape}; the model takes ({expected}).")
        checks.check_lengths(**{name: array for name, array in zip(names, arrays, strict=True)})
        return arrays

    def _dataset(self, X: Any, y: Any, where: str, sample_weight: Any = None, class_weight: Any = None) -> Dataset:
        loss, _ = self._require_compiled(where)
        inputs = self._inputs_of(X, where)
        targets = loss.targets(y, self.output_shape, self.dtype, where)
        checks.check_lengths(X=inputs[0], y=targets, sample_weight=sample_weight)
        weights = None
        if sample_weight is not None:
            weights = checks.check_sample_weight(sample_weight, len(targets), where)
        if class_weight is not None:
            labels = targets if targets.ndim == 1 else (targets[:, 0] if targets.shape[1] == 1 else targets.argmax(axis=1))
            factors = checks.class_weights(class_weight, labels)
            weights = factors if weights is None else weights * factors
        return Dataset(inputs, targets, None if weights is None else weights.astype(self.dtype))

    def _spec_of(self, data: Dataset) -> Spec:
        assert data.targets is not None
        self._target_spec = Spec(data.targets.shape[1:], "int" if data.targets.dtype.kind == "i" else "float")
        return self._target_spec

    def _default_spec(self) -> Spec:
        """What y looks like when none has been seen: labels for a softmax, else the output's shape."""
        if self._target_spec is not None:
            return self._target_spec
        labels = self.loss_function is not None and self.loss_function.targets is categorical_targets
        return Spec((), "int") if labels else Spec(self.output_shape)

    # ------------------------------------------------------------------------------------ programs
    def _program(self, kind: str, spec: Spec | None, weighted: bool, training: bool) -> Program:
        trained = tuple(trained for _, trained in self._weights())
        key = (kind, spec, weighted, training, trained)
        if key not in self._programs:
            first = '# Printed by glassnet, backend "numpy": this text is what runs.'
            self._programs[key] = compile_graph(self.graph(kind, spec, weighted, training), (first, ""))
        return self._programs[key]

    def graph(self, kind: str = "train", spec: Spec | None = None, weighted: bool = False, training: bool = False) -> Graph:
        """The graph behind a program.

        Parameters
        ----------
        kind : {"train", "predict", "loss", "gradients"}
        spec : Spec, optional
            Shape and kind of one target; known after ``fit``.
        weighted : bool, default False
            With sample weights.
        training : bool, default False
            For ``loss`` and ``gradients``: as in training (dropout, batch statistics).

        Returns
        -------
        Graph
        """
        self._require_built("graph()")
        if kind not in KINDS:
            raise UnknownNameError(f"unknown kind of program {kind!r}. {suggest(kind, KINDS)}")
        if kind == "predict":
            return graphs.prediction_graph(self)
        self._require_compiled(f"the program {kind!r}")
        target = spec or self._default_spec()
        if kind == "train":
            return graphs.training_graph(self, target, weighted)
        make = graphs.evaluation_graph if kind == "loss" else graphs.gradients_graph
        return make(self, target, weighted, training)

    def source(self, kind: str = "train", backend: str | None = None) -> str:
        """The program as text: what ``fit``, ``predict`` and the others run.

        Parameters
        ----------
        kind : {"train", "predict", "loss", "gradients"}, default "train"
        backend : {"numpy"}, optional
            By default the one that ``fit`` uses; the first line names it.

        Returns
        -------
        str

        Examples
        --------
        >>> import glassnet as gn
        >>> model = gn.Sequential([gn.layers.Dense(1)])
        >>> model.build((None, 2))
        >>> print(model.source("predict"))
        # Printed by glassnet, backend "numpy": this text is what runs.
        <BLANKLINE>
        import numpy as np
        <BLANKLINE>
        <BLANKLINE>
        def predict(x, W1, b1):
            \"\"\"The network's output for the inputs x.\"\"\"
            # dense_1: Dense(1)
            z1 = x @ W1 + b1  # (n, 1)
            return z1
        <BLANKLINE>
        """
        if backend not in (None, *BACKENDS):
            raise UnknownNameError(f"unknown backend {backend!r}. {suggest(str(backend), BACKENDS)}")
        self._require_built("source()")
        program = self._program(kind, None if kind == "predict" else self._default_spec(), self._weighted(kind), False)
        return self._refresh(program).text

    def _weighted(self, kind: str) -> bool:
        return kind == "train" and bool(getattr(self, "_trained_weighted", False))

    def _refresh(self, program: Program) -> Program:
        """Print again if a hyper-parameter at the top of the text has changed."""
        now = self._hyper_values(program)
        if any(program.graph.values[place] != value for place, value in now.items()):
            program.reprint(now)
        return program

    def _hyper_values(self, program: Program) -> dict[Place, Any]:
        return {place: getattr(owner, name) for place, (owner, name) in program.graph.hypers.items()}

    def _values(self, program: Program) -> dict[Place, Any]:
        """Place → value for weights, hyper-parameters, seed and step."""
        values: dict[Place, Any] = {}
        for weight, trained in self._weights():
            container = "parameters" if trained else "state" if not weight.trainable else "frozen"
            values[container, weight.key] = weight.value
        values.update(self._hyper_values(program))
        values["argument", "seed"], values["argument", "t"] = self.seed, self.step + 1
        return values

    def _run(self, program: Program, data: Dataset) -> dict[Place, Any]:
        values = self._values(program)
        for i, array in enumerate(data.inputs):
            values["argument", "x" if len(data.inputs) == 1 else f"x{i + 1}"] = array
        values["argument", "y"], values["argument", "sample_weight"] = data.targets, data.weights
        return program(values)

    # ------------------------------------------------------------------------------------ training
    def fit(
        self,
        X: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        sample_weight: Any = None,
    ) -> History:
        """Train.

        A second ``fit`` goes on at the step reached.

        Parameters
        ----------
        X : array (n, ...), or list of arrays
        y : array
            Labels (n,) for ``softmax_cross_entropy``, numbers of the output's shape otherwise; (n,) counts as
            a column.
        batch_size : int, default 32
            The last batch may be shorter; it is used, too.
        epochs : int, default 1
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 silent, 1 a live bar, 2 a line per epoch.
        callbacks : list of Callback, optional
        validation_split : float, default 0
            This share is held out (seeded; stratified for labels).
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
        shuffle : bool, default True
            A new order each epoch, a pure function of (seed, epoch).
        class_weight : dict or "balanced", optional
            Label → weight; multiplies sample weights.
        sample_weight : array (n,), optional

        Returns
        -------
        History
            ``history.history["loss"]`` is the total, data loss and penalty, averaged over the epoch's batches
            by their size (or weight).

        Raises
        ------
        InputError, ShapeError
            Data that cannot be used.
        DivergenceError
            NaN or infinity; the last finite parameters are kept.
        """
        if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 0:
            raise InputError(f"epochs must be a whole number of at least 0; got {epochs!r}.")
        loss, optimizer = self._require_compiled("fit()")
        data = self._dataset(X, y, "fit()", sample_weight, class_weight)
        data, validation = self._validation(data, validation_split, validation_data)
        self._adapt(data)
        size = min(whole_number(batch_size, "batch_size", "fit()"), len(data))
        stepper = self._stepper(data)
        steps = -(-len(data) // size)
        params = {"epochs": int(epochs), "steps": steps, "batch_size": size, "backend": "numpy", "samples": len(data)}
        self.history, self.stop_training = History(params), False
        bar = [ProgressBar(verbose)] if verbose != 0 else []
        given = [callbacks] if hasattr(callbacks, "on_epoch_end") else list(callbacks or [])
        with CallbackList([*given, *bar], self, params) as listeners:
            listeners.on_train_begin()
            try:
                loop.train(
                    stepper,
                    data,
                    batch_size=size,
                    epochs=int(epochs),
                    first_epoch=self.epoch,
                    shuffle=shuffle,
                    seed=self.seed,
                    callbacks=listeners,
                    should_stop=lambda: self.stop_training,
                    after_epoch=self._after_epoch(stepper, validation),
                )
            except Diverged as error:
                self._store(stepper)
                raise DivergenceError(error.message(optimizer.learning_rate)) from None
            finally:
                self._store(stepper)
            listeners.on_train_end()
        return self.history

    def _after_epoch(self, stepper: loop.Stepper, validation: Dataset | None) -> Callable[..., dict[str, float]]:
        def after(epoch: int, logs: dict[str, float]) -> dict[str, float]:
            self._store(stepper)
            self.epoch += 1
            if validation is not None:
                logs = {**logs, **{f"val_{name}": value for name, value in self._evaluate(validation).items()}}
            assert self.history is not None
            self.history.append(epoch, logs)
            return logs

        return after

    def _adapt(self, data: Dataset) -> None:
        """Give a Normalization layer at the start the training data's statistics, unless it has some."""
        first = self.layers[0] if self.layers else None
        if isinstance(first, Normalization) and not first.adapted:
            first.adapt(data.inputs[0])

    def _validation(self, data: Dataset, share: float, given: Any) -> tuple[Dataset, Dataset | None]:
        if given is not None:
            if not isinstance(given, list | tuple) or len(given) not in (2, 3):
                raise InputError("validation_data must be (X, y) or (X, y, sample_weight).")
            return data, self._dataset(given[0], given[1], "validation_data", *given[2:])
        if not share:
            return data, None
        stratify = data.targets is not None and data.targets.dtype.kind == "i"
        return validation_split(data, share, self.seed, stratify)

    def _stepper(self, data: Dataset) -> loop.Stepper:
        self._trained_weighted = data.weights is not None
        program = self._program("train", self._spec_of(data), data.weights is not None, True)
        return loop.Stepper(program, self._training_values(program), self.seed, self.step)

    def _trained(self) -> list[Weight]:
        return [weight for weight, trained in self._weights() if trained]

    def _training_values(self, program: Program) -> dict[Place, Any]:
        """The values of a training step: weights by key and, for the vector layout, end to end."""
        assert self.optimizer is not None
        values = self._values(program)
        if ("argument", "w") in program.inputs:
            vector = np.concatenate([np.ravel(np.asarray(weight.value)) for weight in self._trained()])
            values["argument", "w"] = vector
            for slot in self.optimizer.slots:
                kept = self._slots.get(slot)
                values["argument", slot] = kept if kept is not None and kept.shape == vector.shape else np.zeros_like(vector)
        return values

    def _store(self, stepper: loop.Stepper) -> None:
        """Put the stepper's arrays back into the layers."""
        values = stepper.values()
        self.step = stepper.step
        by_key = {weight.key: weight for weight, _ in self._weights()}
        for (container, key), value in values.items():
            if container in ("parameters", "state"):
                by_key[key].value = np.asarray(value, self.dtype)
        vector = values.get(("return", "w"))
        if vector is not None:
            for weight, start in graphs.vector_offsets(self._trained()).items():
                part = vector[start : start + int(np.prod(weight.shape))]
                weight.value = part.reshape(weight.shape)
        assert self.optimizer is not None
        self._slots = {slot: values["return", slot] for slot in self.optimizer.slots if ("return", slot) in values}

    # ------------------------------------------------------------------------------------ using
    def predict(self, X: Any, batch_size: int = 4096) -> np.ndarray:
        """The last layer's output.

        Parameters
        ----------
        X : array (n, ...), or list of arrays
        batch_size : int, default 4096
            Rows computed at a time.

        Returns
        -------
        ndarray (n, ...)
        """
        data = Dataset(self._inputs_of(X, "predict()"))
        program = self._program("predict", None, False, False)
        parts = [self._run(program, data.slice(rows.start, rows.stop)) for rows in _slices(len(data), batch_size)]
        arrays = [np.asarray(part["return", "scores"]) for part in parts]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def __call__(self, X: Any) -> Any:
        """Apply the model: to arrays (as :meth:`predict`), to ``gn.Input``, or inside another network."""
        if isinstance(X, TracedArray):
            return self.forward(X)
        return self.predict(X)

    def evaluate(self, X: Any, y: Any, batch_size: int = 4096, sample_weight: Any = None) -> dict[str, float]:
        """Loss and metrics, as in prediction.

        Parameters
        ----------
        X, y : arrays
        batch_size : int, default 4096
            Rows computed at a time.
        sample_weight : array (n,), optional

        Returns
        -------
        dict
            ``"loss"`` (data loss and penalty) and each metric.
        """
        return self._evaluate(self._dataset(X, y, "evaluate()", sample_weight), batch_size)

    def _evaluate(self, data: Dataset, batch_size: int = 4096) -> dict[str, float]:
        parts = self._loss_parts(data, batch_size, training=False)
        result = {"loss": parts["data_loss"] + parts.get("penalty", 0.0)}
        return {**result, **{name: value for name, value in parts.items() if name not in ("data_loss", "penalty")}}

    def _loss_parts(self, data: Dataset, batch_size: int, training: bool) -> dict[str, float]:
        assert self.loss_function is not None
        program = self._program("loss", self._spec_of(data), data.weights is not None, training)
        totals: dict[str, float] = {}
        weight = 0.0
        for rows in _slices(len(data), len(data) if training else batch_size):
            batch = data.slice(rows.start, rows.stop)
            share = loop.batch_weight(batch)
            weight += share
            for (_, name), value in self._run(program, batch).items():
                if name in self._part_names():
                    adds = name == "data_loss" and self.loss_function.reduction == "sum"
                    totals[name] = totals.get(name, 0.0) + float(value) * (1.0 if adds else share)
        summed = self.loss_function.reduction == "sum"
        return {
            name: total if name == "data_loss" and summed else total / (weight or 1.0) for name, total in totals.items()
        }

    def _part_names(self) -> set[str]:
        return {"data_loss", "penalty", *(metric.name for metric in self.metrics)}

    def loss(self, X: Any, y: Any, sample_weight: Any = None, training: bool = False) -> LossValue:
        """Data loss and penalty.

        Parameters
        ----------
        X, y : arrays
        sample_weight : array (n,), optional
        training : bool, default False
            As in training: dropout drops (as in the next step), batch normalization uses the batch.

        Returns
        -------
        LossValue
            ``(data, penalty)``.
        """
        parts = self._loss_parts(self._dataset(X, y, "loss()", sample_weight), 4096, training)
        return LossValue(parts["data_loss"], parts.get("penalty", 0.0))

    def gradients(self, X: Any, y: Any, sample_weight: Any = None, training: bool = False) -> dict[str, np.ndarray]:
        """The gradient of the total loss with respect to each trained parameter.

        Parameters
        ----------
        X, y : arrays
            One batch.
        sample_weight : array (n,), optional
        training : bool, default False

        Returns
        -------
        dict
            Key → array of the parameter's shape.
        """
        data = self._dataset(X, y, "gradients()", sample_weight)
        program = self._program("gradients", self._spec_of(data), data.weights is not None, training)
        return {key: np.asarray(value) for (kind, key), value in self._run(program, data).items() if kind == "gradients"}

    def summary(self) -> None:
        """Print the layers with their output shapes and numbers of parameters.

        The input is not counted as a layer: 3-4-2 is a 2-layer network.
        """
        print(summary.summary_text(self))

    def script(
        self, folder: str | Path, X: Any, y: Any, batch_size: int = 32, epochs: int = 1, sample_weight: Any = None
    ) -> Path:
        """Write a program of its own, NumPy only, that repeats the losses of ``fit`` bit for bit.

        Parameters
        ----------
        folder : str or Path
            Receives ``program.py`` and ``data.npz``.
        X, y : arrays
        batch_size, epochs : int
            As for ``fit``, which starts from the model's present state.
        sample_weight : array (n,), optional

        Returns
        -------
        Path
            Of ``program.py``.
        """
        data = self._dataset(X, y, "script()", sample_weight)
        self._adapt(data)
        size = min(whole_number(batch_size, "batch_size", "script()"), len(data))
        program = self._refresh(self._program("train", self._spec_of(data), data.weights is not None, True))
        run = script.Run(size, int(epochs), self.seed, self.step, self.epoch)
        return script.write(Path(folder), program, self._training_values(program), data, run)


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
        self._prepare(seed, dtype)
        self.layers = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Append a layer.

        Parameters
        ----------
        layer : Layer or callable
        """
        if self.built:
            raise InputError("layers cannot be added to a built model; make a new Sequential.")
        if isinstance(layer, TracedArray):
            raise InputError("Sequential takes layers; gn.Input belongs to gn.Model(inputs, outputs).")
        if isinstance(layer, type) or not callable(layer):
            raise InputError(f"{layer!r} is not a layer: give an object such as layers.Dense(10), or a NumPy function.")
        self.layers.append(layer if isinstance(layer, Layer) else Activation(layer))

    def forward(self, *inputs: Any) -> Any:
        x = inputs[0]
        for layer in self.layers:
            x = layer(x)
        return x


def _slices(n: int, batch_size: int) -> list[slice]:
    return [rows for rows in batches(n, batch_size) if isinstance(rows, slice)]
