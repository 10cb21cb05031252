"""Losses by name, their errors, their targets, what their scores mean, probabilities with logits behind."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from glassnet.activations import sigmoid, softmax
from glassnet.errors import InputError, ShapeError, UnknownNameError
from glassnet.nn.losses import ALIASES, CLASSES
from glassnet.nn.losses.base import FunctionLoss

L = gn.losses
RNG = np.random.default_rng(5)
X, LABELS = RNG.normal(0, 1, (8, 3)), np.array([0, 1, 2, 3, 3, 2, 1, 0])


# ------------------------------------------------------------------------------------------ names
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_loss_has_four_names(cls):
    function = cls.function
    for identifier in (function.__name__, cls.__name__, function, cls, cls()):
        loss = L.get(identifier)
        assert type(loss) is cls
        assert repr(loss) == f"{cls.__name__}()"
        assert loss.name == function.__name__
    assert getattr(L, cls.__name__) is cls
    assert getattr(L, function.__name__) is function


@pytest.mark.parametrize(
    "alias, name",
    [
        ("mse", "MeanSquaredError"), ("MSE", "MeanSquaredError"), ("mae", "MeanAbsoluteError"),
        ("mape", "MeanAbsolutePercentageError"), ("msle", "MeanSquaredLogarithmicError"),
        ("bce", "BinaryCrossentropy"), ("BCE", "BinaryCrossentropy"), ("kld", "KLDivergence"),
        ("KLD", "KLDivergence"), ("kldivergence", "KLDivergence"), ("KLDivergence", "KLDivergence"),
        ("logcosh", "LogCosh"), ("GaussianNLL", "GaussianNLL"), ("gaussiannll", "GaussianNLL"),
    ],
)  # fmt: skip
def test_other_names(alias, name):
    assert repr(L.get(alias)) == f"{name}()"


def test_all_is_complete():
    names = {cls.__name__ for cls in CLASSES} | {cls.function.__name__ for cls in CLASSES}
    assert set(L.__all__) == names | {"Bins", "Loss", "Tree", "entropy", "get"}
    assert len(L.__all__) == len(set(L.__all__))
    assert set(ALIASES.values()) <= set(CLASSES)


def test_any_numpy_function_is_a_loss():
    def fourth_powers(y, scores):
        return (scores - y) ** 4

    loss = L.get(fourth_powers)
    assert repr(loss) == "FunctionLoss(fourth_powers)"
    assert loss.name == "fourth_powers"
    assert isinstance(loss, FunctionLoss)
    np.testing.assert_allclose(loss.per_example(np.zeros((2, 2)), np.array([[1.0, 2], [0, 1]])), [8.5, 0.5])


class Cubed(L.Loss):
    """A loss of a user's own."""

    def __init__(self, strength=2.0):
        super().__init__("sum")
        self.strength = strength

    def per_example(self, y, scores):
        return self.strength * np.abs(scores - y)[:, 0] ** 3


def test_a_class_of_ones_own():
    assert repr(Cubed(3.0)) == "Cubed(strength=3.0)"
    assert Cubed().name == "cubed"
    model = gn.Sequential([layers.Dense(1)], dtype="float64")
    model.compile("sgd", Cubed())
    y = RNG.normal(0, 1, 8)
    model.fit(X, y, epochs=1, verbose=0)
    expected = 2 * (np.abs(model.predict(X)[:, 0] - y) ** 3).sum()
    assert model.loss(X, y).data == pytest.approx(expected, rel=1e-13)


