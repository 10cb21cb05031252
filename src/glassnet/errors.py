"""Every error glassnet raises on purpose.

    GlassnetError
    ├── InputError        (ValueError)    bad values or arguments
    │   └── UnknownNameError              an identifier nobody knows
    ├── InputTypeError    (TypeError)     data of a kind that cannot be used
    ├── ShapeError        (ValueError)    arrays or layers that do not fit
    ├── TraceError        (TypeError)     Python or NumPy that cannot become a graph
    ├── NotBuiltError     (RuntimeError)  a model used before its input shape is known
    ├── DataFileError     (OSError)       a data file that is missing or damaged
    ├── ModelFileError    (ValueError)    a model file that cannot be read or written
    └── DivergenceError   (ArithmeticError)  training produced NaN or inf

Each message says what was found and where, what was expected, and how to fix it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DataFileError",
    "DivergenceError",
    "DivergenceWarning",
    "GlassnetError",
    "InputError",
    "InputTypeError",
    "ModelFileError",
    "NotBuiltError",
    "ShapeError",
    "TraceError",
    "UnknownNameError",
]


class GlassnetError(Exception):
    """Base of all errors raised by glassnet."""


class InputError(GlassnetError, ValueError):
    """A value or an argument that cannot be used."""


class UnknownNameError(InputError):
    """An identifier, such as an activation's name, that is not known."""


class InputTypeError(GlassnetError, TypeError):
    """Data of a kind that cannot be used, such as text where numbers are needed."""


class ShapeError(GlassnetError, ValueError):
    """Arrays or layers whose shapes do not fit together."""


class TraceError(GlassnetError, TypeError):
    """Python or NumPy code that cannot become part of a graph."""


class NotBuiltError(GlassnetError, RuntimeError):
    """A model or layer was used before its input shape was known."""


class DataFileError(GlassnetError, OSError):
    """A data file is missing or damaged; the message names the file."""


class ModelFileError(GlassnetError, ValueError):
    """A model file that cannot be read or written.

    Parameters
    ----------
    path : str
        The file.
    key : str
        Where in it: ``"model.layers[2].config.units"``; empty where the file as a whole is meant.
    reason : str
        What is wrong, and what to do.

    Examples
    --------
    >>> print(ModelFileError("m.safetensors", "model.seed", "must be a whole number; got 'a'."))
    m.safetensors: model.seed must be a whole number; got 'a'.
    """

    def __init__(self, path: str, key: str, reason: str) -> None:
        super().__init__(path, key, reason)
        self.path, self.key, self.reason = path, key, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.key} {self.reason}" if self.key else f"{self.path}: {self.reason}"


class DivergenceError(GlassnetError, ArithmeticError):
    """Training produced NaN or infinity."""


class DivergenceWarning(UserWarning):
    """Training was stopped because it produced NaN or infinity."""


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the nearest known name, or all of them.

    Parameters
    ----------
    name : str
        The unknown name.
    known : iterable of str
        The names that would have worked.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> suggest("rleu", ["relu", "tanh"])
    "Did you mean 'relu'?"
    >>> suggest("banana", ["relu", "tanh"])
    'Known names: relu, tanh.'
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known names: {', '.join(names)}."
