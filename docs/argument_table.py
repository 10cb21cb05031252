"""A page made by looking at the constructors: every argument of the MLP estimators beside scikit-learn's."""

from __future__ import annotations

import inspect
from typing import Any

from sklearn import neural_network

import glassnet as gn
from glassnet.estimators.described import ARGUMENTS

LOSSES = {
    "MLPClassifier": '"log_loss", "hinge", any loss of classes, or a function of (y, scores).',
    "MLPRegressor": '"squared_error", "poisson", "huber", any loss of numbers, or a function of (y, scores).',
    "LinearClassifier": '"softmax_cross_entropy", "multiclass_hinge", any loss of classes, or a function.',
}


def constructor(cls: type) -> dict[str, Any]:
    """Argument → default."""
    parameters = inspect.signature(cls).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}


def said(name: str, owner: str) -> str:
    """What an argument does, in a sentence or two."""
    if name == "loss":
        return LOSSES[owner]
    text = ARGUMENTS[name].format(solver="adam", rate="0.001", max_iter="200").partition("\n")[2]
    return " ".join(text.split())


def rows(name: str) -> list[tuple[str, str, str, str]]:
    """Each argument with its default, scikit-learn's default, and what it does."""
    theirs = constructor(getattr(neural_network, name)) if hasattr(neural_network, name) else {}
    found = []
    for argument, default in constructor(getattr(gn, name)).items():
        other = f"``{theirs[argument]!r}``" if argument in theirs else "new"
        found.append((f"``{argument}``", f"``{default!r}``", other, said(argument, name)))
    return found


def table(name: str) -> str:
    """A section with the arguments of one estimator."""
    head = ("argument", "default", "scikit-learn's", "what it does")
    cells = [
        f"   {'*' if i == 0 else ' '} - {cell}" for row in (head, *rows(name)) for i, cell in enumerate(row)
    ]
    return "\n".join(
        [
            name,
            "-" * len(name),
            "",
            ".. list-table::",
            "   :header-rows: 1",
            "   :widths: 15 12 12 61",
            "",
            *cells,
            "",
        ]
    )


def as_rst() -> str:
    """The page."""
    title = "Arguments of the estimators"
    return "\n".join(
        [
            title,
            "=" * len(title),
            "",
            "Read from the constructors when this page was built. *new*: scikit-learn has no such argument.",
            "",
            *(table(name) for name in ("MLPClassifier", "MLPRegressor", "LinearClassifier")),
        ]
    )
