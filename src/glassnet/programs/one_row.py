"""A prediction made ready for a language that knows loops and numbers: of one row, its weights known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.graph.graph import Graph, Place
from glassnet.passes.expand import expand
from glassnet.passes.fold import fold_scaling
from glassnet.passes.lower import lower_statistics
from glassnet.passes.one_row import lower_lookups, one_row
from glassnet.passes.tidy import drop_stops
from glassnet.printers.to_c import is_scalar_function
from glassnet.programs.freeze import freeze


def row_graph(graph: Graph, values: Mapping[Place, Any], dtype: Any) -> Graph:
    """The prediction of one row, as C prints it.

    Parameters
    ----------
    graph : Graph
        Of a prediction.
    values : mapping
        Place → value of everything that is not data.
    dtype : dtype
        The float type of the program; what is known is computed in float64.

    Returns
    -------
    Graph

    Raises
    ------
    InputError
        The prediction of a row depends on the other rows of the batch.
    """
    expanded = expand(drop_stops(graph), lambda call: not is_scalar_function(call))
    folded = fold_scaling(freeze(expanded, values, np.float64), dtype)
    row = lower_lookups(lower_statistics(one_row(folded)))
    return freeze(row, row.values, np.float64)
