"""Where sources differ, what we do, with a check. The tests and the documentation share the table."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import glassnet as gn
from glassnet import layers


@dataclass(frozen=True)
class Convention:
    """A line of the page: the subject, what glassnet does, what others do, and a check that can fail."""

    subject: str
    ours: str
    others: str
    holds: Callable[[], bool]


W = np.array([3.0, -4.0])


def after_one_step(optimizer: gn.optimizers.Optimizer, w: float, g: float, steps: int = 1) -> float:
    parameters, state = {"w": np.array([w])}, optimizer.init({"w": np.array([w])})
    for _ in range(steps):
        parameters, state = optimizer.update(parameters, {"w": np.array([g])}, state)
    return float(parameters["w"][0])


def close(a: object, b: object) -> bool:
    return bool(np.allclose(a, b, rtol=1e-12, atol=1e-12))


def weighted_mean_loss() -> bool:
    y, scores, w = np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 3.0])
    return close(gn.losses.SquaredError()(y, scores, w), (1 + 27) / 4)


def dropout_keeps() -> bool:
    model = gn.Sequential([layers.Dropout(0.25)])
    model.compile(loss=lambda y, scores: scores * 1.0)
    model.build((None, 4000))
    kept = model.loss(np.ones((1, 4000)), np.zeros((1, 4000)), training=True).data
    return abs(kept - 1) < 0.05 and close(model.predict(np.ones((1, 4000))), 1)


def adam_epsilon() -> bool:
    """After one step with gradient g: w - rate * g / (|g| + epsilon), epsilon outside the root."""
    return close(after_one_step(gn.optimizers.Adam(0.1, epsilon=1.0), 0.0, 2.0), -0.1 * 2 / (2 + 1))


def biased_variance() -> bool:
    x = np.array([[1.0], [3.0]])
    model = gn.Sequential([layers.BatchNormalization(momentum=0.0)])
    model.compile(gn.optimizers.SGD(0.1), "squared_error")
    model.fit(x, x, batch_size=2, verbose=0)
    return close(model.state["batch_normalization_1.moving_variance"], x.var())


def logistic_gradient() -> bool:
    y = np.array([1.0])
    return close(gn.grad(lambda f: gn.losses.binary_cross_entropy(y, f)[0])(np.zeros(1)), -0.5)


def counts_without_input() -> bool:
    model = gn.Sequential([layers.Dense(4), layers.Dense(2)])
    model.build((None, 3))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        model.summary()
    return "2-layer network (the input is not counted)" in printed.getvalue()


CONVENTIONS = [
    Convention(
        "L2 penalty",
        "``L2(λ)`` is λΣw² (gradient 2λw); ``HalfL2(λ)`` is ½λΣw² (gradient λw)",
        "Keras: λΣw². The course notes, PyTorch's weight_decay: ½λΣw²",
        lambda: close(gn.regularizers.L2(0.1)(W), 2.5) and close(gn.regularizers.HalfL2(0.1)(W), 1.25),
    ),
    Convention(
        "loss over examples",
        "the mean; ``reduction='sum'`` for the sum",
        "the from-scratch tutorial: the sum",
        lambda: (
            close(gn.losses.SquaredError()(np.zeros(2), np.array([1.0, 3.0])), 5)
            and close(gn.losses.SquaredError(reduction="sum")(np.zeros(2), np.array([1.0, 3.0])), 10)
        ),
    ),
    Convention(
        "loss over the outputs of one example",
        "elementwise losses average, as Keras; ``over_outputs='sum'`` adds up",
        "the course notes (attributes, regression): the sum",
        lambda: (
            close(gn.losses.squared_error(np.zeros((1, 2)), np.array([[1.0, 3.0]])), 5)
            and close(
                gn.losses.squared_error(np.zeros((1, 2)), np.array([[1.0, 3.0]]), over_outputs="sum"), 10
            )
        ),
    ),
    Convention(
        "weighted losses",
        "Σwℓ / Σw",
        "Keras's default: Σwℓ / n",
        weighted_mean_loss,
    ),
    Convention(
        "dropout's rate",
        "the share that is dropped; kept values are divided by 1 − rate in training",
        "the notes: p is the share that is kept",
        dropout_keeps,
    ),
    Convention(
        "momentum's sign",
        "velocity = momentum · velocity − rate · g, then w + velocity, as Keras",
        "PyTorch: velocity = momentum · velocity + g, then w − rate · velocity",
        lambda: close(after_one_step(gn.optimizers.SGD(0.1, momentum=0.5), 0.0, 1.0, steps=2), -0.1 - 0.15),
    ),
    Convention(
        "Adam's ε",
        "Kingma and Ba's algorithm 1: m̂ / (√v̂ + ε), ε = 1e-7",
        "Keras: ε is not scaled by the bias correction (theirs √(1 − β₂ᵗ) · ε apart); PyTorch: ε = 1e-8",
        adam_epsilon,
    ),
    Convention(
        "batch normalization's variance",
        "divided by n, also in the running average, as Keras",
        "PyTorch's running average: divided by n − 1",
        biased_variance,
    ),
    Convention(
        "batch normalization's momentum",
        "the share of the old value that is kept, 0.99, as Keras",
        "PyTorch: the share of the new value, 0.1",
        lambda: layers.BatchNormalization().momentum == 0.99,
    ),
    Convention(
        "max-norm",
        "weights inside the ball stay as they are, to the last bit",
        "Keras: rescaled by 1 − 1e-7 there, too",
        lambda: bool(np.array_equal(gn.constraints.MaxNorm(6)(W[:, None]), W[:, None])),
    ),
    Convention(
        "derivatives of ReLU and abs at 0",
        "0 and 0",
        "others choose any value between the one-sided ones",
        lambda: float(gn.grad(lambda x: np.maximum(x, 0))(0.0)) == 0 and float(gn.grad(np.abs)(0.0)) == 0,
    ),
    Convention(
        "ties in a maximum",
        "the first maximum takes the whole gradient",
        "an equality mask would give it to every tied entry",
        lambda: np.array_equal(gn.grad(np.max)(np.ones(3)), [1, 0, 0]),
    ),
    Convention(
        "gradient of the logistic loss",
        "σ(f) − y",
        "the course notes print y − σ(f): an erratum",
        logistic_gradient,
    ),
    Convention(
        "counting layers",
        "the input is not counted: 3-4-2 is a 2-layer network",
        "some count it",
        counts_without_input,
    ),
]


# (where, what differs from Keras or PyTorch, why). The tests in tests/peers hold the values around them.
DEVIATIONS = [
    ("Adam, AdamW, AMSGrad", "Keras's ε is ours times √(1 − β₂ᵗ)", "Kingma and Ba's algorithm 1"),
    (
        "RMSprop, centered",
        "the variance is cut at 0, where Keras can answer NaN",
        "rounding makes it negative",
    ),
    (
        "RMSprop, Adagrad, Adamax",
        "PyTorch has ε outside the root, or inside the maximum",
        "Keras's definitions",
    ),
    (
        "PyTorch's SGD and Adam",
        "their weight_decay is added to the gradient; ours is decoupled",
        "as in Keras",
    ),
    (
        "optimizers' options",
        "by keyword only; two kinds of clipping at once are an error",
        "one of them would win silently",
    ),
    ("cosine restarts", "floor(… + 1e-9)", "rounding would miss a restart"),
    (
        "weighted losses",
        "Σwℓ / Σw, Keras's mean_with_sample_weight",
        "a batch's scale must not depend on its weights",
    ),
    (
        "crossentropy behind softmax or sigmoid",
        "computed from the scores, without Keras's clipping at 1e-7",
        "exact and stable",
    ),
    (
        "hinge",
        "y > 0 counts as +1 entry by entry; Keras looks whether the batch is 0/1",
        "a batch must not change a loss",
    ),
    ("categorical losses", "take labels too, and one-hot rows where Keras wants labels", "both say the same"),
    (
        "shapes of targets",
        "(n,) against (n, 1) is a column; other mismatches are errors",
        "no n × n broadcast",
    ),
    (
        "sparsemax",
        "Keras's differs: [1, 0.8, −1] gives [0.1, 0, 0], ours [0.6, 0.4, 0]",
        "the projection's definition",
    ),
    ("``'l1l2'``", "strengths of 0.01; Keras's string gives 0", "Keras's own documentation"),
    ("MaxNorm", "weights inside the ball stay bit for bit", "a constraint that holds should change nothing"),
    ("orthogonal regularizer", "one row has penalty 0", "there is nothing to be orthogonal to"),
    ("gelu, approximate", "computed as z σ(2u)", "keeps the digits of the tail"),
    ("ReLU's key", "``relu_1``, not ``re_lu_1``", "readable"),
    (
        "Dropout and noise",
        "no seed argument: the model's seed decides; rate below 1",
        "one seed repeats a run",
    ),
    (
        "DropConnect",
        "one mask per batch; biases are kept",
        "a mask per example would need a kernel per example",
    ),
    (
        "Embedding",
        "refuses floats, and identifiers out of range",
        "Keras casts, and answers zeros or the last row",
    ),
    ("Normalization", "a constant feature is divided by 1", "Keras divides by 1e-7 and blows up rounding"),
    ("GroupNormalization", "channels last only", "images are (n, h, w, c)"),
    (
        "not included",
        "masks, LoRA, quantization, data_format, renorm, CTC, Circle, Dice, Tversky, STFT",
        "outside the scope",
    ),
    ("CSVLogger", "keeps the order of the logs", "Keras sorts them"),
    (
        "NaN in training",
        "always on: training stops with the last finite parameters",
        "Keras needs TerminateOnNaN",
    ),
]


def listed(rows: list[tuple[str, str, str]]) -> str:
    """A table whose first row is its head."""
    head = ".. list-table::\n   :header-rows: 1\n   :widths: 20 40 40\n\n"
    return head + "".join("   * - " + "\n     - ".join(row) + "\n" for row in rows)


def as_rst() -> str:
    """The page."""
    conventions = [("subject", "glassnet", "others"), *((c.subject, c.ours, c.others) for c in CONVENTIONS)]
    deviations = [("where", "what differs", "why"), *DEVIATIONS]
    return "\n".join(
        [
            "Conventions\n===========\n",
            "Where textbooks and libraries differ. Each line is held by a test.\n",
            listed(conventions),
            "Deviations\n----------\n",
            "Where Keras's or PyTorch's numbers differ from ours, and why.\n",
            listed(deviations),
        ]
    )
