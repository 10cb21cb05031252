"""The second look at generated text: whatever no printer writes is refused before it runs."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from glassnet.errors import GlassnetError, InputError
from glassnet.graph.graph import Graph, input_node
from glassnet.graph.node import Builder, place
from glassnet.programs import Program
from glassnet.programs.allowed import GeneratedCodeError, check_text
from glassnet.programs.python import run_text


def inside(line: str) -> str:
    """A line in the place where a program's lines stand."""
    return f"import numpy as np\n\n\ndef f(x):\n    {line}\n    return x\n"


# text → (line, problem)
HOSTILE = {
    "import os": (1, "an import"),
    "import os as np": (1, "an import"),
    "import numpy": (1, "an import"),
    "import numpy as numpy": (1, "an import"),
    "import numpy.ctypeslib as np": (1, "an import"),
    "import math as np": (1, "an import"),
    "import numpy as np, os": (1, "an import"),
    "from os import system": (1, "ImportFrom is not allowed"),
    "from numpy import load": (1, "ImportFrom is not allowed"),
    "x = 1\nf(x)": (2, "a statement outside a function"),
    "x = [].append(1)": (1, "a statement outside a function"),
    "for i in (1, 2):\n    pass": (1, "a statement outside a function"),
    "print": (1, "a statement outside a function"),
    "class A:\n    pass": (1, "ClassDef is not allowed"),
    "@exec\ndef f():\n    return 1": (2, "a function inside a function, or with a decorator"),
    "def f():\n    def g():\n        return 1\n    return 2": (
        2,
        "a function inside a function, or with a decorator",
    ),
    "def f(x=open):\n    return x": (1, "the name open"),
    "def f(x: exec):\n    return x": (1, "the name exec"),
    "def f(x) -> eval:\n    return x": (1, "the name eval"),
    "def exec(x):\n    return x": (1, "the name exec"),
    "def f(open):\n    return open": (1, "the name open"),
    "def f(__x):\n    return __x": (1, "the name __x"),
    "def g(x):\n    return x\n\n\ndef f(g):\n    return g('import os')": (6, "a call of g"),
    "def g(x):\n    return x\n\n\ndef f(x):\n    g = x\n    return g('import os')": (7, "a call of g"),
    "def f(x):\n    abs = x\n    return abs(x)": (3, "a call of abs"),
    "def f(np):\n    return np.exp(1)": (1, "a new meaning of np"),
    "def f(x):\n    math = x\n    return math": (2, "a new meaning of math"),
    "def f(:": (1, "invalid syntax"),
    inside('exec("import os")'): (5, "a call of exec"),
    inside('eval("1")'): (5, "a call of eval"),
    inside('open("/etc/passwd")'): (5, "a call of open"),
    inside('compile("1", "", "eval")'): (5, "a call of compile"),
    inside('getattr(np, "load")'): (5, "a call of getattr"),
    inside('__import__("os")'): (5, "a call of __import__"),
    inside("__builtins__"): (5, "the name __builtins__"),
    inside("x = exec"): (5, "the name exec"),
    inside("x = globals"): (5, "the name globals"),
    inside('[exec][0]("import os")'): (5, "a call of Subscript"),
    inside('(exec if 1 else 2)("import os")'): (5, "a call of IfExp"),
    inside('max(["import os"], key=exec)'): (5, "the name exec"),
    inside('x()("import os")'): (5, "a call of Call"),
    inside("(lambda: 1)()"): (5, "a call of Lambda"),
    inside("y = lambda: 1"): (5, "Lambda is not allowed"),
    inside("y = [a for a in x]"): (5, "ListComp is not allowed"),
    inside("y = {a for a in x}"): (5, "SetComp is not allowed"),
    inside("y = {a: a for a in x}"): (5, "DictComp is not allowed"),
    inside("y = sum(a for a in x)"): (5, "a call of sum"),
    inside("y = (a for a in x)"): (5, "GeneratorExp is not allowed"),
    inside("yield x"): (5, "Yield is not allowed"),
    inside("while x:\n        x = 0"): (5, "While is not allowed"),
    inside("if x:\n        x = 0"): (5, "If is not allowed"),
    inside("with x:\n        x = 0"): (5, "With is not allowed"),
    inside("try:\n        x = 0\n    finally:\n        x = 1"): (5, "Try is not allowed"),
    inside("del x"): (5, "Delete is not allowed"),
    inside("global x"): (5, "Global is not allowed"),
    inside("assert x"): (5, "Assert is not allowed"),
    inside("raise x"): (5, "Raise is not allowed"),
    inside("import os"): (5, "an import"),
    inside("(y := x)"): (5, "NamedExpr is not allowed"),
    inside('y = f"{x}"'): (5, "JoinedStr is not allowed"),
    inside("match x:\n        case 1:\n            x = 2"): (5, "Match is not allowed"),
    inside("y: int = x"): (5, "AnnAssign is not allowed"),
    inside("().__class__.__bases__"): (5, "attribute __bases__ is not allowed"),
    inside("x.__class__"): (5, "attribute __class__ is not allowed"),
    inside("x.tofile('out')"): (5, "attribute tofile is not allowed"),
    inside("x.dump('out')"): (5, "attribute dump is not allowed"),
    inside("x.ctypes"): (5, "attribute ctypes is not allowed"),
    inside("x.base"): (5, "attribute base is not allowed"),
    inside("x.setflags(write=True)"): (5, "attribute setflags is not allowed"),
    inside("'{}'.format(x)"): (5, "attribute format is not allowed"),
    inside("np.load('data.npy')"): (5, "np.load is not allowed"),
    inside("np.save('data.npy', x)"): (5, "np.save is not allowed"),
    inside("np.fromfile('data')"): (5, "np.fromfile is not allowed"),
    inside("np.lib.format.open_memmap('x')"): (5, "attribute open_memmap is not allowed"),
    inside("np.ctypeslib"): (5, "np.ctypeslib is not allowed"),
    inside("np.vectorize(x)"): (5, "np.vectorize is not allowed"),
    inside("np.frompyfunc(x, 1, 1)"): (5, "np.frompyfunc is not allowed"),
    inside("np.random.seed(0)"): (5, "attribute seed is not allowed"),
    inside("np.seterr(all='ignore')"): (5, "np.seterr is not allowed"),
    inside("math.factorial(10)"): (5, "math.factorial is not allowed"),
    inside("np.exp = x"): (5, "np.exp is not allowed to change"),
    inside("x.shape = (3,)"): (5, "x.shape is not allowed to change"),
    inside("np = x"): (5, "a new meaning of np"),
    inside("os.system('true')"): (5, "attribute system is not allowed"),
}


