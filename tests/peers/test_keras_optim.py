"""Keras (on JAX) and PyTorch as referees of optimizers, their options, schedules, the plateau callback."""

from __future__ import annotations

import inspect
import os
from types import SimpleNamespace

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
jax = pytest.importorskip("jax", reason="needs jax, torch and keras")
torch = pytest.importorskip("torch", reason="needs jax, torch and keras")
keras = pytest.importorskip("keras", reason="needs jax, torch and keras")

from glassnet import optimizers, schedules  # noqa: E402
from glassnet.callbacks import ReduceLROnPlateau  # noqa: E402

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]

TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
STEPS = 8
SHAPES = {"dense_1.kernel": (4, 3), "dense_1.bias": (3,), "dense_2.kernel": (3, 2)}


@pytest.fixture(autouse=True)
def double_precision():
    """JAX computes in float64 where it gets float64, and Keras keeps its rates in it."""
    before = keras.config.floatx()
    with jax.enable_x64(True):
        yield
    keras.config.set_floatx(before)


def arrays(seed, dtype, scale=1.0):
    generator = np.random.default_rng(seed)
    return {key: generator.normal(0, scale, shape).astype(dtype) for key, shape in SHAPES.items()}


def gradients(step, dtype):
    """Of very different sizes, and with some exact zeros."""
    drawn = arrays(100 + step, dtype, scale=0.3 * 2.0 ** (step % 3))
    drawn["dense_1.bias"][1] = 0.0
    return drawn


def ours(optimizer, dtype, steps=STEPS):
    parameters = arrays(0, dtype)
    state = optimizer.init(parameters)
    for step in range(steps):
        parameters, state = optimizer.update(parameters, gradients(step, dtype), state)
    return parameters


def by_keras(optimizer, dtype, steps=STEPS):
    variables = [
        keras.Variable(value, dtype=dtype, name=key.split(".")[1]) for key, value in arrays(0, dtype).items()
    ]
    optimizer.build(variables)
    for step in range(steps):
        optimizer.apply([keras.ops.array(g) for g in gradients(step, dtype).values()], variables)
    return dict(zip(SHAPES, map(np.asarray, variables), strict=True))


def by_torch(make, dtype, steps=STEPS):
    variables = [torch.tensor(value, requires_grad=True) for value in arrays(0, dtype).values()]
    optimizer = make(variables)
    for step in range(steps):
        for variable, g in zip(variables, gradients(step, dtype).values(), strict=True):
            variable.grad = torch.tensor(g)
        optimizer.step()
    return {key: variable.detach().numpy() for key, variable in zip(SHAPES, variables, strict=True)}


def assert_close(found, expected, dtype):
    for key, value in expected.items():
        assert found[key].dtype == value.dtype == np.dtype(dtype)
        np.testing.assert_allclose(
            found[key], value, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype], err_msg=key
        )


