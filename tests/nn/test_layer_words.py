"""What the catalogue's layers call themselves, and what they say to bad arguments."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers

TITLES = [
    (layers.DropConnect(10, 0.25, "relu"), "DropConnect(10, relu, rate=0.25)"),
    (layers.GaussianNoise(0.1), "GaussianNoise(0.1)"),
    (layers.GaussianDropout(0.1), "GaussianDropout(0.1)"),
    (layers.AlphaDropout(0.1), "AlphaDropout(0.1)"),
    (layers.VanillaDropout(0.1), "VanillaDropout(0.1)"),
    (layers.Embedding(100, 8), "Embedding(100, 8)"),
    (layers.Reshape((8, -1)), "Reshape(8, -1)"),
    (layers.Permute((2, 1)), "Permute(2, 1)"),
    (layers.RepeatVector(3), "RepeatVector(3)"),
    (layers.GroupNormalization(8), "GroupNormalization(8)"),
    (layers.MinMaxScaling(), "MinMaxScaling(-1, 1)"),
    (layers.Rescaling(1 / 255), "Rescaling(0.00392157, 0)"),
    (layers.PCA(), "PCA"),
    (layers.PCA(2), "PCA(2)"),
    (layers.Whitening("zca", 2), "ZCA whitening(2)"),
    (layers.Add(), "Add"),
]


@pytest.mark.parametrize("layer, title", TITLES, ids=[title for _, title in TITLES])
def test_titles(layer, title):
    assert layer.title() == title
    assert repr(layer) == f"<layer {title}>"


def called(layer, *shapes):
    return lambda: layer()([np.zeros(shape) for shape in shapes])


BAD = [
    (lambda: layers.Dropout(1.0), "Dropout: rate must be a number at least 0 and below 1; got 1.0."),
    (
        lambda: layers.VanillaDropout("a"),
        "VanillaDropout: rate must be a number at least 0 and below 1; got 'a'.",
    ),
    (
        lambda: layers.Dropout(0.5, noise_shape=(3, 1)),
        (
            "Dropout: noise_shape=(3, 1) cannot be used.\n"
            "It is a tuple such as (None, 1, 64): None where the mask has the input's extent, "
            "1 where it is shared."
        ),
    ),
    (lambda: layers.GaussianNoise(-1), "GaussianNoise: stddev must be a number at least 0; got -1."),
    (lambda: layers.DropConnect(0), "DropConnect: units must be a whole number of at least 1; got 0."),
    (
        lambda: layers.BatchNormalization(axis=(1, 2)),
        "BatchNormalization: axis must be one axis, such as -1; got (1, 2).",
    ),
    (
        lambda: layers.BatchNormalization(momentum=2),
        "BatchNormalization: momentum must be a number from 0 to 1; got 2.",
    ),
    (
        lambda: layers.BatchNormalization(axis=3)(np.zeros((2, 3))),
        (
            "BatchNormalization: axis=3 does not fit arrays of shape (None, 3).\n"
            "The first axis is the batch; one example's axes are counted from 1, or from -1 backwards."
        ),
    ),
    (
        lambda: layers.LayerNormalization(axis="last"),
        "LayerNormalization: axis must be a whole number or a tuple of them, such as -1; got 'last'.",
    ),
    (
        lambda: layers.LayerNormalization(epsilon=0),
        "LayerNormalization: epsilon must be a number above 0; got 0.",
    ),
    (
        lambda: layers.GroupNormalization(4)(np.zeros((2, 6))),
        "GroupNormalization: 6 channels cannot be divided into 4 groups.",
    ),
    (
        lambda: layers.GroupNormalization(2, axis=1),
        "GroupNormalization: axis must be -1, the channels come last; got 1.\nPut Permute before it.",
    ),
    (lambda: layers.Reshape((-1, -1)), "Reshape: only one extent may be -1; got (-1, -1)."),
    (lambda: layers.Reshape((0, 2)), "Reshape: target_shape must be a whole number of at least 1; got 0."),
    (
        lambda: layers.Reshape((4, 2))(np.zeros((5, 6))),
        "Reshape: the 6 values of an example of shape (6,) do not fill (4, 2).",
    ),
    (
        lambda: gn.Sequential([layers.Reshape((4, -1))]).build((None, 6)),
        "Reshape: the 6 values of an example of shape (6,) do not fill (4, -1).",
    ),
    (lambda: layers.Permute((0, 1)), "Permute: dims must be the numbers 1 to 2 in some order; got (0, 1)."),
    (
        lambda: layers.Permute((2, 1))(np.zeros((5, 6))),
        "Permute: (2, 1) needs examples of 2 dimensions; got 1.",
    ),
    (
        lambda: layers.RepeatVector(2)(np.zeros((5, 6, 2))),
        "RepeatVector takes rows (batch, features); got 3 dimensions.",
    ),
    (lambda: layers.Add()(np.zeros((2, 3))), "Add is called on a list of arrays: layers.Add()([a, b])."),
    (called(layers.Subtract, (2, 3), (2, 3), (2, 3)), "Subtract takes 2 arrays; got 3."),
    (
        lambda: layers.Concatenate(axis=0),
        "Concatenate: axis must be one axis other than 0, the batch; got 0.",
    ),
    (
        called(layers.Concatenate, (2, 3, 4), (2, 4, 4)),
        "Concatenate: shapes (2, 3, 4) and (2, 4, 4) differ in more than axis -1.",
    ),
    (
        lambda: layers.Dot(axes=(1, 2, 3)),
        "Dot: axes must be one axis for both inputs, or two; got (1, 2, 3).",
    ),
    (
        called(lambda: layers.Dot(axes=1), (2, 3), (2, 4)),
        "Dot: shapes (2, 3) and (2, 4) differ along axes 1 and 1.",
    ),
    (lambda: layers.Embedding(0, 2), "Embedding: input_dim must be a whole number of at least 1; got 0."),
    (
        lambda: layers.Embedding(3, 2)(gn.Input((4,))),
        (
            "layer embedding takes whole numbers, and its input is an array of floats.\n"
            'Write gn.Input(shape, dtype="int32"), or make Embedding the first layer.'
        ),
    ),
    (
        lambda: layers.Embedding(3, 2)(np.array([[1, 3]])),
        "layer embedding takes whole numbers from 0 to 2; got numbers from 1 to 3.",
    ),
    (
        lambda: gn.Sequential([layers.Embedding(3, 2)]).predict([[0, 1], [2, 3]]),
        (
            "X has 1 value outside 0 to 2, at row 1, column 1: 3.\n"
            "predict() needs whole numbers from 0 to 2.\n"
            "Raise the input_dim of Embedding, or number what it looks up from 0."
        ),
    ),
    (
        lambda: gn.Sequential([layers.Embedding(3, 2)]).predict([[0, 1], [2, 0.5]]),
        (
            "X has 1 value with a fraction, at row 1, column 1: 0.5.\n"
            "predict() needs whole numbers here, which Embedding looks up."
        ),
    ),
    (
        lambda: gn.Input((3,), dtype="complex64"),
        "Input: dtype must be a float or an integer type, such as 'int32'; got 'complex64'.",
    ),
    (
        lambda: gn.Sequential([layers.Dense(2)]).predict(np.ones((3, 2)), mc_samples=5),
        (
            "predict(mc_samples=...) averages over dropout and noise, and this model has no layer that draws "
            "random numbers."
        ),
    ),
    (
        lambda: gn.Sequential([layers.Dropout(0.5)]).predict(np.ones((3, 2)), mc_samples=0),
        "predict(): mc_samples must be a whole number of at least 1; got 0.",
    ),
    (
        lambda: layers.ActivityRegularization(l1=-1.0),
        "L1L2: l1 must be a number at least 0; got -1.0.",
    ),
]


@pytest.mark.parametrize("act, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(act, message):
    with pytest.raises(gn.errors.GlassnetError) as caught:
        act()
    assert str(caught.value) == message


def test_a_noise_shape_that_does_not_fit():
    model = gn.Sequential([layers.Dropout(0.5, noise_shape=(None, 2))])
    model.compile("sgd", "softmax_cross_entropy")
    with pytest.raises(gn.errors.ShapeError) as caught:
        model.fit(np.ones((4, 3)), np.arange(4) % 3, verbose=0)
    assert str(caught.value) == "Dropout: noise_shape=(None, 2) does not fit an array of shape (n, 3)."
