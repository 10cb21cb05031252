"""Random numbers and orders inside compiled programs: those of :mod:`glassnet.random`, bit for bit."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from glassnet.kernels.arrays import array
from glassnet.kernels.options import INNER

__all__ = ["hash_keys", "scratch_size", "shuffle", "uniform"]

_WORD = ir.IntType(32)
_FIRST_KEY, _SECOND_KEY = 0x9E3779B9, 0x85EBCA6B

# An element of an order being sorted: the hash above, the index below; 63 bits, so never negative.
_INDEX_BITS = 31
_INDEX = 2**_INDEX_BITS - 1
_DIGIT_BITS = 11  # the counts of one pass, 16 kB, stay in the first-level cache
_COUNTS = 1 << _DIGIT_BITS


def _mix(builder: ir.IRBuilder, x: Any) -> Any:
    """Emit :func:`glassnet.random.mix` of 32 bits; Numba's own arithmetic would widen them to 64."""
    x = builder.mul(builder.xor(x, builder.lshr(x, _WORD(16))), _WORD(0x7FEB352D))
    x = builder.mul(builder.xor(x, builder.lshr(x, _WORD(15))), _WORD(0x846CA68B))
    return builder.xor(x, builder.lshr(x, _WORD(16)))


def _hash(builder: ir.IRBuilder, first: Any, second: Any, element: Any) -> Any:
    """Emit the random 32 bits of an element."""
    return _mix(builder, builder.add(_mix(builder, builder.xor(element, first)), second))


@intrinsic
def hash_keys(typingctx: Any, seed: Any, step: Any, site: Any) -> Any:
    """Return the two keys of a stream of random numbers.

    Parameters
    ----------
    seed, step, site : int
        The stream, as in :func:`glassnet.random.random_uniform`; only their lowest 32 bits count.

    Returns
    -------
    tuple of two uint32
        To be passed on to :func:`uniform`.
    """
    pair = types.UniTuple(types.uint32, 2)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        keys = [_WORD(_FIRST_KEY), _WORD(_SECOND_KEY)]
        for word, kind in zip(arguments, signature.args, strict=True):
            bits = context.cast(builder, word, kind, types.uint32)
            keys = [builder.add(_mix(builder, builder.xor(key, bits)), _WORD(_FIRST_KEY)) for key in keys]
        return context.make_tuple(builder, pair, keys)

    return pair(seed, step, site), codegen


@intrinsic
def uniform(typingctx: Any, keys: Any, start: Any, offset: Any) -> Any:
    """Return one number of a stream, in [0, 1).

    Parameters
    ----------
    keys : tuple of two uint32
        The stream, from :func:`hash_keys`.
    start, offset : int
        Which number: ``start + offset`` is the index in the flattened array of
        :func:`glassnet.random.random_uniform`. They come apart because LLVM makes vectors of a loop's own
        counter, ``offset``, and lists of single numbers of a sum that is cut to 32 bits.

    Returns
    -------
    float32
        A multiple of 2**-24.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, second = cgutils.unpack_tuple(builder, arguments[0], 2)
        parts = zip(arguments[1:], (start, offset), strict=True)
        index = builder.add(*(context.cast(builder, part, kind, types.uint32) for part, kind in parts))
        bits = builder.lshr(_hash(builder, first, second, index), _WORD(8))
        # Not negative, so the conversion of signed integers will do: more machines have it for vectors.
        return builder.fmul(builder.sitofp(bits, ir.FloatType()), ir.FloatType()(2**-24))

    return types.float32(keys, start, offset), codegen


@intrinsic
def _key(typingctx: Any, first: Any, second: Any, element: Any) -> Any:
    """Return hash and index of an element of an order."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = _hash(builder, arguments[0], arguments[1], builder.trunc(arguments[2], _WORD))
        long = ir.IntType(64)
        return builder.or_(builder.shl(builder.zext(bits, long), long(_INDEX_BITS)), arguments[2])

    return types.int64(types.uint32, types.uint32, types.int64), codegen


def scratch_size(count: int) -> int:
    """Return how many int64 :func:`shuffle` needs beside the order of ``count`` examples.

    Examples
    --------
    >>> scratch_size(150)
    2198
    """
    return count + _COUNTS


@njit(**INNER)
def shuffle(order: Any, scratch: Any, seed: Any, epoch: Any) -> None:
    """Write the permutation ``glassnet.random.shuffle(seed, epoch, len(order))``.

    The hashes of different elements differ and are spread evenly, so sorting by about log2(n) of their
    upper bits nearly sorts them: one or two passes of counting, then one of insertion.

    Parameters
    ----------
    order : contiguous array of int64
        The result; at most 2**31 elements.
    scratch : contiguous array of int64
        At least ``scratch_size(len(order))`` elements, contents arbitrary.
    seed, epoch : int
        Which permutation.
    """
    count = order.size
    bits = 4
    while 1 << bits < count:
        bits += 1
    passes = (bits + _DIGIT_BITS - 1) // _DIGIT_BITS
    digit = (bits + passes - 1) // passes
    counts = array(scratch, count, (1 << digit,))
    # Each pass moves everything to the other array; the last one must end in `order`.
    here, there = array(order, 0, (count,)), array(scratch, 0, (count,))
    source, target = (there, here) if passes % 2 else (here, there)
    _fill(source, seed, epoch)
    shift = _INDEX_BITS + 32 - passes * digit
    for number in range(passes):
        _sort_by_digit(source, target, counts, shift + number * digit)
        source, target = target, source
    _insert(here)


@njit(inline="always")
def _fill(keys: Any, seed: Any, epoch: Any) -> None:
    """Write hash and index of every element."""
    first, second = hash_keys(seed, epoch, 0)
    for i in range(keys.size):
        keys[i] = _key(first, second, i)


@njit(inline="always")
def _sort_by_digit(source: Any, target: Any, counts: Any, shift: Any) -> None:
    """Sort ``source`` into ``target`` by the digit at bit ``shift``, keeping the order of equal digits."""
    mask = counts.size - 1
    for digit in range(counts.size):
        counts[digit] = 0
    for i in range(source.size):
        key = source[i]
        counts[(key >> shift) & mask] += 1
    position = 0
    for digit in range(counts.size):
        position, counts[digit] = position + counts[digit], position
    for i in range(source.size):
        key = source[i]
        digit = (key >> shift) & mask
        target[counts[digit]] = key
        counts[digit] += 1


@njit(inline="always")
def _insert(keys: Any) -> None:
    """Finish a nearly sorted array, and leave only the indices in it."""
    for i in range(1, keys.size):
        key = keys[i]
        j = i
        while j > 0 and keys[j - 1] > key:
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key
    for i in range(keys.size):
        keys[i] &= _INDEX
