"""What the processor offers: the width of its vectors, how many it holds, whether it can mask a tail.

The register tiles of :mod:`glassnet.kernels.gemm` are cut to these numbers when a program is compiled. Numba
compiles for ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` when they are set and for the processor at hand
otherwise; so does this module. ``GLASSNET_VECTOR_BITS`` forces less than there is: 256 asks for the tiles of
an AVX2 machine, 0 for plain loops.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from numba.core.registry import cpu_target

from glassnet.errors import InputError

__all__ = ["Vectors", "fingerprint", "vectors"]

#: Environment variable that limits the vectors to 512, 256 or 0 bits.
LIMIT = "GLASSNET_VECTOR_BITS"


class Vectors(NamedTuple):
    """The vector registers that programs are compiled for.

    Parameters
    ----------
    bits : int
        Width of one register: 512, 256, or 0 when programs are to be plain loops.
    registers : int
        How many registers there are.
    masks : bool
        Whether loads and stores of a part of a register are single instructions.

    Examples
    --------
    >>> Vectors(512, 32, True).lanes(4)
    16
    """

    bits: int
    registers: int
    masks: bool

    def lanes(self, itemsize: int) -> int:
        """How many numbers of ``itemsize`` bytes fit one register."""
        return self.bits // (8 * itemsize)


AVX512 = Vectors(512, 32, True)
AVX2 = Vectors(256, 16, False)
PLAIN = Vectors(0, 0, False)


def vectors() -> Vectors:
    """The vector registers to compile for.

    Returns
    -------
    Vectors
        The widest that the processor has and ``GLASSNET_VECTOR_BITS`` allows.

    Raises
    ------
    InputError
        ``GLASSNET_VECTOR_BITS`` is none of 512, 256, 0.
    """
    limit, features = _limit(), _features()
    if limit >= 512 and {"avx512f", "avx512vl", "avx512dq", "avx512bw"} <= features:
        return AVX512
    return AVX2 if limit >= 256 and {"avx2", "fma"} <= features else PLAIN


def fingerprint() -> str:
    """What a compiled program depends on besides its text and the processor's name: part of a cache's key.

    Examples
    --------
    >>> fingerprint().startswith("vectors-")
    True
    """
    return "vectors-{}-{}-{:d}".format(*vectors())


def _limit() -> int:
    text = os.environ.get(LIMIT, "512")
    if text not in ("512", "256", "0"):
        raise InputError(f"{LIMIT} is {text!r}.\nExpected 512, 256 or 0 (plain loops), or no such variable.")
    return int(text)


def _features() -> set[str]:
    """The features that Numba compiles for, as LLVM names them; none on anything but x86."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    if not triple.startswith(("x86_64", "amd64")):
        return set()
    return {name[1:] for name in features.split(",") if name.startswith("+")}
