"""What an encoder does to a table, for files that run without glassnet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.estimators.treatments import DAY, LeftOut, Number, Treatment
from glassnet.export.preparation import Kind, Preparation, TableColumn
from glassnet.functional import trace

if TYPE_CHECKING:
    from glassnet.estimators.frame_encoder import FrameEncoder

ROWS = 8  # of examples
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # a category that no table has


def encoder_of(estimator: Any) -> FrameEncoder | None:
    """What encodes the columns of X, in an estimator or in the one that it looks into."""
    inside = getattr(estimator, "estimator_", estimator)
    inside = inside.estimator if type(inside).__name__ == "FrozenEstimator" else inside
    found: FrameEncoder | None = getattr(inside, "encoder_", None)
    return found


def preparation_of(estimator: Any) -> Preparation | None:
    """The columns that an estimator reads, and the graph from them to its network; None for plain numbers."""
    encoder = encoder_of(estimator)
    if encoder is None:
        return None
    names, generator = encoder.column_names(), np.random.default_rng(0)
    columns = tuple(
        TableColumn(names[i], _kind(one), one.codes, _examples(one, encoder.missing, generator))
        for i, one in encoder.used().items()
    )

    def features(X: Any) -> Any:
        return encoder.of_numbers(X)

    return Preparation(columns, trace(features, ("n", len(columns))))


def _kind(treatment: Treatment) -> Kind:
    """What the column holds; of what is left out but for an indicator, text stands for everything unusual."""
    if isinstance(treatment, LeftOut):
        return treatment.kind if treatment.kind in ("number", "boolean", "date", "duration") else "text"  # type: ignore[return-value]
    return treatment.takes[0]  # type: ignore[return-value]


def _examples(treatment: Treatment, missing: str, generator: np.random.Generator) -> tuple[Any, ...]:
    """Values like those of ``fit``, one that it has not seen, and one that is missing, if that may be."""
    found = _some(treatment, generator)
    told_apart = "" not in treatment.codes  # in ONNX, an empty text is a missing one unless it is a category
    return (*found[1:], None) if missing != "error" and told_apart else found


def _some(treatment: Treatment, generator: np.random.Generator) -> tuple[Any, ...]:
    if isinstance(treatment, Number):
        spread = 1 / treatment.scale if treatment.scale else 1.0
        values = treatment.center + spread * generator.normal(size=ROWS)
        unit = {"date": DAY, "duration": 1_000_000}.get(treatment.kind)
        return tuple((values if unit is None else np.round(values * unit) / unit).tolist())
    kind, codes = _kind(treatment), treatment.codes
    if codes:
        unknown = UNKNOWN if kind == "text" else max(map(float, codes)) + 1
        return (*(codes[i] for i in generator.integers(0, len(codes), ROWS - 1)), unknown)
    chosen = generator.integers(0, 2, ROWS).tolist()
    return tuple(map({"boolean": bool, "text": str}.get(kind, float), chosen))


def table_of(encoder: FrameEncoder, columns: Sequence[Sequence[Any]]) -> np.ndarray:
    """The columns that are read as the encoder's X: all columns, those that it leaves out being empty."""
    table = np.full((len(columns[0]), encoder.n_features_in_), None, object)
    for (i, treatment), values in zip(encoder.used().items(), columns, strict=True):
        make = _MAKERS.get(_kind(treatment), lambda value: value)
        table[:, i] = [None if value is None else make(value) for value in values]
    return table


_MAKERS: dict[str, Callable[[Any], Any]] = {
    "date": lambda days: np.datetime64(round(days * DAY), "us"),
    "duration": lambda seconds: np.timedelta64(round(seconds * 1_000_000), "us"),
}
