"""How many threads train: all, unless the machine is busy."""

import pytest

from glassnet.train.crew import Pace


def threads_of(two, one, calls, steps=100):
    """How many threads each call gets when a step takes ``two(call)`` or ``one(call)`` seconds."""
    pace, found = Pace(2), []
    for call in range(calls):
        found.append(pace.threads)
        pace.took(steps, steps * (two if pace.threads == 2 else one)(call))
    return found


@pytest.mark.parametrize(
    ("two", "one", "most"),
    [
        pytest.param(lambda call: 1e-3, lambda call: 1.6e-3, 2, id="a quiet machine"),
        pytest.param(lambda call: 1e-3, lambda call: 0.9e-3, 2, id="no clear gain"),
        pytest.param(lambda call: 4e-3, lambda call: 1.6e-3, 1, id="a busy machine"),
    ],
)
def test_the_better_number_takes_nearly_all_calls(two, one, most):
    found = threads_of(two, one, 100)
    assert found.count(most) >= 88


def test_a_machine_that_is_busy_for_a_while():
    found = threads_of(lambda call: 4e-3 if 20 <= call < 60 else 1e-3, lambda call: 1.6e-3, 100)
    assert found[10:20].count(2) == 10
    assert found[25:60].count(1) >= 30
    assert found[-25:].count(2) >= 24


def test_a_few_steps_are_no_reason():
    """The first call compiles, and calls of some microseconds are added up before anything is said."""
    assert threads_of(lambda call: 1e-5, lambda call: 1e-6, 100, steps=1) == [2] * 100
    assert Pace(1).threads == 1
