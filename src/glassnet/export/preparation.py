"""What happens to the columns of a table before the network: the part of a shipped file that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from glassnet.graph.graph import Graph, copy_nodes, input_node, input_place
from glassnet.graph.node import Builder

Kind = Literal["number", "boolean", "text", "date", "duration"]
SCOPE = "columns"  # what the steps belong to, in a graph with those of the layers
MOST_CODES = 20  # that a comment lists


@dataclass(frozen=True)
class TableColumn:
    """One column that is read.

    Attributes
    ----------
    name : str
    kind : {"number", "boolean", "text", "date", "duration"}
    codes : tuple
        The known values, if the column holds categories.
    examples : tuple
        A few values to compare answers with: as the user has them, None where one is missing.
    """

    name: str
    kind: Kind
    codes: tuple[Any, ...]
    examples: tuple[Any, ...]

    def numbers(self, values: Sequence[Any]) -> np.ndarray:
        """Values as the graph takes them, float64 (n,): the place of a known one, from 1, or what they are.

        Parameters
        ----------
        values : sequence
            Numbers, texts, booleans, days since 1970, seconds of durations; None where one is missing.

        Returns
        -------
        ndarray (n,)
            NaN where a value is missing, 0 where it is not known.
        """
        places = {value: place for place, value in enumerate(self.codes, 1)}
        known = bool(self.codes) or self.kind == "text"
        found = [np.nan if v is None else places.get(v, 0) if known else float(v) for v in values]
        return np.array(found, np.float64)

    def words(self) -> str:
        """What a number stands for: ``Sex: 1 for 'female', 2 for 'male', 0 for others``."""
        if self.codes:
            shown = [f"{place} for {value!r}" for place, value in enumerate(self.codes[:MOST_CODES], 1)]
            more = len(self.codes) - len(shown)
            return (
                f"{self.name}: {', '.join([*shown, *([f'and {more} more'] if more else [])])}, 0 for others"
            )
        units = {
            "boolean": ": 0 or 1",
            "date": ", in days since 1970-01-01",
            "duration": ", in seconds",
            "text": ": 0; it only counts whether it is missing",
        }
        return self.name + units.get(self.kind, "")


@dataclass(frozen=True, eq=False)
class Preparation:
    """The columns of a table as the features of a network.

    Attributes
    ----------
    columns : tuple of TableColumn
    graph : Graph
        Its one argument is ``X`` (n, columns), the numbers of the columns, and its result the features; what
        it captures is in ``values``.
    """

    columns: tuple[TableColumn, ...]
    graph: Graph

    def numbers(self, columns: Sequence[Sequence[Any]]) -> np.ndarray:
        """The values of all columns as the graph takes them, float64 (n, columns)."""
        pairs = zip(self.columns, columns, strict=True)
        return np.stack([column.numbers(values) for column, values in pairs], axis=1)

    def examples(self) -> list[list[Any]]:
        """A few values for each column."""
        return [list(column.examples) for column in self.columns]

    def before(self, network: Graph) -> Graph:
        """One graph from ``X`` to what a network answers.

        Parameters
        ----------
        network : Graph
            Its first input is the features.

        Returns
        -------
        Graph
        """
        front = self.graph
        with Builder():
            places = {node: (SCOPE, input_place(node)[1]) for node in front.inputs[1:]}
            new = {
                node: input_node(node.attrs["name"], node.shape, node.kind, places[node]) for node in places
            }
            new = copy_nodes(front.nodes(), new)
            for node in front.nodes():
                new[node].label.scope = SCOPE
            data = new[front.inputs[0]]
            copied = copy_nodes(network.nodes(), {network.inputs[0]: new[front.outputs[0]]})
        values = {place: front.values[input_place(node)] for node, place in places.items()}
        return replace(
            network,
            inputs=(data, *(new[node] for node in places), *(copied[node] for node in network.inputs[1:])),
            outputs=tuple(copied[node] for node in network.outputs),
            titles={SCOPE: "the columns of the table as features", **network.titles},
            values={**values, **network.values},
        )
