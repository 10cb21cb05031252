"""Layers that take whole numbers, and layers that take several inputs."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers


# ------------------------------------------------------------------------------------------ whole numbers
def test_embedding_by_hand_and_its_gradient():
    table = np.arange(8.0).reshape(4, 2)
    model = gn.Sequential(
        [layers.Embedding(4, 2, embeddings_initializer=table), layers.Flatten()], dtype="float64"
    )
    ids = np.array([[0, 3, 3], [1, 1, 1]])
    np.testing.assert_array_equal(model.predict(ids), [[0, 1, 6, 7, 6, 7], [2, 3, 2, 3, 2, 3]])
    model.compile("sgd", "sum_of_squares")
    y = np.zeros((2, 6))
    (gradient,) = model.gradients(ids, y).values()
    np.testing.assert_allclose(gradient, 2 * table * np.array([[1], [3], [0], [2]]))
    assert gn.check_gradients(model, ids, y).max_error <= 1e-7


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float32, bool])
def test_embedding_takes_every_type_of_whole_numbers(dtype, kind):
    model = gn.Sequential([layers.Embedding(2, 3), layers.Flatten(), layers.Dense(2)], dtype=dtype)
    model.compile("adam", "softmax_cross_entropy")
    ids = np.random.default_rng(0).integers(0, 2, (9, 4)).astype(kind)
    model.fit(ids, ids[:, 0].astype(int), epochs=30, batch_size=9, verbose=0)
    arrays = [*model.parameters.values(), model.predict(ids), *model._shelf.slots.values()]
    assert {array.dtype.name for array in arrays} == {dtype}
    np.testing.assert_array_equal(model.predict(ids), model.predict(ids.astype(int)))


def test_a_layer_that_only_moves_values_may_stand_before_an_embedding():
    model = gn.Sequential([layers.Permute((2, 1)), layers.Embedding(5, 2)])
    ids = np.arange(4).reshape(1, 2, 2)
    assert model.predict(ids).shape == (1, 2, 2, 2)
    with pytest.raises(gn.errors.InputError, match="outside 0 to 4"):
        model.predict(ids + 2)


def test_whole_numbers_and_floats_in_one_model():
    ids, x = gn.Input((2,), dtype="int32"), gn.Input((3,))
    words = layers.Flatten()(layers.Embedding(7, 4)(ids))
    model = gn.Model([ids, x], layers.Dense(2)(layers.Concatenate()([words, x])))
    model.compile("sgd", "squared_error")
    generator = np.random.default_rng(0)
    X = [generator.integers(0, 7, (6, 2)), generator.normal(0, 1, (6, 3))]
    assert gn.check_gradients(model, X, generator.normal(0, 1, (6, 2))).max_error <= 1e-7
    model.fit(X, np.zeros((6, 2)), verbose=0)
    assert model.predict(X).shape == (6, 2)


# ------------------------------------------------------------------------------------------ several inputs
class Difference(gn.Layer):
    """A layer as Keras users write it: one list of inputs, one list of shapes."""

    def build(self, input_shape):
        assert input_shape == [(None, 3), (None, 3)]
        self.scale = self.add_weight("scale", (3,), "ones")

    def call(self, inputs, training=False):
        a, b = inputs
        return self.scale * (a - b)


class Pair(gn.Layer):
    """A layer with two arguments."""

    def call(self, a, b):
        return a - b


@pytest.mark.parametrize("make", [Difference, Pair, layers.Subtract])
@pytest.mark.parametrize("spread", [True, False])
def test_layers_of_several_inputs_take_a_list_or_arguments(make, spread):
    layer, (a, b) = make(), [gn.Input((3,)), gn.Input((3,))]
    model = gn.Model([a, b], layer(a, b) if spread else layer([a, b]))
    X = np.arange(12.0).reshape(2, 2, 3) ** 2
    np.testing.assert_array_equal(model.predict(list(X)), X[0] - X[1])
    np.testing.assert_array_equal(layer(*X) if spread else layer(tuple(X)), X[0] - X[1])


def test_a_list_of_numbers_is_one_array():
    np.testing.assert_array_equal(layers.Flatten()([[1.0, 2.0], [3.0, 4.0]]), [[1, 2], [3, 4]])


def test_merging_adds_axes_behind_the_batch():
    a, b = np.ones((5, 3)), np.arange(60.0).reshape(5, 4, 3)
    np.testing.assert_array_equal(layers.Add()([a, b]), a[:, None, :] + b)
    x, y = gn.Input((3,)), gn.Input((4, 3))
    np.testing.assert_array_equal(
        gn.Model([x, y], layers.Add()([x, y]), dtype="float64").predict([a, b]), b + 1
    )


# ------------------------------------------------------------------------------------------ the bias trick
def test_the_bias_trick_gives_the_same_scores_from_one_matrix():
    generator = np.random.default_rng(0)
    W, b, x = (
        generator.normal(0, 1, (3072, 10)),
        generator.normal(0, 1, 10),
        generator.uniform(0, 255, (5, 3072)),
    )
    plain = layers.Dense(10, kernel_initializer=W, bias_initializer=b)
    trick = gn.Sequential([layers.BiasTrick(), layers.Dense(10, use_bias=False)], dtype="float64")
    trick.build((None, 3072))
    assert trick.parameters["dense_1.kernel"].shape == (3073, 10)
    trick.set_parameters({"dense_1.kernel": np.vstack([W, b])})
    np.testing.assert_allclose(trick.predict(x), plain(x), rtol=1e-12, atol=1e-12 * np.abs(plain(x)).max())
