"""The text of C programs: what it looks like, what it may contain, which files and names are refused."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest
from c_compiler import OPTIMIZED, SANITIZED, STRICT, Case, assert_close, run_all

import glassnet as gn
from glassnet.errors import InputError, InputTypeError, ModelFileError
from glassnet.export import to_c
from glassnet.export.c import c_program
from glassnet.export.inference import inference_of
from glassnet.graph.ops import INFER
from glassnet.printers.to_c.operations import OPERATIONS, STATEMENT
from glassnet.printers.to_c.statements import STATEMENTS


def small(seed=0, dtype="float32"):
    layers = [
        gn.layers.Dense(2, "relu", kernel_initializer=np.array([[0.5, -1], [0.25, 3]])),
        gn.layers.Dense(1, "sigmoid", kernel_initializer=np.array([[1.0], [-2.0]])),
    ]
    model = gn.Sequential(layers, seed=seed, dtype=dtype)
    model.build((None, 2))
    return model


PROGRAM = """\
/* Printed by glassnet, backend "c": C99, no library but math.h, no memory of its own. */

#include <math.h>

/* ---------------- dense_1: Dense(2, relu) */
/* dense_1.kernel (2, 2) */
static const float W1[2][2] = {
    {0.5f, -1.0f},
    {0.25f, 3.0f}
};

/* dense_1.bias (2,) */
static const float b1[2] = {0.0f, 0.0f};

/* ---------------- dense_2: Dense(1, sigmoid) */
/* dense_2.kernel (2, 1) */
static const float W2[2] = {1.0f, -2.0f};

/* dense_2.bias (1,) */
static const float b2 = 0.0f;

/* The larger one; NaN stays NaN, unlike with fmax. */
static float maximum(float a, float b)
{
    return a > b || a != a ? a : b;
}

static float sigmoid(float z)
{
    return 1.0f / (1.0f + expf(-z));
}

void model_predict(const float *x, float *y)
{
    /* dense_1: Dense(2, relu) */
    float z1[2];
    for (int j = 0; j < 2; j++)
        z1[j] = b1[j];
    for (int k = 0; k < 2; k++)
        for (int j = 0; j < 2; j++)
            z1[j] += x[k] * W1[k][j];
    float h1[2];
    for (int j = 0; j < 2; j++)
        h1[j] = maximum(z1[j], 0.0f);

    /* dense_2: Dense(1, sigmoid) */
    float t1 = b2;
    for (int k = 0; k < 2; k++)
        t1 += h1[k] * W2[k];
    y[0] = sigmoid(t1);
}

