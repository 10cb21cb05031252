"""Every published number beside ours: the table behind the documentation's page."""

import numpy as np
import pytest
from known_numbers import KNOWN, MEASURED, as_rst


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.row}: {known.what}")
def test_ours_is_the_published_number(known):
    np.testing.assert_allclose(known.ours(), known.published, rtol=0, atol=known.tolerance + 1e-12)


def test_the_page_has_a_row_for_each_number():
    page = as_rst()
    assert page.count("   * - ") == len(KNOWN) + len(MEASURED) + 1
    assert "61.95" in page
