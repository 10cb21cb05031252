"""Arguments and uses that a model or layer refuses: each with the exact words."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import (
    GlassnetError,
    InputError,
    InputTypeError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
)
from glassnet.layers import Activation, BatchNormalization, Dense, Dropout

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(0, 1, (10, 3)), np.arange(10) % 2


def refusal(act):
    with pytest.raises(GlassnetError) as caught:
        act()
    message = str(caught.value)
    assert message.count("\n") <= 2
    return type(caught.value), message


def compiled(*layers):
    model = gn.Sequential(layers or [Dense(4, "relu"), Dense(2)])
    model.compile("sgd", "softmax_cross_entropy")
    return model


def fit(**options):
    return lambda: compiled().fit(X, LABELS, **{"verbose": 0, **options})


# ------------------------------------------------------------------------------------------ names
NAMES = [
    (
        lambda: gn.Sequential([Dense(1)]).compile("admm", "squared_error"),
        "optimizer 'admm'. Did you mean 'adam'?",
    ),
    (
        lambda: gn.Sequential([Dense(1)]).compile("sgd", "sofmax_cross_entropy"),
        "loss 'sofmax_cross_entropy'. Did you mean 'softmax_cross_entropy'?",
    ),
    (
        lambda: gn.Sequential([Dense(1)]).compile("sgd", "squared_error", ["acuracy"]),
        "metric 'acuracy'. Did you mean 'accuracy'?",
    ),
    (
        lambda: gn.Sequential([Dense(1)]).compile("sgd", "squared_error", backend="numpi"),
        "backend 'numpi'. Did you mean 'numpy'?",
    ),
    (lambda: Dense(2, "rleu"), "activation 'rleu'. Did you mean 'relu'?"),
    (lambda: Activation("sigmoit"), "activation 'sigmoit'. Did you mean 'sigmoid'?"),
    (lambda: Dense(2, kernel_initializer="he_norml"), "initializer 'he_norml'. Did you mean 'he_normal'?"),
    (lambda: Dense(2, bias_initializer="zeroes"), "initializer 'zeroes'. Did you mean 'zeros'?"),
    (lambda: Dense(2, kernel_constraint="maxnorm"), "constraint 'maxnorm'. Did you mean 'max_norm'?"),
    (lambda: Dense(2, kernel_regularizer="half_l3"), "regularizer 'half_l3'. Did you mean 'half_l2'?"),
    (lambda: built().source("trian"), "kind of program 'trian'. Did you mean 'train'?"),
    (lambda: built().source(backend="nmupy"), "backend 'nmupy'. Did you mean 'numpy'?"),
]


def built():
    model = compiled()
    model.build((None, 3))
    return model


@pytest.mark.parametrize("act, rest", NAMES, ids=[row[1].split(".")[0] for row in NAMES])
def test_unknown_names(act, rest):
    assert refusal(act) == (UnknownNameError, f"unknown {rest}")


# ------------------------------------------------------------------------------------------ numbers
WHOLE = [0, -1, 2.5, "3", None, True, [3]]
UNITS = "Dense: units must be a whole number of at least 1; got {!r}."
BATCH = "fit(): batch_size must be a whole number of at least 1; got {!r}."
EPOCHS = "epochs must be a whole number of at least 0; got {!r}."
RATE = "Dropout: rate must be a number at least 0 and below 1; got {!r}."
SHARE = "validation_split is {}.\nIt is the share of the examples held out: above 0 and below 1, such as 0.2."
SEED = "seed must be a whole number from 0 to 4294967295; got {!r}."
DTYPE = "dtype must be 'float32' or 'float64'; got {!r}."
MOMENTUM = "BatchNormalization: momentum must be a number from 0 to 1; got {!r}."
NUMBERS = [
    *((lambda bad=bad: Dense(bad), UNITS.format(bad)) for bad in WHOLE),
    *((fit(batch_size=bad), BATCH.format(bad)) for bad in WHOLE),
    *((fit(epochs=bad), EPOCHS.format(bad)) for bad in WHOLE[1:]),
    *(
        (lambda bad=bad: Dropout(bad), RATE.format(bad))
        for bad in (1, 1.0, -0.1, 2, "0.5", None, True, np.nan)
    ),
    *((fit(validation_split=bad), SHARE.format(bad)) for bad in (-0.1, 1, 1.5)),
    (fit(validation_split="half"), SHARE.format("'half'")),
    (
        fit(validation_split=0.95),
        (
            "validation_split=0.95 of 10 examples leaves none to train on.\n"
            "Pass a smaller share, more examples, or validation_data."
        ),
    ),
    *(
        (lambda bad=bad: gn.Sequential(seed=bad), SEED.format(bad))
        for bad in (-1, 2**32, 0.5, "a", None, True)
    ),
    *((lambda bad=bad: gn.Sequential(dtype=bad), DTYPE.format(bad)) for bad in ("float16", "flaot32", int)),
    (lambda: compiled().astype("float16"), DTYPE.format("float16")),
    *((lambda bad=bad: BatchNormalization(momentum=bad), MOMENTUM.format(bad)) for bad in (1.5, -0.1, "a")),
    (
        lambda: BatchNormalization(epsilon=0),
        "BatchNormalization: epsilon must be a number above 0; got 0.",
    ),
    (lambda: gn.Input((0,)), "Input: shape must be a whole number of at least 1; got 0."),
    (lambda: gn.Input((None, 3)), "Input: shape must be a whole number of at least 1; got None."),
    (lambda: gn.Input((2.5,)), "Input: shape must be a whole number of at least 1; got 2.5."),
    (lambda: built().predict(X, batch_size=0), "batch_size is 0.\nA batch needs at least one example."),
    (fit(verbose=7), 'verbose is 7.\nIt is "auto", 0 (silent), 1 (a bar) or 2 (lines).'),
]


@pytest.mark.parametrize("act, message", NUMBERS, ids=[row[1].replace("\n", " ")[:90] for row in NUMBERS])
def test_numbers(act, message):
    assert refusal(act) == (InputError, message)


# ------------------------------------------------------------------------------------------ too early
LOSS_FIRST = "needs a loss: call model.compile(optimizer=..., loss=...) first."
BUILD_FIRST = (
    "needs a built model, and this one has not seen an input shape yet.\n"
    "Call model.build((None, features)) or model.fit(X, y) first."
)
SHAPE_FIRST = "build() needs the shape of the inputs, such as (None, 784); got {!r}."


def bare():
    return gn.Sequential([Dense(2)])


def bare_but_built():
    model = bare()
    model.build((None, 3))
    return model


EARLY = [
    (lambda: bare().fit(X, LABELS), f"fit() {LOSS_FIRST}"),
    (lambda: bare().evaluate(X, LABELS), f"evaluate() {LOSS_FIRST}"),
    (lambda: bare().loss(X, LABELS), f"loss() {LOSS_FIRST}"),
    (lambda: bare().gradients(X, LABELS), f"gradients() {LOSS_FIRST}"),
    (lambda: bare_but_built().source(), f"the program 'train' {LOSS_FIRST}"),
    (lambda: bare_but_built().source("loss"), f"the program 'loss' {LOSS_FIRST}"),
    (lambda: bare().parameters, f"parameters {BUILD_FIRST}"),
    (lambda: bare().state, f"state {BUILD_FIRST}"),
    (lambda: bare().count_params(), f"parameters {BUILD_FIRST}"),
    (lambda: bare().source(), f"source() {BUILD_FIRST}"),
    (lambda: bare().set_parameters({}), f"set_parameters() {BUILD_FIRST}"),
    (lambda: bare().build(), SHAPE_FIRST.format(None)),
    (lambda: bare().build(3), SHAPE_FIRST.format(3)),
    (lambda: bare().build((None, None)), SHAPE_FIRST.format((None, None))),
    (lambda: pickle.loads(pickle.dumps(bare())).parameters, f"parameters {BUILD_FIRST}"),
]


@pytest.mark.parametrize("act, message", EARLY, ids=[f"{i}: {row[1][:40]}" for i, row in enumerate(EARLY)])
def test_used_too_early(act, message):
    assert refusal(act) == (NotBuiltError, message)


def test_pickled_before_fit():
    models = [compiled(), pickle.loads(pickle.dumps(compiled()))]
    losses = [model.fit(X, LABELS, epochs=2, verbose=0).history["loss"] for model in models]
    assert losses[0] == losses[1]
    assert bare().predict(X).shape == (10, 2)  # prediction builds


# ------------------------------------------------------------------------------------------ parameters
PARAMETERS = [
    (
        {"dense_1.kernl": np.zeros((3, 4))},
        UnknownNameError,
        "the model has no parameter 'dense_1.kernl'. Did you mean 'dense_1.kernel'?",
    ),
    (
        {"dense_1.bias": np.ones(4), "dense_1.kernel": np.zeros((2, 2))},
        ShapeError,
        "parameter 'dense_1.kernel' has shape (3, 4); got (2, 2).",
    ),
    (
        {"dense_1.bias": list("abcd")},
        InputTypeError,
        "parameter 'dense_1.bias' needs an array of numbers; got ['a', 'b', 'c', 'd'].",
    ),
    (
        [np.zeros(4)],
        InputTypeError,
        "set_parameters() takes a dict of arrays, such as model.parameters; got an object of type list.",
    ),
]


@pytest.mark.parametrize("values, kind, message", PARAMETERS, ids=[row[2][:40] for row in PARAMETERS])
def test_parameters_that_do_not_fit_change_nothing(values, kind, message):
    model = built()
    before = {key: value.copy() for key, value in model.parameters.items()}
    assert refusal(lambda: model.set_parameters(values)) == (kind, message)
    for key, value in model.parameters.items():
        np.testing.assert_array_equal(value, before[key])


# ------------------------------------------------------------------------------------------ other arguments
OTHERS = [
    (
        lambda: gn.Sequential([Dense(1)]).compile("sgd"),
        InputError,
        "compile() needs a loss, for instance loss='softmax_cross_entropy'.",
    ),
    (
        lambda: gn.Sequential([Dense(1)]).compile(None, "squared_error"),
        InputError,
        "compile() needs an optimizer, for instance optimizer='adam'.",
    ),
    (
        fit(callbacks=[3]),
        InputTypeError,
        (
            "callbacks has an int: 3.\nfit() needs callbacks.\n"
            "Subclass glassnet.callbacks.Callback, or use LambdaCallback."
        ),
    ),
    (
        fit(callbacks=[gn.callbacks.EarlyStopping]),
        InputTypeError,
        (
            "callbacks has the class EarlyStopping.\nfit() needs an object of it.\n"
            "Write EarlyStopping(), with parentheses."
        ),
    ),
    (
        lambda: gn.check_gradients(built(), X),
        InputError,
        "check_gradients(model, X, y) needs X and y.",
    ),
]


@pytest.mark.parametrize("act, kind, message", OTHERS, ids=[row[2][:40] for row in OTHERS])
def test_other_arguments(act, kind, message):
    assert refusal(act) == (kind, message)
