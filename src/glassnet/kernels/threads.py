"""Threads that run one compiled function together, each on its part of the work.

They are Python threads inside a function that holds no lock of the interpreter. Where one needs what
another has calculated, all of them meet at a barrier::

    thread 0   rows  0 ... 15  ──┐            ┌── columns 0 ... 31
                                 ├─ barrier ──┤
    thread 1   rows 16 ... 31  ──┘            └── columns 32 ... 63

A barrier is a cache line of memory: one cell counts arrivals, another the rounds that are complete. The
last to arrive completes the round; the others watch that cell, which costs tens of nanoseconds, against
tens of microseconds for a wait through the operating system. A thread that has watched for long gives its
core away, because the thread that it waits for may need just that core.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from glassnet.kernels.arrays import aligned
from glassnet.kernels.options import INNER

__all__ = ["barrier", "barrier_cells", "processors", "share"]

# The cells of a barrier share one cache line: who arrives has just fetched the line that he will watch.
_ARRIVED, _ROUND, _YIELD, _CELLS = 0, 1, 2, 8
_PATIENCE = 2000  # looks before a core is given away: some tens of microseconds
# An index that may be negative counts from the end, and a loop that has to look cannot use vectors: this way
# LLVM knows that it is not.
_NOT_NEGATIVE = 2**62 - 1
_BLOCK = 16  # parts of a large extent are whole vectors


def barrier_cells() -> np.ndarray:
    """Return the memory of one barrier.

    It holds the address of a function of this process: make new cells in every process.

    Examples
    --------
    >>> barrier_cells().shape
    (8,)
    """
    cells = aligned(_CELLS, np.int64)
    cells[_YIELD] = _yield_address()
    return cells


def _yield_address() -> int:
    """Return the address of the function that gives the core to another thread, 0 where there is none."""
    if sys.platform == "win32":
        function = ctypes.WinDLL("kernel32").SwitchToThread
    else:
        function = getattr(ctypes.CDLL(None), "sched_yield", None)
    return (function and ctypes.cast(function, ctypes.c_void_p).value) or 0


@intrinsic
def _pause(typingctx: Any) -> Any:
    """Tell the processor, where there is an instruction for it, that a loop only waits."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        architecture, word = binding.get_process_triple().partition("-")[0], ir.IntType(32)
        if architecture in ("x86_64", "i386", "i686"):
            pause = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, pause, "llvm.x86.sse2.pause"), [])
        elif architecture in ("aarch64", "arm64"):
            hint = ir.FunctionType(ir.VoidType(), [word])
            wait = cgutils.get_or_insert_function(builder.module, hint, "llvm.aarch64.hint")
            builder.call(wait, [word(1)])
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic
def _call(typingctx: Any, address: Any) -> Any:
    """Call the function ``int f(void)`` at an address."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = ir.FunctionType(ir.IntType(32), [])
        return builder.call(builder.inttoptr(arguments[0], function.as_pointer()), [])

    return types.int32(types.int64), codegen


def _cell(context: Any, builder: Any, kind: Any, cells: Any, number: int) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, cells).data, [ir.IntType(64)(number)])


@intrinsic
def _arrive(typingctx: Any, cells: Any) -> Any:
    """Count this thread in and return how many were there before; it sees all that those have written."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrived = _cell(context, builder, cells, arguments[0], _ARRIVED)
        return builder.atomic_rmw("add", arrived, ir.IntType(64)(1), "acq_rel")

    return types.int64(cells), codegen


@intrinsic
def _round(typingctx: Any, cells: Any) -> Any:
    """Return how many rounds are complete; what was written before they were is then visible."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_cell(context, builder, cells, arguments[0], _ROUND), "acquire", 8)

    return types.int64(cells), codegen


@intrinsic
def _complete(typingctx: Any, cells: Any, number: Any) -> Any:
    """Begin to count from zero again, and publish the number of complete rounds."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrived = _cell(context, builder, cells, arguments[0], _ARRIVED)
        builder.store_atomic(ir.IntType(64)(0), arrived, "monotonic", 8)
        complete = _cell(context, builder, cells, arguments[0], _ROUND)
        builder.store_atomic(arguments[1], complete, "release", 8)
        return context.get_dummy_value()

    return types.none(cells, types.int64), codegen


@njit(**INNER)
def barrier(cells: Any, threads: Any) -> None:
    """Wait until all threads have come here; what they wrote before is visible afterwards.

    Parameters
    ----------
    cells : array of int64
        From :func:`barrier_cells`, the same for all threads.
    threads : int
        How many there are. With one, nothing happens.
    """
    if threads <= 1:
        return
    complete = _round(cells)
    if _arrive(cells) == threads - 1:
        _complete(cells, complete + 1)
        return
    looks = 0
    while _round(cells) == complete:
        looks += 1
        if looks > _PATIENCE and cells[_YIELD]:
            _call(cells[_YIELD])
        else:
            _pause()


@intrinsic
def share(typingctx: Any, extent: Any, part: Any, parts: Any) -> Any:
    """Return which indices are one part's: the same for the same numbers, whoever calculates the part.

    As Python::

        block = 16 if extent >= 2 * 16 * parts else 1
        blocks = (extent + block - 1) // block
        low, high = blocks * part // parts * block, min(blocks * (part + 1) // parts * block, extent)

    Written as LLVM IR, since a call for each loop would compile longer, and a function that is inlined late
    leaves its loops without vectors.

    Parameters
    ----------
    extent : int
        How many indices there are.
    part, parts : int
        Which part out of how many.

    Returns
    -------
    tuple of two int
        The first index and the one after the last. Parts of a large extent begin at multiples of 16.
    """
    word = ir.IntType(64)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count, number, whole = (
            context.cast(builder, value, kind, types.int64)
            for value, kind in zip(arguments, signature.args, strict=True)
        )
        large = builder.icmp_signed(">=", count, builder.mul(whole, word(2 * _BLOCK)))
        block = builder.select(large, word(_BLOCK), word(1))
        blocks = builder.select(
            large, builder.udiv(builder.add(count, word(_BLOCK - 1)), word(_BLOCK)), count
        )

        def begin(which: Any) -> Any:
            return builder.mul(builder.udiv(builder.mul(blocks, which), whole), block)

        low, high = begin(number), begin(builder.add(number, word(1)))
        high = builder.select(builder.icmp_signed("<", high, count), high, count)
        ends = [builder.and_(end, word(_NOT_NEGATIVE)) for end in (low, high)]
        return context.make_tuple(builder, signature.return_type, ends)

    return types.UniTuple(types.int64, 2)(extent, part, parts), codegen


def processors() -> int:
    """Return how many processors this process may use: affinity, OMP_NUM_THREADS and the container's quota.

    Examples
    --------
    >>> processors() >= 1
    True
    """
    affinity = getattr(os, "sched_getaffinity", None)
    usable = len(affinity(0)) if affinity else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if wanted.isdecimal() and int(wanted) > 0:
        usable = min(usable, int(wanted))
    return max(1, min(usable, _quota(Path("/sys/fs/cgroup"))))


def _quota(folder: Path) -> int:
    """Return how many processors Linux grants this container, rounded up; many where it says nothing."""
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((folder / file).read_text(encoding="ascii") for file in files).split()
        except (OSError, ValueError):
            continue
        if quota.isdecimal():  # neither "max" nor -1
            return -(-int(quota) // int(period))
    return sys.maxsize
