"""Chunks as ``fit`` takes them: checked, in the order of the epoch, the next being read ahead.

    training        thread
    chunk 4    │    reads and checks chunk 1
    chunk 1    │    reads and checks chunk 7
      ...

The trainer lets go of a chunk before it asks for the next, so at most two are in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

from glassnet import random
from glassnet.errors import GlassnetError, InputError
from glassnet.nn.adaptable import Preprocessing
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.specs import Spec
from glassnet.train import adapting, checks, prepare
from glassnet.train.chunks import Chunks, even_lengths, in_chunk
from glassnet.train.data import Dataset

__all__ = ["Stream"]

_SITE = 2**32 - 1  # of the random numbers that order the chunks: no layer's
_GOLDEN = 0x9E3779B9


def chunk_epoch(epoch: int, number: int) -> int:
    """What stands for the epoch in the shuffle of a chunk: a pure function of both; chunk 0 has the epoch's.

    Multiples of 2^32 divided by the golden ratio lie far apart, so no two pairs that a training meets
    share an order.

    Examples
    --------
    >>> chunk_epoch(7, 0), chunk_epoch(7, 1)
    (7, 2654435776)
    """
    return (epoch + number * _GOLDEN) % 2**32


class Stream:
    """The chunks of one call of ``fit``; a context that ends its thread. Making it reads the first chunk.

    Parameters
    ----------
    network : Network
        Built from the first chunk, if it is not built.
    loss : Loss
    chunks : Chunks
    class_weight : dict, optional
    shuffle : bool
    epoch : int
        The first one, as the model counts.
    stored : bool
        Whether inputs keep the type that they are stored in.

    Attributes
    ----------
    target : Spec
        Of the first chunk; the others must agree.
    weighted : bool
    lengths : list of int
        The rows of each chunk, or what is assumed of them.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        chunks: Chunks,
        class_weight: prepare.ClassWeight,
        shuffle: bool,
        epoch: int,
        stored: bool,
    ) -> None:
        self.network, self.loss, self.chunks, self.shuffle = network, loss, chunks, shuffle
        self.class_weight, self.stored = class_weight, stored
        self.floats = self.any_weight = False
        self.labels: set[object] = set()
        self.first = number = self.order(epoch)[0]
        data = self._checked(number)
        self.target, self.weighted = prepare.target_spec(data), data.weights is not None
        self.held: dict[int, Dataset] = {number: data}
        self.ahead: dict[int, Future[Dataset]] = {}
        self.lengths = chunks.lengths() or even_lengths(len(data) * len(chunks), len(chunks))

    def __len__(self) -> int:
        return sum(self.lengths)

    def batch_size(self, asked: int) -> int:
        """The size of a batch: not larger than the only chunk."""
        return min(asked, len(self)) if len(self.chunks) == 1 else asked

    def steps(self, batch_size: int) -> int:
        """The batches of an epoch."""
        return sum(-(-rows // batch_size) for rows in self.lengths)

    def as_floats(self) -> Stream:
        """The same, its chunks as NumPy programs take them from now on."""
        self.floats = True
        self.held = {number: prepare.as_floats(self.network, data) for number, data in self.held.items()}
        return self

    # ------------------------------------------------------------------------------------ reading
    def _read(self, number: int) -> Dataset:
        data = self._checked(number)
        target = prepare.target_spec(data)
        if target != self.target:
            raise InputError(
                f"chunk {number}: y has {_form(target)}; in chunk {self.first} {_form(self.target)}.\n"
                "All chunks need targets of one form."
            )
        if (data.weights is not None) != self.weighted:
            with_weights, without = (self.first, number) if self.weighted else (number, self.first)
            raise InputError(
                f"chunk {with_weights} has sample_weight, and chunk {without} has none.\n"
                "Give weights for all chunks, or for none."
            )
        return prepare.as_floats(self.network, data) if self.floats else data

    def _checked(self, number: int) -> Dataset:
        X, y, weights = self.chunks.read(number)
        network, loss, stored = self.network, self.loss, self.stored
        try:
            data = prepare.prepare(
                network, loss, X, y, "fit()", weights, self.class_weight, stored, partial=True
            )
        except GlassnetError as error:
            raise in_chunk(number, error) from error.__cause__
        self.any_weight |= data.weights is None or bool(data.weights.any())
        if self.class_weight is not None and data.targets is not None:
            self.labels.update(np.unique(prepare.labels_of(data.targets)).tolist())
        return data

    def parts(self, layer: Preprocessing) -> Iterator[Dataset]:
        """All chunks as they stand, for a preprocessing layer's statistics."""
        small = layer.takes_parts and len(self.chunks) > 1
        for number in range(len(self.chunks)):
            data = self.held.get(number) or self._read(number)
            yield from adapting.blocks(data) if small else [data]
            del data  # before the next is read

    # ------------------------------------------------------------------------------------ epochs
    def order(self, epoch: int) -> list[int]:
        """The numbers of the chunks in the order of an epoch, a pure function of (seed, epoch)."""
        count = len(self.chunks)
        if not self.shuffle:
            return list(range(count))
        bits = random.random_bits(self.network.seed, epoch, _SITE, count)
        return [int(number) for number in np.argsort(bits, kind="stable")]

    def epoch(self, epoch: int, more: bool) -> Iterator[tuple[int, Dataset]]:
        """Each chunk with what stands for the epoch in its shuffle.

        Parameters
        ----------
        epoch : int
            As the model counts.
        more : bool
            Whether another epoch may come: its first chunk is read ahead.
        """
        order = self.order(epoch)
        following = [*order[1:], self.order(epoch + 1)[0] if more else None]
        for number, after in zip(order, following, strict=True):
            yield chunk_epoch(epoch, number), self._taken(number, after)
        self._check_all()

    def _taken(self, number: int, after: int | None) -> Dataset:
        """A chunk, which was read ahead; the one after it is being read from now on."""
        data = self.held.pop(number) if self.held else self.ahead.pop(number).result()
        if after is not None:
            self.ahead[after] = self.pool.submit(self._read, after)
        return data

    def _check_all(self) -> None:
        """What only all chunks together can show."""
        if not self.any_weight:
            raise InputError(
                "sample_weight is zero for every example of all chunks.\n"
                "fit() needs at least one positive weight."
            )
        if isinstance(self.class_weight, Mapping):
            checks.check_class_labels(self.class_weight, sorted(self.labels, key=str))

    def __enter__(self) -> Stream:
        self.pool = ThreadPoolExecutor(1, "glassnet-chunks")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.shutdown(cancel_futures=True)
        self.held, self.ahead = {}, {}


def _form(spec: Spec) -> str:
    return f"shape {spec} of {'whole' if spec.kind == 'int' else 'decimal'} numbers"
