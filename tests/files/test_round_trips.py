"""Every layer, loss, optimizer, schedule and metric: saved, loaded, and trained on, bit for bit."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from stored_models import trained

import glassnet as gn
from glassnet import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from glassnet.files import Packer, Unpacker, registry
from glassnet.nn.initializers import Fixed
from glassnet.optim import transforms

L1, L2, MaxNorm = regularizers.L1, regularizers.L2, constraints.MaxNorm


def full_dense(cls=layers.Dense, **more):
    return cls(
        3,
        activation="tanh",
        use_bias=True,
        kernel_initializer="he_normal",
        bias_initializer=initializers.Constant(0.1),
        kernel_regularizer=L2(0.01),
        bias_regularizer=L1(0.001),
        activity_regularizer=regularizers.L1L2(0.01, 0.02),
        kernel_constraint=MaxNorm(2.0),
        bias_constraint="non_neg",
        name="all of it",
        **more,
    )


def scaled(cls, *options, **more):
    return cls(
        *options,
        beta_initializer=initializers.Constant(0.1),
        gamma_initializer="ones",
        beta_regularizer=L2(0.01),
        gamma_regularizer=L1(0.02),
        beta_constraint=MaxNorm(3),
        gamma_constraint=constraints.NonNeg(),
        **more,
    )


ROWS, IMAGES = (4,), (4, 4, 3)
# Name of the class → layers that show it with options, and the shape of an example.
LAYERS = {
    "Activation": ([layers.Activation("gelu"), layers.Activation(np.tanh)], ROWS),
    "ActivityRegularization": ([layers.ActivityRegularization(0.1, 0.2)], ROWS),
    "AlphaDropout": ([layers.AlphaDropout(0.3, noise_shape=(None, 1))], ROWS),
    "BatchNormalization": ([scaled(layers.BatchNormalization, -1, 0.9, 0.01)], IMAGES),
    "BiasTrick": ([layers.BiasTrick()], ROWS),
    "ColumnEmbedding": (
        [layers.ColumnEmbedding((9, 8), (3, 2), embeddings_regularizer=L2(0.01))],
        ROWS,
    ),
    "Dense": ([full_dense()], ROWS),
    "DropConnect": ([full_dense(layers.DropConnect, rate=0.25)], ROWS),
    "Dropout": ([layers.Dropout(0.3), layers.Dropout(0, name="none")], ROWS),
    "ELU": ([layers.ELU(0.7)], ROWS),
    "Embedding": (
        [layers.Embedding(5, 3, embeddings_regularizer=L2(0.01), embeddings_constraint="unit_norm")],
        ROWS,
    ),
    "Flatten": ([layers.Flatten()], IMAGES),
    "GaussianDropout": ([layers.GaussianDropout(0.2)], ROWS),
    "GaussianNoise": ([layers.GaussianNoise(0.2)], ROWS),
    "GroupNormalization": ([scaled(layers.GroupNormalization, 3)], IMAGES),
    "LayerNormalization": ([scaled(layers.LayerNormalization, (1, -1))], IMAGES),
    "LeakyReLU": ([layers.LeakyReLU(0.2)], ROWS),
    "Maxout": ([layers.Maxout(2)], ROWS),
    "MeanSubtraction": ([layers.MeanSubtraction(axis=(1, 2, 3))], IMAGES),
    "MinMaxScaling": ([layers.MinMaxScaling((0, 2.5), axis=None)], ROWS),
    "Normalization": ([layers.Normalization(), layers.Normalization(None, 0.5, 2.0, invert=True)], ROWS),
    "PCA": ([layers.PCA(3)], ROWS),
    "PReLU": ([layers.PReLU("ones", L2(0.1), "non_neg", shared_axes=[1, 2])], IMAGES),
    "Permute": ([layers.Permute((3, 1, 2))], IMAGES),
    "RMSNormalization": ([layers.RMSNormalization(-1, 1e-5)], ROWS),
    "ReLU": ([layers.ReLU(6.0, 0.1, 0.5)], ROWS),
    "RepeatVector": ([layers.RepeatVector(3)], ROWS),
    "Rescaling": ([layers.Rescaling(2, offset=-1)], ROWS),
    "Reshape": ([layers.Reshape((2, -1))], ROWS),
    "Softmax": ([layers.Softmax(axis=[1, 2])], IMAGES),
    "UnitNormalization": ([layers.UnitNormalization((1, 2))], IMAGES),
    "VanillaDropout": ([layers.VanillaDropout(0.3)], ROWS),
    "Whitening": ([layers.Whitening("zca", 3, 1e-3)], ROWS),
}
MERGING = {
    "Add": layers.Add(),
    "Average": layers.Average(name="mean of both"),
    "Concatenate": layers.Concatenate(axis=1),
    "Dot": layers.Dot(axes=(1, 1), normalize=True),
    "Maximum": layers.Maximum(),
    "Minimum": layers.Minimum(),
    "Multiply": layers.Multiply(),
    "Subtract": layers.Subtract(),
}


def exported(module, bases=()):
    return {
        name
        for name in module.__all__
        if isinstance(getattr(module, name), type) and name not in ("Layer", "Metric", "Bins", *bases)
    }


def test_every_layer_has_its_round_trip():
    assert exported(layers) == {*LAYERS, *MERGING} == set(registry.LAYERS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, dtype, round_trip):
    parts, shape = LAYERS[name]
    model = gn.Sequential([*map(fresh, parts), layers.Flatten(), layers.Dense(2)], seed=3, dtype=dtype)
    model.build((None, *shape))
    model.compile(optimizers.Adam(0.01), "softmax_cross_entropy", ["accuracy"])
    round_trip(trained(model))


def fresh(layer):
    """A new layer of the same configuration: the table is used twice."""
    packer = Packer()
    return Unpacker(packer.arrays).unpack(packer.pack(layer))


@pytest.mark.parametrize("name", MERGING)
def test_merging_layers(name, round_trip):
    a, b = gn.Input((3,)), gn.Input((3,))
    merged = fresh(MERGING[name])([layers.Dense(3)(a), b])
    model = gn.Model([a, b], layers.Dense(2)(merged))
    model.compile("adam", "softmax_cross_entropy")
    round_trip(trained(model))


# ------------------------------------------------------------------------------------------ losses
def words():
    return losses.Tree(((("cat", "dog"), 3), "car"))


LOSSES = {
    "AbsoluteError": losses.AbsoluteError("sum", "sum"),
    "BinaryCrossEntropy": losses.BinaryCrossEntropy(label_smoothing=0.1),
    "BinaryCrossentropy": losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
    "BinaryFocalCrossentropy": losses.BinaryFocalCrossentropy(True, 0.3, 1.5, from_logits=True),
    "BinaryHinge": losses.BinaryHinge(margin=2.0, squared=True),
    "CategoricalCrossentropy": losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    "CategoricalFocalCrossentropy": losses.CategoricalFocalCrossentropy(
        alpha=0.3, gamma=1.0, from_logits=True
    ),
    "CategoricalGeneralizedCrossEntropy": losses.CategoricalGeneralizedCrossEntropy(q=0.7),
    "CategoricalHinge": losses.CategoricalHinge(),
    "CosineSimilarity": losses.CosineSimilarity(reduction="sum"),
    "Focal": losses.Focal(gamma=1.0),
    "Gamma": losses.Gamma(over_outputs="sum"),
    "GaussianNLL": losses.GaussianNLL(full=True),
    "HierarchicalSoftmax": losses.HierarchicalSoftmax(words()),
    "Hinge": losses.Hinge(),
    "Huber": losses.Huber(delta=0.5),
    "KLDivergence": losses.KLDivergence(from_logits=True),
    "L1Regression": losses.L1Regression(),
    "L2Regression": losses.L2Regression("sum"),
    "LogCosh": losses.LogCosh(),
    "MeanAbsoluteError": losses.MeanAbsoluteError(),
    "MeanAbsolutePercentageError": losses.MeanAbsolutePercentageError(),
    "MeanSquaredError": losses.MeanSquaredError("sum"),
    "MeanSquaredLogarithmicError": losses.MeanSquaredLogarithmicError(),
    "MulticlassHinge": losses.MulticlassHinge(margin=2.0, squared=True, kind="one_vs_all"),
    "Ordinal": losses.Ordinal("independent"),
    "Poisson": losses.Poisson(from_log=True),
    "Quantile": losses.Quantile([0.1, 0.5, 0.9]),
    "SoftmaxCrossEntropy": losses.SoftmaxCrossEntropy(label_smoothing=0.1),
    "SparseCategoricalCrossentropy": losses.SparseCategoricalCrossentropy(from_logits=True),
    "SquaredError": losses.SquaredError("sum"),
    "SquaredHinge": losses.SquaredHinge(),
    "SumOfSquares": losses.SumOfSquares(),
    "Tweedie": losses.Tweedie(power=1.2),
}
WIDTH = {"GaussianNLL": 2, "MeanSquaredError": 1}
# Losses that need numbers above 0 (or probabilities) from the network get an activation that gives them.
OUTPUT = {
    "CategoricalGeneralizedCrossEntropy": "softmax",
    "Gamma": "softplus",
    "MeanSquaredLogarithmicError": "softplus",
    "Poisson": "tanh",
    "Tweedie": "softplus",
}


# Tested in tests/estimators/test_estimator_files.py.
OF_ESTIMATORS = {"FunctionLoss", "HalfSquaredError", "SeveralLabels"}


def test_every_loss_has_its_round_trip():
    assert exported(losses, ("Loss", "Tree")) == set(LOSSES) == set(registry.CLASSES["loss"]) - OF_ESTIMATORS


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, round_trip):
    outputs = layers.Dense(WIDTH.get(name, 3), OUTPUT.get(name))
    model = gn.Sequential([layers.Dense(4, "tanh"), outputs])
    model.build((None, 3))
    model.compile(optimizers.SGD(0.001), LOSSES[name])
    model.step = 0
    X = np.random.default_rng(0).normal(0, 1, (16, 3))
    y = LOSSES[name].example_targets(np.random.default_rng(1), 16, model.output_shape) + (name == "Gamma")
    model.fit(X, y, batch_size=8, verbose=0)
    found = round_trip(model, epochs=0)
    assert repr(found.loss_function) == repr(model.loss_function)
    assert found.fit(X, y, verbose=0).history == model.fit(X, y, verbose=0).history


def test_a_tree_keeps_its_leaves(round_trip):
    tree = losses.Tree.huffman([1, 2, 4, 8, 16, 32], ["a", "b", 3, "d", "e", "f"])
    packer = Packer()
    found = Unpacker({}).unpack(packer.pack(tree))
    assert found == tree
    assert found.leaves == tree.leaves


# ------------------------------------------------------------------------------------------ optimizers
OPTIMIZERS = {
    "Adadelta": optimizers.Adadelta(1.0, 0.9, 1e-6),
    "Adagrad": optimizers.Adagrad(0.1, 0.2, clipvalue=0.5),
    "Adam": optimizers.Adam(0.01, 0.8, 0.99, 1e-6, amsgrad=True, clipnorm=1.0, name="mine"),
    "AdamW": optimizers.AdamW(
        0.01, 0.1, decay_exclusions=["bias", r"^dense_2\."], use_ema=True, ema_momentum=0.9
    ),
    "Adamax": optimizers.Adamax(0.01, multipliers={"dense_1.kernel": 0.5, "dense_2": 2}),
    "LBFGS": optimizers.LBFGS(max_iter=3, history_size=4),
    "Lion": optimizers.Lion(0.01, weight_decay=0.01),
    "Nadam": optimizers.Nadam(0.01, global_clipnorm=1.0),
    "Optimizer": optimizers.Optimizer(0.1, [transforms.ScaleByRms(0.8), transforms.ScaleByRate()]),
    "RMSprop": optimizers.RMSprop(0.01, momentum=0.5, centered=True, use_ema=True, ema_overwrite_frequency=3),
    "SGD": optimizers.SGD(0.1, 0.9, nesterov=True),
}
SCHEDULES = {
    "CosineDecay": schedules.CosineDecay(0.01, 20, alpha=0.1, warmup_target=0.1, warmup_steps=4),
    "CosineDecayRestarts": schedules.CosineDecayRestarts(0.1, 4, 1.5, 0.9, 0.01),
    "ExponentialDecay": schedules.ExponentialDecay(0.1, 3, 0.9, staircase=True),
    "InverseTimeDecay": schedules.InverseTimeDecay(0.1, 3, 0.5),
    "OneCycle": schedules.OneCycle(0.1, 12, pct_start=0.4),
    "PiecewiseConstantDecay": schedules.PiecewiseConstantDecay([3, 6], [0.1, 0.05, 0.01]),
    "PolynomialDecay": schedules.PolynomialDecay(0.1, 8, 0.01, 2.0, cycle=True),
    "StepDecay": schedules.StepDecay(0.1, 4),
}
TRANSFORMS = (
    transforms.Momentum(0.5),
    transforms.ScaleByAdam(),
    transforms.ScaleByAdamax(),
    transforms.ScaleByAmsgrad(),
    transforms.ScaleByDeviation(),
    transforms.ScaleByNadam(),
    transforms.ScaleByRate(),
    transforms.ScaleByRatio(),
    transforms.ScaleByRms(),
    transforms.ScaleBySum(),
    transforms.SignOfMomentum(),
)


def small_model(optimizer, loss="softmax_cross_entropy", metric=None):
    model = gn.Sequential([layers.Dense(5, "tanh"), layers.Dense(3)], seed=5)
    model.build((None, 4))
    model.compile(optimizer, loss, metric)
    return model


def test_every_optimizer_and_schedule_has_its_round_trip():
    assert exported(optimizers) == set(OPTIMIZERS) == set(registry.CLASSES["optimizer"])
    assert (
        exported(schedules, ("LearningRateSchedule",)) == set(SCHEDULES) == set(registry.CLASSES["schedule"])
    )
    assert {type(t) for t in TRANSFORMS} == set(transforms.Transform.__subclasses__())
    assert {type(t) for t in TRANSFORMS} == set(registry.CLASSES["transform"].values())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, round_trip):
    found = round_trip(trained(small_model(OPTIMIZERS[name])))
    assert repr(found.optimizer) == repr(OPTIMIZERS[name])


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name, round_trip):
    found = round_trip(trained(small_model(optimizers.Adam(SCHEDULES[name]))))
    assert repr(found.optimizer.learning_rate) == repr(SCHEDULES[name])


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)
def test_transforms(transform):
    assert unpacked(transform) == transform


def unpacked(value, custom=None):
    packer = Packer()
    return Unpacker(packer.arrays, custom).unpack(packer.pack(value))


def test_a_learning_rate_of_zero_comes_back(round_trip):
    model = trained(small_model("adam"))
    model.optimizer.learning_rate = 0
    assert round_trip(model).optimizer.learning_rate == 0


# ------------------------------------------------------------------------------------------ metrics
METRICS = [
    "accuracy",
    "sparse_categorical_accuracy",
    "top_k_accuracy",
    "f1_macro",
    "neg_log_loss",
    "softmax_cross_entropy",
    metrics.TopKAccuracy(2),
    metrics.Metric("huber of both", losses.multiclass_hinge),
    losses.Focal(gamma=1.0),
]


def test_metrics(round_trip):
    model = trained(small_model("adam", metric=METRICS))
    found = round_trip(model)
    assert repr(found.metrics) == repr(model.metrics)
    X, y = np.eye(4), np.array([0, 1, 2, 0])
    assert found.evaluate(X, y) == model.evaluate(X, y)


def test_a_metric_with_a_threshold(round_trip):
    model = trained(small_model("adam", "binary_cross_entropy", [metrics.BinaryAccuracy(0.7, "above")]))
    assert round_trip(model).metrics[0].threshold == 0.7


def test_every_metric_class_is_covered():
    assert exported(metrics) | {"Metric"} == set(registry.CLASSES["metric"])


# ------------------------------------------------------------------------------------------ small objects
CONSTANTS = {
    "Constant": initializers.Constant(0.3),
    "Fixed": Fixed(np.arange(12.0).reshape(4, 3)),
    "Identity": initializers.Identity(2.0),
    "Orthogonal": initializers.Orthogonal(1.5, seed=3),
    "RandomNormal": initializers.RandomNormal(0.1, 0.2, 4),
    "RandomUniform": initializers.RandomUniform(-1, 1),
    "Sparse": initializers.Sparse(2, 0.5),
    "TruncatedNormal": initializers.TruncatedNormal(stddev=0.5),
    "VarianceScaling": initializers.VarianceScaling(2.0, "fan_out", "uniform", 7),
}


def test_every_initializer_regularizer_and_constraint_is_known():
    for kind, module in (
        ("initializer", initializers),
        ("regularizer", regularizers),
        ("constraint", constraints),
    ):
        names = exported(module, (kind.capitalize(),))
        assert names | ({"Fixed"} if kind == "initializer" else set()) == set(registry.CLASSES[kind])


@pytest.mark.parametrize("name", registry.CLASSES["initializer"])
def test_initializers(name):
    made = CONSTANTS.get(name) or registry.CLASSES["initializer"][name]()
    found = unpacked(made)
    assert type(found) is type(made)
    np.testing.assert_array_equal(found((4, 3), seed=1), made((4, 3), seed=1))


PENALTIES = [
    regularizers.HalfL2(0.1),
    L1(0.2),
    L2(0.3),
    regularizers.L1L2(0.1, 2),
    regularizers.OrthogonalRegularizer(0.1, "columns"),
    MaxNorm(3, [0]),
    constraints.MinMaxNorm(0.1, 2, 0.5, 0),
    constraints.NonNeg(),
    constraints.UnitNorm((0, 1)),
]


@pytest.mark.parametrize("made", PENALTIES, ids=lambda p: type(p).__name__)
def test_regularizers_and_constraints(made):
    found = unpacked(made)
    assert (type(found), found.get_config()) == (type(made), made.get_config())


@pytest.mark.parametrize("name", [n for n in activations.__all__ if n not in ("get", "threshold")])
def test_activations_are_the_very_functions(name):
    function = getattr(activations, name)
    assert unpacked(function) is function


def test_an_activation_with_options(round_trip):
    clipped = functools.partial(activations.threshold, threshold=0.5, default_value=-0.25)
    model = gn.Sequential([layers.Dense(3, functools.partial(activations.leaky_relu, negative_slope=0.1))])
    model.add(layers.Activation(clipped))
    model.build((None, 4))
    model.compile("adam", "squared_error")
    round_trip(trained(model))


VALUES = [
    None,
    True,
    7,
    -0.0,
    1e-310,
    "Grüße 😀",
    [1, [2.0, None]],
    (1, (2, "x")),
    {"a": (1,), 3: [4], (1, 2): None},
    float("inf"),
    -(2**63),
    [],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values(value):
    found = unpacked(value)
    assert (type(found), repr(found)) == (type(value), repr(value))


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.float32([1, 2]),
    np.array(3),
    np.zeros((0, 4)),
    np.array([True, False]),
    np.array([1, 2], ">i2"),
    np.arange(12.0).reshape(3, 4).T,
    np.array(["a", "bcd"]),
    np.array(["x", 1, None], object),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays(array, tmp_path):
    packer = Packer()
    described = packer.pack(array)
    gn.files.write(tmp_path / "a", {"kind": "test", "value": described}, packer.arrays)
    document, tensors = gn.files.read(tmp_path / "a")
    found = Unpacker(tensors).unpack(document["value"])
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype.newbyteorder("=")
