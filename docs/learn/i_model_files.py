r"""
I. Model files
==============

``model.save(path)`` writes one file: the architecture, the weights, and the state of the training.
``gn.load(path)`` reads it. The file cannot name code, so that a file from somebody you do not know can do
nothing worse than predict badly. A pickle can do anything: it is a program.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import glassnet as gn
from glassnet import layers

folder = Path(tempfile.mkdtemp())
iris = gn.datasets.load("iris")

model = gn.Sequential([layers.Normalization(), layers.Dense(8, "relu"), layers.Dense(3)])
model.compile("adam", "softmax_cross_entropy", metrics=["accuracy"])
model.fit(iris.data, iris.target, epochs=5, verbose=0)
model.save(folder / "iris.safetensors")

# %%
# The training goes on where it was: the optimizer's arrays, the step, the order of the examples are in the
# file, and the losses are those that the first model would have had, to the last bit.

found = gn.load(folder / "iris.safetensors")
print(found.fit(iris.data, iris.target, epochs=3, verbose=0).history["loss"])
print(model.fit(iris.data, iris.target, epochs=3, verbose=0).history["loss"])

# %%
# What is in it
# -------------
#
# A file of the format `safetensors <https://huggingface.co/docs/safetensors>`_: 8 bytes that say how long the
# header is, the header in JSON, and the numbers. Any reader of that format finds the weights by their keys.

for key, array in load_file(folder / "iris.safetensors").items():
    print(f"{key:28} {array.dtype} {array.shape}")

# %%
# The header's metadata hold one more JSON text, the *description*:

data = (folder / "iris.safetensors").read_bytes()
header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
description = json.loads(header["__metadata__"]["glassnet"])
print(description["sha256"], description["format"], description["kind"])
print(json.dumps(description["model"]["layers"][1], indent=2))
print(json.dumps(description["model"]["training"], indent=2))

# %%
# - ``sha256`` is the sum over the whole file with these 64 digits as zeros: over length, header and numbers.
#   One bit that has flipped anywhere is noticed.
# - ``format`` is the version of the description. Files of every version are kept with the tests and are read
#   for ever; a file of a newer version is refused.
# - A layer, optimizer or loss is described by its class's name, which is looked up in a closed table, and by
#   the arguments of its constructor. Nothing is imported, compiled or run by a name.
# - For a functional model the description lists the operations between the layers: plain NumPy, too.

damaged = bytearray(data)
damaged[-5] ^= 1
(folder / "damaged.safetensors").write_bytes(damaged)
try:
    gn.load(folder / "damaged.safetensors")
except gn.errors.ModelFileError as error:
    print(error.reason)

# %%
# What the reader does not believe
# --------------------------------
#
# Sizes are checked before memory is taken: at most 8 MB of description and 65,536 tensors; shapes of at most
# eight dimensions that fill the file without gaps; no duplicate keys, no NaN, no endless numbers, a depth of
# at most 16. Every layer is made by its ordinary constructor, which has to keep exactly what the file says,
# the shapes are inferred as they are for your own model, and the weights have to be the file's tensors, so
# that a small file cannot ask for much memory. Whatever is wrong is one error, with the place and the reason:

edited = data.replace(rb"\"units\":8", rb"\"units\":9")
old_sum = description["sha256"].encode()
right_sum = hashlib.sha256(edited.replace(old_sum, b"0" * 64)).hexdigest().encode()
(folder / "edited.safetensors").write_bytes(edited.replace(old_sum, right_sum))
try:
    gn.load(folder / "edited.safetensors")
except gn.errors.ModelFileError as error:
    print(error.key, error.reason)

# %%
# Writing is as careful: a temporary file in the same folder, brought to the disk, read again and checked, and
# only then put in the old file's place in one step. If the power fails in between, or the disk is full, the
# old file is still there, whole.
#
# Layers and functions of your own
# --------------------------------
#
# They are stored by their names. The class itself is handed over by whoever loads the file:


class Scale(gn.Layer):
    """Multiply by a fixed factor and by trained ones."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = factor

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.scale = self.add_weight("scale", (input_shape[-1],), "ones")

    def call(self, x):
        return x * self.scale * self.factor


def bent(x):
    """An activation of our own."""
    return np.where(x > 0, x, 0.1 * x)


own = gn.Sequential([Scale(0.5), layers.Dense(3, bent)])
own.build((None, 4))
own.save(folder / "own.safetensors")
try:
    gn.load(folder / "own.safetensors")
except gn.errors.ModelFileError as error:
    print(error.key, error.reason)

loaded = gn.load(folder / "own.safetensors", custom={"Scale": Scale, "bent": bent})
print(loaded.layers[0].factor, loaded.layers[1].activation.__name__)

# %%
# The constructor's arguments have to be kept as attributes of the same names, or answered by a method
# ``get_config()``. What cannot be stored is said when the file is written, not when it is read:

nameless = gn.Sequential([layers.Dense(1, lambda x: 2 * x)])
nameless.build((None, 4))
try:
    nameless.save(folder / "nameless.safetensors")
except gn.errors.ModelFileError as error:
    print(error.key, error.reason.replace(str(nameless.layers[0].activation), "<a lambda>"))
