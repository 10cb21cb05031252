"""Compiled programs against NumPy's: the same text run by Python, without compiling, and compiled.

Run by Python, a program tests everything but the machine code: which values are computed together, where they
live, how expressions read. It takes milliseconds, so that thousands of graphs can be tried. Memory that
nothing has written yet holds NaN then, and arrays that lie outside their arena are an error.
"""

from __future__ import annotations

import ast
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
from plain_kernels import KERNELS, MATH

from glassnet.graph.dims import has_batch
from glassnet.graph.graph import Graph, Place, input_place
from glassnet.graph.ops import UNARY_FLOAT
from glassnet.passes.movement import random_values
from glassnet.programs import interpret
from glassnet.programs.compiled import CompiledProgram
from glassnet.programs.interpret import Frame, batch_size, trace_values

Values = Mapping[Place, Any]


# ------------------------------------------------------------------------------------------ in Python
def plain_module(text: str, extra: str = "", check: Callable[[str], ast.Module] = ast.parse) -> ModuleType:
    """The definitions of a compiled program as they stand, for Python to run."""
    tree = check(text)
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
    module = ModuleType("plain_program")
    vars(module).update(KERNELS, np=np, math=MATH)
    exec(compile(tree, module.__name__, "exec"), vars(module))
    return module


@contextlib.contextmanager
def in_python() -> Iterator[None]:
    """Whatever is compiled inside runs in Python: single steps, and whole calls of ``fit``."""
    with (
        mock.patch("glassnet.programs.compiled.load_module", plain_module),
        np.errstate(all="ignore"),
    ):
        yield


# ------------------------------------------------------------------------------------------ programs
def room(graph: Graph, values: Values) -> int:
    """For how many rows to make a program: as many as there are, or more than that."""
    n = Frame(graph, {**graph.values, **values}).n
    return max(1, n + 11 * (n % 2))


def poison(program: CompiledProgram) -> None:
    """Nothing that was in memory before may matter: NaN everywhere."""
    for arena in program.memory.values():
        arena.fill({"f": np.nan, "i": -(10**9), "b": True}[arena.dtype.kind])
    program.results.fill(np.nan)


def call(program: CompiledProgram, values: Values) -> dict[Place, Any]:
    """Run a program in spoiled memory; its inputs must still be there afterwards, unless they are renewed."""
    n = batch_size(program.graph, {**program.graph.values, **values})
    program.reserve(n)
    poison(program)
    with np.errstate(all="ignore"):
        found = program(values)
    renewed = {("argument", place[1]) if place[0] == "return" else place for place in program.graph.places}
    for node in program.lowered.inputs:
        place = input_place(node)
        if node.shape and place not in renewed and not has_batch(node.shape):
            given = np.asarray({**program.graph.values, **values}[place], program.view(place).dtype)
            np.testing.assert_array_equal(program.view(place), given, err_msg=f"{place} was written over")
    return found


def run_in_python(graph: Graph, values: Values, dtype: str) -> dict[Place, Any]:
    """Run a graph as compiled loops, in Python."""
    with in_python():
        return call(CompiledProgram(graph, room(graph, values), dtype), values)


class Team:
    """Threads of which one runs at a time, until it comes to a barrier, in an order drawn anew after each.

    A barrier that is missing shows: in some order a thread reads what another has not written yet, or writes
    over what another has still to read.

    Parameters
    ----------
    count : int
    seed : int
        Of the orders.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.generator = count, np.random.default_rng(seed)
        self.turns = [threading.Semaphore(0) for _ in range(count)]
        self.paused = threading.Semaphore(0)
        self.done: dict[int, Any] = {}
        self.here = threading.local()

    def barrier(self, cells: Any, threads: int) -> None:
        assert threads == self.count
        self.paused.release()
        self.turns[self.here.number].acquire()

    def run(self, function: Callable[[int], Any]) -> list[Any]:
        """What the function answers for each thread's number."""
        members = [
            threading.Thread(target=self._work, args=(function, i), daemon=True) for i in range(self.count)
        ]
        for member in members:
            member.start()
        while len(self.done) < self.count:
            for number in self.generator.permutation(self.count):
                self.turns[number].release()
                self.paused.acquire()
            for answer in self.done.values():
                if isinstance(answer, BaseException):
                    raise answer
            assert len(self.done) in (0, self.count), "some threads wait at a barrier, others have left"
        for member in members:
            member.join()
        return [self.done[i] for i in range(self.count)]

    def _work(self, function: Callable[[int], Any], number: int) -> None:
        self.here.number = number
        self.turns[number].acquire()
        try:
            with np.errstate(all="ignore"):
                self.done[number] = function(number)
        except BaseException as error:  # noqa: BLE001 - raised again where the team was called
            self.done[number] = error
        self.paused.release()


