"""Random NumPy functions: the interpreter and the printed program agree bit for bit, values and gradients.

A recipe is a list of steps, each a NumPy function of earlier values. It is drawn while it is traced, so that
every step is valid, and then run three ways: traced and interpreted, traced and printed, and as plain NumPy.
"""

# ruff: noqa: SIM300 - the cases are written as users write

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet import passes, random
from glassnet.errors import GlassnetError
from glassnet.graph import check
from glassnet.graph.graph import Graph, input_node, input_place
from glassnet.nn.activations import log_softmax, sigmoid, softmax
from glassnet.programs import compile_graph, interpret
from glassnet.trace.tracer import Trace, TracedArray, traced

N = 5  # examples in a batch; no other extent is 5
BATCH = "n"


# ------------------------------------------------------------------------------------------ composites
@gn.composite
def half_wave(z):
    e = np.exp(np.tanh(z))
    e = e + 1
    return e / (1 + e)


@gn.composite
def squash(z):
    s = 1 / (1 + z * z)
    return s * z


@squash.defgradient
def _(g, result, z):
    s = 1 / (1 + z**2)
    return (g * (s - 2 * z**2 * s**2),)


@gn.composite
def centre_and_size(z, *, factor):
    size = factor * np.abs(z).sum()
    return z - z.mean(), size + 1


@gn.composite(inline=True)
def centred(z):
    mean = z.mean()
    return z - mean


def uniform_like(x):
    if isinstance(x, TracedArray):
        return traced("random_uniform", 7, 3, site=1, shape=x.shape)
    return random.random_uniform(7, 3, 1, x.shape)


# ------------------------------------------------------------------------------------------ recipes
@dataclass
class Value:
    """A traced value while a recipe is drawn; ``exact`` when rounding cannot have touched it."""

    array: Any
    exact: bool

    @property
    def kind(self) -> str:
        return self.array.kind

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.array.shape

    @property
    def ndim(self) -> int:
        return len(self.array.shape)


@dataclass
class Step:
    text: str
    function: Callable[..., Any]
    operands: tuple[int, ...]


@dataclass
class Recipe:
    specs: list[gn.Array]
    steps: list[Step] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    jumps: bool = False  # a comparison of rounded values: plain NumPy may choose the other side

    def run(self, *inputs):
        values = list(inputs)
        for position, step in enumerate(self.steps):
            chosen = [values[i] for i in step.operands]
            if position % 4 == 0:
                alpha = step.function(*chosen)
                values.append(alpha)
            elif position % 4 == 1:
                beta = step.function(*chosen)
                values.append(beta)
            else:
                values.append(step.function(*chosen))
        return tuple(values[i] for i in self.outputs)

    def loss(self, *inputs):
        total = 0.0
        for value in self.run(*inputs):
            if value.kind == "float" and 0 not in value.shape:
                total = total + (value * 0.5).mean()
        return total

    def __repr__(self) -> str:
        names = [f"x{i}" for i in range(len(self.specs) + len(self.steps))]
        lines = [f"{name}: {spec}" for name, spec in zip(names, self.specs, strict=False)]
        for name, step in zip(names[len(self.specs) :], self.steps, strict=True):
            lines.append(f"{name} = {step.text.format(*[names[i] for i in step.operands])}")
        return "\n" + "\n".join([*lines, "return " + ", ".join(names[i] for i in self.outputs)])


NUMBERS = (0, 1, 2, -1, 3, 0.5, -0.25, 2.0, 1.5, 1e-3, -3.0)

