"""Life among scikit-learn's tools: pipelines, searches, calibration, copies, metadata, callbacks."""

import copy
import gc
import io
import pickle
import weakref

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object

import glassnet as gn
from glassnet.estimators import programs
from glassnet.programs import compiled as compiled_programs
from glassnet.programs import python

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
SCALED = StandardScaler().fit_transform(X)


def build(inputs, outputs, units=8):
    model = gn.Sequential([gn.layers.Dense(units, "relu"), gn.layers.Dense(outputs)])
    model.compile(gn.optimizers.Adam(0.02), "softmax_cross_entropy")
    return model


SMALL = {"hidden_layer_sizes": 8, "learning_rate_init": 0.02, "max_iter": 40, "random_state": 0}
CLASSIFIERS = {
    "MLPClassifier": gn.MLPClassifier(**SMALL),
    "LinearClassifier": gn.LinearClassifier(max_iter=100, random_state=0),
    "NetworkClassifier": gn.NetworkClassifier(build, epochs=20),
}
REGRESSORS = {
    "MLPRegressor": gn.MLPRegressor(**SMALL),
    "NetworkRegressor": gn.NetworkRegressor(epochs=20, random_state=0),
}
ALL = {**CLASSIFIERS, **REGRESSORS}


# ------------------------------------------------------------------------------------------ copies
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("how", ["pickle", "joblib", "deepcopy"])
def test_copies_predict_the_same_and_can_go_on(name, how, tmp_path):
    fitted = clone(ALL[name]).fit(SCALED, Y)
    if how == "pickle":
        twin = pickle.loads(pickle.dumps(fitted))
    elif how == "joblib":
        joblib.dump(fitted, tmp_path / "estimator.joblib")
        twin = joblib.load(tmp_path / "estimator.joblib")
    else:
        twin = copy.deepcopy(fitted)
    assert np.array_equal(fitted.predict(SCALED), twin.predict(SCALED))
    for estimator in (fitted, twin):
        estimator.partial_fit(SCALED, Y)
    assert np.array_equal(fitted.predict(SCALED), twin.predict(SCALED))


@pytest.mark.parametrize("name", ALL)
def test_a_clone_is_not_fitted_and_fits_the_same(name):
    fitted = clone(ALL[name]).fit(SCALED, Y)
    again = clone(fitted)
    assert not [attribute for attribute in vars(again) if attribute.endswith("_")]
    assert np.array_equal(again.fit(SCALED, Y).predict(SCALED), fitted.predict(SCALED))


# ------------------------------------------------------------------------------------------ meta-estimators
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_meta_estimators(name):
    pipeline = make_pipeline(StandardScaler(), clone(CLASSIFIERS[name]))
    assert np.mean(cross_val_predict(pipeline, X, Y, cv=3) == Y) > 0.85
    likely = cross_val_predict(pipeline, X, Y, cv=3, method="predict_proba")
    assert likely.shape == (150, 3)
    calibrated = CalibratedClassifierCV(pipeline, cv=3).fit(X, Y)
    assert calibrated.predict_proba(X).sum(axis=1) == pytest.approx(1)
    importance = permutation_importance(pipeline.fit(X, Y), X, Y, n_repeats=2, random_state=0)
    assert importance.importances_mean[2:].max() > importance.importances_mean[:2].max()
    both = MultiOutputClassifier(pipeline).fit(X, np.c_[Y, Y > 0])
    assert both.predict(X).shape == (150, 2)


@pytest.mark.parametrize("jobs", [None, 2])
def test_a_grid_search(jobs):
    pipeline = make_pipeline(StandardScaler(), clone(CLASSIFIERS["MLPClassifier"]))
    grid = {"mlpclassifier__alpha": [1e-4, 100.0], "mlpclassifier__hidden_layer_sizes": [(4,), (16,)]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=jobs).fit(X, Y)
    assert search.best_params_["mlpclassifier__alpha"] == 1e-4
    assert search.best_score_ > 0.9
    assert search.cv_results_["split0_test_score"].shape == (4,)


