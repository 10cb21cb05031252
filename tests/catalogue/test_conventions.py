"""Every line of the conventions page."""

import pytest
from conventions import CONVENTIONS, DEVIATIONS, as_rst


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda c: c.subject)
def test_the_convention_holds(convention):
    assert convention.holds() is True


def test_the_page_has_a_line_for_each():
    assert as_rst().count("   * - ") == len(CONVENTIONS) + len(DEVIATIONS) + 2
