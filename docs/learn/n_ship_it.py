r"""
Ship it
=======

A trained network is a handful of arrays and a formula. Neither needs this package: ``export(path)`` writes
both to a file that runs where there is no glassnet, no scikit-learn, and perhaps no Python. The suffix of
the path names the format:

.. list-table::
   :header-rows: 1

   * - file
     - runs on
     - for
   * - ``.onnx``
     - onnxruntime and its like, in a dozen languages
     - services, browsers, telephones
   * - ``.c`` (and ``.h``)
     - whatever has a C99 compiler and ``math.h``
     - controllers, other people's programs
   * - ``.py``
     - Python with NumPy
     - a server that must stay small, a reader who wants to see it all
   * - ``.safetensors``
     - PyTorch: the weights under the names that its layers use
     - going on elsewhere

This page exports one network four times, runs every file, and measures how far its answers are from those of
``predict``. To keep a network and to train it further is another thing: :doc:`i_model_files`.
"""

import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import skl2onnx
from safetensors.numpy import load_file
from sklearn.datasets import load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet as gn
from glassnet import layers

warnings.filterwarnings("ignore", "X has . constant columns")  # some pixels of the rim are never inked
folder = Path(tempfile.mkdtemp())
X, y = load_digits(return_X_y=True)
X = X.astype("float32")
X_train, X_new, y_train, y_new = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)


model = gn.Sequential(
    [
        layers.Normalization(),
        layers.Dense(48),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dropout(0.2),
        layers.Dense(10),
    ]
)
model.compile("adam", "softmax_cross_entropy")
model.build((None, 64))
network = gn.NetworkClassifier(model, epochs=30, random_state=0).fit(X_train, y_train)
probabilities, labels = network.predict_proba(X_new), network.predict(X_new)
print(f"{network.score(X_new, y_new):.1%} right on {len(X_new)} rows it has never seen")

# %%
# ONNX
# ----
#
# Before you run: the network has six layers. How many operations does a prediction need?

network.export(folder / "digits.onnx")
stored = onnx.load(folder / "digits.onnx")
print([node.op_type for node in stored.graph.node])
print(stored.doc_string)

# %%
# Five, of which three are the network: ``Gemm`` is a product with a sum. Dropout does nothing when one
# predicts. Scaling the inputs and batch normalization are both a product and a sum for each column, so they
# have been multiplied into the weights of the dense layer between them:
#
# .. math::
#
#    \gamma \odot \frac{\big((x - \mu) / \sigma\big) W + b - m}{\sqrt{v + \epsilon}} + \beta
#    \;=\; x\, W' + b' .
#
# They are folded only where no digits are lost by it: for years, whose mean is a thousand times their spread,
# the subtraction stays.
#
# ``export`` has run the file in onnxruntime, on rows of its own, before it put it in its place. Anybody can
# do so again. Labels and probabilities are plain arrays:

session = onnxruntime.InferenceSession(folder / "digits.onnx")
label, found = session.run(["label", "probabilities"], {"X": X_new})
differences = {"digits.onnx": np.abs(found - probabilities).max()}
print(label[:10], labels[:10])
print(f"largest difference of a probability: {differences['digits.onnx']:.1e}")

# %%
# A whole pipeline of scikit-learn's becomes one file by skl2onnx, which has to be told once what these
# estimators are:

gn.export.register_skl2onnx()
classifier = gn.MLPClassifier(32, max_iter=300, tol=0.02, random_state=0)
pipeline = make_pipeline(StandardScaler(), classifier).fit(X_train, y_train)
converted = skl2onnx.to_onnx(pipeline, X_train[:1])
print([node.op_type for node in converted.graph.node])
session = onnxruntime.InferenceSession(converted.SerializeToString())
found = session.run(["probabilities"], {"X": X_new})[0]
print(f"largest difference: {np.abs(found - pipeline.predict_proba(X_new)).max():.1e}")

# %%
# C
# -
#
# Two files: the header says what there is to call.

network.export(folder / "digits.c")
print((folder / "digits.h").read_text())

# %%
# The source is the graph as loops over single numbers, with the weights as constants in front of it. It
# needs ``math.h`` for the exponential function and nothing else: it allocates nothing, keeps nothing from
# one call to the next, and reads and writes only what it is given. The network, whole:

source = (folder / "digits.c").read_text()
print(re.search(r"void digits_predict\(.*?\n}\n", source, re.DOTALL)[0])

# %%
# A program for it. This one reads rows of floats from its input, as a controller might read them from a
# sensor, and writes the label and the probabilities of each:

