"""Training by an optimizer that chooses its steps itself: an epoch is one run of it over all the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.graph.graph import Place
from glassnet.optim.lbfgs import LBFGS
from glassnet.programs.compiled import CompiledProgram
from glassnet.programs.python import Program
from glassnet.train.data import Dataset
from glassnet.train.loop import Stepper, Values


class FullBatchStepper(Stepper):
    """A stepper whose step is a run of L-BFGS; its program answers the loss and the gradient at ``w``.

    Parameters
    ----------
    program : Program
    values : mapping
    seed, step : int
        As for :class:`Stepper`.
    optimizer : LBFGS
    """

    def __init__(
        self, program: Program, values: Mapping[Place, Any], seed: int, step: int, optimizer: LBFGS
    ) -> None:
        super().__init__(program, values, seed, step)
        self.optimizer = optimizer
        self.results.remove("g")

    def run(self, batch: Dataset) -> Any:
        """One run; answers the loss and the metrics at the point reached."""
        self.step += 1
        self.dirty = True
        if self.counts:
            self.bound["t"] = self.step
        self.bind_batch(batch)
        statistics = dict(self.bound.get("state", {}))
        dtype = self.bound["w"].dtype

        def value_and_gradient(w: np.ndarray) -> tuple[float, np.ndarray]:
            loss, *_, g = self._evaluate(w.astype(dtype), statistics)
            return float(loss), g.astype(float)

        found = self.optimizer.minimize_vector(value_and_gradient, self.bound["w"].astype(float))
        *results, _ = self._evaluate(found.astype(dtype), statistics)
        return results

    def _evaluate(self, w: np.ndarray, statistics: Mapping[str, np.ndarray]) -> Any:
        """The program's results at ``w``; the running statistics move once, from where the run began."""
        self.bound["w"] = w
        self.bound.get("state", {}).update(statistics)
        return self.program.function(**self.bound)

    def snapshot(self) -> dict[str, Any]:
        return {**super().snapshot(), "w": self.bound["w"]}

    def arrays(self) -> dict[str, np.ndarray]:
        return {**super().arrays(), "w": self.bound["w"]}

    def values(self) -> Values:
        return {**super().values(), ("return", "w"): self.bound["w"]}


class CompiledFullBatchStepper(FullBatchStepper):
    """The same, its loss and gradient computed by a compiled program.

    Parameters
    ----------
    program : Program
    compiled : CompiledProgram
        Of the same graph.
    values, seed, step, optimizer
        As for :class:`FullBatchStepper`.
    """

    def __init__(
        self,
        program: Program,
        compiled: CompiledProgram,
        values: Mapping[Place, Any],
        seed: int,
        step: int,
        optimizer: LBFGS,
    ) -> None:
        self.compiled = compiled
        compiled.put({**program.graph.values, **values})
        super().__init__(program, values, seed, step, optimizer)

    def set_hyper(self, values: Mapping[Place, Any]) -> None:
        super().set_hyper(values)
        self.compiled.set_hyper(values)

    def run(self, batch: Dataset) -> Any:
        self.rows = len(batch)
        self.compiled.reserve(self.rows)
        arrays = {("argument", name): array for name, array in batch.arrays().items() if array is not None}
        self.compiled.put(arrays, self.rows)
        return super().run(batch)

    def _evaluate(self, w: np.ndarray, statistics: Mapping[str, np.ndarray]) -> Any:
        state = {("state", key): array for key, array in statistics.items()}
        self.compiled.put({("argument", "w"): w, **state})
        found = self.compiled.step(self.rows, self.seed, self.step)
        self.bound["w"] = w
        renewed = {key: found["state", key] for key in statistics if ("state", key) in found}
        self.bound.get("state", {}).update({**statistics, **renewed})
        return [found[place] for place in self.program.returned]
