"""H6: hyper-parameter search, random in log space, coarse to fine, with scikit-learn's own searchers."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet as gn

IRIS = gn.datasets.load("iris")


def build(inputs, outputs, units=8, learning_rate=0.01, l2=1e-4):
    model = gn.Sequential(
        [
            gn.layers.Dense(units, "relu", kernel_regularizer=gn.regularizers.HalfL2(l2)),
            gn.layers.Dense(outputs),
        ]
    )
    model.compile(gn.optimizers.Adam(learning_rate), "softmax_cross_entropy")
    return model


def classifier(**options):
    return make_pipeline(StandardScaler(), gn.NetworkClassifier(build, epochs=10, **options))


def test_h6_random_search_in_log_space_from_coarse_to_fine():
    name = "networkclassifier__learning_rate"
    coarse = RandomizedSearchCV(
        classifier(), {name: loguniform(1e-5, 1e1)}, n_iter=8, cv=3, random_state=0
    ).fit(IRIS.data, IRIS.target)
    best = coarse.best_params_[name]
    fine = RandomizedSearchCV(
        classifier(), {name: loguniform(best / 3, best * 3)}, n_iter=4, cv=3, random_state=1
    ).fit(IRIS.data, IRIS.target)
    tried = np.log10(coarse.cv_results_[f"param_{name}"].data.astype(float))
    assert np.ptp(tried) > 2  # spread over orders of magnitude
    assert 1e-3 < best < 1
    assert fine.best_score_ >= 0.9


def test_h6_grid_search_and_cross_validation():
    grid = {"networkclassifier__units": [2, 16], "networkclassifier__l2": [1e-4, 10.0]}
    search = GridSearchCV(classifier(learning_rate=0.03), grid, cv=3).fit(IRIS.data, IRIS.target)
    assert search.best_params_["networkclassifier__l2"] == 1e-4
    scores = cross_val_score(classifier(learning_rate=0.03, units=16), IRIS.data, IRIS.target, cv=5)
    assert scores.mean() > 0.9


def test_h6_the_estimator_is_cloned_with_all_its_parameters():
    estimator = gn.NetworkClassifier(build, epochs=3, units=5)
    copy = clone(estimator).set_params(units=7, epochs=4)
    assert (estimator.get_params()["units"], copy.get_params()["units"], copy.epochs) == (5, 7, 4)
    assert clone(copy).get_params() == copy.get_params()


def test_labels_of_any_kind_come_back():
    names = np.array(IRIS.target_names)[IRIS.target]
    estimator = classifier(learning_rate=0.03, units=16).fit(IRIS.data, names)
    assert estimator.score(IRIS.data, names) > 0.9
    np.testing.assert_allclose(estimator.predict_proba(IRIS.data).sum(axis=1), 1)


@pytest.mark.filterwarnings("ignore:X has 1 constant column")
def test_sample_weights_reach_the_network():
    X = np.zeros((4, 1))
    y = np.array([0, 0, 1, 1])
    estimator = gn.NetworkClassifier(build, epochs=60, learning_rate=0.1)
    likely = [estimator.fit(X, y, sample_weight=w).predict(X[:1])[0] for w in ([9, 9, 1, 1], [1, 1, 9, 9])]
    assert likely == [0, 1]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda inputs, outputs: 3,
            (
                "build answered int; it must answer a compiled model.\n"
                "End it with: model.compile(optimizer, loss); return model."
            ),
        ),
    ],
)
def test_a_builder_that_does_not_build(build, message):
    with pytest.raises(gn.errors.InputError) as caught:
        gn.NetworkClassifier(build).fit(IRIS.data, IRIS.target)
    assert str(caught.value) == message


def hinge(inputs, outputs):
    model = gn.Sequential([gn.layers.Dense(outputs)])
    model.compile(gn.optimizers.Adam(0.05), "multiclass_hinge")
    return model


def test_a_loss_without_probabilities_still_classifies():
    estimator = gn.NetworkClassifier(hinge, epochs=30).fit(IRIS.data, IRIS.target)
    assert estimator.score(IRIS.data, IRIS.target) > 0.9
    with pytest.raises(AttributeError) as caught:
        estimator.predict_proba(IRIS.data)
    assert str(caught.value.__cause__).startswith("multiclass_hinge knows no probabilities.\n")