SMOOTH = {
    "np.exp(np.tanh({}))": lambda x: np.exp(np.tanh(x)),
    "np.log(1 + {0} * {0})": lambda x: np.log(1 + x * x),
    "np.sqrt(np.abs({}) + 0.5)": lambda x: np.sqrt(np.abs(x) + 0.5),
    "1 / ({}**2 + 1)": lambda x: 1 / (x**2 + 1),
    "np.sin({})": np.sin,
    "np.cos({})": np.cos,
    "np.tanh({})": np.tanh,
    "np.expm1(np.sin({}))": lambda x: np.expm1(np.sin(x)),
    "np.log1p(np.abs({}))": lambda x: np.log1p(np.abs(x)),
    "np.square({})": np.square,
    "np.reciprocal(2 + np.cos({}))": lambda x: np.reciprocal(2 + np.cos(x)),
    "np.exp({})": np.exp,
    "np.log({})": np.log,
    "np.sqrt({})": np.sqrt,
    "-{}": np.negative,
    "sigmoid({})": sigmoid,
    "half_wave({})": half_wave,
    "squash({})": squash,
    "centred({})": centred,
    "centre_and_size({}, factor=0.5)[0]": lambda x: centre_and_size(x, factor=0.5)[0],
    "np.divide(*centre_and_size({}, factor=2))": lambda x: np.divide(*centre_and_size(x, factor=2)),
    "stop_gradient({})": gn.stop_gradient,
    "{0} + uniform_like({0})": lambda x: x + uniform_like(x),
    "zeros_like + 1": lambda x: np.zeros_like(x) + np.ones_like(x),
    "full_like({}, 2.5)": lambda x: np.full_like(x, 2.5),
    "np.abs({})": np.abs,
    "np.clip({}, -0.5, 0.75)": lambda x: np.clip(x, -0.5, 0.75),
}
JUMPING = {
    "np.floor({})": np.floor,
    "np.sign({})": np.sign,
    "({} * 3).astype(int)": lambda x: (x * 3).astype(int),
    "({} > 0.25)": lambda x: x > 0.25,
    "(0 <= {})": lambda x: 0 <= x,
    "{}.astype(bool)": lambda x: x.astype(bool),
    "np.logical_not({})": np.logical_not,
}
INTEGER = {
    "-{}": np.negative,
    "np.abs({})": np.abs,
    "{} * 1": lambda x: x * 1,
    "2 * {} + 1": lambda x: 2 * x + 1,
    "{}.astype(float)": lambda x: x.astype(float),
    "{}.astype(bool)": lambda x: x.astype(bool),
    "np.clip({}, 0, 1)": lambda x: np.clip(x, 0, 1),
    "{} / 2": lambda x: x / 2,
    "np.fabs({})": np.fabs,
    "one_hot(np.clip({}, 0, 2), 3)": lambda x: gn.one_hot(np.clip(x, 0, 2), 3),
    "np.sqrt(np.abs({}))": lambda x: np.sqrt(np.abs(x)),
}
BOOLEAN = {
    "~{}": np.logical_not,
    "{} * 1": lambda x: x * 1,
    "{} + 0": lambda x: x + 0,
    "{}.astype(float)": lambda x: x.astype(float),
    "{}.astype(int)": lambda x: x.astype(int),
    "np.where({}, 1, 0)": lambda x: np.where(x, 1, 0),
    "np.where({}, 0.5, -1)": lambda x: np.where(x, 0.5, -1),
    "1 - {}": lambda x: 1 - x,
}
BINARY = {
    "{} + {}": np.add,
    "{} - {}": np.subtract,
    "{} * {}": np.multiply,
    "{} / ({}**2 + 0.5)": lambda a, b: a / (b**2 + 0.5),
    "{} / {}": np.divide,
    "np.maximum({}, {})": np.maximum,
    "np.minimum({}, {})": np.minimum,
    "(np.abs({}) + 0.5) ** np.tanh({})": lambda a, b: (np.abs(a) + 0.5) ** np.tanh(b),
    "np.where({0} > {1}, {0}, -2 * {1})": lambda a, b: np.where(a > b, a, -2.0 * b),
}
COMPARISONS = {
    "{} < {}": np.less,
    "{} <= {}": np.less_equal,
    "{} == {}": np.equal,
    "{} != {}": np.not_equal,
    "np.logical_and({}, {})": np.logical_and,
    "np.logical_or({}, {})": np.logical_or,
}
EINSUMS = ("ij,jk->ik", "ij,kj->ki", "ij,ij->i", "i,j->ij", "i,i->", "bij,bjk->bik", "ij,ij->", "bi,bj->bij")


