"""Compile many C programs into one executable, run it, and read what each function answered."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
OPTIMIZED = ("-O2",)
SANITIZED = ("-O0", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
TYPES = {"float": np.float32, "double": np.float64, "long": np.int64, "int": np.int32}
TOP = """\
#include <stdio.h>
#include <stdlib.h>

static FILE *in, *out;

static void *given(size_t bytes)
{
    void *room = malloc(bytes ? bytes : 1);
    if (!room || fread(room, 1, bytes, in) != bytes)
        exit(3);
    return room;
}

static void *room_for(size_t bytes)
{
    void *room = malloc(bytes ? bytes : 1);
    if (!room)
        exit(3);
    return room;
}

static void done(void *room, size_t bytes)
{
    if (out && fwrite(room, 1, bytes, out) != bytes)
        exit(3);
    free(room);
}
"""


@dataclass
class Case:
    """A program, rows of data, and what its functions are expected to answer for them.

    ``expected`` is by suffix: ``{"predict": (n, ...)}``; ``"label"`` answers a number for each row.
    """

    name: str
    header: str
    source: str
    inputs: list[np.ndarray]
    expected: dict[str, np.ndarray]
    found: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def scratch(self) -> int:
        size = re.search(r"_SCRATCH (\d+)", self.header)
        return int(size[1]) if size else 0

    def signature(self, suffix: str) -> tuple[str, list[tuple[str, str]]]:
        """What a function returns, and the type and the name of each argument."""
        found = re.search(rf"^(\w+) {self.name}_{suffix}\((.*)\);$", self.header, re.MULTILINE)
        assert found, f"{self.name}_{suffix} is not in\n{self.header}"
        arguments = [re.fullmatch(r"(?:const )?(\w+) \*?(\w+)", a) for a in found[2].split(", ")]
        return found[1], [(a[1], a[2]) for a in arguments]

    def typed_inputs(self) -> list[np.ndarray]:
        _, arguments = self.signature("predict")
        pairs = zip(self.inputs, arguments, strict=False)
        return [np.ascontiguousarray(array, TYPES[kind]) for array, (kind, _) in pairs]

    def outputs(self) -> list[tuple[str, type, int]]:
        """Suffix, type and number of elements of a row, of every function."""
        rows = []
        for suffix, array in self.expected.items():
            returned, arguments = self.signature(suffix)
            results = [kind for kind, name in arguments if name == "y"]
            kind = TYPES[results[0] if results else returned]
            rows.append((suffix, kind, int(np.prod(array.shape[1:]))))
        return [*rows, ("predict_rows", rows[0][1], rows[0][2])]

    def calls(self) -> list[str]:
        """The lines of a C function that calls them all."""
        inputs, count = self.typed_inputs(), len(self.inputs[0])
        lines = []
        for i, array in enumerate(inputs):
            kind = self.signature("predict")[1][i][0]
            lines.append(f"{kind} *x{i} = given({array.nbytes});")
        extra = []
        if self.scratch:
            kind = self.signature("predict")[1][0][0]
            lines.append(f"{kind} *scratch = room_for({self.scratch} * sizeof({kind}));")
            extra = ["scratch"]
        for suffix, kind, size in self.outputs():
            c_type = next(name for name, dtype in TYPES.items() if dtype is kind)
            row = [f"x{i} + {int(np.prod(array.shape[1:]))} * i" for i, array in enumerate(inputs)]
            whole = [f"x{i}" for i in range(len(inputs))]
            result = f"{c_type} *y_{suffix} = room_for({count * size} * sizeof({c_type}));"
            target = f"y_{suffix} + {size} * i"
            if suffix == "predict_rows":
                arguments = ", ".join([*whole, f"y_{suffix}", *extra, str(count)])
                call = [f"{self.name}_{suffix}({arguments});"]
            elif self.signature(suffix)[0] == "int":
                arguments = ", ".join([*row, *extra])
                call = [
                    f"for (long i = 0; i < {count}; i++)",
                    f"    y_{suffix}[i] = {self.name}_{suffix}({arguments});",
                ]
            else:
                arguments = ", ".join([*row, target, *extra])
                call = [f"for (long i = 0; i < {count}; i++)", f"    {self.name}_{suffix}({arguments});"]
            lines += [result, *call, f"done(y_{suffix}, {count * size} * sizeof({c_type}));"]
        return [*lines, *(f"free(x{i});" for i in range(len(inputs))), *(["free(scratch);"] if extra else [])]


def main_program(cases: list[Case]) -> str:
    parts = [*(f'#include "{case.name}.h"' for case in cases), TOP]
    for case in cases:
        parts += [f"static void run_{case.name}(void)", "{", *(f"    {line}" for line in case.calls()), "}"]
    runs = [f"    run_{case.name}();" for case in cases]
    start = ["int main(int count, char **words)", "{", "    if (count != 3)", "        return 2;"]
    opened = ['    in = fopen(words[1], "rb");', '    out = fopen(words[2], "wb");']
    return "\n".join([*parts, *start, *opened, *runs, "    return fclose(in) + fclose(out);", "}", ""])


def run_all(cases: list[Case], folder: Path, flags: tuple[str, ...]) -> None:
    """Compile, run, and put the answers into the cases."""
    for case in cases:
        (folder / f"{case.name}.h").write_text(case.header, encoding="ascii")
        (folder / f"{case.name}.c").write_text(case.source, encoding="ascii")
    (folder / "main.c").write_text(main_program(cases), encoding="ascii")
    sources = ["main.c", *(f"{case.name}.c" for case in cases)]
    command = ["gcc", *STRICT, *flags, *sources, "-lm", "-o", "program"]
    compiled = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr[:5000]
    (folder / "in").write_bytes(b"".join(array.tobytes() for case in cases for array in case.typed_inputs()))
    command = [folder / "program", folder / "in", folder / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:5000]
    data, start = (folder / "out").read_bytes(), 0
    for case in cases:
        rows = len(case.inputs[0])
        for suffix, kind, size in case.outputs():
            stop = start + rows * size * np.dtype(kind).itemsize
            case.found[suffix] = np.frombuffer(data[start:stop], kind).reshape(rows, -1)
            start = stop
    assert start == len(data)


def assert_close(found: np.ndarray, expected: np.ndarray, tolerance: float, least: float = 1e-30) -> None:
    """Equal up to a share of the largest number of each row, or of ``least``; whole numbers exactly."""
    a, b = found.reshape(len(found), -1), np.asarray(expected).reshape(len(expected), -1)
    assert a.shape == b.shape
    if a.dtype.kind in "iu" or b.dtype.kind in "biu":
        np.testing.assert_array_equal(a, b)
        return
    with np.errstate(invalid="ignore"):
        scale = np.maximum(np.nan_to_num(np.abs(b), posinf=0).max(axis=1, keepdims=True), least)
        same = (np.abs(a.astype(float) - b) <= tolerance * scale) | (a == b) | (np.isnan(a) & np.isnan(b))
    assert same.all(), f"worst: {np.nanmax(np.abs(a - b) / scale):.2e}\n{a[~same][:5]}\n{b[~same][:5]}"
