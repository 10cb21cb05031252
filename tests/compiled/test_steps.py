"""A whole training step of every kind of network: as compiled loops it does what the NumPy program does."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from agreement import assert_agree, call, is_noisy, room, run_in_python, run_in_threads
from networks import TASKS
from plain_kernels import KERNELS

from glassnet import constraints, layers, losses, metrics, optimizers, regularizers, schedules
from glassnet.nn.activations import ACTIVATIONS
from glassnet.nn.losses import CLASSES
from glassnet.optim.lbfgs import LBFGS
from glassnet.programs import allowed_compiled
from glassnet.programs.compiled import CompiledProgram

LATE = 2500  # a step at which every schedule is somewhere in its course


def prepared(name, dtype):
    """A task's model, its data, and the values of everything that a training step takes."""
    task = TASKS[name](dtype)
    model = task.model
    data = model._dataset(task.X, task.y, "fit()", task.sample_weight)
    model._note_data(data)
    graph = model._shelf.graph("train", model._target, model._weighted, True)
    program = model._shelf.program("train", model._target, model._weighted, True)
    values = model._shelf.training_values(program, model.seed, LATE - 1)
    # A memory that is not zero: at the first step Adam divides a gradient by its own size, be it rounding.
    generator = np.random.default_rng(5)
    for place in [("argument", slot) for slot in model.optimizer.slots]:
        values[place] = np.asarray(0.1 + generator.random(values[place].shape), dtype)
    values.update({("argument", key): array for key, array in data.arrays().items()})
    return model, graph, values


# ------------------------------------------------------------------------------------------ all of it
def members(names):
    """Everything that is in any of the tasks: objects, and what they hold."""
    seen, stack = {}, [TASKS[name]("float32").model for name in names]
    while stack:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, (str, int, float, np.ndarray, type, type(None))):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, (list, tuple)):
            stack.extend(thing)
        elif isinstance(thing, dict):
            stack.extend(thing.values())
        elif isinstance(thing, partial):
            stack.append(thing.func)
        elif type(thing).__module__.startswith("glassnet") and hasattr(thing, "__dict__"):
            stack.extend(vars(thing).values())
    return list(seen.values())


def test_everything_there_is_has_a_task():
    found = members(TASKS)
    classes = {type(thing) for thing in found}
    for module in (layers, losses, optimizers, constraints, regularizers, schedules, metrics):
        known = [getattr(module, name) for name in module.__all__]
        bases = ("Layer", "Loss", "Optimizer", "Constraint", "Regularizer", "LearningRateSchedule")
        made = {cls for cls in known if isinstance(cls, type) and cls.__name__ not in bases}
        missing = {cls.__name__ for cls in made - classes} - {"Tree", "Bins", "Scorer"}
        assert not missing, f"{module.__name__}: {missing}"
    functions = {id(thing) for thing in found if callable(thing)}
    assert not {name for name, function in ACTIVATIONS.items() if id(function) not in functions} - {
        "threshold"
    }
    assert {type(thing) for thing in found} >= set(CLASSES) | {LBFGS}


def test_every_kernel_has_a_stand_in():
    called = {name for name in allowed_compiled.KERNELS if name.islower()}
    assert called == set(KERNELS)


# ------------------------------------------------------------------------------------------ run by Python
def check_step(name, dtype):
    """Compiled: a training step. (The gradient of a bias before batch norm is 0 but for rounding.)"""
    _, graph, values = prepared(name, dtype)
    program = CompiledProgram(graph, room(graph, values), dtype)
    small = 1e-6 if is_noisy(program) else None
    assert_agree(graph, values, call(program, values), dtype, cancels=True, small=small)


def check_in_python(name, dtype, kinds=()):
    """Run by Python: a training step, and other programs."""
    model, graph, values = prepared(name, dtype)
    assert_agree(graph, values, run_in_python(graph, values, dtype), dtype, cancels=True)
    for kind in kinds:
        graph = model._shelf.graph(kind, model._target, model._weighted, False)
        now = {**model._shelf.values(graph, model.seed, LATE - 1), **values}
        assert_agree(graph, now, run_in_python(graph, now, dtype), dtype, cancels=True)


