"""H2: the sanity checks in one call, on networks that are sound and on broken ones."""

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from glassnet.inspect.sanity import expected_initial_loss

X, y = gn.datasets.spiral()


def network(
    initializer="he_normal", regularizer=None, activation="relu", loss="softmax_cross_entropy", units=3
):
    model = gn.Sequential(
        [
            layers.Dense(32, activation, kernel_initializer=initializer, kernel_regularizer=regularizer),
            layers.Dense(units, kernel_initializer=initializer),
        ]
    )
    model.compile(loss=loss)
    return model


def verdicts(model, targets=y):
    return {check.name: check.passed for check in gn.sanity_checks(model, X, targets).checks}


def test_h2_a_sound_network_passes_every_check():
    model = network(regularizer="l2")
    assert verdicts(model) == dict.fromkeys(
        ("gradient", "initial loss", "penalty", "different units", "tiny subset"), True
    )


def test_h2_a_check_that_does_not_apply_says_so():
    found = verdicts(network(loss="squared_error", units=1), y.astype(float))
    assert found["initial loss"] is None
    assert found["penalty"] is None


def test_h2_all_zero_weights_are_found():
    report = gn.sanity_checks(network("zeros"), X, y)
    failed = {check.name: check.found for check in report.checks if check.passed is False}
    assert not report.passed
    assert failed["different units"] == "all units of dense_1.kernel are equal: initialize at random"
    assert "tiny subset" in failed


@gn.composite
def wrong_tanh(z):
    return np.tanh(z)


@wrong_tanh.defgradient
def _(g, h, z):
    return (g * (1 - h),)


def test_h2_a_wrong_gradient_is_found():
    assert verdicts(network(activation=wrong_tanh))["gradient"] is False


@pytest.mark.parametrize(
    ("loss", "units", "expected"),
    [
        ("softmax_cross_entropy", 10, math.log(10)),
        ("binary_cross_entropy", 1, math.log(2)),
        ("multiclass_hinge", 10, 9.0),
        (gn.losses.MulticlassHinge(margin=2), 5, 8.0),
        ("squared_error", 1, None),
    ],
)
def test_f13_the_initial_loss_that_each_loss_should_have(loss, units, expected):
    model = network(loss=loss, units=units)
    model.build((None, 2))
    found = expected_initial_loss(model)
    assert found == expected if expected is None else abs(found - expected) < 1e-12


def test_h2_the_model_itself_stays_as_it_was():
    model = network(regularizer="l2")
    model.build((None, 2))
    before = model.get_snapshot()
    gn.sanity_checks(model, X, y)
    assert model.step == 0
    for key, value in model.get_snapshot().items():
        np.testing.assert_array_equal(value, before[key])


def test_h2_the_report_prints_as_a_table():
    lines = str(gn.sanity_checks(network(), X, y)).splitlines()
    assert lines[0].startswith("ok     gradient          largest relative error ")
    assert lines[2] == "-      penalty           no regularizer"
