"""Programs shared by estimators of the same architecture: a search over rates and strengths prints them once.

A program is a text in which rates and strengths are numbers at its top, or arguments where it is compiled.
Two networks that differ in nothing else can share it: the second one gets a copy of the first one's functions
with numbers, and memory, of its own.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any

from glassnet.graph.graph import Place
from glassnet.programs.compiled import CompiledProgram
from glassnet.programs.python import Program

# So many programs are remembered; a text and its functions take about 100 kB.
CAPACITY = 128

Either = Program | CompiledProgram
Hypers = dict[Place, tuple[Any, str]]
_known: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.Lock()


class SharedPrograms(dict[Any, Any]):
    """A model's programs, those made by earlier models of the same architecture included.

    Parameters
    ----------
    architecture : hashable
        All that the programs' texts depend on, but rates and strengths.
    model : Model
        Whose hyper-parameters the programs are to use.
    """

    def __init__(self, architecture: Hashable, model: Any) -> None:
        super().__init__()
        self.architecture, self.model = architecture, model

    def __contains__(self, key: object) -> bool:
        if super().__contains__(key):
            return True
        with _lock:
            template = _known.get((self.architecture, key))
            if template is None:
                return False
            _known.move_to_end((self.architecture, key))
        super().__setitem__(key, _for_model(template, dict(owners_of(self.model))))
        return True

    def __setitem__(self, key: Any, program: Either) -> None:
        super().__setitem__(key, program)
        paths = {id(owner): path for path, owner in owners_of(self.model)}
        if any(id(owner) not in paths for owner, _ in program.graph.hypers.values()):
            return
        with _lock:
            _known[self.architecture, key] = _template(program, paths)
            while len(_known) > CAPACITY:
                _known.popitem(last=False)


def owners_of(model: Any) -> Iterator[tuple[str, Any]]:
    """The objects that hold a model's hyper-parameters, by where they stand in it."""
    yield "optimizer", model.optimizer
    yield "schedule", model.optimizer.learning_rate
    yield "loss", model.loss_function
    for i, layer in enumerate(model.layers):
        yield f"layer {i}", layer
        for j, (weight, _) in enumerate(layer.weights()):
            yield f"layer {i} regularizer {j}", weight.regularizer
            yield f"layer {i} constraint {j}", weight.constraint


def _template(program: Either, paths: Mapping[int, str]) -> Either:
    """The program without memory, and with the places of its hyper-parameters' owners instead of these."""
    found = copy.copy(program)
    hypers: Hypers = {
        place: (paths[id(owner)], name) for place, (owner, name) in program.graph.hypers.items()
    }
    found.graph = replace(program.graph, hypers=hypers)
    if isinstance(found, CompiledProgram):
        found.lowered = replace(found.lowered, hypers=hypers)
        found.release()
    else:
        found.page = copy.copy(found.page)
        found.page.graph = found.graph
    return found


def _for_model(template: Either, owners: Mapping[str, Any]) -> Either:
    """The program with the hyper-parameters of a model: the same code, other numbers."""
    hypers: Hypers = {place: (owners[path], name) for place, (path, name) in template.graph.hypers.items()}
    found = template.copy() if isinstance(template, CompiledProgram) else _with_own_numbers(template)
    found.graph = replace(template.graph, hypers=hypers)
    return found


def _with_own_numbers(program: Program) -> Program:
    """The same code with other numbers at its top."""
    found = copy.copy(program)
    found.namespace = dict(program.namespace)
    for name, value in program.namespace.items():
        if isinstance(value, FunctionType):
            found.namespace[name] = FunctionType(
                value.__code__, found.namespace, value.__name__, value.__defaults__, value.__closure__
            )
    found.function = found.namespace[program.function.__name__]
    return found


def forget() -> None:
    """Empty the memory; for tests."""
    with _lock:
        _known.clear()
