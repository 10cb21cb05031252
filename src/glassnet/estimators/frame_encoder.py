"""A transformer from data frames of mixed columns to tables of numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from glassnet.errors import InputError, UnknownNameError, suggest
from glassnet.estimators import frame_checks, frames, inputs, learning, parameters
from glassnet.estimators.frames import Column, Table
from glassnet.estimators.saving import Saving
from glassnet.estimators.treatments import LeftOut, Treatment
from glassnet.train.wording import count, short

__all__ = ["FrameEncoder"]


class LeftOutColumnWarning(inputs.ConstantColumnWarning):
    """Columns of X are left out, because nothing could be learned from them."""


class FrameEncoder(TransformerMixin, Saving, BaseEstimator):  # type: ignore[misc]
    """A transformer: columns of any kind as numbers for a network.

    ========== ======================================================================================
    a column   becomes
    ========== ======================================================================================
    numbers    one number, scaled
    booleans   -1 and +1
    text       -1 and +1 for two values, one column each (0 and 1) for more, and beyond ``max_one_hot``
               an index into a table of vectors
    dates      days, scaled, and sine and cosine of the time of year, week and day
    durations  seconds, scaled
    ========== ======================================================================================

    Parameters
    ----------
    numeric : {"robust", "standard", "none"}, default "robust"
        ``"robust"``: z = (x - median) / (distance of the quartiles), then ``z / sqrt(1 + (z / 3)**2)``, so
        that outliers stay within ±3 [1]_. ``"standard"``: (x - mean) / standard deviation. ``"none"``: as
        they are.
    missing : {"error", "median", "mean"}, default "error"
        What becomes of NaN, None and their like. ``"error"`` refuses them. Else numbers and times are filled
        with the median or the mean, and an indicator (0 or 1) stands beside them if ``fit`` has seen some;
        a missing category is none of them: zeros, or an index of its own.
    categorical : sequence of str or int, default ()
        Columns to take as categories, whatever they hold: names, or numbers from 0 for arrays.
    max_one_hot : int or None, default 16
        Up to so many categories have columns of their own. More are numbered, and 0 is for what ``fit`` has
        not seen; the last columns of the result hold these numbers, for
        :class:`~glassnet.layers.ColumnEmbedding`. None gives all of them columns.
    dates : {"parts", "number"}, default "parts"
        ``"number"``: days alone.
    numerical : sequence of str or int, default ()
        Columns to take as numbers: what a frame declares a category, or identifiers.
    drop : sequence of str or int, default ()
        Columns to leave out.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If X is a data frame whose columns have names.
    treatments_ : list of Treatment
        One for each column.
    embedding_sizes_ : list of int
        For each of the last columns of the result that hold indices, how many different ones there are.

    Notes
    -----
    Frames of pandas, polars and pyarrow are read; equal tables become equal numbers, bit for bit. Later
    frames may have their columns in another order, and more of them, which are ignored, as by
    :class:`sklearn.compose.ColumnTransformer`; a column that is used and is not there, or that holds
    another kind of values, is an error. A category that ``fit`` has not seen counts as none of those that it
    has.

    Left out, with a warning, are columns of a single value, text of which the average value comes up less
    than twice (names, tickets), and whole numbers, all different, in a column that is called an id. Whether
    such text is missing is kept.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by default: Strong pre-tuned MLPs and boosted
       trees on tabular data", 2024.

    Examples
    --------
    >>> import pandas as pd, glassnet as gn
    >>> frame = pd.DataFrame({"age": [20.0, None, 40.0, 60.0], "port": ["C", "Q", "S", "S"]})
    >>> encoder = gn.FrameEncoder(missing="median").fit(frame)
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'age_missing', 'port_C', 'port_Q', 'port_S']
    >>> encoder.transform(frame).round(2)
    array([[-0.95,  0.  ,  1.  ,  0.  ,  0.  ],
           [ 0.  ,  1.  ,  0.  ,  1.  ,  0.  ],
           [ 0.  ,  0.  ,  0.  ,  0.  ,  1.  ],
           [ 0.95,  0.  ,  0.  ,  0.  ,  1.  ]])
    >>> print(encoder.describe())
    age   number    (x - 40) / 20, limited to ±3; missing → 40, with an indicator
    port  category  3 values, one-hot: 'C', 'Q', 'S'
    """

    def __init__(
        self,
        *,
        numeric: str = "robust",
        missing: str = "error",
        categorical: Sequence[str | int] = (),
        max_one_hot: int | None = 16,
        dates: str = "parts",
        numerical: Sequence[str | int] = (),
        drop: Sequence[str | int] = (),
    ) -> None:
        self.numeric = numeric
        self.missing = missing
        self.categorical = categorical
        self.max_one_hot = max_one_hot
        self.dates = dates
        self.numerical = numerical
        self.drop = drop

    # ------------------------------------------------------------------------------------ fitting
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what becomes of each column.

        Parameters
        ----------
        X : data frame, array or list of rows (n, columns)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        InputError, InputTypeError, ShapeError
            Data or arguments that cannot be used.
        """
        self._learned(X, "fit()")
        return self

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Learn what becomes of each column, and encode them.

        Parameters
        ----------
        X : data frame, array or list of rows (n, columns)
        y : ignored

        Returns
        -------
        ndarray (n, features)
        """
        return self.learn(X, "fit_transform()")

    def learn(self, X: Any, where: str, name: str = "X") -> np.ndarray:
        """:meth:`fit_transform` for another method of another estimator.

        Parameters
        ----------
        X : data frame, array or list of rows (n, columns)
        where, name : str
            The method and the argument, for messages.

        Returns
        -------
        ndarray (n, features)
        """
        return self._encoded(self._learned(X, where, name))

    def _learned(self, X: Any, where: str, name: str = "X") -> Table:
        parameters.check(self)
        table = frames.read(X, where, name)
        chosen = self._chosen(table)
        self._refuse_bad([c for i, c in enumerate(table.columns) if chosen.get(i) != "drop"], name, where)
        rules = learning.Rules(self.numeric, self.missing, self.max_one_hot, self.dates)
        found = [learning.learn(column, rules, chosen.get(i, "")) for i, column in enumerate(table.columns)]
        if all(isinstance(treatment, LeftOut) and not treatment.indicator for treatment in found):
            raise InputError(
                f"{name} has no column that {type(self).__name__} can use: {_reasons(table, found)}.\n"
                f"{where} needs at least one."
            )
        self.set_fitted(found, table.names)
        _warn_of_left_out(table, found)
        return table

    def _chosen(self, table: Table) -> dict[int, str]:
        """Number of a column → the argument that lists it."""
        found: dict[int, str] = {}
        for argument in ("categorical", "numerical", "drop"):
            for column in getattr(self, argument):
                i = _place(table, column, argument)
                if i in found:
                    raise InputError(f"{found[i]} and {argument} both list column {column!r}.")
                found[i] = argument
        return found

    def set_fitted(self, treatments: list[Treatment], names: Sequence[str] | None) -> None:
        """Take over what ``fit`` learns.

        Parameters
        ----------
        treatments : list of Treatment
        names : sequence of str, optional
            One for each of them.
        """
        self.treatments_ = treatments
        self.n_features_in_ = len(treatments)
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = np.array(names, object)
        self.embedding_sizes_ = [treatment.rows for treatment in treatments if treatment.rows]

    def _refuse_bad(self, columns: list[Column], name: str, where: str) -> None:
        frame_checks.refuse_infinite(columns, name, where)
        if self.missing == "error":
            frame_checks.refuse_missing(columns, name, where)

    # ------------------------------------------------------------------------------------ using
    def transform(self, X: Any) -> np.ndarray:
        """Encode a table.

        Parameters
        ----------
        X : data frame, array or list of rows (n, columns)

        Returns
        -------
        ndarray (n, features)

        Raises
        ------
        InputError, InputTypeError, ShapeError
            Columns that are not there, values that cannot be used.
        """
        check_is_fitted(self)
        return self.encode(X, "transform()")

    def encode(self, X: Any, where: str, name: str = "X") -> np.ndarray:
        """:meth:`transform` for another method of another estimator.

        Parameters
        ----------
        X : data frame, array or list of rows (n, columns)
        where, name : str
            The method and the argument, for messages.

        Returns
        -------
        ndarray (n, features)
        """
        table = self._matched(frames.read(X, where, name), name, where)
        pairs = list(zip(table.columns, self.treatments_, strict=True))
        for column, treatment in pairs:
            treatment.check(column, name, where)
        used = [column for column, treatment in pairs if treatment.features("")]
        self._refuse_bad(used, name, where)
        return self._encoded(table)

    def _matched(self, table: Table, name: str, where: str) -> Table:
        """The columns that ``fit`` saw, by their names if there are some."""
        names, owner = getattr(self, "feature_names_in_", None), type(self).__name__
        if names is not None and table.names is not None:
            used = {names[i] for i in self.used()}
            return frame_checks.reordered(table, names.tolist(), used, name, where)
        if (names is None) != (table.names is None):
            has, fitted = ("has", "without") if names is None else ("does not have valid", "with")
            warnings.warn(
                f"{name} {has} feature names, but {owner} was fitted {fitted} feature names", stacklevel=3
            )
        frame_checks.check_count(table, self.n_features_in_, owner, name)
        return table

    def _encoded(self, table: Table) -> np.ndarray:
        pairs = zip(table.columns, self.treatments_, strict=True)
        parts = [(treatment.rows > 0, treatment.encode(column)) for column, treatment in pairs]
        parts.sort(key=lambda part: part[0])  # indices come last
        return np.concatenate([part for _, part in parts], axis=1)

    def column_names(self) -> list[str]:
        """The names of the columns: x0, x1, ... where there are none."""
        return self._names()

    def used(self) -> dict[int, Treatment]:
        """The columns that features come from: number of the column → its treatment."""
        return {i: one for i, one in enumerate(self.treatments_) if one.features("")}

    def of_numbers(self, X: Any) -> Any:
        """The features of the columns that are used, given as numbers: plain or traced.

        Parameters
        ----------
        X : array (n, used columns)
            As ``Treatment.numbers`` answers them.

        Returns
        -------
        array (n, features)
        """
        used = list(self.used().values())
        parts = [(one.rows > 0, one.of_numbers(X[:, i : i + 1])) for i, one in enumerate(used)]
        parts.sort(key=lambda part: part[0])  # indices come last
        return np.concatenate([part for _, some in parts for part in some], axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the features.

        Parameters
        ----------
        input_features : sequence of str, optional
            The names of the columns, for arrays, which have none; by default x0, x1, ...

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        parts = [
            (treatment.rows > 0, feature)
            for name, treatment in zip(self._names(input_features), self.treatments_, strict=True)
            for feature in treatment.features(name)
        ]
        parts.sort(key=lambda part: part[0])
        return np.array(_unique([feature for _, feature in parts]), object)

    def _names(self, given: Any = None) -> list[str]:
        known = getattr(self, "feature_names_in_", None)
        if given is None:
            return [f"x{i}" for i in range(self.n_features_in_)] if known is None else known.tolist()
        names = [str(name) for name in given]
        if known is not None and names != known.tolist():
            raise InputError("input_features is not equal to feature_names_in_")
        if len(names) != self.n_features_in_:
            raise InputError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(names)}"
            )
        return names

    def describe(self) -> str:
        """One line per column: its name, its kind, what becomes of it.

        Returns
        -------
        str
        """
        check_is_fitted(self)
        rows = [
            (name, treatment.kind, treatment.words())
            for name, treatment in zip(self._names(), self.treatments_, strict=True)
        ]
        widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
        return "\n".join(f"{n:<{widths[0]}}  {k:<{widths[1]}}  {words}" for n, k, words in rows)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = self.missing != "error"
        return tags


def _place(table: Table, column: str | int, argument: str) -> int:
    """The number of a column that an argument lists by its name or its number."""
    if isinstance(column, str):
        names = table.names or ()
        if column not in names:
            raise UnknownNameError(
                f"{argument} has {column!r}, which is no column of X. {suggest(column, names)}"
            )
        return names.index(column)
    if not 0 <= column < len(table.columns):
        raise InputError(f"{argument} has {column}; X has columns 0 to {len(table.columns) - 1}.")
    return int(column)


def _reasons(table: Table, found: list[Treatment]) -> str:
    pairs = zip(table.columns, found, strict=True)
    listed = [f"{short(c.label)} ({t.reason()})" for c, t in pairs if isinstance(t, LeftOut)]
    return ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")


def _warn_of_left_out(table: Table, found: list[Treatment]) -> None:
    left = [isinstance(t, LeftOut) and t.why != "asked" for t in found]
    if not any(left):
        return
    columns = tuple(column for column, out in zip(table.columns, left, strict=True) if out)
    part = Table(columns, None, table.rows)
    reasons = _reasons(part, [treatment for treatment, out in zip(found, left, strict=True) if out])
    warnings.warn(
        f"X has {count(sum(left), 'column')} to learn nothing from: {reasons}.\n"
        "To keep one, list it in categorical or numerical; to be rid of this warning, in drop.",
        LeftOutColumnWarning,
        stacklevel=4,
    )


def _unique(names: list[str]) -> list[str]:
    """The names, with a number behind those that stand there already.

    Examples
    --------
    >>> _unique(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    found: dict[str, None] = {}
    for name in names:
        taken, i = name, 2
        while taken in found:
            taken, i = f"{name}_{i}", i + 1
        found[taken] = None
    return list(found)
