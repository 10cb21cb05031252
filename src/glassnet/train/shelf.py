"""The programs of one model: made when first needed, kept, run with the model's present values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from glassnet.graph.dims import concrete
from glassnet.graph.graph import Graph, Place
from glassnet.nn.context import Weight
from glassnet.nn.registry import known_name
from glassnet.nn.specs import Spec
from glassnet.optim.lbfgs import LBFGS
from glassnet.programs.compiled import CompiledProgram
from glassnet.programs.python import Program, compile_graph
from glassnet.train import graphs
from glassnet.train.compiled import CompiledStepper, Evaluator
from glassnet.train.data import Dataset
from glassnet.train.full_batch import CompiledFullBatchStepper, FullBatchStepper
from glassnet.train.loop import Stepper, is_input
from glassnet.train.prepare import target_spec
from glassnet.train.quick import Quick
from glassnet.train.threads import for_rows, work

KINDS = ("train", "predict", "sample", "loss", "gradients")
FIRST_LINES = ('# Printed by glassnet, backend "numpy": this text is what runs.', "")
COMPILED_FIRST_LINES = ('# Printed by glassnet, backend "numba": this text is what runs.', "")
BLOCK = 256  # rows that a compiled prediction computes at a time: they stay in the cache
TINY_STEP = 1e4  # operations: below, knowing the batch size at compile time makes a step faster
Values = dict[Place, Any]


class Shelf:
    """Programs by kind, target, weighting and mode.

    Parameters
    ----------
    network : graphs.Network
        The model.
    """

    def __init__(self, network: graphs.Network) -> None:
        self.network = network
        self.programs: dict[Any, Program] = {}
        self.compiled_programs: dict[Any, CompiledProgram] = {}
        self.quick: Quick | None = None
        self.threads: int | None = None  # those of the fit in progress: it validates with as many
        self.slots: dict[str, np.ndarray] = {}
        self._running: list[tuple[Weight, bool]] = []  # the weights of the run in progress
        self._stored: list[np.ndarray | None] = []  # and what that run last put into them

    def __getstate__(self) -> dict[str, Any]:
        # Compiled functions are made again from the graph.
        return {
            **vars(self),
            "programs": {},
            "compiled_programs": {},
            "quick": None,
            "_running": [],
            "_stored": [],
        }

    def graph(self, kind: str, target: Spec | None, weighted: bool, training: bool) -> Graph:
        """The graph behind a program."""
        known_name(kind, KINDS, "kind of program")
        if kind in ("predict", "sample") or target is None:
            return graphs.prediction_graph(self.network, sampling=kind == "sample")
        if kind == "train":
            return graphs.training_graph(self.network, target, weighted)
        make = graphs.evaluation_graph if kind == "loss" else graphs.gradients_graph
        return make(self.network, target, weighted, training)

    def _key(self, kind: str, target: Spec | None, weighted: bool, training: bool) -> tuple[Any, ...]:
        """What a program's graph depends on."""
        trained = tuple(trained for _, trained in self.network.weights())
        loss = self.network.loss_function
        form = None if loss is None or kind in ("predict", "row") else loss.form()
        return kind, target, weighted, training, trained, form

    def program(
        self, kind: str, target: Spec | None, weighted: bool = False, training: bool = False
    ) -> Program:
        """A program, from the shelf if it is there."""
        key = self._key(kind, target, weighted, training)
        if key not in self.programs:
            self.programs[key] = compile_graph(self.graph(kind, target, weighted, training), FIRST_LINES)
        return self.programs[key]

    def quick_prediction(self, data: Dataset, compiled: bool) -> np.ndarray | None:
        """The network's output for a few rows; None if the quick way is not open."""
        if self.quick is not None and self.quick.fits(self.network.input_specs, len(data)):
            return self.quick(data)
        self.quick = self._quick_compiled() if compiled and len(data) == 1 else self._quick_numpy()
        return self.quick(data) if self.quick is not None else None

    def _quick_compiled(self) -> Quick | None:
        if len(self.network.input_specs) > 1:
            return None
        weights = [weight for weight, _ in self.network.weights()]
        return Quick(self.row_predictor(), weights, self.network.input_specs, one_row=True)

    def _quick_numpy(self) -> Quick | None:
        program = self.program("predict", None)
        names = [name for name, place in program.arguments.items() if place and is_input(place)]
        if program.graph.hypers or len(program.returned) != 1 or not names:
            return None
        empty = {("argument", name): None for name in names}
        bound = program.bind({**program.graph.values, **self.values(program.graph, 0, 0), **empty})
        others = {name: value for name, value in bound.items() if name not in names}
        function = program.function

        def predict(*inputs: np.ndarray) -> Any:
            return function(**dict(zip(names, inputs, strict=True)), **others)

        weights = [weight for weight, _ in self.network.weights()]
        return Quick(predict, weights, self.network.input_specs, one_row=False)

    # ------------------------------------------------------------------------------------ compiled
    def compiled(
        self, kind: str, target: Spec | None, weighted: bool, training: bool, batch: int, parts: int = 1
    ) -> CompiledProgram:
        """A compiled program, from the shelf if it is there."""
        key = (*self._key(kind, target, weighted, training), batch, parts, self.network.dtype)
        if key not in self.compiled_programs:
            graph = self.graph("predict" if kind == "row" else kind, target, weighted, training)
            optimizer = self.network.optimizer
            whole = kind == "train" and optimizer is not None and optimizer.full_batch
            step = whole or kind == "gradients"
            driver = "step" if step else {"train": "train", "row": "row"}.get(kind, "run")
            constant = driver == "train" and work(self.network, batch, 3) < TINY_STEP
            lines = COMPILED_FIRST_LINES
            self.compiled_programs[key] = CompiledProgram(
                graph, batch, self.network.dtype, lines, constant, parts, driver
            )
        return self.compiled_programs[key]

    def compiled_stepper(
        self, target: Spec | None, weighted: bool, batch: int, parts: int, seed: int, step: int
    ) -> CompiledStepper:
        """A compiled training program, ready to run from the model's present state."""
        program = self.compiled("train", target, weighted, True, batch, parts)
        self._remember_weights()
        return CompiledStepper(program, self.training_values(program, seed, step), seed, step)

    def compiled_full_batch(
        self, target: Spec | None, weighted: bool, batch: int, seed: int, step: int
    ) -> CompiledFullBatchStepper:
        """A compiled loss and gradient, for an optimizer that chooses its steps itself."""
        optimizer = self.network.optimizer
        assert isinstance(optimizer, LBFGS)
        program = self.program("train", target, weighted, True)
        compiled = self.compiled("train", target, weighted, True, batch)
        self._remember_weights()
        values = self.training_values(program, seed, step)
        return CompiledFullBatchStepper(program, compiled, values, seed, step, optimizer)

    def compiled_prediction(self, data: Dataset, seed: int, step: int) -> np.ndarray:
        """The network's output for many rows."""
        program = self.compiled("predict", None, False, False, BLOCK)
        assert program.printed.output is not None
        node = program.printed.output[1]
        dtype = self.network.dtype if node.kind == "float" else bool if node.kind == "bool" else np.int64
        out = np.empty(concrete(node.shape, len(data)), dtype)
        values, count = self.values(program.graph, seed, step), self._threads(len(data))
        Evaluator(program).run(values, data, min(BLOCK, len(data)), out, count)
        return out

    def _threads(self, rows: int) -> int:
        return for_rows(self.network, rows, self.threads)

    def row_predictor(self) -> Callable[[np.ndarray], np.ndarray]:
        """A compiled function of one row, with the present values of the weights."""
        program = self.compiled("row", None, False, False, 1)
        values = {**program.graph.values, **self.values(program.graph, 0, 0)}
        program = program.copy()  # a later predictor must not change this one's weights
        program.put({place: value for place, value in values.items() if place != ("argument", "x")})
        predict: Callable[[np.ndarray], np.ndarray] = partial(
            program.module.predict_row, *program.arenas, program.hyper
        )
        predict(np.zeros(self.network.input_specs[0].shape, self.network.dtype))  # compiles
        return predict

    def compiled_evaluation(self, data: Dataset, seed: int, step: int, summed: bool) -> dict[str, float]:
        """Data loss, penalty and metrics: means by the batches' weights, or a summed data loss."""
        program = self.compiled("loss", target_spec(data), data.weights is not None, False, BLOCK)
        values = self.values(program.graph, seed, step)
        threads = self._threads(len(data))
        sums, plain = Evaluator(program).run(values, data, min(BLOCK, len(data)), threads=threads)
        whole = sums[-1] or 1.0
        names = [name for _, name in program.printed.step.results]
        means = dict(zip(names, (sums[:-1] / whole).tolist(), strict=True))
        if summed:
            means["data_loss"] = float(plain[names.index("data_loss")])
        return means

    def text(self, program: Program) -> str:
        """A program's text with the present hyper-parameters at its top."""
        now = self.hyper_values(program.graph)
        if any(program.graph.values[place] != value for place, value in now.items()):
            program.reprint(now)
        return program.text

    @staticmethod
    def hyper_values(graph: Graph) -> Values:
        """Place → present value of each hyper-parameter."""
        return {place: getattr(owner, name) for place, (owner, name) in graph.hypers.items()}

    def values(self, graph: Graph, seed: int, step: int) -> Values:
        """Place → value of weights, captured arrays, hyper-parameters, seed and the next step's number."""
        values: Values = {}
        for weight, trained in self.network.weights():
            container = "parameters" if trained else "state" if not weight.trainable else "frozen"
            values[container, weight.key] = weight.value
        return {
            **values,
            **self.captured_values(graph),
            **self.hyper_values(graph),
            ("argument", "seed"): seed,
            ("argument", "t"): step + 1,
        }

    def captured_values(self, graph: Graph) -> Values:
        """Place → array that a function of the user's found around it, floats in the model's float type."""
        arrays = {place: value for place, value in graph.values.items() if place[0] == "captured"}
        dtype = self.network.dtype
        return {k: v.astype(dtype, copy=False) if v.dtype.kind == "f" else v for k, v in arrays.items()}

    def run(self, program: Program, data: Dataset, seed: int, step: int) -> Values:
        """Run a program that changes nothing on a batch."""
        return program(self.batch_values(program.graph, data, seed, step))

    def batch_values(self, graph: Graph, data: Dataset, seed: int, step: int) -> Values:
        """Place → value of everything a graph may need for one batch."""
        values = self.values(graph, seed, step)
        return {**values, **{("argument", name): array for name, array in data.arrays().items()}}

    def training_values(self, program: Program | CompiledProgram, seed: int, step: int) -> Values:
        """The values of a training step: also the vector of all trained weights and the optimizer's slots."""
        assert self.network.optimizer is not None
        values = self.values(program.graph, seed, step)
        if ("argument", "w") in program.inputs:
            parts = self._trained_values()
            # A compiled program joins the parts in its own memory: no copy in between.
            values["argument", "w"] = parts if isinstance(program, CompiledProgram) else np.concatenate(parts)
            values.update({("argument", name): slot for name, slot in self._present_slots(parts).items()})
        return values

    def _trained_values(self) -> list[np.ndarray]:
        """The parts of the vector of all trained weights."""
        return [np.ravel(np.asarray(weight.value)) for weight in self.network.trained_weights()]

    def _present_slots(self, parts: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """What the optimizer remembers; its start, if other weights are trained now."""
        optimizer = self.network.optimizer
        vector = np.broadcast_to(np.zeros((), parts[0].dtype), sum(part.size for part in parts))
        fresh = {name: optimizer.start(name, vector) for name in optimizer.slots} if optimizer else {}
        kept = {name: self.slots[name] for name in fresh if name in self.slots}
        fits = {name: slot.shape for name, slot in kept.items()} == {n: s.shape for n, s in fresh.items()}
        return kept if fits else fresh

    def kept_slots(self) -> dict[str, np.ndarray]:
        """What the optimizer remembers of the weights that are trained now; nothing before the first step."""
        trained, optimizer = self.network.trained_weights(), self.network.optimizer
        if optimizer is None or not trained or self.slots.keys() != set(optimizer.slots):
            return {}
        present = self._present_slots(self._trained_values())
        return present if all(present[name] is slot for name, slot in self.slots.items()) else {}

    def stepper(self, program: Program, seed: int, step: int) -> Stepper:
        """A training program, ready to run from the model's present state."""
        values, optimizer = self.training_values(program, seed, step), self.network.optimizer
        self._remember_weights()
        if isinstance(optimizer, LBFGS):
            return FullBatchStepper(program, values, seed, step, optimizer)
        return Stepper(program, values, seed, step)

    def _remember_weights(self) -> None:
        self._running = self.network.weights()
        self._stored = [weight.value for weight, _ in self._running]

    def refresh(self, stepper: Stepper | CompiledStepper) -> None:
        """Let a stepper go on from the model's present values, which a callback may have changed."""
        same = all(w.value is value for (w, _), value in zip(self._running, self._stored, strict=True))
        if same:
            stepper.set_hyper(self.hyper_values(stepper.program.graph))
        else:
            stepper.load(self.training_values(stepper.program, stepper.seed, stepper.step))

    def store(self, stepper: Stepper | CompiledStepper, values: Values | None = None) -> None:
        """Put what a stepper has changed back into the layers and the slots."""
        values = stepper.values() if values is None else values
        by_key = {weight.key: weight for weight, _ in self._running}
        for (container, key), value in values.items():
            if container in ("parameters", "state"):
                by_key[key].value = value
        vector = values.get(("return", "w"))
        if vector is not None:
            self._store_vector(vector, [weight for weight, trained in self._running if trained])
        self._stored = [weight.value for weight, _ in self._running]
        self.slots = {
            key: value for (container, key), value in values.items() if self._is_slot(container, key)
        }

    @staticmethod
    def _store_vector(vector: np.ndarray, trained: Sequence[Weight]) -> None:
        for weight, start in graphs.vector_offsets(trained).items():
            weight.value = vector[start : start + math.prod(weight.shape)].reshape(weight.shape)

    def apply_average(self) -> None:
        """Give the trained weights the values of their moving average, if the optimizer keeps one."""
        optimizer = self.network.optimizer
        if optimizer is not None and optimizer.use_ema and "average" in self.slots:
            self._store_vector(self.slots["average"], self.network.trained_weights())

    def _is_slot(self, container: str, key: str) -> bool:
        optimizer = self.network.optimizer
        return container == "return" and optimizer is not None and key in optimizer.slots

    def astype(self, dtype: Any) -> None:
        """The slots follow the model's float type."""
        self.slots = {name: slot.astype(dtype) for name, slot in self.slots.items()}


def loss_and_metrics(
    shelf: Shelf, program: Program, batches: list[Dataset], seed: int, step: int, summed: bool
) -> dict[str, float]:
    """Data loss, penalty and metrics over batches: means by the batches' weights, or a summed data loss."""
    totals: dict[str, float] = {}
    whole = 0.0
    for batch in batches:
        weight = batch.total_weight()
        whole += weight
        for (container, name), value in shelf.run(program, batch, seed, step).items():
            if container == "return":
                factor = 1.0 if summed and name == "data_loss" else weight
                totals[name] = totals.get(name, 0.0) + float(value) * factor
    return {k: v if summed and k == "data_loss" else v / (whole or 1.0) for k, v in totals.items()}
