"""A whole training step of every kind of network: as compiled loops it does what the NumPy program does."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import assert_agree, call, in_python, run_in_threads
from networks import TASKS

from glassnet import activations, constraints, layers, losses, optimizers, regularizers, schedules
from glassnet.nn.activations import ACTIVATIONS
from glassnet.nn.losses import CLASSES
from glassnet.optim.lbfgs import LBFGS
from glassnet.programs.compiled import CompiledProgram

RNG = np.random.default_rng(5)
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
    # A memory that is not zero: at the first step Adam divides a gradient by its own size, whatever rounding left.
    for place in [("argument", slot) for slot in model.optimizer.slots]:
        values[place] = np.asarray(0.1 + RNG.random(values[place].shape), dtype)
    values.update({("argument", key): array for key, array in data.arrays().items()})
    return model, graph, values, len(data)


def check_step(name, dtype):
    _, graph, values, n = prepared(name, dtype)
    program = CompiledProgram(graph, n, dtype)
    assert_agree(graph, values, call(program, values), dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TASKS)
def test_a_step_run_by_python(name, dtype):
    with in_python():
        check_step(name, dtype)


@pytest.mark.parametrize("name", TASKS)
def test_other_programs_run_by_python(name):
    """Predictions, losses as in prediction, and gradients."""
    model, _, values, n = prepared(name, "float64")
    with in_python():
        for kind in ("predict", "loss", "gradients"):
            graph = model._shelf.graph(kind, model._target, model._weighted, False)
            now = {**model._shelf.values(graph, model.seed, LATE - 1), **values}
            program = CompiledProgram(graph, n, "float64")
            assert_agree(graph, now, call(program, now), "float64")


@pytest.mark.parametrize("name", TASKS)
def test_a_step_shared_by_threads_run_by_python(name):
    """Whoever computes a part, and whoever comes first: the same bits, and those of NumPy but for rounding."""
    _, graph, values, n = prepared(name, "float64")
    small = 0 if len(name) % 2 else 4096
    assert_agree(graph, values, run_in_threads(graph, values, "float64", n, small=small), "float64")


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
    "loss: Tweedie(power=1.5) 32, weighted",
    "loss: summed over examples",
    "metric: top_k_accuracy, softmax_cross_entropy, 4, weighted",
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


@pytest.mark.campaign
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TASKS)
def test_campaign_of_compiled_steps(name, dtype):
    check_step(name, dtype)
