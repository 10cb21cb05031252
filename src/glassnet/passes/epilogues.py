"""What can be done to the elements of a product while they are still in registers, and how that is said.

A product whose only reader computes element by element need not be written to memory: the reader's expression
becomes the product's *epilogue*. :func:`find_epilogues` chooses; :func:`parse` reads the text of one, as
compiled programs have it (:mod:`glassnet.kernels.epilogue` has an example).
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from glassnet.graph.dims import Shape
from glassnet.graph.node import Node
from glassnet.passes import narrow
from glassnet.passes.movement import as_view, canonical, is_trivial

# What a text may call besides `f`, the program's float type.
FUNCTIONS = narrow.FUNCTIONS | {"abs", "maximum", "minimum", "sqrt"}
# How an argument may be read, and how many axes it then has.
FORMS = {"ij": 2, "j": 1, "i": 1, "": 0}
_OPS = FUNCTIONS | frozenset((
    "add", "sub", "mul", "div", "neg", "where", "less", "less_equal", "greater", "greater_equal", "equal",
    "not_equal", "logical_and", "logical_or", "logical_not",
))  # fmt: skip
_POWERS = (2, 3, 4)  # printed as products


class Epilogue(NamedTuple):
    """A text, and how it reads its arguments.

    Parameters
    ----------
    text : str
    names : tuple of str
        Its arguments, in the order in which they appear.
    forms : tuple of str
        The indices behind each: ``"ij"``, ``"j"``, ``"i"``, or none for a number.
    """

    text: str
    names: tuple[str, ...]
    forms: tuple[str, ...]


@lru_cache(maxsize=256)
def statements(text: str) -> list[ast.stmt]:
    """Assignments, and the expression that the result gets."""
    body = ast.parse(text).body
    if not body or not isinstance(body[-1], ast.Expr):
        raise ValueError(f"{text!r} does not end with an expression.")
    return body


@lru_cache(maxsize=256)
def parse(text: str) -> Epilogue:
    """Find the arguments of a text.

    Raises
    ------
    ValueError
        It does not end with an expression, or reads one name in two ways.

    Examples
    --------
    >>> parse("z1 = product + b1[j]; f(0) if z1 < f(0) else z1")[1:]
    (('b1',), ('j',))
    >>> parse("product * f(h1[i, j] > f(0))")[1:]
    (('h1',), ('ij',))
    """
    body = statements(text)
    known = {"product", "i", "j", "f", *FUNCTIONS}
    known |= {ast.unparse(part.targets[0]) for part in body if isinstance(part, ast.Assign)}
    found: dict[str, str] = {}
    for node in _in_order(body):
        name, form = (node.id, found.get(node.id, "")) if isinstance(node, ast.Name) else _indexed(node)
        if name not in known and found.setdefault(name, form) != form:
            raise ValueError(f"{text!r} reads {name} in two ways.")
    return Epilogue(text, tuple(found), tuple(found.values()))


def _indexed(node: ast.Subscript) -> tuple[str, str]:
    return ast.unparse(node.value), ast.unparse(node.slice).strip("()").replace(", ", "")


def _in_order(body: list[ast.stmt]) -> list[ast.Subscript | ast.Name]:
    """Names and what is indexed, from left to right; what is indexed before its own name."""
    nodes = [
        node
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript | ast.Name)
    ]
    return sorted(nodes, key=lambda node: (node.lineno, node.col_offset, -(node.end_col_offset or 0)))


# ------------------------------------------------------------------------------------------ choosing
def find_epilogues(
    nodes: Sequence[Node], solid: Collection[Node], stored: Collection[Node], unfit: Collection[Node]
) -> dict[Node, tuple[Node, set[Node]]]:
    """Result → the product that it is an epilogue of, and the steps between.

    A product is finished as far as all its readers agree: to the one value that is made of it, or to what all
    of them begin with, such as the sum with the bias. Functions on the way are no longer values of their own.

    Parameters
    ----------
    nodes : sequence of Node
        The graph, operands first.
    solid : collection of Node
        The values that are computed once.
    stored : collection of Node
        Those that are needed in memory.
    unfit : collection of Node
        Products that are needed in memory, and values that no epilogue may be made of.
    """
    readers: dict[Node, list[Node]] = {}
    for node in nodes:
        for x in node.inputs:
            readers.setdefault(x, []).append(node)
    firm = {
        node for node in solid if node in stored or node in unfit or node.op not in _OPS or not node.shape
    }
    found: dict[Node, tuple[Node, set[Node]]] = {}
    taken: set[Node] = set()
    for product in nodes:
        if product in solid and product not in unfit and _is_plain(product):
            ways = _made_of(product, readers, firm)
            for result in sorted(ways - taken, key=lambda node: node.id, reverse=True):
                steps = _made_of(product, readers, firm, without=result)
                # All that has to be there and is made of the product is made of its result, or is it.
                if not steps & (firm | taken) and _may_be_result(result, product, set(solid) - steps, unfit):
                    found[result] = product, steps
                    taken |= {result, *steps}
                    break
    return found


def _made_of(
    product: Node, readers: Mapping[Node, list[Node]], firm: Collection[Node], without: Node | None = None
) -> set[Node]:
    """What is made of a product, up to the first firm values, which have to be there."""
    found: set[Node] = set()
    ahead = [product]
    while ahead:
        for reader in readers.get(ahead.pop(), ()):
            if reader not in found and reader is not without:
                found.add(reader)
                if reader not in firm:
                    ahead.append(reader)
    return found


def _may_be_result(result: Node, product: Node, solid: Collection[Node], unfit: Collection[Node]) -> bool:
    # An update has to wait until all gradients are there, and known to be finite.
    here = result.shape == product.shape and result.label.phase != "update"
    return here and result.kind == "float" and _fits(result, product, solid, unfit, top=True)


def _is_plain(node: Node) -> bool:
    """Whether a value is a product of two matrices of floats, and more than a row or a column."""
    flat = node.op == "matmul" and node.kind == "float" and all(x.ndim == 2 for x in node.inputs)
    return flat and isinstance(node.shape[1], int) and 1 not in node.shape


def _fits(
    node: Node, product: Node, solid: Collection[Node], unfit: Collection[Node], top: bool = False
) -> bool:
    """Whether a value is made of what an epilogue can say: elements in its own place, a row, numbers."""
    if node is product or node.op in ("const", "size"):
        return True
    if node in unfit and not top:
        return False
    if (node.op == "input" or node in solid or _is_part(node)) and not top:
        return _is_argument(node, product.shape)
    if node.op == "broadcast" or (node.op == "reshape" and is_trivial(node) and not canonical(node.shape)):
        return _fits(node.inputs[0], product, solid, unfit)
    if node.op == "cast":
        source = node.inputs[0].kind
        return (source == "bool" or source.startswith("weak")) and _fits(
            node.inputs[0], product, solid, unfit
        )
    power = node.op == "pow" and node.inputs[1].op == "const" and node.inputs[1].attrs["value"] in _POWERS
    operands = node.inputs[:1] if power else node.inputs
    return (power or node.op in _OPS) and all(_fits(x, product, solid, unfit) for x in operands)


def _is_part(node: Node) -> bool:
    """Whether a value is a part of an input array that has a name of its own: a layer's bias, a kernel."""
    named = node.op == "slice" and node.label.name is not None
    return (named or (node.op == "reshape" and not is_trivial(node))) and as_view(node, set()) is not None


def _is_argument(node: Node, shape: Shape) -> bool:
    if not canonical(node.shape):
        return node.ndim == 0
    if node.kind == "bool":
        return node.shape == shape
    return node.kind == "float" and (node.shape == shape or node.shape == shape[1:])
