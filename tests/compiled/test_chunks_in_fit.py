"""fit() on chunks and memory maps, on both backends."""

from __future__ import annotations

import _thread
import contextlib
import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from agreement import in_python

import glassnet as gn
from glassnet import callbacks
from glassnet.errors import DivergenceError, InputError
from glassnet.layers import BatchNormalization, Concatenate, Dense, Dropout, Embedding, Flatten, Normalization
from glassnet.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
X = RNG.normal(0, 1, (50, 4))
LABELS = (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0)
NUMBERS = np.sin(X[:, 0])
WEIGHTS = RNG.random(50)
BACKENDS = ["numpy", "numba"]
WAIT = 20  # seconds for what should come at once


def network(backend, *stack, optimizer=None, loss="softmax_cross_entropy", **options):
    layers = stack or [Dense(6, "tanh"), BatchNormalization(), Dropout(0.2), Dense(3)]
    model = gn.Sequential(layers, **options)
    model.compile(
        optimizer or Adam(0.05), loss, metrics=["accuracy"] if "soft" in loss else [], backend=backend
    )
    return model


def fit(model, *data, compiled=False, **options):
    """Run the training; compiled loops by Python, unless asked otherwise."""
    by_python = model.backend == "numba" and not compiled
    with in_python() if by_python else contextlib.nullcontext():
        return model.fit(*data, **{"batch_size": 8, "epochs": 3, "verbose": 0, **options})


def everything_of(model):
    counts = np.array([model.step, model.epoch])
    return {**model.parameters, **model.state, **model._shelf.slots, "counts": counts}


def assert_same_bits(one, other):
    a, b = everything_of(one), everything_of(other)
    assert list(a) == list(b)
    for key, value in a.items():
        np.testing.assert_array_equal(value, b[key], err_msg=key, strict=True)


def threads_of_ours():
    return [t.name for t in threading.enumerate() if t.name.startswith("glassnet")]


# ------------------------------------------------------------------------------------------ one chunk
HELD_OUT = {"validation_data": (X[:20] + 0.1, LABELS[:20])}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "options",
    [
        {"shuffle": False},
        {"shuffle": True},
        {"class_weight": {0: 1.0, 2: 3.0}, **HELD_OUT},
        {"batch_size": 7, "callbacks": callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)},
        {"batch_size": 300},
        {"epochs": 0},
    ],
    ids=", ".join,
)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_one_chunk_is_the_plain_fit_bit_for_bit(backend, options, weights):
    plain, chunked = network(backend), network(backend)
    expected = fit(plain, X, LABELS, sample_weight=weights, **options)
    piece = (X, LABELS) if weights is None else (X, LABELS, weights)
    found = fit(chunked, gn.Chunks([piece]), **options)
    assert found.history == expected.history
    assert found.params == expected.params
    assert_same_bits(chunked, plain)


def test_chunks_compiled():
    def make(backend):
        return network(backend, Dense(6, "tanh"), Dense(3), dtype="float64")

    plain, chunked = make("numba"), make("numba")
    for _ in range(2):
        expected = fit(plain, X, LABELS, compiled=True)
        found = fit(chunked, gn.Chunks([lambda: (X, LABELS)]), compiled=True)
        assert found.history == expected.history
        assert_same_bits(chunked, plain)
    chunks = gn.Chunks.of(X, LABELS, rows=20)
    one, other = (fit(make(backend), chunks, compiled=True).history["loss"] for backend in BACKENDS)
    np.testing.assert_allclose(one, other, rtol=1e-10)


# ------------------------------------------------------------------------------------------ several chunks
def steps_by_hand(stream_order, chunks, seed, epochs, size, shuffle):
    """Batches in the order that chunks have, from the definition."""
    for epoch in range(epochs):
        for number in stream_order(seed, epoch, len(chunks)) if shuffle else range(len(chunks)):
            x, y = chunks[number]
            key = (epoch + number * 0x9E3779B9) % 2**32
            rows = gn.random.shuffle(seed, key, len(y)) if shuffle else np.arange(len(y))
            for first in range(0, len(y), size):
                part = rows[first : first + size]
                yield epoch, x[part], y[part]


def chunk_order(seed, epoch, count):
    return np.argsort(gn.random.random_bits(seed, epoch, 2**32 - 1, count), kind="stable")


