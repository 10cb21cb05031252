"""What the text of a compiled program may contain: a second look, as in :mod:`glassnet.programs.allowed`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from glassnet.programs.allowed import GeneratedCodeError

_NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.AugAssign, ast.Return, ast.Expr,
    ast.Import, ast.ImportFrom, ast.alias, ast.For, ast.While, ast.If, ast.Break, ast.Raise, ast.Name,
    ast.Load, ast.Store, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.Call,
    ast.keyword, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.operator, ast.unaryop,
    ast.cmpop, ast.boolop,
)  # fmt: skip
_OPTIONS = {"HELD", "INNER", "OPTIONS"}
KERNELS = frozenset((
    *_OPTIONS, "array", "barrier", "column_sums", "cos", "exp", "expm1", "flush_denormals", "gather",
    "gather_few", "gather_few_int", "gather_int", "gemm_at", "hash_keys", "log", "log1p", "matmul",
    "matmul_ta", "matmul_ta_then", "matmul_then", "maximum", "minimum", "plus", "row", "share", "shuffle",
    "sign", "sin", "sqrt", "tanh", "transpose", "uniform",
))  # fmt: skip
_CALLED = (KERNELS - _OPTIONS) | {
    "range",
    "int",
    "float",
    "min",
    "max",
    "abs",
    "f",
    "single",
    "ValueError",
}
_MATH = frozenset(
    f"math.{x}" for x in ("cos", "exp", "expm1", "floor", "log", "log1p", "sin", "sqrt", "tanh")
)
_NUMPY = frozenset(
    f"np.{x}" for x in ("bool_", "empty", "floor", "float32", "float64", "inf", "int64", "nan", "uint32")
)
_DECORATORS = ("njit(**OPTIONS)", "njit(**HELD)", "njit(**INNER)", "njit(forceinline=True, **INNER)")
_IMPORTS = (("import", "math"), ("import", "numpy as np"), ("numba", "njit"))


def check_compiled_text(text: str) -> ast.Module:
    """Parse the text of a compiled program and refuse whatever is not on the list.

    Parameters
    ----------
    text : str

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
        raise GeneratedCodeError(f"line {error.lineno} of a compiled program: {error.msg}") from None
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for statement in tree.body:
        problem = _top_problem(statement)
        if problem:
            raise GeneratedCodeError(f"line {statement.lineno} of a compiled program: {problem}")
    for node, problem in _problems(tree, own):
        raise GeneratedCodeError(f"line {getattr(node, 'lineno', '?')} of a compiled program: {problem}")
    return tree


def _top_problem(statement: ast.stmt) -> str:
    """At the top stand imports, types and numbers, and compiled functions."""
    if isinstance(statement, ast.Import):
        return (
            "" if all(("import", ast.unparse(name)) in _IMPORTS for name in statement.names) else "an import"
        )
    if isinstance(statement, ast.ImportFrom):
        known = statement.module == "glassnet.kernels" and all(
            name.name in KERNELS and name.asname is None for name in statement.names
        )
        return (
            "" if known or (statement.module, *map(ast.unparse, statement.names)) in _IMPORTS else "an import"
        )
    if isinstance(statement, ast.Assign):
        simple = isinstance(statement.value, ast.Constant) or ast.unparse(statement.value) in _NUMPY
        return "" if simple else "a statement outside a function"
    if isinstance(statement, ast.FunctionDef):
        decorators = [ast.unparse(decorator) for decorator in statement.decorator_list]
        return (
            "" if len(decorators) == 1 and decorators[0] in _DECORATORS else "a function that is not compiled"
        )
    return "a statement outside a function"


def _problems(tree: ast.Module, own: set[str]) -> Iterator[tuple[ast.AST, str]]:
    decorators = {id(part) for node in tree.body for part in _decorator_parts(node)}
    for node in ast.walk(tree):
        if id(node) in decorators:
            continue
        problem = _problem(node, own)
        if problem:
            yield node, problem


def _decorator_parts(statement: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(statement, ast.FunctionDef):
        for decorator in statement.decorator_list:
            yield from ast.walk(decorator)


def _problem(node: ast.AST, own: set[str]) -> str:
    if not isinstance(node, _NODES):
        return f"{type(node).__name__} is not allowed"
    if isinstance(node, ast.Attribute):
        path = ast.unparse(node)
        known = path in _MATH or path in _NUMPY or node.attr == "size"
        return "" if known and isinstance(node.ctx, ast.Load) else f"{path} is not allowed"
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        known = called in _CALLED or called in own or called in _MATH or called in _NUMPY
        return "" if known and not node.keywords else f"a call of {called}"
    if isinstance(node, ast.Name | ast.arg):
        name = node.id if isinstance(node, ast.Name) else node.arg
        stored = isinstance(node, ast.arg) or isinstance(node.ctx, ast.Store)
        taken = stored and name in (_CALLED - {"f", "single"}) | own | {
            "np",
            "math",
            "njit",
            "INNER",
            "OPTIONS",
        }
        return f"the name {name}" if name.startswith("__") or taken else ""
    return ""
