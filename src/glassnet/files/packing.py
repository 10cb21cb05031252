"""Objects → JSON and arrays.

Plain values stand for themselves; everything else is an object with a tag::

    {"tuple": [...]}   {"dict": [[key, value], ...]}   {"float": "nan"}
    {"array": "arrays/0"}   {"strings": [...]}   {"objects": [...]}
    {"layer": "Dense", "config": {...}, "name": "scores"}
    {"object": "regularizer/L2", "config": {"l2": 0.01}}
    {"function": "activation/relu", "options": {...}}
    {"custom": "Scale", "config": {...}}       a class or function of the user's, by its name alone
    {"per_example": {...}}                     a loss as a metric's function

An object is described by its constructor's arguments, which it keeps as attributes of the same names.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from glassnet.files import registry
from glassnet.files.header import DTYPES
from glassnet.files.refused import LARGEST, NAME, refuse, shown
from glassnet.files.strict_json import DEPTH
from glassnet.nn.layer import Layer
from glassnet.nn.losses import Loss, Tree

Json = Any
# Types that modules further down the line know how to describe: type → (tag, function of packer, value, key).
EXTENSIONS: dict[type, tuple[str, Callable[[Packer, Any, str], Json]]] = {}
_REMEDY = "Write it with def or class in a module, and hand it to gn.load(path, custom={...})"


class Packer:
    """Describes objects, and collects the arrays that they hold.

    Attributes
    ----------
    arrays : dict of str to ndarray
        What becomes the file's tensors.

    Examples
    --------
    >>> from glassnet.nn.regularizers import L2
    >>> Packer().pack({"l2": L2(0.5), "sizes": (3, 4)})
    {'dict': [['l2', {'object': 'regularizer/L2', 'config': {'l2': 0.5}}], ['sizes', {'tuple': [3, 4]}]]}
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._layers: list[Layer] = []
        self._depth = self._models = 0

    def prefix(self) -> str:
        """What the tensors' names of the next model begin with: nothing for the first."""
        self._models += 1
        return "" if self._models == 1 else f"model_{self._models}/"

    def pack(self, value: Any, key: str = "") -> Json:
        """What JSON can hold of a value.

        Parameters
        ----------
        value : object
            None, numbers, texts, lists, tuples, dicts, arrays; layers, losses, optimizers and their like;
            models; functions and objects of classes of one's own.
        key : str
            Where it stands, for messages.

        Raises
        ------
        Refused
            It cannot be stored.
        """
        self._depth += 1
        if self._depth > DEPTH:
            refuse(key, f"is nested deeper than {DEPTH}.")
        try:
            return self._packed(value, key)
        finally:
            self._depth -= 1

    def _packed(self, value: Any, key: str) -> Json:
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, np.generic):
            return self.pack(value.item(), key)
        for types, rule in _RULES:
            if isinstance(value, types):
                return rule(self, value, key)
        for known, (tag, describe) in EXTENSIONS.items():
            if isinstance(value, known):
                return {tag: describe(self, value, key)}
        kind = registry.KIND_OF.get(type(value))
        if kind is not None:
            return {"object": f"{kind}/{type(value).__name__}", "config": self.config(value, key)}
        return self._function(value, key) if _is_function(value) else self._custom(value, key)

    def config(self, value: Any, key: str) -> dict[str, Json]:
        """A constructor's arguments by name."""
        if isinstance(value, Tree):
            return _tree(value, self, key)
        check_patterns(getattr(value, "decay_exclusions", None), key)
        found = {}
        cls: Any = type(value)
        for argument in registry.arguments(cls):
            name = registry.attribute(value, argument)
            if not hasattr(value, name):
                owner = type(value).__name__
                refuse(
                    key, f"cannot be stored: {owner} keeps no attribute {name!r}, its __init__'s argument."
                )
            found[argument] = self.pack(getattr(value, name), f"{key}.{argument}")
            if cls in registry.KIND_OF or registry.LAYERS.get(cls.__name__) is cls:
                check_roles(found[argument], registry.roles(argument), f"{key}.{argument}")
        return found

    # ------------------------------------------------------------------------------------ one rule per type
    def _integer(self, value: int, key: str) -> Json:
        if not -LARGEST <= value < LARGEST:
            refuse(key, f"cannot be stored: {shown(value)} does not fit 64 bits.")
        return int(value)

    def _float(self, value: float, key: str) -> Json:
        return float(value) if math.isfinite(value) else {"float": str(float(value))}

    def _list(self, value: list[Any], key: str) -> Json:
        return [self.pack(item, f"{key}[{i}]") for i, item in enumerate(value)]

    def _tuple(self, value: tuple[Any, ...], key: str) -> Json:
        return {"tuple": self._list(list(value), key)}

    def _dict(self, value: Mapping[Any, Any], key: str) -> Json:
        pairs = [[self.pack(k, key), self.pack(v, f"{key}[{k!r}]")] for k, v in value.items()]
        return {"dict": pairs}

    def _array(self, value: np.ndarray, key: str) -> Json:
        if value.dtype.kind in "UO" and value.ndim == 1:
            tag = "strings" if value.dtype.kind == "U" else "objects"
            return {tag: self._list(value.tolist(), key)}
        if value.dtype.newbyteorder("<") not in map(np.dtype, DTYPES.values()):
            refuse(key, f"cannot be stored: an array of {value.dtype} and {value.ndim} dimensions.")
        name = f"arrays/{sum(known.startswith('arrays/') for known in self.arrays)}"
        self.arrays[name] = value
        return {"array": name}

    def _layer(self, value: Layer, key: str) -> Json:
        if any(value is known for known in self._layers):
            refuse(key, f"cannot be stored: {value!r} stands inside two layers.")
        self._layers.append(value)
        cls = type(value)
        known = registry.LAYERS.get(cls.__name__) is cls
        config = self.config(value, key) if known else self._own_config(value, key)
        for name in (
            "name",
            "trainable",
        ):  # kept for all layers alike, whether their __init__ takes them or not
            config.pop(name, None)
        named = {} if value.name is None else {"name": value.name}
        return {"layer" if known else "custom": _name(cls, key), "config": config, **named}

    def _partial(self, value: functools.partial[Any], key: str) -> Json:
        if value.args:
            refuse(key, f"cannot be stored: {shown(value)} has positional arguments. Give them by name.")
        options = {name: self.pack(v, f"{key}.{name}") for name, v in value.keywords.items()}
        return {**self.pack(value.func, key), "options": options}

    def _function(self, value: Any, key: str) -> Json:
        owner = getattr(value, "__self__", None)
        if isinstance(owner, Loss) and value.__name__ == "per_example":
            return {"per_example": self.pack(owner, key)}
        kind = registry.FUNCTION_KIND.get(value)
        if kind is not None:
            return {"function": f"{kind}/{value.__name__}"}
        if owner is not None:
            refuse(key, f"cannot be stored: {shown(value)} is a method. {_REMEDY}.")
        return {"custom": _name(value, key)}

    def _custom(self, value: Any, key: str) -> Json:
        return {"custom": _name(type(value), key), "config": self._own_config(value, key)}

    def _own_config(self, value: Any, key: str) -> dict[str, Json]:
        """The configuration of an object of a class of the user's: what it says itself, or its arguments."""
        own = getattr(value, "get_config", None)
        if own is None:
            return self.config(value, key)
        return {str(name): self.pack(v, f"{key}.{name}") for name, v in own().items()}