void model_predict_rows(const float *x, float *y, long n)
{
    for (long i = 0; i < n; i++)
        model_predict(x + 2 * i, y + i);
}
"""


def test_a_whole_program():
    assert small().source("predict", "c") == PROGRAM


def test_every_op_has_a_row_or_an_explicit_none():
    assert set(OPERATIONS) == set(INFER)
    assert {op for op, row in OPERATIONS.items() if row == STATEMENT} == set(STATEMENTS)
    assert [op for op, row in OPERATIONS.items() if row is None] == [
        "input", "const", "size", "stop", "mean", "var", "random_uniform", "item", "apply",
    ]  # fmt: skip


def test_the_same_model_gives_the_same_text():
    texts = {small(seed).source("predict", "c") for seed in (0, 1)}
    assert len(texts) == 1


def test_double():
    text = small(dtype="float64").source("predict", "c")
    assert "static double sigmoid(double z)\n{\n    return 1.0 / (1.0 + exp(-z));\n}" in text
    assert "float" not in text


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-45, 1.17549435e-38, 3.4028235e38, 123456792.0, 5.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_come_back_bit_for_bit(value, dtype, tmp_path):
    number = np.array([[value]], dtype)
    model = gn.Sequential([gn.layers.Activation(lambda x: 0 * x + number)], dtype=dtype)
    model.build((None, 1))
    text = c_program(inference_of(model), "m", "m.h")
    case = Case("m", *text, [np.zeros((1, 1), dtype)], {"predict": number})
    run_all([case], tmp_path, OPTIMIZED)
    assert case.found["predict"].tobytes() == number.tobytes()


# ---------------------------------------------------------------------------------------- what is in the text
NASTY = [
    "*/ int evil(void); /*",
    "line\nbreak",
    'q"uote\\',
    "??/ ??=",
    "名前",
    "é\x00\x07",
    "%s%n",
    "a" * 200,
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_names_from_outside_stay_in_comments_and_strings(tmp_path):
    labels = np.array(NASTY, object)[np.arange(40) % len(NASTY)]
    X = np.random.default_rng(0).normal(size=(40, len(NASTY)))
    import pandas as pd

    frame = pd.DataFrame(X, columns=NASTY)
    fitted = gn.MLPClassifier((3,), max_iter=2, tol=1e9, n_iter_no_change=1, random_state=0, dtype="float32")
    fitted.fit(frame, labels)
    for layer, name in zip(fitted.model_.layers, NASTY, strict=False):
        layer.set_key(name)
    program = c_program(inference_of(fitted), "m", "m.h")
    case = Case("m", *program, [X[:3]], {"predict": fitted._all_scores(frame[:3], "here")[0]})
    run_all([case], tmp_path, SANITIZED)
    assert_close(case.found["predict"], case.expected["predict"], 1e-5)
    for text in program:
        assert text.isascii()
        assert all(len(line) <= 100 or line.startswith('    "') for line in text.split("\n"))
        tokens = re.findall(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', text, re.DOTALL)
        assert not any("\n" in token for token in tokens)
        code = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', "", text, flags=re.DOTALL)
        assert set(re.findall(r"[^\w\s]", code)) <= set("#{}[]()=;*.,+-<>!?:&|/")
        assert "evil" not in code
    show = "\n".join(
        [
            '#include "m.h"',
            "#include <stdio.h>",
            "int main(void)",
            "{",
            f"    for (int i = 0; i < {len(NASTY)}; i++)",
            "        puts(m_classes[i]);",
            "    return 0;",
            "}",
            "",
        ]
    )
    (tmp_path / "show.c").write_text(show)
    subprocess.run(["gcc", *STRICT, "show.c", "m.c", "-lm", "-o", "show"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "show"], capture_output=True, check=True).stdout
    expected = "".join(name.split("\x00")[0] + "\n" for name in fitted.classes_)  # C's strings end at NUL
    assert printed == expected.encode()


def test_names_of_variables_that_c_has_uses_for(tmp_path):
    def act(x):
        int = np.exp(x)  # noqa: A001
        register = int + x
        y = register * int
        maximum = np.maximum(y, x)
        row_of = maximum - register
        return row_of * register + y

    model = gn.Sequential([gn.layers.Activation(act), gn.layers.Dense(2)])
    model.build((None, 3))
    X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    case = Case("m", *c_program(inference_of(model), "m", "m.h"), [X], {"predict": model.predict(X)})
    run_all([case], tmp_path, SANITIZED)
    assert_close(case.found["predict"], case.expected["predict"], 1e-6)


def test_large_networks_take_their_room_as_an_argument(tmp_path):
    model = gn.Sequential([gn.layers.Dense(4200, "tanh"), gn.layers.Dense(2)])
    model.build((None, 1))
    program = c_program(inference_of(model), "m", "m.h")
    assert "#define M_SCRATCH 8400  /* elements of scratch */" in program.header
    assert "void m_predict(const float *x, float *y, float *scratch);" in program.header
    assert "void m_predict_rows(const float *x, float *y, float *scratch, long n);" in program.header
    X = np.array([[-0.5], [2.0]], "float32")
    case = Case("m", *program, [X], {"predict": model.predict(X)})
    run_all([case], tmp_path, SANITIZED)
    assert_close(case.found["predict"], case.expected["predict"], 1e-5)


def test_nan_is_not_hidden_and_infinity_stays(tmp_path):
    stack = [gn.layers.Activation(name) for name in ("relu", "relu6", "elu", "hard_sigmoid")]
    for number, layer in enumerate(stack):
        model = gn.Sequential([layer])
        model.build((None, 2))
        X = np.array([[np.nan, 1.0], [np.inf, -np.inf]], "float32")
        program = c_program(inference_of(model), f"m{number}", f"m{number}.h")
        case = Case(f"m{number}", *program, [X], {"predict": layer(X)})
        folder = tmp_path / str(number)
        folder.mkdir()
        run_all([case], folder, OPTIMIZED)
        np.testing.assert_array_equal(case.found["predict"], case.expected["predict"])


def test_indices_beyond_a_table_read_its_nearest_row(tmp_path):
    model = gn.Sequential([gn.layers.Embedding(4, 2)])
    model.build((None, 1))
    rows = np.array([[0], [3], [-1], [4], [-9], [2**40]])
    nearest = np.array([[0], [3], [3], [3], [0], [3]])
    program = c_program(inference_of(model), "m", "m.h")
    case = Case("m", *program, [rows], {"predict": model.predict(nearest)})
    run_all([case], tmp_path, SANITIZED)
    np.testing.assert_array_equal(case.found["predict"], case.expected["predict"].reshape(6, -1))


def test_numbers_that_are_no_indices_read_some_row_of_the_table(tmp_path):
    """C leaves open what NaN, infinity and numbers beyond a ``long`` become, and NumPy refuses them."""
    model = gn.Sequential([gn.layers.ColumnEmbedding([4, 3], [2, 2])])
    model.build((None, 2))
    rows = np.array([[np.nan, 2], [np.inf, -np.inf], [1e30, -1e30], [9.3e18, 2.5], [-0.5, 3.9], [-1.5, 99]])
    nearest = np.array([[0, 2], [0, 0], [0, 0], [0, 2], [0, 2], [3, 2]])
    program = c_program(inference_of(model), "m", "m.h")
    assert "static long whole(float a)" in program.source
    case = Case("m", *program, [rows], {"predict": model.predict(nearest)})
    run_all([case], tmp_path, SANITIZED)
    np.testing.assert_array_equal(case.found["predict"], case.expected["predict"])


# ------------------------------------------------------------------------------------------ files and names
def test_two_files(tmp_path):
    path = tmp_path / "my-net.c"
    assert to_c(small(), path) == path
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my-net.c", "my-net.h"]
    assert path.read_text().startswith('/* Printed by glassnet, backend "c"')
    assert '#include "my-net.h"' in path.read_text()
    assert "void my_net_predict(const float *x, float *y);" in path.with_suffix(".h").read_text()
    to_c(small(), path, name="other", dtype="float64")
    assert "void other_predict(const double *x, double *y);" in path.with_suffix(".h").read_text()
    small().export(path)
    assert "void my_net_predict(const float *x, float *y);" in path.with_suffix(".h").read_text()


def test_the_header_serves_c_plus_plus(tmp_path):
    to_c(small(), tmp_path / "net.c")
    use = (
        '#include "net.h"\nint main() { float x[NET_INPUTS] = {1, 2}, y[NET_OUTPUTS]; net_predict(x, y); }\n'
    )
    (tmp_path / "use.cpp").write_text(use)
    subprocess.run(["gcc", *STRICT, "-c", "net.c"], cwd=tmp_path, check=True)
    subprocess.run(["g++", "-Wall", "-Werror", "use.cpp", "net.o", "-lm"], cwd=tmp_path, check=True)


class Refused(gn.Layer):
    def call(self, x):
        return (x > 0) @ (x.reshape(-1, 3, 1) > 0)


FILE = "\nIts name must end with .c, be of letters, digits, _ and -, and not be one of C's own (math.h)."
NAME = "\nThe name must begin with a letter, and be of at most 31 letters, digits and _."
ERRORS = {
    "a suffix": (lambda p: to_c(small(), p / "a.h"), InputError, f"to_c() cannot name a file 'a.h'.{FILE}"),
    "a header of C's": (
        lambda p: to_c(small(), p / "math.c"), InputError, f"to_c() cannot name a file 'math.c'.{FILE}"),
    "quotes": (
        lambda p: to_c(small(), p / 'a".c'), InputError, f"to_c() cannot name a file 'a\".c'.{FILE}"),
    "no path": (lambda p: to_c(small(), 3), InputTypeError, "a path is a text or a pathlib.Path; got 3."),
    "a name": (
        lambda p: to_c(small(), p / "a.c", "a b"), InputError, f"to_c() cannot name functions 'a b'.{NAME}"),
    "no name": (
        lambda p: to_c(small(), p / "a.c", ""), InputError, f"to_c() cannot name functions ''.{NAME}"),
    "not a model": (
        lambda p: to_c([1], p / "a.c"), InputTypeError,
        ("export takes a model or an estimator of glassnet; got an object of type list.\n"
         "Of a scikit-learn Pipeline, export the last step, or convert the whole with skl2onnx.")),
    "another program": (
        lambda p: small().source("loss", "c"), InputError,
        "source(backend=\"c\") prints predictions; got kind='loss'.\nUse \"predict\"."),
    "no folder": (
        lambda p: to_c(small(), p / "none" / "a.c"), ModelFileError,
        "{path}/none/a.h: no such file or directory."),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name, tmp_path):
    act, kind, text = ERRORS[name]
    with pytest.raises(kind) as caught:
        act(tmp_path)
    assert str(caught.value) == text.replace("{path}", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_operation_that_c_has_not():
    x = gn.Input((3,))
    model = gn.Model(
        x, gn.layers.Activation(lambda a: (a[:, None, :] > 0) @ (a[:, :, None] > 0) + a[:, :1, None])(x)
    )
    with pytest.raises(InputError) as caught:
        model.source("predict", "c")
    assert str(caught.value) == (
        "layer activation_1 cannot be printed as C: it has the operation 'matmul' of kind 'bool'.\n"
        "Write the layer with other operations, or export it as NumPy."
    )
