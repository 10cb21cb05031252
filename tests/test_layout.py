"""The shape of the project: imports point downward, slow ones stay out, the README keeps its marks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "glassnet"

# Modules that only re-export names, `glassnet/__init__.py` ("glassnet") among them. They stand near the end
# of the order: they import what they show, and nothing but the command line imports them.
FACES = (
    "activations", "callbacks", "constraints", "initializers", "layers", "losses", "metrics", "optimizers",
    "regularizers", "schedules", "glassnet",
)  # fmt: skip
# A file imports only from entries above its own, or from its own folder.
ORDER = (
    "errors", "random", "optional", "graph", "trace", "grad", "passes", "kernels", "printers", "programs",
    "functional", "nn", "optim", "files", "train", "explain", "export", "model", "ensemble", "inspect",
    "estimators", "datasets", *FACES, "cli",
)  # fmt: skip

REQUIRED = {
    "numpy",
    "sklearn",
    "scipy",
    "safetensors",
    "threadpoolctl",
    "rich",
    "click",
    "narwhals",
}  # scipy comes with scikit-learn
# What a function may import for itself: it is optional, or would make `import glassnet` slow.
LOCAL = {
    "sklearn", "scipy", "matplotlib", "numba", "rich", "click", "safetensors", "threadpoolctl", "onnx",
    "onnxruntime", "skl2onnx", "pyarrow",
}  # fmt: skip
# Nothing loads the compiled building blocks before a program is compiled, so they may load these at once.
COMPILED = {"numba", "llvmlite"}
# What `import glassnet` must not load.
SLOW = {
    "sklearn", "scipy", "numba", "matplotlib", "rich", "click", "narwhals", "pandas", "polars", "onnx",
    "pyarrow",
}  # fmt: skip


class Import(NamedTuple):
    """One imported name: the line, the absolute dotted name, whether the import stands inside a function."""

    line: int
    name: str
    local: bool


def imports(tree: ast.AST, package: tuple[str, ...], local: bool = False) -> Iterator[Import]:
    """Yield every name imported below ``tree``, a part of a module of ``package``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, local) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = (*above, *(node.module or "").split("."))
            yield from (
                Import(node.lineno, ".".join(filter(None, (*module, a.name))), local) for a in node.names
            )
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(node, package, local or inside)


