"""Optional packages: imported when used, with an error that says how to install them."""

from __future__ import annotations

from typing import Any

from glassnet.errors import GlassnetError
from glassnet.random import same_random_state


def pyplot(where: str) -> Any:
    """Matplotlib's pyplot.

    Parameters
    ----------
    where : str
        What needs it, such as ``"History.plot()"``.

    Raises
    ------
    GlassnetError
        Matplotlib is not installed.
    """
    try:
        with same_random_state():
            from matplotlib import pyplot as plt
    except ImportError as error:
        raise _missing(where, "matplotlib", "plot") from error
    return plt


def onnx(where: str) -> Any:
    """The package onnx, with its checker.

    Parameters
    ----------
    where : str
        What needs it, such as ``"to_onnx()"``.

    Raises
    ------
    GlassnetError
        It is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.numpy_helper
    except ImportError as error:
        raise _missing(where, "onnx", "onnx") from error
    return onnx


def pyarrow(where: str) -> Any:
    """The package pyarrow, with the parts that read and write tables.

    Parameters
    ----------
    where : str
        What needs it, such as ``"reading a table"``.

    Raises
    ------
    GlassnetError
        It is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError as error:
        raise _missing(where, "pyarrow", "frames") from error
    return pa


def skl2onnx(where: str) -> Any:
    """The package skl2onnx.

    Parameters
    ----------
    where : str
        What needs it, such as ``"register_skl2onnx()"``.

    Raises
    ------
    GlassnetError
        It is not installed.
    """
    try:
        import skl2onnx
    except ImportError as error:
        raise _missing(where, "skl2onnx", "onnx") from error
    return skl2onnx


def onnxruntime() -> Any:
    """The package onnxruntime, or None where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    return onnxruntime


def _missing(where: str, package: str, extra: str) -> GlassnetError:
    return GlassnetError(
        f'{where} needs {package}, which is not installed.\nInstall it: pip install "glassnet[{extra}]"'
    )
