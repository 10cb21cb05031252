"""The exported names, written out, and a docstring with a summary for each of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import FunctionType, ModuleType

import pytest

import glassnet

# One sorted list per public module, as in its __all__. A change here is a change of the public interface:
# it belongs in CHANGELOG.md.
PUBLIC = {
    "glassnet": [
        "Array", "Input", "Layer", "Model", "Sequential", "__version__", "activations", "callbacks",
        "check_gradients", "constraints", "datasets", "grad", "initializers", "layers", "losses", "metrics",
        "optimizers", "regularizers", "trace", "value_and_grad",
    ],
    "glassnet.activations": [],
    "glassnet.callbacks": [],
    "glassnet.constraints": [],
    "glassnet.datasets": ["Dataset", "load", "names", "spiral", "tutorial"],
    "glassnet.initializers": [],
    "glassnet.layers": [],
    "glassnet.losses": [],
    "glassnet.metrics": [],
    "glassnet.optimizers": [],
    "glassnet.regularizers": [],
}  # fmt: skip

METHODS = (FunctionType, classmethod, staticmethod, property)


def summary(text: str | None) -> str:
    """Return the first line of a docstring if it is one that a person wrote as a summary, else ''."""
    first = (text or "").strip().partition("\n")[0].strip()
    return first if first.endswith((".", "?", "!")) else ""


def methods(cls: type) -> Iterator[tuple[str, str | None]]:
    """Yield the public methods and properties that glassnet gives ``cls``, with their nearest docstring."""
    ours = [vars(base) for base in cls.__mro__ if base.__module__.startswith("glassnet")]
    for name in sorted({name for members in ours for name in members if not name.startswith("_")}):
        versions = [members[name] for members in ours if name in members]
        if isinstance(versions[0], METHODS):
            yield name, next((version.__doc__ for version in versions if version.__doc__), None)


def undocumented(module: ModuleType) -> list[str]:
    """List the exported names of a module, and the methods of its classes, that lack a summary."""
    values = [(name, getattr(module, name)) for name in module.__all__ if name != "__version__"]
    missing = [name for name, value in values if not summary(value.__doc__)]
    classes = [(name, value) for name, value in values if isinstance(value, type)]
    return missing + [f"{name}.{m}" for name, cls in classes for m, text in methods(cls) if not summary(text)]


@pytest.mark.parametrize("name", PUBLIC)
def test_exported_names(name):
    assert sorted(importlib.import_module(name).__all__) == PUBLIC[name]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_documented(name):
    assert undocumented(importlib.import_module(name)) == []


def test_table_names_every_public_module():
    modules = [name for name in glassnet.__all__ if isinstance(getattr(glassnet, name), ModuleType)]
    assert sorted(["glassnet", *(f"glassnet.{name}" for name in modules)]) == sorted(PUBLIC)


def test_undocumented_sees_what_is_missing():
    module = ModuleType("glassnet.sample")
    text = '''
class Base:
    """A base."""
    def known(self): "Known."
    def missing(self): pass
    def _hidden(self): pass
class Derived(Base):
    def known(self): pass
class Plain(Base):
    "no summary line"
def good():
    """Return
    something."""
def fine(): "Do it."
'''
    exec(text, vars(module))
    module.__all__ = ["Base", "Derived", "Plain", "good", "fine"]
    assert undocumented(module) == [
        "Derived", "Plain", "good", "Base.missing", "Derived.missing", "Plain.missing",
    ]  # fmt: skip