# ------------------------------------------------------------------------------------------ errors
TWO = np.zeros((2, 2))
BAD = [
    (lambda: L.get("multiclas_hinge"), "unknown loss 'multiclas_hinge'. Did you mean 'multiclass_hinge'?"),
    (lambda: L.get("binary_hing"), "unknown loss 'binary_hing'. Did you mean 'binary_hinge'?"),
    (lambda: L.MulticlassHinge(0), "MulticlassHinge: margin must be a number above 0; got 0."),
    (
        lambda: L.MulticlassHinge(kind="ovr"),
        "kind must be 'weston_watkins', 'one_vs_all' or 'crammer_singer'; got 'ovr'.",
    ),
    (
        lambda: L.multiclass_hinge(np.array([0]), np.zeros((1, 2)), kind="ovr"),
        "kind must be 'weston_watkins', 'one_vs_all' or 'crammer_singer'; got 'ovr'.",
    ),
    (lambda: L.BinaryHinge(margin=-1), "BinaryHinge: margin must be a number above 0; got -1."),
    (lambda: L.Huber(delta=np.inf), "Huber: delta must be a number above 0; got inf."),
    (
        lambda: L.SoftmaxCrossEntropy(label_smoothing=1),
        "SoftmaxCrossEntropy: label_smoothing must be a number at least 0 and below 1; got 1.",
    ),
    (
        lambda: L.BinaryCrossentropy(label_smoothing=-0.1),
        "BinaryCrossentropy: label_smoothing must be a number at least 0 and below 1; got -0.1.",
    ),
    (lambda: L.Focal(gamma=-1), "Focal: gamma must be a number at least 0; got -1."),
    (
        lambda: L.BinaryFocalCrossentropy(alpha=2),
        "BinaryFocalCrossentropy: alpha must be a number from 0 to 1; got 2.",
    ),
    (lambda: L.Quantile(0), "Quantile: quantiles must be a number above 0; got 0."),
    (lambda: L.Quantile([0.5, 1.0]), "Quantile: quantiles must lie between 0 and 1; got 1.0."),
    (
        lambda: L.Tweedie(2),
        (
            "Tweedie: power must lie between 1 and 2; got 2.\n"
            "Use poisson for 1, gamma for 2, squared_error for 0."
        ),
    ),
    (
        lambda: L.CategoricalGeneralizedCrossEntropy(0),
        "CategoricalGeneralizedCrossEntropy: q must be a number above 0; got 0.",
    ),
    (lambda: L.Ordinal("nested"), "kind must be 'cumulative' or 'independent'; got 'nested'."),
    (lambda: L.SquaredError(over_outputs="max"), "over_outputs must be 'mean' or 'sum'; got 'max'."),
    (lambda: L.MeanSquaredError("none"), "reduction must be 'mean' or 'sum'; got 'none'."),
    (
        lambda: L.CategoricalCrossentropy(axis=1),
        "CategoricalCrossentropy: axis must be -1, the classes stand on the last axis; got 1.",
    ),
    (
        lambda: L.SparseCategoricalCrossentropy(ignore_class=0),
        (
            "SparseCategoricalCrossentropy: ignore_class=0 is not supported.\n"
            "Give the examples to be ignored a sample_weight of 0 and any label."
        ),
    ),
    (
        lambda: L.squared_error(np.zeros(2), np.zeros((2, 3))),
        "y has shape (2,), the scores (2, 3).\nThe loss needs one target per output.",
    ),
    (
        lambda: L.gaussian_nll(np.zeros(2), np.zeros((2, 3))),
        "y (2,) needs scores (n, 2): means, then log-variances; got (2, 3).",
    ),
    (
        lambda: L.quantile(np.zeros(2), np.zeros((2, 3)), [0.1, 0.9]),
        "2 quantiles need scores (n, 2) and y (n,); got (2, 3) and (2,).",
    ),
    (
        lambda: L.hierarchical_softmax(np.zeros(2, int), np.zeros((2, 3)), L.Tree((0, 1))),
        "a tree with 2 leaves needs scores (n, 1); got (2, 3).\nEnd with Dense(tree.nodes).",
    ),
    (lambda: L.Tree("cat"), "Tree: at least two leaves are needed, such as ('cat', 'dog'); got 'cat'."),
    (
        lambda: L.Tree(("cat", ("dog", "car", "bus"))),
        "Tree: each inner node is a pair (left, right); got 3 parts: ('dog', 'car', 'bus').",
    ),
    (lambda: L.Bins([2, 1]), "Bins: values must be at least two numbers in ascending order; got [2, 1]."),
]  # fmt: skip


