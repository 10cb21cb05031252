"""What generated text may contain: checked before it runs.

The printers already build text from a closed alphabet; this second, independent look makes sure that a
mistake there cannot become a way to run something else.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from glassnet.errors import GlassnetError

_NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.AugAssign, ast.Return, ast.Expr,
    ast.Import, ast.alias, ast.For, ast.Name, ast.Load, ast.Store, ast.Constant, ast.Attribute, ast.Subscript,
    ast.Slice, ast.Tuple, ast.List, ast.Dict, ast.Starred, ast.Call, ast.keyword, ast.BinOp, ast.UnaryOp,
    ast.Compare, ast.BoolOp, ast.IfExp, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip
_MODULES = {"math": ("math", None), "np": ("numpy", "np")}  # name in the text → module, alias
_BUILTINS = frozenset(("abs", "bool", "float", "int", "max", "min", "range"))
_REFUSED = frozenset(dir(builtins)) - _BUILTINS
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
_MATH = frozenset(["cos", "exp", "expm1", "floor", "log", "log1p", "pi", "sin", "sqrt", "tanh"])
_METHODS = frozenset(
    ["argmax", "argmin", "astype", "max", "mean", "min", "reshape", "sum", "transpose", "type", "var"]
)
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
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise GeneratedCodeError(f"line {error.lineno} of a printed program: {error.msg}") from None
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for scope in (tree, *tree.body):
        for node, problem in _problems(scope, own):
            raise GeneratedCodeError(f"line {getattr(node, 'lineno', '?')} of a printed program: {problem}")
    return tree


def _problems(scope: ast.AST, own: set[str]) -> Iterator[tuple[ast.AST, str]]:
    """What is wrong inside the module as a whole, or inside one of its statements."""
    inside = list(ast.walk(scope))
    bound = {name for node in inside for name in _bound(node)}
    callable_names = (own | _BUILTINS) - (set() if isinstance(scope, ast.Module) else bound)
    for node in inside:
        problem = _problem(node, callable_names)
        if not problem and node in getattr(scope, "body", ()):
            problem = _statement_problem(node, isinstance(scope, ast.Module))
        if problem:
            yield node, problem


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node gives a new meaning inside a function."""
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id


def _statement_problem(node: ast.AST, at_top: bool) -> str:
    """Functions stand at the top; besides them only imports and numbers."""
    if isinstance(node, ast.FunctionDef):
        return (
            "" if at_top and not node.decorator_list else "a function inside a function, or with a decorator"
        )
    allowed_at_top = isinstance(node, ast.Import | ast.Assign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
    if at_top and (not allowed_at_top or any(isinstance(part, ast.Call) for part in ast.walk(node))):
        return "a statement outside a function"
    return ""


def _problem(node: ast.AST, callable_names: set[str] | frozenset[str]) -> str:
    if not isinstance(node, _NODES):
        return f"{type(node).__name__} is not allowed"
    if isinstance(node, ast.Import):
        known = all((alias.name, alias.asname) in _MODULES.values() for alias in node.names)
        return "" if known else "an import"
    if isinstance(node, ast.Attribute):
        return _attribute_problem(node)
    if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
        name = node.func.id if isinstance(node.func, ast.Name) else type(node.func).__name__
        return "" if name in callable_names and isinstance(node.func, ast.Name) else f"a call of {name}"
    return _name_problem(node)


def _name_problem(node: ast.AST) -> str:
    if isinstance(node, ast.Name | ast.arg | ast.FunctionDef):
        name = next(str(getattr(node, field)) for field in ("id", "arg", "name") if hasattr(node, field))
        if name in _REFUSED or name.startswith("__"):
            return f"the name {name}"
    return next((f"a new meaning of {name}" for name in _bound(node) if name in _MODULES), "")


def _attribute_problem(node: ast.Attribute) -> str:
    path = ast.unparse(node)
    if not isinstance(node.ctx, ast.Load):
        return f"{path} is not allowed to change"
    module, _, name = path.partition(".")
    if module == "np" and name in _NUMPY | {"add"}:
        return ""
    if module == "math" and name in _MATH:
        return ""
    if module in _MODULES and isinstance(node.value, ast.Name):
        return f"{path} is not allowed"
    return "" if node.attr in _ATTRIBUTES or path == "np.add.at" else f"attribute {node.attr} is not allowed"