_RULES: tuple[tuple[Any, Callable[[Packer, Any, str], Json]], ...] = (
    (int, Packer._integer),
    (float, Packer._float),
    (list, Packer._list),
    (tuple, Packer._tuple),
    (dict, Packer._dict),
    (np.ndarray, Packer._array),
    (Layer, Packer._layer),
    (functools.partial, Packer._partial),
)


def _is_function(value: Any) -> bool:
    """Whether something is called for what it is, not for the object's options."""
    return callable(value) and hasattr(value, "__name__")


def _name(value: Any, key: str) -> str:
    """The name of a class or function, or an error for those that have none of their own."""
    name = getattr(value, "__name__", "")
    if NAME.fullmatch(name) is None:
        refuse(key, f"cannot be stored: {shown(value)} has no name of its own. {_REMEDY}.")
    return str(name)


def _tree(tree: Tree, packer: Packer, key: str) -> dict[str, Json]:
    """A tree without nesting: its leaves, and N for a node and L for a leaf, parents before children."""
    letters = []
    stack = [list(range(len(tree)))]
    while stack:
        leaves = stack.pop()
        letters.append("L" if len(leaves) == 1 else "N")
        if len(leaves) > 1:
            left, right = tree.parted(leaves)
            stack += [right, left]
    return {"leaves": packer.pack(tree.leaves, key), "preorder": "".join(letters)}


def check_patterns(patterns: Any, key: str) -> None:
    """Refuse regular expressions by which a file could make ``fit`` take for ever."""
    for pattern in patterns or ():
        if not isinstance(pattern, str) or not registry.is_harmless(pattern):
            refuse(
                f"{key}.decay_exclusions",
                f"holds {shown(pattern)}. In files: names, such as 'bias', or expressions without groups.",
            )


def check_roles(packed: Json, allowed: Collection[str], key: str) -> None:
    """What stands in an argument is of a kind that belongs there."""
    if isinstance(packed, list):
        for item in packed:
            check_roles(item, allowed, key)
    elif isinstance(packed, dict):
        named = packed.get("object", packed.get("function"))
        kind = str(named).partition("/")[0] if named is not None else next(iter(packed), "")
        if kind == "tuple":
            check_roles(packed["tuple"], allowed, key)
        elif kind not in (*allowed, "dict") and (kind not in ("custom", "per_example") or not allowed):
            refuse(key, f"cannot be {shown(packed)}.")