@pytest.mark.parametrize("make, message", BAD, ids=[message[:45] for _, message in BAD])
def test_bad_options(make, message):
    with pytest.raises((InputError, ShapeError, UnknownNameError)) as caught:
        make()
    assert str(caught.value) == message


# ------------------------------------------------------------------------------------------ targets
TAKEN = [
    (L.BinaryHinge(), [0, 1, 1], (1,), [[0], [1], [1]]),
    (L.BinaryHinge(), [-1, 1, 1], (1,), [[0], [1], [1]]),
    (L.Hinge(), [[1, 1], [1, 1]], (2,), [[1, 1], [1, 1]]),
    (L.MulticlassHinge(), [2, 0], (3,), [2, 0]),
    (L.MulticlassHinge(), [[0, 0, 1], [1, 0, 0]], (3,), [2, 0]),
    (L.SparseCategoricalCrossentropy(), [[2], [0]], (3,), [2, 0]),
    (L.Ordinal(), [0, 4], (4,), [0, 4]),
    (L.Ordinal("independent"), [0, 3], (4,), [0, 3]),
    (L.HierarchicalSoftmax(), [0, 4], (4,), [0, 4]),
    (L.Quantile([0.1, 0.9]), [1.5, 2.5], (2,), [[1.5], [2.5]]),
    (L.GaussianNLL(), [1.5, 2.5], (2,), [[1.5], [2.5]]),
    (L.GaussianNLL(), [[1.5, 2.5]], (4,), [[1.5, 2.5]]),
    (L.Poisson(), [0, 2], (), [0, 2]),
    (L.Gamma(), [0.5, 2], (1,), [[0.5], [2]]),
    (L.CategoricalHinge(), [[0, 1]], (2,), [[0, 1]]),
    (L.KLDivergence(), [[0.25, 0.75]], (2,), [[0.25, 0.75]]),
]


@pytest.mark.parametrize("loss, y, width, expected", TAKEN)
def test_targets(loss, y, width, expected):
    array = loss.targets(np.array(y), width, np.dtype("float32"), "fit()")
    np.testing.assert_array_equal(array, expected)
    assert array.dtype == (np.int64 if loss.task == "labels" and array.ndim == 1 else np.float32)


REFUSED = [
    (
        L.BinaryHinge(),
        [0, 1, 2],
        (1,),
        "y holds 2, first at row 2.\nfit() needs 0 and 1, or -1 and 1, for binary_hinge.",
    ),
    (L.Hinge(), [-1, 0, 1], (1,), "y holds 0, first at row 1.\nfit() needs 0 and 1, or -1 and 1, for hinge."),
    (
        L.Poisson(),
        [0.0, -1.5],
        (1,),
        "y holds -1.5, first at row 1.\nfit() needs numbers of at least 0 for poisson.",
    ),
    (L.Gamma(), [1.0, 0.0], (1,), "y holds 0, first at row 1.\nfit() needs numbers above 0 for gamma."),
    (
        L.Tweedie(),
        [1.0, -1.0],
        (1,),
        "y holds -1, first at row 1.\nfit() needs numbers of at least 0 for tweedie.",
    ),
    (
        L.BinaryCrossentropy(),
        [0, 2],
        (1,),
        (
            "y holds values from 0 to 2.\nfit() needs 0 and 1 (or probabilities) for binary_crossentropy.\n"
            "Encode the two classes as 0 and 1."
        ),
    ),
    (
        L.MulticlassHinge(),
        [[0.5, 0.5], [0, 1]],
        (2,),
        (
            "row 0 of y is not one-hot.\n"
            "fit() needs labels of shape (n,), or rows with a single 1, for multiclass_hinge."
        ),
    ),
    (
        L.Ordinal(),
        [0, 5],
        (4,),
        (
            "y[1] = 5 is not a label of a network with 5 outputs.\nfit() needs labels from 0 to 4.\n"
            "Give the last layer one unit per class, or encode the labels."
        ),
    ),
    (
        L.MulticlassHinge(),
        [0, 1],
        (2, 2),
        (
            "the network's output has shape (n, 2, 2).\n"
            "multiclass_hinge needs one row of scores per example, (n, classes).\n"
            "End with Dense(classes), and put a Flatten() before it if there are more axes."
        ),
    ),
    (
        L.GaussianNLL(),
        [0.0, 1.0],
        (3,),
        (
            "gaussian_nll needs an even number of outputs, k means and k log-variances; got (3,).\n"
            "End with Dense(2) for one number per example."
        ),
    ),
]


