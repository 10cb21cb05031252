"""Programs shared by estimators of the same architecture: a search over rates and strengths prints them once.

A program is a text in which rates and strengths are numbers at its top. Two networks that differ in nothing
else can share it: the second one gets copies of the first one's functions with numbers of their own.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import replace
from types import FunctionType
from typing import Any

from glassnet.programs.python import Program

# So many architectures are remembered; a text and its functions take about 100 kB.
CAPACITY = 64

_known: OrderedDict[Hashable, tuple[Program, dict[int, str]]] = OrderedDict()
_lock = threading.Lock()


class SharedPrograms(dict[Any, Program]):
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
        found = self._borrowed(key)
        if found is not None:
            super().__setitem__(key, found)
        return found is not None

    def _borrowed(self, key: Any) -> Program | None:
        with _lock:
            entry = _known.get((self.architecture, key))
            if entry is None:
                return None
            _known.move_to_end((self.architecture, key))
        program, paths = entry
        owners = dict(owners_of(self.model))
        places = {place: paths.get(id(owner)) for place, (owner, _) in program.graph.hypers.items()}
        if any(path not in owners for path in places.values()):
            return None
        hypers = {
            place: (owners[str(places[place])], attribute)
            for place, (_, attribute) in program.graph.hypers.items()
        }
        return _copy(program, hypers)

    def __setitem__(self, key: Any, program: Program) -> None:
        super().__setitem__(key, program)
        if type(program) is not Program:
            return
        paths = {id(owner): path for path, owner in owners_of(self.model)}
        with _lock:
            _known[self.architecture, key] = (program, paths)
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


def _copy(program: Program, hypers: dict[Any, Any]) -> Program:
    """The program with hyper-parameters of its own: the same code, other numbers at its top."""
    found = copy.copy(program)
    found.graph = replace(program.graph, hypers=hypers)
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