(folder / "main.c").write_text("""\
#include <stdio.h>
#include "digits.h"

int main(void)
{
    float x[DIGITS_INPUTS], y[DIGITS_OUTPUTS];
    while (fread(x, sizeof(float), DIGITS_INPUTS, stdin) == DIGITS_INPUTS) {
        digits_probabilities(x, y);
        printf("%s", digits_classes[digits_label(x)]);
        for (int i = 0; i < DIGITS_OUTPUTS; i++)
            printf(" %.9g", y[i]);
        printf("\\n");
    }
    return 0;
}
""")
strict = ["gcc", "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"]
subprocess.run([*strict, "main.c", "digits.c", "-lm", "-o", "digits"], cwd=folder, check=True)
printed = subprocess.run([folder / "digits"], input=X_new.tobytes(), capture_output=True, check=True).stdout
table = np.array([line.split() for line in printed.decode().splitlines()], float)
differences["digits.c"] = np.abs(table[:, 1:] - probabilities).max()
print((table[:, 0] == labels).all(), f"largest difference of a probability: {differences['digits.c']:.1e}")

# %%
# NumPy alone
# -----------
#
# One module. It begins with the program that glassnet has printed and ends with the weights:

network.export(folder / "digits.py")
module = (folder / "digits.py").read_text()
print(module[: module.index("def array")])
print("...\n\n" + module[module.index("def predict(") : module.index("WEIGHTS =")].rstrip())

# %%
# In another process, so that nothing of this page can help: which packages does it load?

program = """\
import sys
import numpy as np
import digits
np.save("answers.npy", digits.predict_proba(np.load("rows.npy")))
print(sorted({name.partition(".")[0] for name in sys.modules} & {"numpy", "glassnet", "sklearn", "scipy"}))
"""
np.save(folder / "rows.npy", X_new)
done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
print(done.stdout.strip())
differences["digits.py"] = np.abs(np.load(folder / "answers.npy") - probabilities).max()
print(f"largest difference: {differences['digits.py']:.1e}")

# %%
# The scores of the network are those of ``predict`` to the last bit, since it is the same text. Probabilities
# are made of them by the estimator itself, outside of the printed program, hence the last digit.
#
# PyTorch's names
# ---------------
#
# PyTorch keeps a kernel as (outputs, inputs) and calls it ``weight``; the statistics of a batch
# normalization are ``running_mean`` and ``running_var``. The file has these names, and any reader of its
# format finds them:

gn.export.to_pytorch(network, folder / "digits_torch.safetensors", keys="sequential")
state = load_file(folder / "digits_torch.safetensors")
for key, array in state.items():
    print(f"{key:22} {array.dtype!s:8} {array.shape}")

# %%
# With ``keys="sequential"`` the numbers are places in an ``nn.Sequential``; without it the keys begin with
# the names of the layers, ``dense_1.weight``. What PyTorch has no layer for keeps its own name: here the
# scaling in place 0, two arrays for whoever prepares the data.
#
# .. code-block:: python
#
#    state = safetensors.torch.load_file("digits_torch.safetensors")
#    x = (x - state.pop("0.mean")) / torch.sqrt(state.pop("0.variance"))
#    net = nn.Sequential(nn.Identity(), nn.Linear(64, 48), nn.BatchNorm1d(48, eps=1e-3), nn.ReLU(),
#                        nn.Dropout(0.2), nn.Linear(48, 10))
#    net.load_state_dict(state)
#    net.eval()
#
# The ``eps`` is this package's, and Keras's; PyTorch's own is 1e-5. The same in NumPy, by PyTorch's names and
# formulas:

z = (X_new - state["0.mean"]) / np.sqrt(state["0.variance"])
z = z @ state["1.weight"].T + state["1.bias"]
z = (z - state["2.running_mean"]) / np.sqrt(state["2.running_var"] + 1e-3)
h = np.maximum(z * state["2.weight"] + state["2.bias"], 0)
scores = h @ state["5.weight"].T + state["5.bias"]
e = np.exp(scores - scores.max(axis=1, keepdims=True))
differences["digits_torch.safetensors"] = np.abs(e / e.sum(axis=1, keepdims=True) - probabilities).max()
print(f"largest difference: {differences['digits_torch.safetensors']:.1e}")

# %%
# A network that reads a table
# ----------------------------
#
# What an estimator with ``columns="auto"`` does to the columns before the network
# (:doc:`m_from_a_csv_file`) goes along: scaling, categories, dates, what is missing. A small table of the
# wines: two of their measurements, one of them with gaps, the depth of their color as a word, and a date of
# bottling that is made up.

