"""The constructors: scikit-learn's arguments and defaults; wrong values are found in `fit`, by name."""

import inspect

import numpy as np
import pytest
from estimator_data import LABELS, NUMBERS, X
from sklearn import neural_network
from sklearn.base import clone

import glassnet as gn
from glassnet.errors import GlassnetError, InputError, UnknownNameError
from glassnet.estimators.described import ARGUMENTS
from glassnet.estimators.parameters import RULES

NAMES = (
    "FrameEncoder", "HiddenFeatures", "LinearClassifier", "MLPClassifier", "MLPRegressor",
    "NetworkClassifier", "NetworkRegressor",
)  # fmt: skip
MLP = ("MLPClassifier", "MLPRegressor")


def parameters(cls):
    return dict(list(inspect.signature(cls.__init__).parameters.items())[1:])


@pytest.mark.parametrize("name", MLP)
def test_every_argument_of_scikit_learns_with_its_default_and_its_place(name):
    ours, theirs = parameters(getattr(gn, name)), parameters(getattr(neural_network, name))
    assert {n: p.default for n, p in theirs.items()} == {n: ours[n].default for n in theirs}
    assert {n: p.kind for n, p in theirs.items()} == {n: ours[n].kind for n in theirs}
    positional = [n for n, p in theirs.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert list(ours)[: len(positional)] == positional


@pytest.mark.parametrize("name", MLP)
def test_every_attribute_and_method_of_scikit_learns(name):
    y = LABELS if name == "MLPClassifier" else NUMBERS
    for early in (False, True):
        options = {"max_iter": 1000, "tol": 0.1, "early_stopping": early, "random_state": 0}
        theirs = getattr(neural_network, name)(**options).fit(X, y)
        ours = getattr(gn, name)(**options).fit(X, y)
        wanted = {n for n in [*vars(theirs), *dir(theirs)] if not n.startswith("_")}
        assert {n for n in wanted if not hasattr(ours, n)} == set()
        for attribute in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
            assert getattr(ours, attribute) == getattr(theirs, attribute)
        assert (ours.best_loss_ is None) == (theirs.best_loss_ is None) == early


@pytest.mark.parametrize("name", NAMES)
def test_no_argument_is_needed(name):
    estimator = getattr(gn, name)()
    assert clone(estimator).get_params() == estimator.get_params()
    assert repr(estimator) == f"{name}()"


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_described(name):
    doc = getattr(gn, name).__doc__
    assert "{" not in doc.replace("{{", "").split("Attributes")[0].replace('{"', "")
    for argument in parameters(getattr(gn, name)):
        stem = "**options" if argument == "options" else argument
        assert f"\n    {stem}" in doc or f", {stem}" in doc, argument


def test_every_described_argument_has_a_rule():
    assert set(ARGUMENTS) - set(RULES) == set()


WRONG = {
    "hidden_layer_sizes": (-1, "hidden_layer_sizes must be > 0, got [-1]."),
    "activation": ("rleu", "MLPClassifier: unknown activation 'rleu'. Did you mean 'relu'?"),
    "solver": ("adma", "MLPClassifier: unknown solver 'adma'. Did you mean 'adam'?"),
    "alpha": (-1, "MLPClassifier: alpha must be a number of at least 0; got -1."),
    "batch_size": (0, "MLPClassifier: batch_size must be a whole number of at least 1; got 0."),
    "learning_rate": (
        "constnat", "MLPClassifier: unknown learning_rate 'constnat'. Did you mean 'constant'?",
    ),
    "learning_rate_init": (0, "MLPClassifier: learning_rate_init must be a number above 0; got 0."),
    "power_t": (-1, "MLPClassifier: power_t must be a number of at least 0; got -1."),
    "max_iter": (0.5, "MLPClassifier: max_iter must be a whole number of at least 1; got 0.5."),
    "shuffle": ("yes", "MLPClassifier: shuffle must be True or False; got 'yes'."),
    "random_state": (
        -3, ("MLPClassifier: random_state must be None, a whole number from 0 to 4294967295, or a "
             "RandomState; got -3."),
    ),
    "tol": (np.nan, "MLPClassifier: tol must be a number of at least 0; got nan."),
    "verbose": ("loud", "MLPClassifier: verbose must be True, False, a number or \"bar\"; got 'loud'."),
    "warm_start": (1, "MLPClassifier: warm_start must be True or False; got 1."),
    "momentum": (2, "MLPClassifier: momentum must be a number from 0 to 1; got 2."),
    "nesterovs_momentum": (None, "MLPClassifier: nesterovs_momentum must be True or False; got None."),
    "early_stopping": ("yes", "MLPClassifier: early_stopping must be True or False; got 'yes'."),
    "validation_fraction": (
        1, "MLPClassifier: validation_fraction must be a number of at least 0 and below 1; got 1.",
    ),
    "beta_1": (1, "MLPClassifier: beta_1 must be a number of at least 0 and below 1; got 1."),
    "beta_2": (1, "MLPClassifier: beta_2 must be a number of at least 0 and below 1; got 1."),
    "epsilon": (0, "MLPClassifier: epsilon must be a number above 0; got 0."),
    "n_iter_no_change": (
        0, 'MLPClassifier: n_iter_no_change must be a whole number of at least 1, or float("inf"); got 0.',
    ),
    "max_fun": (0, "MLPClassifier: max_fun must be a whole number of at least 1; got 0."),
    "loss": ("log_los", "MLPClassifier: unknown loss 'log_los'. Did you mean 'log_loss'?"),
    "dropout": (1.0, "MLPClassifier: dropout must be a number of at least 0 and below 1; got 1.0."),
    "batch_norm": ("yes", "MLPClassifier: batch_norm must be True or False; got 'yes'."),
    "kernel_initializer": (
        "he_nromal", "MLPClassifier: unknown kernel_initializer 'he_nromal'. Did you mean 'he_normal'?",
    ),
    "l1": (-1, "MLPClassifier: l1 must be a number of at least 0; got -1."),
    "max_norm": (0, "MLPClassifier: max_norm must be a number above 0; got 0."),
    "class_weight": (
        "blanced", "MLPClassifier: unknown class_weight 'blanced'. Did you mean 'balanced'?",
    ),
    "columns": (3, 'MLPClassifier: columns must be None, "auto" or a FrameEncoder; got 3.'),
    "missing": ("mode", "MLPClassifier: unknown missing 'mode'. Known names: error, mean, median."),
    "callbacks": (3, "MLPClassifier: callbacks must be a list of callbacks; got 3."),
    "n_ensemble": (0, "MLPClassifier: n_ensemble must be a whole number of at least 1; got 0."),
    "dtype": ("float16", "MLPClassifier: unknown dtype 'float16'. Did you mean 'float64'?"),
    "backend": ("numppy", "MLPClassifier: unknown backend 'numppy'. Did you mean 'numpy'?"),
    "threads": (0, "MLPClassifier: threads must be a whole number of at least 1; got 0."),
}  # fmt: skip


@pytest.mark.parametrize("method", ("fit", "partial_fit"))
@pytest.mark.parametrize("argument", WRONG)
def test_a_wrong_value_is_found_in_fit(argument, method):
    value, message = WRONG[argument]
    estimator = gn.MLPClassifier(**{argument: value})  # no error here
    with pytest.raises(InputError) as caught:
        getattr(estimator, method)(X, LABELS, **({"classes": [0, 1]} if method == "partial_fit" else {}))
    assert str(caught.value) == message
    assert isinstance(caught.value, GlassnetError)
    assert isinstance(caught.value, ValueError)


def test_the_table_of_wrong_values_is_complete():
    assert set(parameters(gn.MLPClassifier)) == set(WRONG)


MORE = [
    ("MLPClassifier", {"activation": ["relu", "tanh"]},
     "MLPClassifier: activation has 2 entries for 1 hidden layers.\nGive one, or one per layer."),
    ("MLPClassifier", {"dropout": [0.1, 0.2]},
     "MLPClassifier: dropout has 2 entries for 1 hidden layers.\nGive one, or one per layer."),
    ("MLPClassifier", {"hidden_layer_sizes": [3.5]},
     ("MLPClassifier: hidden_layer_sizes must be a whole number, or a list of one for each hidden layer; "
     "got [3.5].")),
    ("MLPClassifier", {"class_weight": {7: 1.0}},
     "class_weight has labels that y does not have: 7.\nLabels of y: 0, 1."),
    ("MLPClassifier", {"loss": 3}, ("MLPClassifier: loss must be a name, a loss, or a NumPy function of (y, "
     "scores); got 3.")),
    ("MLPRegressor", {"loss": "squared_eror"},
     "MLPRegressor: unknown loss 'squared_eror'. Did you mean 'squared_error'?"),
    ("MLPRegressor", {"loss": gn.losses.SoftmaxCrossEntropy()},
     ("MLPRegressor: softmax_cross_entropy is a loss of classes.\nUse a classifier, or a loss of numbers "
     "such as "
     '"squared_error".')),
    ("MLPRegressor", {"quantiles": (0.5, 0.1)},
     "MLPRegressor: quantiles must be a list of rising numbers, such as (0.1, 0.5, 0.9); got (0.5, 0.1)."),
    ("MLPRegressor", {"quantiles": (0.5,), "loss": "huber"},
     "MLPRegressor: quantiles come with loss=\"quantile\"; got loss='huber'."),
    ("MLPRegressor", {"loss": "poisson"},
     "y holds -1.26542, first at row 3.\nfit() needs numbers of at least 0 for poisson."),
    ("NetworkClassifier", {"epochs": -1},
     "NetworkClassifier: epochs must be a whole number of at least 0; got -1."),
    ("NetworkClassifier", {"epohcs": 3},
     "NetworkClassifier: unknown parameter 'epohcs'. Did you mean 'epochs'?"),
    ("LinearClassifier", {"loss": "multiclas_hinge"},
     "LinearClassifier: unknown loss 'multiclas_hinge'. Did you mean 'multiclass_hinge'?"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "message"), MORE)
def test_other_wrong_arguments(name, arguments, message):
    with pytest.raises(InputError) as caught:
        getattr(gn, name)(**arguments).fit(X, NUMBERS if "Regressor" in name else LABELS)
    assert str(caught.value) == message


def test_an_unknown_name_is_an_error_of_its_own():
    with pytest.raises(UnknownNameError):
        gn.MLPClassifier(solver="adma").fit(X, LABELS)


@pytest.mark.parametrize("value", [7, np.random.RandomState(7), np.random.default_rng(7)])
def test_kinds_of_random_state(value):
    estimator = gn.MLPClassifier(random_state=value, max_iter=9, tol=1e9, n_iter_no_change=1)
    assert estimator.fit(X, LABELS).n_iter_ >= 1


def test_the_same_seed_gives_the_same_estimator_and_none_gives_another():
    def fitted(random_state):
        return gn.MLPClassifier(random_state=random_state, tol=1e9).fit(X, LABELS).coefs_[0]

    assert np.array_equal(fitted(3), fitted(3))
    assert not np.array_equal(fitted(3), fitted(4))
    assert not np.array_equal(fitted(None), fitted(None))
