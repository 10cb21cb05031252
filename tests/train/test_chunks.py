"""Chunks: their form, what reading them checks, their order, and statistics that come in parts."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError
from glassnet.layers import PCA, Dense, MeanSubtraction, MinMaxScaling, Normalization, Whitening
from glassnet.nn.adaptable import Preprocessing
from glassnet.optimizers import LBFGS
from glassnet.train.chunks import even_lengths
from glassnet.train.memory import in_memory, is_mapped
from glassnet.train.streaming import Stream, chunk_epoch

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, (50, 4)).astype(np.float32)
LABELS = np.arange(50) % 3
NUMBERS = X[:, 0] - X[:, 1]
WEIGHTS = RNG.random(50)


def blocks(*sizes, weights=None, y=LABELS):
    """The data as tuples of so many rows."""
    ends = np.cumsum(sizes)
    rows = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    return [(X[r], y[r]) if weights is None else (X[r], y[r], weights[r]) for r in rows]


def network(*stack, loss="softmax_cross_entropy", optimizer="adam"):
    model = gn.Sequential(stack or [Dense(3)])
    model.compile(optimizer, loss, backend="numpy")
    return model


def stream_of(chunks, epoch=0, shuffle=True, seed=0, **options):
    model = gn.Sequential([Dense(3)], seed=seed)
    model.compile("adam", "softmax_cross_entropy")
    return Stream(
        model, model.loss_function, chunks, options.get("class_weight"), shuffle, epoch, stored=True
    )


# ------------------------------------------------------------------------------------------ memory maps
@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


def test_memory_maps_are_told_from_arrays(mapped):
    for array in (mapped, mapped[3:], np.asarray(mapped), np.asarray(mapped)[::2, None].T):
        assert is_mapped(array)
        copy = in_memory(array)
        assert not is_mapped(copy)
        np.testing.assert_array_equal(copy, array)
    for array in (X, X[3:], mapped + 0, np.array(mapped), [1.0], None):
        assert not is_mapped(array)
        assert in_memory(array) is array


# ------------------------------------------------------------------------------------------ the source
def test_blocks_of_arrays_are_read_into_memory(mapped):
    chunks = gn.Chunks.of([mapped, X], LABELS, WEIGHTS, rows=20)
    assert (len(chunks), repr(chunks), chunks.lengths()) == (3, "Chunks(3 chunks)", [20, 20, 10])
    for number, rows in enumerate((slice(0, 20), slice(20, 40), slice(40, 50))):
        (first, second), y, weights = chunks.read(number)
        assert not is_mapped(first)
        for found, expected in ((first, X), (second, X), (y, LABELS), (weights, WEIGHTS)):
            np.testing.assert_array_equal(found, expected[rows])


def test_anything_that_slices_like_an_array_works():
    class File:
        def __len__(self):
            return 50

        def __getitem__(self, rows):
            assert isinstance(rows, slice), "a file on a disk takes slices"
            return X[rows]

    chunks = gn.Chunks.of(File(), LABELS, rows=30)
    np.testing.assert_array_equal(chunks.read(1)[0], X[30:])
    network().fit(chunks, verbose=0)


@pytest.mark.parametrize(
    ("source", "rows", "lengths"),
    [
        (blocks(20, 30), None, [20, 30]),
        ([lambda: None] * 3, 8, [2, 3, 3]),
        ([lambda: None] * 3, None, None),
        ([*blocks(20), lambda: None], None, None),
    ],
)
def test_lengths(source, rows, lengths):
    assert gn.Chunks(source, rows=rows).lengths() == lengths


def test_even_lengths():
    for rows, count in ((10, 3), (3, 3), (2, 5), (0, 1)):
        found = even_lengths(rows, count)
        assert (sum(found), len(found)) == (rows, count)
        assert max(found) - min(found) <= 1


LISTED = "It takes a list with an entry for each chunk, since every epoch reads all of them."
FORM = "Each chunk is (X, y) or (X, y, sample_weight), or a function that returns that."


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        (
            iter([]),
            InputTypeError,
            f"Chunks() got a list_iterator.\n{LISTED}\n{FORM}",
        ),
        ([], InputError, "Chunks() got an empty list.\nfit() needs at least one chunk."),
        ([(X, LABELS), 3], InputTypeError, f"chunk 1 is an int: 3.\n{FORM}"),
        ([(X,)], InputError, f"chunk 0 has 1 part.\n{FORM}"),
    ],
)
def test_bad_sources(source, kind, text):
    with pytest.raises(GlassnetError) as caught:
        gn.Chunks(source)
    assert (type(caught.value), str(caught.value)) == (kind, text)


def test_bad_arguments_of_chunks():
    with pytest.raises(InputError, match=r"^X has 50 rows, y has 49 and sample_weight has 50"):
        gn.Chunks.of(X, LABELS[1:], WEIGHTS)
    with pytest.raises(InputError, match="rows must be"):
        gn.Chunks.of(X, LABELS, rows=0)


# ------------------------------------------------------------------------------------------ arguments of fit
SPLIT = """validation_split needs all rows at once, and Chunks are read one after the other.
Leave some chunks out, and pass them as validation_data=(X, y)."""
BALANCED = """class_weight="balanced" needs the labels of all rows, and Chunks are read one after the other.
Pass a dict, such as class_weight={0: 1.0, 1: 5.0}."""
LIKE_WEIGHTS = "fit() needs one weight, 0 or more, for each of 25 examples"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"y": LABELS}, "y belongs into the chunks: call fit(chunks), where each chunk is (X, y)."),
        (
            {"sample_weight": WEIGHTS},
            "sample_weight belongs into the chunks: each is (X, y, sample_weight) then.",
        ),
        ({"validation_split": 0.2}, SPLIT),
        ({"class_weight": "balanced"}, BALANCED),
        (
            {"validation_data": gn.Chunks([(X, LABELS)])},
            "validation_data must be (X, y) or (X, y, sample_weight).",
        ),
    ],
)
def test_arguments_that_do_not_go_with_chunks(options, text):
    with pytest.raises(InputError) as caught:
        network().fit(gn.Chunks([(X, LABELS)]), verbose=0, **options)
    assert str(caught.value) == text


def test_an_optimizer_that_takes_all_rows_is_refused():
    with pytest.raises(InputError) as caught:
        network(optimizer=LBFGS()).fit(gn.Chunks([(X, LABELS)]), verbose=0)
    assert str(caught.value) == (
        "this optimizer takes all rows at once, and Chunks are read one after the other.\n"
        'Use one that goes step by step, such as optimizer="adam".'
    )


def test_without_chunks_y_is_needed():
    with pytest.raises(InputTypeError, match=r"^y is None\.\nfit\(\) needs an array"):
        network().fit(X)


# ------------------------------------------------------------------------------------------ errors in reading
def bad(number, piece, count=3):
    """A list of good chunks, but for one."""
    return [piece if i == number else (X[:10], LABELS[:10]) for i in range(count)]


def failing():
    raise FileNotFoundError("no such file: part2.npy")


NAN = np.where(np.arange(40).reshape(10, 4) == 17, np.nan, X[:10])


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    ("piece", "kind", "text"),
    [
        (failing, InputError, "chunk {} could not be read: FileNotFoundError: no such file: part2.npy.\n"),
        (lambda: {"X": X}, InputTypeError, "chunk {} is a dict: {{'X': "),
        (lambda: (X,), InputError, f"chunk {{}} has 1 part.\n{FORM}"),
        ((X[:10, :3], LABELS[:10]), ShapeError, "chunk {}: X has shape (10, 3); the model takes (n, 4)."),
        (
            (NAN, LABELS[:10]),
            InputError,
            "chunk {}: X has 1 missing value (NaN), at row 4, column 1.\nfit() needs",
        ),
        ((X[:10], LABELS[:9]), InputError, "chunk {}: X has 10 rows and y has 9.\n"),
        (
            (X[:10], LABELS[:10] + 5),
            InputError,
            "chunk {}: y[0] = 5 is not a label of a network with 3 outputs.\n",
        ),
        ((X[:0], LABELS[:0]), InputError, "chunk {}: X has 0 rows (shape (0, 4)).\n"),
        ((X[:10], LABELS[:10], -np.ones(10)), InputError, "chunk {}: sample_weight has 10 values below 0"),
    ],
)
def test_errors_name_the_chunk(number, piece, kind, text):
    model = network()
    model.build((None, 4))
    with pytest.raises(GlassnetError) as caught:
        model.fit(gn.Chunks(bad(number, piece)), epochs=2, verbose=0, shuffle=False)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(text.format(number))
    assert len(str(caught.value).splitlines()) <= 3
    assert model.step == number, "the chunks before it were trained on"
    assert threads_of_ours() == []


def threads_of_ours():
    return [t.name for t in threading.enumerate() if t.name.startswith("glassnet")]


def test_the_cause_is_kept():
    with pytest.raises(InputError) as caught:
        gn.Chunks([failing]).read(0)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_an_error_of_ours_in_a_function_keeps_its_kind():
    def read():
        raise ShapeError("the picture is no square.")

    with pytest.raises(ShapeError, match=r"^chunk 0: the picture is no square\.$"):
        gn.Chunks([read]).read(0)


@pytest.mark.parametrize("order", [1, -1])
def test_chunks_with_and_without_weights_do_not_mix(order):
    pieces = [(X, LABELS), (X, LABELS, WEIGHTS)][::order]
    with pytest.raises(InputError) as caught:
        network().fit(gn.Chunks(pieces), shuffle=False, verbose=0)
    weighted = 1 if order == 1 else 0
    assert str(caught.value) == (
        f"chunk {weighted} has sample_weight, and chunk {1 - weighted} has none.\n"
        "Give weights for all chunks, or for none."
    )


def test_targets_of_all_chunks_have_one_form():
    pieces = [(X, LABELS), (X, np.eye(3)[LABELS])]
    with pytest.raises(InputError) as caught:
        network().fit(gn.Chunks(pieces), shuffle=False, verbose=0)
    assert str(caught.value) == (
        "chunk 1: y has shape (n, 3) of decimal numbers; in chunk 0 shape (n,) of whole numbers.\n"
        "All chunks need targets of one form."
    )


def test_a_chunk_without_weight_is_fine_and_all_without_are_not():
    weights = np.repeat([0.0, 1.0], 25)
    model = network()
    model.fit(gn.Chunks(blocks(25, 25, weights=weights)), verbose=0)
    assert model.step == 2
    with pytest.raises(InputError) as caught:
        model.fit(gn.Chunks(blocks(25, 25, weights=np.zeros(50))), verbose=0)
    assert str(caught.value) == (
        "sample_weight is zero for every example of all chunks.\nfit() needs at least one positive weight."
    )


def test_a_class_may_be_absent_from_a_chunk_but_not_from_all():
    y = np.sort(LABELS)
    chunks = gn.Chunks(blocks(20, 30, y=y))
    network().fit(chunks, class_weight={0: 1.0, 2: 5.0}, verbose=0)
    with pytest.raises(InputError) as caught:
        network().fit(chunks, class_weight={0: 1.0, 7: 5.0}, verbose=0)
    assert str(caught.value) == (
        "class_weight has 1 label that no example has: 7.\nLabels of the examples: 0, 1, 2."
    )


def test_elsewhere_chunks_are_refused_by_name():
    model = network()
    chunks = gn.Chunks([(X, LABELS)])
    model.fit(chunks, verbose=0)
    for call in (lambda: model.predict(chunks), lambda: model.evaluate(chunks, LABELS)):
        with pytest.raises(InputTypeError, match=r"^X is a Chunks: Chunks\(1 chunk\)"):
            call()


# ------------------------------------------------------------------------------------------ order
def visited(stream, epochs):
    """The number of each chunk in the order of reading, with what stands for the epoch; epoch after epoch."""
    found = []
    with stream:
        for epoch in epochs:
            chunks = stream.epoch(epoch, more=epoch < epochs[-1])
            found.append([(number, int(data.targets[0])) for number, data in chunks])
    return found


NUMBERED = [(np.ones((2, 4)), np.array([number, number])) for number in range(3)]


def test_the_order_of_chunks_is_a_function_of_seed_and_epoch():
    one = visited(stream_of(gn.Chunks(NUMBERED)), range(6))
    assert visited(stream_of(gn.Chunks(NUMBERED)), range(6)) == one
    assert visited(stream_of(gn.Chunks(NUMBERED), epoch=4), range(4, 6)) == one[4:]
    assert visited(stream_of(gn.Chunks(NUMBERED), seed=1), range(6)) != one
    orders = [[chunk for _, chunk in epoch] for epoch in one]
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert len(set(map(tuple, orders))) > 2
    assert [[chunk_epoch(e, chunk) for chunk in order] for e, order in enumerate(orders)] == [
        [number for number, _ in epoch] for epoch in one
    ]


def test_without_shuffling_chunks_come_as_they_stand():
    found = visited(stream_of(gn.Chunks(NUMBERED), shuffle=False), range(2))
    assert [[chunk for _, chunk in epoch] for epoch in found] == [[0, 1, 2]] * 2


def test_no_two_chunks_share_an_order_with_a_near_epoch():
    numbers = {chunk_epoch(epoch, chunk) for epoch in range(300) for chunk in range(300)}
    assert len(numbers) == 300 * 300
    assert [chunk_epoch(epoch, 0) for epoch in range(3)] == [0, 1, 2]


# ------------------------------------------------------------------------------------------ statistics
LAYERS = {
    "Normalization": Normalization,
    "Normalization of all": lambda: Normalization(axis=None),
    "MeanSubtraction": MeanSubtraction,
    "MinMaxScaling": MinMaxScaling,
    "PCA": lambda: PCA(2),
    "Whitening": Whitening,
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("sizes", [(50,), (1, 49), (10, 25, 15)])
def test_statistics_of_parts_are_those_of_all(name, sizes):
    whole, parts = LAYERS[name](), LAYERS[name]()
    whole.adapt(X)
    parts.adapt_to(x for x, _ in blocks(*sizes))
    for one, other in zip(whole.own_weights, parts.own_weights, strict=True):
        tolerance = 0 if len(sizes) == 1 else 1e-12
        np.testing.assert_allclose(other.value, one.value, rtol=tolerance, atol=tolerance, err_msg=one.name)


def test_a_feature_that_is_constant_in_each_part_only_is_not_constant():
    layer = Normalization()
    layer.adapt_to([np.full((3, 1), 0.1), np.full((1, 1), 0.5)])
    np.testing.assert_allclose([layer.mean.item(), layer.variance.item()], [0.2, 0.03], rtol=1e-12)
    layer = Normalization()
    layer.adapt_to([np.full((3, 1), 0.1)] * 4)
    assert layer.variance.item() == 1


def test_fit_adapts_layers_to_all_chunks_one_after_the_other():
    model = network(Normalization(), PCA(3), Dense(3))
    model.fit(gn.Chunks(blocks(10, 25, 15)), verbose=0)
    normalization, pca, _ = model.layers
    expected = Normalization()
    expected.adapt(X)
    np.testing.assert_allclose(normalization.mean, np.float32(expected.mean), rtol=1e-6)
    rotated = PCA(3)
    rotated.adapt(expected(X))
    np.testing.assert_allclose(pca.rotation, rotated.rotation, atol=1e-5)


class Median(Preprocessing):
    def build(self, input_shape):
        self.median = self.add_statistic("median", (input_shape[1],), "zeros", "median")

    def statistics(self, x):
        return {"median": np.median(x, axis=0)}

    def call(self, x):
        return x - self.median


def test_a_layer_that_needs_all_data_says_so():
    model = network(Median(), Dense(3))
    with pytest.raises(InputError) as caught:
        model.fit(gn.Chunks(blocks(10, 40)), verbose=0)
    assert str(caught.value) == (
        "Median needs all data at once for its statistics; here they come in parts.\n"
        "Call its adapt(data) before fit(), with as many rows as memory holds."
    )
    model.layers[0].adapt(X)
    model.fit(gn.Chunks(blocks(10, 40)), verbose=0)
    network(Median(), Dense(3)).fit(gn.Chunks(blocks(50)), verbose=0)