class Drawer:
    """Draws one step at a time onto an open trace."""

    def __init__(self, draw: Callable[..., Any], specs: list[gn.Array]) -> None:
        self.draw, self.recipe = draw, Recipe(specs)
        self.values: list[Value] = []

    def pick(self, wanted: Callable[[Value], bool] = lambda value: True) -> int | None:
        """The index of a value, often a late one; None where there is no such value."""
        found = [i for i, value in enumerate(self.values) if wanted(value)]
        if not found:
            return None
        return found[-1 - min(self.draw(st.integers(0, len(found) - 1)), len(found) - 1)]

    def add(self, text: str, function: Callable[..., Any], *operands: int, jump: bool = False) -> bool:
        values = [self.values[i] for i in operands]
        exact = all(value.exact for value in values)
        try:
            result = function(*[value.array for value in values])
        except GlassnetError:
            return False
        if not isinstance(result, TracedArray) or result.kind not in ("float", "int", "bool"):
            return False
        if np.prod([e for e in result.shape if isinstance(e, int)] or [1]) > 200:
            return False
        self.recipe.jumps |= jump and not exact
        kept = exact and (result.kind != "float" or text in ("{}", "-{}"))
        self.recipe.steps.append(Step(text, function, operands))
        self.values.append(Value(result, kept or (jump and exact)))
        return True

    # Each of the kinds of step below answers whether a step was added.
    def unary(self) -> bool:
        i = self.pick()
        kind = self.values[i].kind
        table = {"float": SMOOTH, "int": INTEGER, "bool": BOOLEAN}[kind]
        jumps = kind == "float" and self.draw(st.integers(0, 5)) == 5
        table = JUMPING if jumps else table
        text = self.draw(st.sampled_from(sorted(table)))
        return self.add(text, table[text], i, jump=jumps)

    def with_number(self) -> bool:
        i = self.pick(lambda value: value.kind != "bool")
        if i is None:
            return False
        number = self.draw(st.sampled_from(NUMBERS))
        form = self.draw(st.integers(0, 8))
        forms = (
            ("{} + #", lambda x: x + number),
            ("# - {}", lambda x: number - x),
            ("{} * #", lambda x: x * number),
            ("# * {}", lambda x: number * x),
            ("{} / #", lambda x: x / (number or 2)),
            ("# / (1 + {}**2)", lambda x: number / (1 + x**2)),
            ("np.maximum({}, #)", lambda x: np.maximum(x, number)),
            ("np.minimum(#, {})", lambda x: np.minimum(number, x)),
            ("{} - #", lambda x: x - number),
        )
        text, function = forms[form]
        return self.add(text.replace("#", repr(number)), function, i)

    def power(self) -> bool:
        i = self.pick(lambda value: value.kind == "float")
        if i is None:
            return False
        exponent = self.draw(st.sampled_from((2, 3, 1, 0, -1, 0.5, 1.5, 2.0)))
        return self.add(f"(np.abs({{}}) + 1) ** {exponent!r}", lambda x: (np.abs(x) + 1) ** exponent, i)

    def binary(self) -> bool:
        i, j = self.pick(), self.pick()
        jumps = self.draw(st.integers(0, 4)) == 4
        table = COMPARISONS if jumps else BINARY
        text = self.draw(st.sampled_from(sorted(table)))
        if "tanh" in text and self.values[j].kind != "float":
            return False  # NumPy makes float16 of booleans
        return self.add(text, table[text], i, j, jump=jumps or "where" in text)

    def choose(self) -> bool:
        c, i, j = self.pick(lambda value: value.kind == "bool"), self.pick(), self.pick()
        return c is not None and self.add("np.where({}, {}, {})", np.where, c, i, j)

    def axes(self, ndim: int) -> Any:
        everything = st.none()
        if ndim == 0:
            return None
        one = st.integers(-ndim, ndim - 1)
        several = st.lists(st.integers(0, ndim - 1), unique=True, min_size=1, max_size=ndim).map(tuple)
        return self.draw(st.one_of(everything, one, several))

    def reduction(self) -> bool:
        i = self.pick()
        name = self.draw(st.sampled_from(("sum", "mean", "var", "max", "min", "std")))
        if name == "std" or (name == "var" and self.values[i].kind != "float"):
            name = "mean"
        axis, keepdims = self.axes(self.values[i].ndim), self.draw(st.booleans())
        function = getattr(np, name)
        text = f"np.{name}({{}}, axis={axis}, keepdims={keepdims})"
        return self.add(text, lambda x: function(x, axis=axis, keepdims=keepdims), i)

    def position(self) -> bool:
        i = self.pick(lambda value: value.ndim > 0)
        if i is None:
            return False
        name, axis = (
            self.draw(st.sampled_from(("argmax", "argmin"))),
            self.draw(st.sampled_from((None, -1, 0))),
        )
        function = getattr(np, name)
        return self.add(f"np.{name}({{}}, axis={axis})", lambda x: function(x, axis=axis), i, jump=True)

    def product(self) -> bool:
        i = self.pick(lambda value: value.ndim > 0 and value.kind != "bool")
        if i is None:
            return False
        j = self.pick(lambda value: value.ndim > 0 and value.kind != "bool" and self._fits(i, value))
        if j is None:
            return self.add("{0} @ {0}.T", lambda x: x @ x.T, i)
        name = self.draw(st.sampled_from(("matmul", "dot")))
        return self.add(f"np.{name}({{}}, {{}})", getattr(np, name), i, j)

    def _fits(self, i: int, value: Value) -> bool:
        axis = -1 if value.ndim == 1 else -2
        return self.values[i].shape[-1] == value.shape[axis] and value.shape[axis] != N

    def contraction(self) -> bool:
        text = self.draw(st.sampled_from(EINSUMS))
        first, second = text.partition("->")[0].split(",")
        i = self.pick(lambda value: value.ndim == len(first) and value.kind == "float")
        j = self.pick(lambda value: value.ndim == len(second) and value.kind == "float")
        if i is None or j is None:
            return False
        sizes = dict(zip(first, self.values[i].shape, strict=True))
        if any(sizes.get(k, e) != e for k, e in zip(second, self.values[j].shape, strict=True)):
            return False
        return self.add(f"np.einsum({text!r}, {{}}, {{}})", lambda a, b: np.einsum(text, a, b), i, j)

    def layout(self) -> bool:
        i = self.pick()
        value, ndim = self.values[i], self.values[i].ndim
        forms = {
            "{}.T": lambda x: x.T,
            "{}[None]": lambda x: x[None],
            "{}[..., None]": lambda x: x[..., None],
            "np.squeeze({})": np.squeeze,
            "{}.reshape(-1)": lambda x: x.reshape(-1),
            "np.stack([{0}, {0} * 2], axis=-1)": lambda x: np.stack([x, x * 2], axis=-1),
        }
        if ndim >= 2:
            order = self.draw(st.permutations(range(ndim)))
            forms |= {
                f"{{}}.transpose({order})": lambda x: x.transpose(order),
                "np.swapaxes({}, 0, -1)": lambda x: np.swapaxes(x, 0, -1),
                "{0}.reshape({0}.shape[0], -1)": lambda x: x.reshape(x.shape[0], -1),
            }
        shape = (*self.draw(st.sampled_from(((), (2,), (3, 1)))), *value.shape)
        whole = all(isinstance(extent, int) for extent in shape)
        if whole:
            forms[f"np.broadcast_to({{}}, {shape})"] = lambda x: np.broadcast_to(x, shape)
        text = self.draw(st.sampled_from(sorted(forms)))
        return self.add(text, forms[text], i)

    def join(self) -> bool:
        i = self.pick(lambda value: value.ndim > 0)
        if i is None:
            return False
        rank = self.values[i].ndim
        j = self.pick(lambda value: value.ndim == rank and value.kind == self.values[i].kind)
        axis = self.draw(st.sampled_from((0, -1, None)))
        return self.add(
            f"np.concatenate([{{}}, {{}}], axis={axis})", lambda *xs: np.concatenate(xs, axis), i, j
        )

    def index(self) -> bool:
        i = self.pick(lambda value: any(isinstance(extent, int) and extent > 0 for extent in value.shape))
        if i is None:
            return False
        parts: list[Any] = []
        for extent in self.values[i].shape:
            if not isinstance(extent, int):
                parts.append(slice(None))
                continue
            start, stop = (self.draw(st.sampled_from((None, 0, 1, -1, -2, extent, -9))) for _ in range(2))
            step = self.draw(st.sampled_from((None, 1, 2, -1, -2)))
            part: Any = slice(start, stop, step)
            if self.draw(st.integers(0, 3)) == 3:
                part = self.draw(st.integers(-extent, extent - 1)) if extent else slice(None)
            elif len(range(*part.indices(extent))) == 0 and self.draw(st.integers(0, 5)) < 5:
                part = slice(None, None, step)
            parts.append(part)
        chosen = tuple(parts)
        return self.add(f"{{}}[{chosen}]", lambda x: x[chosen], i)

    def lookup(self) -> bool:
        i = self.pick(lambda value: value.ndim > 0 and isinstance(value.shape[0], int) and value.shape[0] > 0)
        j = self.pick(lambda value: value.kind == "int")
        if i is None:
            return False
        last = self.values[i].shape[0] - 1
        if j is None or self.draw(st.booleans()):
            rows = self.draw(st.lists(st.integers(-last - 1, last), min_size=1, max_size=4))
            return self.add(f"{{}}[{rows}]", lambda x: x[rows], i)
        text = f"np.take({{}}, np.clip({{}}, 0, {last}), axis=0)"
        return self.add(text, lambda x, k: np.take(x, np.clip(k, 0, last), axis=0), i, j)

    def selection(self) -> bool:
        i = self.pick(
            lambda value: value.ndim > 0 and isinstance(value.shape[-1], int) and value.shape[-1] > 0
        )
        if i is None:
            return False
        last = self.values[i].shape[-1] - 1
        j = self.pick(lambda value: value.kind == "int" and value.shape == self.values[i].shape[:-1])
        if j is None:
            text = "gn.pick({0}, np.argmax({0}, axis=-1))"
            return self.add(text, lambda x: gn.pick(x, np.argmax(x, axis=-1)), i, jump=True)
        text = f"gn.pick({{}}, np.clip({{}}, 0, {last}))"
        return self.add(text, lambda x, k: gn.pick(x, np.clip(k, 0, last)), i, j)

    def normalization(self) -> bool:
        i = self.pick(lambda value: value.kind == "float" and value.ndim > 0 and value.shape[0] != 0)
        if i is None:
            return False
        forms = {
            "softmax({})": softmax,
            "log_softmax({})": log_softmax,
            "np.linalg.norm({} + 0.1, axis=-1)": lambda x: np.linalg.norm(x + 0.1, axis=-1),
            "{0} / {0}.shape[0]": lambda x: x / x.shape[0],
            "np.outer({0}.reshape(-1)[:2], {0}.reshape(-1)[:2])": lambda x: np.outer(
                x.reshape(-1)[:2], x.reshape(-1)[:2]
            ),
        }
        text = self.draw(st.sampled_from(sorted(forms)))
        return self.add(text, forms[text], i)


