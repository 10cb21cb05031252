"""Datasets, batches, and the split into training and validation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from glassnet.errors import GlassnetError, InputError, InputTypeError
from glassnet.train.data import Dataset, batches, validation_split


def dataset(n, labels=None, weights=None):
    """Example i holds i in every array, so that rows which no longer belong together are seen."""
    i = np.arange(n)
    return Dataset((i[:, None] * np.ones(2), i), i if labels is None else np.asarray(labels), weights)


def test_take_copies_the_rows_of_every_array():
    data = dataset(5, weights=np.arange(5.0))
    rows = np.array([4, 0, 4])
    taken = data.take(rows)
    for array in (taken.inputs[0][:, 0], taken.inputs[1], taken.targets, taken.weights):
        np.testing.assert_array_equal(array, rows)
    assert len(taken) == 3
    assert not np.shares_memory(taken.inputs[0], data.inputs[0])


def test_slice_is_a_view():
    data = dataset(5)
    part = data.slice(1, 3)
    np.testing.assert_array_equal(part.inputs[1], [1, 2])
    np.testing.assert_array_equal(part.targets, [1, 2])
    assert part.weights is None
    assert np.shares_memory(part.inputs[0], data.inputs[0])


def test_targets_may_be_missing():
    data = Dataset((np.zeros((4, 2)),))
    assert (data.take(np.array([1])).targets, data.slice(0, 2).weights, len(data)) == (None, None, 4)


def test_a_dataset_is_immutable():
    with pytest.raises(AttributeError):
        dataset(3).targets = None


@pytest.mark.parametrize(
    "n, batch_size, sizes",
    [
        (10, 5, [5, 5]),
        (10, 4, [4, 4, 2]),
        (3, 100, [3]),
        (3, 1, [1, 1, 1]),
        (1, 1, [1]),
        (0, 4, []),
        (5, np.int32(2), [2, 2, 1]),
    ],
)
def test_batches_use_every_example_once(n, batch_size, sizes):
    rows = np.arange(n)
    slices = list(batches(n, batch_size))
    assert all(type(part) is slice for part in slices)
    assert [len(rows[part]) for part in slices] == sizes
    np.testing.assert_array_equal(np.concatenate([rows[part] for part in slices] or [rows]), rows)
    order = rows[::-1].copy()
    parts = list(batches(n, batch_size, order))
    assert [len(part) for part in parts] == sizes
    np.testing.assert_array_equal(np.concatenate(parts or [order]), order)


@pytest.mark.parametrize(
    "batch_size, kind, text",
    [
        (0, InputError, "batch_size is 0.\nA batch needs at least one example."),
        (-3, InputError, "batch_size is -3.\nA batch needs at least one example."),
        (2.5, InputTypeError, "batch_size is a float: 2.5.\nIt has to be a whole number, such as 32."),
        ("32", InputTypeError, "batch_size is a str: '32'.\nIt has to be a whole number, such as 32."),
        (None, InputTypeError, "batch_size is None: None.\nIt has to be a whole number, such as 32."),
    ],
)
def test_bad_batch_size_is_refused_before_the_first_batch(batch_size, kind, text):
    with pytest.raises(GlassnetError) as caught:
        batches(10, batch_size)
    assert (type(caught.value), str(caught.value)) == (kind, text)


LABELS = np.repeat([0, 1, 2], [60, 30, 10])


@pytest.mark.parametrize(
    "labels", [LABELS, LABELS[:, None], np.eye(3)[LABELS], np.array(["a", "b", "c"])[LABELS]]
)
def test_stratified_split_keeps_the_shares(labels):
    data = dataset(100, labels)
    training, validation = validation_split(data, 0.2, seed=0, stratify=True)
    np.testing.assert_array_equal(np.bincount(LABELS[validation.inputs[1]]), [12, 6, 2])
    np.testing.assert_array_equal(np.bincount(LABELS[training.inputs[1]]), [48, 24, 8])
    np.testing.assert_array_equal(training.targets, labels[training.inputs[1]])


@pytest.mark.parametrize(
    "n, fraction, held_out", [(10, 0.25, 3), (10, 0.1, 1), (2, 0.5, 1), (7, 0.01, 1), (100, 0.2, 20)]
)
def test_split_holds_out_the_fraction(n, fraction, held_out):
    training, validation = validation_split(dataset(n), fraction, seed=3, stratify=False)
    assert (len(training), len(validation)) == (n - held_out, held_out)
    together = np.concatenate([training.inputs[1], validation.inputs[1]])
    np.testing.assert_array_equal(np.sort(together), np.arange(n))
    assert (np.diff(training.inputs[1]) > 0).all()
    _, theirs = train_test_split(np.arange(n), test_size=fraction, random_state=3)
    np.testing.assert_array_equal(validation.inputs[1], np.sort(theirs))


def test_split_is_a_function_of_the_seed():
    def held_out(seed):
        return validation_split(dataset(50), 0.2, seed, stratify=False)[1].inputs[1].tolist()

    assert held_out(1) == held_out(1)
    assert held_out(1) != held_out(2)
    assert held_out(-1) == held_out(2**32 - 1)


@pytest.mark.parametrize(
    "labels, fraction, reason",
    [
        ([0] * 9 + [4], 0.2, "Class 4 has only one example"),
        (range(10), 0.2, "Classes 0, 1, 2, 3, 4 and 5 more have only one example each"),
        (["a"] * 9 + ["b"], 0.2, "Class 'b' has only one example"),
        ([0, 1, 2, 3, 4] * 2, 0.2, "2 examples cannot hold all 5 classes"),
        ([0, 1] * 5, 0.9, "1 example cannot hold all 2 classes"),
    ],
)
def test_a_split_that_cannot_be_stratified_warns_once(labels, fraction, reason):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        training, validation = validation_split(dataset(10, list(labels)), fraction, seed=0, stratify=True)
    text = f"{reason}, so validation_split does not keep the share of each class."
    assert [(w.category, str(w.message)) for w in caught] == [(UserWarning, text)]
    assert len(validation) == round(10 * fraction)
    assert len(training) + len(validation) == 10


def test_without_targets_there_is_nothing_to_stratify():
    training, validation = validation_split(Dataset((np.arange(10),)), 0.3, seed=0, stratify=True)
    assert (len(training), len(validation)) == (7, 3)


RANGE = "It is the share of the examples held out: above 0 and below 1, such as 0.2."
EMPTY = "Pass a smaller share, more examples, or validation_data."


@pytest.mark.parametrize(
    "n, fraction, text",
    [
        (10, 0, f"validation_split is 0.\n{RANGE}"),
        (10, 1.0, f"validation_split is 1.0.\n{RANGE}"),
        (10, -0.1, f"validation_split is -0.1.\n{RANGE}"),
        (10, 20, f"validation_split is 20.\n{RANGE}"),
        (10, float("nan"), f"validation_split is nan.\n{RANGE}"),
        (1, 0.5, f"validation_split=0.5 of 1 example leaves none to train on.\n{EMPTY}"),
        (2, 0.9, f"validation_split=0.9 of 2 examples leaves none to train on.\n{EMPTY}"),
    ],
)
def test_bad_fractions(n, fraction, text):
    with pytest.raises(InputError) as caught:
        validation_split(dataset(n), fraction, seed=0, stratify=False)
    assert str(caught.value) == text
