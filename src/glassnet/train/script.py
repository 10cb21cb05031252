"""A standalone program: the printed training step, the data, the loop. NumPy only."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassnet import random
from glassnet.graph.graph import Place
from glassnet.printers.helpers import helper_source
from glassnet.programs.python import Program
from glassnet.train.data import Dataset

# NumPy reads it when it is imported; a small product of matrices is slower on two threads.
_ONE_THREAD = 'import os\n\nos.environ["OPENBLAS_NUM_THREADS"] = "1"  # as fit() does for a small network\n\n'


@dataclass(frozen=True)
class Run:
    """What the loop of a script needs to know.

    Attributes
    ----------
    batch_size, epochs : int
    seed : int
    step, epoch : int
        Done before.
    shuffle : bool
    one_thread : bool
        Whether ``fit`` uses one BLAS thread for such steps.
    """

    batch_size: int
    epochs: int
    seed: int
    step: int
    epoch: int
    shuffle: bool = True
    one_thread: bool = True


def write(folder: Path, program: Program, values: Mapping[Place, Any], data: Dataset, run: Run) -> Path:
    """Write ``program.py`` and ``data.npz``; answers the path of the program."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(program, values, data)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    (folder / "data.npz").write_bytes(packed.getvalue())
    path = folder / "program.py"
    path.write_text(text(program, list(arrays), data, run), encoding="utf-8")
    return path


def _arrays(program: Program, values: Mapping[Place, Any], data: Dataset) -> dict[str, np.ndarray]:
    """Name in ``data.npz`` → array: the data, and everything the step carries."""
    batch = data.arrays()
    names = [name for name in batch if name.startswith("x") and name in program.arguments]
    arrays: dict[str, Any] = {_data_name(name): batch[name] for name in names}
    arrays["Y"] = data.targets
    if data.weights is not None:
        arrays["sample_weights"] = data.weights
    for name, place in program.arguments.items():
        if place is not None and place in values and name not in ("t", "seed"):
            arrays[name] = values[place]
        elif place is not None and place in program.graph.values:
            arrays[name] = program.graph.values[place]
    for (container, key), value in values.items():
        if container in ("state", "frozen") and container in program.arguments:
            arrays[f"{container}.{key}"] = value
    return arrays


def _data_name(argument: str) -> str:
    return argument.upper()


def text(program: Program, names: list[str], data: Dataset, run: Run) -> str:
    """The program's text followed by the data and the loop."""
    helpers: list[Any] = [random.mix, random.random_bits, random.shuffle] if run.shuffle else []
    present = set(re.findall(r"^def (\w+)\(", program.text, flags=re.MULTILINE))
    missing = [helper_source(function) for function in helpers if function.__name__ not in present]
    program_text = program.text.rstrip()
    if run.one_thread:
        program_text = program_text.replace("import ", _ONE_THREAD + "import ", 1)
    parts = [program_text, *missing, "\n".join(_main(program, names, data, run))]
    return "\n\n\n".join(parts) + "\n"


def _main(program: Program, names: list[str], data: Dataset, run: Run) -> list[str]:
    dictionaries = [name for name, place in program.arguments.items() if place is None]
    lines = [
        "# ---------------- training " + "-" * 43,
        'data = np.load(__file__.removesuffix("program.py") + "data.npz")',
    ]
    plain = [name for name in names if "." not in name]
    lines.append(f"{', '.join(plain)} = (data[k] for k in {tuple(plain)!r})" if len(plain) > 1 else "")
    lines += [_entries(container) for container in dictionaries]
    if "seed" in program.arguments or run.shuffle:
        lines.append(f"seed = {run.seed}")
    lines += [
        "",
        'with np.errstate(over="ignore"):',
        *("    " + line if line else "" for line in _loop(program, data, run)),
    ]
    return lines


def _entries(container: str) -> str:
    """The line that gathers a dictionary from the archive."""
    inner = f'data[k] for k in data if k.startswith("{container}.")'
    return f"{container} = {{k[{len(container) + 1}:]: {inner}}}"


def _loop(program: Program, data: Dataset, run: Run) -> list[str]:
    counts = "t" in program.arguments
    size = "len(rows)" if data.weights is None else "float(sample_weights[rows].sum())"
    whole = "len(Y)" if data.weights is None else "weight"
    given = {"y": "Y[rows]", "sample_weight": "sample_weights[rows]"}
    arguments = ", ".join(_argument(name, place, given) for name, place in program.arguments.items())
    results = ", ".join(_result(program, place) for place in program.returned)
    lines = [f"t = {run.step}"] if counts else []
    lines.append(f"for epoch in range({run.epoch}, {run.epoch + run.epochs}):")
    lines.append(
        "    order = shuffle(seed, epoch, len(Y))" if run.shuffle else "    order = np.arange(len(Y))"
    )
    lines.append("    total = 0.0" if data.weights is None else "    total = weight = 0.0")
    lines.append(f"    for start in range(0, len(Y), {run.batch_size}):")
    lines.append(f"        rows = order[start : start + {run.batch_size}]")
    lines += ["        t += 1"] if counts else []
    lines.append(f"        {results} = {program.graph.name}({arguments})")
    lines.append(f"        total += float(loss) * {size}")
    lines += [f"        weight += {size}"] if data.weights is not None else []
    lines.append(f'    print(f"epoch {{epoch + 1}}: loss {{total / {whole}!r}}")')
    return lines


def _argument(name: str, place: Place | None, given: Mapping[str, str]) -> str:
    if place is not None and place[1].rstrip("0123456789") == "x":
        return f"{_data_name(name)}[rows]"
    return given.get(name, name)


def _result(program: Program, place: Place) -> str:
    """The variable a returned value goes to: the argument it replaces, or its own name."""
    wanted = ("argument", place[1]) if place[0] == "return" else place
    for name, known in program.arguments.items():
        if known == wanted:
            return name
    return place[1] if place[1].isidentifier() else "_"