KINDS_OF_STEP = (
    "unary",
    "unary",
    "unary",
    "with_number",
    "with_number",
    "power",
    "binary",
    "binary",
    "binary",
    "choose",
    "reduction",
    "reduction",
    "position",
    "product",
    "product",
    "contraction",
    "layout",
    "layout",
    "join",
    "index",
    "lookup",
    "selection",
    "normalization",
)
SHAPES: tuple[tuple[Any, ...], ...] = (
    (),
    (1,),
    (3,),
    (4,),
    (2, 3),
    (3, 4),
    (1, 3),
    (3, 1),
    (2, 1, 3),
    (2, 3, 4),
    (BATCH,),
    (BATCH, 1),
    (BATCH, 3),
    (BATCH, 4),
    (BATCH, 2, 3),
)


@st.composite
def recipes(draw: Callable[..., Any]) -> Recipe:
    shapes = st.sampled_from(SHAPES)
    floats = draw(st.lists(shapes, min_size=1, max_size=3))
    others = draw(st.lists(st.tuples(shapes, st.sampled_from(("int", "bool"))), max_size=2))
    specs = [gn.Array(shape) for shape in floats] + [gn.Array(shape, kind) for shape, kind in others]
    drawer = Drawer(draw, specs)
    with Trace():
        for i, spec in enumerate(specs):
            node = input_node(f"x{i}", spec.symbolic(), spec.kind)
            drawer.values.append(Value(TracedArray(node), True))
        for _ in range(draw(st.integers(1, 25))):
            getattr(drawer, draw(st.sampled_from(KINDS_OF_STEP)))()
        size = len(check_size(drawer))
    recipe = drawer.recipe
    assume(recipe.steps)
    used = {i for step in recipe.steps for i in step.operands}
    recipe.outputs = [i for i in range(len(specs), len(drawer.values)) if i not in used]
    assume(2 <= size <= 80)
    return recipe


