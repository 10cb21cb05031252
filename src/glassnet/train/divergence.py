"""When training produces NaN or infinity: find the first bad value and say what to do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.graph.node import Node
from glassnet.programs.interpret import trace_values
from glassnet.programs.python import Program


def is_finite(*arrays: np.ndarray) -> bool:
    """Whether all entries of all arrays are finite; a sum settles the usual case in one pass."""
    with np.errstate(over="ignore", invalid="ignore"):
        return all(math.isfinite(array.sum()) or bool(np.isfinite(array).all()) for array in arrays)


class DivergedError(Exception):
    """Raised inside the loop; the model turns it into a DivergenceError after keeping the finite state."""

    def __init__(self, program: Program, values: dict[Any, Any], step: int, epoch: int) -> None:
        super().__init__(step)
        self.program, self.values, self.step, self.epoch = program, values, step, epoch

    def message(self, learning_rate: float) -> str:
        """Three lines: when, the first bad value, what to do."""
        return (
            f"training diverged at step {self.step} (epoch {self.epoch + 1}): {self.first_bad_value()}.\n"
            f"The parameters of step {self.step - 1}, the last finite ones, are kept.\n"
            f"Lower the learning rate (now {learning_rate:g}), standardize the inputs, or bound the weights "
            "(MaxNorm)."
        )

    def first_bad_value(self) -> str:
        """The first node of the step that is not finite, as the printed program writes it."""
        with np.errstate(all="ignore"):
            for node, value in trace_values(self.program.graph, self.values):
                if node.kind == "float" and node.op != "input" and not is_finite(np.asarray(value)):
                    return f"{describe(value)} in {self._line(node)}"
        return "a value that is not finite"

    def _line(self, node: Node) -> str:
        page = self.program.page
        while node not in page.lines.chosen and page.lines.users.get(node):
            node = page.lines.users[node][0]
        return f"{page.names.of(node)} = {page.expression(node)}"


def describe(value: Any) -> str:
    """``nan`` or ``inf``."""
    return "nan" if np.isnan(value).any() else "inf"
