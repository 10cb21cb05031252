"""A network once it has a loss and an optimizer: its graphs, its programs as text, its bare predictor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

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
from glassnet.printers.to_c import Function, print_c
from glassnet.programs.one_row import row_graph
from glassnet.train import adapting, graphs, prepare, script, threads
from glassnet.train.backend import BACKENDS, require_numba
from glassnet.train.data import Dataset
from glassnet.train.history import History
from glassnet.train.shelf import BLOCK, Shelf
from glassnet.train.streaming import Stream


class Printable(Network):
    """A network with an optimizer and a loss, and the programs made of them."""

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
        backend : {"numpy", "numba", "c"}, optional
            By default the one that ``fit`` uses; the first line names it. ``"c"`` prints a prediction of one
            row in C99, the weights in it.

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
        known_name(backend or "auto", (*BACKENDS, "c"), "backend")
        self.require_built("source()")
        if backend == "c":
            return self._c_source(kind)
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

    def _c_source(self, kind: str) -> str:
        if kind != "predict":
            raise InputError(f'source(backend="c") prints predictions; got kind={kind!r}.\nUse "predict".')
        graph = self.graph("predict")
        row = row_graph(graph, self._shelf.values(graph, self.seed, self.step), self.dtype)
        return print_c("model", [Function("predict", row)], self.dtype).source

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
        check_epochs(epochs)
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


def check_epochs(epochs: Any) -> None:
    """Refuse what is no number of epochs."""
    if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 0:
        raise InputError(f"epochs must be a whole number of at least 0; got {epochs!r}.")