def check_size(drawer: Drawer) -> set[Any]:
    seen: set[Any] = set()
    stack = [value.array.node for value in drawer.values]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.inputs)
    return seen


def arrays(specs: list[gn.Array], dtype: str) -> list[np.ndarray]:
    """Plain arrays for a recipe: a few values at zero and in ties, the rest generic."""
    generator = np.random.default_rng(len(specs) * 101 + sum(len(spec.shape) for spec in specs))
    made = []
    for spec in specs:
        shape = tuple(N if extent == BATCH else extent for extent in spec.shape)
        if spec.kind == "float":
            array = generator.standard_normal(shape)
            array = np.where(generator.random(shape) < 0.1, np.round(array), array)
            made.append(np.asarray(array, dtype))
        elif spec.kind == "int":
            made.append(np.asarray(generator.integers(-1, 3, shape)))
        else:
            made.append(np.asarray(generator.random(shape) < 0.5))
    return made


def same(a: Any, b: Any) -> bool:
    """Bit for bit, NaN for NaN, dtype for dtype."""
    p, q = np.asarray(a), np.asarray(b)
    return p.dtype == q.dtype and p.shape == q.shape and np.array_equal(p, q, equal_nan=p.dtype.kind == "f")


def checked(graph: Graph) -> Graph:
    """``check`` before and after every pass of every pipeline."""
    check(graph)
    for pipeline in passes.PIPELINES.values():
        after = graph
        for step in pipeline:
            after = check(step(after))
    return graph


