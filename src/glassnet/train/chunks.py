"""Training data that are read piece by piece, for data larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from glassnet.errors import GlassnetError, InputError, InputTypeError
from glassnet.nn.sizes import whole_number
from glassnet.train import checks
from glassnet.train.memory import in_memory
from glassnet.train.wording import a_kind, count, short

__all__ = ["Chunks"]

_FORM = "Each chunk is (X, y) or (X, y, sample_weight), or a function that returns that."


class Chunks:
    """Training data in chunks: ``fit`` trains on one while a thread reads the next.

    At most two chunks are in memory. A batch never has rows of two chunks. Every epoch reads all chunks, in
    an order that depends on the model's seed and the epoch, and shuffles the rows of each.

    Parameters
    ----------
    source : list of callable or of tuple
        One for each chunk: a function that answers ``(X, y)`` or ``(X, y, sample_weight)`` (by reading a
        file, say), or that tuple. The functions are called in a thread of their own, one at a time.
    rows : int, optional
        How many examples there are, if only the functions know; the progress bar and ``backend="auto"`` go
        by it, and otherwise assume chunks as long as the first.

    Examples
    --------
    A file for each chunk:

    >>> import numpy as np, glassnet as gn
    >>> def read(number):
    ...     X = np.random.default_rng(number).normal(size=(100, 3))  # or np.load(f"part{number}.npy")
    ...     return X, X.sum(axis=1)
    >>> chunks = gn.Chunks([lambda number=number: read(number) for number in range(4)])
    >>> model = gn.Sequential([gn.layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="squared_error")
    >>> history = model.fit(chunks, epochs=2, verbose=0)
    >>> model.step == 2 * 4 * 4  # epochs, chunks, batches of 32 rows
    True
    """

    def __init__(self, source: Sequence[Any], rows: int | None = None) -> None:
        if isinstance(source, str) or not isinstance(source, Sequence):
            raise InputTypeError(
                f"Chunks() got {a_kind(source)}.\n"
                "It takes a list with an entry for each chunk, since every epoch reads all of them.\n" + _FORM
            )
        if not source:
            raise InputError("Chunks() got an empty list.\nfit() needs at least one chunk.")
        self.source = list(source)
        for number, piece in enumerate(self.source):
            if not callable(piece):
                _check_form(number, piece)
        self.rows = None if rows is None else whole_number(rows, "rows", "Chunks()")

    @classmethod
    def of(cls, X: Any, y: Any, sample_weight: Any = None, rows: int = 65536) -> Chunks:
        """Blocks of rows of arrays that lie on a disk.

        Parameters
        ----------
        X, y, sample_weight : arrays
            Memory maps, or anything else with a length whose slices are arrays. For several inputs, X is a
            list.
        rows : int, default 65536
            Of a chunk; the last one may be shorter. Shuffled rows come from one chunk: the more
            it has, the better they are mixed.

        Returns
        -------
        Chunks

        Examples
        --------
        >>> import numpy as np, glassnet as gn
        >>> X = np.arange(20.0).reshape(10, 2)  # or np.load("X.npy", mmap_mode="r")
        >>> chunks = gn.Chunks.of(X, X.sum(axis=1), rows=4)
        >>> [len(y) for _, y, _ in map(chunks.read, range(len(chunks)))]
        [4, 4, 2]
        """
        several = isinstance(X, list | tuple)
        names = {f"X[{i}]": x for i, x in enumerate(X)} if several else {"X": X}
        checks.check_lengths(**names, y=y, sample_weight=sample_weight)
        step, end = whole_number(rows, "rows", "Chunks.of()"), len(y)
        return cls([_Block(X, y, sample_weight, i, min(i + step, end)) for i in range(0, end, step)])

    def __len__(self) -> int:
        """How many chunks there are."""
        return len(self.source)

    def __repr__(self) -> str:
        """The number of chunks."""
        return f"Chunks({count(len(self), 'chunk')})"

    def read(self, number: int) -> tuple[Any, Any, Any]:
        """A chunk, in memory.

        Parameters
        ----------
        number : int
            Counted from 0.

        Returns
        -------
        tuple (X, y, sample_weight)
            The last is None if there are no weights.

        Raises
        ------
        InputError
            Reading failed; its cause says how.
        InputTypeError
            What was read is something else.
        """
        piece = self.source[number]
        if callable(piece):
            piece = _called(number, piece)
            _check_form(number, piece)
        X, y, weights = (*piece, None)[:3]
        several = isinstance(X, list | tuple)
        return [in_memory(x) for x in X] if several else in_memory(X), in_memory(y), in_memory(weights)

    def lengths(self) -> list[int] | None:
        """The rows of each chunk, as far as that is known without reading; None if it is not."""
        found = [_rows(piece) for piece in self.source]
        known = [rows for rows in found if rows is not None]
        if len(known) == len(found):
            return known
        if self.rows is None:
            return None
        return even_lengths(self.rows, len(self))


def even_lengths(rows: int, chunks: int) -> list[int]:
    """So many rows in so many chunks that differ by one row at most.

    Examples
    --------
    >>> even_lengths(8, 3)
    [2, 3, 3]
    """
    return [rows * (i + 1) // chunks - rows * i // chunks for i in range(chunks)]


@dataclass(frozen=True)
class _Block:
    """Rows from one to another, read when called."""

    X: Any
    y: Any
    weights: Any
    start: int
    stop: int

    def __call__(self) -> tuple[Any, ...]:
        rows = slice(self.start, self.stop)
        several = isinstance(self.X, list | tuple)
        X = [x[rows] for x in self.X] if several else self.X[rows]
        return X, self.y[rows], None if self.weights is None else self.weights[rows]


def _rows(piece: Any) -> int | None:
    if isinstance(piece, _Block):
        return piece.stop - piece.start
    return len(piece[1]) if isinstance(piece, tuple | list) and hasattr(piece[1], "__len__") else None


def _check_form(number: int, piece: Any) -> None:
    if not isinstance(piece, tuple | list):
        raise InputTypeError(f"chunk {number} is {a_kind(piece)}: {short(piece)}.\n{_FORM}")
    if len(piece) not in (2, 3):
        raise InputError(f"chunk {number} has {count(len(piece), 'part')}.\n{_FORM}")


def _called(number: int, function: Callable[[], Any]) -> Any:
    try:
        return function()
    except GlassnetError as error:
        raise in_chunk(number, error) from error
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"chunk {number} could not be read: {type(error).__name__}{f': {reason}' if reason else ''}.\n"
            f"The function that reads it failed: {short(function)}."
        ) from error


def in_chunk(number: int, error: GlassnetError) -> GlassnetError:
    """The same error, which says in which chunk."""
    return type(error)(f"chunk {number}: {error}")


_ONE_BY_ONE = "and Chunks are read one after the other"
_MISPLACED = {
    "y": "y belongs into the chunks: call fit(chunks), where each chunk is (X, y).",
    "sample_weight": "sample_weight belongs into the chunks: each is (X, y, sample_weight) then.",
    "validation_split": f"""validation_split needs all rows at once, {_ONE_BY_ONE}.
Leave some chunks out, and pass them as validation_data=(X, y).""",
    "class_weight": f"""class_weight="balanced" needs the labels of all rows, {_ONE_BY_ONE}.
Pass a dict, such as class_weight={{0: 1.0, 1: 5.0}}.""",
    "optimizer": f"""this optimizer takes all rows at once, {_ONE_BY_ONE}.
Use one that goes step by step, such as optimizer="adam".""",
}


def refuse_beside_chunks(**given: bool) -> None:
    """An error for an argument of ``fit`` that was given and has no meaning beside chunks."""
    for name, is_given in given.items():
        if is_given:
            raise InputError(_MISPLACED[name])