def share_work(program: CompiledProgram, threads: int, seed: int) -> None:
    """Let a program that Python runs be run by several threads."""
    name, module = program.graph.name, program.module
    function = getattr(module, name)
    bounds = [program.parts * i // threads for i in range(threads + 1)]

    def together(*arguments: Any) -> Any:
        *common, _, _, _, cells, partials = arguments
        team = Team(threads, seed)
        module.barrier = team.barrier
        answers = team.run(lambda i: function(*common, bounds[i], bounds[i + 1], threads, cells, partials))
        assert len(set(answers)) == 1, f"the threads answer {answers}"
        return answers[0]

    setattr(module, name, together)


def run_in_threads(
    graph: Graph, values: Values, dtype: str, parts: int = 3, small: int = 0
) -> dict[Place, Any]:
    """Run a graph in parts, in Python: one thread, two and three agree bit for bit, in any order."""
    found: dict[Place, Any] = {}
    for threads, seed in ((1, 0), (2, 1), (2, 2), (parts, 3), (parts, 4)):
        with in_python(), mock.patch("glassnet.printers.to_numba.sharing.SMALL_LOOP", small):
            program = CompiledProgram(graph, room(graph, values), dtype, parts=parts)
            share_work(program, threads, seed)
            answer = call(program, values)
        for place, value in found.items():
            np.testing.assert_array_equal(answer[place], value, err_msg=f"{place}, {threads} threads")
        found = answer
    return found


def run_compiled(graph: Graph, values: Values, dtype: str) -> dict[Place, Any]:
    """Run a graph as compiled loops."""
    return call(CompiledProgram(graph, room(graph, values), dtype), values)


# ------------------------------------------------------------------------------------------ comparing
def is_noisy(program: CompiledProgram) -> bool:
    """Whether random numbers go through functions: in float32 then, whatever the program's width.

    NumPy's float32 logarithm and the compiled one are both right, and differ in the last place.
    """
    nodes = program.lowered.nodes()
    single = random_values(nodes)
    return any(node in single and node.op in UNARY_FLOAT for node in nodes)


def distance(a: Any, b: Any) -> float:
    """The largest difference; infinite where one is finite, or NaN, and the other is not."""
    p, q = np.asarray(a, np.longdouble), np.asarray(b, np.longdouble)
    assert p.shape == q.shape, f"shapes {p.shape} and {q.shape}"
    with np.errstate(invalid="ignore"):
        same = (p == q) | (np.isnan(p) & np.isnan(q))
        differences = np.where(same, 0.0, np.abs(p - q))
    differences = np.where(np.isnan(differences), np.inf, differences)
    return float(differences.max(initial=0.0))


def largest(value: Any) -> float:
    """The largest finite magnitude."""
    array = np.abs(np.asarray(value, np.longdouble))
    return float(array[np.isfinite(array)].max(initial=0.0))


@dataclass
class Worst:
    """The worst errors met, in units of what is allowed."""

    error: float = 0.0
    what: str = ""

    def add(self, error: float, what: str) -> None:
        if error > self.error:
            self.error, self.what = error, what


WORST = {"float64": Worst(), "float32": Worst()}


EXACTER = {"float32": np.float64, "float64": np.longdouble}
SMALL = {"float32": 1e-6, "float64": 1e-12}


def as_type(values: Values, dtype: Any) -> dict[Place, Any]:
    """The same numbers in another float type."""
    return {
        place: value.astype(dtype) if getattr(value, "dtype", np.dtype(int)).kind == "f" else value
        for place, value in values.items()
    }


def largest_on_the_way(graph: Graph, values: Values) -> float:
    """The largest finite magnitude of all values of a graph."""
    with np.errstate(all="ignore"):
        floats = (value for node, value in trace_values(graph, values) if node.kind == "float")
        return max(map(largest, floats), default=0.0)


def assert_agree(
    graph: Graph,
    values: Values,
    found: Mapping[Place, Any],
    dtype: str,
    text: str = "",
    jumps: bool = False,
    cancels: bool = False,
    small: float | None = None,
) -> None:
    """As near the truth as 4 times NumPy's own error and 1e-12 (float32: 1e-6) of the largest value.

    Parameters
    ----------
    small : float
        Instead of 1e-12 or 1e-6.
    jumps : bool
        Rounding may make NumPy choose the other side somewhere; then both sides are right.
    cancels : bool
        Large numbers on the way may leave a small one; then their own rounding is allowed, too.
    """
    values = {**graph.values, **values}
    with np.errstate(all="ignore"):
        numpy = interpret(graph, values)
        truth = interpret(graph, as_type(values, EXACTER[dtype]))
    assert set(found) == set(numpy)
    for place, expected in truth.items():
        if np.asarray(expected).dtype.kind in "biu":
            same = np.array_equal(found[place], numpy[place])
            assert same or jumps, f"{place}: {found[place]} instead of {numpy[place]}\n{text}"
            continue
        scale, own = largest(expected), distance(numpy[place], expected)
        if own == np.inf:  # overflows in the narrower type
            continue
        limit = 4 * own + (small or SMALL[dtype]) * scale
        error = distance(found[place], expected)
        if error > limit and cancels:
            limit += 8 * np.finfo(dtype).eps * largest_on_the_way(graph, values)
        if error > limit and jumps:
            continue
        WORST[dtype].add(error / limit if limit else 0.0, f"{place} of {graph.name}")
        assert error <= limit, (
            f"{place}: off by {error:.3g}, allowed {limit:.3g}, values up to {scale:.3g}\n{text}"
        )