def apart(x: np.ndarray, position: int) -> np.ndarray:
    """The same values, moved away from kinks and from each other."""
    return x + 0.01 * np.sin(1.7 * np.arange(1, x.size + 1) + position).reshape(x.shape)


def run(graph: Graph, inputs: list[np.ndarray]) -> list[Any]:
    """The values that the printed program answers."""
    values = {input_place(node): value for node, value in zip(graph.inputs, inputs, strict=False)}
    return list(compile_graph(graph)(values).values())


def agree(graph: Graph, inputs: list[np.ndarray], dtype: str) -> list[Any]:
    """Interpret and run the printed program; they must agree, and so must the graph without composites."""
    values = {input_place(node): value for node, value in zip(graph.inputs, inputs, strict=False)}
    program = compile_graph(graph)
    printed = list(program(values).values())
    interpreted = list(interpret(program.graph, values).values())
    raw = list(interpret(graph, values).values())
    reference = list(interpret(passes.run(graph, "reference"), values).values())
    scale = max((np.abs(v).max(initial=0) for v in interpreted if np.isfinite(v).all()), default=0)
    for p, i, r, e, node in zip(printed, interpreted, raw, reference, program.graph.outputs, strict=True):
        assert same(p, i), f"printed and interpreted differ:\n{program.text}\n{p!r}\n{i!r}"
        tolerance = 1e-4 if dtype == "float32" else 1e-9  # the passes simplify again: other roundings
        np.testing.assert_allclose(r, i, rtol=tolerance, atol=tolerance * scale)
        np.testing.assert_allclose(e, i, rtol=tolerance, atol=tolerance * scale)
        if node.kind == "float":
            assert np.asarray(p).dtype == dtype, f"{np.asarray(p).dtype} from {dtype}:\n{program.text}"
    return printed


