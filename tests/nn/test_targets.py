"""Targets against the network's output: what is taken, in which shape and type, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import losses
from glassnet.errors import GlassnetError, InputError, ShapeError
from glassnet.losses import BinaryCrossEntropy, SoftmaxCrossEntropy, SquaredError

MINE = losses.get(lambda y, scores: (scores - y) ** 2)
LABELS, COLUMN, HALF = [0, 2, 1], [[0.5], [1.0], [2.0]], [0.5, 1.0, 2.0]

# loss, y, the shape of one example's scores, what comes out
TAKEN = [
    (SoftmaxCrossEntropy(), LABELS, (3,), np.int64([0, 2, 1])),
    (SoftmaxCrossEntropy(), [0.0, 2.0, 1.0], (3,), np.int64([0, 2, 1])),
    (SoftmaxCrossEntropy(), np.array(LABELS, np.uint8), (3,), np.int64([0, 2, 1])),
    (SoftmaxCrossEntropy(), [[0], [2], [1]], (3,), np.int64([0, 2, 1])),
    (SoftmaxCrossEntropy(), [True, False], (2,), np.int64([1, 0])),
    (SoftmaxCrossEntropy(), [[0.25, 0.75], [1, 0]], (2,), np.float32([[0.25, 0.75], [1, 0]])),
    (SoftmaxCrossEntropy(), [[0, 1], [1, 0]], (2,), np.float32([[0, 1], [1, 0]])),
    (SquaredError(), HALF, (), np.float32(HALF)),
    (SquaredError(), COLUMN, (), np.float32(HALF)),
    (SquaredError(), HALF, (1,), np.float32(COLUMN)),
    (SquaredError(), COLUMN, (1,), np.float32(COLUMN)),
    (SquaredError(), [1, 2, 3], (1,), np.float32([[1], [2], [3]])),
    (SquaredError(), [[1, 2], [3, 4]], (2,), np.float32([[1, 2], [3, 4]])),
    (SquaredError(), np.zeros((2, 3, 4)), (3, 4), np.zeros((2, 3, 4), np.float32)),
    (BinaryCrossEntropy(), [True, False], (1,), np.float32([[1], [0]])),
    (BinaryCrossEntropy(), [0, 0.5, 1], (1,), np.float32([[0], [0.5], [1]])),
    (BinaryCrossEntropy(), [[0, 1], [1, 1]], (2,), np.float32([[0, 1], [1, 1]])),
    (MINE, LABELS, (3,), np.int64([0, 2, 1])),
    (MINE, LABELS, (1,), np.float32([[0], [2], [1]])),
    (MINE, HALF, (1,), np.float32(COLUMN)),
    (MINE, [[1, 2], [3, 4]], (2,), np.float32([[1, 2], [3, 4]])),
]


@pytest.mark.parametrize("loss, y, width, expected", TAKEN)
def test_taken(loss, y, width, expected):
    array = loss.targets(np.asarray(y), width, np.dtype("float32"), "fit()")
    np.testing.assert_array_equal(array, expected, strict=True)


FIT = "fit() needs"
NO_SCORES = (
    "softmax_cross_entropy needs one row of scores per example, (n, classes).\n"
    "End with Dense(classes), and put a Flatten() before it if there are more axes."
)
NOT_A_ROW = f"{FIT} labels of shape (n,), or rows of non-negative numbers that sum to 1."
OUT_OF_RANGE = f"{FIT} labels from 0 to 2.\nGive the last layer one unit per class, or encode the labels."
FRACTION = (
    f"{FIT} whole numbers from 0 to 2.\nTo predict a quantity, use a loss for it, such as squared_error."
)
ONE_EACH = f"{FIT} one target per output."
BINARY = f"{FIT} 0 and 1 (or probabilities) for binary_cross_entropy.\nEncode the two classes as 0 and 1."

REFUSED = [
    (
        SoftmaxCrossEntropy(),
        [0, 3, 4],
        (3,),
        InputError,
        f"y[1] = 3 is not a label of a network with 3 outputs.\n{OUT_OF_RANGE}",
    ),
    (
        SoftmaxCrossEntropy(),
        [0, 1, -1],
        (3,),
        InputError,
        f"y[2] = -1 is not a label of a network with 3 outputs.\n{OUT_OF_RANGE}",
    ),
    (SoftmaxCrossEntropy(), [0, 1.5, 0.25], (3,), InputError, f"y[1] = 1.5 is not a label.\n{FRACTION}"),
    (
        SoftmaxCrossEntropy(),
        [[0.5, 0.5], [0.5, 0.6]],
        (2,),
        InputError,
        f"row 1 of y is not a distribution: it sums to 1.1.\n{NOT_A_ROW}",
    ),
    (
        SoftmaxCrossEntropy(),
        [[0.5, 0.5], [1.5, -0.5]],
        (2,),
        InputError,
        f"row 1 of y is not a distribution: it holds negative numbers.\n{NOT_A_ROW}",
    ),
    (
        SoftmaxCrossEntropy(),
        np.zeros((4, 2)),
        (3,),
        ShapeError,
        f"y has shape (4, 2), the network's output (n, 3).\n{ONE_EACH}",
    ),
    (
        SoftmaxCrossEntropy(),
        LABELS,
        (4, 3),
        ShapeError,
        f"the network's output has shape (n, 4, 3).\n{NO_SCORES}",
    ),
    (SoftmaxCrossEntropy(), LABELS, (), ShapeError, f"the network's output has shape (n,).\n{NO_SCORES}"),
    (
        SquaredError(),
        HALF,
        (2,),
        ShapeError,
        f"y has shape (3,), the network's output (n, 2).\n{ONE_EACH}",
    ),
    (
        SquaredError(),
        np.zeros((3, 2)),
        (1,),
        ShapeError,
        f"y has shape (3, 2), the network's output (n, 1).\n{ONE_EACH}",
    ),
    (
        SquaredError(),
        np.zeros((3, 2)),
        (),
        ShapeError,
        f"y has shape (3, 2), the network's output (n,).\n{ONE_EACH}",
    ),
    (BinaryCrossEntropy(), [0, 2], (1,), InputError, f"y holds values from 0 to 2.\n{BINARY}"),
    (BinaryCrossEntropy(), [-1, 1], (1,), InputError, f"y holds values from -1 to 1.\n{BINARY}"),
    (
        MINE,
        [0, 5],
        (3,),
        InputError,
        f"y[1] = 5 is not a label of a network with 3 outputs.\n{OUT_OF_RANGE}",
    ),
    (MINE, HALF, (3,), ShapeError, f"y has shape (3,), the network's output (n, 3).\n{ONE_EACH}"),
]


@pytest.mark.parametrize("loss, y, width, kind, message", REFUSED)
def test_refused(loss, y, width, kind, message):
    with pytest.raises(GlassnetError) as caught:
        loss.targets(np.asarray(y), width, np.dtype("float32"), "fit()")
    assert (type(caught.value), str(caught.value)) == (kind, message)
    assert message.count("\n") <= 2