def test_two_jobs_find_what_one_finds():
    grid = {"alpha": [1e-4, 1.0]}
    searches = [
        GridSearchCV(clone(CLASSIFIERS["MLPClassifier"]), grid, cv=3, n_jobs=jobs).fit(SCALED, Y)
        for jobs in (None, 2)
    ]
    assert np.array_equal(*(search.cv_results_["mean_test_score"] for search in searches))


def count_threads(estimator, X, y):
    from threadpoolctl import threadpool_info

    seen = []
    look = gn.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(max(i["num_threads"] for i in threadpool_info()))
    )
    clone(estimator).set_params(callbacks=[look], max_iter=1).fit(X, y)
    return max(seen)


def test_workers_do_not_fight_for_the_processors():
    jobs = joblib.Parallel(n_jobs=2)(
        joblib.delayed(count_threads)(CLASSIFIERS["MLPClassifier"], SCALED, Y) for _ in range(2)
    )
    assert jobs == [1, 1]


# ------------------------------------------------------------------------------------------ shared programs
@pytest.fixture
def printed(monkeypatch):
    """Counts the programs that are printed."""
    programs.forget()
    counts = []
    original = python.print_numpy
    monkeypatch.setattr(python, "print_numpy", lambda *args: counts.append(1) or original(*args))
    return counts


RATES = {
    "alpha": [1e-4, 1e-2], "learning_rate_init": [0.001, 0.1], "l1": [0.1, 0.2], "dropout": [0.1, 0.4],
    "max_norm": [0.1, 0.2], "random_state": [0, 1], "tol": [0.1, 0.01], "batch_size": [20, 50],
}  # fmt: skip


@pytest.mark.parametrize("name", RATES)
def test_rates_and_strengths_print_nothing_new(name, printed):
    options = {"max_iter": 3, "random_state": 0, "l1": 0.1, "dropout": 0.1, "max_norm": 1.0}
    fits = []
    for value in RATES[name] * 2:
        fits.append(gn.MLPClassifier(**{**options, name: value}).fit(SCALED, Y))
        fits[-1].predict(SCALED)
    assert len(printed) == 2  # the training step and the prediction
    assert np.array_equal(fits[0].coefs_[0], fits[2].coefs_[0])
    assert np.array_equal(fits[1].coefs_[0], fits[3].coefs_[0])
    assert not np.array_equal(fits[0].coefs_[0], fits[1].coefs_[0]) or name == "tol"


def test_shared_programs_give_the_same_as_their_own(printed):
    def fitted(**options):
        return gn.MLPClassifier(max_iter=20, random_state=0, **options).fit(SCALED, Y)

    shared = [fitted(alpha=a, learning_rate_init=r) for a in (0.1, 10.0) for r in (0.01, 0.05)]
    for i, (a, r) in enumerate((a, r) for a in (0.1, 10.0) for r in (0.01, 0.05)):
        programs.forget()
        alone = fitted(alpha=a, learning_rate_init=r)
        assert np.array_equal(alone.coefs_[0], shared[i].coefs_[0])
        assert f"learning_rate = {r}" in shared[i].model_.source()


def test_two_estimators_of_one_architecture_can_take_turns(printed):
    one, two = (gn.MLPClassifier(random_state=0, alpha=alpha) for alpha in (1e-4, 10.0))
    for _ in range(3):
        for estimator in (one, two):
            estimator.partial_fit(SCALED, Y, classes=[0, 1, 2])
    programs.forget()
    alone = gn.MLPClassifier(random_state=0, alpha=1e-4)
    for _ in range(3):
        alone.partial_fit(SCALED, Y, classes=[0, 1, 2])
    assert np.array_equal(alone.coefs_[0], one.coefs_[0])


