"""Names for nodes, read from the bytecode that stores the result in the user's variable.

The instruction after the call says ``STORE_FAST z``: the node is called ``z``. A ``RETURN_VALUE`` passes the
question on to the caller. No source file is needed, and a failure only costs a pretty name.
"""

from __future__ import annotations

import builtins
import dis
import itertools
import keyword
import re
import weakref
from collections.abc import Sequence
from functools import lru_cache
from types import CodeType, FrameType

from glassnet.graph.node import Node
from glassnet.trace.frames import calling_frame, is_hidden, visible_frame

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
RESERVED = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "np", "math", "n", "self"))
_UNNAMED = ("const", "input", "size")


def is_identifier(name: str) -> bool:
    """Whether a traced variable's name may stand in a printed program."""
    return IDENTIFIER.fullmatch(name) is not None and name not in RESERVED and not name.startswith("__")


def argument_names(found: Sequence[str], count: int) -> list[str]:
    """One name for each argument, no two alike: its own where that may be printed, else x1, x2, ..."""
    own = [name if is_identifier(name) else "" for name in found[:count]]
    own += [""] * (count - len(own))
    names: list[str] = []
    for i, name in enumerate(own):
        fresh = (f"x{k}" for k in range(i + 1, 2 * count + 2))
        names.append(name or next(x for x in fresh if x not in own and x not in names))
    return names


@lru_cache(maxsize=4096)
def _following(code: CodeType) -> dict[int, dis.Instruction]:
    """Byte offset → the instruction after the one at (or around, with its caches) that offset."""
    instructions = list(dis.get_instructions(code))
    at = {instruction.offset: instruction for instruction in instructions}
    table = {}
    for this, following in itertools.pairwise(instructions):
        if following.opname == "JUMP_FORWARD":  # the end of a branch of `a if c else b`
            following = at[following.argval]
        for offset in range(this.offset, following.offset, 2):
            table[offset] = following
    return table


def target_name() -> tuple[str | None, tuple[FrameType, int] | None]:
    """The variable that the value being computed will be stored in, and the place of that store."""
    frame = calling_frame()
    while frame is not None and not is_hidden(frame):
        following = _following(frame.f_code).get(frame.f_lasti)
        if following is None:
            break
        name = following.argval
        if following.opname.startswith("STORE_") and isinstance(name, tuple):
            name = name[0]  # Python 3.13 fuses two stores, or a store and a load, into one instruction
        if following.opname.startswith("STORE_") and isinstance(name, str):
            return (name if is_identifier(name) else None), (frame, frame.f_lasti)
        if following.opname != "RETURN_VALUE":
            break
        frame = frame.f_back
    return None, None


class NameReader:
    """Gives nodes the names of the variables they are stored in.

    A later value from the same place takes the name over: temporaries inside a library function would
    otherwise keep it.
    """

    def __init__(self) -> None:
        self.sites: dict[tuple[FrameType, int], Node] = {}
        self.active = True

    def __call__(self, node: Node) -> None:
        if not self.active or node.op in _UNNAMED:
            return
        name, site = target_name()
        if name is None or site is None:
            return
        earlier = self.sites.get(site)
        if earlier is not None and earlier is not node:
            earlier.label.name = None
        if node.label.name is None:
            node.label.name = name
            self.sites[site] = node


class LastNameReader:
    """The same for models under construction, which have no end: it remembers one place, and no frame."""

    def __init__(self) -> None:
        self.site: tuple[int, int] | None = None
        self.node: weakref.ref[Node] | None = None

    def __call__(self, node: Node) -> None:
        if node.op in _UNNAMED:
            return
        name, found = target_name()
        if name is None or found is None:
            return
        site = id(found[0]), found[1]
        earlier = self.node() if self.node is not None and site == self.site else None
        if earlier is not None and earlier is not node:
            earlier.label.name = None
        if node.label.name is None:
            node.label.name = name
            self.site, self.node = site, weakref.ref(node)


def unused(name: str, taken: set[str]) -> str:
    """``name``, or ``name_2`` and so on where it is taken; taken from now on."""
    numbered = (f"{name}_{count}" for count in itertools.count(2))
    free = name if name not in taken else next(other for other in numbered if other not in taken)
    taken.add(free)
    return free


def variable_holding(array: object) -> str | None:
    """The name of a local, enclosing or global variable of the user's that is this very object."""
    frame = visible_frame()
    if frame is None:
        return None
    for scope in (frame.f_locals, frame.f_globals):
        for name, value in list(scope.items()):
            if value is array and is_identifier(name):
                return name
    return None
