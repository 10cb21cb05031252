"""Which columns a trained network goes by: how much worse it predicts when one of them is shuffled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glassnet.cli.scores import Scores, score
from glassnet.cli.training import Run
from glassnet.estimators.frames import Table

MOST_COLUMNS = 40  # more take long, and nobody reads them
REPEATS = 5


def importance(run: Run) -> dict[str, float]:
    """What the held-out rows lose without each column, the most important first.

    Permutation importance: the values of a column are shuffled among the rows, five times, so that they say
    nothing any more; everything else stays [1]_.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict of str to float
        Accuracy lost, or RMSE gained, by the name of the column; empty for tables of many columns.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45, 2001.
    """
    used = [i for i, treatment in enumerate(run.encoder.treatments_) if treatment.features("")]
    if len(used) > MOST_COLUMNS:
        return {}
    table = run.problem.table.take(run.rows.held_out)
    whole = _error(run, score(run.problem, run.truth, run.prediction))
    draw = np.random.default_rng(run.recipe.seed)
    orders = [draw.permutation(table.rows) for _ in range(REPEATS)]
    lost = {table.columns[i].name: _without(run, table, i, orders) - whole for i in used}
    return dict(sorted(lost.items(), key=lambda item: -item[1]))


def _without(run: Run, table: Table, i: int, orders: list[np.ndarray]) -> float:
    """The error with a column shuffled in each of these ways, on average."""
    errors = []
    for order in orders:
        columns = list(table.columns)
        columns[i] = columns[i].take(order)
        prediction = run.predict(replace(table, columns=tuple(columns)))
        errors.append(_error(run, score(run.problem, run.truth, prediction)))
    return float(np.mean(errors))


def _error(run: Run, found: Scores) -> float:
    return 1 - found["accuracy"] if run.problem.classes else found["rmse"]