@pytest.mark.parametrize(
    "change",
    [{"hidden_layer_sizes": 9}, {"activation": "tanh"}, {"solver": "sgd"}, {"batch_norm": True},
     {"beta_1": 0.5},
     {"dropout": 0.1}, {"loss": "hinge"}, {"dtype": "float32"}],
)  # fmt: skip
def test_another_architecture_is_another_program(change, printed):
    gn.MLPClassifier(max_iter=2, random_state=0).fit(SCALED, Y)
    before = len(printed)
    gn.MLPClassifier(max_iter=2, random_state=0, **change).fit(SCALED, Y)
    assert len(printed) == before + 1


# ------------------------------------------------------------------------------------------ compiled ones
@pytest.fixture
def compiled(monkeypatch):
    """Counts the compiled programs that are printed."""
    programs.forget()
    counts = []
    original = compiled_programs.print_module
    monkeypatch.setattr(compiled_programs, "print_module", lambda *args: counts.append(1) or original(*args))
    return counts


COMPILED = {"backend": "numba", "hidden_layer_sizes": 8, "max_iter": 3, "random_state": 0, "batch_size": 50}


def test_rates_and_strengths_compile_nothing_new(compiled):
    options = {**COMPILED, "l1": 0.1, "dropout": 0.1, "max_norm": 1.0}
    for name in set(RATES) - {"batch_size"}:
        first, other, again = (
            gn.MLPClassifier(**{**options, name: value}).fit(SCALED, Y)
            for value in (*RATES[name], RATES[name][0])
        )
        assert len(compiled) == 1
        assert np.array_equal(first.coefs_[0], again.coefs_[0])
        assert not np.array_equal(first.coefs_[0], other.coefs_[0]) or name == "tol"
    first.predict(SCALED)
    again.predict(SCALED)
    assert len(compiled) == 2
    gn.MLPClassifier(**{**options, "activation": "tanh"}).fit(SCALED, Y)
    assert len(compiled) == 3


@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}, {"threads": 2}, {"early_stopping": True}])
def test_shared_compiled_programs_give_the_same_as_their_own(compiled, options):
    def fitted(alpha):
        return gn.MLPClassifier(**COMPILED, alpha=alpha, **options).fit(SCALED, Y)

    shared = [fitted(alpha) for alpha in (1e-4, 10.0)]
    before = len(compiled)
    for alpha, estimator in zip((1e-4, 10.0), shared, strict=True):
        programs.forget()
        alone = fitted(alpha)
        assert np.array_equal(alone.coefs_[0], estimator.coefs_[0])
        assert np.array_equal(alone.predict_proba(SCALED), estimator.predict_proba(SCALED))
    assert len(compiled) > before  # they were alone


def test_estimators_in_threads_do_not_share_their_memory():
    estimators = [gn.MLPClassifier(**{**COMPILED, "max_iter": 60}, threads=2, alpha=a) for a in (1e-4, 1.0)]
    alone = [clone(estimator).fit(SCALED, Y).coefs_[0] for estimator in estimators]
    for _ in range(3):
        together = joblib.Parallel(n_jobs=2, backend="threading")(
            joblib.delayed(clone(estimator).fit)(SCALED, Y) for estimator in estimators
        )
        for estimator, weights in zip(together, alone, strict=True):
            assert np.array_equal(estimator.coefs_[0], weights)


def test_threads_are_those_of_the_compiled_loops():
    for threads in (1, 2):
        fitted = gn.MLPClassifier(**COMPILED, threads=threads).fit(SCALED, Y)
        assert fitted.model_.history.params["threads"] == threads
    assert gn.MLPClassifier(**COMPILED).fit(SCALED, Y).model_.history.params["threads"] == 1


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_what_is_remembered_keeps_no_network_alive(backend):
    programs.forget()
    fitted = gn.MLPClassifier(**{**COMPILED, "backend": backend}, dropout=0.1).fit(SCALED, Y)
    parts = [weakref.ref(part) for part in (fitted.model_, *fitted.model_.layers)]
    del fitted
    gc.collect()
    assert [part() for part in parts] == [None] * 4