@pytest.mark.parametrize("loss, y, width, message", REFUSED, ids=[f"{r[0]!r}" for r in REFUSED])
def test_refused_targets(loss, y, width, message):
    with pytest.raises((InputError, ShapeError)) as caught:
        loss.targets(np.array(y), width, np.dtype("float32"), "fit()")
    assert str(caught.value) == message


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_example_targets_fit(cls):
    """Pictures and derivations of a network without data use them."""
    loss = cls()
    y = loss.example_targets(np.random.default_rng(0), 5, (4,))
    assert len(loss.targets(y, (4,), np.dtype("float32"), "draw()")) == 5


def test_columns_and_rows_match_on_plain_arrays():
    y, s = RNG.normal(0, 1, 6), RNG.normal(0, 1, 6)
    for function in (
        L.squared_error,
        L.absolute_error,
        L.huber,
        L.log_cosh,
        L.quantile,
        L.gamma,
        L.binary_hinge,
    ):
        expected = function(y, s)
        for a, b in ((y[:, None], s), (y, s[:, None]), (y[:, None], s[:, None])):
            np.testing.assert_array_equal(function(a, b), expected)
    labels, scores = LABELS, RNG.normal(0, 1, (8, 4))
    for function in (L.multiclass_hinge, L.focal, L.categorical_hinge):
        np.testing.assert_array_equal(function(labels[:, None], scores), function(labels, scores))


# ------------------------------------------------------------------------------------------ what scores mean
ONE, ROW = np.array([[-1.0], [0.25], [0.75]]), np.array([[2.0, -1.0, 0.5], [-3.0, 1.0, -2.0]])
MEANINGS = [
    (L.SoftmaxCrossEntropy(), None, ROW, [0, 1], softmax(ROW)),
    (L.Focal(), None, ROW, [0, 1], softmax(ROW)),
    (L.MulticlassHinge(), None, ROW, [0, 1], None),
    (L.BinaryCrossEntropy(), 0.0, ONE, [[0], [1], [1]], sigmoid(ONE)),
    (L.BinaryHinge(), 0.0, ONE, [[0], [1], [1]], None),
    (L.Hinge(), 0.0, ONE, [[0], [1], [1]], None),
    (L.BinaryCrossentropy(), 0.5, ONE, [[0], [0], [1]], ONE),
    (L.BinaryCrossentropy(from_logits=True), 0.0, ONE, [[0], [1], [1]], sigmoid(ONE)),
    (L.BinaryFocalCrossentropy(), 0.5, ONE, [[0], [0], [1]], ONE),
    (L.CategoricalCrossentropy(), None, softmax(ROW), [0, 1], softmax(ROW)),
    (L.CategoricalCrossentropy(from_logits=True), None, ROW, [0, 1], softmax(ROW)),
    (L.SparseCategoricalCrossentropy(), None, softmax(ROW), [0, 1], softmax(ROW)),
    (L.KLDivergence(from_logits=True), None, ROW, [0, 1], softmax(ROW)),
    (L.SquaredError(), None, ONE, [[0], [0], [1]], None),  # a lone number counts as a probability
    (L.Ordinal(), None, ROW, [2, 1], None),
    (L.Ordinal("independent"), None, ROW, [0, 1], None),
]