def verify(recipe: Recipe, dtype: str) -> None:
    inputs = arrays(recipe.specs, dtype)
    argnums = [i for i, spec in enumerate(recipe.specs) if spec.kind == "float"]

    def with_gradients(*args):
        value, gradients = gn.value_and_grad(recipe.loss, argnums)(*args)
        return value, *gradients

    with np.errstate(all="ignore"):
        found = agree(checked(gn.trace(recipe.run, *recipe.specs)), inputs, dtype)
        graph = checked(gn.trace(with_gradients, *recipe.specs))
        agree(graph, inputs, dtype)
        if dtype == "float64" and not recipe.jumps:
            compare_with_numpy(recipe, inputs, found)
            smooth = [apart(x, i) if x.dtype.kind == "f" else x for i, x in enumerate(inputs)]
            _, *gradients = run(graph, smooth)
            compare_with_differences(recipe, smooth, dict(zip(argnums, gradients, strict=True)))


def compare_with_numpy(recipe: Recipe, inputs: list[np.ndarray], found: list[Any]) -> None:
    for ours, plain in zip(found, recipe.run(*inputs), strict=True):
        a, b = np.asarray(ours), np.asarray(plain)
        assert a.shape == b.shape
        assert a.dtype == b.dtype or np.result_type(a, b).kind == "f"
        if np.isfinite(b).all():
            scale = 1 + np.abs(b).max(initial=0) if b.dtype.kind != "b" else 1
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * scale)


def compare_with_differences(recipe: Recipe, inputs: list[np.ndarray], gradients: dict[int, Any]) -> None:
    """The slope along a random direction, wherever central differences with two steps agree on it."""
    if any("stop_gradient" in step.text for step in recipe.steps):
        return
    generator = np.random.default_rng(len(recipe.steps))
    directions = {i: generator.standard_normal(inputs[i].shape) for i in gradients}

    def along(step: float) -> float:
        moved = [x + step * directions[i] if i in directions else x for i, x in enumerate(inputs)]
        outputs = recipe.run(*moved)
        return sum(0.5 * float(np.mean(v)) for v in outputs if np.asarray(v).dtype.kind == "f" and np.size(v))

    wide, narrow = ((along(h) - along(-h)) / (2 * h) for h in (2e-5, 1e-5))
    slope = sum(float((gradients[i] * directions[i]).sum()) for i in gradients)
    scale = max(1.0, abs(narrow), abs(along(0.0)))
    if np.isfinite([wide, narrow, slope]).all() and abs(wide - narrow) <= 1e-7 * scale:
        event("compared with central differences")
        assert abs(slope - narrow) <= 1e-5 * scale, f"slope {slope}, by differences {narrow}"


RELAXED = {"suppress_health_check": list(HealthCheck), "deadline": None}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@settings(max_examples=500, **RELAXED)
@given(recipe=recipes(), dtype=st.sampled_from(("float64", "float64", "float32")))
def test_interpreter_and_printed_program_agree(recipe, dtype):
    verify(recipe, dtype)


@pytest.mark.campaign
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@settings(max_examples=10_000, derandomize=False, **RELAXED)
@given(recipe=recipes(), dtype=st.sampled_from(("float64", "float32")))
def test_campaign_of_random_graphs(recipe, dtype):
    verify(recipe, dtype)
