"""Ship what has been trained: files that run without glassnet.

Importing this package is cheap: a format's code is imported when that format is first asked for.
"""

from __future__ import annotations

import importlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

from glassnet.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from glassnet.export.c import to_c as to_c
    from glassnet.export.numpy import to_numpy as to_numpy
    from glassnet.export.onnx import to_onnx as to_onnx
    from glassnet.export.pipelines import register_skl2onnx as register_skl2onnx
    from glassnet.export.pytorch import to_pytorch as to_pytorch

__all__ = ["register_skl2onnx", "to_c", "to_numpy", "to_onnx", "to_pytorch"]

_MODULES = {
    "register_skl2onnx": "glassnet.export.pipelines",
    "to_c": "glassnet.export.c",
    "to_numpy": "glassnet.export.numpy",
    "to_onnx": "glassnet.export.onnx",
    "to_pytorch": "glassnet.export.pytorch",
}
# The suffix of a file → the function that writes it, and what the file is.
FORMATS = {
    ".onnx": ("to_onnx", "ONNX, for onnxruntime and its like"),
    ".c": ("to_c", "C99, with a header beside it"),
    ".py": ("to_numpy", "a module that needs NumPy only"),
    ".safetensors": ("to_pytorch", "weights under PyTorch's names"),
}


def __getattr__(name: str) -> Any:
    """A format's function, imported when it is asked for."""
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'glassnet.export' has no attribute {name!r}")


def write_by_suffix(thing: Any, path: Any, options: dict[str, Any]) -> None:
    """Write a model or an estimator in the format that the path's suffix names.

    Parameters
    ----------
    thing : Model or estimator
    path : str or path
    options : dict
        For the format's own function.

    Raises
    ------
    InputError
        A suffix of no known format.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputTypeError(f"a path is a text or a pathlib.Path; got {path!r}.")
    suffix = pathlib.Path(path).suffix
    if suffix.lower() not in FORMATS:
        known = "; ".join(f"{known} ({what})" for known, (_, what) in FORMATS.items())
        raise InputError(
            f"{os.fspath(path)}: the suffix {suffix!r} names no format that export() knows.\nUse {known}."
        )
    getattr(importlib.import_module(__name__), FORMATS[suffix.lower()][0])(thing, path, **options)
