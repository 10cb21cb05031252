"""Compiled programs: printed, compiled (or found in the cache), and run."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from glassnet import passes
from glassnet.errors import InputError
from glassnet.graph.dims import concrete
from glassnet.graph.graph import Graph, Place, input_place
from glassnet.passes.lower import label_ranges
from glassnet.passes.storage import Home
from glassnet.printers.to_numba import CompiledModule, print_module
from glassnet.programs.allowed_compiled import check_compiled_text
from glassnet.programs.cache import load_module
from glassnet.programs.interpret import batch_size

LARGE = 500_000  # numbers


class CompiledProgram:
    """A program of the backend "numba", with the memory it works in.

    Parameters
    ----------
    graph : Graph
        As traced.
    batch : int
        Rows of a full batch.
    dtype : dtype-like
        float32 or float64.
    first_lines : sequence of str
        Comments for the top of the text.
    constant : bool
        Whether the batch size is a constant of the program.
    parts : int
        Into how many parts the work of a step is cut, for as many threads or fewer.
    driver : {"step", "train", "run", "row"}
        What is called from Python.
    """

    def __init__(
        self,
        graph: Graph,
        batch: int,
        dtype: Any,
        first_lines: Sequence[str] = (),
        constant: bool = False,
        parts: int = 1,
        driver: str = "step",
    ) -> None:
        from glassnet.kernels import address, barrier_cells, vectors

        self.graph = graph
        expanded = passes.run(graph, "reference")
        self.label_ranges = label_ranges(expanded)
        self.lowered = passes.run(expanded, "compiled")
        self.dtype, self.batch = np.dtype(dtype), batch
        self.parts = parts
        tiles = bool(vectors().bits)  # where there are any, they are faster than the BLAS, also with AVX2
        self.printed: CompiledModule = print_module(
            self.lowered, batch, self.dtype.name, first_lines, constant, parts, tiles, driver
        )
        self.text = self.printed.text
        self.module: ModuleType = load_module(self.text, check=check_compiled_text)
        self.inputs = {input_place(node) for node in graph.inputs}
        self.memory: dict[str, np.ndarray] = {}
        self.lock = threading.Lock()  # of the memory
        self.reserve(batch)
        step = self.printed.step
        self.hyper = np.zeros(max(1, len(step.hypers)))
        self.results = np.zeros(max(1, len(step.results)))
        self.blas = address(self.dtype) if "gemm_at(" in self.text else 0
        self.cells, self.partials = barrier_cells(), np.zeros(max(1, step.slots * parts))

    def reserve(self, rows: int) -> None:
        """Make sure that there is memory for batches of so many rows."""
        from glassnet.kernels import aligned

        room, storage = self.printed.step.room, self.printed.step.storage
        if rows > room:
            raise InputError(f"a batch of {rows} rows is too large for this program, which takes {room}.")
        if not self.memory:
            floats = {"kept": self.dtype, "floats": self.dtype}
            kinds = {**floats, "integers": np.dtype(np.int64), "booleans": np.dtype(bool)}
            sizes = storage.sizes(room)
            self.memory = {name: aligned(max(1, sizes[name]), kind) for name, kind in kinds.items()}

    @property
    def is_large(self) -> bool:
        """Whether the weights are so many that every copy of them counts."""
        return self.printed.step.storage.fixed["kept"] > LARGE

    @property
    def arenas(self) -> tuple[np.ndarray, ...]:
        """The memory, in the order of the arguments."""
        return tuple(self.memory[name] for name in ("kept", "floats", "integers", "booleans"))

    def release(self) -> None:
        """Give the memory away: whoever has views of it may keep them."""
        self.memory = {}

    def copy(self) -> CompiledProgram:
        """The same program with memory of its own."""
        from glassnet.kernels import barrier_cells

        other = copy.copy(self)
        other.memory, other.lock = {}, threading.Lock()
        other.hyper, other.results = self.hyper.copy(), self.results.copy()
        other.cells, other.partials = barrier_cells(), self.partials.copy()
        other.reserve(self.batch)
        return other

    def beside(self) -> CompiledProgram:
        """The same program with the same weights, for another thread: the rest of its memory is its own."""
        from glassnet.kernels import aligned

        other = copy.copy(self)
        own = {name: aligned(len(x), x.dtype) for name, x in self.memory.items() if name != "kept"}
        other.memory, other.results = {**self.memory, **own}, self.results.copy()
        return other

    def view(self, place: Place, n: int = 0) -> np.ndarray:
        """The array that belongs to a place, for a batch of ``n`` rows, in the program's own memory."""
        home, node = self.printed.step.homes[place]
        shape = concrete(node.shape, n)
        start = self._start(home)
        return self.memory[home.arena][start : start + int(np.prod(shape))].reshape(shape)

    def _start(self, home: Home) -> int:
        return self.printed.step.storage.begin(home, self.printed.step.room)

    def put(self, values: Mapping[Place, Any], n: int = 0) -> None:
        """Write arrays, or the parts of a vector, to their places, and hyper-parameters to theirs."""
        for place, classes in self.label_ranges.items():
            if place in values:
                check_labels(np.asarray(values[place]), classes)
        for place, value in values.items():
            if place[0] != "hyper" and place in self.inputs and place in self.printed.step.homes:
                view = self.view(place, n)
                if isinstance(value, list):
                    np.concatenate(value, out=view)
                else:
                    view[...] = value
        self.set_hyper(values)

    def set_hyper(self, values: Mapping[Place, Any]) -> None:
        """Change the rates, strengths and other hyper-parameters."""
        names = self.printed.step.hypers
        for place, value in values.items():
            if place[0] == "hyper" and place[1] in names:
                self.hyper[names.index(place[1])] = value

    def arguments(
        self, seed: int, first_part: int = 0, last_part: int = 0, threads: int = 1
    ) -> tuple[Any, ...]:
        """What every function of the program takes at its end; the parts, if it has any, of one thread."""
        common = (seed, self.hyper, *self.arenas, self.results, self.blas)
        if self.parts == 1:
            return common
        return (*common, first_part, last_part or self.parts, threads, self.cells, self.partials)

    def __call__(self, values: Mapping[Place, Any]) -> dict[Place, Any]:
        """Run once: place of each input → value in, place of each output → value out."""
        values = {**self.graph.values, **values}
        n = batch_size(self.graph, values)
        self.reserve(n)
        self.put(values, n)
        seed, t = int(values.get(("argument", "seed"), 0)), int(values.get(("argument", "t"), 0))
        return self.step(n, seed, t)

    def step(self, n: int, seed: int, t: int) -> dict[Place, Any]:
        """Run once with what lies in the memory, for a batch of ``n`` rows."""
        getattr(self.module, self.graph.name)(n, t, *self.arguments(seed))
        found: dict[Place, Any] = {}
        for place in self.graph.places:
            if place in self.printed.step.results:
                found[place] = self.results[self.printed.step.results.index(place)]
            else:
                found[place] = self.view(place, n).copy()
        return found


def check_labels(labels: np.ndarray, classes: int) -> None:
    """Refuse labels that no score belongs to: compiled loops would not notice."""
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        bad = labels[(labels < 0) | (labels >= classes)].flat[0]
        raise InputError(f"y has the label {bad}; the scores have {classes} columns, for labels from 0.")
