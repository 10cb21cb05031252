"""Compiled building blocks: what the programs of the backend "numba" call.

Importing this package imports numba; nothing but compiled programs does. ``README.md`` beside this file
explains layouts, tiles and threads.
"""

from __future__ import annotations

from glassnet.kernels.arrays import aligned as aligned
from glassnet.kernels.arrays import array as array
from glassnet.kernels.blas import address as address
from glassnet.kernels.blas import gemm_at as gemm_at
from glassnet.kernels.columns import column_sums as column_sums
from glassnet.kernels.denormals import flush_denormals as flush_denormals
from glassnet.kernels.elementary import cos as cos
from glassnet.kernels.elementary import exp as exp
from glassnet.kernels.elementary import expm1 as expm1
from glassnet.kernels.elementary import log as log
from glassnet.kernels.elementary import log1p as log1p
from glassnet.kernels.elementary import maximum as maximum
from glassnet.kernels.elementary import minimum as minimum
from glassnet.kernels.elementary import sign as sign
from glassnet.kernels.elementary import sin as sin
from glassnet.kernels.elementary import sqrt as sqrt
from glassnet.kernels.elementary import tanh as tanh
from glassnet.kernels.features import vectors as vectors
from glassnet.kernels.gather import describe as describe
from glassnet.kernels.gather import gather as gather
from glassnet.kernels.gather import gather_few as gather_few
from glassnet.kernels.gather import gather_few_int as gather_few_int
from glassnet.kernels.gather import gather_int as gather_int
from glassnet.kernels.gemm import matmul as matmul
from glassnet.kernels.gemm import matmul_ta as matmul_ta
from glassnet.kernels.gemm import matmul_ta_then as matmul_ta_then
from glassnet.kernels.gemm import matmul_then as matmul_then
from glassnet.kernels.gemm import transpose as transpose
from glassnet.kernels.hashing import hash_keys as hash_keys
from glassnet.kernels.hashing import scratch_size as scratch_size
from glassnet.kernels.hashing import shuffle as shuffle
from glassnet.kernels.hashing import uniform as uniform
from glassnet.kernels.indexing import row as row
from glassnet.kernels.options import HELD as HELD
from glassnet.kernels.options import INNER as INNER
from glassnet.kernels.options import OPTIONS as OPTIONS
from glassnet.kernels.sums import plus as plus
from glassnet.kernels.threads import barrier as barrier
from glassnet.kernels.threads import barrier_cells as barrier_cells
from glassnet.kernels.threads import processors as processors
from glassnet.kernels.threads import share as share
