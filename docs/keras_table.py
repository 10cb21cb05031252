"""A page made by comparing: every argument of Keras's names beside ours, and what is elsewhere or not there.

Keras's side is ``keras_arguments.json``, ours is read from the package when the page is built.
"""

from __future__ import annotations

import fnmatch
import inspect
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras_notes

import glassnet as gn

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("keras_arguments.json").read_text("utf-8"))
TITLES = {
    "models": "Models",
    "layers": "Layers",
    "optimizers": "Optimizers",
    "schedules": "Learning rate schedules",
    "losses": "Losses",
    "metrics": "Metrics",
    "callbacks": "Callbacks",
    "initializers": "Initializers",
    "regularizers": "Regularizers",
    "constraints": "Constraints",
    "activations": "Activations",
}
Arguments = Mapping[str, str | None]


@dataclass(frozen=True)
class Row:
    """A line of the table: Keras's name, its arguments that are the same, others, and those only we have."""

    name: str
    same: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    new: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        """What the columns show."""
        others = "\n       ".join(f"| ``{name}``: {text}" for name, text in self.others)
        return f"``{self.name}``", _listed(self.same), others, _listed(self.new)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"``{name}``" for name in names)


def ours(group: str, name: str) -> Any:
    """Our function or class of that name; None if there is none."""
    found: Any = gn if group == "models" else getattr(gn, group)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def arguments(function: Any) -> dict[str, str | None]:
    """Argument → how its default is written; None where it has none."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: None if p.default is p.empty else repr(p.default) for p in parameters if p.name != "self"}


def noted(notes: Mapping[str, str], place: str) -> str | None:
    """The note of the first pattern that fits."""
    return next((text for pattern, text in notes.items() if fnmatch.fnmatchcase(place, pattern)), None)


def compared(group: str, name: str, theirs: Arguments) -> Row:
    """Keras's arguments beside ours."""
    own = arguments(ours(group, name))
    same = tuple(argument for argument, default in theirs.items() if own.get(argument, "") == default)
    others = tuple(
        (argument, difference(f"{group}.{name}.{argument}", own, default))
        for argument, default in theirs.items()
        if argument not in same
    )
    known = {**theirs, **(FACTS["models"]["Layer"] if group == "layers" else {})}  # every layer takes those
    taken = " ".join(text for _, text in others)  # what stands for an argument with another name is not new
    new = tuple(
        argument for argument in own if argument not in known and not _is_named(name, argument, taken)
    )
    return Row(name, same, others, new)


def _is_named(name: str, argument: str, text: str) -> bool:
    return f"{name}({argument}=)" in text or f"called {argument};" in text


def difference(place: str, own: Arguments, default: str | None) -> str:
    """What the table says of an argument that is not the same."""
    argument = place.rpartition(".")[2]
    if argument not in own:
        return noted(keras_notes.ARGUMENTS, place) or ""
    note = noted(keras_notes.DEFAULTS, place)
    return f"{_default(own[argument])}, in Keras {_default(default)}" + (f" ({note})" if note else "")


def _default(text: str | None) -> str:
    return "no default" if text is None else f"``{text}``"


# ------------------------------------------------------------------------------------------ the page
def rows(group: str) -> list[Row]:
    """The lines for the names that both have."""
    return [compared(group, name, found) for name, found in FACTS[group].items() if ours(group, name)]


def missing(group: str) -> dict[str, list[str]]:
    """What to do → Keras's names, for those that are not here."""
    found: dict[str, list[str]] = {}
    for name in FACTS[group]:
        if not ours(group, name):
            found.setdefault(remedy(group, name), []).append(name)
    return found


def remedy(group: str, name: str) -> str:
    """What to do for want of a name."""
    for patterns, text in keras_notes.MISSING.get(group, ()):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split()):
            return text
    return ""


def list_table(head: tuple[str, ...], widths: str, body: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a table in reStructuredText."""
    cells = [f"   {'*' if i == 0 else ' '} - {cell}" for row in (head, *body) for i, cell in enumerate(row)]
    return [
        "",
        ".. list-table::",
        "   :class: comparison",
        "   :header-rows: 1",
        f"   :widths: {widths}",
        "",
        *cells,
        "",
    ]


def section(group: str) -> list[str]:
    """The names of one of Keras's modules."""
    lines = [TITLES[group], "-" * len(TITLES[group])]
    head = ("name", "the same", "other, elsewhere or not there", "only here")
    lines += list_table(head, "16 25 45 14", (row.cells() for row in rows(group)))
    absent = missing(group)
    if absent:
        body = ((_listed(tuple(names)), text) for text, names in absent.items())
        lines += list_table(("Keras's name", "here"), "50 50", body)
    return lines


def as_rst() -> str:
    """The page."""
    title = "Keras's arguments"
    introduction = (
        f"Every public name of Keras {FACTS['keras']} with its arguments, compared with glassnet's when this "
        "page was built. An argument is *the same* if its name and its default are; that it does the same is "
        "held by tests with Keras as the referee, and where numbers differ, :doc:`conventions` says how."
    )
    return "\n".join(
        [
            title,
            "=" * len(title),
            "",
            introduction,
            "",
            *(line for group in TITLES for line in section(group)),
        ]
    )
