"""What a network can do once it has a loss and an optimizer: fit, predict, evaluate, print its programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from glassnet.errors import InputError, NotBuiltError
from glassnet.graph.graph import Graph
from glassnet.nn import losses
from glassnet.nn import metrics as metric_functions
from glassnet.nn.advice import warn_of_dropout
from glassnet.nn.network import Network
from glassnet.nn.registry import known_name
from glassnet.nn.sizes import whole_number
from glassnet.nn.specs import Spec
from glassnet.optim import optimizers
from glassnet.train import adapting, graphs, prepare, script, threads
from glassnet.train.backend import BACKENDS, choose, require_numba
from glassnet.train.callbacks import CallbackList
from glassnet.train.chunks import Chunks, refuse_beside_chunks
from glassnet.train.data import Dataset, checked_batch_size
from glassnet.train.fitting import Fitting
from glassnet.train.history import History
from glassnet.train.progress import ProgressBar
from glassnet.train.quick import FEW
from glassnet.train.sampling import sampled_predictions
from glassnet.train.shelf import BLOCK, Shelf, loss_and_metrics
from glassnet.train.streaming import Stream


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


class Trainable(Network):
    """A network with an optimizer, a loss, and the programs made of them: the base of all models."""

    loss_function: losses.Loss | None = None
    optimizer: optimizers.Optimizer | None = None
    metrics: tuple[metric_functions.Metric, ...] = ()
    backend = "auto"
    history: History | None = None
    stop_training = False
    step = epoch = 0
    _target: Spec | None = None
    _weighted = False
    _shelf: Shelf

    # ------------------------------------------------------------------------------------ compiling
    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        metrics: Sequence[Any] | str | None = None,
        backend: str = "auto",
    ) -> None:
        """Choose optimizer, loss and metrics; the optimizer starts anew.

        Parameters
        ----------
        optimizer : str or Optimizer, default "adam"
        loss : str, Loss or callable
            A NumPy function of (y, scores) works.
        metrics : sequence of str, Metric or callable, optional
        backend : {"auto", "numpy", "numba"}, default "auto"
            What runs the training step: the printed NumPy program, or compiled loops (the extra
            ``glassnet[fast]``). "auto" compiles when the training is long enough to pay for it.

        Raises
        ------
        UnknownNameError
            A name that nobody knows.
        """
        if loss is None:
            raise InputError("compile() needs a loss, for instance loss='softmax_cross_entropy'.")
        if optimizer is None:
            raise InputError("compile() needs an optimizer, for instance optimizer='adam'.")
        known_name(backend, BACKENDS, "backend")
        if backend == "numba":
            require_numba('backend="numba"')
        self.optimizer, self.loss_function = optimizers.get(optimizer), losses.get(loss)
        warn_of_dropout(self, self.loss_function)
        self.metrics = metric_functions.get_all(metrics, (*graphs.RESERVED, *self.optimizer.slots))
        self.backend = backend
        self.step = self.epoch = 0
        self._target, self._weighted = None, False
        self._shelf = Shelf(self)

    def _compiled(self, what: str) -> tuple[losses.Loss, optimizers.Optimizer]:
        if self.loss_function is None or self.optimizer is None:
            raise NotBuiltError(f"{what} needs a loss: call model.compile(optimizer=..., loss=...) first.")
        return self.loss_function, self.optimizer

    def astype(self, dtype: str) -> Self:
        super().astype(dtype)
        self._shelf.astype(self.dtype)
        return self

    def _dataset(self, X: Any, y: Any, where: str, sample_weight: Any = None) -> Dataset:
        loss, _ = self._compiled(where)
        return prepare.prepare(self, loss, X, y, where, sample_weight)

    # ------------------------------------------------------------------------------------ programs
    def _present_target(self) -> Spec:
        """What y looks like; before any has been seen: labels for a softmax, else the output's shape."""
        if self._target is not None:
            return self._target
        loss = self.loss_function or losses.Loss()
        return Spec((), "int") if loss.task == "labels" else Spec(loss.target_width(self.output_shape))

    def graph(self, kind: str = "train") -> Graph:
        """The graph behind a program.

        Parameters
        ----------
        kind : {"train", "predict", "sample", "loss", "gradients"}, default "train"

        Returns
        -------
        Graph
        """
        self.require_built("graph()")
        if kind not in ("predict", "sample"):
            self._compiled(f"the program {kind!r}")
        return self._shelf.graph(
            kind, self._present_target(), kind == "train" and self._weighted, kind == "train"
        )

    def predictor(self) -> Callable[[np.ndarray], np.ndarray]:
        """A bare function that predicts one row, in about a microsecond.

        It checks only the number of values, and keeps the weights as they are now.

        Returns
        -------
        callable
            Takes one example, an array in C order; answers the output for it, without the batch axis.

        Raises
        ------
        InputError
            numba is not installed, or the model has several inputs.
        """
        self.require_built("predictor()")
        require_numba("predictor()")
        if len(self.input_specs) > 1:
            raise InputError("predictor() takes models with one input; use predict().")
        return self._shelf.row_predictor()

    def source(self, kind: str = "train", backend: str | None = None) -> str:
        """The program as text: what ``fit``, ``predict`` and the others run.

        Parameters
        ----------
        kind : {"train", "predict", "sample", "loss", "gradients"}, default "train"
            ``"sample"`` is a prediction that draws dropout and noise, as ``predict(X, mc_samples=...)`` does.
        backend : {"numpy", "numba"}, optional
            By default the one that ``fit`` uses; the first line names it.

        Returns
        -------
        str

        Raises
        ------
        NotBuiltError
            The input shape is not known, or there is no loss.

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
        known_name(backend or "auto", BACKENDS, "backend")
        self.require_built("source()")
        used = self.history.params if self.history is not None else {}
        last = used.get("backend", "numba" if self.backend == "numba" else "numpy")
        if (last if backend in (None, "auto") else backend) == "numba":
            return self._compiled_source(kind, used)
        if kind in ("predict", "sample"):
            return self._shelf.text(self._shelf.program(kind, None))
        self._compiled(f"the program {kind!r}")
        training = kind == "train"
        program = self._shelf.program(kind, self._present_target(), training and self._weighted, training)
        return self._shelf.text(program)

    def _compiled_source(self, kind: str, used: Mapping[str, Any]) -> str:
        require_numba('source(backend="numba")')
        training, size = kind == "train", int(used.get("batch_size", 32))
        if kind in ("predict", "sample"):
            return self._shelf.compiled(kind, None, False, False, BLOCK).text
        self._compiled(f"the program {kind!r}")
        batch, parts = (size, int(used.get("threads", 1))) if training else (BLOCK, 1)
        weighted = training and self._weighted
        return self._shelf.compiled(kind, self._present_target(), weighted, training, batch, parts).text

    def _note_data(self, data: Dataset | Stream) -> None:
        """Give preprocessing layers the data's statistics; remember what the targets look like."""
        if isinstance(data, Stream):
            adapting.adapt(self, data.parts)
            self._target, self._weighted = data.target, data.weighted
            return
        adapting.adapt(self, lambda layer: adapting.parts_of(data, layer))
        self._target, self._weighted = prepare.target_spec(data), data.weights is not None

    def _training_program(self, data: Dataset) -> Any:
        """The NumPy program of a training step for such data."""
        self._note_data(data)
        return self._shelf.program("train", self._target, self._weighted, True)

    # ------------------------------------------------------------------------------------ training
    def fit(
        self,
        X: Any,
        y: Any = None,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        sample_weight: Any = None,
        threads: int | None = None,
    ) -> History:
        """Train.

        A second ``fit`` goes on at the step reached.

        Parameters
        ----------
        X : array (n, ...), or list of arrays, or Chunks
            A memory map is read batch by batch; :class:`glassnet.Chunks` are read ahead.
        y : array
            Labels (n,) for ``softmax_cross_entropy``, numbers of the output's shape otherwise; (n,) counts as
            a column. Chunks hold their own.
        batch_size : int, default 32
            The last batch may be shorter; it is used, too. LBFGS always takes all examples at once.
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
        threads : int, optional
            For compiled loops (``backend="numba"``); by default as many as pay. Results depend on the number
            asked for, not on how many run.

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
        _, optimizer = self._compiled("fit()")
        _check_epochs(epochs)
        if isinstance(X, Chunks):
            refuse_beside_chunks(
                y=y is not None,
                sample_weight=sample_weight is not None,
                validation_split=bool(validation_split),
                class_weight=class_weight == "balanced",
                optimizer=optimizer.full_batch,
            )
            data, held_out = self._stream(X, class_weight, validation_data, shuffle)
        else:
            weights = sample_weight, class_weight
            data, held_out = self._sets(X, y, weights, validation_split, validation_data)
        size = len(data) if optimizer.full_batch else whole_number(batch_size, "batch_size", "fit()")
        size = data.batch_size(size)
        choice = choose(self.backend, self, len(data), size, int(epochs))
        if choice.name == "numpy":
            data = data.as_floats() if isinstance(data, Stream) else prepare.as_batches_of_floats(self, data)
            held_out = None if held_out is None else prepare.as_floats(self, held_out)
        params = {
            "epochs": int(epochs),
            "steps": data.steps(size),
            "batch_size": size,
            "backend": choice.name,
            "why": choice.why,
        }
        self.history, self.stop_training = History(params), False
        self._note_data(data)
        listeners = CallbackList([*_listed(callbacks), ProgressBar(verbose)], self, params)
        count = None if threads is None else whole_number(threads, "threads", "fit()")
        Fitting(
            self, data, held_out, size, int(epochs), shuffle, listeners, self.history, choice, count
        ).run()
        return self.history

    def _sets(
        self, X: Any, y: Any, weights: tuple[Any, Any], share: float, given: Any
    ) -> tuple[Dataset | Stream, Dataset | None]:
        """What to train on, and what to validate with."""
        loss, optimizer = self._compiled("fit()")
        stored = not optimizer.full_batch and (self.backend != "numpy" or prepare.has_maps(X))
        data = prepare.prepare(self, loss, X, y, "fit()", *weights, stored=stored)
        return prepare.with_validation(self, loss, data, share, given, stored)

    def _stream(
        self, chunks: Chunks, class_weight: prepare.ClassWeight, given: Any, shuffle: bool
    ) -> tuple[Dataset | Stream, Dataset | None]:
        """The same, of chunks."""
        loss, _ = self._compiled("fit()")
        stored = self.backend != "numpy"
        stream = Stream(self, loss, chunks, class_weight, shuffle, self.epoch, stored)
        return stream, None if given is None else prepare.validation_set(self, loss, given, stored)

    # ------------------------------------------------------------------------------------ using
    def predict(self, X: Any, batch_size: int = 4096, mc_samples: int | None = None) -> np.ndarray:
        """The last layer's output.

        Parameters
        ----------
        X : array (n, ...), or list of arrays
        batch_size : int, default 4096
            Rows computed at a time.
        mc_samples : int, optional
            Draw dropout and noise as in training, and average so many passes (Monte Carlo). The draws follow
            from the model's seed, so a second call answers the same.

        Returns
        -------
        ndarray (n, ...)
        """
        size = checked_batch_size(batch_size)
        return self._predicted(Dataset(prepare.prepare_inputs(self, X, "predict()")), size, mc_samples)

    def _predicted(self, data: Dataset, batch_size: int, mc_samples: int | None = None) -> np.ndarray:
        if mc_samples is None and len(data) <= FEW:
            quick = self._shelf.quick_prediction(data, self.backend == "numba")
            if quick is not None:
                return quick
        if self.backend == "numba" and mc_samples is None:
            return self._shelf.compiled_prediction(data, self.seed, self.step)
        parts = prepare.parts(data, batch_size)
        with threads.limited(threads.is_small(self, min(len(data), batch_size), passes=1)):
            if mc_samples is not None:
                samples = whole_number(mc_samples, "mc_samples", "predict()")
                arrays = sampled_predictions(self._shelf, parts, samples, self.seed)
            else:
                program = self._shelf.program("predict", None)
                results = [self._shelf.run(program, part, self.seed, self.step) for part in parts]
                arrays = [np.asarray(result["return", "scores"]) for result in results]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def _evaluate(
        self, data: Dataset, batch_size: int = 4096, *, compiled: bool | None = None
    ) -> dict[str, float]:
        values = self._loss_and_metrics(data, batch_size, training=False, compiled=compiled)
        total = values.pop("data_loss") + values.pop("penalty", 0.0)
        return {"loss": total, **values, **self._held_out_scores(data, batch_size)}

    def _held_out_scores(self, data: Dataset, batch_size: int) -> dict[str, float]:
        """The metrics that need all predictions at once."""
        loss, _ = self._compiled("a metric")
        scorers = [metric for metric in self.metrics if isinstance(metric, metric_functions.Scorer)]
        scores = self._predicted(data, batch_size) if scorers else None
        return {scorer.name: scorer.score(data.targets, scores, loss, data.weights) for scorer in scorers}

    def _loss_and_metrics(
        self, data: Dataset, batch_size: int, training: bool, compiled: bool | None = None
    ) -> dict[str, float]:
        loss, _ = self._compiled("a loss")
        if (self.backend == "numba" if compiled is None else compiled) and not training:
            return self._shelf.compiled_evaluation(data, self.seed, self.step, loss.reduction == "sum")
        program = self._shelf.program("loss", prepare.target_spec(data), data.weights is not None, training)
        parts = prepare.parts(data, len(data) if training else batch_size)
        summed = loss.reduction == "sum"
        with threads.limited(threads.is_small(self, min(len(data), batch_size), passes=1)):
            return loss_and_metrics(self._shelf, program, parts, self.seed, self.step, summed)

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
        size = checked_batch_size(batch_size)
        return self._evaluate(self._dataset(X, y, "evaluate()", sample_weight), size)

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
        values = self._loss_and_metrics(self._dataset(X, y, "loss()", sample_weight), 4096, training)
        return LossValue(values["data_loss"], values.get("penalty", 0.0))

    def gradients(
        self, X: Any, y: Any, sample_weight: Any = None, training: bool = False
    ) -> dict[str, np.ndarray]:
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
        weighted = data.weights is not None
        program = self._shelf.program("gradients", prepare.target_spec(data), weighted, training)
        values = self._shelf.run(program, data, self.seed, self.step)
        return {key: np.asarray(value) for (kind, key), value in values.items() if kind == "gradients"}

    def script(
        self,
        folder: str | Path,
        X: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        shuffle: bool = True,
        sample_weight: Any = None,
    ) -> Path:
        """Write a program of its own, NumPy only, that repeats the losses of ``fit`` bit for bit.

        Parameters
        ----------
        folder : str or Path
            Receives ``program.py`` and ``data.npz``.
        X, y : arrays
        batch_size, epochs, shuffle
            As for ``fit``; it starts from the model's present state.
        sample_weight : array (n,), optional

        Returns
        -------
        Path
            Of ``program.py``.
        """
        _check_epochs(epochs)
        if self._compiled("script()")[1].full_batch:
            raise InputError("script() needs an optimizer that goes step by step; SciPy runs LBFGS.")
        data = self._dataset(X, y, "script()", sample_weight)
        size = min(whole_number(batch_size, "batch_size", "script()"), len(data))
        program = self._training_program(data)
        self._shelf.text(program)
        one_thread = threads.is_small(self, size, passes=3)
        run = script.Run(size, int(epochs), self.seed, self.step, self.epoch, shuffle, one_thread)
        values = self._shelf.training_values(program, self.seed, self.step)
        return script.write(Path(folder), program, values, data, run)


def _check_epochs(epochs: Any) -> None:
    if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 0:
        raise InputError(f"epochs must be a whole number of at least 0; got {epochs!r}.")


def _listed(callbacks: Any) -> list[Any]:
    return [callbacks] if hasattr(callbacks, "on_epoch_end") else list(callbacks or [])