@pytest.mark.parametrize("loss, threshold, scores, decided, p", MEANINGS, ids=[repr(m[0]) for m in MEANINGS])
def test_what_scores_mean(loss, threshold, scores, decided, p):
    assert loss.threshold == threshold
    np.testing.assert_array_equal(loss.decide(scores), decided)
    if p is not None:
        np.testing.assert_array_equal(loss.probabilities(scores), p)
    elif type(loss) is not L.Ordinal:
        assert loss.probabilities(scores) is None


# ------------------------------------------------------------------------------------------ logits behind
Z = RNG.normal(0, 3, (8, 4))
SPREAD = RNG.dirichlet(np.ones(4), 8)
BITS = (RNG.uniform(size=(8, 4)) < 0.5).astype(float)
BEHIND = [
    (L.BinaryCrossentropy, {}, BITS, sigmoid),
    (L.BinaryCrossentropy, {"label_smoothing": 0.1}, BITS, sigmoid),
    (L.BinaryFocalCrossentropy, {"gamma": 1.5, "apply_class_balancing": True}, BITS, sigmoid),
    (L.CategoricalCrossentropy, {}, SPREAD, softmax),
    (L.CategoricalCrossentropy, {"label_smoothing": 0.1}, LABELS, softmax),
    (L.SparseCategoricalCrossentropy, {}, LABELS, softmax),
    (L.CategoricalFocalCrossentropy, {"gamma": 0.5}, SPREAD, softmax),
    (L.KLDivergence, {}, SPREAD, softmax),
]


@pytest.mark.parametrize("cls, options, y, activation", BEHIND)
def test_probabilities_of_a_traced_activation_are_taken_from_their_logits(cls, options, y, activation):
    """Value and gradient as from the logits, bit for bit, and the plain formula's value to rounding."""
    by_p = gn.value_and_grad(lambda z: cls(**options)(y, activation(z)))(Z)
    by_z = gn.value_and_grad(lambda z: cls(**options, from_logits=True)(y, z))(Z)
    assert by_p[0] == by_z[0]
    np.testing.assert_array_equal(by_p[1], by_z[1])
    assert by_p[0] == pytest.approx(float(cls(**options)(y, activation(Z))), rel=1e-9)


@pytest.mark.parametrize("cls, options, y, activation", BEHIND)
@pytest.mark.parametrize("model_kind", ["an activation", "a layer", "a function"])
def test_in_a_model_too(cls, options, y, activation, model_kind):
    name = activation.__name__
    x = gn.Input((4,))
    identity = {"kernel_initializer": "identity"}
    made = {
        "an activation": lambda: gn.Sequential([layers.Dense(4, name, **identity)], dtype="float64"),
        "a layer": lambda: gn.Sequential(
            [layers.Dense(4, **identity), layers.Activation(name)], dtype="float64"
        ),
        "a function": lambda: gn.Model(x, activation(layers.Dense(4, **identity)(x)), dtype="float64"),
    }
    model = made[model_kind]()
    model.build((None, 4))
    model.compile("sgd", cls(**options))
    extreme = 200 * Z  # where a softmax underflows to 0 and its logarithm to -inf
    expected = float(cls(**options, from_logits=True)(y, extreme))
    assert model.loss(extreme, y).data == pytest.approx(expected, rel=1e-12)
    assert expected > 17  # more than -log(1e-7), the most that clipped probabilities can cost
    assert gn.check_gradients(model, Z, y).max_error <= 1e-7


