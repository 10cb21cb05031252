"""The layer that turns the last columns of a table into vectors."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, ShapeError

RNG = np.random.default_rng(5)
X = np.c_[RNG.normal(size=(30, 2)), np.arange(30) % 4, np.arange(30) % 7]
Y = X[:, 0] + X[:, 2]


def network(dtype="float64", **options):
    layer = gn.layers.ColumnEmbedding([4, 7], [3, 2], **options)
    model = gn.Sequential([layer, gn.layers.Dense(5, "tanh"), gn.layers.Dense(1)], dtype=dtype, seed=3)
    model.compile(gn.optimizers.Adam(0.05), "squared_error")
    return model


def test_the_vectors_follow_the_columns_that_stay():
    layer = gn.layers.ColumnEmbedding([4, 7], [3, 2])
    found = layer(X)
    first, second = (np.asarray(table) for table in layer.tables)
    assert np.array_equal(found, np.c_[X[:, :2], first[X[:, 2].astype(int)], second[X[:, 3].astype(int)]])
    assert np.array_equal(gn.layers.ColumnEmbedding([4], [2])(X[:, 2:3]).shape, (30, 2))


def test_the_gradient():
    model = network()
    model.build((None, 4))
    gn.check_gradients(model, X, Y)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_it_trains(backend):
    model = network()
    model.compile(gn.optimizers.Adam(0.05), "squared_error", backend=backend)
    history = model.fit(X, Y, epochs=60, batch_size=10, verbose=0).history["loss"]
    assert history[-1] < 0.02 * history[0]


def test_a_row_that_no_example_names_is_not_trained():
    model = network()
    model.fit(X[X[:, 2] > 0], Y[X[:, 2] > 0], epochs=3, batch_size=10, verbose=0)
    fresh = network()
    fresh.build((None, 4))
    kept, trained = fresh.parameters, model.parameters
    key = "column_embedding_1.embeddings_1"
    assert np.array_equal(kept[key][0], trained[key][0])
    assert not np.isclose(kept[key][1:], trained[key][1:]).any()


WRONG = {
    "lengths": (([4, 7], [3]), ("ColumnEmbedding: input_dims has 2 entries and output_dims 1.\n"
            "Give one of each per column.")),
    "nothing": (([], []), "ColumnEmbedding: input_dims must be a list of whole numbers; got []."),
    "a number": ((4, [3]), "ColumnEmbedding: input_dims must be a list of whole numbers; got 4."),
    "zero": (([0], [3]), "ColumnEmbedding: input_dims must be a whole number of at least 1; got 0."),
    "too many": (([2**24 + 1], [1]), "ColumnEmbedding: input_dims may be up to 16777216; got 16777217."),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments(case):
    arguments, message = WRONG[case]
    with pytest.raises(GlassnetError) as found:
        gn.layers.ColumnEmbedding(*arguments)
    assert str(found.value) == message


def test_wrong_inputs():
    with pytest.raises(
        ShapeError, match=r"ColumnEmbedding takes a table \(n, columns\) of at least 2 columns"
    ):
        network().build((None, 1))
    with pytest.raises(
        InputError, match="column 2, takes whole numbers from 0 to 3; got numbers from 4 to 4"
    ):
        gn.layers.ColumnEmbedding([4, 7], [3, 2])(np.array([[0.0, 0.0, 4.0, 0.0]]))
    model = network()
    model.fit(X, Y, epochs=1, verbose=0)
    with pytest.raises(IndexError):
        model.predict(X + 4)


def test_the_title():
    assert gn.layers.ColumnEmbedding([30, 7], [8, 3]).title() == "ColumnEmbedding(30 -> 8, 7 -> 3)"