def entry(name: str) -> str:
    """Return the entry of ORDER that a dotted name belongs to; for the package's own names, "glassnet"."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and is_module(parts[1]) else "glassnet"


def is_module(name: str) -> bool:
    file = name != "__init__" and (PACKAGE / f"{name}.py").is_file()
    return name in ORDER or (PACKAGE / name).is_dir() or file


def complaint(path: Path, found: Import) -> str | None:
    """Say what is wrong with one import in the file ``path`` (relative to the package), or None."""
    own = entry(f"glassnet.{path.parts[0].removesuffix('.py')}")
    top = found.name.partition(".")[0]
    where = f"{path.as_posix()}:{found.line}"
    if top in sys.stdlib_module_names:
        return None
    if found.local:
        return (
            None
            if top in LOCAL or entry(found.name) == "kernels"
            else f"{where} imports {found.name} locally"
        )
    if top != "glassnet":
        known = REQUIRED | COMPILED if own == "kernels" else REQUIRED
        return None if top in known else f"{where} imports {top} at its top"
    target = entry(found.name)
    if target == own or (own in FACES and target != "cli") or ORDER.index(target) < ORDER.index(own):
        return None
    return f"{where}: {own} stands above {target}"


def complaints(path: Path, text: str) -> list[str]:
    """List what is wrong with the imports of one file; ``path`` is relative to the package."""
    package = ("glassnet", *path.parts[:-1])
    return [c for found in imports(ast.parse(text), package) if (c := complaint(path, found))]


def sources() -> list[Path]:
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def test_every_entry_of_the_package_has_its_place_in_the_order():
    entries = {entry(f"glassnet.{path.parts[0].removesuffix('.py')}") for path in sources()}
    assert {"glassnet", "graph", "trace", "grad", "printers", "nn", "model"} <= entries
    assert entries - set(ORDER) == set()


def test_imports_point_downward():
    texts = [(path, (PACKAGE / path).read_text(encoding="utf-8")) for path in sources()]
    assert [c for path, text in texts for c in complaints(path, text)] == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("nn/dense.py", "from glassnet.graph import node\nfrom glassnet import errors", []),
        ("nn/dense.py", "from .layer import Layer\nfrom ..graph import node\nfrom . import layer", []),
        ("layers.py", "from glassnet.nn.dense import Dense\nfrom glassnet import losses", []),
        ("__init__.py", "from glassnet.model import Model\nfrom glassnet import layers", []),
        ("cli/train.py", "import click\nimport glassnet as gn\nfrom glassnet.layers import Dense", []),
        ("model.py", "def show():\n    import rich.table", []),
        ("graph/node.py", "import glassnet.nn.dense", ["graph/node.py:1: graph stands above nn"]),
        ("nn/dense.py", "\nfrom ..train import loop", ["nn/dense.py:2: nn stands above train"]),
        ("errors.py", "from glassnet import random", ["errors.py:1: errors stands above random"]),
        ("model.py", "from glassnet import layers", ["model.py:1: model stands above layers"]),
        ("model.py", "import glassnet as gn", ["model.py:1: model stands above glassnet"]),
        ("model.py", "if TYPE_CHECKING:\n    from . import cli", ["model.py:2: model stands above cli"]),
        ("__init__.py", "from glassnet.cli import main", ["__init__.py:1: glassnet stands above cli"]),
        ("model.py", "def f():\n    from . import errors", ["model.py:2 imports glassnet.errors locally"]),
        ("model.py", "class A:\n  def f(self):\n    import numpy", ["model.py:3 imports numpy locally"]),
        ("kernels/gemm.py", "import numba", []),
        ("train/shelf.py", "def f():\n    from glassnet.kernels import describe", []),
        ("train/shelf.py", "import numba", ["train/shelf.py:1 imports numba at its top"]),
        ("model.py", "import matplotlib.pyplot", ["model.py:1 imports matplotlib at its top"]),
    ],
)  # fmt: skip
def test_the_import_rule_sees(path, text, expected):
    assert complaints(Path(path), text) == expected


def test_third_party_imports_are_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    rows = (*project["dependencies"], *extras["fast"], *extras["plot"], *extras["onnx"], *extras["frames"])
    declared = {re.match(r"[\w-]+", row)[0] for row in rows}
    assert {name.replace("scikit-learn", "sklearn") for name in declared} | {"scipy"} == REQUIRED | LOCAL


def test_import_loads_nothing_slow():
    code = "import glassnet, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    assert {"glassnet", "numpy"} <= loaded
    assert loaded & SLOW == set()


@pytest.mark.parametrize(
    "name", ["src/glassnet/py.typed", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", ".ci/run"]
)
def test_file_exists(name):
    assert (ROOT / name).is_file()


@pytest.mark.parametrize(
    ("marker", "needed"), [("demo", 'pip install ".[fast,plot]"'), ("test", 'pip install -e ".[test]"')]
)
def test_readme_has_one_marked_command(marker, needed):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^<!-- {marker} -->\n```bash\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert [readme.count(f"<!-- {marker} -->"), len(blocks)] == [1, 1]
    assert needed in blocks[0]


def test_readme_shows_the_example_program():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    region = r"<!-- program: begin -->\s*```python\n(.+?\n)```\s*<!-- program: end -->"
    shown = re.findall(region, readme, re.DOTALL)
    assert len(shown) == 1
    assert shown[0] in (ROOT / "examples" / "from_scratch.py").read_text(encoding="utf-8")
