"""A network of one's own behind the contract, the linear classifier, hidden activations as features."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet as gn
from glassnet.errors import InputError, InputTypeError, UnknownNameError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Dropout"),
]

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)


def build(inputs, outputs, units=16, loss="softmax_cross_entropy"):
    model = gn.Sequential([gn.layers.Dense(units, "relu"), gn.layers.Dropout(0.1), gn.layers.Dense(outputs)])
    model.compile(gn.optimizers.Adam(0.02), loss)
    return model


# ------------------------------------------------------------------------------------------ networks
def test_options_go_to_build_and_can_be_searched():
    estimator = gn.NetworkClassifier(build, epochs=2, units=5)
    assert estimator.get_params()["units"] == 5
    assert clone(estimator).set_params(units=7).fit(X, Y).model_.layers[0].units == 7


def test_a_model_instead_of_a_function_is_copied():
    model = build(4, 3)
    estimator = gn.NetworkClassifier(model, epochs=20).fit(X, Y)
    assert estimator.model_ is not model
    assert not model.built
    assert estimator.score(X, Y) > 0.85


def test_a_model_that_is_built_is_where_training_starts():
    model = build(4, 3)
    model.build((None, 4))
    estimator = gn.NetworkClassifier(model, epochs=0).fit(X, Y)
    assert np.array_equal(estimator.model_.parameters["dense_1.kernel"], model.parameters["dense_1.kernel"])
    other = gn.NetworkClassifier(model, epochs=0, random_state=3).fit(X, Y)
    assert not np.array_equal(other.model_.parameters["dense_1.kernel"], model.parameters["dense_1.kernel"])


def test_partial_fit_warm_start_and_records():
    estimator = gn.NetworkClassifier(build, epochs=3, warm_start=True, random_state=0)
    estimator.fit(X, Y).fit(X, Y)
    assert (estimator.n_iter_, len(estimator.loss_curve_), estimator.model_.epoch) == (3, 6, 6)
    estimator.partial_fit(X, Y)
    assert (estimator.n_iter_, len(estimator.loss_curve_), estimator.model_.epoch) == (1, 7, 7)
    fresh = gn.NetworkClassifier(build, random_state=0)
    for _ in range(7):
        fresh.partial_fit(X, Y, classes=[0, 1, 2])
    assert np.array_equal(fresh.decision_function(X), estimator.decision_function(X))


def test_validation_set_class_weight_and_labels():
    words = np.array(["x", "y", "z"])[Y]
    estimator = gn.NetworkClassifier(build, epochs=20, class_weight={"z": 2.0}, random_state=0)
    estimator.fit(X[::2], words[::2], X_val=X[1::2], y_val=words[1::2])
    assert len(estimator.history_.history["val_loss"]) == 20
    assert estimator.predict(X).dtype == words.dtype
    assert estimator.score(X, words) > 0.85


@pytest.mark.parametrize(
    ("loss", "y", "likely"),
    [
        ("softmax_cross_entropy", Y, True),
        ("multiclass_hinge", Y, False),
        ("squared_error", Y, False),
        ("binary_cross_entropy", Y, True),
        ("binary_cross_entropy", np.c_[Y == 0, Y > 1].astype(int), True),
    ],
)
def test_losses_of_a_network(loss, y, likely):
    estimator = gn.NetworkClassifier(build, epochs=30, loss=loss).fit(X, y)
    assert estimator.score(X, y) > 0.8
    assert hasattr(estimator, "predict_proba") == likely


def test_a_network_with_one_output_for_two_classes():
    def one_output(inputs, outputs):
        return build(inputs, 1, loss="binary_cross_entropy")

    estimator = gn.NetworkClassifier(one_output, epochs=20).fit(X, Y > 0)
    assert estimator.decision_function(X).shape == (150,)
    assert estimator.predict_proba(X).shape == (150, 2)
    assert estimator.score(X, Y > 0) > 0.95


def test_a_network_for_several_numbers():
    estimator = gn.NetworkRegressor(build, loss="squared_error", epochs=60).fit(X, X[:, :2])
    assert estimator.predict(X).shape == (150, 2)
    assert estimator.score(X, X[:, :2]) > 0.8


WRONG = [
    ({"build": lambda inputs, outputs: None},
     ("build answered NoneType; it must answer a compiled model.\n"
     "End it with: model.compile(optimizer, loss); return model.")),
    ({"build": build, "unist": 3}, "NetworkClassifier: unknown parameter 'unist'. Did you mean 'units'?"),
    ({"units": 3},
     ("NetworkClassifier: unknown parameter 'units'. Known names: batch_size, build, callbacks, "
     "class_weight, columns, epochs, missing, random_state, shuffle, validation_split, verbose, "
     "warm_start.")),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_arguments_of_a_network(arguments, message):
    with pytest.raises(InputError) as caught:
        gn.NetworkClassifier(**arguments).fit(X, Y)
    assert str(caught.value) == message


def test_several_labels_are_for_the_mlp():
    with pytest.raises(InputError) as caught:
        gn.NetworkClassifier().fit(X, np.c_[Y, Y])
    assert str(caught.value) == (
        "NetworkClassifier: y has several labels per example.\n"
        "Use MLPClassifier, or one classifier per column (sklearn.multioutput.MultiOutputClassifier)."
    )


# ------------------------------------------------------------------------------------------ linear
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "multiclass_hinge", "log_loss"])
def test_the_linear_classifier(loss):
    estimator = gn.LinearClassifier(loss, random_state=0).fit(X, Y)
    assert estimator.score(X, Y) > 0.95
    assert (estimator.coef_.shape, estimator.intercept_.shape) == ((3, 4), (3,))
    scores = X @ estimator.coef_.T + estimator.intercept_
    assert estimator.decision_function(X) == pytest.approx(scores, abs=1e-6)
    assert hasattr(estimator, "predict_proba") == (loss != "multiclass_hinge")


def test_a_linear_classifier_is_logistic_regression():
    """The same objective: scikit-learn's C is one over our alpha."""
    ours = gn.LinearClassifier(
        solver="lbfgs", alpha=1.0, random_state=0, tol=1e-8, max_iter=1000, dtype="float64"
    ).fit(X, Y)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, Y)
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-3)