# ------------------------------------------------------------------------------------------ tags, names, HTML
def test_tags():
    tags = get_tags(gn.MLPClassifier())
    assert is_classifier(gn.LinearClassifier())
    assert is_regressor(gn.NetworkRegressor())
    assert tags.input_tags.sparse
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert tags.classifier_tags.multi_label
    assert get_tags(gn.HiddenFeatures()).transformer_tags.preserves_dtype == ["float64", "float32"]


@pytest.mark.parametrize("name", ALL)
def test_html(name):
    assert name in clone(ALL[name])._repr_html_()
    assert name in clone(ALL[name]).fit(SCALED, Y)._repr_html_()


def test_feature_names_and_set_output():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(SCALED, columns=["a", "b", "c", "d"])
    fitted = gn.MLPClassifier(**SMALL).fit(frame, Y)
    assert fitted.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    features = gn.HiddenFeatures(fitted).set_output(transform="pandas").fit(frame, Y)
    answer = features.transform(frame)
    assert list(answer.columns) == [f"hiddenfeatures{i}" for i in range(8)]
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted.predict(SCALED)


# ------------------------------------------------------------------------------------------ metadata
def test_sample_weights_and_validation_sets_are_routed():
    weights = np.r_[np.ones(100), np.zeros(50)]
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = gn.MLPClassifier(**SMALL).set_fit_request(sample_weight=True, X_val=True, y_val=True)
        estimator.set_score_request(sample_weight=True)
        requests = get_routing_for_object(estimator)
        assert requests.fit.requests == {
            "sample_weight": True, "X_val": True, "y_val": True, "sample_weight_val": None,
        }  # fmt: skip
        found = cross_validate(
            make_pipeline(estimator),
            SCALED,
            Y,
            params={"sample_weight": weights, "X_val": SCALED, "y_val": Y},
            return_estimator=True,
        )
    for pipeline in found["estimator"]:
        assert len(pipeline[-1].validation_loss_curve_) > 0
        assert set(pipeline.predict(SCALED).tolist()) <= {0, 1}


def test_a_pipeline_transforms_the_validation_set_too():
    with sklearn.config_context(enable_metadata_routing=True):
        network = gn.MLPClassifier(**SMALL, early_stopping=True).set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("network", network)]
        pipeline = Pipeline(steps, transform_input=["X_val"]).fit(
            X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2]
        )
    assert pipeline[-1].best_validation_score_ == pipeline.score(X[1::2], Y[1::2])


# ------------------------------------------------------------------------------------------ their callbacks
def test_callbacks_of_scikit_learn():
    callback = pytest.importorskip("sklearn.callback")
    estimator = gn.MLPClassifier(**SMALL)
    told = []

    class Stop:
        def setup(self, estimator, context):
            told.append("setup")

        def teardown(self, estimator, context):
            told.append("teardown")

        def on_fit_task_begin(
            self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
        ):
            told.append(f"begin {context.task_name}")

        def on_fit_task_end(
            self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
        ):
            told.append(f"end {context.task_name}")
            if context.task_name == "epoch":
                assert fitted_estimator.predict(SCALED).shape == (150,)
            return estimator.n_iter_ >= 2

    assert isinstance(Stop(), callback.FitCallback)
    estimator.set_callbacks(Stop()).fit(SCALED, Y)
    epochs = ["begin epoch", "end epoch"] * 2
    assert told == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    assert estimator.n_iter_ == 2


def test_nothing_is_printed_unless_asked(capsys):
    for estimator in ALL.values():
        clone(estimator).fit(SCALED, Y)
    assert capsys.readouterr() == ("", "")


def test_pickles_are_small():
    buffer = io.BytesIO()
    pickle.dump(gn.MLPClassifier(**SMALL).fit(SCALED, Y), buffer)
    assert len(buffer.getvalue()) < 50_000