PIECES = [(X[a:b], NUMBERS[a:b]) for a, b in ((0, 20), (20, 27), (27, 50))]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_and_means_of_several_chunks(backend, shuffle):
    model, reference = (
        network(
            b, Dense(5, "tanh"), Dense(1), optimizer=SGD(0.1), loss="squared_error", seed=3, dtype="float64"
        )
        for b in (backend, "numpy")
    )
    history = fit(model, gn.Chunks(PIECES), shuffle=shuffle).history["loss"]
    reference.build((None, 4))
    sums, rows = np.zeros(3), np.zeros(3)
    for epoch, x, y in steps_by_hand(chunk_order, PIECES, 3, 3, 8, shuffle):
        sums[epoch] += len(x) * reference.loss(x, y).data
        rows[epoch] += len(x)
        reference.fit(x, y, batch_size=len(x), verbose=0)
    np.testing.assert_allclose(history, sums / rows, rtol=1e-12)
    for key, value in reference.parameters.items():
        np.testing.assert_allclose(model.parameters[key], value, rtol=0, atol=1e-12)
    assert (model.step, model.epoch) == (3 * (3 + 1 + 3), 3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_mean_counts_weights(backend):
    pieces = [(x, y, np.full(len(y), weight)) for (x, y), weight in zip(PIECES, (1.0, 0.0, 5.0), strict=True)]
    model = network(backend, Dense(1), optimizer=SGD(1e-12), loss="squared_error", dtype="float64")
    found = fit(model, gn.Chunks(pieces), epochs=1).history["loss"][0]
    weights = np.concatenate([w for _, _, w in pieces])
    assert found == pytest.approx(model.loss(X, NUMBERS, sample_weight=weights).data, rel=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_fit_continues(backend):
    chunks = gn.Chunks.of(X, LABELS, rows=20)
    one, two = network(backend), network(backend)
    history = fit(one, chunks, epochs=4).history["loss"]
    found = fit(two, chunks, epochs=1).history["loss"] + fit(two, chunks, epochs=3).history["loss"]
    assert found == history
    assert_same_bits(one, two)


def joined():
    a, b = gn.Input((4,)), gn.Input((3,), dtype="int64")
    return gn.Model([a, b], Dense(3)(Concatenate()([a, Flatten()(Embedding(5, 2)(b))])))


@pytest.mark.parametrize("backend", BACKENDS)
def test_several_inputs(backend):
    words = RNG.integers(0, 5, (50, 3))
    models = [joined(), joined()]
    for model in models:
        model.compile("adam", "softmax_cross_entropy", backend=backend)
    fit(models[0], [X, words], LABELS)
    fit(models[1], gn.Chunks.of([X, words], LABELS))
    assert_same_bits(*models)
    bad = gn.Chunks.of([X, np.where(np.arange(50)[:, None] == 30, 9, words)], LABELS, rows=20)
    with pytest.raises(InputError, match=r"^chunk 1: X\[1\] has 3 values outside 0 to 4"):
        fit(models[1], bad)


@pytest.mark.parametrize("backend", BACKENDS)
def test_preprocessing_layers_are_adapted(backend):
    plain, chunked = (network(backend, Normalization(), Dense(3)) for _ in range(2))
    fit(plain, X, LABELS)
    fit(chunked, gn.Chunks.of(X, LABELS, rows=20))
    for key in ("normalization_1.mean", "normalization_1.variance"):
        np.testing.assert_allclose(chunked.state[key], plain.state[key], rtol=1e-6, atol=1e-7)


# ------------------------------------------------------------------------------------------ callbacks
class Diary(callbacks.Callback):
    def __init__(self):
        self.entries = []

    def on_epoch_begin(self, epoch, logs=None):
        self.entries.append(f"epoch {epoch}")

    def on_train_batch_begin(self, batch, logs=None):
        self.entries.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.last = batch, dict(logs)

    def on_epoch_end(self, epoch, logs=None):
        assert self.last[0] == self.entries[-1]
        assert self.last[1].items() <= logs.items(), "the last batch's means are the epoch's"
        self.entries.append("end")


@pytest.mark.parametrize("backend", BACKENDS)
def test_batches_are_counted_over_all_chunks(backend):
    diary = Diary()
    model = network(backend)
    history = fit(model, gn.Chunks.of(X, LABELS, rows=20), epochs=2, callbacks=[diary], **HELD_OUT)
    epoch = [*range(8), "end"]
    assert diary.entries == ["epoch 0", *epoch, "epoch 1", *epoch]
    assert diary.params["steps"] == 8
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_callbacks_may_change_rates_and_stop(backend):
    class Watch(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.0
            self.kept = {key: value.copy() for key, value in self.model.parameters.items()}
            self.model.stop_training = epoch == 2

    watch = Watch()
    model = network(backend, Dense(3), optimizer=SGD(0.1))
    history = fit(model, gn.Chunks.of(X, LABELS, rows=20), epochs=9, callbacks=[watch])
    assert history.epoch == [0, 1, 2]
    assert history.history["loss"][1] == pytest.approx(history.history["loss"][2], rel=1e-6)
    for key, value in model.parameters.items():
        np.testing.assert_array_equal(value, watch.kept[key])
    assert threads_of_ours() == []


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rate", [1e4, 1e38])
def test_divergence_keeps_the_last_finite_step(backend, rate):
    chunks = [(X, NUMBERS), (X, NUMBERS), (X, NUMBERS * 1e3), (X, NUMBERS)]
    model = network(backend, Dense(1), optimizer=SGD(rate), loss="squared_error")
    with pytest.raises(DivergenceError, match=r"^training diverged at step (\d+) \(epoch 1\)") as caught:
        fit(model, gn.Chunks(chunks), shuffle=False, batch_size=10)
    assert f"at step {model.step + 1} " in str(caught.value)
    assert all(np.isfinite(value).all() for value in model.parameters.values())
    assert threads_of_ours() == []


# ------------------------------------------------------------------------------------------ the thread
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_next_chunk_is_read_while_one_is_trained_on(backend):
    reading = [threading.Event() for _ in range(6)]  # two epochs
    reads = iter(range(6))
    threads = set()

    def read():
        threads.add(threading.current_thread().name)
        reading[next(reads)].set()
        return X[:8], LABELS[:8]

    class Wait(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            step = self.model.epoch * 3 + batch + 1
            assert step == 6 or reading[step].wait(WAIT), "the next chunk is not being read"

    fit(network(backend), gn.Chunks([read] * 3), epochs=2, callbacks=[Wait()])
    assert next(reads, None) is None
    assert len(threads) == 2, "the first chunk is read here, all others in one thread"
    assert threads_of_ours() == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_at_most_two_chunks_are_in_memory(backend):
    alive, most = set(), []

    def read():
        number = len(most)
        x = RNG.normal(size=(40, 4)).astype(np.float32)
        weakref.finalize(x, alive.discard, number)
        alive.add(number)
        most.append(len(alive))
        return x, LABELS[:40]

    model = network(backend, Normalization(), Dense(3))
    fit(model, gn.Chunks([read] * 5), epochs=3)
    assert len(most) == 3 * 5 + 4, "a first pass for the statistics: it reads all but the first again"
    assert max(most) == 2
    assert alive == set()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("where", ["callback", "reading"])
def test_ctrl_c_leaves_no_thread(backend, where):
    released = threading.Event()
    calls = iter(range(100))

    def read():
        if where == "reading" and next(calls) == 2:
            _thread.interrupt_main()
            released.wait(0.3)  # the main thread waits for this chunk, or is training
        return X, LABELS

    def stop(epoch, logs):
        if where == "callback":
            raise KeyboardInterrupt

    model = network(backend)
    with pytest.raises(KeyboardInterrupt):
        fit(model, gn.Chunks([read] * 3), epochs=50, callbacks=callbacks.LambdaCallback(on_epoch_end=stop))
    assert threads_of_ours() == []
    assert 1 <= model.step <= 21
    step = model.step
    fit(model, gn.Chunks([(X, LABELS)]), epochs=1)
    assert model.step == step + 7


# ------------------------------------------------------------------------------------------ memory maps
ROWS, COLUMNS = 12_500, 2_000  # of float64: 200 MB, a hole in the file but for a few numbers


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "X.dat"
    array = np.memmap(path, np.float64, "w+", shape=(ROWS, COLUMNS))
    array[::5000, ::500] = 1.5
    array.flush()
    yield np.memmap(path, np.float64, "r", shape=(ROWS, COLUMNS))
    path.unlink()


def peak_of(call):
    """The most memory that NumPy and Python had from here on."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_memory_map_is_never_copied(large, backend, chunked):
    y = np.arange(ROWS) % 2
    model = network(backend, Normalization(), Dense(2))
    data = (gn.Chunks.of(large, y, rows=625),) if chunked else (large, y)  # 10 MB each
    first = network(backend, Normalization(), Dense(2))
    fit(first, large[:300], y[:300], batch_size=250, compiled=True)  # compiles
    peak = peak_of(lambda: fit(model, *data, batch_size=250, epochs=1, compiled=True))
    assert model.step == (20 * 3 if chunked else 50)
    assert peak < 50e6, f"{peak / 1e6:.0f} MB for 200 MB of data"
    assert model.state["normalization_1.mean"].max() > 0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", ">f8"])
@pytest.mark.parametrize("order", "CF")
def test_memory_maps_give_the_bits_of_arrays(tmp_path, backend, dtype, order):
    array = np.asarray(10 * np.abs(X), dtype, order=order)
    np.save(tmp_path / "X.npy", array)
    models = [network(backend, Normalization(), Dense(6, "relu"), Dense(3)) for _ in range(2)]
    fit(models[0], array, LABELS)
    fit(models[1], np.load(tmp_path / "X.npy", mmap_mode="r"), LABELS)
    assert_same_bits(*models)


def test_a_map_too_large_for_a_copy_is_taken_batch_by_batch(tmp_path, monkeypatch):
    monkeypatch.setattr("glassnet.train.loop.SMALL_DATA", 10)
    array = X.astype(np.float64)
    np.save(tmp_path / "X.npy", array)
    models = [network("numpy") for _ in range(2)]
    fit(models[0], array, LABELS, batch_size=7)
    fit(models[1], np.load(tmp_path / "X.npy", mmap_mode="r"), LABELS, batch_size=7)
    assert_same_bits(*models)