# ------------------------------------------------------------------------------------------ hidden features
@pytest.fixture(scope="module")
def mlp():
    return gn.MLPClassifier((8, 4), activation="tanh", max_iter=20, random_state=0).fit(X, Y)


def test_hidden_features_are_the_activations(mlp):
    first = np.tanh(X @ mlp.coefs_[0] + mlp.intercepts_[0])
    second = np.tanh(first @ mlp.coefs_[1] + mlp.intercepts_[1])
    for layer, expected in ((0, first), (1, second), (-1, second), (-2, first), ("dense_1", first)):
        features = gn.HiddenFeatures(clone(mlp), layer=layer).fit(X, Y)
        assert features.transform(X) == pytest.approx(expected, abs=1e-6)
        assert features.get_feature_names_out().tolist() == [
            f"hiddenfeatures{i}" for i in range(expected.shape[1])
        ]


def test_a_frozen_estimator_is_not_trained_again(mlp):
    frozen = pytest.importorskip("sklearn.frozen").FrozenEstimator(mlp)
    features = gn.HiddenFeatures(frozen, layer=0).fit(X[:5], Y[:5])
    expected = np.tanh(X @ mlp.coefs_[0] + mlp.intercepts_[0])
    assert features.transform(X) == pytest.approx(expected, abs=1e-6)


def test_hidden_features_by_default_and_in_a_pipeline():
    assert isinstance(gn.HiddenFeatures().fit(X, Y).estimator_, gn.MLPClassifier)
    assert isinstance(gn.HiddenFeatures().fit(X, X[:, 0]).estimator_, gn.MLPRegressor)
    pipeline = make_pipeline(gn.HiddenFeatures(random_state=0), LogisticRegression(max_iter=1000))
    assert pipeline.fit(X, Y).score(X, Y) > 0.9


def test_hidden_features_of_a_network():
    features = gn.HiddenFeatures(gn.NetworkClassifier(build, epochs=2, units=6)).fit(X, Y)
    assert features.transform(X).shape == (150, 6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"layer": 5}, InputError, ("HiddenFeatures: layer is 5; the network has 1 hidden layers.\n"
                                   "Pass a number from -1 to 0, or a layer's key.")),
        ({"layer": "dense1"}, UnknownNameError,
         "HiddenFeatures: unknown layer 'dense1'. Did you mean 'dense_1'?"),
        ({"estimator": LogisticRegression()}, InputTypeError,
         ("HiddenFeatures: estimator is a LogisticRegression.\n"
         "Pass an estimator of glassnet, such as MLPClassifier().")),
    ],
)  # fmt: skip
def test_wrong_arguments_of_hidden_features(arguments, error, message):
    with pytest.raises(error) as caught:
        gn.HiddenFeatures(**arguments).fit(X, Y)
    assert str(caught.value) == message
