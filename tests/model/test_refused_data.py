"""Data that a model refuses: each with the exact words."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError
from glassnet.layers import Dense

RNG = np.random.default_rng(0)
X = RNG.normal(0, 1, (10, 3))
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
COLUMN = np.arange(10.0)
nan, inf = np.nan, np.inf


def classifier(built=True):
    model = gn.Sequential([Dense(4, "relu"), Dense(3)])
    model.compile("sgd", "softmax_cross_entropy")
    if built:
        model.build((None, 3))
    return model


def regressor(units=1, loss="squared_error"):
    model = gn.Sequential([Dense(units)])
    model.compile("sgd", loss)
    model.build((None, 3))
    return model


def two_inputs():
    a, b = gn.Input((3,)), gn.Input((2,))
    model = gn.Model([a, b], Dense(3)(np.concatenate([a, b], axis=1)))
    model.compile("sgd", "softmax_cross_entropy")
    return model


def changed(array, index, value, dtype=float):
    array = np.array(array, dtype)
    array[index] = value
    return array


MISSING = "fit() needs finite numbers.\nRemove those rows, or fill them (sklearn.impute.SimpleImputer)."
INFINITE = "fit() needs finite numbers.\nRemove those rows, or clip them (np.clip)."
ROWS = "fit() needs finite numbers.\nRemove those rows."
LARGE = 'fit() computes in float32, which ends at 3.4e+38.\nScale the values down, or use dtype="float64".'
TEXT = (
    "fit() needs numbers.\n"
    "Encode the column (sklearn.preprocessing.OneHotEncoder or OrdinalEncoder), or leave it out."
)
WORDS = "fit() needs numbers.\nEncode labels as whole numbers (sklearn.preprocessing.LabelEncoder)."
EMPTY = "fit() needs at least one example.\nCheck how the data were read and filtered."
NOT_ROWS = "fit() needs an array, a list of rows or a data frame."
SAME = "need the same number of rows: one per example.\nCheck that they were split and filtered together."
LABEL = (
    "is not a label of a network with 3 outputs.\nfit() needs labels from 0 to 2.\n"
    "Give the last layer one unit per class, or encode the labels."
)
FRACTION = (
    "fit() needs whole numbers from 0 to 2.\nTo predict a quantity, use a loss for it, such as squared_error."
)
DISTRIBUTION = "fit() needs labels of shape (n,), or rows of non-negative numbers that sum to 1."
ONE_EACH = "fit() needs one target per output."

# model, X, y, the kind of error, its message
INPUTS = [
    (
        classifier,
        changed(X, (3, 1), nan),
        InputError,
        f"X has 1 missing value (NaN), at row 3, column 1.\n{MISSING}",
    ),
    (
        classifier,
        changed(X, ([3, 7], 1), nan),
        InputError,
        f"X has 2 missing values (NaN), first at row 3, column 1.\n{MISSING}",
    ),
    (
        classifier,
        changed(X, (3, 1), inf),
        InputError,
        f"X has 1 infinite value, at row 3, column 1.\n{INFINITE}",
    ),
    (
        classifier,
        changed(X, (9, 2), -1e39),
        InputError,
        f"X has 1 value too large for float32, at row 9, column 2: -1e+39.\n{LARGE}",
    ),
    (
        classifier,
        changed(X, (2, 0), "red", object),
        InputTypeError,
        f"X has text in column 0, first at row 2: 'red'.\n{TEXT}",
    ),
    (classifier, None, InputTypeError, f"X is None.\n{NOT_ROWS}"),
    (classifier, X[:0], InputError, f"X has 0 rows (shape (0, 3)).\n{EMPTY}"),
    (classifier, 1.5, ShapeError, f"X is one number, 1.5.\n{NOT_ROWS}"),
    (
        classifier,
        [[1, 2, 3], [1, 2]],
        ShapeError,
        (
            "X is ragged: row 0 has 3 values, row 1 has 2.\n"
            "fit() needs rows of equal shape.\nPad them, or cut them."
        ),
    ),
    (classifier, X[:, :2], ShapeError, "X has shape (10, 2); the model takes (n, 3)."),
    (classifier, X[0], ShapeError, "X has shape (3,); the model takes (n, 3).\nOne example: X[None]."),
    (classifier, X[:, 0], ShapeError, "X has shape (10,); the model takes (n, 3)."),
    (classifier, X[:, :, None], ShapeError, "X has shape (10, 3, 1); the model takes (n, 3)."),
    (classifier, X[:9], InputError, f"X has 9 rows and y has 10.\nX and y {SAME}"),
    (
        lambda: classifier(built=False),
        X[:, 0],
        ShapeError,
        (
            "layer dense_1: Dense takes arrays of at least 2 dimensions (batch, features); got 1.\n"
            "One feature: X.reshape(-1, 1). One example: X.reshape(1, -1)."
        ),
    ),
    (
        lambda: classifier(built=False),
        X.reshape(10, 3, 1),
        ShapeError,
        (
            "the network's output has shape (n, 3, 3).\n"
            "softmax_cross_entropy needs one row of scores per example, (n, classes).\n"
            "End with Dense(classes), and put a Flatten() before it if there are more axes."
        ),
    ),
    (two_inputs, X, ShapeError, "the model has 2 inputs; got 1.\nPass a list of arrays."),
    (two_inputs, [X], ShapeError, "the model has 2 inputs; got 1.\nPass a list of arrays."),
    (two_inputs, [X, X[:, :1]], ShapeError, "X[1] has shape (10, 1); the model takes (n, 2)."),
    (
        two_inputs,
        [X, X[:9, :2]],
        InputError,
        f"X[0] has 10 rows and X[1] has 9.\nX[0] and X[1] {SAME}",
    ),
    (
        two_inputs,
        [X, changed(X[:, :2], (4, 1), nan)],
        InputError,
        f"X[1] has 1 missing value (NaN), at row 4, column 1.\n{MISSING}",
    ),
]
TARGETS = [
    (classifier, changed(LABELS, 4, nan), InputError, f"y has 1 missing value (NaN), at row 4.\n{ROWS}"),
    (classifier, changed(LABELS, 4, inf), InputError, f"y has 1 infinite value, at row 4.\n{ROWS}"),
    (classifier, changed(LABELS, 4, 3), InputError, f"y[4] = 3 {LABEL}"),
    (classifier, changed(LABELS, 4, -1, int), InputError, f"y[4] = -1 {LABEL}"),
    (classifier, LABELS + 1, InputError, f"y[2] = 3 {LABEL}"),
    (classifier, changed(LABELS, 4, 0.5), InputError, f"y[4] = 0.5 is not a label.\n{FRACTION}"),
    (
        classifier,
        np.array(["cat", "dog"] * 5),
        InputTypeError,
        f"y has text, first at row 0: 'cat'.\n{WORDS}",
    ),
    (classifier, None, InputTypeError, f"y is None.\n{NOT_ROWS}"),
    (classifier, [], InputError, f"y has 0 rows (shape (0,)).\n{EMPTY}"),
    (classifier, LABELS[:7], InputError, f"X has 10 rows and y has 7.\nX and y {SAME}"),
    (
        classifier,
        np.full((10, 3), 0.3),
        InputError,
        f"row 0 of y is not a distribution: it sums to 0.9.\n{DISTRIBUTION}",
    ),
    (
        classifier,
        np.tile([1.5, -0.5, 0], (10, 1)),
        InputError,
        f"row 0 of y is not a distribution: it holds negative numbers.\n{DISTRIBUTION}",
    ),
    (
        classifier,
        np.zeros((10, 4)),
        ShapeError,
        f"y has shape (10, 4), the network's output (n, 3).\n{ONE_EACH}",
    ),
    (
        regressor,
        np.zeros((10, 2)),
        ShapeError,
        f"y has shape (10, 2), the network's output (n, 1).\n{ONE_EACH}",
    ),
    (
        lambda: regressor(2),
        COLUMN,
        ShapeError,
        f"y has shape (10,), the network's output (n, 2).\n{ONE_EACH}",
    ),
    (regressor, changed(COLUMN, 9, nan), InputError, f"y has 1 missing value (NaN), at row 9.\n{ROWS}"),
    (
        regressor,
        changed(COLUMN, 9, 1e39),
        InputError,
        f"y has 1 value too large for float32, at row 9: 1e+39.\n{LARGE}",
    ),
    (
        lambda: regressor(loss="binary_cross_entropy"),
        2 * (LABELS > 0) - 1,
        InputError,
        (
            "y holds values from -1 to 1.\n"
            "fit() needs 0 and 1 (or probabilities) for binary_cross_entropy.\n"
            "Encode the two classes as 0 and 1."
        ),
    ),
]


def refusal(act):
    with pytest.raises(GlassnetError) as caught:
        act()
    message = str(caught.value)
    assert message.count("\n") <= 2
    return type(caught.value), message


@pytest.mark.parametrize("make, bad, kind, message", INPUTS, ids=[row[3][:50] for row in INPUTS])
def test_inputs(make, bad, kind, message):
    model = make()
    before = {key: value.copy() for key, value in model.parameters.items()} if model.built else {}
    assert refusal(lambda: model.fit(bad, LABELS, verbose=0)) == (kind, message)
    assert model.step == 0
    for key, value in before.items():
        np.testing.assert_array_equal(model.parameters[key], value)


@pytest.mark.parametrize("make, bad, kind, message", TARGETS, ids=[row[3][:50] for row in TARGETS])
def test_targets(make, bad, kind, message):
    model = make()
    assert refusal(lambda: model.fit(X, bad, verbose=0)) == (kind, message)
    assert model.step == 0


@pytest.mark.parametrize("method", ["fit", "evaluate", "loss", "gradients", "predict"])
def test_every_method_says_who_it_is(method):
    model, bad = classifier(), changed(X, (0, 0), nan)
    given = (bad,) if method == "predict" else (bad, LABELS)
    expected = f"X has 1 missing value (NaN), at row 0, column 0.\n{MISSING}"
    kind, message = refusal(lambda: getattr(model, method)(*given))
    assert (kind, message) == (InputError, expected.replace("fit()", f"{method}()"))


def test_a_vector_of_targets_against_one_output_is_a_column():
    models = [regressor(), regressor()]
    losses = [
        m.fit(X, y, verbose=0).history["loss"] for m, y in zip(models, (COLUMN, COLUMN[:, None]), strict=True)
    ]
    assert losses[0] == losses[1]
    expected = ((models[0].predict(X)[:, 0] - COLUMN) ** 2).mean()
    assert models[0].evaluate(X, COLUMN)["loss"] == pytest.approx(expected, rel=1e-6)


WEIGHTS = "fit() needs one weight, 0 or more, for each of 10 examples"
OPTIONS = [
    (
        {"sample_weight": np.ones(3)},
        InputError,
        f"X has 10 rows, y has 10 and sample_weight has 3.\nX, y and sample_weight {SAME}",
    ),
    (
        {"sample_weight": changed(np.ones(10), 2, -1)},
        InputError,
        f"sample_weight has 1 value below 0, at row 2: -1.0.\n{WEIGHTS}.\nUse 0 to leave an example out.",
    ),
    (
        {"sample_weight": np.zeros(10)},
        InputError,
        "sample_weight is zero for every example.\nfit() needs at least one positive weight.",
    ),
    (
        {"sample_weight": changed(np.ones(10), 2, nan)},
        InputError,
        f"sample_weight has 1 missing value (NaN), at row 2.\n{ROWS}",
    ),
    (
        {"sample_weight": np.ones((10, 1))},
        ShapeError,
        f"sample_weight has shape (10, 1).\n{WEIGHTS}: shape (10,).",
    ),
    (
        {"class_weight": {3: 1.0}},
        InputError,
        "class_weight has 1 label that no example has: 3.\nLabels of the examples: 0, 1, 2.",
    ),
    ({"class_weight": "balnced"}, InputError, "class_weight is 'balnced'.\nDid you mean 'balanced'?"),
    (
        {"class_weight": [1, 2]},
        InputTypeError,
        'class_weight is a list.\nIt has to be a dict, such as {0: 1.0, 1: 5.0}, or "balanced".',
    ),
    (
        {"validation_data": X},
        InputError,
        "validation_data must be (X, y) or (X, y, sample_weight).",
    ),
    (
        {"validation_data": (X[:, :2], LABELS)},
        ShapeError,
        "X has shape (10, 2); the model takes (n, 3).",
    ),
    (
        {"validation_data": (X, LABELS + 1)},
        InputError,
        f"y[2] = 3 {LABEL}".replace("fit()", "validation_data"),
    ),
]


@pytest.mark.parametrize("options, kind, message", OPTIONS, ids=[row[2][:50] for row in OPTIONS])
def test_weights_and_validation_data(options, kind, message):
    model = classifier()
    assert refusal(lambda: model.fit(X, LABELS, verbose=0, **options)) == (kind, message)
    assert model.step == 0
