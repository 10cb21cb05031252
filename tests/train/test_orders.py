"""The orders of many epochs made at once are those that are made one by one."""

import numpy as np
import pytest

from glassnet.random import Orders, shuffle

BLOCKS = 16_384  # so many rows, over all epochs, are put into order at once


@pytest.mark.parametrize("rows", [1, 2, 150, BLOCKS // 2, BLOCKS // 2 + 1, BLOCKS + 1])
@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_orders_of_epochs(seed, rows):
    orders = Orders(seed)
    for epoch in (0, 1, 63, 64, 65, 3):  # on through blocks, and back
        np.testing.assert_array_equal(orders.of(epoch, rows), shuffle(seed, epoch, rows))


def test_the_rows_may_change():
    orders = Orders(5)
    for rows in (10, 12, 10):
        np.testing.assert_array_equal(orders.of(4, rows), shuffle(5, 4, rows))
