"""scikit-learn's contract: its own checks on every public estimator, none expected to fail, none left out."""

import os

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

import glassnet as gn
from glassnet import estimators

ESTIMATORS = [getattr(estimators, name)() for name in estimators.__all__]


@pytest.fixture
def global_generators_untouched():
    """Off: one of the checks draws from the global generator itself."""


@pytest.mark.filterwarnings("ignore")  # as in scikit-learn's own runs of its checks
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_every_estimator_is_checked():
    assert sorted(type(estimator).__name__ for estimator in ESTIMATORS) == sorted(
        name for name in gn.__all__ if name.endswith(("Classifier", "Regressor", "Features", "Encoder"))
    )
    for estimator in ESTIMATORS:
        assert len(list(estimator_checks_generator(estimator))) > 40


def test_array_api_dispatch_was_on():
    assert os.environ["SCIPY_ARRAY_API"] == "1"