def check_threads(name, small):
    _, graph, values = prepared(name, "float64")
    found = run_in_threads(graph, values, "float64", small=small)
    assert_agree(graph, values, found, "float64", cancels=True)


@pytest.mark.parametrize("name", TASKS)
def test_programs_run_by_python(name):
    """Training, predictions, losses as in prediction, gradients."""
    check_in_python(name, "float64", ("predict", "loss", "gradients"))


@pytest.mark.parametrize("name", list(TASKS)[::3])
def test_float32_run_by_python(name):
    check_in_python(name, "float32")


@pytest.mark.parametrize("name", list(TASKS)[1::4])
def test_threads_run_by_python(name):
    """Whoever computes a part, and whoever comes first: the same bits; NumPy's but for rounding."""
    check_threads(name, small=0 if len(name) % 2 else 4096)


@pytest.mark.campaign
@pytest.mark.parametrize("name", TASKS)
def test_campaign_of_programs_run_by_python(name):
    check_in_python(name, "float32", ("predict", "loss", "gradients"))
    check_threads(name, small=0)
    check_threads(name, small=4096)


# ------------------------------------------------------------------------------------------ compiled
# Each kind of loop, of reduction and of memory is among these; `-m campaign` compiles all.
CHOSEN = [
    "layer: dense, all options",
    "layer: dense of images",
    "layer: batch norm of sequences",
    "layer: custom with layers inside",
    "layer: vanilla dropout of images",
    "layer: alpha dropout",
    "layer: dropconnect, all options",
    "layer: layer norm over places",
    "layer: group norm of images",
    "layer: unit norm",
    "layer: dot along different axes",
    "layer: concatenate sequences",
    "layer: mean of everything",
    "layer: activation maxout of images",
    "layer: embedding",
    "activation: gelu",
    "activation: sparsemax",
    "activation: softplus",
    "loss: SoftmaxCrossEntropy(label_smoothing=0.1) 2, weighted",
    "loss: MulticlassHinge(margin=2, kind='crammer_singer') 8, weighted",
    "loss: HierarchicalSoftmax(tree=Tree((((0, 1), 2), (3, 4)))) 36",
    "loss: Tweedie() 32, weighted",
    "loss: summed over examples",
    "metric: top_k_categorical_accuracy, softmax_cross_entropy, 3, weighted",
    "optimizer: nadam",
    "optimizer: one_cycle",
    "optimizer: cosine_decay_restarts",
    "optimizer: Adam, all",
    "optimizer: centered, clipped, decayed, averaged",
    "optimizer: sgd 0.3, many arrays",
    "constraint: min_max_norm, rate, axis (0, 1), Adam",
    "regularizer: orthogonal of the kernel",
    "regularizer: of one's own",
    "model: shared, sgd",
    "model: gated, adam",
    "model: custom statistics, adam",
    "model: everything",
    "model: captured",
    "model: branches",
    "model: attention",
    "model: wide",
]


@pytest.mark.parametrize("name", CHOSEN)
def test_a_step_compiled(name):
    check_step(name, "float32" if CHOSEN.index(name) % 2 else "float64")


# Products of every kind: by tiles of an AVX2 processor and the BLAS, and by plain loops.
LESSER = ["model: wide", "model: branches"]


@pytest.mark.parametrize("bits", ["256", "0"])
@pytest.mark.parametrize("name", LESSER)
def test_a_step_compiled_for_lesser_processors(name, bits, monkeypatch):
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", bits)
    check_step(name, "float32")


@pytest.mark.campaign
@pytest.mark.parametrize("bits", ["256", "0"])
@pytest.mark.parametrize("name", CHOSEN)
def test_campaign_of_steps_compiled_for_lesser_processors(name, bits, monkeypatch):
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", bits)
    check_step(name, "float32")


@pytest.mark.campaign
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TASKS)
def test_campaign_of_compiled_steps(name, dtype):
    check_step(name, dtype)
