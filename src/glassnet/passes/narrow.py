"""Functions of rows that are narrower than a vector: computed over all rows at once.

A loop over two classes inside a loop over four rows leaves most lanes of a vector empty, and the logarithm
of a row's sum fills just one. ``exp`` takes as long for sixteen numbers as for one, so these functions get
a loop of their own over all their numbers, as they lie in memory; simpler operations do not pay for the
extra memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.graph.dims import Dim, product
from glassnet.graph.node import Node
from glassnet.passes.movement import LEAVES, MOVEMENT, random_values

FUNCTIONS = frozenset(("exp", "log", "tanh", "sin", "cos", "expm1", "log1p"))
_LANES = 16  # rows of so many numbers fill the widest vectors


def narrow_functions(nodes: Sequence[Node]) -> set[Node]:
    """The functions that get a loop of their own; what each is a function of has to be in memory.

    Parameters
    ----------
    nodes : sequence of Node
        Operands before what is made of them.

    Returns
    -------
    set of Node
    """
    single = random_values(nodes)  # float32 in every program, while memory has the program's own type
    return {node for node in nodes if _is_narrow(node) and node not in single}


def _is_narrow(node: Node) -> bool:
    if node.op not in FUNCTIONS or not node.shape or not isinstance(node.shape[0], Dim):
        return False
    x, width = node.inputs[0], product(node.shape[1:])
    computed = x.op == "input" or x.op not in LEAVES | MOVEMENT
    return computed and x.kind == node.kind == "float" and isinstance(width, int) and width < _LANES
