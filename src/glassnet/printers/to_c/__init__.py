"""A graph as a C program: a prediction of one row in C99.

::

    passes/one_row     the prediction of one row, and a refusal where rows are mixed
    programs/freeze    the parameters as constants
      module           header and source: constants, helpers, functions
        function       the lines of a function, layer by layer
          storage      which values have a place of their own
          operations   elements of the others: one row per op
          statements   products, sums, joins: one row per op
        composites     functions of numbers, such as sigmoid
"""

from __future__ import annotations

from glassnet.printers.to_c.composites import is_scalar_function as is_scalar_function
from glassnet.printers.to_c.module import CProgram as CProgram
from glassnet.printers.to_c.module import Function as Function
from glassnet.printers.to_c.module import Words as Words
from glassnet.printers.to_c.module import print_c as print_c
from glassnet.printers.to_c.names import function_name as function_name
