"""A graph as compiled loops: a Numba program.

::

    passes/loops     which values are computed together
    passes/storage   where they live
      module         the program: the step, the loop that feeds it
        step         the units in order, the guard, the end
          alone      products, joins, parts of arrays
          rows       loops over rows, sums
            threads  parts and barriers (sharing: where they must stand)
            values   values at indices (expressions: one row per op)
"""

from __future__ import annotations

from glassnet.printers.to_numba.module import CompiledModule as CompiledModule
from glassnet.printers.to_numba.module import print_module as print_module
from glassnet.printers.to_numba.step import CompiledText as CompiledText
from glassnet.printers.to_numba.step import print_numba as print_numba
