"""Labels of any kind as whole numbers, and back: one per example, several yes or no, or several labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.utils.multiclass import type_of_target

from glassnet.errors import InputError, ShapeError
from glassnet.estimators.inputs import one_column, read_target
from glassnet.train import checks
from glassnet.train.reading import read_array
from glassnet.train.wording import count, place, short, some

Kind = Literal["single", "multilabel", "several"]


@dataclass(frozen=True)
class Labels:
    """What the classes of a task are.

    Attributes
    ----------
    kind : {"single", "multilabel", "several"}
        One label per example (n,); a table of 0 and 1 (n, k); a table of labels, one column per target.
    classes : tuple of ndarray
        The labels in ascending order, per target; one for ``"single"``, 0..k-1 for ``"multilabel"``.
    dtype : dtype
        Of y, which tables of 0 and 1 come back in.
    """

    kind: Kind
    classes: tuple[np.ndarray, ...]
    dtype: Any

    @classmethod
    def of(cls, y: np.ndarray, owner: str) -> Labels:
        """The classes that y holds."""
        kind = kind_of(y, owner)
        if kind == "single":
            return cls(kind, (np.unique(y),), y.dtype)
        if kind == "multilabel":
            return cls(kind, (np.arange(y.shape[1]),), y.dtype)
        return cls(kind, tuple(np.unique(column) for column in y.T), y.dtype)

    @property
    def attribute(self) -> Any:
        """What ``classes_`` shows: an array, or a list of one array per target."""
        return list(self.classes) if self.kind == "several" else self.classes[0]

    @property
    def sizes(self) -> list[int]:
        """The number of classes of each target."""
        return [len(found) for found in self.classes]

    # -------------------------------------------------------------------------------- to numbers and back
    def encode(self, y: np.ndarray, name: str, where: str) -> np.ndarray:
        """Labels as whole numbers from 0; 0 and 1 as they are.

        Raises
        ------
        InputError
            A label that is not among the classes; it lists them.
        ShapeError
            A y of another kind.
        """
        if self.kind == "multilabel":
            if y.ndim != 2 or y.shape[1] != self.sizes[0]:
                raise self._other_shape(y, name, where)
            return y.astype(np.int64)
        if self.kind == "single":
            if y.ndim != 1:
                raise self._other_shape(y, name, where)
            return _numbered(y, self.classes[0], name, where)
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise self._other_shape(y, name, where)
        columns = [_numbered(y[:, i], found, name, where) for i, found in enumerate(self.classes)]
        return np.stack(columns, axis=1)

    def _other_shape(self, y: np.ndarray, name: str, where: str) -> ShapeError:
        widths = {"single": "(n,)", "multilabel": f"(n, {self.sizes[0]})"}
        expected = widths.get(self.kind, f"(n, {len(self.classes)})")
        return ShapeError(f"{name} has shape {y.shape}; {where} needs {expected}, as in the first fit.")

    def decode(self, numbers: np.ndarray) -> np.ndarray:
        """Whole numbers as labels."""
        if self.kind == "multilabel":
            return numbers.astype(self.dtype)
        if self.kind == "single":
            single: np.ndarray = self.classes[0][numbers]
            return single
        columns = [found[numbers[:, i]] for i, found in enumerate(self.classes)]
        return np.stack(columns, axis=1)


def read_labels(y: Any, owner: str, where: str, name: str = "y") -> np.ndarray:
    """Y as an array without missing entries; a column becomes (n,).

    Parameters
    ----------
    y : array, series, list, or sparse table of 0 and 1
    owner, where, name : str
        The estimator, the method and the argument, for messages.

    Returns
    -------
    ndarray (n,) or (n, targets)
    """
    given = read_target(y, owner)
    array = read_array(given, name, where)
    if array.dtype.kind == "O" and not _texts(array).any():
        array = _plain(array)
    _refuse_missing(array, given, name, where)
    if array.ndim > 2:
        raise ShapeError(f"{name} has shape {array.shape}; {where} needs (n,) or (n, targets).")
    if not len(array):
        raise InputError(f"{name} has 0 rows.\n{where} needs at least one example.")
    return one_column(array)


def _texts(array: np.ndarray) -> np.ndarray:
    return np.fromiter((isinstance(v, str | bytes) for v in array.flat), bool, array.size)


def _plain(array: np.ndarray) -> np.ndarray:
    """An array of Python's numbers, in NumPy's type for them."""
    try:
        found = np.array(array.tolist())
    except ValueError:
        return array
    return found if found.dtype.kind in "biuf" else array


def _refuse_missing(array: np.ndarray, y: Any, name: str, where: str) -> None:
    if array.dtype.kind == "f":
        checks.as_array(array, name, where=where, dtype=np.float64)  # finite
    if array.dtype.kind == "c":
        raise InputError(f"{name} has complex numbers. Complex data not supported.\n{where} needs labels.")
    if array.dtype.kind != "O":
        return
    missing = np.array([v is None or v != v or type(v).__name__ == "NAType" for v in array.flat], bool)
    missing = missing.reshape(array.shape)
    if missing.any():
        found = count(int(missing.sum()), "missing value")
        raise InputError(
            f"{name} has {found}, {place(missing, y)}.\n{where} needs a label for every example."
        )


def kind_of(y: np.ndarray, owner: str) -> Kind:
    """Which kind of labels a checked y holds, or an error for numbers that are none."""
    if y.dtype.kind in "OUS" and y.ndim == 1:
        _refuse_mixed(y)
        return "single"
    if y.dtype.kind in "biu" and y.ndim == 1:
        return "single"
    found = type_of_target(y)
    if found in ("binary", "multiclass"):
        return "single"
    if found == "multilabel-indicator":
        return "multilabel"
    if found == "multiclass-multioutput":
        return "several"
    fractions = (y != np.floor(y)) if y.dtype.kind == "f" else np.zeros(y.shape, bool)
    what = f", with a fraction {place(fractions, y)}: {short(y[fractions][0])}" if fractions.any() else ""
    raise InputError(
        f"Unknown label type: y is {found}{what}.\n{owner} needs classes.\n"
        "To predict a quantity use a regressor; to make classes of it, bin it (np.digitize)."
    )


def _refuse_mixed(y: np.ndarray) -> None:
    kinds = {type(value).__name__ for value in y.flat}
    if "str" in kinds and len(kinds) > 1:
        raise InputError(
            f"y mixes labels of several types: {', '.join(sorted(kinds))}.\n"
            "Labels need an order.\nMake all of them text: y.astype(str)."
        )


def _numbered(y: np.ndarray, classes: np.ndarray, name: str, where: str) -> np.ndarray:
    """The place of each label among the classes."""
    known = _is_known(y, classes)
    if not known.all():
        strange = np.unique(y[~known]) if y.dtype.kind != "O" else list(dict.fromkeys(y[~known]))
        raise InputError(
            f"{name} has {count(len(strange), 'label')} never seen at fit: {some(strange)}, "
            f"{place(~known, name)}.\n"
            f"`{name}` has classes not in `self.classes_`: {where} knows {some(classes)}.\n"
            f"{_remedy(name)}"
        )
    return np.searchsorted(classes, y)


def _remedy(name: str) -> str:
    if name == "y_val":
        return "Validate with examples of the classes that are trained."
    return "Pass all labels at the first call: partial_fit(X, y, classes=...), or fit again."


def _is_known(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    numeric = [array.dtype.kind in "biuf" for array in (y, classes)]
    if any(numeric) and not all(numeric):
        return np.zeros(len(y), bool)
    if y.dtype.kind == "O":
        known = set(classes.tolist())
        return np.array([value in known for value in y.tolist()], bool)
    return np.isin(y, classes)
