"""What a network can do once it has a loss and an optimizer: fit, predict, evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from glassnet.nn import metrics as metric_functions
from glassnet.nn.sizes import whole_number
from glassnet.train import prepare, threads
from glassnet.train.backend import choose
from glassnet.train.callbacks import CallbackList
from glassnet.train.chunks import Chunks, refuse_beside_chunks
from glassnet.train.data import Dataset, checked_batch_size
from glassnet.train.fitting import Fitting
from glassnet.train.history import History
from glassnet.train.printable import Printable, check_epochs
from glassnet.train.progress import ProgressBar
from glassnet.train.quick import FEW
from glassnet.train.sampling import sampled_predictions
from glassnet.train.shelf import loss_and_metrics
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


class Trainable(Printable):
    """What a network can do once it has a loss and an optimizer: the base of all models."""

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
        check_epochs(epochs)
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


def _listed(callbacks: Any) -> list[Any]:
    return [callbacks] if hasattr(callbacks, "on_epoch_end") else list(callbacks or [])
