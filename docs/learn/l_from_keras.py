r"""
Coming from Keras
=================

The names are Keras's: layers, initializers, regularizers, constraints, optimizers, schedules, losses,
``compile``, ``fit``, ``evaluate``, ``predict``. What comes on top is that nothing is hidden: the training
step is a program that can be read, and a layer of one's own is plain NumPy. What Keras has and is not here,
convolutions and recurrent layers first of all, is listed with every argument in :doc:`../keras_table`.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet import callbacks, layers

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)

# %%
# Sequential
# ----------
#
# As in Keras, but for the imports and the last layer: it gives scores, and the loss,
# ``softmax_cross_entropy``, takes the labels as they are. No ``Input`` is needed; the shape is that of the
# data.

model = gn.Sequential(
    [
        layers.Normalization(),
        layers.Dense(64, activation="relu", kernel_initializer="he_normal"),
        layers.Dropout(0.2),
        layers.Dense(10, kernel_regularizer=gn.regularizers.L2(1e-4)),
    ],
    seed=1,
)
model.compile(optimizer=gn.optimizers.Adam(0.003), loss="softmax_cross_entropy", metrics=["accuracy"])
history = model.fit(X_train, y_train, batch_size=64, epochs=10, validation_split=0.1, verbose=2)

# %%
# ``evaluate`` answers a dict, always:

print(model.evaluate(X_test, y_test))
model.summary()

# %%
# Keras's own spelling works, too, and means what it means there: a softmax in the network, and a loss that
# takes probabilities. What is printed and run is the stable form nevertheless: the loss is taken from
# ``log_softmax`` of the scores, and not from the logarithm of a softmax that may have come out as 0.

same = gn.Sequential([layers.Dense(10, activation="softmax")])
same.compile("sgd", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
same.fit(X_train / 16, y_train, epochs=40, verbose=0)
print({name: round(values[-1], 3) for name, values in same.history.history.items()})
print(same.source())

# %%
# ``Normalization`` and ``adapt``
# -------------------------------
#
# ``adapt`` takes the statistics of the data. Whoever leaves it out gets it from ``fit``, which adapts what
# has not been adapted, to the training examples alone and never to those held out.

scaling = layers.Normalization()
scaling.adapt(X_train)
print(np.allclose(scaling(X_train).mean(axis=0), 0, atol=1e-5))

# %%
# Functional models
# -----------------
#
# ``gn.Input`` starts a graph. Layers apply to what comes out of it, and so does NumPy: no ``keras.ops``, no
# ``Lambda``.

pixels = gn.Input((64,), name="pixels")
h = layers.Dense(32, activation="relu")(layers.Rescaling(1 / 16)(pixels))
h = h + np.tanh(layers.Dense(32)(h))
h = layers.Concatenate()([h, np.maximum(h - 1, 0)])
functional = gn.Model(pixels, layers.Dense(10)(h))
functional.compile("adam", "softmax_cross_entropy", metrics=["accuracy"])
functional.fit(X_train, y_train, epochs=15, verbose=0)
print(functional.evaluate(X_test, y_test))

# %%
# Several inputs and shared layers work as in Keras; there is one output.
#
# A layer of one's own
# --------------------
#
# ``build`` and ``call``, with ``add_weight``. The body of ``call`` is NumPy, it is differentiated as it
# stands, and the names of its variables come back in the program. The first argument of ``add_weight`` is the
# name, the second the shape.


class Gate(gn.Layer):
    def build(self, input_shape):
        self.slope = self.add_weight("slope", (input_shape[-1],), "ones")

    def call(self, x):
        gate = 1 / (1 + np.exp(-self.slope * x))
        return gate * x


gated = gn.Sequential([layers.Rescaling(1 / 16), layers.Dense(32), Gate(), layers.Dense(10)])
gated.compile("adam", loss="softmax_cross_entropy")
gated.fit(X_train, y_train, epochs=20, verbose=0)
print("\n".join(line for line in gated.source().splitlines() if "gate" in line or "slope" in line))

# %%
# A loss is a NumPy function of (y, scores) that gives one value per example; a metric likewise:


def cubic(y, scores):
    return (np.abs(y - scores) ** 3).mean(axis=-1)


line = gn.Sequential([layers.Dense(1)])
line.compile(gn.optimizers.SGD(0.05), loss=cubic, metrics=["mae"])
line.fit(np.linspace(-1, 1, 64)[:, None], np.linspace(-2, 2, 64), epochs=60, verbose=0)
print({name: round(values[-1], 4) for name, values in line.history.history.items()})

# %%
# Callbacks
# ---------
#
# The moments and their names are Keras's. There is no ``TerminateOnNaN``: that is always on, and the last
# finite weights are kept.


class Gap(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: {logs['val_loss'] - logs['loss']:+.3f} on validation")


model = gn.Sequential(
    [layers.Normalization(), layers.Dense(64, "relu"), layers.Dropout(0.3), layers.Dense(10)], seed=1
)
model.compile(gn.optimizers.SGD(0.01, momentum=0.9, nesterov=True), "softmax_cross_entropy", ["accuracy"])
history = model.fit(
    X_train,
    y_train,
    epochs=60,
    verbose=0,
    validation_split=0.2,
    callbacks=[
        Gap(),
        callbacks.EarlyStopping(patience=8, restore_best_weights=True),
        callbacks.ReduceLROnPlateau(factor=0.3, patience=3),
    ],
)
print(len(history.epoch), "epochs;", model.evaluate(X_test, y_test))
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(history.history["loss"], label="training")
ax.plot(history.history["val_loss"], label="validation")
ax.set(xlabel="epoch", ylabel="loss", yscale="log")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)

# %%
# Saving
# ------
#
# One ``.safetensors`` file holds the architecture, the weights and the state of the optimizer; ``fit`` goes
# on after :func:`glassnet.load`. Classes of one's own are named in the file and handed over when it is read:

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "gated.safetensors")
    gated.save(path)
    found = gn.load(path, custom={"Gate": Gate})
    print(path.stat().st_size, "bytes;", np.array_equal(found.predict(X_test), gated.predict(X_test)))

# %%
# Weights are arrays with names instead of a list in an order:

print({key: array.shape for key, array in gated.parameters.items()})
gated.set_parameters({"gate_1.slope": np.full(32, 2.0)})

# %%
# What is different
# -----------------
#
# .. list-table::
#    :header-rows: 1
#
#    * - in Keras
#      - here
#      - why
#    * - ``model.fit(x=..., y=...)``
#      - ``model.fit(X, y)``
#      - scikit-learn's names; by position the same
#    * - ``Sequential([Input((4,)), ...])``
#      - ``Sequential([...])``
#      - the data have a shape; without them ``build``
#    * - ``evaluate`` gives a list
#      - a dict
#      - no guessing what stands where
#    * - ``compile()`` has ``"rmsprop"`` and no loss
#      - ``"adam"``, and a loss is needed
#      - no training without one
#    * - ``call(self, x, training=False)``
#      - ``call(self, x)``
#      - what differs in training is in layers such as ``Dropout``
#    * - ``layers.Dropout(seed=...)``
#      - ``Sequential(seed=...)``
#      - every draw follows from seed, step and place
#    * - ``validation_split``: the last rows
#      - drawn by the seed, each class in its share
#      - files are often sorted
#    * - weighted loss :math:`\sum w\ell/n`
#      - :math:`\sum w\ell/\sum w`
#      - a weight of 2 is the example twice
#    * - Adam's :math:`\epsilon` beside the uncorrected root
#      - beside the corrected one
#      - as in the paper
#    * - a model file names classes by their modules
#      - by a closed table
#      - a file runs nothing: :doc:`i_model_files`
#    * - ``jit_compile``
#      - ``backend="numba"``
#      - :doc:`k_compiled`
#
# :doc:`../conventions` has a checked line for each number that differs. A wrong name is answered with a right
# one:

for attempt in (
    lambda: gn.Sequential([layers.Dense(3, activation="rleu")]),
    lambda: model.compile("adam", "mean_square_error"),
    lambda: model.predict(X_test[0]),
):
    try:
        attempt()
    except ValueError as error:
        print(error, end="\n\n")

# %%
# And what Keras does not have: the program of the training step (``model.source()``), the same as a folder
# that needs only NumPy (``model.script``), its gradient checked (:func:`glassnet.check_gradients`), a
# diagnosis of a network that does not learn (:func:`glassnet.diagnose`), scikit-learn's contract
# (:class:`glassnet.NetworkClassifier`).