def test_other_probabilities_are_cut_off():
    y, p = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    np.testing.assert_allclose(L.binary_crossentropy(y, p), -np.log(1e-7), rtol=1e-9)
    np.testing.assert_allclose(
        L.sparse_categorical_crossentropy(np.array([0]), np.array([[0.0, 1.0]])), -np.log(1e-7), rtol=1e-12
    )
    traced = gn.value_and_grad(lambda p: L.binary_crossentropy(y, np.tanh(p)).sum())(np.array([0.0, 30.0]))[0]
    assert traced == pytest.approx(-2 * np.log(1e-7), rel=1e-8)


def test_a_softmax_along_another_axis_is_no_softmax_over_classes():
    scores, y = RNG.normal(0, 1, (4, 4)), np.array([0, 1, 2, 3])
    p = softmax(scores, axis=0)
    found = gn.value_and_grad(lambda z: L.sparse_categorical_crossentropy(y, softmax(z, axis=0)).sum())(
        scores
    )[0]
    assert found == pytest.approx(L.sparse_categorical_crossentropy(y, p).sum(), rel=1e-12)


@pytest.mark.parametrize("activation", [np.exp, "exponential"])
def test_poisson_takes_the_logarithm_of_a_traced_exponential(activation):
    model = gn.Sequential([layers.Dense(1, activation, kernel_initializer="ones")], dtype="float64")
    model.build((None, 1))
    model.compile("sgd", "poisson")
    x, y = np.array([[-50.0], [2.0]]), np.array([3.0, 1.0])
    expected = (np.exp(x[:, 0]) - y * x[:, 0]).mean()
    assert model.loss(x, y).data == pytest.approx(expected, rel=1e-14)  # log(exp(-50) + 1e-7) would be -16.1
    assert "np.log" not in model.source()


# ------------------------------------------------------------------------------------------ dropout, squares
WARNING = (
    "{0} stands right before {1}, whose output goes to {2}.\n"
    "A squared loss asks for exact numbers, and dropout there blurs them: expect worse predictions.\n"
    "Remove that dropout, or predict bins with a softmax (losses.Bins)."
)
DENSE, DROP = layers.Dense, layers.Dropout


@pytest.mark.parametrize("loss", ["squared_error", "sum_of_squares", "l2_regression", "mse"])
def test_dropout_right_before_a_squared_loss_is_warned_about(loss):
    model = gn.Sequential([DENSE(8, "relu"), DROP(0.5), DENSE(1)])
    name = L.get(loss).name
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.compile("sgd", loss)
    assert [str(w.message) for w in caught] == [WARNING.format("Dropout(0.5)", "Dense(1)", name)]
    assert caught[0].filename == __file__
    model.build((None, 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.compile("sgd", loss)
    assert [str(w.message) for w in caught] == [WARNING.format("dropout_1", "dense_2", name)]


def test_the_warning_for_a_functional_model_and_for_dropout_at_the_end():
    x = gn.Input((3,))
    model = gn.Model(x, DENSE(1)(DROP(0.2, name="noise")(DENSE(4, "relu")(x))))
    with pytest.warns(UserWarning, match="^noise stands right before dense_2"):
        model.compile("sgd", "squared_error")
    model = gn.Sequential([DENSE(1), DROP(0.2)])
    with pytest.warns(UserWarning, match=r"^Dropout\(0.2\) stands right before the end"):
        model.compile("sgd", "squared_error")


@pytest.mark.parametrize(
    "stack, loss",
    [
        ([DENSE(8), DROP(0.5), DENSE(8), DENSE(1)], "squared_error"),  # further up
        ([DROP(0.5), DENSE(8, "relu"), DENSE(1)], "squared_error"),
        ([DENSE(8), DROP(0.5), DENSE(1)], "absolute_error"),
        ([DENSE(8), DROP(0.5), DENSE(3)], "softmax_cross_entropy"),
        ([DENSE(8), DENSE(1)], "squared_error"),
    ],
)
def test_no_warning(stack, loss):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gn.Sequential(stack).compile("sgd", loss)