@pytest.mark.parametrize("text", HOSTILE, ids=[f"{i}" for i in range(len(HOSTILE))])
def test_hostile_texts_are_refused_before_they_run(text):
    before, modules = np.exp, set(sys.modules)
    with pytest.raises(GeneratedCodeError) as caught:
        run_text(text)
    line, problem = HOSTILE[text]
    assert str(caught.value) == f"line {line} of a printed program: {problem}"
    assert isinstance(caught.value, GlassnetError)
    assert np.exp is before
    assert set(sys.modules) == modules


ALLOWED = [
    "import math\n\nimport numpy as np\n\nrate = 0.1  # a comment\nlimit = -np.inf\n",
    '"""Words."""\n',
    inside("x = np.where(x > 0, np.exp(-x), x.dtype.type(1.0))"),
    inside('x = parameters["a.w"] = x.T @ x'),
    inside("a, (b, c) = x[0], x[1:, ::-1]"),
    inside("for k in range(3):\n        x += float(k)"),
    inside("x = max(math.sqrt(2), 0.5) if x.ndim == 2 else abs(-1)"),
    inside("np.add.at(x, x, 1)"),
    inside('x = {"a": x, "b": [*x, ~x]}'),
    "def g(x):\n    return x\n\n\ndef f(x):\n    g2 = g(x)\n    return g2\n",
    "def g(x):\n    return x\n\n\ndef f(g):\n    return g\n",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_printers_write_is_allowed(text):
    assert isinstance(check_text(text), ast.Module)


def test_every_stored_program_is_allowed():
    stored = sorted((Path(__file__).parents[1] / "golden").rglob("*.py"))
    programs = [path for path in stored if path.name != "regenerate.py"]
    assert len(programs) >= 6
    for path in programs:
        check_text(path.read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------------------ comments, keys
def dense(activation=None):
    model = gn.Sequential([layers.Dense(2, activation)])
    model.build((None, 3))
    model.compile(loss="squared_error")
    return model


HOSTILE_NAMES = [
    "x\n    import os",
    "x)\n    W1 = 0 * W1 #",
    'x"""\n    exec',
    "x\r\n    return 0",
    "x\u2028    return 0",
    "é" * 300,
    "x\x00\x1b[31m",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_words_from_outside_stay_inside_one_comment(name):
    def activation(z):
        return np.tanh(z)

    plain = [line.partition("#")[0].rstrip() for line in dense(activation).source("train").splitlines()]
    activation.__name__ = name
    text = dense(activation).source("train")
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)
    code = [line.partition("#")[0].rstrip() for line in text.splitlines()]
    assert [line for line in code if line] == [line for line in plain if line]
    assert max(len(line) for line in text.splitlines()) <= 110


def test_layer_names_are_checked_before_they_are_printed():
    for name in ('x"]\n    import os', "x\ny", "é", 'a"b', "x" * 65, "../up", "a#b"):
        with pytest.raises(InputError) as caught:
            gn.Sequential([layers.Dense(2, name=name)])
        assert str(caught.value) == (
            f"layer name {name!r} cannot be used.\n"
            "Use letters, digits, '_', '-' and spaces, at most 64 characters."
        )


def test_keys_are_quoted_whatever_they_hold():
    key = 'a"]; import os; ["\n\\'
    with Builder():
        w = input_node("w", (2,), where=("parameters", key))
        with place(phase="update"):
            graph = Graph((w,), (w * 2, w * 3), (("parameters", key), ("gradients", key)), name="step")
    program = Program(graph)
    values = {("parameters", key): np.ones(2)}
    found = program(values)
    assert found["parameters", key].tolist() == [2, 2]
    assert found["gradients", key].tolist() == [3, 3]
    assert len(program.text.splitlines()) < 14
