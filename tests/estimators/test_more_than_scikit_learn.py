"""What the MLP estimators have beyond scikit-learn's: each argument does what it says."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler, scale

import glassnet as gn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
TWO = (Y > 0).astype(int)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PROGRESS = scale(PROGRESS)


def classifier(**options):
    return gn.MLPClassifier(**{"hidden_layer_sizes": 16, "max_iter": 60, "random_state": 0, **options})


def regressor(**options):
    return gn.MLPRegressor(**{"max_iter": 100, "random_state": 0, "learning_rate_init": 0.01, **options})


def titles(estimator):
    return [layer.title() for layer in estimator.model_.layers]


# ------------------------------------------------------------------------------------------ the network
LAYERS = {
    "plain": ({}, ["Dense(16, relu)", "Dense(3)"]),
    "none": ({"hidden_layer_sizes": ()}, ["Dense(3)"]),
    "dropout": ({"dropout": 0.5}, ["Dense(16, relu)", "Dropout(0.5)", "Dense(3)"]),
    "dropout per layer": (
        {"hidden_layer_sizes": (8, 4), "dropout": [0.5, 0]},
        ["Dense(8, relu)", "Dropout(0.5)", "Dense(4, relu)", "Dense(3)"],
    ),
    "batch_norm": (
        {"batch_norm": True}, ["Dense(16)", "BatchNormalization", "Activation(relu)", "Dense(3)"],
    ),
    "activation per layer": (
        {"hidden_layer_sizes": (8, 4), "activation": ["logistic", "silu"]},
        ["Dense(8, sigmoid)", "Dense(4, silu)", "Dense(3)"],
    ),
    "a function": ({"activation": np.tanh}, ["Dense(16, tanh)", "Dense(3)"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", LAYERS)
def test_the_layers_that_arguments_make(kind):
    options, expected = LAYERS[kind]
    found = [title.split("()")[0] for title in titles(classifier(max_iter=2, **options).fit(X, Y))]
    assert found == expected


def test_a_kernel_initializer_and_the_seed_decide_the_first_weights():
    def first(**options):
        return classifier(max_iter=1, learning_rate_init=1e-12, **options).fit(X, Y)

    he = first(kernel_initializer="he_normal", hidden_layer_sizes=400)
    assert he.coefs_[0].std() == pytest.approx(np.sqrt(2 / 4), rel=0.1)
    assert np.abs(he.intercepts_[0]).max() < 1e-9
    again, other = (first(kernel_initializer="he_normal", random_state=seed) for seed in (0, 1))
    assert not np.allclose(again.coefs_[0], other.coefs_[0])


def test_batch_norm_predicts_well_after_few_steps():
    fitted = classifier(batch_norm=True, learning_rate_init=0.02).fit(X, Y)  # 60 epochs of a single batch
    assert fitted.score(X, Y) > 0.9
    likely = fitted.predict_proba(X)
    assert log_loss(Y, likely) == pytest.approx(fitted.loss_, abs=0.02)


def test_l1_takes_weights_to_zero_and_max_norm_bounds_them():
    plain = classifier(max_iter=300).fit(X, Y)
    sparse = classifier(max_iter=300, l1=1.0).fit(X, Y)
    assert np.mean(np.abs(sparse.coefs_[0]) < 0.01) > 3 * np.mean(np.abs(plain.coefs_[0]) < 0.01)
    bounded = classifier(max_norm=0.3).fit(X, Y)
    assert np.linalg.norm(bounded.coefs_[0], axis=0).max() <= 0.3 + 1e-6


@pytest.mark.parametrize(
    ("solver", "name"),
    [
        ("rmsprop", "RMSprop(learning_rate=0.003"),
        ("adamw", "AdamW(learning_rate=0.003"),
        (gn.optimizers.Lion(0.002), "Lion(learning_rate=0.002"),
    ],
)
def test_any_optimizer(solver, name):
    fitted = classifier(solver=solver, learning_rate_init=0.003, max_iter=200).fit(X, Y)
    assert repr(fitted.model_.optimizer).startswith(name)
    assert fitted.score(X, Y) > 0.8
    if not isinstance(solver, str):
        assert fitted.model_.optimizer is not solver


def test_a_schedule_of_the_learning_rate():
    schedule = gn.schedules.CosineDecay(0.05, 100)
    fitted = classifier(learning_rate=schedule, max_iter=100).fit(X, Y)
    assert "cosine_decay" in fitted.model_.source()
    assert fitted.score(X, Y) > 0.9


# ------------------------------------------------------------------------------------------ losses of classes
def smoothed(y, scores):
    return gn.losses.softmax_cross_entropy(y, scores, 0.1)


LOSSES = {  # the argument: (probabilities for three classes, for two; the last layer's units)
    "log_loss": (True, 3, 1),
    "hinge": (False, 3, 1),
    "focal": (True, 3, 2),
    "multiclass_hinge": (False, 3, 2),
    "binary_cross_entropy": (True, 3, 1),
    "squared_error": (False, 3, 2),
    "function": (False, 3, 2),
    "ordinal": (True, 2, 1),
    "sparse_categorical_crossentropy": (True, 3, 2),  # Keras's, which by themselves take probabilities
    "binary_crossentropy": (True, 3, 1),
    "kl_divergence": (True, 3, 2),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_losses_of_classes(kind):
    likely, units, units_of_two = LOSSES[kind]
    loss = smoothed if kind == "function" else kind
    for y, expected in ((Y, units), (TWO, units_of_two)):
        fitted = classifier(loss=loss, learning_rate_init=0.02, max_iter=120).fit(X, y)
        classes = len(np.unique(y))
        assert fitted.n_outputs_ == expected
        assert fitted.score(X, y) > 0.9
        assert fitted.decision_function(X).shape == ((150,) if classes == 2 else (150, classes))
        assert hasattr(fitted, "predict_proba") == likely
        if likely:
            p = fitted.predict_proba(X)
            assert p.shape == (150, classes)
            assert p.sum(axis=1) == pytest.approx(1)
            agree = np.mean(fitted.classes_[p.argmax(axis=1)] == fitted.predict(X))
            assert agree == 1 or kind == "ordinal"


@pytest.mark.parametrize(
    ("loss", "remedy"),
    [
        (gn.losses.BinaryCrossentropy(), "BinaryCrossentropy(from_logits=True)"),
        (gn.losses.CategoricalGeneralizedCrossEntropy(), 'loss="log_loss" or another loss of scores'),
    ],
)
def test_losses_of_probabilities_are_refused(loss, remedy):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        classifier(loss=loss).fit(X, Y)
    name = type(loss).__name__
    assert str(caught.value) == (
        f"MLPClassifier: {name} takes probabilities, and the network gives scores.\nUse {remedy}."
    )
    fitted = classifier(loss=gn.losses.BinaryCrossentropy(from_logits=True)).fit(X, TWO)
    assert fitted.score(X, TWO) > 0.9


def test_what_has_no_probabilities_says_so():
    with pytest.raises(AttributeError) as caught:
        classifier(loss="hinge").fit(X, Y).predict_proba(X)
    assert str(caught.value.__cause__) == (
        "multiclass_hinge knows no probabilities.\n"
        'Use decision_function(), loss="log_loss", or sklearn.calibration.CalibratedClassifierCV.'
    )


def test_class_weight_multiplies_sample_weight():
    weights = np.where(Y == 2, 3.0, 1.0)
    by_class = classifier(class_weight={2: 3.0}).fit(X, Y)
    by_sample = classifier().fit(X, Y, sample_weight=weights)
    assert np.array_equal(by_class.coefs_[0], by_sample.coefs_[0])
    few = np.r_[0:50, 50:60]
    balanced = classifier(class_weight="balanced").fit(X[few], Y[few])
    explicit = classifier(class_weight={0: 60 / 100, 1: 60 / 20}).fit(X[few], Y[few])
    assert np.allclose(balanced.coefs_[0], explicit.coefs_[0], rtol=1e-6)


# ------------------------------------------------------------------------------------------ targets
SEVERAL = np.c_[Y, TWO]
WORDS = np.c_[np.array(["a", "b", "c"])[Y], np.array(["no", "yes"])[TWO]]


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@pytest.mark.parametrize("y", [SEVERAL, WORDS])
def test_several_labels_per_example(loss, y):
    fitted = classifier(loss=loss, learning_rate_init=0.01, max_iter=200).fit(X, y)
    assert [found.tolist() for found in fitted.classes_] == [np.unique(y[:, i]).tolist() for i in (0, 1)]
    assert fitted.predict(X).shape == (150, 2)
    assert fitted.predict(X).dtype == y.dtype
    assert fitted.score(X, y) == np.mean((fitted.predict(X) == y).all(axis=1)) > 0.9
    assert [part.shape for part in fitted.decision_function(X)] == [(150, 3), (150, 2)]
    if loss == "log_loss":
        assert [part.shape for part in fitted.predict_proba(X)] == [(150, 3), (150, 2)]
        assert all(part.sum(axis=1) == pytest.approx(1) for part in fitted.predict_proba(X))


def test_several_labels_in_batches():
    fitted = classifier()
    for part in (slice(0, 75), slice(75, 150)):
        fitted.partial_fit(X[part], SEVERAL[part], classes=[[0, 1, 2], [0, 1]])
    assert [found.tolist() for found in fitted.classes_] == [[0, 1, 2], [0, 1]]


def test_several_yes_or_no_per_example():
    y = np.c_[Y == 0, Y < 2].astype(int)
    fitted = classifier(learning_rate_init=0.01, max_iter=100).fit(X, y)
    assert fitted.out_activation_ == "logistic"
    assert fitted.score(X, y) > 0.9
    assert np.array_equal(fitted.predict(X), (fitted.predict_proba(X) > 0.5).astype(int))


# ------------------------------------------------------------------------------------------ losses of numbers
@pytest.mark.parametrize(
    "loss",
    ["squared_error", "absolute_error", "huber", "log_cosh", "quantile", "gaussian_nll", "mae",
     gn.losses.Huber(0.5), lambda y, scores: np.abs(scores - y) ** 1.5],
)  # fmt: skip
def test_losses_of_numbers(loss):
    assert regressor(loss=loss).fit(DIABETES, PROGRESS).score(DIABETES, PROGRESS) > 0.3


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_losses_with_a_logarithmic_link_predict_positive_numbers(loss):
    fitted = regressor(loss=loss).fit(DIABETES, np.exp(PROGRESS))
    assert fitted.out_activation_ == "exp"
    assert fitted.predict(DIABETES).min() > 0
    assert fitted.score(DIABETES, np.exp(PROGRESS)) > 0.3


def test_quantiles():
    levels = (0.1, 0.5, 0.9)
    fitted = regressor(quantiles=levels).fit(DIABETES, PROGRESS)
    low, middle, high = (fitted.predict(DIABETES, quantile=level) for level in levels)
    below = [np.mean(predicted > PROGRESS) for predicted in (low, middle, high)]
    assert below == pytest.approx(levels, abs=0.06)
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert np.array_equal(fitted.predict(DIABETES), middle)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quantile": 0.2}, ("MLPRegressor: quantile=0.2 was not fitted; quantiles=(0.1, 0.9).\n"
                            "Pass one of them to predict().")),
        ({"return_std": True}, ("MLPRegressor: return_std needs a spread to return.\n"
                               'Fit with loss="gaussian_nll", or n_ensemble=5 or more.')),
    ],
)  # fmt: skip
def test_a_quantile_or_spread_that_was_not_fitted(arguments, message):
    fitted = regressor(max_iter=2, quantiles=(0.1, 0.9)).fit(DIABETES, PROGRESS)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        fitted.predict(DIABETES, **arguments)
    assert str(caught.value) == message


def test_a_predicted_standard_deviation():
    noise = np.random.default_rng(0).standard_normal(600)
    x = np.linspace(-1, 1, 600)
    y = x + noise * np.where(x > 0, 0.5, 0.1)
    fitted = regressor(loss="gaussian_nll", max_iter=300).fit(x[:, None], y)
    mean, deviation = fitted.predict(x[:, None], return_std=True)
    assert np.abs(mean - x).mean() < 0.1
    assert deviation[x > 0.3].mean() == pytest.approx(0.5, rel=0.2)
    assert deviation[x < -0.3].mean() == pytest.approx(0.1, rel=0.4)


# ------------------------------------------------------------------------------------------ several networks
def test_an_ensemble_averages_probabilities():
    fitted = classifier(n_ensemble=3).fit(X, Y)
    members = [fitted, *fitted.estimators_]
    assert len(members) == 3
    assert not np.array_equal(members[1].coefs_[0], members[2].coefs_[0])
    fitted_alone = classifier().fit(X, Y)
    assert np.array_equal(fitted.coefs_[0], fitted_alone.coefs_[0])
    single = [fitted_alone.predict_proba(X), *(member.predict_proba(X) for member in members[1:])]
    assert fitted.predict_proba(X) == pytest.approx(np.mean(single, axis=0))
    assert log_loss(Y, fitted.predict_proba(X)) <= np.mean([log_loss(Y, p) for p in single])


def test_an_ensemble_knows_how_far_its_members_differ():
    fitted = regressor(n_ensemble=4, max_iter=30).fit(DIABETES, PROGRESS)
    mean, deviation = fitted.predict(DIABETES, return_std=True)
    assert np.array_equal(mean, fitted.predict(DIABETES))
    assert (deviation > 0).all()
    far = fitted.predict(100 * DIABETES, return_std=True)[1]
    assert far.mean() > 3 * deviation.mean()
    before = fitted.estimators_[0].coefs_[0].copy()
    fitted.partial_fit(DIABETES, PROGRESS)
    assert not np.array_equal(before, fitted.estimators_[0].coefs_[0])


# ------------------------------------------------------------------------------------------ validation
def test_a_validation_set_of_ones_own():
    fitted = classifier(max_iter=20).fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert len(fitted.validation_loss_curve_) == 20
    last = log_loss(Y[1::2], fitted.predict_proba(X[1::2]))
    assert fitted.validation_loss_curve_[-1] == pytest.approx(last, abs=0.01)
    stopped = classifier(early_stopping=True, n_iter_no_change=2, max_iter=500)
    stopped.fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert stopped.n_iter_ == len(stopped.validation_scores_) < 500
    assert stopped.score(X[1::2], Y[1::2]) == stopped.best_validation_score_
    assert stopped.t_ == 75 * stopped.n_iter_  # nothing of X is held out


def test_weights_of_the_validation_set():
    weights = (Y[1::2] == 0).astype(float)
    fitted = classifier(max_iter=20).fit(
        X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2], sample_weight_val=weights
    )
    likely = fitted.predict_proba(X[1::2])[Y[1::2] == 0, 0]
    assert fitted.validation_loss_curve_[-1] == pytest.approx(-np.log(likely).mean(), abs=0.01)


def test_a_validation_set_must_be_complete():
    with pytest.raises(ValueError, match=r"^fit\(\) got X_val alone\.\nPass X_val and y_val\.$"):
        classifier().fit(X, Y, X_val=X)
    with pytest.raises(ValueError, match=r"^fit\(\) got y_val alone\.\nPass X_val and y_val\.$"):
        classifier().fit(X, Y, y_val=Y)


# ------------------------------------------------------------------------------------------ callbacks, types
def test_callbacks():
    epochs = []
    record = gn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(logs["loss"]))
    fitted = classifier(max_iter=5, callbacks=[record]).fit(X, Y)
    assert epochs == fitted.loss_curve_
    early = gn.callbacks.EarlyStopping(monitor="val_loss", patience=1)
    fitted = classifier(max_iter=500, learning_rate_init=0.1, callbacks=[early])
    assert fitted.fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2]).n_iter_ < 500


@pytest.mark.parametrize(
    ("data", "rows", "dtype", "solver", "computed"),
    [
        (np.float32, 100, "auto", "adam", "float32"),
        (np.float64, 100, "auto", "adam", "float64"),
        (np.float64, 300, "auto", "adam", "float32"),
        (np.float64, 300, "auto", "lbfgs", "float64"),
        (np.float32, 300, "auto", "lbfgs", "float32"),
        (np.float64, 100, "float32", "adam", "float32"),
        (np.float64, 300, "float64", "adam", "float64"),
    ],
)
def test_what_is_computed_in(data, rows, dtype, solver, computed):
    table = np.random.default_rng(0).standard_normal((rows, 40)).astype(data)
    fitted = classifier(max_iter=2, dtype=dtype, solver=solver).fit(table, table[:, 0] > 0)
    assert fitted.model_.dtype == computed
    assert fitted.coefs_[0].dtype == fitted.predict_proba(table).dtype == data


def test_threads_are_limited_while_fitting():
    from threadpoolctl import threadpool_info

    seen = []
    look = gn.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append({i["num_threads"] for i in threadpool_info()})
    )
    classifier(max_iter=1, threads=1, callbacks=[look]).fit(X, Y)
    assert seen == [{1}]


def test_the_program_of_the_training_step_can_be_read():
    text = classifier(max_iter=2, dropout=0.2).fit(X, Y).model_.source()
    assert "def train_step(" in text
    assert "dropout" in text