wine, draws = load_wine(), np.random.default_rng(0)
depth = np.digitize(wine.data[:, 9], [4.0, 7.0])
days = pd.to_timedelta(draws.integers(0, 90, 178), "D")
table = pd.DataFrame(
    {
        "alcohol": wine.data[:, 0],
        "magnesium": np.where(draws.random(178) < 0.1, np.nan, wine.data[:, 4]),
        "color": np.array(["pale", "medium", "deep"], object)[depth],
        "bottled": pd.Timestamp("2020-09-01") + days,
    }
)
settings = {"max_iter": 300, "tol": 0.01, "random_state": 0}
reader = gn.MLPClassifier(16, columns="auto", missing="median", **settings)
reader.fit(table, wine.target_names[wine.target])
reader.save(folder / "wine.safetensors")
row = {"alcohol": 13.2, "magnesium": None, "color": "pink", "bottled": "2020-10-01"}
types = {"bottled": "datetime64[us]", "magnesium": float}
print(reader.predict_proba(pd.DataFrame([row]).astype(types)))

# %%
# The command line does it, too: ``glassnet export wine.safetensors --to numpy``. The module takes a data
# frame, or a dict of columns, or of the values of one row; the color "pink" is none of those that it knows.

reader.export(folder / "wine.py")
code = f"import wine; print(wine.predict({row})[0], wine.predict_proba({row}))"
print(subprocess.check_output([sys.executable, "-c", code], cwd=folder, text=True))

# %%
# In ONNX each column is an input of its own, texts as strings, dates as days since 1970, and NaN or an
# empty string where there is nothing:

reader.export(folder / "wine.onnx")
session = onnxruntime.InferenceSession(folder / "wine.onnx")
days = (np.datetime64("2020-10-01") - np.datetime64(0, "D")).astype(float)
for column in session.get_inputs():
    print(f"{column.name:10} {column.type} {column.shape}")
given = {
    "alcohol": np.array([[13.2]]),
    "magnesium": np.array([[np.nan]]),
    "color": np.array([["pink"]], object),
    "bottled": np.array([[days]]),
}
print(session.run(["label", "probabilities"], given))

# %%
# C has no strings to look up quickly: a category is its place in a list, which the header tells.

reader.export(folder / "wine.c")
header = (folder / "wine.h").read_text()
print(header[header.index("/* X[0]") : header.index("#ifdef __cplusplus")])
(folder / "main.c").write_text(f"""\
#include <math.h>
#include <stdio.h>
#include "wine.h"

int main(void)
{{
    const double wine[WINE_INPUTS] = {{13.2, NAN, 0, {days:g}}};
    double y[WINE_OUTPUTS];
    wine_probabilities(wine, y);
    printf("%s %.8f %.8f %.8f\\n", wine_classes[wine_label(wine)], y[0], y[1], y[2]);
    return 0;
}}
""")
subprocess.run([*strict, "main.c", "wine.c", "-lm", "-o", "wine"], cwd=folder, check=True)
print(subprocess.check_output([folder / "wine"], text=True))

# %%
# All of them
# -----------
#
# Measured above, on the images held out. The last file is the one for going on: it holds the training as
# well.

network.save(folder / "digits.safetensors")
differences["digits.safetensors"] = np.abs(
    gn.load(folder / "digits.safetensors").predict_proba(X_new) - probabilities
).max()
sizes = {name: (folder / name).stat().st_size / 1024 for name in differences}
for name, difference in differences.items():
    print(f"{name:26} {sizes[name]:6.1f} KiB   {difference:.1e}")
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 2.4), sharey=True, layout="constrained")
left.barh(list(sizes), list(sizes.values()), color="#0072b2")
left.set(xlabel="KiB", title="size")
left.invert_yaxis()
right.semilogx(list(differences.values()), list(differences), "o", color="#d55e00")
right.set(xlabel="of a probability, at most", title="difference from predict_proba")
right.set_xlim(1e-8, 1e-5)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)

# %%
# What nobody checks for you
# --------------------------
#
# A file that takes plain numbers knows nothing of the columns that they came from. Swap two, and nothing
# complains. Before you run: how many labels change if each image is handed over column by column instead of
# row by row?

turned = X_new.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, 64)
done = subprocess.run([folder / "digits"], input=turned.tobytes(), capture_output=True, check=True)
wrong = np.array([line.split()[0] for line in done.stdout.decode().splitlines()], int) != labels
print(f"{wrong.mean():.0%} of the labels are others, and the program returned 0")

# %%
# So try the file where it runs, with a few rows whose answers you know; a text file beside it is enough:

np.savetxt(folder / "rows.txt", X_new[:5], fmt="%g")
np.savetxt(folder / "answers.txt", np.c_[labels, probabilities][:5], fmt="%.3g")
print((folder / "answers.txt").read_text())

# %%
# The NumPy module and onnxruntime refuse another number of columns; C cannot know how many numbers there are.

sys.path.insert(0, str(folder))
import digits  # noqa: E402

try:
    digits.predict(X_new[:, :63])
except ValueError as error:
    print(error)
