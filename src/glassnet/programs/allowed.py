"""What generated text may contain: checked before it runs.

The printers already build text from a closed alphabet; this second, independent look makes sure that a
mistake there cannot become a way to run something else.
"""

from __future__ import annotations

import ast

from glassnet.errors import GlassnetError

_NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.AugAssign, ast.Return, ast.Expr,
    ast.Import, ast.alias, ast.For, ast.Name, ast.Load, ast.Store, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice,
    ast.Tuple, ast.List, ast.Dict, ast.Starred, ast.Call, ast.keyword, ast.BinOp, ast.UnaryOp, ast.Compare,
    ast.BoolOp, ast.IfExp, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip
_MODULES = ("math", "numpy")
_BUILTINS = frozenset(("abs", "float", "int", "max", "min", "range"))
_NUMPY = frozenset(
    [
        "abs",
        "add.at",
        "arange",
        "argsort",
        "array",
        "broadcast_to",
        "concatenate",
        "cos",
        "exp",
        "expm1",
        "floor",
        "full",
        "log",
        "log1p",
        "maximum",
        "minimum",
        "prod",
        "s_",
        "sign",
        "sin",
        "sqrt",
        "take_along_axis",
        "tanh",
        "uint32",
        "where",
        "zeros",
        "inf",
        "nan",
        "float32",
    ]
)
_MATH = frozenset(["cos", "exp", "expm1", "floor", "log", "log1p", "sin", "sqrt", "tanh"])
_METHODS = frozenset(["argmax", "astype", "max", "mean", "min", "reshape", "sum", "transpose", "type", "var"])
_ATTRIBUTES = _METHODS | frozenset(["T", "dtype", "ndim", "shape"])


class GeneratedCodeError(GlassnetError, AssertionError):
    """Generated text contains something that no printer should write: a bug in glassnet."""


def check_text(text: str) -> ast.Module:
    """Parse generated text and refuse whatever is not on the list.

    Parameters
    ----------
    text : str
        A printed program.

    Returns
    -------
    ast.Module

    Raises
    ------
    GeneratedCodeError
        Naming the line.
    """
    tree = ast.parse(text)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        problem = _problem(node, own)
        if problem:
            raise GeneratedCodeError(f"line {getattr(node, 'lineno', '?')} of a printed program: {problem}")
    return tree


def _problem(node: ast.AST, own: set[str]) -> str:
    if not isinstance(node, _NODES):
        return f"{type(node).__name__} is not allowed"
    if isinstance(node, ast.Import) and any(alias.name not in _MODULES for alias in node.names):
        return "an import"
    if isinstance(node, ast.Attribute):
        return _attribute_problem(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in own | _BUILTINS:
        return f"a call of {node.func.id}"
    if isinstance(node, ast.Name) and node.id.startswith("__"):
        return f"the name {node.id}"
    return ""


def _attribute_problem(node: ast.Attribute) -> str:
    path = ast.unparse(node)
    module, _, name = path.partition(".")
    if module == "np" and name in _NUMPY | {"add"}:
        return ""
    if module == "math" and name in _MATH:
        return ""
    if module in ("np", "math") and isinstance(node.value, ast.Name):
        return f"{path} is not allowed"
    return "" if node.attr in _ATTRIBUTES or path == "np.add.at" else f"attribute {node.attr} is not allowed"
