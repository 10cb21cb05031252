"""JSON and arrays → objects, made by ordinary constructors from closed tables; nothing is trusted."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glassnet.errors import suggest
from glassnet.files import refused, registry
from glassnet.files.packing import Json, check_patterns, check_roles
from glassnet.files.refused import guarded, items, record, refuse, shown
from glassnet.nn.activations import titled
from glassnet.nn.layer import Layer
from glassnet.nn.losses import Loss, Tree
from glassnet.nn.metrics import Scorer
from glassnet.optim.optimizers import Optimizer

MAX_LEAVES = 10_000  # of a tree: its table of paths has the square of it
MAX_TREE_DEPTH = 300
# Tags that modules further down the line read: tag → function of unpacker, value, key.
EXTENSIONS: dict[str, Callable[[Unpacker, Json, str], Any]] = {}
_NUMBERS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
_TAGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # tag → required and optional keys
    "tuple": (("tuple",), ()),
    "dict": (("dict",), ()),
    "float": (("float",), ()),
    "array": (("array",), ()),
    "strings": (("strings",), ()),
    "objects": (("objects",), ()),
    "layer": (("layer", "config"), ("name",)),
    "object": (("object", "config"), ()),
    "function": (("function",), ("options",)),
    "custom": (("custom",), ("config", "name", "options")),
    "per_example": (("per_example",), ()),
}


class Unpacker:
    """Makes objects from descriptions.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The file's tensors.
    custom : mapping of str to class or function, optional
        The user's own, by name.

    Attributes
    ----------
    used : set of str
        The tensors asked for so far.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], custom: Mapping[str, Any] | None = None) -> None:
        self.arrays, self.custom = arrays, custom or {}
        self.used: set[str] = set()

    def unpack(self, value: Json, key: str = "") -> Any:
        """The object that a description stands for.

        Parameters
        ----------
        value : object
            From :meth:`~glassnet.files.packing.Packer.pack`.
        key : str
            Where it stands, for messages.

        Raises
        ------
        Refused
            Anything that cannot be that.
        """
        if isinstance(value, list):
            return [self.unpack(item, f"{key}[{i}]") for i, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        tag = self._tag(value, key)
        if tag in EXTENSIONS:
            return EXTENSIONS[tag](self, record(value, key, (tag,))[tag], key)
        record(value, key, *_TAGS[tag])
        rule: Callable[[Json, str], Any] = getattr(self, f"_{tag}")
        return rule(value, key)

    def _tag(self, value: dict[str, Json], key: str) -> str:
        known = [tag for tag in (*_TAGS, *EXTENSIONS) if tag in value]
        if not known:
            refuse(key, f"is an object of no known kind: {shown(value)}.")
        return known[0]

    def tensor(self, name: Json, key: str) -> np.ndarray:
        """One of the file's tensors; each can be asked for once."""
        if not isinstance(name, str) or name not in self.arrays:
            refuse(key, f"asks for the tensor {shown(name)}, which the file does not have.")
        if name in self.used:
            refuse(key, f"asks for the tensor {shown(name)} a second time.")
        self.used.add(name)
        return self.arrays[name]

    # ------------------------------------------------------------------------------------ plain values
    def _tuple(self, value: Json, key: str) -> tuple[Any, ...]:
        return tuple(self.unpack(items(value["tuple"], key), key))

    def _dict(self, value: Json, key: str) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for pair in items(value["dict"], key):
            if len(items(pair, key)) != 2:
                refuse(key, f"must hold pairs; got {shown(pair)}.")
            with guarded(key):  # a list cannot be a key
                name = self.unpack(pair[0], key)
                twice = name in found
                found[name] = None
            if twice:
                refuse(key, f"has the key {shown(name)} twice.")
            found[name] = self.unpack(pair[1], f"{key}[{name!r:.60}]")
        return found

    def _float(self, value: Json, key: str) -> float:
        return _NUMBERS[refused.one_of(value["float"], key, _NUMBERS)]

    def _array(self, value: Json, key: str) -> np.ndarray:
        return self.tensor(value["array"], key)

    def _strings(self, value: Json, key: str) -> np.ndarray:
        texts = [refused.text(item, key) for item in items(value["strings"], key)]
        if (
            len(texts) * max(map(len, texts), default=0) > 100_000_000
        ):  # an array gives each the longest's room
            refuse(key, "has texts that would take more than 400 MB.")
        return np.array(texts, str)

    def _objects(self, value: Json, key: str) -> np.ndarray:
        found = self.unpack(items(value["objects"], key), key)
        array = np.empty(len(found), object)
        array[:] = found
        return array

    # ------------------------------------------------------------------------------------ objects
    def _object(self, value: Json, key: str) -> Any:
        kind, _, name = refused.text(value["object"], key).partition("/")
        cls = _known(registry.CLASSES, kind, name, key)
        return self._made(cls, value["config"], key)

    def _layer(self, value: Json, key: str) -> Layer:
        cls = registry.LAYERS[refused.one_of(value["layer"], key, registry.LAYERS)]
        return self._named(self._made(cls, value["config"], key), value, key)

    def layer(self, value: Json, key: str) -> Layer:
        """A layer, of ours or the user's."""
        found = self.unpack(value, key)
        if not isinstance(found, Layer):
            refuse(key, f"must be a layer; got {shown(found)}.")
        return found

    def _named(self, layer: Layer, value: Json, key: str) -> Layer:
        if "name" in value:
            with guarded(f"{key}.name"):
                layer.name = Layer(refused.text(value["name"], f"{key}.name")).name
        return layer

    def _made(self, cls: type, config: Json, key: str) -> Any:
        """An object of one of our classes; it must keep exactly what the file says."""
        known = [argument for argument in registry.arguments(cls) if argument not in _elsewhere(cls)]
        for argument, packed in record(config, key, (), known).items():
            check_roles(packed, registry.roles(argument), f"{key}.{argument}")
        given = {argument: self.unpack(packed, f"{key}.{argument}") for argument, packed in config.items()}
        check_patterns(given.get("decay_exclusions"), key)
        with guarded(key):
            made = _BUILDERS.get(cls, _construct)(cls, given)
            for argument, value in given.items():
                kept = value if cls is Tree else getattr(made, registry.attribute(made, argument))
                if not same(kept, value):
                    refuse(
                        f"{key}.{argument}",
                        f"is {shown(value)}, which {cls.__name__} takes for {shown(kept)}.",
                    )
        return made

    # ------------------------------------------------------------------------------------ functions
    def _function(self, value: Json, key: str) -> Any:
        kind, _, name = refused.text(value["function"], key).partition("/")
        return self._with_options(_known(registry.FUNCTIONS, kind, name, key), value, key)

    def _with_options(self, function: Any, value: Json, key: str) -> Any:
        if "options" not in value:
            return function
        options = record(value["options"], key, (), value["options"])
        given = {refused.name(name, key): self.unpack(v, f"{key}.{name}") for name, v in options.items()}
        with guarded(key):
            return titled(functools.partial(function, **given))

    def _per_example(self, value: Json, key: str) -> Any:
        loss = self.unpack(value["per_example"], key)
        if not isinstance(loss, Loss):
            refuse(key, f"must be a loss; got {shown(loss)}.")
        return loss.per_example

    def _custom(self, value: Json, key: str) -> Any:
        given = self.own(value["custom"], key)
        if "config" not in value:
            return self._with_options(given, value, key)
        if not isinstance(given, type):
            refuse(key, f"needs a class as custom[{value['custom']!r}]; got {shown(given)}.")
        config = record(value["config"], key, (), value["config"])
        for name in _elsewhere(given):
            if name in config:
                refuse(f"{key}.config", f"must not have {name!r}, which stands beside it.")
        options = {refused.name(name, key): self.unpack(v, f"{key}.{name}") for name, v in config.items()}
        with guarded(key):
            made = given(**options)
        return self._named(made, value, key) if isinstance(made, Layer) else made

    def own(self, name: Json, key: str) -> Any:
        """A class or function of the user's."""
        known = refused.name(name, key)
        if known not in self.custom:
            remedy = f"Pass it: gn.load(path, custom={{{known!r}: ...}})."
            refuse(key, f"is {known!r}, a class or function of its author's. {remedy}")
        return self.custom[known]


def _known(table: Mapping[str, Mapping[str, Any]], kind: str, name: str, key: str) -> Any:
    found = table.get(kind, {}).get(name)
    if found is None:
        near = suggest(name[:60], table[kind]) if kind in table else suggest(kind[:60], table)
        refuse(key, f"is {shown(f'{kind}/{name}')}, which is not known. {near}")
    return found


def _elsewhere(cls: type) -> tuple[str, ...]:
    """Arguments that a description keeps outside the configuration."""
    return ("name", "trainable") if issubclass(cls, Layer) else ()


# ------------------------------------------------------------------------------------------ constructing
def _construct(cls: type, given: dict[str, Any]) -> Any:
    if issubclass(cls, Optimizer) and given.get("learning_rate") == 0:  # can be set, but not be begun with
        made = cls(**{**given, "learning_rate": 1.0})
        made.learning_rate = given["learning_rate"]
        return made
    return cls(**given)


def _scorer(cls: type, given: dict[str, Any]) -> Scorer:
    """A scorer; one by name is looked up when it is used, because scikit-learn may not be loaded yet."""
    scorer, name = given.get("scorer"), given.get("name")
    if not isinstance(name, str) or refused.NAME.fullmatch(name) is None:
        raise ValueError(f"{shown(name)} is not a name")
    return Scorer.unchecked(name) if scorer is None else Scorer(name, scorer)


def _tree(cls: type, given: dict[str, Any]) -> Tree:
    """A tree from its leaves and the letters of its nodes, parents before children."""
    leaves, letters = iter(given["leaves"]), str(given["preorder"])
    count = len(given["leaves"])
    if (letters.count("L"), letters.count("N")) != (count, count - 1) or count > MAX_LEAVES:
        raise ValueError(f"{count} leaves, {len(letters)} letters")
    open_nodes: list[list[Any]] = [[]]
    for letter in letters:
        if letter == "N":
            open_nodes.append([])
            if len(open_nodes) > MAX_TREE_DEPTH:
                raise ValueError("the tree is too deep")
            continue
        open_nodes[-1].append(next(leaves))
        while len(open_nodes) > 1 and len(open_nodes[-1]) == 2:
            left, right = open_nodes.pop()
            open_nodes[-1].append((left, right))
    if len(open_nodes) > 1 or len(open_nodes[0]) > 1:
        raise ValueError("the tree has loose ends")
    return Tree(open_nodes[0][0])


_BUILDERS: dict[type, Callable[[type, dict[str, Any]], Any]] = {Scorer: _scorer, Tree: _tree}


def same(a: Any, b: Any) -> bool:
    """Whether a constructor kept an argument as it was: equal, and of the same type.

    Examples
    --------
    >>> same((1, 2.0), (1, 2.0)), same(1, True), same([1], (1,))
    (True, False, False)
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, functools.partial):
        return a.func is b.func and same(a.args, b.args) and same(a.keywords, b.keywords)
    if a is None or isinstance(a, bool | int | float | str):
        return bool(a == b)
    return a is b or getattr(a, "__self__", a) is getattr(b, "__self__", b)
