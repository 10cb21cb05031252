"""X as an estimator's network takes it: numbers as they are, or the columns of a data frame encoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse
from sklearn.base import clone

from glassnet.errors import InputError, InputTypeError
from glassnet.estimators import inputs, sparse_tables
from glassnet.estimators.frame_encoder import FrameEncoder
from glassnet.train import checks


def is_encoded(estimator: Any) -> bool:
    """Whether an estimator encodes the columns of X."""
    return getattr(estimator, "columns", None) is not None


def read(estimator: Any, X: Any, where: str, *, reset: bool, dtype: Any, name: str = "X") -> np.ndarray:
    """X as finite numbers (n, features); what ``fit`` has to remember of it is remembered at the first one.

    Parameters
    ----------
    estimator : estimator
        With ``columns``, it gets ``encoder_``.
    X : array, data frame, sparse matrix or list of rows
    where : str
        What needs it, such as ``"fit()"``.
    reset : bool
        Whether this X decides what the estimator expects; else it is compared with that.
    dtype : dtype
    name : str, default "X"
        What the user calls it.

    Returns
    -------
    ndarray (n, features)

    Raises
    ------
    InputError, InputTypeError, ShapeError
        An X that cannot be used.
    """
    if not is_encoded(estimator):
        _refuse_missing_alone(estimator)
        try:
            return inputs.read_table(estimator, X, where, reset=reset, dtype=dtype, name=name)
        except (InputError, InputTypeError) as error:
            can_encode = reset and not sparse.issparse(X)
            raise type(error)(_with_remedy(str(error)) if can_encode else str(error)) from None
    if reset:
        estimator.encoder_ = _encoder(estimator)
        encoded = estimator.encoder_.learn(X, where, name)
        remember_columns(estimator, estimator.encoder_)
    else:
        encoded = estimator.encoder_.encode(X, where, name)
    return checks.as_array(encoded, name, where=where, dtype=dtype)


def read_parts(estimator: Any, X: Any, where: str, dtype: Any) -> Iterator[np.ndarray]:
    """X of a prediction as :func:`read` reads it; a sparse matrix in parts, one after the other.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X, where, dtype
        As for :func:`read`.

    Yields
    ------
    ndarray (n, features)
    """
    for part in [X] if is_encoded(estimator) else sparse_tables.parts(X, dtype):
        yield read(estimator, part, where, reset=False, dtype=dtype)


def _with_remedy(message: str) -> str:
    """The message of an error, with ``columns="auto"`` among its remedies where it would be one."""
    for remedy, better in _REMEDIES.items():
        message = message.replace(remedy, better)
    return message


_REMEDIES = {
    "or fill them (sklearn.impute.SimpleImputer).": (
        'fill them (sklearn.impute.SimpleImputer), or pass columns="auto", missing="median".'
    ),
    "Encode the column (sklearn.preprocessing.OneHotEncoder or OrdinalEncoder), or leave it out.": (
        'Pass columns="auto", encode the column (sklearn.preprocessing.OneHotEncoder), or leave it out.'
    ),
}


def remember_columns(estimator: Any, encoder: FrameEncoder) -> None:
    """The count and the names of the columns that an encoder saw, as the estimator's own."""
    estimator.n_features_in_ = encoder.n_features_in_
    vars(estimator).pop("feature_names_in_", None)
    if hasattr(encoder, "feature_names_in_"):
        estimator.feature_names_in_ = encoder.feature_names_in_


def remember_target(estimator: Any, y: Any) -> None:
    """The name of y, if it is a column of a data frame, as ``target_name_``: model files keep it."""
    vars(estimator).pop("target_name_", None)
    name = getattr(y, "name", None) if nw.dependencies.is_into_series(y) else None
    if isinstance(name, str) and name:
        estimator.target_name_ = name


def tag(estimator: Any, tags: Any) -> None:
    """What scikit-learn is to know of the inputs."""
    encoded = is_encoded(estimator)
    tags.input_tags.sparse = not encoded
    tags.input_tags.categorical = encoded
    missing = getattr(estimator.columns, "missing", estimator.missing)
    tags.input_tags.allow_nan = encoded and missing != "error"


def embedding_sizes(estimator: Any) -> list[int]:
    """For each of the last columns of the encoded table that hold indices, how many there are."""
    encoder = vars(estimator).get("encoder_")
    found: list[int] = [] if encoder is None else encoder.embedding_sizes_
    return found


def _encoder(estimator: Any) -> FrameEncoder:
    columns = estimator.columns
    if not isinstance(columns, str):
        if estimator.missing != "error":
            raise InputError(
                f"{type(estimator).__name__}: missing={estimator.missing!r} stands beside "
                f"columns=FrameEncoder(...).\nWrite columns=FrameEncoder(missing={estimator.missing!r})."
            )
        encoder: FrameEncoder = clone(columns)
        return encoder
    return FrameEncoder(missing=estimator.missing, max_one_hot=estimator._max_one_hot)


def _refuse_missing_alone(estimator: Any) -> None:
    missing = getattr(estimator, "missing", "error")
    if missing != "error":
        raise InputError(
            f"{type(estimator).__name__}: missing={missing!r} stands alone.\n"
            'Pass columns="auto" with it, which encodes the columns and fills what is missing.'
        )