# Keras's Adam puts epsilon elsewhere (see below), so it is compared without one.
SAME = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.7, "epsilon": 1e-3}),
    ("RMSprop", {"centered": True}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adadelta", {}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-3}),
    ("Adam", {"epsilon": 1e-20}),
    ("Adam", {"epsilon": 1e-20, "amsgrad": True}),
    ("AdamW", {"epsilon": 1e-20}),
    ("Adamax", {}),
    ("Adamax", {"epsilon": 1e-3}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.8, "epsilon": 1e-3}),
    ("Lion", {}),
]
OPTIONS = [
    {"weight_decay": 0.1},
    {"clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"global_clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
    {
        "weight_decay": 0.1,
        "clipnorm": 0.5,
        "use_ema": True,
        "ema_momentum": 0.7,
        "ema_overwrite_frequency": 3,
    },
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name, options", SAME, ids=str)
def test_optimizers(name, options, dtype):
    """In float32 Keras has 1 - 0.999**t to 4 digits only, so its steps are smaller there."""
    keras.config.set_floatx(dtype)
    options = {"learning_rate": 0.05 if dtype == "float64" else 0.005, **options}
    if options.get("epsilon") == 1e-20 and dtype == "float32":
        options["epsilon"] = 1e-12  # Keras divides 0 by 0 where a gradient is 0 and epsilon vanishes
    expected = by_keras(getattr(keras.optimizers, name)(**options), dtype)
    assert_close(ours(getattr(optimizers, name)(**options), dtype), expected, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Lion"])
def test_shared_options(name, options, dtype):
    keras.config.set_floatx(dtype)
    expected = by_keras(getattr(keras.optimizers, name)(0.05, **options), dtype)
    assert_close(ours(getattr(optimizers, name)(0.05, **options), dtype), expected, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_exclusions_from_weight_decay(dtype):
    keras.config.set_floatx(dtype)
    theirs, mine = keras.optimizers.SGD(0.05, weight_decay=0.1), optimizers.SGD(0.05, weight_decay=0.1)
    for optimizer in (theirs, mine):
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert_close(ours(mine, dtype), by_keras(theirs, dtype), dtype)


@pytest.mark.parametrize("amsgrad", [False, True])
def test_deviation_keras_divides_adams_epsilon_by_the_correction(amsgrad):
    """Kingma and Ba, before section 2.1: Keras's epsilon at step t is theirs times sqrt(1 - beta_2^t)."""
    keras.config.set_floatx("float64")
    epsilon = 1e-3
    theirs = by_keras(keras.optimizers.Adam(0.05, epsilon=epsilon, amsgrad=amsgrad), "float64", steps=1)
    mine = ours(optimizers.Adam(0.05, epsilon=epsilon, amsgrad=amsgrad), "float64", steps=1)
    corrected = ours(
        optimizers.Adam(0.05, epsilon=epsilon / np.sqrt(1 - 0.999), amsgrad=amsgrad), "float64", steps=1
    )
    assert_close(corrected, theirs, "float64")
    assert max(np.abs(mine[key] - theirs[key]).max() for key in mine) > 1e-4


@pytest.mark.parametrize(
    "name", ["SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "AdamW", "Adamax", "Nadam", "Lion"]
)
def test_arguments_and_defaults(name):
    """Keras's, but for what is not ours, and ours, which come last and by name."""
    theirs = inspect.signature(getattr(keras.optimizers, name)).parameters
    mine = inspect.signature(getattr(optimizers, name)).parameters
    not_ours = {"loss_scale_factor", "gradient_accumulation_steps", "kwargs"}
    only_ours = {"multipliers", "decay_exclusions"}
    assert {key: p.default for key, p in mine.items() if key not in {*only_ours, "name"}} == {
        key: p.default for key, p in theirs.items() if key not in {*not_ours, "name"}
    }
    positional = [key for key, p in mine.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == [key for key in theirs if key in positional]


# ------------------------------------------------------------------------------------------ PyTorch
TORCH = [
    (optimizers.SGD(0.05), lambda w: torch.optim.SGD(w, 0.05)),
    (optimizers.SGD(0.05, 0.9), lambda w: torch.optim.SGD(w, 0.05, momentum=0.9)),
    (optimizers.SGD(0.05, 0.9, True), lambda w: torch.optim.SGD(w, 0.05, momentum=0.9, nesterov=True)),
    (optimizers.Adadelta(0.5, 0.9, 1e-6), lambda w: torch.optim.Adadelta(w, 0.5, rho=0.9, eps=1e-6)),
    (optimizers.Adam(0.05), lambda w: torch.optim.Adam(w, 0.05, eps=1e-7)),
    (optimizers.Adam(0.05, epsilon=1e-2), lambda w: torch.optim.Adam(w, 0.05, eps=1e-2)),
    (
        optimizers.Adam(0.05, epsilon=1e-2, amsgrad=True),
        lambda w: torch.optim.Adam(w, 0.05, eps=1e-2, amsgrad=True),
    ),
    (optimizers.AdamW(0.05, 0.1), lambda w: torch.optim.AdamW(w, 0.05, eps=1e-7, weight_decay=0.1)),
    # PyTorch keeps the product of the momenta in float32.
    (
        optimizers.Nadam(0.05, epsilon=1e-2),
        lambda w: torch.optim.NAdam(w, 0.05, eps=1e-2, momentum_decay=1.0),
    ),
    # Outside the root, inside the maximum: elsewhere than in Keras, so compared without an epsilon.
    (optimizers.RMSprop(0.05, epsilon=1e-20), lambda w: torch.optim.RMSprop(w, 0.05, alpha=0.9, eps=1e-10)),
    (
        optimizers.RMSprop(0.05, 0.9, 0.8, 1e-20),
        lambda w: torch.optim.RMSprop(w, 0.05, alpha=0.9, eps=1e-10, momentum=0.8),
    ),
    (
        optimizers.Adagrad(0.05, 0.1, 1e-20),
        lambda w: torch.optim.Adagrad(w, 0.05, initial_accumulator_value=0.1, eps=1e-10),
    ),
    (optimizers.Adamax(0.05, epsilon=1e-20), lambda w: torch.optim.Adamax(w, 0.05, eps=1e-20)),
]  # fmt: skip


@pytest.mark.parametrize("mine, theirs", TORCH, ids=[repr(row[0]) for row in TORCH])
def test_pytorch(mine, theirs):
    found, expected = ours(mine, "float64"), by_torch(theirs, "float64")
    loose = isinstance(mine, optimizers.Nadam) or getattr(mine, "epsilon", 1.0) == 1e-20
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-7 if loose else 1e-12, err_msg=key)


def test_pytorchs_clipping_adds_a_millionth_to_the_norm():
    tensors = [torch.tensor(g) for g in gradients(0, "float64").values()]
    for tensor in tensors:
        tensor.grad = tensor.clone()
    torch.nn.utils.clip_grad_norm_(tensors, 0.5)
    found = optimizers.SGD(global_clipnorm=0.5).clip_all(list(gradients(0, "float64").values()))
    for g, tensor in zip(found, tensors, strict=True):
        np.testing.assert_allclose(g, tensor.grad.numpy(), rtol=1e-6)


# ------------------------------------------------------------------------------------------ schedules
SCHEDULES = [
    ("ExponentialDecay", (0.4, 7, 0.7), {}),
    ("ExponentialDecay", (0.4, 7, 0.7), {"staircase": True}),
    ("InverseTimeDecay", (0.4, 7, 0.7), {}),
    ("InverseTimeDecay", (0.4, 7, 0.7), {"staircase": True}),
    ("PiecewiseConstantDecay", ([5, 9, 20], [0.4, 0.3, 0.2, 0.1]), {}),
    ("PolynomialDecay", (0.4, 13), {}),
    ("PolynomialDecay", (0.4, 13, 0.1, 0.5), {}),
    ("PolynomialDecay", (0.4, 7, 0.1, 2.0), {"cycle": True}),
    ("CosineDecay", (0.4, 13), {}),
    ("CosineDecay", (0.4, 13, 0.2), {}),
    ("CosineDecay", (0.1, 13, 0.2), {"warmup_target": 0.4, "warmup_steps": 6}),
    ("CosineDecay", (0.0, 13), {"warmup_target": 0.4, "warmup_steps": 6}),
    ("CosineDecay", (0.1, 13), {"warmup_target": 0.4}),
    ("CosineDecayRestarts", (0.4, 7), {}),
    ("CosineDecayRestarts", (0.4, 7), {"t_mul": 1.0, "m_mul": 0.9, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.4, 5), {"t_mul": 1.5, "m_mul": 0.8, "alpha": 0.1}),
]


@pytest.mark.parametrize("name, arguments, options", SCHEDULES, ids=str)
def test_schedules(name, arguments, options):
    keras.config.set_floatx("float64")
    mine = getattr(schedules, name)(*arguments, **options)
    theirs = getattr(keras.optimizers.schedules, name)(*arguments, **options)
    expected = [float(theirs(np.float64(step))) for step in range(40)]
    tolerance = 1e-7 if "Cosine" in name else 1e-12  # on JAX keras.ops.cos answers float32
    np.testing.assert_allclose([mine(step) for step in range(40)], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", sorted({row[0] for row in SCHEDULES}))
def test_schedules_have_keras_arguments_in_its_order(name):
    theirs = inspect.signature(getattr(keras.optimizers.schedules, name)).parameters
    mine = inspect.signature(getattr(schedules, name)).parameters
    assert list(mine) == list(theirs)
    assert {key: p.default for key, p in mine.items() if key != "name"} == {
        key: p.default for key, p in theirs.items() if key != "name"
    }


def test_a_schedule_inside_an_optimizer():
    """Keras's step counts from 0 at the first update, and so does ours."""
    keras.config.set_floatx("float64")
    theirs = keras.optimizers.SGD(keras.optimizers.schedules.PolynomialDecay(0.4, 6))
    mine = optimizers.SGD(schedules.PolynomialDecay(0.4, 6))
    assert_close(ours(mine, "float64"), by_keras(theirs, "float64"), "float64")


def rates_of(make, steps=40):
    optimizer = torch.optim.SGD([torch.zeros(1)], 0.4)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    "mine, theirs, steps",
    [
        (schedules.StepDecay(0.4, 7, 0.3), lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.3), 40),
        (
            schedules.ExponentialDecay(0.4, 1, 0.9),
            lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9),
            40,
        ),
        (schedules.OneCycle(0.4, 40), lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.4, 40), 40),
        (
            schedules.OneCycle(0.4, 40, 0.6, 5.0, 7.0),
            lambda o: torch.optim.lr_scheduler.OneCycleLR(
                o, 0.4, 40, pct_start=0.6, div_factor=5.0, final_div_factor=7.0
            ),
            40,
        ),
        (
            schedules.CosineDecayRestarts(0.4, 7, 3.0),
            lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 7, 3),
            40,
        ),
        (schedules.CosineDecay(0.4, 39), lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 39), 40),
    ],
    ids=["step", "exponential", "one cycle", "one cycle, options", "restarts", "cosine"],
)
def test_pytorchs_schedules(mine, theirs, steps):
    np.testing.assert_allclose(
        [mine(step) for step in range(steps)], rates_of(theirs, steps), rtol=0, atol=1e-12
    )


# ------------------------------------------------------------------------------------------ the callback
@pytest.mark.parametrize("seed", range(20))
def test_reduce_on_plateau(seed):
    generator = np.random.default_rng(seed)
    options = {
        "monitor": "loss",
        "factor": 0.5,
        "patience": int(generator.integers(0, 4)),
        "cooldown": int(generator.integers(0, 3)),
        "min_delta": float(generator.choice([0.0, 0.1])),
        "min_lr": float(generator.choice([0.0, 0.02])),
        "mode": str(generator.choice(["min", "max"])),
    }
    losses = generator.integers(0, 6, 40) / 5
    keras.config.set_floatx("float64")
    rates = []
    for callback, optimizer in [
        (ReduceLROnPlateau(**options), optimizers.SGD(1.0)),
        (keras.callbacks.ReduceLROnPlateau(**options), keras.optimizers.SGD(1.0)),
    ]:
        callback.set_model(SimpleNamespace(optimizer=optimizer))
        callback.on_train_begin()
        found = []
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"loss": float(loss)})
            found.append(float(optimizer.learning_rate))
        rates.append(found)
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-7)
