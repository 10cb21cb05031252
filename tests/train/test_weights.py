"""Weights of examples and of classes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from glassnet.errors import GlassnetError, InputError, InputTypeError, ShapeError
from glassnet.random import same_random_state
from glassnet.train.checks import check_sample_weight, class_weights

nan, inf = np.nan, np.inf
REMOVE = "fit() needs finite numbers.\nRemove those rows."
LABELS = "fit() needs numbers.\nEncode labels as whole numbers (sklearn.preprocessing.LabelEncoder)."
NOT_ROWS = "fit() needs an array, a list of rows or a data frame."
WEIGHTS = "fit() needs one weight, 0 or more, for each of 3 examples."
PRESENT = "Labels of the examples: 0, 1."
FINITE_WEIGHT = "The weight of a class is a finite number, 0 or more."


def test_sample_weight_of_any_form():
    for weights in ([1, 0, 2], np.float32([1, 0, 2]), np.array([1, 0, 2], object)):
        np.testing.assert_array_equal(check_sample_weight(weights, 3, "fit()"), [1.0, 0.0, 2.0], strict=True)
    assert check_sample_weight([True, False], 2, "fit()", dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize(
    "weights, kind, first, rest",
    [
        (
            [1, -2, -3],
            InputError,
            "sample_weight has 2 values below 0, first at row 1: -2.0.",
            "fit() needs one weight, 0 or more, for each of 3 examples.\nUse 0 to leave an example out.",
        ),
        (
            [0, 0, 0],
            InputError,
            "sample_weight is zero for every example.",
            "fit() needs at least one positive weight.",
        ),
        ([1, nan, 1], InputError, "sample_weight has 1 missing value (NaN), at row 1.", REMOVE),
        ([1, 1], InputError, "sample_weight has 2 entries.", WEIGHTS),
        ([1], InputError, "sample_weight has 1 entry.", WEIGHTS),
        (
            [[1], [1], [1]],
            ShapeError,
            "sample_weight has shape (3, 1).",
            "fit() needs one weight, 0 or more, for each of 3 examples: shape (3,).",
        ),
        (2.0, ShapeError, "sample_weight is one number, 2.0.", NOT_ROWS),
        (["a", "b", "c"], InputTypeError, "sample_weight has text, first at row 0: 'a'.", LABELS),
    ],
)
def test_bad_sample_weight(weights, kind, first, rest):
    with pytest.raises(GlassnetError) as caught:
        check_sample_weight(weights, 3, "fit()")
    assert (type(caught.value), str(caught.value)) == (kind, f"{first}\n{rest}")


@pytest.mark.parametrize(
    "class_weight, labels, expected",
    [
        ("balanced", [0, 0, 0, 1], [2 / 3, 2 / 3, 2 / 3, 2]),
        ("balanced", ["b", "a"], [1, 1]),
        ("balanced", [[1], [1], [5]], [0.75, 0.75, 1.5]),
        ({0: 1, 1: 5}, [1, 0, 1], [5, 1, 5]),
        ({1: 5}, [1, 0], [5, 1]),
        ({"spam": 0.5}, np.array(["spam", "mail"]), [0.5, 1]),
        ({np.int64(1): np.float32(0.5)}, [0, 1], [1, 0.5]),
        ({True: 2}, [True, False], [2, 1]),
        ({}, [3, 4], [1, 1]),
    ],
)
def test_class_weights(class_weight, labels, expected):
    np.testing.assert_array_equal(class_weights(class_weight, labels), np.float64(expected), strict=True)


def test_balanced_is_scikit_learns():
    labels = np.array([0, 0, 3, 3, 3, 7])
    with same_random_state():
        expected = compute_sample_weight("balanced", labels)
    np.testing.assert_array_equal(class_weights("balanced", labels), expected)


@pytest.mark.parametrize(
    "class_weight, kind, first, rest",
    [
        ({0: 1, 7: 2}, InputError, "class_weight has 1 label that no example has: 7.", PRESENT),
        ({"a": 1, "b": 2}, InputError, "class_weight has 2 labels that no example has: 'a', 'b'.", PRESENT),
        (
            dict.fromkeys(range(14), 1.0),
            InputError,
            "class_weight has 12 labels that no example has: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more.",
            PRESENT,
        ),
        ({1: -1}, InputError, "class_weight of label 1 is -1.", FINITE_WEIGHT),
        ({1: nan}, InputError, "class_weight of label 1 is nan.", FINITE_WEIGHT),
        ({1: inf}, InputError, "class_weight of label 1 is inf.", FINITE_WEIGHT),
        ({1: "2"}, InputError, "class_weight of label 1 is '2'.", FINITE_WEIGHT),
        ("balance", InputError, "class_weight is 'balance'.", "Did you mean 'balanced'?"),
        (
            [1, 2],
            InputTypeError,
            "class_weight is a list.",
            'It has to be a dict, such as {0: 1.0, 1: 5.0}, or "balanced".',
        ),
    ],
)
def test_bad_class_weights(class_weight, kind, first, rest):
    with pytest.raises(GlassnetError) as caught:
        class_weights(class_weight, [0, 1, 1])
    assert (type(caught.value), str(caught.value)) == (kind, f"{first}\n{rest}")
